"""What a picture must become: Pillow's answer, and the resampling formula as a second opinion.

Sizes are (height, width) and crops (y, x, height, width), as in the library; Pillow has them the other way
round.
"""

import io
import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import PIL
from PIL import Image, ImageOps

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]

FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "hamming": Image.Resampling.HAMMING,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos3": Image.Resampling.LANCZOS,
}
SUBSAMPLINGS = {"444": 0, "422": 1, "420": 2}

# Plain Pillow's arithmetic is whole numbers and can be met exactly. pillow-simd rounds its weights more coarsely: one
# level when shrinking; enlarging with a negative lobe adds up more such errors around edges: two. Its grey, too.
EXACT = ".post" not in PIL.__version__
SHRINK_LEVELS = 0 if EXACT else 1
ENLARGE_LEVELS = 0 if EXACT else 2
GREY_LEVELS = 0 if EXACT else 1


def decode(
    data: bytes,
    mode: str = "RGB",
    size: tuple[int, int] | None = None,
    resample: str = "lanczos3",
    crop: tuple[int, int, int, int] | None = None,
    exif: bool = False,
    layout: str = "HWC",
) -> Pixels:
    """EXIF turn, crop, size, mode, layout, in this order."""
    image: Image.Image = Image.open(io.BytesIO(data))
    if exif:
        image = ImageOps.exif_transpose(image)
    if crop is not None:
        y, x, height, width = crop
        image = image.crop((x, y, x + width, y + height))
    if size is not None:
        image = _resize(image, size, resample)
    pixels = np.asarray(image.convert(mode))
    return pixels.transpose(2, 0, 1) if layout == "CHW" and pixels.ndim == 3 else pixels


def shape(data: bytes) -> tuple[int, int]:
    """Height and width that the file declares."""
    width, height = Image.open(io.BytesIO(data)).size
    return height, width


def luma(data: bytes) -> Pixels:
    """The decoder's own luma plane of a YCbCr or grey JPEG."""
    image = Image.open(io.BytesIO(data))
    image.draft("L" if image.mode == "L" else "YCbCr", None)
    return np.asarray(image.getchannel(0))


