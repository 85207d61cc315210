"""The compiled core: the boundary between Python and Rust, one section a noun.

Every call that reads files, hashes or decodes releases the GIL. Long ones ask for signals every 50 ms and
leave with whatever the signal's handler raises. Errors are those of `turboshard.errors`, ``OSError`` and its
subclasses with ``errno`` and ``filename``, ``ValueError`` for arguments that make no sense, and
``RuntimeError`` for a defect of this library. Names that are not UTF-8 come as ``os.fsdecode`` gives them.
"""

import os
import pathlib
from collections.abc import Iterable, Sequence
from typing import Any, Literal, TypeAlias, final

import numpy as np
from numpy.typing import NDArray
from typing_extensions import Buffer

from turboshard._typing import (
    BatchColumns,
    BuildInfo,
    Deal,
    Evidence,
    IdentityFacts,
    ImageInfo,
    IterationStats,
    MeshColumns,
    Resample,
    Sample,
    Verdict,
)

__all__ = [
    "Archive",
    "Catalog",
    "Iteration",
    "Loader",
    "Progress",
    "Release",
    "Selection",
    "Shard",
    "__version__",
    "_after_fork_in_child",
    "_at_exit",
    "audit",
    "available_parallelism",
    "build_info",
    "dataset_names",
    "decode",
    "decode_batch",
    "decode_counts",
    "decode_obj",
    "digest_files",
    "encode",
    "encode_ply",
    "geogen_cameras",
    "headspace_landmarks",
    "identity_of",
    "info",
    "pack",
    "permutation",
    "read_pt",
    "reghead_facts",
    "reshard",
    "resize",
    "synth",
    "synth_source",
    "verify",
]

__version__: str

# NumPy's stubs hide an array's buffer protocol before Python 3.12.
_BytesLike: TypeAlias = Buffer | NDArray[Any]

# --- image -----------------------------------------------------------------------------------------------

def decode(
    data: _BytesLike,
    *,
    size: int | tuple[int, int] | None = None,
    resample: Resample = "lanczos3",
    reduce: Literal[1, 2, 4, 8] = 1,
    crop: tuple[int, int, int, int] | None = None,
    mode: Literal["RGB", "L", "RGBA", "Y"] = "RGB",
    layout: Literal["HWC", "CHW"] = "HWC",
    exif: bool = False,
    strict: bool = False,
    truncated: Literal["error", "fill"] = "error",
    out: Any = None,
) -> NDArray[np.uint8]:
    """Decodes a JPEG, a PNG or a BMP, known by its content; of an animated PNG the first picture.

    The order is: EXIF turn, crop, reduce, size, mode, layout.

    Args:
        data: the file's bytes.
        size: side of the square, or (height, width), that the image is stretched to; None keeps what
            ``crop`` and ``reduce`` leave.
        resample: the filter for ``size``, within one grey level of Pillow's of that name when shrinking, two
            when enlarging. ``"dct"`` makes exactly half the size (rounded up) of a whole, undamaged baseline
            JPEG in grey, 4:4:4 or 4:2:0: of luma's (and 4:4:4 chroma's) low 4x4 coefficients, as IJG's libjpeg
            from version 7 on; 4:2:0 chroma keeps all of its. Anything else with it is a ValueError naming it.
        reduce: a JPEG decoder's own scaling, 1/``reduce`` (a box average at 2).
        crop: (y, x, height, width) in full-resolution pixels after the turn; with ``reduce``, y and x are
            multiples of it.
        mode: ``"RGB"``, ``"L"`` and ``"RGBA"`` are what Pillow's ``convert`` gives; ``"Y"`` is the
            JPEG decoder's luma.
        layout: order of the axes.
        exif: apply the EXIF orientation.
        strict: every warning of the decoder is an error.
        truncated: ``"fill"`` gives what could be decoded of a truncated JPEG, the rest grey.
        out: a writable C-contiguous uint8 buffer of the result's shape that shares no memory with ``data``; it
            is filled and returned. After an error its contents are undefined.

    Returns:
        uint8 of shape (height, width, channels), (channels, height, width) for ``"CHW"``, and (height, width)
        for ``"L"`` and ``"Y"``.

    Raises:
        DecodeError: no image, a broken one, or more than 178,956,970 pixels, before anything is allocated.
        ValueError: an argument that makes no sense for this image, or ``out`` of another shape.
        TypeError: no bytes-like object, or ``out`` of another type.

    Warns:
        DecompressionBombWarning: more than 89,478,485 pixels.
    """

