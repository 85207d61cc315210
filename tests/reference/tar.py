"""The tar bytes a release is written with: tarfile's own headers with every variable field at rest.

Mode 0644, owner 0/0 without names, mtime 0; ustar where the name fits it, else GNU `L` records (or PAX `path`
records); payload padded to 512 bytes, and exactly two zero blocks at the end (no padding to a 10 KiB record).
"""

import tarfile
from collections.abc import Iterable
from typing import Literal

FORMATS: dict[str, Literal[1, 2]] = {"gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}


def header(name: bytes, size: int, tar_format: str = "gnu") -> bytes:
    """Everything that precedes a member's bytes."""
    info = tarfile.TarInfo(name.decode("utf-8", "surrogateescape"))
    info.size, info.mode, info.mtime, info.uid, info.gid = size, 0o644, 0, 0, 0
    try:
        return info.tobuf(tarfile.USTAR_FORMAT, "utf-8", "surrogateescape")
    except ValueError:  # the name does not fit
        return info.tobuf(FORMATS[tar_format], "utf-8", "surrogateescape")


def member(name: bytes, data: bytes, tar_format: str = "gnu") -> bytes:
    """A member: header, bytes, padding."""
    return header(name, len(data), tar_format) + data + bytes(-len(data) % 512)


def archive(members: Iterable[tuple[bytes, bytes]], tar_format: str = "gnu") -> bytes:
    """A whole shard out of (name, bytes) pairs."""
    return b"".join(member(name, data, tar_format) for name, data in members) + bytes(1024)


def sample_size(members: Iterable[tuple[bytes, bytes]], tar_format: str = "gnu") -> int:
    """Bytes that a sample takes in a shard: headers, payloads and padding, without the end marker."""
    return sum(len(member(name, data, tar_format)) for name, data in members)
