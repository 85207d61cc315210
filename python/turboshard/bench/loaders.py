"""Other ways to load whole identities from shards, each as its own documentation shows it.

Every one is opened once, workers and pipelines included, as a training run does, and then runs epoch after epoch. It
gives, identity by identity, a key and a stack of its images (F, H, W, 3) of uint8. With more than one core it uses
processes or threads as it prefers, as many as there are cores.
"""

from __future__ import annotations

import io
import itertools
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from importlib import import_module, metadata
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

import turboshard as ts
from turboshard.bench.report import Missing
from turboshard.bench.rivals import Pixels

if TYPE_CHECKING:
    from pathlib import Path

Epoch: TypeAlias = Iterator[tuple[str, Pixels]]
"""Keys and stacks, identity by identity."""


@dataclass(frozen=True)
class Work:
    """What is to be loaded."""

    root: Path
    shards: list[Path]
    fields: tuple[str, ...]
    size: int | None
    """Side of the square to resize to; None for the images as they are."""
    indexes: list[Path]
    """DALI's index of each shard."""


Open: TypeAlias = Callable[[Work, int, ExitStack], Callable[[], Epoch]]
"""Gets ready on so many cores; what must be closed goes on the stack. Each call of what it returns is an epoch."""


@dataclass(frozen=True)
class Way:
    """One loader."""

    name: str
    version: str
    open: Open
    exact: bool = True
    """Whether its pixels are Pillow's, but for a level of rounding."""


BATCH = 4
"""Identities a batch, where a loader makes batches."""


def ours(work: Work, cores: int, stack: ExitStack) -> Callable[[], Epoch]:
    """`turboshard.Loader`."""
    loader = ts.Loader(
        work.root, work.fields, size=work.size, batch_size=BATCH, drop_last=False, threads=cores
    )
    return partial(_epoch_of, stack.enter_context(loader))


def _epoch_of(loader: ts.Loader) -> Epoch:
    for batch in loader:
        for key, images, valid in zip(batch.keys, batch.images, batch.valid, strict=True):
            if valid.all():
                yield key, images


# ---------------------------------------------------------------- webdataset, with a decoder of one's choice


class _Stack:
    """A webdataset stage: an identity's images decoded and stacked. Sent to workers, so no closure."""

    def __init__(self, work: Work, decode: Callable[[bytes, int | None], Any]) -> None:
        self.fields, self.size, self.decode = work.fields, work.size, decode

    def __call__(self, sample: dict[str, Any]) -> tuple[str, Any]:
        return sample["__key__"], np.stack([self.decode(sample[field], self.size) for field in self.fields])


def _through_webdataset(
    decode: Callable[[bytes, int | None], Any], work: Work, cores: int, _: ExitStack
) -> Callable[[], Epoch]:
    import webdataset as wds

    dataset = wds.WebDataset([str(shard) for shard in work.shards], shardshuffle=False).map(
        _Stack(work, decode)
    )
    if cores == 1:
        return lambda: iter(dataset)
    from torch.utils.data import DataLoader

    workers = min(cores, len(work.shards))
    loader = DataLoader(dataset, batch_size=None, num_workers=workers, persistent_workers=True)
    return lambda: ((key, np.asarray(images)) for key, images in loader)


def _resized(pixels: Any, size: int | None) -> Any:
    from PIL import Image

    if size is None:
        return pixels
    return np.asarray(Image.fromarray(pixels).resize((size, size), Image.Resampling.LANCZOS))


def _by_pillow(jpeg: bytes, size: int | None) -> Any:
    from PIL import Image

    image: Any = Image.open(io.BytesIO(jpeg)).convert("RGB")
    return np.asarray(image if size is None else image.resize((size, size), Image.Resampling.LANCZOS))


def _by_turboshard(jpeg: bytes, size: int | None) -> Any:
    return ts.webdataset.decoder("rgb8", size=size)(".jpg", jpeg)


def _by_simplejpeg(jpeg: bytes, size: int | None) -> Any:
    import simplejpeg

    return _resized(simplejpeg.decode_jpeg(jpeg, "RGB"), size)


def _by_torchvision(jpeg: bytes, size: int | None) -> Any:
    import torch
    from torchvision.io import ImageReadMode, decode_jpeg

    tensor = decode_jpeg(torch.frombuffer(bytearray(jpeg), dtype=torch.uint8), mode=ImageReadMode.RGB)
    return _resized(np.ascontiguousarray(tensor.permute(1, 2, 0).numpy()), size)


def _by_opencv(jpeg: bytes, size: int | None) -> Any:
    import cv2

    cv2.setNumThreads(1)
    pixels = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR_RGB)
    return pixels if size is None else cv2.resize(pixels, (size, size), interpolation=cv2.INTER_AREA)


