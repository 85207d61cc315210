"""Drop-in parts for webdataset pipelines: its image handler, its tar stage, and a decoder for whole samples.

>>> import turboshard as ts, webdataset as wds
>>> wds.WebDataset(urls).decode(ts.webdataset.decoder("rgb8"))
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlparse

from turboshard import _core
from turboshard.errors import ShardError
from turboshard.shard import Shard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Unpack

    from turboshard._typing import DecodeKeywords, Sample

__all__ = ["ImageDecoder", "SampleDecoder", "decoder", "tarfile_to_samples"]

SPECS: dict[str, tuple[str, bool, Literal["L", "RGB", "RGBA"]]] = {
    "l8": ("numpy", False, "L"),
    "rgb8": ("numpy", False, "RGB"),
    "rgba8": ("numpy", False, "RGBA"),
    "l": ("numpy", True, "L"),
    "rgb": ("numpy", True, "RGB"),
    "rgba": ("numpy", True, "RGBA"),
    "torchl8": ("torch", False, "L"),
    "torchrgb8": ("torch", False, "RGB"),
    "torchrgba8": ("torch", False, "RGBA"),
    "torchl": ("torch", True, "L"),
    "torchrgb": ("torch", True, "RGB"),
    "torch": ("torch", True, "RGB"),
    "torchrgba": ("torch", True, "RGBA"),
    "pill": ("pil", False, "L"),
    "pil": ("pil", False, "RGB"),
    "pilrgb": ("pil", False, "RGB"),
    "pilrgba": ("pil", False, "RGBA"),
}
"""webdataset's imagespecs: what comes out, whether as floats from 0 to 1, and the mode."""

JPEG = b"\xff\xd8"


def decoder(
    spec: str,
    *,
    size: int | tuple[int, int] | None = None,
    resample: Any = "lanczos3",
    reduce: Literal[1, 2, 4, 8] = 1,
) -> ImageDecoder:
    """Make an image handler for ``wds.WebDataset(…).decode(…)``.

    What it gives equals webdataset's own handler for the same ``spec``, but arrays are writable. JPEG files are
    decoded by this library; other images by Pillow, as webdataset does; what is no image is left to the next handler.

    Args:
        spec: one of webdataset's: ``l8 rgb8 rgba8`` are uint8 arrays, ``l rgb rgba`` float32 from 0 to 1, with
            ``torch`` in front (channels first) tensors, with ``pil`` in front images.
        size: as in `decode`; webdataset's handler has nothing like it.
        resample: as in `decode`.
        reduce: as in `decode`; JPEG files only.

    Raises:
        ValueError: no such ``spec``.
    """
    return ImageDecoder(spec, size=size, resample=resample, reduce=reduce)


class ImageDecoder:
    """What `decoder` makes: called with a field and its bytes. Can be pickled."""

    def __init__(self, spec: str, **keywords: Any) -> None:
        if spec not in SPECS:
            raise ValueError(f"{spec!r} is none of webdataset's imagespecs {', '.join(SPECS)}")
        self.spec, self.keywords = spec, keywords

    def __call__(self, key: str, data: bytes) -> Any:
        """Decode ``data`` if ``key`` has an image's extension; else None."""
        if not _is_image(key):
            return None
        kind, floats, mode = SPECS[self.spec]
        planes = kind == "torch"
        if data[:2] == JPEG:
            layout: Literal["HWC", "CHW"] = "CHW" if planes else "HWC"
            pixels: Any = _core.decode(data, mode=mode, layout=layout, **self.keywords)
        else:
            pixels = self._by_pillow(data, mode)
            if planes and pixels.ndim == 3:
                pixels = pixels.transpose(2, 0, 1).copy()
        if floats:
            pixels = pixels.astype("f4") / 255.0
        if kind == "pil":
            from PIL import Image

            return Image.fromarray(pixels)
        if planes:
            import torch

            return torch.from_numpy(pixels)
        return pixels

    def _by_pillow(self, data: bytes, mode: Literal["L", "RGB", "RGBA"]) -> Any:
        import io

        import numpy as np
        from PIL import Image

        with io.BytesIO(data) as stream:
            image: Any = Image.open(stream)
            image.load()
            image = image.convert(mode)
        if self.keywords.get("reduce", 1) != 1:
            raise ValueError("reduce is the JPEG decoder's own scaling; this is another format")
        size = self.keywords.get("size")
        if size is not None:
            height, width = (size, size) if isinstance(size, int) else size
            image = image.resize((width, height), _pillow_filter(self.keywords["resample"]))
        return np.array(image)

    def __repr__(self) -> str:
        return f"turboshard.webdataset.decoder({self.spec!r})"


