"""One picture in, one out: `decode` and `encode` against Pillow."""

import io
import math
import mmap
import struct
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFile, features

import turboshard as ts

from . import strategies as make
from .reference import image

MODES = ["RGB", "L", "RGBA"]
PHOTO = make.jpeg(make.picture(90, 70, 3, 7), quality=90)


# ---------------------------------------------------------------- decode


@given(make.jpegs(orientations=[None, None, *range(1, 9)]), st.sampled_from(MODES), st.booleans())
def test_decode_equals_pillow(case: make.JpegCase, mode: str, exif: bool) -> None:
    expected = image.decode(case.data, mode, exif=exif)
    assert expected.size
    found = ts.decode(case.data, mode=mode, exif=exif)
    assert found.dtype == np.uint8
    assert image.distance(found, expected) <= (image.GREY_LEVELS if mode == "L" else 0)


@given(make.jpegs(modes=["RGB", "L"], sides=st.integers(1, 40)), st.sampled_from(MODES))
def test_planes_first_is_the_same_picture(case: make.JpegCase, mode: str) -> None:
    found = ts.decode(case.data, mode=mode, layout="CHW")
    assert found.flags.c_contiguous
    pixels = ts.decode(case.data, mode=mode)
    assert np.array_equal(found, pixels if mode == "L" else pixels.transpose(2, 0, 1))


@given(make.jpegs(modes=["RGB", "L"]))
def test_mode_y_is_the_luma_plane(case: make.JpegCase) -> None:
    found = ts.decode(case.data, mode="Y")
    assert found.shape == (case.height, case.width)
    assert np.array_equal(found, image.luma(case.data))


def test_mode_y_is_not_mode_l() -> None:
    assert not np.array_equal(ts.decode(PHOTO, mode="Y"), ts.decode(PHOTO, mode="L"))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_turn_is_made_only_when_asked(orientation: int) -> None:
    data = make.jpeg(make.picture(20, 30, 3, 1), orientation=orientation)
    assert ts.decode(data).shape == (20, 30, 3)
    turned = ts.decode(data, exif=True)
    assert turned.shape == ((30, 20, 3) if orientation >= 5 else (20, 30, 3))
    assert np.array_equal(turned, image.decode(data, exif=True))


def mapped(data: bytes) -> mmap.mmap:
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the mapping keeps it
    file.write(data)
    file.flush()
    return mmap.mmap(file.fileno(), 0)


@pytest.mark.parametrize(
    "wrap",
    [
        bytes,
        bytearray,
        memoryview,
        lambda d: np.frombuffer(d, np.uint8),
        lambda d: memoryview(b"ab" + d)[2:],
        mapped,
    ],
    ids=["bytes", "bytearray", "memoryview", "array", "slice", "mmap"],
)
def test_any_buffer_is_taken(wrap: Callable[[bytes], Any]) -> None:
    assert np.array_equal(ts.decode(wrap(PHOTO)), image.decode(PHOTO))


@pytest.mark.parametrize(
    "data", ["text", 5, None, [1, 2], memoryview(PHOTO)[::2], np.zeros(4, np.float32)[::2]]
)
def test_what_is_no_buffer_is_a_type_error(data: Any) -> None:
    with pytest.raises((TypeError, BufferError)):
        ts.decode(data)


# ---------------------------------------------------------------- crop


@given(make.jpegs(orientations=[None, 3, 6, 7]), st.data(), st.booleans())
def test_a_crop_is_a_slice(case: make.JpegCase, data: st.DataObject, exif: bool) -> None:
    whole = ts.decode(case.data, exif=exif)
    y, x, h, w = data.draw(make.crops(*whole.shape[:2]))
    found = ts.decode(case.data, crop=(y, x, h, w), exif=exif)
    assert found.shape == (h, w, 3)
    assert np.array_equal(found, whole[y : y + h, x : x + w])