def _webdataset(
    name: str, module: str, distribution: str, decode: Any, cores: int, *, exact: bool = True
) -> Way:
    for needed in ("webdataset", module, *(["torch.utils.data"] if cores > 1 else [])):
        import_module(needed)
    warnings.filterwarnings("ignore", category=UserWarning, module="webdataset")
    version = f"{metadata.version('webdataset')} + {metadata.version(distribution)}"
    return Way(f"webdataset + {name}", version, partial(_through_webdataset, decode), exact)


# ---------------------------------------------------------------- DALI and SPDL


def _dali() -> Way:
    from nvidia.dali import fn, pipeline_def, types

    @pipeline_def  # type: ignore[untyped-decorator]
    def pipeline(work: Work) -> Any:
        encoded: Any = fn.readers.webdataset(
            paths=[str(shard) for shard in work.shards],
            index_paths=[str(index) for index in work.indexes],
            ext=list(work.fields),
            missing_component_behavior="error",
        )
        images = [fn.decoders.image(one, device="cpu", output_type=types.RGB) for one in encoded]
        if work.size is not None:
            size = [work.size, work.size]
            images = [
                fn.resize(one, size=size, interp_type=types.INTERP_LANCZOS3, antialias=True) for one in images
            ]
        return fn.stack(*images)

    def opened(work: Work, cores: int, _: ExitStack) -> Callable[[], Epoch]:
        keys = [key for shard in work.shards for key in ts.Shard(shard).keys]
        # Its reader goes round and round, so that an epoch must be a whole number of batches.
        batch = next(size for size in range(BATCH, 0, -1) if len(keys) % size == 0)
        running: Any = pipeline(work, batch_size=batch, num_threads=cores, device_id=None)
        running.build()

        def epoch() -> Epoch:
            for first in range(0, len(keys), batch):
                (stacked,) = running.run()
                for number in range(batch):
                    yield keys[first + number], np.asarray(stacked.at(number))

        return epoch

    return Way("DALI, CPU", metadata.version("nvidia-dali-cuda120"), opened, exact=False)


def _spdl() -> Way:
    import spdl.io
    import webdataset as wds
    from spdl.pipeline import PipelineBuilder

    # It imports without FFmpeg's libraries, which are the system's, and then fails at each image.
    spdl.io.load_image(ts.encode(np.zeros((8, 8, 3), np.uint8)))

    def opened(work: Work, cores: int, stack: ExitStack) -> Callable[[], Epoch]:
        # Its own conversion and filter (bicubic): exact rounding and Lanczos, by FFmpeg's words, cost it up to three
        # quarters of its pace, and it is near enough without.
        def decode(sample: dict[str, Any]) -> tuple[str, Any]:
            jpegs = [sample[field] for field in work.fields]
            loaded = spdl.io.load_image_batch(jpegs, width=work.size, height=work.size, strict=True)
            return sample["__key__"], spdl.io.to_numpy(loaded)

        dataset = wds.WebDataset([str(shard) for shard in work.shards], shardshuffle=False)
        samples = sum(len(ts.Shard(shard)) for shard in work.shards)
        # Built once, so its source never ends.
        builder = PipelineBuilder().add_source(sample for _ in itertools.count() for sample in dataset)
        running = (
            builder.pipe(decode, concurrency=cores, output_order="input").add_sink(2).build(num_threads=cores)
        )
        stack.enter_context(running.auto_stop())
        results = running.get_iterator()
        return lambda: itertools.islice(results, samples)

    return Way("SPDL", metadata.version("spdl_io"), opened, exact=False)


def installed(cores: int, *, resizes: bool) -> tuple[list[Way], list[Missing]]:
    """Every loader that can be imported here, and why the others cannot."""
    found, missing = [], []
    for name, load in (
        ("Pillow", partial(_webdataset, "Pillow", "PIL", "pillow", _by_pillow, cores)),
        (
            "our decoder",
            partial(_webdataset, "our decoder", "turboshard", "turboshard", _by_turboshard, cores),
        ),
        ("simplejpeg", partial(_webdataset, "simplejpeg", "simplejpeg", "simplejpeg", _by_simplejpeg, cores)),
        (
            "torchvision",
            partial(_webdataset, "torchvision", "torchvision", "torchvision", _by_torchvision, cores),
        ),
        (
            "OpenCV",
            partial(
                _webdataset, "OpenCV", "cv2", "opencv-python-headless", _by_opencv, cores, exact=not resizes
            ),
        ),
        ("DALI", _dali),
        ("SPDL", _spdl),
    ):
        try:
            found.append(load())
        except Exception as error:  # noqa: BLE001  # a broken install raises what it likes; its reason is shown
            missing.append(Missing(name, str(error).splitlines()[0] if str(error) else repr(error)))
    return found, missing