def decode_batch(
    images: Iterable[_BytesLike],
    *,
    size: int | tuple[int, int] | None = None,
    resample: Resample = "lanczos3",
    reduce: Literal[1, 2, 4, 8] = 1,
    crop: tuple[int, int, int, int] | None = None,
    mode: Literal["RGB", "L", "RGBA", "Y"] = "RGB",
    layout: Literal["HWC", "CHW"] = "HWC",
    exif: bool = False,
    strict: bool = False,
    truncated: Literal["error", "fill"] = "error",
    out: Any = None,
    threads: int | None = None,
) -> NDArray[np.uint8]:
    """Decodes many images into one array; keywords as in `decode`.

    Args:
        images: the files' bytes. Without ``size`` all must come out equally large.
        threads: None for all CPUs this process may use, but 1 in a torch worker;
            ``TURBOSHARD_NUM_THREADS`` overrides both. Any number gives the same pixels.

    Returns:
        uint8 of shape (images, …), the rest as in `decode`.

    Raises:
        DecodeError: the first image that cannot be decoded; ``member`` is ``"item N"``, counted from 0.
        ValueError: as in `decode`, or images of different sizes, naming the first that differs.
    """

def encode(
    image: Any,
    *,
    quality: int = 95,
    subsampling: Literal["420", "422", "444", "4:2:0", "4:2:2", "4:4:4"] = "420",
    optimize: bool = False,
) -> bytes:
    """Encodes a JPEG (baseline, libjpeg's quality scale).

    Args:
        image: uint8 of shape (height, width), (height, width, 1), (height, width, 3) or (height, width, 4),
            of which the fourth channel is dropped.
        quality: 1 to 100.
        subsampling: chroma resolution; ignored for grey.
        optimize: Huffman tables made for this picture: fewer bytes, the same pixels, more time.

    Raises:
        TypeError: another dtype or shape.
        ValueError: quality or subsampling out of range.
    """

def resize(
    image: Any,
    size: int | tuple[int, int],
    *,
    resample: Resample = "lanczos3",
    out: Any = None,
) -> Any:
    """Stretches pixels to another size, as Pillow's `Image.resize` does with the filter of that name: equal to it.

    Args:
        image: uint8 of shape (height, width) or (height, width, channels) with 1, 3 or 4 channels, each resized
            by itself: colours are not multiplied by alpha, as Pillow does for RGBA.
        size: an int (square) or (height, width).
        resample: name of the filter, or Pillow's number for it; not ``"dct"``, which is none of pixels.
        out: a writable C-contiguous uint8 buffer of the result's shape, not overlapping ``image``.

    Returns:
        A new uint8 array of shape (height, width) or (height, width, channels), or ``out``.

    Raises:
        TypeError: another dtype or shape.
        ValueError: size or filter out of range, or ``out`` does not fit.
    """

def info(data: _BytesLike, /) -> ImageInfo:
    """Reads what the header of a JPEG, PNG or BMP says, without decoding.

    Raises:
        DecodeError: none of these, or one that `decode` would refuse by its header.
    """

# --- mesh ------------------------------------------------------------------------------------------------

def decode_obj(data: _BytesLike, *, dtype: Literal["float32", "float64"] = "float64") -> MeshColumns:
    """Reads a Wavefront OBJ; `turboshard.decode_obj` says what the arrays are. Lists it has not are of no rows."""

def encode_ply(
    vertices: NDArray[np.float64],
    faces: NDArray[np.int32],
    *,
    colors: NDArray[np.float64] | None = None,
    uv: NDArray[np.float64] | None = None,
    face_uv: NDArray[np.int32] | None = None,
    texture: str | None = None,
    dtype: Literal["float32", "float64"] = "float32",
) -> bytes:
    """Writes a PLY; `turboshard.encode_ply` says what of. ``ValueError`` for arrays that do not fit each other."""

