"""Resizing and encoding held to Pillow."""

import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import turboshard as ts

from . import strategies as make
from .reference import image

MODES = ["RGB", "L", "RGBA"]
PHOTO = make.jpeg(make.picture(90, 70, 3, 7), quality=90)


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


@given(
    st.sampled_from([(), (1,), (3,), (4,)]), st.sampled_from(sorted(image.FILTERS)), SIDE, SIDE, SIDE, SIDE
)
def test_pixels_are_resized_as_pillow_does(
    channels: tuple[int, ...], resample: str, height: int, width: int, to_height: int, to_width: int
) -> None:
    pixels = make.picture(height, width, channels[0] if channels else 1, height).reshape(
        (height, width, *channels)
    )
    found = ts.resize(pixels, (to_height, to_width), resample=resample)
    assert found.shape == (to_height, to_width, *channels)
    # One channel at a time: Pillow would multiply colours by alpha.
    for channel in range(channels[0] if channels else 1):
        plane = np.ascontiguousarray(pixels.reshape(height, width, -1)[:, :, channel])
        expected = image.resize(plane, (to_height, to_width), resample)
        assert (
            image.distance(found.reshape(to_height, to_width, -1)[:, :, channel], expected)
            <= image.ENLARGE_LEVELS
        )


def test_resizing_takes_out_and_refuses_what_does_not_fit() -> None:
    pixels = make.picture(40, 60, 3, 1)
    out = np.zeros((20, 30, 3), np.uint8)
    assert ts.resize(pixels, (20, 30), out=out) is out
    assert np.array_equal(out, ts.resize(pixels, (20, 30)))
    assert np.array_equal(ts.resize(pixels[:, ::-1], (20, 30)), ts.resize(pixels[:, ::-1].copy(), (20, 30)))
    with pytest.raises(ValueError, match="shape"):
        ts.resize(pixels, 20, out=out)
    with pytest.raises(ValueError, match="overlaps"):
        ts.resize(pixels, (40, 60), out=pixels)
    for wrong in (np.zeros((4, 4, 2), np.uint8), np.zeros(9, np.uint8), np.zeros((4, 4), np.float32)):
        with pytest.raises(TypeError):
            ts.resize(wrong, 2)
    with pytest.raises(ValueError, match="size"):
        ts.resize(pixels, 0)


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


def test_dct_is_the_low_coefficients_at_half_the_size() -> None:
    # 16 pixels of one cosine: its halves are the same wave at the halves' middles, where a mean of pixels is lower.
    wave = 128 + 100 * np.cos((2 * np.arange(64) + 1) * 3 * np.pi / 16)
    grey = np.broadcast_to(wave.round().astype(np.uint8), (64, 64))
    jpeg = ts.encode(np.ascontiguousarray(grey), quality=100)
    small = ts.decode(jpeg, size=32, resample="dct", mode="L")
    wanted = 128 + 100 * np.cos((2 * np.arange(32) + 1) * 3 * np.pi / 8)
    assert np.abs(small - wanted).max() <= 2
    mean = ts.decode(jpeg, reduce=2, mode="L").astype(float)
    assert np.abs(mean - wanted).max() > 10
    batch = ts.decode_batch([jpeg, jpeg], size=32, resample="dct", mode="L")
    assert np.array_equal(batch, np.stack([small, small]))


def test_dct_is_refused_by_name_where_it_cannot_run() -> None:
    for size in (31, (45, 34), (90, 35)):
        with pytest.raises(ValueError, match="dct"):
            ts.decode(PHOTO, size=size, resample="dct")
    with pytest.raises(ValueError, match="dct"):
        ts.decode(PHOTO, size=(45, 35), crop=(0, 0, 45, 35), resample="dct")
    with pytest.raises(ValueError, match="dct"):
        ts.resize(np.zeros((64, 64, 3), np.uint8), 32, resample="dct")


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


# ---------------------------------------------------------------- info


@given(make.jpegs(orientations=[None, 1, 6]))
def test_info_is_the_header(case: make.JpegCase) -> None:
    told, options = ts.info(case.data), dict(case.options)
    assert (told["format"], told["height"], told["width"]) == ("JPEG", case.height, case.width)
    assert (told["channels"], told["bits"]) == ({"L": 1, "RGB": 3, "CMYK": 4}[case.mode], 8)
    assert told["progressive"] == options["progressive"]
    assert told["orientation"] == options.get("orientation", 1)
    assert (told["quality"], told["quality_exact"]) == (options["quality"], True)
    if case.mode == "RGB":
        assert told["subsampling"] == options["subsampling"]
    with pytest.raises(ts.DecodeError):
        ts.info(case.data[:10])


@given(make.jpegs(modes=["RGB", "L"]), st.sampled_from(["420", "422", "444"]), st.integers(1, 100))
def test_optimized_encoding_is_smaller_and_the_same_picture(
    case: make.JpegCase, subsampling: str, quality: int
) -> None:
    pixels = ts.decode(case.data)
    assert pixels.size
    plain = ts.encode(pixels, quality=quality, subsampling=subsampling)
    optimized = ts.encode(pixels, quality=quality, subsampling=subsampling, optimize=True)
    assert len(optimized) <= len(plain)
    assert np.array_equal(image.decode(optimized), image.decode(plain))
