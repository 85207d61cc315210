"""Pictures of another size: from JPEG bytes, as a training loop or a converter does, and from decoded pixels."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal, TypeAlias

import turboshard as ts
from turboshard.bench import agreement, rivals
from turboshard.bench.harness import Case, Contender
from turboshard.bench.report import Missing
from turboshard.bench.suites import on
from turboshard.bench.suites.images import ours, pillow_simd, pooled, theirs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from turboshard.bench.suites import Setting
    from turboshard.bench.suites.images import Images

HALF = 512
QUARTER = 256
Filter: TypeAlias = Literal["lanczos3"] | Literal["box"]  # noqa: PYI030 - stubtest wants a Union


def cases(setting: Setting) -> Iterator[Case[Images]]:
    """JPEG to 512 and to 256 by Lanczos, to 512 by averages; pixels to 512. Each on one core and on all."""
    wanted: list[tuple[int, Filter]] = [(HALF, "lanczos3"), (HALF, "box"), (QUARTER, "lanczos3")]
    for size, filter_ in wanted:
        for threads in setting.cores:
            yield _from_jpeg(setting, size, filter_, threads)
    for threads in setting.cores:
        yield _from_pixels(setting, HALF, threads)


def _from_jpeg(setting: Setting, size: int, filter_: Filter, threads: int) -> Case[Images]:
    images = setting.data.images
    found, missing = rivals.installed()
    contenders = [
        ours(
            images,
            threads,
            partial(ts.decode, size=size, resample=filter_),
            lambda: list(ts.decode_batch(images, size=size, resample=filter_, threads=threads)),
        )
    ]
    if threads == 1:
        # Two at a time, and into memory that is there, as a loader's batches are.
        out = ts.decode_batch(images, size=size, resample=filter_)
        into = partial(ts.decode_batch, images, size=size, resample=filter_, threads=1, out=out)
        contenders.append(Contender("turboshard, a batch into out=", ts.__version__, lambda: list(into())))
    other_filters = set()
    for rival in found:
        resize = rival.resize if filter_ == "lanczos3" else rival.box
        if resize is not None:
            name = rival.name + (" + OpenCV area" if filter_ == "box" and rival.name == "simplejpeg" else "")
            contenders.append(theirs(name, rival.version, images, threads, partial(_sized, resize, size)))
            if filter_ == "lanczos3" and not rival.same_filter:
                other_filters.add(name)
    if filter_ == "lanczos3":
        _add(contenders, missing, pillow_simd(setting, images, threads, "resize", size))

    def agree(name: str, our: Images, their: Images) -> str:
        if name in other_filters:
            return agreement.near(name, our, their, agreement.OTHER_FILTER) + ", another filter"
        return agreement.within(name, our, their, agreement.SAME_FILTER)

    return Case(
        suite="resize",
        name=f"{_side(images[0])} to {size}×{size}, {_NAMES[filter_]}, {on(threads)}",
        unit="images",
        amount=len(images),
        size_bytes=sum(map(len, images)),
        cores=threads,
        contenders=contenders,
        agree=agree,
        missing=missing,
    )


def _from_pixels(setting: Setting, size: int, threads: int) -> Case[Images]:
    """Each holds the decoded pictures as it likes them; only the resizing is timed."""
    images = setting.data.images
    found, missing = rivals.installed()
    pixels = [ts.decode(jpeg) for jpeg in images]
    one = partial(ts.resize, size=size)
    contenders = [ours(pixels, threads, one, lambda: pooled(one, pixels, threads))]
    for rival in found:
        if rival.keep is not None and rival.stretch is not None:
            kept = [rival.keep(jpeg) for jpeg in images]
            stretch = partial(_sized, rival.stretch, size)
            contenders.append(theirs(rival.name, rival.version, kept, threads, stretch))
    _add(contenders, missing, pillow_simd(setting, images, threads, "stretch", size))
    return Case(
        suite="resize",
        name=f"decoded {_side(images[0])} to {size}×{size}, Lanczos, {on(threads)}",
        unit="images",
        amount=len(images),
        size_bytes=sum(image.nbytes for image in pixels),
        cores=threads,
        contenders=contenders,
        agree=partial(agreement.within, worst=agreement.SAME_FILTER),
        missing=missing,
    )


_NAMES: dict[Filter, str] = {"lanczos3": "Lanczos", "box": "averages"}


def _side(jpeg: bytes) -> str:
    facts = ts.info(jpeg)
    return f"{facts['width']}×{facts['height']}"


def _add(
    contenders: list[Contender[Images]], missing: list[Missing], simd: Contender[Images] | Missing
) -> None:
    if isinstance(simd, Missing):
        missing.append(simd)
    else:
        contenders.append(simd)


def _sized(resize: rivals.Resize, size: int, image: object) -> rivals.Pixels:
    return resize(image, size)