def headspace_landmarks(data: _BytesLike, *, vertices: int) -> NDArray[np.uint32]:
    """Reads 68 landmarks; `turboshard.headspace.landmarks` says how."""

# --- shard -----------------------------------------------------------------------------------------------

@final
class Shard:
    """An open, indexed tar; `turboshard.Shard` says what its methods mean.

    ``lenient`` skips links, sparse members and devices and takes a damaged end.
    """

    def __new__(cls, path: str | os.PathLike[str], *, lenient: bool = False) -> Shard: ...
    def __len__(self) -> int:
        """Number of samples."""

    def keys(self) -> list[str]:
        """The key of each sample."""

    def fields(self) -> list[str]:
        """The distinct fields in lower case, in order of first appearance."""

    def find(self, key: str) -> int | None:
        """The number of the sample with this key."""

    @staticmethod
    def open_all(
        paths: Sequence[str | os.PathLike[str]], *, lenient: bool = False, threads: int | None = None
    ) -> list[Shard]:
        """Open and index many, several at a time, in order; the error is that of the earliest that fails."""

    def columns(self) -> dict[str, Any]:
        """One row a member, new arrays at each call.

        ``sample`` (int64, -1 for none), ``header_offset``, ``offset`` and ``size`` (uint64, bytes), and the
        names as they are in the archive, one after the other: ``names`` (bytes), ``name_end`` (uint32), where
        each ends.
        """

    def members(self) -> list[str]:
        """The name of each member."""

    def member_fields(self) -> list[str | None]:
        """The field of each member in its own case; None for a member that belongs to no sample."""

    def read_member(self, member: int) -> bytes:
        """One member by its row; ``IndexError`` if there is none."""

    def sample(self, sample: int) -> Sample:
        """One sample as ``bytes``; ``IndexError`` if there is none."""

    def view(self, sample: int) -> Sample:
        """One sample as read-only memoryviews of one ``bytes``; ``IndexError`` if there is none."""

    def load(
        self,
        samples: Sequence[int],
        fields: Sequence[str],
        *,
        size: int | tuple[int, int] | None = None,
        resample: Resample = "lanczos3",
        reduce: Literal[1, 2, 4, 8] = 1,
        crop: tuple[int, int, int, int] | None = None,
        mode: Literal["RGB", "L", "RGBA", "Y"] = "RGB",
        layout: Literal["HWC", "CHW"] = "HWC",
        exif: bool = False,
        strict: bool = False,
        truncated: Literal["error", "fill"] = "error",
        out: Any = None,
        threads: int | None = None,
    ) -> NDArray[np.uint8]:
        """Decodes ``fields`` of ``samples``; uint8 of shape (samples, fields, …), the rest as in `decode`.

        Raises:
            ShardError: a sample has not that field.
            DecodeError: the first image that cannot be decoded, with its shard, member and offset.
        """

# --- digest ----------------------------------------------------------------------------------------------

def digest_files(
    paths: Sequence[str | os.PathLike[str]], *, progress: Progress | None = None, threads: int | None = None
) -> list[str]:
    """SHA-256 of files in hex, several at a time, in order; ``OSError`` for the first that cannot be read."""

# --- release ---------------------------------------------------------------------------------------------

@final
class Release:
    """Where the shards of a release lie and what its lists say; nothing of the shards is read.

    Raises ``OSError`` for what does not exist, `ShardError` for a folder without shards and lists, or a list
    that makes no sense, ``ValueError`` for no source or a malformed pattern.
    """

    def __new__(cls, sources: Sequence[str]) -> Release: ...
    @property
    def shards(self) -> list[str]:
        """Paths: by name within a folder, in the given order otherwise."""

    @property
    def root(self) -> str:
        """The folder of the first source."""

    @property
    def name(self) -> str:
        """The manifest's, else what the shards' names have in front of their numbers, else the folder's."""

    @property
    def manifest(self) -> str | None:
        """``release_manifest.json`` of the first source, as JSON."""

    def croissant(self) -> str:
        """The release described in Croissant 1.0; paths in the text are relative to its root.

        Raises:
            ShardError: a shard's digest is listed nowhere.
            OSError: reading failed.
        """

    def samples(self) -> list[tuple[str, str, str, int]] | None:
        """The rows of ``webdataset_samples.jsonl``: key, identity, shard, number of expressions."""