def reduced(data: bytes, reduce: int) -> Pixels:
    """The decoder's own scaling, as Pillow's `draft` asks for it.

    `draft` also turns on the fast inverse DCT and plain chroma upsampling, so it is exact only where neither
    runs: grey, and colour without subsampling; 4:2:0 at 4 and 8.
    """
    image = Image.open(io.BytesIO(data))
    image.draft(None, (max(image.width // reduce, 1), max(image.height // reduce, 1)))
    return np.asarray(image)


def box_mean(pixels: Pixels, reduce: int) -> Floats:
    """Mean of each `reduce` × `reduce` block; height and width must be multiples of `reduce`."""
    height, width = pixels.shape[0] // reduce, pixels.shape[1] // reduce
    blocks = pixels.reshape(height, reduce, width, reduce, -1).astype(np.float64)
    mean: Floats = blocks.mean(axis=(1, 3))
    return mean.reshape((height, width, *pixels.shape[2:]))


def _resize(image: Image.Image, size: tuple[int, int], resample: str) -> Image.Image:
    vertical = vertical_first((image.height, image.width), size)
    first = (image.width, size[0]) if vertical else (size[1], image.height)
    return image.resize(first, FILTERS[resample]).resize((size[1], size[0]), FILTERS[resample])


def resize(pixels: Pixels, size: tuple[int, int], resample: str = "lanczos3") -> Pixels:
    """Stretches to `size` by Pillow, one axis a call, in the order of Pillow ≥ 13, whatever Pillow this is."""
    return np.asarray(_resize(Image.fromarray(pixels), size, resample))


def resize_in_one_call(pixels: Pixels, size: tuple[int, int], resample: str = "lanczos3") -> Pixels:
    """The installed Pillow's `Image.resize` as a user calls it."""
    return np.asarray(Image.fromarray(pixels).resize((size[1], size[0]), FILTERS[resample]))


def vertical_first(source: tuple[int, int], target: tuple[int, int]) -> bool:
    """True where Pillow ≥ 13 goes vertically first: the height loses over twice the pixels of the width.

    Older ones go horizontally first always. It shows: a sharp edge is rounded and clamped between the passes.
    """
    return target[0] < source[0] and source[0] - target[0] > 2 * (source[1] - target[1])


def encode(pixels: Pixels, quality: int = 95, subsampling: str = "420") -> bytes:
    """Pillow's JPEG of these pixels."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality, subsampling=SUBSAMPLINGS[subsampling])
    return file.getvalue()


def _triangle(x: Floats) -> Floats:
    return np.maximum(1.0 - np.abs(x), 0.0)


def _cubic(x: Floats) -> Floats:
    a, x = -0.5, np.abs(x)
    near = ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0
    far = (((x - 5.0) * x + 8.0) * x - 4.0) * a
    return np.where(x < 1.0, near, np.where(x < 2.0, far, 0.0))


SUPPORTS = {"box": 0.5, "bilinear": 1.0, "hamming": 1.0, "bicubic": 2.0, "lanczos3": 3.0}
KERNELS: dict[str, Callable[[Floats], Floats]] = {
    "box": lambda x: np.where((x > -0.5) & (x <= 0.5), 1.0, 0.0),
    "bilinear": _triangle,
    "hamming": lambda x: np.where(np.abs(x) < 1.0, np.sinc(x) * (0.54 + 0.46 * np.cos(np.pi * x)), 0.0),
    "bicubic": _cubic,
    "lanczos3": lambda x: np.where(np.abs(x) < 3.0, np.sinc(x) * np.sinc(x / 3.0), 0.0),
}


def weights(source: int, target: int, resample: str) -> Floats:
    """Row i holds what each of `source` pixels gives to pixel i of `target`; rows sum to one.

    The window's edges are computed as Pillow does: they decide whether a pixel on the edge of a box counts.
    """
    scale = source / target
    stretch = max(scale, 1.0)
    pixel = np.arange(source)[None, :]
    centre = (np.arange(target)[:, None] + 0.5) * scale
    low, high = (np.trunc(centre + sign * SUPPORTS[resample] * stretch + 0.5) for sign in (-1, 1))
    matrix = KERNELS[resample]((pixel - centre + 0.5) * (1.0 / stretch)) * ((pixel >= low) & (pixel < high))
    shares: Floats = matrix / matrix.sum(axis=1, keepdims=True)
    return shares


def nearest(source: int, target: int) -> npt.NDArray[np.intp]:
    """The pixel under each target pixel's centre. Pillow adds step to step; the rounding decides ties."""
    step = source / target
    return np.cumsum([0.5 * step] + [step] * (target - 1)).astype(np.intp)


def resize_by_formula(pixels: Pixels, size: tuple[int, int], resample: str = "lanczos3") -> Pixels:
    """A separable convolution in float64, rounded to 8 bits between the passes and after."""
    if vertical_first(pixels.shape[:2], size):
        turned = resize_by_formula(pixels.swapaxes(0, 1), (size[1], size[0]), resample)
        return turned.swapaxes(0, 1)
    height, width = pixels.shape[:2]
    if resample == "nearest":
        return pixels[nearest(height, size[0])][:, nearest(width, size[1])]
    across = np.einsum("ox,yx...->yo...", weights(width, size[1], resample), pixels.astype(np.float64))
    across = np.clip(np.floor(across + 0.5), 0, 255)
    down = np.einsum("oy,yx...->ox...", weights(height, size[0], resample), across)
    rounded: Pixels = np.clip(np.floor(down + 0.5), 0, 255).astype(np.uint8)
    return rounded


def distance(one: Pixels, other: Pixels) -> int:
    """The largest difference of two pictures in grey levels; they must have one shape."""
    if one.shape != other.shape:
        raise AssertionError(f"shapes differ: {one.shape} and {other.shape}")
    return int(np.abs(one.astype(np.int16) - other.astype(np.int16)).max(initial=0))


def psnr(one: Pixels, other: Pixels) -> float:
    """Peak signal-to-noise ratio in dB; infinite for equal pictures."""
    error = float(np.mean((one.astype(np.float64) - other.astype(np.float64)) ** 2))
    return math.inf if error == 0.0 else 10.0 * math.log10(255.0**2 / error)
