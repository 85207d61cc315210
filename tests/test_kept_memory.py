"""Memory of images that nobody looks at any more is used again, and none that somebody does look at."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

import turboshard as ts

SIDE = 256
"""Large enough that memory is kept."""


def plain(value: int) -> np.ndarray:
    """An image of one value, in memory of its own."""
    image: np.ndarray = ts.resize(np.full((300, 300, 3), value, np.uint8), SIDE)
    return image


def address(image: np.ndarray) -> int:
    return int(image.__array_interface__["data"][0])


def test_memory_comes_back_only_when_the_last_view_is_gone() -> None:
    gone: set[int] = set()
    kept: list[tuple[int, np.ndarray]] = []
    again = 0
    for value in range(200):
        image = plain(value)
        again += address(image) in gone
        assert all(address(image) != address(view.base) for _, view in kept if view.base is not None)
        if value % 3 == 0:
            kept.append((value, image[::7, ::5]))
        else:
            gone.add(address(image))
        del image
    assert again > 50, "nothing was used again"
    for value, view in kept:
        assert (view == value).all()


def test_results_are_arrays_like_any_other() -> None:
    image = plain(7)
    assert image.shape == (SIDE, SIDE, 3)
    assert image.dtype == np.uint8
    assert image.flags.writeable
    assert image.flags.c_contiguous
    image += 1
    assert (image == 8).all()


def test_threads_never_share_a_result() -> None:
    def work(value: int) -> bool:
        images = [plain(value) for _ in range(3)]
        return all((image == value).all() for image in images)

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(120)))