def verify(
    release: Release,
    *,
    deep: bool = False,
    lenient: bool = False,
    base: str | os.PathLike[str] | None = None,
    ignore_missing: bool = False,
    receipt: str | os.PathLike[str] | None = None,
    cache: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
    threads: int | None = None,
) -> Verdict:
    """Computes the SHA-256 of every listed file and compares; `turboshard.verify` says what the keywords mean.

    ``line`` of a problem and of a fetch is an index into ``lines``; offsets are bytes in the shard, ranges end before
    their second number. Digests that were proved are kept in the release's index file, or in one below ``cache`` where
    that cannot be written. ``ValueError`` if ``receipt`` is a file of another kind.
    """

# --- loader ----------------------------------------------------------------------------------------------

@final
class Catalog:
    """The samples of a release as one sequence. Its shards are open, and indexed.

    The index comes from ``<root>/.turboshard/index-v1`` as far as the shards have the size and times they had then,
    else from a scan, which leaves that file, or one below ``cache`` where it cannot be written. A lone shard, and one
    read with ``lenient``, is scanned each time.
    """

    def __new__(
        cls,
        release: Release,
        *,
        lenient: bool = False,
        cache: str | os.PathLike[str] | None = None,
        threads: int | None = None,
    ) -> Catalog: ...
    def __len__(self) -> int:
        """Number of samples."""

    @property
    def fingerprint(self) -> str:
        """SHA-256, in hex, of names, sizes and layout of the shards; every copy of a release has the same."""

    def shards(self) -> list[Shard]:
        """The shards, in the release's order."""

    def check_unchanged(self) -> None:
        """`ShardError` if a shard was written to or replaced since it was opened."""

    def evidence(self) -> Evidence:
        """What tells this release, and this state of its files, from others; as hex digests, for JSON."""

    def check_same(self, noted: Evidence) -> None:
        """`ShardError` if something speaks against this being the release that was noted down.

        That is: another fingerprint; other digests, where both were verified; or, unless all shards are verified here,
        files at the same place on the same machine that were written to since, or touched since they were verified.
        """

@final
class Loader:
    """What a row of a batch is made of, and of what samples; `turboshard.Loader` says what the keywords mean.

    Args:
        catalog: the release.
        rows: numbers of its samples that take part, in their order; None for all of them.
        fields: fields to choose from.
        picks: for each image of a row the number of its field, or None for one drawn from those that no other
            image of the row has.
        random_crop: cut out a part drawn for each sample, before ``size``.
        hflip: how likely a sample is mirrored, 0 to 1.
        normalize: (means, deviations), one a channel: float32 ``(value / 255 - mean) / deviation`` instead of uint8.

    Raises:
        ValueError: no field, or more than there are; no ``size``, and the first image has none to take.
    """

    def __new__(
        cls,
        catalog: Catalog,
        rows: Sequence[int] | None,
        fields: Sequence[str],
        picks: Sequence[int | None],
        *,
        random_crop: bool = False,
        hflip: float = 0.0,
        normalize: tuple[Sequence[float], Sequence[float]] | None = None,
        size: int | tuple[int, int] | None = None,
        resample: Resample = "lanczos3",
        reduce: Literal[1, 2, 4, 8] = 1,
        crop: tuple[int, int, int, int] | None = None,
        mode: Literal["RGB", "L", "RGBA", "Y"] = "RGB",
        layout: Literal["HWC", "CHW"] = "HWC",
        exif: bool = False,
        strict: bool = False,
        truncated: Literal["error", "fill"] = "error",
    ) -> Loader: ...
    def __len__(self) -> int:
        """Number of samples."""

    @property
    def fingerprint(self) -> str:
        """That of the release and of the rows that take part, in hex."""

    @property
    def shape(self) -> list[int]:
        """Shape of a row: images, then the axes of one."""

    def steps(self, deal: Deal) -> int:
        """Batches of a rank from ``deal["start"]`` to the end of the epoch, those of all workers."""

    def begin(
        self,
        deal: Deal,
        *,
        out: Sequence[Any] | None = None,
        threads: int | None = None,
        prefetch: int = 4,
        prefetch_bytes: int = 1073741824,
    ) -> Iteration:
        """Begins an epoch.

        Args:
            deal: which part of which epoch.
            out: writable C-contiguous uint8 buffers of a batch's bytes, filled in turn; none may share memory. Each
                is written to again once the batch after its own was asked for.
            threads: threads to decode on; with one, the caller's own when it asks for a batch.
            prefetch: batches to be ready or in the making.
            prefetch_bytes: bytes these may take; one batch is always made.

        Raises:
            ShardError: a shard changed since it was opened.
        """

    def load(
        self,
        samples: Sequence[int],
        *,
        seed: int = 0,
        epoch: int = 0,
        out: Any = None,
        threads: int | None = None,
    ) -> BatchColumns:
        """Makes rows of some samples, in the given order; ``out`` is a uint8 buffer of their bytes."""

