"""Decoding held to Pillow: modes, crops, the decoder's own scaling, memory the caller owns."""

import math
import mmap
import tempfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

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
