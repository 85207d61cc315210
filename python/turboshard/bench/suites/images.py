"""Contenders over a list of JPEGs: what the suites `decode` and `resize` have in common."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import turboshard as ts
from turboshard.bench import child
from turboshard.bench.harness import Contender
from turboshard.bench.report import Missing
from turboshard.bench.rivals import Pixels

if TYPE_CHECKING:
    from collections.abc import Callable

    from turboshard.bench.suites import Setting

Images: TypeAlias = list[Pixels]
T = TypeVar("T")


def ours(
    images: list[T], threads: int, one: Callable[[T], Pixels], batch: Callable[[], Images]
) -> Contender[Images]:
    """This library: a call an image on one core, one call for all of them on several."""
    run = partial(_each, one, images) if threads == 1 else batch
    return Contender("turboshard", ts.__version__, run)


def theirs(
    name: str, version: str, images: list[T], threads: int, one: Callable[[T], Pixels]
) -> Contender[Images]:
    """A rival: a call an image, from a thread pool on several cores (all of them release the GIL)."""
    if threads == 1:
        return Contender(name, version, partial(_each, one, images))
    return Contender(name, version, partial(pooled, one, images, threads))


def pillow_simd(
    setting: Setting, images: list[bytes], threads: int, operation: child.Operation, size: int = 0
) -> Contender[Images] | Missing:
    """pillow-simd, in its own interpreter and by its own clock."""
    try:
        other = setting.stack.enter_context(child.Child(child.interpreter()))
        other.load(images)
    except (OSError, RuntimeError) as error:
        return Missing("pillow-simd", str(error))
    return Contender(
        "pillow-simd",
        other.version,
        partial(other.answer, operation, size, threads),
        clock=partial(other.seconds, operation, size, threads),
    )


def _each(one: Callable[[T], Pixels], images: list[T]) -> Images:
    return [one(image) for image in images]


def pooled(one: Callable[[T], Pixels], images: list[T], threads: int) -> Images:
    """All of them, from a pool of that many threads."""
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(one, images))