@final
class Iteration:
    """A running epoch. Several threads may ask it and get different batches."""

    def next(self) -> BatchColumns | None:
        """The next batch, None behind the last.

        Raises:
            ValueError: it was closed.
            RuntimeError: it was begun before a fork.
        """

    def close(self) -> None:
        """Ends its threads."""

    def stats(self) -> IterationStats:
        """What it did so far."""

def permutation(seed: int, epoch: int, fingerprint: str, samples: int) -> NDArray[np.uint32]:
    """The order of an epoch of so many samples, by the algorithm in ``docs/loading.md``."""

def audit(release: Release, *, name: str | None = None, threads: int | None = None) -> str:
    """Counts a release and holds it against its publisher's figures; `turboshard.audit` says how.

    Returns:
        JSON: the fields of `turboshard.auditing.Audit`.
    """

# --- selection -------------------------------------------------------------------------------------------

@final
class Selection:
    """Fields to keep and conditions to meet, in the words of ``--select`` and ``--where``.

    Raises ``ValueError`` for words that make no sense.
    """

    def __new__(cls, fields: Sequence[str], conditions: Sequence[str]) -> Selection: ...
    def check(self, fields: Sequence[str]) -> None:
        """``ValueError`` if a word means none of these fields."""

    def keeps(self, field: str) -> bool:
        """Whether a field is kept."""

    def holds(self, key: str, json: bytes | None) -> bool:
        """Whether a sample with this key and JSON meets all conditions."""

def identity_of(key: str) -> str:
    """The identity in a key of RegHead's form; any other key is its own."""

def reghead_facts(identity: str) -> IdentityFacts | None:
    """What the name of a RegHead identity says; None if it is none."""

# --- reshard ---------------------------------------------------------------------------------------------

def reshard(
    sources: Sequence[str],
    dst: str | os.PathLike[str],
    options: str,
    *,
    overwrite: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
    threads: int | None = None,
) -> str:
    """Makes a new release; `turboshard.reshard` says how.

    Args:
        sources: as `Release` takes them.
        dst: folder of the new release.
        options: a JSON object of the names in `turboshard.reshard.ReshardOptions`.
        overwrite: replace what another source or other options have made there.
        dry_run: write nothing.
        progress: counts images.
        threads: None for all CPUs this process may use.

    Returns:
        JSON: the fields of `turboshard.reshard.Outcome`, or the plan if ``dry_run``.
    """

def synth(
    dst: str | os.PathLike[str],
    *,
    identities: int,
    size: int,
    quality: int,
    seed: int,
    max_shard_size: int,
    photos: str | os.PathLike[str] | None = None,
    name: str | None = None,
    progress: Progress | None = None,
    threads: int | None = None,
) -> None:
    """Writes a release of drawn heads; `turboshard.synth` says what the keywords mean."""

def synth_source(
    dataset: str,
    dst: str | os.PathLike[str],
    *,
    subjects: int,
    size: int,
    seed: int,
    progress: Progress | None = None,
    threads: int | None = None,
) -> None:
    """Writes a data set as its publisher ships it, made up; `turboshard.synth_source` says what the keywords mean."""

