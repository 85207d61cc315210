"""Input for the properties: shards in every tar dialect, pictures of every kind, and ways to break both."""

import io
import tarfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st
from PIL import Image, ImageFile

BLOCK = 512

# Pillow guesses the room a progressive file takes and fails where that is too small: noise at quality 100.
ImageFile.MAXBLOCK = 1 << 20

# ---------------------------------------------------------------- names and samples

# No dot (it would end the key), no slash, no control character, no surrogate.
_PLAIN = st.text("abcdefghijklmnopqrstuvwxyz0123456789_-", min_size=1, max_size=6)
_UNICODE = st.text(
    st.characters(exclude_categories=("C", "Z"), exclude_characters="./\\"), min_size=1, max_size=4
)


def _key_tail(letters: str, length: int) -> str:
    return (letters * (length // len(letters) + 1))[:length]


@st.composite
def keys(draw: st.DrawFn) -> str:
    """A sample's key: short, Unicode, or long enough to pass the header's 100 bytes; folders now and then."""
    base = draw(_PLAIN | _UNICODE)
    length = draw(st.sampled_from([0, 0, 0, 93, 94, 95, 96, 150, 250, 290]))
    folder = draw(st.sampled_from(["", "", "", "./", "part/", "a.b/c/"]))
    name = base + _key_tail("_Doberman_Dog", length - len(base.encode())) if length else base
    # `__x__` names belong to no sample; they are made on purpose by `strays`.
    return folder + ("k" + name if name.startswith("__") else name)


FIELDS = st.sampled_from(
    [
        "json",
        "frown.jpg",
        "open_m_open_e.jpg",
        "0.png",
        "JPG",
        "ldmks.txt",
        "cls",
        "left.attribute.npy",
        "é.bin",
    ]
)
PAYLOADS = st.binary(max_size=40) | st.sampled_from([0, 1, 511, 512, 513, 1024, 5000]).map(
    lambda n: b"\x5a" * n
)


@dataclass(frozen=True)
class SampleCase:
    """A key and its fields in the order they are written."""

    key: str
    fields: tuple[tuple[str, bytes], ...]

    @property
    def members(self) -> list[tuple[str, bytes]]:
        """(name, bytes) of each member."""
        return [(f"{self.key}.{field}", data) for field, data in self.fields]


@st.composite
def samples(draw: st.DrawFn, max_samples: int = 4) -> list[SampleCase]:
    """Samples with different keys and, within each, fields that differ whatever their case."""
    chosen = draw(st.lists(keys(), min_size=1, max_size=max_samples, unique=True))
    field_lists = [draw(st.lists(FIELDS, min_size=1, max_size=4, unique_by=str.lower)) for _ in chosen]
    return [
        SampleCase(key, tuple((field, draw(PAYLOADS)) for field in fields))
        for key, fields in zip(chosen, field_lists, strict=True)
    ]


# ---------------------------------------------------------------- shards

Members = Sequence[tuple[str, bytes]]


def _tarfile_shard(members: Members, tar_format: int, **attributes: Any) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tar_format, encoding="utf-8") as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            for attribute, value in attributes.items():
                setattr(info, attribute, value)
            archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


def header_sum(header: bytes) -> int:
    """The unsigned checksum of a tar header."""
    return sum(header[:148]) + 8 * 32 + sum(header[156:BLOCK])


def with_sum(header: bytes) -> bytes:
    """The header with its checksum made right."""
    return header[:148] + b"%06o\0 " % header_sum(header) + header[156:]


def v7_shard(members: Members) -> bytes:
    """Headers of 1979: nothing after the link name, no magic, type flag NUL."""
    out = b""
    for name, data in members:
        header = tarfile.TarInfo(name)
        header.size = len(data)
        block = header.tobuf(tarfile.USTAR_FORMAT, "utf-8", "surrogateescape")
        if len(block) != BLOCK or any(block[345:500]):
            raise ValueError("name too long for v7")
        out += (
            with_sum(block[:156] + b"\0" + block[157:257] + bytes(BLOCK - 257))
            + data
            + bytes(-len(data) % BLOCK)
        )
    return out + bytes(2 * BLOCK)


def ustar_shard(members: Members) -> bytes:
    """POSIX ustar; names over 100 bytes are split into prefix and name where a slash allows it."""
    return _tarfile_shard(members, tarfile.USTAR_FORMAT, mtime=1_700_000_000, uname="bigdata", mode=0o444)


def gnu_shard(members: Members) -> bytes:
    """GNU format with `L` records."""
    return _tarfile_shard(members, tarfile.GNU_FORMAT, uid=1000, gid=1000)


def pax_shard(members: Members) -> bytes:
    """PAX with a `path` record where needed."""
    return _tarfile_shard(members, tarfile.PAX_FORMAT)


def pax_mtime_shard(members: Members) -> bytes:
    """PAX with a record on every member, for a time that is no integer."""
    return _tarfile_shard(members, tarfile.PAX_FORMAT, mtime=1_700_000_000.25)


def writer_shard(samples_: Sequence[SampleCase]) -> bytes:
    """What webdataset's own writer makes: members sorted by field, a PAX time on each."""
    import webdataset as wds  # here, so that the image tests run where it is not installed

    file = io.BytesIO()
    with wds.TarWriter(file, encoder=False) as writer:
        for sample in samples_:
            writer.write({"__key__": sample.key, **dict(sample.fields)})
    return file.getvalue()


DIALECTS: dict[str, Callable[[Members], bytes]] = {
    "v7": v7_shard,
    "ustar": ustar_shard,
    "gnu": gnu_shard,
    "pax": pax_shard,
    "pax-mtime": pax_mtime_shard,
}


@dataclass(frozen=True)
class ShardCase:
    """A shard's bytes, the dialect they are written in, and the samples they must hold."""

    dialect: str
    data: bytes
    samples: list[SampleCase]


@st.composite
def shards(draw: st.DrawFn, max_samples: int = 4) -> ShardCase:
    """A sound shard. Dialects that cannot hold its names give way to one that can."""
    chosen = draw(samples(max_samples))
    dialect = draw(st.sampled_from([*DIALECTS, "webdataset"]))
    if dialect == "webdataset":
        return ShardCase(dialect, writer_shard(chosen), chosen)
    members = [member for sample in chosen for member in sample.members]
    try:
        return ShardCase(dialect, DIALECTS[dialect](members), chosen)
    except ValueError:
        return ShardCase("gnu", gnu_shard(members), chosen)


def strays() -> st.SearchStrategy[list[tuple[str, bytes]]]:
    """Members that belong to no sample."""
    names = ["__meta__", "__info__/shard.json", "README", "d.x/noext", ".hidden"]
    return st.lists(
        st.tuples(st.sampled_from(names), st.binary(max_size=20)), max_size=3, unique_by=lambda m: m[0]
    )


def header_offsets(data: bytes) -> list[int]:
    """Where the headers of a sound shard start, extension headers included."""
    offsets, at = [], 0
    while any(data[at : at + BLOCK]):
        offsets.append(at)
        size = int(data[at + 124 : at + 136].rstrip(b"\0 ") or b"0", 8)
        at += BLOCK + size + -size % BLOCK
    return offsets


def end_of_members(data: bytes) -> int:
    """Where the end marker of a sound shard starts."""
    last = header_offsets(data)[-1]
    size = int(data[last + 124 : last + 136].rstrip(b"\0 ") or b"0", 8)
    return last + BLOCK + size + -size % BLOCK


# ---------------------------------------------------------------- corruptions


def cut(data: bytes, at: int) -> bytes:
    """Only the first `at` bytes."""
    return data[:at]


def flip(data: bytes, bit: int) -> bytes:
    """One bit turned over."""
    out = bytearray(data)
    out[bit // 8] ^= 1 << bit % 8
    return bytes(out)


def zero_block(data: bytes, block: int) -> bytes:
    """One 512-byte block zeroed."""
    return data[: block * BLOCK] + bytes(BLOCK) + data[(block + 1) * BLOCK :]


def append_garbage(data: bytes, garbage: bytes = b"not a tar header") -> bytes:
    """Bytes other than zero after the end marker."""
    return data + garbage


# ---------------------------------------------------------------- pictures


def picture(height: int, width: int, channels: int = 3, seed: int = 0) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Smooth waves with noise on top: something for every coefficient of the transform."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    phase = rng.uniform(0, 6.28, channels)
    speed = rng.uniform(0.01, 0.3, (2, channels))
    waves = np.sin(y[..., None] * speed[0] + x[..., None] * speed[1] + phase) * 100 + 128
    noise = rng.normal(0, rng.uniform(0, 40), (height, width, channels))
    pixels: np.ndarray[Any, np.dtype[np.uint8]] = np.clip(waves + noise, 0, 255).astype(np.uint8)
    return pixels[..., 0] if channels == 1 else pixels


def jpeg(pixels: np.ndarray[Any, Any], mode: str | None = None, **options: Any) -> bytes:
    """Pillow's JPEG of these pixels, with Pillow's options; `orientation` writes an EXIF block."""
    image = (
        Image.fromarray(pixels, mode)
        if mode is None
        else Image.frombytes(mode, pixels.shape[1::-1], pixels.tobytes())
    )
    orientation = options.pop("orientation", None)
    if orientation is not None:
        exif = Image.Exif()
        exif[0x0112] = orientation
        options["exif"] = exif
    file = io.BytesIO()
    image.save(file, "JPEG", **options)
    return file.getvalue()


@dataclass(frozen=True)
class JpegCase:
    """A JPEG and what it was made of."""

    data: bytes = b""
    height: int = 0
    width: int = 0
    mode: str = "RGB"
    options: tuple[tuple[str, Any], ...] = ()

    def __repr__(self) -> str:
        return f"JpegCase({self.height}x{self.width} {self.mode} {dict(self.options)} {len(self.data)} bytes)"


SIDES = st.integers(1, 40) | st.sampled_from([63, 64, 65, 127, 128, 129, 255, 256, 257, 300])


@st.composite
def jpegs(
    draw: st.DrawFn,
    modes: Sequence[str] = ("RGB", "RGB", "L", "CMYK"),
    sides: st.SearchStrategy[int] = SIDES,
    subsamplings: Sequence[str] = ("4:4:4", "4:2:2", "4:2:0"),
    orientations: Sequence[int | None] = (None,),
) -> JpegCase:
    """A sound JPEG of any size, mode, subsampling, quality, and way of being written."""
    height, width, mode = draw(sides), draw(sides), draw(st.sampled_from(list(modes)))
    options: dict[str, Any] = {"quality": draw(st.sampled_from([1, 30, 75, 90, 95, 100]))}
    if mode != "L":
        options["subsampling"] = draw(st.sampled_from(list(subsamplings)))
    options["progressive"] = draw(st.booleans())
    options["optimize"] = draw(st.booleans())
    restart = draw(st.sampled_from([0, 0, 1, 3]))
    if restart:
        options["restart_marker_blocks"] = restart
    orientation = draw(st.sampled_from(list(orientations)))
    if orientation is not None:
        options["orientation"] = orientation
    pixels = picture(height, width, len(mode) if mode != "L" else 1, draw(st.integers(0, 999)))
    data = jpeg(pixels, mode, **options)
    return JpegCase(data, height, width, mode, tuple(options.items()))


@st.composite
def crops(draw: st.DrawFn, height: int, width: int, multiple: int = 1) -> tuple[int, int, int, int]:
    """A rectangle inside a picture; its corner is a multiple of `multiple`."""
    y = draw(st.integers(0, (height - 1) // multiple)) * multiple
    x = draw(st.integers(0, (width - 1) // multiple)) * multiple
    return y, x, draw(st.integers(1, height - y)), draw(st.integers(1, width - x))
