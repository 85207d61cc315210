"""Many pictures in one call: the same for any number of threads, straight into the caller's memory."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import turboshard as ts

from . import strategies as make
from .reference import image

PICTURES = [make.jpeg(make.picture(40, 50, 3, n), quality=90, subsampling=n % 3) for n in range(9)]


@given(st.lists(make.jpegs(), min_size=1, max_size=6), st.integers(1, 40), st.integers(2, 5))
def test_threads_change_nothing(cases: list[make.JpegCase], side: int, threads: int) -> None:
    data = [case.data for case in cases]
    one, many = (ts.decode_batch(data, size=side, threads=n) for n in (1, threads))
    assert one.shape == (len(data), side, side, 3)
    assert np.array_equal(one, many)
    for pixels, jpeg in zip(one, data, strict=True):
        assert np.array_equal(pixels, ts.decode(jpeg, size=side))


@given(st.lists(st.integers(0, 999), min_size=1, max_size=5), st.sampled_from(["RGB", "L", "RGBA"]))
def test_a_batch_without_size_equals_pillow(seeds: list[int], mode: str) -> None:
    data = [make.jpeg(make.picture(19, 23, 3, seed)) for seed in seeds]
    found = ts.decode_batch(data, mode=mode)
    assert np.array_equal(found, np.stack([image.decode(jpeg, mode) for jpeg in data]))


def test_a_batch_of_none() -> None:
    assert ts.decode_batch([], size=8).shape == (0, 8, 8, 3)
    assert ts.decode_batch([], size=(4, 6), mode="L").shape == (0, 4, 6)


def test_any_iterable_of_buffers() -> None:
    expected = ts.decode_batch(PICTURES)
    assert np.array_equal(ts.decode_batch(tuple(memoryview(p) for p in PICTURES)), expected)
    assert np.array_equal(ts.decode_batch([np.frombuffer(p, np.uint8) for p in PICTURES]), expected)
    with pytest.raises(TypeError):
        ts.decode_batch([PICTURES[0], "text"])  # type: ignore[list-item]
    with pytest.raises(TypeError):
        ts.decode_batch(PICTURES[0])  # one picture is no batch


def test_unequal_sizes_name_the_first_that_differs() -> None:
    data = [*PICTURES[:3], make.jpeg(make.picture(41, 50, 3, 0)), make.jpeg(make.picture(9, 9, 3, 0))]
    with pytest.raises(ValueError, match=r"\b3\b") as caught:
        ts.decode_batch(data)
    assert "41" in str(caught.value)
    assert ts.decode_batch(data, size=10).shape == (5, 10, 10, 3)
    assert ts.decode_batch(data[:4], crop=(0, 0, 8, 8)).shape == (4, 8, 8, 3)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_broken_picture_is_named_by_its_place_in_the_batch(threads: int) -> None:
    data = [*PICTURES[:4], PICTURES[4][:200], *PICTURES[5:], b"junk"]
    with pytest.raises(ts.DecodeError, match=r"\b4\b"):
        ts.decode_batch(data, size=8, threads=threads)
    assert np.array_equal(ts.decode_batch(PICTURES, threads=threads)[4], image.decode(PICTURES[4]))


def test_out_is_written_to_and_returned() -> None:
    room = np.full((11, 40, 50, 3), 9, np.uint8)
    out = room[1:10]
    assert ts.decode_batch(PICTURES, out=out, threads=2) is out
    assert np.array_equal(out, ts.decode_batch(PICTURES))
    assert (room[[0, 10]] == 9).all()


@pytest.mark.parametrize(
    "out",
    [
        np.zeros((8, 40, 50, 3), np.uint8),
        np.zeros((10, 40, 50, 3), np.uint8),
        np.zeros((9, 40, 50), np.uint8),
        np.zeros((9, 40, 50, 3), np.int8),
        np.zeros((18, 40, 50, 3), np.uint8)[::2],
        np.zeros((9, 40, 3, 50), np.uint8).transpose(0, 1, 3, 2),
        bytes(9 * 40 * 50 * 3),
    ],
    ids=["short", "long", "axes", "int8", "strided", "planes", "bytes"],
)
def test_out_that_does_not_fit_is_refused(out: Any) -> None:
    with pytest.raises((ValueError, TypeError, BufferError)):
        ts.decode_batch(PICTURES, out=out)


def test_out_that_holds_an_input_is_refused() -> None:
    out = np.zeros((1, 40, 50, 3), np.uint8)
    flat = out.reshape(-1)
    flat[: len(PICTURES[0])] = np.frombuffer(PICTURES[0], np.uint8)
    with pytest.raises(ValueError, match="overlap"):
        ts.decode_batch([flat[: len(PICTURES[0])]], out=out)


@pytest.mark.parametrize("threads", [0, -1, 1.5, "two"])
def test_threads_that_make_no_sense(threads: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        ts.decode_batch(PICTURES, threads=threads)


@pytest.mark.parametrize(("value", "fine"), [("1", True), ("3", True), ("0", False), ("many", False)])
def test_the_environment_sets_the_threads(monkeypatch: pytest.MonkeyPatch, value: str, fine: bool) -> None:
    monkeypatch.setenv("TURBOSHARD_NUM_THREADS", value)
    if fine:
        assert np.array_equal(ts.decode_batch(PICTURES), ts.decode_batch(PICTURES, threads=1))
    else:
        with pytest.raises(ValueError, match="TURBOSHARD_NUM_THREADS"):
            ts.decode_batch(PICTURES)
