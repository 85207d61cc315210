"""The other libraries that decode JPEGs, each imported only when a suite asks for it.

A rival is used as its own documentation does, and made to return what `turboshard.decode` returns: an RGB array
(H, W, 3) of uint8. Cores are limited where a library has threads of its own.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from turboshard.bench.report import Missing

Pixels: TypeAlias = npt.NDArray[np.uint8]
Decode: TypeAlias = Callable[[bytes], Pixels]
Resize: TypeAlias = Callable[[Any, int], Pixels]


@dataclass(frozen=True)
class Rival:
    """One library; an operation it does not have is None."""

    name: str
    version: str
    decode: Decode
    half: Decode | None
    """Decode at half the size by the decoder's own scaling."""
    resize: Resize | None = None
    """Decode, then resize to a square."""
    same_filter: bool = True
    """Whether that resize is Pillow's Lanczos; else its answer is near, not equal."""
    box: Resize | None = None
    """Decode, then resize to a square by averages: what a pipeline that wants speed does."""
    keep: Callable[[bytes], Any] | None = None
    """Decode into whatever `stretch` wants."""
    stretch: Resize | None = None
    """Resize what `keep` made to a square, with Lanczos."""
    png: Decode | None = None
    """Decode a PNG to RGB."""


def pillow() -> Rival:
    """Pillow, or pillow-simd where that is the installed PIL."""
    from PIL import Image

    def opened(jpeg: bytes) -> Image.Image:
        return Image.open(io.BytesIO(jpeg))

    def half(jpeg: bytes) -> Pixels:
        image = opened(jpeg)
        image.draft("RGB", (image.width // 2, image.height // 2))
        return np.asarray(image.convert("RGB"))

    def keep(jpeg: bytes) -> Image.Image:
        return opened(jpeg).convert("RGB")

    def stretch(image: Image.Image, size: int) -> Pixels:
        return np.asarray(image.resize((size, size), Image.Resampling.LANCZOS))

    def box(jpeg: bytes, size: int) -> Pixels:
        return np.asarray(keep(jpeg).resize((size, size), Image.Resampling.BOX))

    return Rival(
        name="Pillow",
        version=_version("Pillow"),
        decode=lambda jpeg: np.asarray(opened(jpeg).convert("RGB")),
        half=half,
        resize=lambda jpeg, size: stretch(keep(jpeg), size),
        box=box,
        keep=keep,
        stretch=stretch,
        png=lambda png: np.asarray(opened(png).convert("RGB")),
    )


def simplejpeg() -> Rival:
    """simplejpeg, whose wheel carries a libjpeg-turbo of its own."""
    import simplejpeg

    def half(jpeg: bytes) -> Pixels:
        height, width, _, _ = simplejpeg.decode_jpeg_header(jpeg)
        smallest = {"min_height": height // 2, "min_width": width // 2}
        return _array(simplejpeg.decode_jpeg(jpeg, "RGB", **smallest))

    def decode(jpeg: bytes) -> Pixels:
        return _array(simplejpeg.decode_jpeg(jpeg, "RGB"))

    return Rival(
        name="simplejpeg",
        version=_version("simplejpeg"),
        decode=decode,
        half=half,
        box=_area(decode),
    )


def pyturbojpeg() -> Rival:
    """PyTurboJPEG, which loads the system's libturbojpeg."""
    import turbojpeg

    handle = turbojpeg.TurboJPEG()
    return Rival(
        name="PyTurboJPEG",
        version=_version("PyTurboJPEG"),
        decode=lambda jpeg: _array(handle.decode(jpeg, pixel_format=turbojpeg.TJPF_RGB)),
        half=lambda jpeg: _array(handle.decode(jpeg, turbojpeg.TJPF_RGB, scaling_factor=(1, 2))),
    )


def opencv() -> Rival:
    """OpenCV; its resize here is INTER_AREA, which its documentation names for shrinking."""
    import cv2

    cv2.setNumThreads(1)

    def decode(jpeg: bytes) -> Pixels:
        return _array(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR_RGB))

    def half(jpeg: bytes) -> Pixels:
        small = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_REDUCED_COLOR_2)
        return _array(cv2.cvtColor(small, cv2.COLOR_BGR2RGB))

    area = _area(decode)
    return Rival(
        "OpenCV", cv2.__version__, decode, half, resize=area, same_filter=False, box=area, png=decode
    )


def imagecodecs() -> Rival:
    """imagecodecs, whose wheel carries a libjpeg-turbo of its own."""
    import imagecodecs

    return Rival(
        name="imagecodecs",
        version=_version("imagecodecs"),
        decode=lambda jpeg: _array(imagecodecs.jpeg8_decode(jpeg)),
        half=None,
        png=lambda png: _array(imagecodecs.png_decode(png)),
    )


def kornia_rs() -> Rival:
    """kornia-rs, by its libjpeg-turbo; its default decoder is another one, a few grey levels away."""
    from kornia_rs.io import decode_image_jpegturbo

    return Rival(
        name="kornia-rs",
        version=_version("kornia-rs"),
        decode=lambda jpeg: _array(decode_image_jpegturbo(jpeg, "rgb")),
        half=None,
    )


def pyvips() -> Rival:
    """pyvips, its operation cache off and one thread: what is asked for is computed each time."""
    import pyvips as vips

    vips.cache_set_max(0)
    os.environ.setdefault("VIPS_CONCURRENCY", "1")

    def opened(jpeg: bytes, **options: object) -> Any:
        return vips.Image.new_from_buffer(jpeg, "", access="sequential", **options)

    def resize(jpeg: bytes, size: int) -> Pixels:
        image = opened(jpeg)
        return _array(image.resize(size / image.width, kernel="lanczos3").numpy())

    return Rival(
        name="pyvips",
        version=f"{vips.__version__}, libvips {vips.version(0)}.{vips.version(1)}",
        decode=lambda jpeg: _array(opened(jpeg).numpy()),
        half=lambda jpeg: _array(opened(jpeg, shrink=2).numpy()),
        resize=resize,
        same_filter=False,
    )


def torchvision() -> Rival:
    """torchvision's CPU decoder; torch's own threads are held at one."""
    import torch
    from torchvision.io import ImageReadMode, decode_jpeg

    torch.set_num_threads(1)

    def decode(jpeg: bytes) -> Pixels:
        tensor = decode_jpeg(torch.frombuffer(bytearray(jpeg), dtype=torch.uint8), mode=ImageReadMode.RGB)
        return _array(tensor.permute(1, 2, 0).numpy())

    return Rival("torchvision", _version("torchvision"), decode, half=None)


def installed() -> tuple[list[Rival], list[Missing]]:
    """Every rival that can be imported here, and why the others cannot."""
    found, missing = [], []
    for load in (pillow, simplejpeg, pyturbojpeg, opencv, imagecodecs, kornia_rs, pyvips, torchvision):
        try:
            found.append(load())
        except Exception as error:  # noqa: BLE001  # a broken install raises what it likes; its reason is shown
            missing.append(Missing(load.__name__, str(error).splitlines()[0] if str(error) else repr(error)))
    return found, missing


def _area(decode: Decode) -> Resize | None:
    """That decoder, then OpenCV's area filter; None without OpenCV."""
    try:
        import cv2
    except ImportError:
        return None
    cv2.setNumThreads(1)
    return lambda jpeg, size: _array(cv2.resize(decode(jpeg), (size, size), interpolation=cv2.INTER_AREA))


def _version(distribution: str) -> str:
    for name in ("pillow-simd", distribution) if distribution == "Pillow" else (distribution,):
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return "?"


def _array(pixels: object) -> Pixels:
    array: Pixels = np.asarray(pixels, dtype=np.uint8)
    return array