@given(make.jpegs(modes=["RGB", "L", "CMYK"]), st.data(), st.sampled_from([2, 4, 8]))
def test_a_crop_of_a_reduced_picture_is_its_slice(
    case: make.JpegCase, data: st.DataObject, reduce: int
) -> None:
    whole = ts.decode(case.data, reduce=reduce)
    assert whole.shape[:2] == (math.ceil(case.height / reduce), math.ceil(case.width / reduce))
    y, x, h, w = data.draw(make.crops(case.height, case.width, multiple=reduce))
    found = ts.decode(case.data, crop=(y, x, h, w), reduce=reduce)
    bottom, right = math.ceil((y + h) / reduce), math.ceil((x + w) / reduce)
    assert np.array_equal(found, whole[y // reduce : bottom, x // reduce : right])


@given(make.jpegs(modes=["RGB", "L"]), st.data(), st.integers(1, 60), st.integers(1, 60))
def test_size_resizes_the_crop_alone(
    case: make.JpegCase, data: st.DataObject, height: int, width: int
) -> None:
    crop = data.draw(make.crops(case.height, case.width))
    found = ts.decode(case.data, crop=crop, size=(height, width))
    expected = image.decode(case.data, crop=crop, size=(height, width))
    assert expected.size
    assert image.distance(found, expected) <= image.ENLARGE_LEVELS


@pytest.mark.parametrize(
    "options",
    [
        {"crop": (0, 0, 91, 1)},
        {"crop": (0, 0, 1, 71)},
        {"crop": (90, 0, 1, 1)},
        {"crop": (0, 0, 0, 1)},
        {"crop": (-1, 0, 1, 1)},
        {"crop": (2**63 - 1, 0, 2**63 - 1, 1)},
        {"crop": (1, 0, 8, 8), "reduce": 2},
        {"crop": (0, 4, 8, 8), "reduce": 8},
        {"reduce": 3},
        {"reduce": 0},
        {"reduce": 16},
        {"size": 0},
        {"size": (5, -1)},
        {"size": 2**40},
        {"mode": "CMYK"},
        {"mode": "rgb"},
        {"layout": "WHC"},
        {"resample": "area"},
        {"resample": 6},
        {"truncated": "yes"},
    ],
    ids=str,
)
def test_values_that_make_no_sense_are_value_errors(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=str(next(iter(options)))) as caught:
        ts.decode(PHOTO, **options)
    assert not isinstance(caught.value, ts.ShardError)


@pytest.mark.parametrize(
    "options",
    [{"crop": (1, 2, 3)}, {"crop": 5}, {"size": "512"}, {"size": (1, 2, 3)}, {"mode": 3}, {"sise": 4}],
    ids=str,
)
def test_values_of_another_type_are_type_errors(options: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=str(next(iter(options)))):
        ts.decode(PHOTO, **options)


# ---------------------------------------------------------------- reduce


# Sizes at which Pillow's `draft` takes the factor that is asked for.
BIG = st.sampled_from([64, 65, 71, 79, 80, 96, 127, 128, 129, 200])


@given(make.jpegs(modes=["L"], sides=BIG), st.sampled_from([2, 4, 8]))
def test_reduce_of_grey_equals_pillows_draft(case: make.JpegCase, reduce: int) -> None:
    assert np.array_equal(ts.decode(case.data, mode="L", reduce=reduce), image.reduced(case.data, reduce))


@given(make.jpegs(modes=["RGB"], sides=BIG, subsamplings=["4:4:4"]), st.sampled_from([2, 4, 8]))
def test_reduce_of_full_chroma_equals_pillows_draft(case: make.JpegCase, reduce: int) -> None:
    assert np.array_equal(ts.decode(case.data, reduce=reduce), image.reduced(case.data, reduce))


@given(make.jpegs(modes=["RGB"], sides=BIG, subsamplings=["4:2:0"]), st.sampled_from([4, 8]))
def test_reduce_of_half_chroma_equals_pillows_draft(case: make.JpegCase, reduce: int) -> None:
    assert np.array_equal(ts.decode(case.data, reduce=reduce), image.reduced(case.data, reduce))


# At 1/2 chroma of 4:2:0 takes its full transform, which `draft` makes by the fast and coarser one.
FAST_TRANSFORM_LEVELS = 12


@given(make.jpegs(modes=["RGB"], sides=BIG, subsamplings=["4:2:0"]))
def test_half_of_half_chroma_is_near_pillows_draft(case: make.JpegCase) -> None:
    found, draft = ts.decode(case.data, reduce=2), image.reduced(case.data, 2)
    assert image.distance(found, draft) <= FAST_TRANSFORM_LEVELS
    assert image.psnr(found, draft) > 38


@given(make.jpegs(modes=["L", "RGB"], sides=BIG), st.sampled_from([2, 4, 8]), st.integers(1, 40))
def test_size_resizes_what_reduce_leaves(case: make.JpegCase, reduce: int, side: int) -> None:
    small = ts.decode(case.data, reduce=reduce)
    found = ts.decode(case.data, reduce=reduce, size=side)
    assert found.shape == (side, side, 3)
    assert image.distance(found, image.resize(small, (side, side))) <= image.ENLARGE_LEVELS


# ---------------------------------------------------------------- resize

SIDE = st.integers(1, 70) | st.integers(1, 400)


@given(
    make.jpegs(modes=["RGB", "L"]), st.sampled_from(sorted(image.FILTERS)), st.sampled_from(MODES), st.data()
)
def test_shrinking_is_pillows(case: make.JpegCase, resample: str, mode: str, data: st.DataObject) -> None:
    size = (data.draw(st.integers(1, case.height)), data.draw(st.integers(1, case.width)))
    found = ts.decode(case.data, size=size, resample=resample, mode=mode)
    expected = image.decode(case.data, mode, size, resample)
    assert expected.size
    assert image.distance(found, expected) <= image.SHRINK_LEVELS


@given(make.jpegs(modes=["RGB", "L"]), st.sampled_from(sorted(image.FILTERS)), SIDE, SIDE, st.booleans())
def test_any_size_is_pillows(case: make.JpegCase, resample: str, height: int, width: int, exif: bool) -> None:
    found = ts.decode(case.data, size=(height, width), resample=resample, exif=exif)
    expected = image.decode(case.data, "RGB", (height, width), resample, exif=exif)
    assert expected.size
    assert image.distance(found, expected) <= image.ENLARGE_LEVELS


def test_a_box_is_pillows_at_every_ratio() -> None:
    """Where the edge of a window falls on a pixel's centre, the rounding of Pillow's own sum decides."""
    rng = np.random.default_rng(0)
    for source in range(1, 70):
        row = make.jpeg(rng.integers(0, 256, (1, source)).astype(np.uint8), "L", quality=100)
        for target in range(1, source + 1):
            found = ts.decode(row, mode="L", size=(1, target), resample="box")
            expected = image.decode(row, "L", (1, target), "box")
            assert image.distance(found, expected) <= image.SHRINK_LEVELS, (source, target)


@pytest.mark.parametrize("resample", sorted(image.FILTERS))
def test_half_of_a_square_is_one_call_of_pillow(resample: str) -> None:
    for seed in range(3):
        data = make.jpeg(make.picture(512, 512, 3, seed), quality=95)
        expected = image.resize_in_one_call(image.decode(data), (256, 256), resample)
        assert image.distance(ts.decode(data, size=256, resample=resample), expected) <= image.SHRINK_LEVELS


@given(
    make.jpegs(modes=["RGB", "L"], sides=st.sampled_from([2, 16, 30, 64, 128, 256])), st.sampled_from(MODES)
)
def test_half_is_pillows(case: make.JpegCase, mode: str) -> None:
    size = (case.height // 2, case.width // 2)
    expected = image.decode(case.data, mode, size)
    assert image.distance(ts.decode(case.data, size=size, mode=mode), expected) <= image.SHRINK_LEVELS


def test_the_size_it_has_changes_nothing() -> None:
    assert np.array_equal(ts.decode(PHOTO, size=(90, 70)), image.decode(PHOTO))


@pytest.mark.parametrize(
    ("given_", "means"),
    [
        ("lanczos", "lanczos3"),
        (Image.Resampling.BOX, "box"),
        (Image.Resampling.LANCZOS, "lanczos3"),
        (3, "bicubic"),
    ],
)
def test_other_names_of_the_filters(given_: Any, means: str) -> None:
    assert np.array_equal(
        ts.decode(PHOTO, size=31, resample=given_), ts.decode(PHOTO, size=31, resample=means)
    )


def test_dct_is_refused_by_name_where_it_cannot_run() -> None:
    with pytest.raises(ValueError, match="dct"):
        ts.decode(PHOTO, size=31, resample="dct")


# ---------------------------------------------------------------- out=


def test_out_takes_the_pixels_and_is_returned() -> None:
    out = np.full((90, 70, 3), 9, np.uint8)
    assert ts.decode(PHOTO, out=out) is out
    assert np.array_equal(out, image.decode(PHOTO))


def test_out_may_be_a_part_of_a_batch() -> None:
    batch = np.full((3, 20, 30, 3), 9, np.uint8)
    ts.decode(PHOTO, size=(20, 30), out=batch[1])
    assert np.array_equal(batch[1], ts.decode(PHOTO, size=(20, 30)))
    assert (batch[[0, 2]] == 9).all()


@pytest.mark.parametrize("mode", MODES)
def test_out_in_planes(mode: str) -> None:
    expected = image.decode(PHOTO, mode, layout="CHW")
    out = np.zeros(expected.shape, np.uint8)
    ts.decode(PHOTO, mode=mode, layout="CHW", out=out)
    assert np.array_equal(out, expected)


def read_only(shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    array = np.zeros(shape, np.uint8)
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(
    "out",
    [
        np.zeros((90, 70), np.uint8),
        np.zeros((90, 70, 4), np.uint8),
        np.zeros((70, 90, 3), np.uint8),
        np.zeros((90, 70, 3), np.int16),
        np.zeros((90, 70, 3), np.float32),
        np.zeros((90, 140, 3), np.uint8)[:, ::2],
        np.zeros((90, 70, 3), np.uint8)[::-1],
        np.zeros((90, 3, 70), np.uint8).transpose(0, 2, 1),
        read_only((90, 70, 3)),
        b"\0" * (90 * 70 * 3),
        [[0]],
        "text",
    ],
    ids=[
        "axes",
        "channels",
        "turned",
        "int16",
        "float",
        "strided",
        "upside-down",
        "planes",
        "read-only",
        "bytes",
        "list",
        "str",
    ],
)
def test_out_that_does_not_fit_is_refused(out: Any) -> None:
    before = np.array(out).copy()
    with pytest.raises((ValueError, TypeError, BufferError)):
        ts.decode(PHOTO, out=out)
    assert np.array_equal(before, np.array(out)), "it must not be written to"


def test_out_that_holds_the_input_is_refused() -> None:
    room = np.zeros(90 * 70 * 3 + len(PHOTO), np.uint8)
    room[: len(PHOTO)] = np.frombuffer(PHOTO, np.uint8)
    with pytest.raises(ValueError, match="overlap"):
        ts.decode(room[: len(PHOTO)], out=room[: 90 * 70 * 3].reshape(90, 70, 3))


def test_the_result_is_the_callers_own() -> None:
    found = ts.decode(PHOTO)
    assert found.flags.writeable
    copy = found.copy()
    for _ in range(4):
        ts.decode(make.jpeg(make.picture(90, 70, 3, 99)))
    assert np.array_equal(found, copy)


# ---------------------------------------------------------------- broken pictures


def pillow_takes(data: bytes, mode: str = "RGB") -> np.ndarray[Any, Any] | None:
    """Pillow's pixels, or None where it refuses."""
    try:
        return image.decode(data, mode)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None


def ours(data: bytes, **options: Any) -> np.ndarray[Any, Any] | None:
    """The library's pixels, or None where it refuses as it should: with a `DecodeError`."""
    try:
        pixels: np.ndarray[Any, Any] = ts.decode(data, **options)
    except ts.DecodeError:
        return None
    return pixels


def same(one: np.ndarray[Any, Any] | None, other: np.ndarray[Any, Any] | None) -> bool:
    return one is other if one is None or other is None else np.array_equal(one, other)


@given(make.jpegs(modes=["RGB", "L"], sides=st.integers(1, 60)), st.data())
def test_a_cut_picture_is_refused(case: make.JpegCase, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(case.data) - 2))
    assert ours(case.data) is not None
    assert ours(case.data[:at]) is None
    assert pillow_takes(case.data[:at]) is None


def scan_start(data: bytes) -> int:
    """Where the first scan's entropy-coded bytes start."""
    at = 2
    while data[at + 1] != 0xDA:
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")


@given(make.jpegs(modes=["RGB", "L"], sides=st.integers(1, 60)), st.data())
def test_a_flipped_bit_in_a_scan_gives_what_pillow_gives(case: make.JpegCase, data: st.DataObject) -> None:
    start = scan_start(case.data) * 8
    broken = make.flip(case.data, data.draw(st.integers(start, len(case.data) * 8 - 17)))
    assert same(ours(broken), pillow_takes(broken))


@given(st.binary(max_size=200))
def test_what_is_no_picture_is_refused(junk: bytes) -> None:
    assert ours(junk) is None
    assert ours(b"\xff\xd8" + junk) is None


@given(make.jpegs(modes=["RGB", "L"], sides=st.integers(1, 40)), st.data())
def test_any_flip_is_a_picture_or_a_decode_error(case: make.JpegCase, data: st.DataObject) -> None:
    broken = make.flip(case.data, data.draw(st.integers(0, len(case.data) * 8 - 1)))
    pixels = ours(broken)
    assert pixels is None or pixels.dtype == np.uint8
    assert np.array_equal(ts.decode(PHOTO), image.decode(PHOTO)), "the decoder must be as good as new"


def test_fill_returns_what_could_be_decoded() -> None:
    data = make.jpeg(make.picture(200, 120, 3, 3), quality=90, subsampling=0)
    cut = data[: len(data) // 2]
    with pytest.raises(ts.DecodeError, match="truncated"):
        ts.decode(cut)
    whole, part = ts.decode(data), ts.decode(cut, truncated="fill")
    assert part.shape == whole.shape
    good = int((part == whole).all(axis=(1, 2)).argmin())
    assert 60 <= good <= 140, "about half of the rows are whole"
    assert np.array_equal(part[:good], whole[:good])
    # Whole blocks below the break hold one colour, as nothing is known of them.
    assert np.ptp(part[-8:, :8].reshape(-1, 3), axis=0).max() == 0


def test_fill_equals_pillows_own_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    data = make.jpeg(make.picture(100, 120, 1, 3), "L", quality=90)
    for at in range(scan_start(data) + 1, len(data), 97):
        assert np.array_equal(
            ts.decode(data[:at], mode="L", truncated="fill"), image.decode(data[:at], "L")
        ), at


def test_fill_needs_a_header() -> None:
    with pytest.raises(ts.DecodeError):
        ts.decode(PHOTO[:20], truncated="fill")


def with_junk_before_the_last_marker(data: bytes) -> bytes:
    assert data.endswith(b"\xff\xd9")
    return data[:-2] + b"\x12\x34\x56" + data[-2:]


def test_a_warning_passes_unless_strict() -> None:
    odd = with_junk_before_the_last_marker(
        make.jpeg(make.picture(16, 16, 1, 1), "L", restart_marker_blocks=1)
    )
    odd = make.jpeg(make.picture(16, 16, 1, 1), "L", restart_marker_blocks=1)
    # The second restart marker becomes the third: libjpeg warns and resynchronises.
    at = odd.index(b"\xff\xd1", scan_start(odd))
    odd = odd[:at] + b"\xff\xd2" + odd[at + 2 :]
    assert same(ours(odd), pillow_takes(odd))
    assert ours(odd) is not None
    with pytest.raises(ts.DecodeError, match="warn"):
        ts.decode(odd, strict=True)


@given(make.jpegs(modes=["RGB", "L", "CMYK"]))
def test_strict_takes_every_sound_picture(case: make.JpegCase) -> None:
    assert np.array_equal(ts.decode(case.data, strict=True), image.decode(case.data))


def declared(data: bytes, height: int, width: int) -> bytes:
    """The picture with another size in its frame header."""
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]


def test_a_bomb_is_refused_before_anything_is_allocated() -> None:
    bomb = declared(make.jpeg(make.picture(16, 16, 3, 0)), 65_000, 65_000)
    with pytest.raises(ts.DecodeError, match=r"4225000000|4,225,000,000"):
        ts.decode(bomb)
    with pytest.raises(ts.DecodeError):
        ts.decode(bomb, size=16, reduce=8)


def test_a_large_picture_warns_as_pillow_does() -> None:
    file = io.BytesIO()
    Image.new("L", (9_500, 9_500), 77).save(file, "JPEG")
    with pytest.warns(ts.DecompressionBombWarning, match=r"90250000|90,250,000"):
        small = ts.decode(file.getvalue(), mode="L", reduce=8)
    assert small.shape == (1188, 1188)
    assert (small == 77).all()


# ---------------------------------------------------------------- encode


@given(
    st.integers(1, 80), st.integers(1, 80), st.sampled_from([1, 3]), st.sampled_from([1, 50, 75, 95, 100]),
    st.sampled_from(["420", "422", "444"]), st.integers(0, 999),
)  # fmt: skip
def test_encode_is_the_picture_pillow_would_write(
    h: int, w: int, channels: int, quality: int, subsampling: str, seed: int
) -> None:
    pixels = make.picture(h, w, channels, seed)
    found = ts.encode(pixels, quality=quality, subsampling=subsampling)
    theirs = image.encode(pixels, quality, subsampling)
    ours_, pillows = Image.open(io.BytesIO(found)), Image.open(io.BytesIO(theirs))
    assert (
        (ours_.size, ours_.mode) == (pillows.size, pillows.mode) == ((w, h), "L" if channels == 1 else "RGB")
    )
    assert ours_.quantization == pillows.quantization  # type: ignore[attr-defined]
    if channels == 3:  # Pillow writes the factors of grey too, which mean nothing there
        sampling = [[layer[1:3] for layer in picture.layer] for picture in (ours_, pillows)]  # type: ignore[attr-defined]
        assert sampling[0] == sampling[1]
    assert np.array_equal(np.asarray(ours_), np.asarray(pillows))
    assert np.array_equal(ts.decode(found, mode=ours_.mode), np.asarray(ours_))


def test_encode_defaults_and_shapes() -> None:
    pixels = make.picture(20, 30, 3, 1)
    assert ts.encode(pixels) == ts.encode(pixels, quality=95, subsampling="420")
    assert ts.encode(pixels, subsampling="4:2:2") == ts.encode(pixels, subsampling="422")
    opaque = np.dstack([pixels, np.full((20, 30), 7, np.uint8)])
    assert ts.encode(opaque) == ts.encode(pixels)
    grey = pixels[..., 0].copy()
    assert ts.encode(grey) == ts.encode(grey[..., None])
    assert ts.encode(grey) == ts.encode(grey, subsampling="444"), "grey has no chroma to subsample"


@pytest.mark.parametrize(
    ("pixels", "options"),
    [
        (np.zeros((4, 4, 2), np.uint8), {}),
        (np.zeros((4,), np.uint8), {}),
        (np.zeros((0, 4, 3), np.uint8), {}),
        (np.zeros((4, 4, 3), np.float32), {}),
        (np.zeros((65_536, 1), np.uint8), {}),
        (np.zeros((4, 4, 3), np.uint8), {"quality": 0}),
        (np.zeros((4, 4, 3), np.uint8), {"quality": 101}),
        (np.zeros((4, 4, 3), np.uint8), {"quality": "best"}),
        (np.zeros((4, 4, 3), np.uint8), {"subsampling": "411"}),
        ("text", {}),
    ],
    ids=["channels", "axes", "empty", "float", "too-high", "q0", "q101", "q-str", "411", "str"],
)
def test_encode_refuses(pixels: Any, options: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError)):
        ts.encode(pixels, **options)


def test_encode_takes_what_is_not_contiguous() -> None:
    pixels = make.picture(40, 60, 3, 2)
    assert ts.encode(pixels[::2, ::2]) == ts.encode(np.ascontiguousarray(pixels[::2, ::2]))


# ---------------------------------------------------------------- files of other people


# libjpeg-turbo inside this Pillow; the library's own is 3.
OLD_LIBJPEG = int((features.version_feature("libjpeg_turbo") or "0").split(".")[0]) < 3
SMOOTHED = "the scans break off, and how what is missing is smoothed changed with libjpeg-turbo 3"

# Where the library and Pillow differ over the public corpus, and why that is meant.
EXCEPTIONS = {
    "jpeg-decoder-reftest/mozilla__jpg-size-6x6.jpg": "a PNG under another name, and PNG is refused",
}
if OLD_LIBJPEG:
    EXCEPTIONS |= {f"wuffs/data__peacock.progressive.scan{n:03d}.jpeg": SMOOTHED for n in range(9)}
    EXCEPTIONS["afl-edges/images__id_000903,src_000177,op_havoc,rep_2.jpg"] = (
        "libjpeg-turbo 3 refuses two frame headers"
    )


def grey_within(one: image.Pixels | None, other: image.Pixels | None, mode: str) -> bool:
    """True if both are grey pictures of this mode, as near as this Pillow's conversion to grey is to Pillow's."""
    if mode != "L" or one is None or other is None:
        return False
    return image.distance(one, other) <= image.GREY_LEVELS


def corpus_files(corpus: Path) -> list[Path]:
    found = sorted(p for p in (corpus / "jpeg").rglob("*") if p.suffix in {".jpg", ".jpeg", ".mpo"})
    assert len(found) > 200
    return found


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("mode", MODES)
def test_the_corpus_decodes_as_in_pillow(corpus: Path, mode: str) -> None:
    differ, taken = {}, 0
    for path in corpus_files(corpus):
        data = path.read_bytes()
        expected, found = pillow_takes(data, mode), ours(data, mode=mode)
        taken += expected is not None
        if not (same(found, expected) or grey_within(found, expected, mode)):
            what = ["refused" if p is None else f"{p.shape} {int(p.sum())}" for p in (found, expected)]
            differ[str(path.relative_to(corpus / "jpeg"))] = " but Pillow: ".join(what)
    assert taken > 150
    unexplained = {name: what for name, what in differ.items() if name not in EXCEPTIONS}
    assert not unexplained
    assert set(EXCEPTIONS) <= set(differ) or mode != "RGB", "an exception that is none any more"


@pytest.mark.filterwarnings("ignore")
def test_a_bad_file_leaves_the_next_one_good(corpus: Path) -> None:
    expected, bad = image.decode(PHOTO), 0
    for path in corpus_files(corpus):
        bad += ours(path.read_bytes()) is None
        assert np.array_equal(ts.decode(PHOTO), expected), path
    assert bad > 30


# ---------------------------------------------------------------- info


@given(make.jpegs(orientations=[None, 1, 6]))
def test_info_is_the_header(case: make.JpegCase) -> None:
    told, options = ts.info(case.data), dict(case.options)
    assert (told["format"], told["height"], told["width"]) == ("JPEG", case.height, case.width)
    assert told["channels"] == {"L": 1, "RGB": 3, "CMYK": 4}[case.mode]
    assert told["progressive"] == options["progressive"]
    assert told["orientation"] == options.get("orientation", 1)
    assert (told["quality"], told["quality_exact"]) == (options["quality"], True)
    if case.mode == "RGB":
        assert told["subsampling"] == options["subsampling"]
    with pytest.raises(ts.DecodeError):
        ts.info(case.data[:10])