class SampleDecoder:
    """Decode a sample's images in one call, for ``wds.WebDataset(…).map(…)``. Can be pickled.

    Args:
        fields: the images, in the order they are to have.
        stack: the images become one array (F, height, width, 3) under this key and leave their own; None decodes
            each in its place.
        threads: None for all CPUs this process may use, but 1 in a torch worker.
        **keywords: as in `decode_batch`.
    """

    def __init__(
        self,
        fields: Sequence[str],
        *,
        stack: str | None = "images",
        threads: int | None = None,
        **keywords: Unpack[DecodeKeywords],
    ) -> None:
        self.fields, self.stack, self.threads, self.keywords = tuple(fields), stack, threads, keywords

    def __call__(self, sample: Sample) -> Sample:
        """Decode the images; the rest of the sample stays as it is."""
        missing = [field for field in self.fields if field not in sample]
        if missing:
            raise ShardError(
                f"the sample has no field {missing[0]}",
                shard=sample.get("__url__"),
                member=sample.get("__key__"),
            )
        data = [sample[field] for field in self.fields]
        try:
            images = _core.decode_batch(data, threads=self.threads, **self.keywords)
        except ShardError as error:
            found = re.fullmatch(r"item (\d+)", error.member or "")
            if found:
                error.member = f"{sample.get('__key__')}.{self.fields[int(found[1])]}"
                error.shard = sample.get("__url__")
            raise
        if self.stack is None:
            return {**sample, **dict(zip(self.fields, images, strict=True))}
        return {
            **{name: value for name, value in sample.items() if name not in self.fields},
            self.stack: images,
        }


def tarfile_to_samples(
    handler: Callable[[Exception], bool] | None = None,
    select_files: Callable[[str], bool] | None = None,
    rename_files: Callable[[str], str] | None = None,
) -> Callable[[Iterable[dict[str, Any]]], Iterator[Sample]]:
    """Make a stage for ``wds.DataPipeline`` in the place of ``wds.tarfile_to_samples``.

    Shards on this machine are indexed and read a sample at a time: only the members that ``select_files`` lets pass
    are read at all, and a truncated shard is an error, not an end. Others are left to webdataset.

    Args:
        handler: told of errors; goes on with the next shard if it returns True. None raises.
        select_files: whether to read a member, by its name after ``rename_files``.
        rename_files: another name for a member.
    """
    return _Stage(handler or _reraise, select_files, rename_files)


class _Stage:
    def __init__(
        self,
        handler: Callable[[Exception], bool],
        select_files: Callable[[str], bool] | None,
        rename_files: Callable[[str], str] | None,
    ) -> None:
        self.handler, self.select_files, self.rename_files = handler, select_files, rename_files

    def __call__(self, source: Iterable[dict[str, Any]]) -> Iterator[Sample]:
        from webdataset.tariterators import group_by_keys

        return group_by_keys(self.files(source), handler=self.handler)  # type: ignore[no-any-return]

    def files(self, source: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Members as ``tar_file_expander`` gives them, with ``{}`` behind each shard, so that none run together."""
        for shard in source:
            path = _local(shard["url"])
            try:
                if path is None:
                    yield from self._foreign(shard)
                else:
                    yield from self._members(path, shard)
                    yield {}
            except Exception as error:  # noqa: BLE001  # what to do about it is the handler's
                if not self.handler(error):
                    return
                yield {}

    def _members(self, path: str, source: dict[str, Any]) -> Iterator[dict[str, Any]]:
        about = {"__url__": source["url"]}
        if source.get("local_path") is not None:
            about["__local_path__"] = source["local_path"]
        shard = Shard(path)
        for row, member in enumerate(shard.index.member):
            name = member
            if _LEFT_OUT.match(name):
                continue
            if self.rename_files is not None:
                name = self.rename_files(name)
            if self.select_files is None or self.select_files(name):
                yield {"fname": name, "data": shard.read(row), **about}

    def _foreign(self, source: dict[str, Any]) -> Iterator[dict[str, Any]]:
        from webdataset.tariterators import tar_file_expander, url_opener

        opened = url_opener([source], handler=self.handler)
        yield from tar_file_expander(
            opened, handler=self.handler, select_files=self.select_files, rename_files=self.rename_files
        )


_LEFT_OUT = re.compile(r"__[^/]*__($|/)")


def _reraise(error: Exception) -> bool:
    raise error


def _local(url: str) -> str | None:
    """Return the path of a shard on this machine; None for anything webdataset opens by other means."""
    if os.environ.get("GOPEN_REWRITE") or url == "-":
        return None
    if url.startswith("file:"):
        return urlparse(url).path
    return None if re.match(r"^[a-z][a-z0-9+.-]*:", url) else url


def _is_image(key: str) -> bool:
    return key.rpartition(".")[2].lower() in _EXTENSIONS


def _pillow_filter(resample: Any) -> int:
    names = ("nearest", "lanczos3", "bilinear", "bicubic", "box", "hamming")
    if isinstance(resample, str):
        return names.index("lanczos3" if resample == "lanczos" else resample)
    return int(resample)


_WORDS = (
    "blp bmp dib bufr cur pcx dcx dds ps eps fit fits fli flc ftc ftu gbr gif grib h5 hdf png apng jp2 j2k jpc jpf"
    " jpx j2c icns ico im iim tif tiff jfif jpe jpg jpeg mpg mpeg msp pcd pxr pbm pgm ppm pnm psd bw rgb rgba sgi"
    " ras tga icb vda vst webp wmf emf xbm xpm"
)
_EXTENSIONS = frozenset(_WORDS.split())
"""The extensions that webdataset takes for images."""
