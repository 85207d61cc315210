"""JPEG and PNG bytes to an RGB array: at full size, and a JPEG at half by the decoder's own scaling."""

from __future__ import annotations

import io
from functools import partial
from typing import TYPE_CHECKING, Literal

import turboshard as ts
from turboshard.bench import agreement, rivals
from turboshard.bench.harness import Case, Contender
from turboshard.bench.report import Missing
from turboshard.bench.suites import on
from turboshard.bench.suites.images import ours, pillow_simd, theirs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from turboshard.bench.suites import Setting
    from turboshard.bench.suites.images import Images


def cases(setting: Setting) -> Iterator[Case[Images]]:
    """Full size, the same images at 512, half size, and the 512 ones as PNG; each on one core and on all."""
    full = setting.data.images
    small = [ts.encode(ts.decode(jpeg, size=512), quality=95) for jpeg in full]
    for threads in setting.cores:
        yield _case(setting, full, threads, reduce=1)
    for threads in setting.cores:
        yield _case(setting, small, threads, reduce=1)
    for threads in setting.cores:
        yield _case(setting, full, threads, reduce=2)
    squares = [ts.decode(jpeg) for jpeg in small]
    lossless = _pngs(squares)
    for threads in setting.cores if lossless else ():
        yield _png_case(lossless, squares[0].shape[:2], threads)


def _case(setting: Setting, images: list[bytes], threads: int, reduce: Literal[1, 2]) -> Case[Images]:
    found, missing = rivals.installed()
    height, width, _ = ts.decode(images[0]).shape

    def batch() -> Images:
        return list(ts.decode_batch(images, reduce=reduce, threads=threads))

    contenders = [ours(images, threads, partial(ts.decode, reduce=reduce), batch)]
    if threads == 1:
        # Two at a time, and into memory that is there, as a loader's batches are.
        out = ts.decode_batch(images, reduce=reduce)
        into = partial(ts.decode_batch, images, reduce=reduce, threads=1, out=out)
        contenders.append(Contender("turboshard, a batch into out=", ts.__version__, lambda: list(into())))
    for rival in found:
        one = rival.decode if reduce == 1 else rival.half
        if one is not None:
            contenders.append(theirs(rival.name, rival.version, images, threads, one))
    simd = pillow_simd(setting, images, threads, "decode" if reduce == 1 else "half")
    if isinstance(simd, Missing):
        missing.append(simd)
    else:
        contenders.append(simd)
    return Case(
        suite="decode",
        name=f"{width}×{height}{' at 1/2' if reduce == 2 else ''}, {on(threads)}",
        unit="images",
        amount=len(images),
        size_bytes=sum(map(len, images)),
        cores=threads,
        contenders=contenders,
        agree=partial(agreement.within, worst=agreement.SAME_DECODER),
        missing=missing,
    )


def _pngs(images: Images) -> list[bytes]:
    """As Pillow writes them, whose encoder most PNGs of data sets come from; none without it."""
    try:
        from PIL import Image
    except ImportError:
        return []
    files = []
    for image in images:
        file = io.BytesIO()
        Image.fromarray(image).save(file, "PNG")
        files.append(file.getvalue())
    return files


def _png_case(images: list[bytes], size: tuple[int, ...], threads: int) -> Case[Images]:
    found, missing = rivals.installed()
    contenders = [
        ours(images, threads, ts.decode, lambda: list(ts.decode_batch(images, threads=threads))),
        *(
            theirs(rival.name, rival.version, images, threads, rival.png)
            for rival in found
            if rival.png is not None
        ),
    ]
    return Case(
        suite="decode",
        name=f"PNG {size[1]}×{size[0]}, {on(threads)}",
        unit="images",
        amount=len(images),
        size_bytes=sum(map(len, images)),
        cores=threads,
        contenders=contenders,
        agree=partial(agreement.within, worst=0),
        missing=missing,
    )
