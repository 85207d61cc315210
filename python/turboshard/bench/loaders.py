"""Other ways to load whole identities from shards, each as its own documentation shows it.

Every one runs an epoch from nothing and gives, identity by identity, a key and a stack of its images (F, H, W, 3) of
uint8. With more than one core it uses processes or threads as it prefers, as many as there are cores.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Iterator
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


Run: TypeAlias = Callable[[Work, int], Epoch]


@dataclass(frozen=True)
class Way:
    """One loader."""

    name: str
    version: str
    run: Run
    exact: bool = True
    """Whether its pixels are Pillow's, but for a level of rounding."""


def ours(work: Work, cores: int) -> Run:
    """`turboshard.Loader`, made once as a training run does: its memory is used again in each epoch."""
    loader = ts.Loader(work.root, work.fields, size=work.size, batch_size=4, drop_last=False, threads=cores)
    return lambda _work, _cores: _epoch_of(loader)


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


def _through_webdataset(decode: Callable[[bytes, int | None], Any], work: Work, cores: int) -> Epoch:
    import webdataset as wds

    dataset = wds.WebDataset([str(shard) for shard in work.shards], shardshuffle=False).map(
        _Stack(work, decode)
    )
    if cores == 1:
        yield from dataset
        return
    from torch.utils.data import DataLoader

    for key, images in DataLoader(dataset, batch_size=None, num_workers=min(cores, len(work.shards))):
        yield key, np.asarray(images)


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

    def run(work: Work, cores: int) -> Epoch:
        keys = [key for shard in work.shards for key in ts.Shard(shard).keys]
        batch = 4
        running: Any = pipeline(work, batch_size=batch, num_threads=cores, device_id=None)
        running.build()
        for first in range(0, len(keys), batch):
            (stacked,) = running.run()
            for key, images in zip(keys[first : first + batch], range(batch), strict=False):
                yield key, np.asarray(stacked.at(images))

    return Way("DALI, CPU", metadata.version("nvidia-dali-cuda120"), run, exact=False)


def _spdl() -> Way:
    import spdl.io
    import webdataset as wds
    from spdl.pipeline import PipelineBuilder

    # It imports without FFmpeg's libraries, which are the system's, and then fails at each image.
    spdl.io.load_image(ts.encode(np.zeros((8, 8, 3), np.uint8)))

    def run(work: Work, cores: int) -> Epoch:
        info = ts.info(ts.Shard(work.shards[0])[0][work.fields[0]])
        height, width = (info["height"], info["width"]) if work.size is None else (work.size, work.size)
        # FFmpeg's own words; without `accurate_rnd` its conversion to RGB is some levels off.
        scale = f"scale={width}:{height}:flags=lanczos+accurate_rnd+full_chroma_int,format=pix_fmts=rgb24"

        def decode(sample: dict[str, Any]) -> tuple[str, Any]:
            jpegs = [sample[field] for field in work.fields]
            words = {"width": None, "height": None, "pix_fmt": None, "filter_desc": scale}
            return sample["__key__"], spdl.io.to_numpy(spdl.io.load_image_batch(jpegs, strict=True, **words))

        samples = wds.WebDataset([str(shard) for shard in work.shards], shardshuffle=False)
        builder = PipelineBuilder().add_source(samples)
        running = (
            builder.pipe(decode, concurrency=cores, output_order="input").add_sink(2).build(num_threads=cores)
        )
        with running.auto_stop():
            yield from running.get_iterator()

    return Way("SPDL", metadata.version("spdl_io"), run, exact=False)


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
