"""PNG and BMP through every call that decodes, equal to Pillow's `convert`."""

import io
import struct
import tarfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

import turboshard as ts


def noise(height: int, width: int, channels: int, seed: int = 0) -> NDArray[np.uint8]:
    shape = (height, width) if channels == 1 else (height, width, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def png(image: Image.Image, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "png", **options)
    return buffer.getvalue()


def bmp(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "bmp")
    return buffer.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def raw_png(
    width: int, height: int, depth: int, color: int, rows: bytes, *extra: bytes, interlace: int = 0
) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, interlace)
    body = chunk(b"IHDR", head) + b"".join(extra) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def rows_of(height: int, width: int, bits: int, seed: int = 1) -> bytes:
    """Rows without a filter, of random bytes."""
    random = np.random.default_rng(seed)
    rows = random.integers(0, 256, (height, (width * bits + 7) // 8), np.uint8)
    if bits == 16:
        rows[:, ::2] &= 1  # grey of 16 bits is clipped at 255: let some of it be below
    return b"".join(b"\0" + row.tobytes() for row in rows)


def adam7(height: int, width: int, bits: int) -> bytes:
    passes = [
        (0, 0, 8, 8),
        (0, 4, 8, 8),
        (4, 0, 8, 4),
        (0, 2, 4, 4),
        (2, 0, 4, 2),
        (0, 1, 2, 2),
        (1, 0, 2, 1),
    ]
    parts = []
    for number, (y, x, down, across) in enumerate(passes):
        rows, columns = len(range(y, height, down)), len(range(x, width, across))
        parts.append(rows_of(rows, columns, bits, number) if columns else b"")
    return b"".join(parts)


PALETTE = chunk(b"PLTE", noise(256, 1, 3).tobytes())
RGB_BITS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def raw_pngs() -> dict[str, bytes]:
    """Every colour type and depth, plain and interlaced, and transparency where it is a chunk of its own."""
    made = {}
    for color, depths in {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}.items():
        for depth in depths:
            colours = (chunk(b"PLTE", noise(1 << depth, 1, 3).tobytes()),) if color == 3 else ()
            bits = depth * RGB_BITS[color]
            made[f"{color}-{depth}"] = raw_png(13, 9, depth, color, rows_of(9, 13, bits), *colours)
            made[f"{color}-{depth}-adam7"] = raw_png(
                13, 9, depth, color, adam7(9, 13, bits), *colours, interlace=1
            )
    made["3-8-trns"] = raw_png(13, 9, 8, 3, rows_of(9, 13, 8), PALETTE, chunk(b"tRNS", bytes(range(200))))
    made["0-8-trns"] = raw_png(13, 9, 8, 0, (b"\0" + bytes(range(13))) * 9, chunk(b"tRNS", b"\0\7"))
    clear = chunk(b"tRNS", b"\0\3\0\4\0\5")
    made["2-8-trns"] = raw_png(13, 9, 8, 2, (b"\0" + bytes(range(39))) * 9, clear)
    return made


RAW = raw_pngs()


@pytest.mark.filterwarnings("ignore:Palette images with Transparency")
@pytest.mark.parametrize("name", RAW)
@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA"])
def test_every_kind_of_png_is_what_pillow_makes_of_it(name: str, mode: Any) -> None:
    with Image.open(io.BytesIO(RAW[name])) as image:
        wanted = np.asarray(image.convert("RGB").convert("L") if mode == "L" else image.convert(mode))
    found = ts.decode(RAW[name], mode=mode)
    assert len(np.unique(found)) > 1
    np.testing.assert_array_equal(found, wanted)


def bmps() -> dict[str, bytes]:
    made = {
        "rgb": bmp(Image.fromarray(noise(9, 13, 3))),
        "rgba": bmp(Image.fromarray(noise(9, 13, 4))),
        "grey": bmp(Image.fromarray(noise(9, 13, 1))),
        "bits": bmp(Image.fromarray(noise(9, 13, 1)).convert("1")),
        "palette": bmp(Image.fromarray(noise(9, 13, 3)).quantize(200)),
    }

    def write(height: int, bits: int, compression: int, data: bytes, extra: bytes = b"") -> bytes:
        head = struct.pack("<IiiHHIIiiII", 40, 13, height, 1, bits, compression, len(data), 0, 0, 0, 0)
        return (
            b"BM"
            + struct.pack("<IHHI", 54 + len(extra) + len(data), 0, 0, 54 + len(extra))
            + head
            + extra
            + data
        )

    random = np.random.default_rng(5)
    made["top-down"] = write(-9, 24, 0, random.bytes(40 * 9))
    made["555"] = write(9, 16, 0, random.bytes(28 * 9))
    made["565"] = write(9, 16, 3, random.bytes(28 * 9), struct.pack("<III", 0xF800, 0x7E0, 0x1F))
    made["rgbx"] = write(9, 32, 0, random.bytes(52 * 9))
    made["4 bits"] = write(9, 4, 0, random.bytes(8 * 9), noise(16, 1, 4).tobytes())
    old = struct.pack("<IHHHH", 12, 13, 9, 1, 24)
    made["os/2"] = b"BM" + struct.pack("<IHHI", 26 + 360, 0, 0, 26) + old + random.bytes(40 * 9)
    return made


BMPS = bmps()


@pytest.mark.parametrize("name", BMPS)
@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA"])
def test_every_kind_of_bmp_is_what_pillow_makes_of_it(name: str, mode: Any) -> None:
    with Image.open(io.BytesIO(BMPS[name])) as image:
        wanted = np.asarray(image.convert("RGB").convert("L") if mode == "L" else image.convert(mode))
    found = ts.decode(BMPS[name], mode=mode)
    assert len(np.unique(found)) > 1
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("resample", ["lanczos3", "bicubic", "box", "nearest"])
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("write", [png, bmp])
def test_keywords_mean_what_they_mean_for_jpegs(resample: Any, channels: int, write: Any) -> None:
    image = Image.fromarray(noise(40, 56, channels))
    data = write(image)
    image = Image.open(io.BytesIO(data))
    filters = {"lanczos3": 1, "bicubic": 3, "box": 4, "nearest": 0}
    part = image.crop((3, 5, 3 + 32, 5 + 24))
    for mode in ("RGB", "RGBA"):
        wanted = np.asarray(part.convert(mode).resize((20, 10), Image.Resampling(filters[resample])))
        found = ts.decode(data, crop=(5, 3, 24, 32), size=(10, 20), resample=resample, mode=mode)
        np.testing.assert_array_equal(found, wanted)
        turned = ts.decode(
            data, crop=(5, 3, 24, 32), size=(10, 20), resample=resample, mode=mode, layout="CHW"
        )
        np.testing.assert_array_equal(turned, wanted.transpose(2, 0, 1))
    np.testing.assert_array_equal(ts.decode(data, crop=(5, 3, 24, 32)), ts.decode(data)[5:29, 3:35])


def test_exif_turns_a_png() -> None:
    image = Image.fromarray(noise(10, 7, 3))
    exif = Image.Exif()
    exif[0x112] = 6
    data = png(image, exif=exif)
    np.testing.assert_array_equal(ts.decode(data, exif=True), np.rot90(np.asarray(image), -1))
    np.testing.assert_array_equal(ts.decode(data), np.asarray(image))


def test_batches_and_shards_take_them_beside_jpegs(tmp_path: Path) -> None:
    pixels = noise(24, 24, 3)
    files = [png(Image.fromarray(pixels)), bmp(Image.fromarray(pixels)), ts.encode(pixels, subsampling="444")]
    batch = ts.decode_batch(files, size=12)
    out = np.empty_like(batch)
    assert ts.decode_batch(files, size=12, out=out, threads=2) is out
    np.testing.assert_array_equal(out, batch)
    np.testing.assert_array_equal(batch[0], batch[1])
    wanted = np.asarray(Image.fromarray(pixels).resize((12, 12), Image.Resampling.LANCZOS))
    np.testing.assert_array_equal(batch[0], wanted)
    # Chosen by content: each has another's name.
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in zip(("k.a.jpg", "k.b.png", "k.c.bmp"), files, strict=True):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    loaded = ts.Shard(str(path)).load([0], fields=["a.jpg", "b.png", "c.bmp"], size=12)
    np.testing.assert_array_equal(loaded[0], batch)


@pytest.mark.parametrize("write", [png, bmp])
def test_what_only_a_jpeg_has_is_refused_by_name(write: Any) -> None:
    data = write(Image.fromarray(noise(16, 16, 3)))
    with pytest.raises(ValueError, match="reduce is the scaling of a JPEG's decoder"):
        ts.decode(data, reduce=2)
    with pytest.raises(ValueError, match="mode Y"):
        ts.decode(data, mode="Y")


def test_bombs_are_refused_before_anything_is_allocated() -> None:
    flat = raw_png(100_000, 100_000, 8, 2, b"")
    with pytest.raises(ts.DecodeError, match="10000000000 pixels"):
        ts.decode(flat, size=8)
    wide = bytearray(bmp(Image.fromarray(noise(4, 4, 3))))
    wide[18:26] = struct.pack("<ii", 1 << 20, 1 << 20)
    with pytest.raises(ts.DecodeError, match="pixels"):
        ts.decode(bytes(wide))
    wide[18:26] = struct.pack("<ii", 4, -(1 << 31))
    with pytest.raises(ts.DecodeError):
        ts.decode(bytes(wide))
    # A text of 1 GiB in a few hundred bytes is passed over, not inflated.
    text = chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(1 << 26), 9))
    small = raw_png(2, 2, 8, 0, b"\0\1\2\0\3\4", text)
    np.testing.assert_array_equal(ts.decode(small, mode="L"), [[1, 2], [3, 4]])


