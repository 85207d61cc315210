"""What publishers ship data sets in: listing a zip, and one subject out of a gzipped tar of gigabytes."""

from __future__ import annotations

import hashlib
import importlib.metadata
import io
import platform
import random
import struct
import tarfile
import zipfile
import zlib
from functools import partial
from typing import TYPE_CHECKING, Any

import turboshard as ts
from turboshard.bench import agreement
from turboshard.bench.harness import Case, Contender
from turboshard.bench.report import Missing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from turboshard.bench.suites import Setting

ENTRIES = 100_000
SUBJECTS, SUBJECT_BYTES = 88, 24 << 20
"""2.2 GB unpacked: an OBJ a subject, as in Headspace."""


def cases(setting: Setting) -> Iterator[Case[Any]]:
    """Each on one core: none of these calls uses more."""
    python = platform.python_version()
    zipped = setting.scratch / "many.zip"
    make_zip(zipped)
    yield Case(
        suite="archive",
        name=f"names and sizes of {ENTRIES} files in a zip",
        unit="files",
        amount=ENTRIES,
        size_bytes=zipped.stat().st_size,
        cores=1,
        contenders=[
            Contender("turboshard", ts.__version__, partial(_list, zipped)),
            Contender("zipfile", python, partial(_list_zipfile, zipped)),
        ],
        agree=agreement.equal,
    )
    zipped.unlink()
    packed = setting.scratch / "subjects.tar.gz"
    make_tar_gz(packed)
    size = SUBJECTS * SUBJECT_BYTES
    yield Case(
        suite="archive",
        name=f"index and SHA-256 of a tar.gz of {size / 1e9:.1f} GB unpacked",
        unit="bytes",
        amount=size,
        size_bytes=packed.stat().st_size,
        cores=1,
        contenders=[
            Contender("turboshard", ts.__version__, partial(_scan, packed)),
            Contender("tarfile + hashlib", python, partial(_scan_tarfile, packed)),
        ],
        agree=agreement.equal,
        warm=False,
    )
    ts.Archive(packed).save_index()
    wanted = _name(SUBJECTS - 2)
    offset = (SUBJECTS - 2) * (512 + SUBJECT_BYTES) + 512
    indexed, missing = _indexed_gzip(packed, offset)
    yield Case(
        suite="archive",
        name=f"one subject of {SUBJECTS} out of the tar.gz, opening it included",
        unit="bytes",
        amount=SUBJECT_BYTES,
        size_bytes=packed.stat().st_size,
        cores=1,
        contenders=[
            Contender("turboshard, saved index", ts.__version__, lambda: ts.Archive(packed).read(wanted)),
            *indexed,
            Contender("tarfile", python, partial(_one_tarfile, packed, wanted)),
        ],
        agree=agreement.equal,
        missing=missing,
        warm=False,
    )


def make_zip(path: Path) -> None:
    """Small stored files, so that the directory is most of it."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for number in range(ENTRIES):
            archive.writestr(f"subject_{number // 7:05d}/{number % 7}.png", b"x" * 100)


def _name(subject: int) -> str:
    return f"subjects/{subject:05d}/scan.obj"


def make_tar_gz(path: Path) -> None:
    """One gzip stream. Every OBJ is the same text, so that it is compressed once and its deflate blocks repeated."""
    draw = random.Random(0)
    lines = "".join(
        f"v {draw.gauss(0, 90):.6f} {draw.gauss(0, 90):.6f} {draw.gauss(0, 90):.6f}\n" for _ in range(80_000)
    )
    text = (lines.encode() * (SUBJECT_BYTES // len(lines) + 1))[:SUBJECT_BYTES]
    body = _blocks(text)
    crc, size = 0, 0
    with path.open("wb") as file:
        file.write(b"\x1f\x8b\x08\0\0\0\0\0\0\xff")
        for subject in range(SUBJECTS):
            member = tarfile.TarInfo(_name(subject))
            member.size = SUBJECT_BYTES
            header = member.tobuf()
            file.write(_blocks(header) + body)
            crc = zlib.crc32(text, zlib.crc32(header, crc))
            size += len(header) + len(text)
        end = bytes(1024)
        last = zlib.compressobj(6, zlib.DEFLATED, -15)
        file.write(last.compress(end) + last.flush())
        file.write(struct.pack("<II", zlib.crc32(end, crc), (size + len(end)) & 0xFFFFFFFF))


def _blocks(data: bytes) -> bytes:
    """Deflate blocks that refer to nothing before them and end at a byte."""
    deflate = zlib.compressobj(6, zlib.DEFLATED, -15)
    return deflate.compress(data) + deflate.flush(zlib.Z_FULL_FLUSH)


def _list(path: Path) -> list[tuple[str, int]]:
    archive = ts.Archive(path)
    return list(zip(archive.names(), archive.sizes().tolist(), strict=True))


def _list_zipfile(path: Path) -> list[tuple[str, int]]:
    with zipfile.ZipFile(path) as archive:
        return [(entry.filename, entry.file_size) for entry in archive.infolist()]


def _scan(path: Path) -> tuple[list[str], str | None]:
    archive = ts.Archive(path)
    return archive.names(), archive.sha256


def _scan_tarfile(path: Path) -> tuple[list[str], str]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    with tarfile.open(path) as tar:
        return tar.getnames(), digest


def _one_tarfile(path: Path, name: str) -> bytes:
    with tarfile.open(path) as tar:
        for member in tar:
            if member.name == name:
                found = tar.extractfile(member)
                assert found is not None
                return found.read()
    raise KeyError(name)


def _indexed_gzip(path: Path, offset: int) -> tuple[list[Contender[bytes]], list[Missing]]:
    """With our index file, and told where the file lies, which it has no way to find."""
    try:
        import indexed_gzip  # type: ignore[import-untyped, import-not-found, unused-ignore]
    except ImportError:
        return [], [Missing("indexed_gzip", "not installed")]
    index = f"{path}.gzidx"

    def run() -> bytes:
        with indexed_gzip.IndexedGzipFile(str(path), index_file=index, auto_build=False) as file:
            file.seek(offset)
            found = io.BytesIO()
            while found.tell() < SUBJECT_BYTES:
                found.write(file.read(SUBJECT_BYTES - found.tell()))
            return found.getvalue()

    version = importlib.metadata.version("indexed_gzip")
    return [Contender("indexed_gzip, told where", version, run)], []
