"""Types that signatures share."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Sample: TypeAlias = dict[str, Any]
"""``{"__key__": str, "__url__": str, field: bytes, …}``: fields in lower case, in member order."""

Source: TypeAlias = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
"""A release's folder, a shard, a glob, a ``{000000..000010}`` range, or a list of them."""

Resample: TypeAlias = (
    Literal["lanczos3", "lanczos", "bicubic", "bilinear", "hamming", "box", "nearest", "dct"] | int
)
"""A filter by name, or as a member of ``PIL.Image.Resampling``; ``"dct"`` is for half a JPEG's size only."""

OnError: TypeAlias = Literal["raise", "skip", "fill"] | Callable[[Exception], bool]
"""What to do about an image that is broken or missing; `turboshard.Loader` says what each means."""

Constants: TypeAlias = tuple[Sequence[float], Sequence[float]]
"""Means and deviations, one a channel."""


class _Keywords(TypedDict, total=False):
    size: int | tuple[int, int] | None
    resample: Resample
    reduce: Literal[1, 2, 4, 8]
    mode: Literal["RGB", "L", "RGBA", "Y"]
    layout: Literal["HWC", "CHW"]
    exif: bool
    strict: bool
    truncated: Literal["error", "fill"]


class DecodeKeywords(_Keywords, total=False):
    """The keywords of every call that decodes; `turboshard.decode` says what they mean."""

    crop: tuple[int, int, int, int] | None


class LoadKeywords(_Keywords, total=False):
    """The keywords of every call that makes rows of samples; `turboshard.Loader` says what they mean."""

    crop: tuple[int, int, int, int] | Literal["random_resized"] | None


class ImageInfo(TypedDict):
    """What the header of an image says."""

    format: Literal["JPEG", "PNG", "BMP"]
    height: int
    width: int
    channels: int
    """As stored: a palette's numbers are one."""
    bits: int
    """Of a stored sample; of a BMP of 16 bits the fewest."""
    colour: Literal["gray", "YCbCr", "RGB", "CMYK", "YCCK", "gray+alpha", "RGBA", "palette"]
    subsampling: str
    """``"4:2:0"``, ``"4:4:4"``, … or ``"gray"``."""
    quality: int | None
    """The nearest setting on libjpeg's scale; None without quantisation tables."""
    quality_exact: bool
    """Whether the luma table is exactly libjpeg's of that quality."""
    progressive: bool
    """Of a PNG, whether it is interlaced."""
    orientation: int
    """EXIF's, 1 to 8."""
    icc: bool
    """Whether a colour profile is there."""


class BuildInfo(TypedDict):
    """What this build is and what it runs on."""

    version: str
    profile: Literal["debug", "release"]
    target: str
    libjpeg_turbo: str
    simd: str
    """What libjpeg-turbo uses: ``"avx2"``, ``"sse2"``, ``"neon"``, or ``"none"``, which is slow."""
    isa: Literal["portable", "avx2", "avx512"]
    """What this library's own kernels use: what the processor has, and ``TURBOSHARD_ISA`` at most."""
    jpeg_decoder: Literal["libjpeg-turbo", "avx2", "avx512"]
    """What decodes usual JPEGs: the fast path at that level, or libjpeg-turbo, which decodes all others."""
    jpeg_encoder: Literal["libjpeg-turbo", "avx2", "avx512"]
    """What encodes JPEGs, with libjpeg-turbo's bytes; Huffman tables of a file's own are always libjpeg-turbo's."""
    sha_extension: bool
    sha256: str
    """Whether the processor's own SHA-256 instructions are used."""


class Line(TypedDict):
    """The verdict on one listed file; `turboshard.verify` has it as `ShardReport`."""

    path: str
    file: str | None
    outcome: Literal["ok", "failed", "open or read"]
    reason: str | None
    code: str | None
    expected: str | None
    found: str | None
    size: int | None
    num_samples: int | None
    bad: list[str] | None
    good: list[str] | None


class Inside(TypedDict):
    """Something wrong inside a shard; `turboshard.verify` has it as `Problem`."""

    line: int
    key: str | None
    field: str | None
    member: str | None
    offset: int | None
    reason: str
    words: str
    range: tuple[int, int] | None
    tolerated: bool


class Refetch(TypedDict):
    """What to fetch again of one line's file; `turboshard.verify` has it as `Fetch`."""

    line: int
    ranges: list[tuple[int, int | None]]
    whole: bool


class Verdict(TypedDict):
    """The verdict on a release; `turboshard.verify` has it as `Report`."""

    lines: list[Line]
    problems: list[Inside]
    fetch: list[Refetch]
    extra: list[str]
    malformed: list[int]
    nothing_to_check: bool
    remembered: int


class MeshColumns(TypedDict):
    """A mesh; `turboshard.Mesh` says what each array is."""

    vertices: NDArray[Any]
    colors: NDArray[Any]
    uv: NDArray[Any]
    normals: NDArray[Any]
    faces: NDArray[np.int32]
    face_uv: NDArray[np.int32]
    face_normals: NDArray[np.int32]
    face_sizes: NDArray[np.int32]
    materials: list[str]


class IdentityFacts(TypedDict):
    """What the name of a RegHead identity says."""

    number: int
    animal: str
    style: str
    """One of the four, whatever its spelling."""
    feature: str
    accessories: list[str]


class Evidence(TypedDict):
    """What tells a release, and a state of its files, from others; SHA-256 in hex."""

    fingerprint: str
    """Of names, sizes and layout of the shards."""
    place: str
    """Of the machine's name and the paths."""
    times: str
    """Of sizes and times of writing."""
    content: str | None
    """Of the shards' digests, if all were verified and none was touched since."""


class Deal(TypedDict):
    """Which part of which epoch a loader takes."""

    seed: int
    epoch: int
    shuffle: bool
    start: int
    """Samples delivered before, by all ranks."""
    rank: int
    world_size: int
    batch_size: int
    drop_last: bool
    worker: int
    workers: int
    """Worker processes of the rank, which take its batches in turn."""


class _Columns(TypedDict):
    pixels: Any
    """uint8, one axis; or the number of the caller's buffer."""
    samples: NDArray[np.int64]
    """Numbers in the release."""
    keys: list[str]
    valid: list[bool]
    """False for rows that only fill the batch up."""
    fields: list[list[int]]
    json: list[bytes | None]
    errors: list[tuple[int, int, Exception]]
    """Row, image, and why that image is zeros."""


class BatchColumns(_Columns, total=False):
    """A batch, a column each."""

    step: int
    """Its number among those of all workers."""
    delivered: int
    """Samples delivered in all once this batch is."""


class IterationStats(TypedDict):
    """What an iteration did so far."""

    batches: int
    images: int
    bytes_read: int
    waited: float
    """Seconds the consumer waited."""
    ready: int
    """Batches complete and not yet taken."""
