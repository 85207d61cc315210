"""The tar bytes a release is written with: GNU tar's own, with every variable field at rest.

Mode 0644, owner 0/0 without names, mtime 0. A name of up to 100 bytes takes a ustar header, as `tar --format=ustar`
writes it; a longer one a GNU `L` record and a GNU header, as `tar --format=gnu` writes them, or, if asked, a PAX
`path` record. The payload is padded to 512 bytes; two zero blocks end it all (no padding to a 10 KiB record).
"""

from collections.abc import Iterable

POSIX, GNU = b"ustar\x0000", b"ustar  \0"
OCTAL_LIMIT = 8**11


def block(name: bytes, size: int, flag: bytes, magic: bytes) -> bytes:
    """One header: its fields in order."""
    length = b"%011o\0" % size if size < OCTAL_LIMIT else b"\x80" + size.to_bytes(11, "big")
    devices = b"0000000\0" * 2 if magic == POSIX else bytes(16)
    before = name[:100].ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + length + b"00000000000\0"
    after = flag + bytes(100) + magic + bytes(64) + devices + bytes(155 + 12)
    return before + b"%06o\0 " % (sum(before) + 8 * ord(" ") + sum(after)) + after


def padded(data: bytes) -> bytes:
    """Bytes and the zeros up to the next block."""
    return data + bytes(-len(data) % 512)


def pax_record(keyword: bytes, value: bytes) -> bytes:
    """`LENGTH KEYWORD=VALUE\\n`; the length counts its own digits."""
    body = b" " + keyword + b"=" + value + b"\n"
    length = len(body)
    while len(b"%d" % length + body) != length:
        length += 1
    return b"%d" % length + body


def header(name: bytes, size: int, tar_format: str = "gnu") -> bytes:
    """Everything that precedes a member's bytes."""
    long, big = len(name) > 100, size >= OCTAL_LIMIT
    if tar_format == "gnu":
        record = padded(name + b"\0")
        before = block(b"././@LongLink", len(name) + 1, b"L", GNU) + record if long else b""
        return before + block(name, size, b"0", GNU if long or big else POSIX)
    records = pax_record(b"path", name) if long else b""
    records += pax_record(b"size", b"%d" % size) if big else b""
    before = block(b"././@PaxHeader", len(records), b"x", POSIX) + padded(records) if records else b""
    return before + block(name, 0 if big else size, b"0", POSIX)


def member(name: bytes, data: bytes, tar_format: str = "gnu") -> bytes:
    """A member: header, bytes, padding."""
    return header(name, len(data), tar_format) + padded(data)


def archive(members: Iterable[tuple[bytes, bytes]], tar_format: str = "gnu") -> bytes:
    """A whole shard out of (name, bytes) pairs."""
    return b"".join(member(name, data, tar_format) for name, data in members) + bytes(1024)


def sample_size(members: Iterable[tuple[bytes, bytes]], tar_format: str = "gnu") -> int:
    """Bytes that a sample takes in a shard: headers, payloads and padding, without the end marker."""
    return sum(len(member(name, data, tar_format)) for name, data in members)
