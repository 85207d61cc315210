"""JPEG bytes to an RGB array of another size: decode, then Lanczos, as a training loop or a converter does."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import turboshard as ts
from turboshard.bench import agreement, rivals
from turboshard.bench.harness import Case
from turboshard.bench.report import Missing
from turboshard.bench.suites import on
from turboshard.bench.suites.images import ours, pillow_simd, theirs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from turboshard.bench.suites import Setting
    from turboshard.bench.suites.images import Images

SIZES = (512, 256)


def cases(setting: Setting) -> Iterator[Case[Images]]:
    """To 512 and to 256; each on one core and on all."""
    for size in SIZES:
        for threads in setting.cores:
            yield _case(setting, size, threads)


def _case(setting: Setting, size: int, threads: int) -> Case[Images]:
    images = setting.data.images
    height, width, _ = ts.decode(images[0]).shape
    found, missing = rivals.installed()
    contenders = [
        ours(
            images,
            threads,
            partial(ts.decode, size=size),
            lambda: list(ts.decode_batch(images, size=size, threads=threads)),
        )
    ]
    other_filters = set()
    for rival in found:
        if rival.resize is not None:
            one = partial(_resize, rival, size)
            contenders.append(theirs(rival.name, rival.version, images, threads, one))
            if not rival.same_filter:
                other_filters.add(rival.name)
    simd = pillow_simd(setting, images, threads, "resize", size)
    if isinstance(simd, Missing):
        missing.append(simd)
    else:
        contenders.append(simd)

    def agree(name: str, our: Images, their: Images) -> str:
        if name in other_filters:
            return agreement.near(name, our, their, agreement.OTHER_FILTER) + ", another filter"
        return agreement.within(name, our, their, agreement.SAME_FILTER)

    return Case(
        suite="resize",
        name=f"{width}×{height} to {size}×{size}, {on(threads)}",
        unit="images",
        amount=len(images),
        size_bytes=sum(map(len, images)),
        cores=threads,
        contenders=contenders,
        agree=agree,
        missing=missing,
    )


def _resize(rival: rivals.Rival, size: int, jpeg: bytes) -> rivals.Pixels:
    assert rival.resize is not None
    return rival.resize(jpeg, size)