def pack(
    dataset: str,
    src: str | os.PathLike[str],
    dst: str | os.PathLike[str],
    *,
    max_shard_size: int,
    name: str | None = None,
    license: str | None = None,  # noqa: A002 - the manifest's word
    citation: str | None = None,
    source: str | None = None,
    ply: bool = False,
    subset: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
    threads: int | None = None,
) -> str:
    """Makes a release of a published data set; `turboshard.pack` says what the keywords mean.

    Returns:
        JSON: the fields of `turboshard.packing.Packed`.
    """

def dataset_names() -> list[str]:
    """Names of the data sets that can be packed."""

def geogen_cameras(
    json: bytes,
) -> tuple[list[tuple[int, int, list[float]]], list[tuple[int, int, list[float]]]]:
    """Reads a GeoGen subject's JSON.

    Returns:
        Extrinsics and intrinsics, each a list of (rows, columns, values row after row).

    Raises:
        ShardError: there are no cameras in it, or they are no matrices of 3x3, 3x4 or 4x4.
    """

def read_pt(data: bytes) -> dict[str, tuple[str, tuple[int, ...], bytes]]:
    """Reads the tensors of a file of ``torch.save``; nothing that its pickle asks for is imported or called.

    Returns:
        Of each tensor: numpy's name of its type, its shape, its values; a lone tensor's name is empty.

    Raises:
        ShardError: it is none, or holds what is no tensor.
    """

# --- archive -----------------------------------------------------------------------------------------------

@final
class Archive:
    """Files in a folder, tar, tar.gz or zip, by number; `turboshard.Archive` gives them names."""

    def __new__(
        cls,
        path: str | os.PathLike[str],
        *,
        lenient: bool = False,
        max_file_size: int = 2147483648,
        max_ratio: int = 200,
        spacing: int = 8388608,
    ) -> Archive:
        """Lists the files of an archive, known by its content; `turboshard.Archive` says what the keywords mean."""

    @property
    def form(self) -> Literal["folder", "tar", "tar.gz", "zip"]:
        """What it is."""

    @property
    def sha256(self) -> str | None:
        """Digest of a tar.gz, in hex."""

    def __len__(self) -> int: ...
    def names(self) -> list[str]:
        """Names of the files, in the archive's order; what is not UTF-8 in a tar or folder becomes lone surrogates."""

    def sizes(self) -> NDArray[np.uint64]:
        """Unpacked bytes of each file, in the order of ``names()``."""

    def find(self, name: str) -> int | None:
        """The number of a file; None if there is none of that name."""

    def read(self, file: int) -> bytes:
        """The unpacked bytes of a file.

        Raises:
            IndexError: there is no such file.
            ShardError: it is damaged, or larger than the limits.
            OSError: reading failed.
        """

    def save_index(self, folder: str | os.PathLike[str] | None = None) -> list[pathlib.Path]:
        """Writes the two files of a tar.gz's index, and returns their paths."""

# --- progress --------------------------------------------------------------------------------------------

@final
class Progress:
    """How far a long call is that was given this; to be read from another thread."""

    def __new__(cls) -> Progress: ...
    def expect(self, total: int) -> None:
        """Says how much there is in all."""

    def add(self, units: int) -> None:
        """Says that more is done."""

    @property
    def done(self) -> int:
        """Units done: bytes where bytes are read, images where images are made."""

    @property
    def total(self) -> int:
        """Units in all; 0 while that is not known."""

# --- process ---------------------------------------------------------------------------------------------

def available_parallelism() -> int:
    """CPUs this process may use: its affinity and its cgroup's quota counted."""

def build_info() -> BuildInfo:
    """What this build is and what it runs on."""

def decode_counts() -> tuple[int, int]:
    """How many JPEGs this process has decoded: by the fast path, and by libjpeg-turbo.

    An image the fast path began and libjpeg-turbo finished counts for libjpeg-turbo, one whose header alone was
    read for neither.
    """

def _after_fork_in_child() -> None: ...
def _at_exit() -> None: ...