@pytest.mark.parametrize("data", [*RAW.values(), *BMPS.values()], ids=[*RAW, *BMPS])
def test_truncated_files_are_errors_and_never_half_an_image(data: bytes) -> None:
    end = data.rindex(b"IEND") - 8 if data.startswith(b"\x89PNG") else len(data) - 4
    for length in {*range(2, min(end, 80)), end // 2, end - 6}:
        with pytest.raises(ts.DecodeError):
            ts.decode(data[:length])


@given(st.sampled_from([*RAW.values(), *BMPS.values()]), st.data())
def test_damage_is_an_error_or_an_image(data: bytes, draw: st.DataObject) -> None:
    damaged = bytearray(data)
    for _ in range(draw.draw(st.integers(1, 4))):
        damaged[draw.draw(st.integers(2, len(data) - 1))] ^= draw.draw(st.integers(1, 255))
    try:
        found = ts.decode(bytes(damaged), mode="RGBA", size=4)
    except ts.DecodeError:
        return
    assert found.shape == (4, 4, 4)


def test_a_crc_that_does_not_match_is_found() -> None:
    data = bytearray(png(Image.fromarray(noise(32, 32, 3))))
    at = data.index(b"IDAT") + 200
    data[at] ^= 1
    with pytest.raises(ts.DecodeError, match="PNG"):
        ts.decode(bytes(data))


@pytest.mark.parametrize("interlace", [False, True])
@pytest.mark.parametrize(
    ("mode", "colour", "channels", "bits"),
    [
        ("1", "gray", 1, 1),
        ("L", "gray", 1, 8),
        ("I;16", "gray", 1, 16),
        ("LA", "gray+alpha", 2, 8),
        ("RGB", "RGB", 3, 8),
        ("RGBA", "RGBA", 4, 8),
        ("P", "palette", 1, 1),  # as few bits as its colours need
    ],
)
def test_info_of_a_png_is_its_header(
    mode: str, colour: str, channels: int, bits: int, interlace: bool
) -> None:
    exif, profile = Image.Exif(), b"a profile"
    exif[0x0112] = 6
    data = png(Image.new(mode, (17, 9)), exif=exif, icc_profile=profile)
    if interlace:
        # Pillow writes none: the flag in the header, and its checksum.
        head = data[12:28] + b"\1"
        data = data[:12] + head + struct.pack(">I", zlib.crc32(head)) + data[33:]
    told = ts.info(data)
    assert (told["format"], told["height"], told["width"]) == ("PNG", 9, 17)
    assert (told["colour"], told["channels"], told["bits"]) == (colour, channels, bits)
    assert told["subsampling"] == ("gray" if colour.startswith("gray") else "4:4:4")
    assert (told["orientation"], told["icc"], told["progressive"]) == (6, True, interlace)
    assert (told["quality"], told["quality_exact"]) == (None, False)
    plain = ts.info(png(Image.new(mode, (17, 9))))
    assert (plain["orientation"], plain["icc"]) == (1, False)
    with pytest.raises(ts.DecodeError):
        ts.info(data[:20])


@pytest.mark.parametrize(
    ("mode", "colour", "channels", "bits"),
    # Pillow writes no mask of alpha, so that nobody takes the fourth byte for it.
    [("1", "palette", 1, 1), ("P", "palette", 1, 8), ("RGB", "RGB", 3, 8), ("RGBA", "RGB", 3, 8)],
)
def test_info_of_a_bmp_is_its_header(mode: str, colour: str, channels: int, bits: int) -> None:
    data = bmp(Image.new(mode, (17, 9)))
    told = ts.info(data)
    assert (told["format"], told["height"], told["width"]) == ("BMP", 9, 17)
    assert (told["colour"], told["channels"], told["bits"]) == (colour, channels, bits)
    assert (told["quality"], told["progressive"], told["icc"], told["orientation"]) == (None, False, False, 1)
    with pytest.raises(ts.DecodeError):
        ts.info(data[:20])
