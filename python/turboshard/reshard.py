"""A new release out of an old one."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from turboshard import _core
from turboshard.release import Release, specifications

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Unpack

    from turboshard._typing import Resample, Source


_PILLOW_FILTERS = ("nearest", "lanczos3", "bilinear", "bicubic", "box", "hamming")
"""By the numbers of ``PIL.Image.Resampling``."""


class ReshardOptions(TypedDict, total=False):
    """What decides the bytes of the new release; every one has a default.

    The command line's options of the same names say what they mean: ``turboshard reshard --help``.
    """

    size: int | tuple[int, int] | None
    fit: Literal["stretch", "cover", "contain"]
    resample: Resample
    quality: int | None
    subsampling: Literal["keep", "420", "422", "444", "4:2:0", "4:2:2", "4:4:4"]
    space: Literal["rgb", "ycc"]
    optimize: bool
    format: Literal["keep", "jpeg", "png"]
    to_rgb: bool
    allow_upscale: bool
    select: Iterable[str]
    keys: Iterable[str] | None
    where: str | Iterable[str]
    first: int | None
    split: Mapping[str, float]
    max_shard_size: int | str
    max_samples: int | None
    num_shards: int | None
    name: str | None
    shuffle: bool
    seed: int
    tar_format: Literal["gnu", "pax"]
    verify: bool
    skip_bad: bool
    license: str
    citation: str
    origin: str


@dataclass(frozen=True)
class Outcome:
    """What a run did.

    Attributes:
        name: of the release.
        num_samples: samples in it.
        num_images: image members in it.
        shards: ``filename``, ``size``, ``sha256`` and ``num_samples`` of each.
        finished_before: True if it was there already, whole, and nothing was done.
        reused_images: images that an earlier run had made.
        redone_images: images made in this run.
        encoded_images: images encoded again rather than copied.
        source_verified: True if every source shard matched a published digest.
        left_out: ``key`` and ``reason`` of samples left out although nothing asked for it.
        notes: what the user should know, in words.
        warnings: what whoever uses the release must be told.
        publishable: False if a source's licence forbids to pass the release on.
    """

    name: str
    num_samples: int
    num_images: int
    shards: list[dict[str, Any]]
    finished_before: bool
    reused_images: int
    redone_images: int
    encoded_images: int
    source_verified: bool
    left_out: list[dict[str, str]]
    notes: list[str]
    warnings: list[str]
    publishable: bool


def reshard(
    source: Source | Release,
    dst: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    threads: int | None = None,
    progress: _core.Progress | None = None,
    **options: Unpack[ReshardOptions],
) -> Release:
    """Make a new release out of ``source`` in the folder ``dst``, and open it.

    Nothing gets its final name before every source shard it draws on was found to match its published digest. The
    same call again goes on where it stopped; a finished ``dst`` is left as it is.

    Args:
        source: a release or a part of one, shards, or a list of them, which are merged.
        dst: a new folder, or one that an earlier run of the same call left.
        overwrite: replace what another source or other options have made there.
        threads: None for all CPUs this process may use. Any number gives the same bytes.
        progress: counts images, for another thread to read.
        **options: `ReshardOptions`.

    Raises:
        DigestMismatch: a source shard is not what its release says.
        ShardError: a source is unsound, or a sample alone is larger than ``max_shard_size``.
        ValueError: options that do not fit, or a ``dst`` that holds something else.
        OSError: reading or writing failed.
    """
    run(source, dst, options, overwrite=overwrite, threads=threads, progress=progress)
    return Release(dst)


def run(
    source: Source | Release,
    dst: str | os.PathLike[str],
    options: ReshardOptions,
    *,
    overwrite: bool = False,
    threads: int | None = None,
    progress: _core.Progress | None = None,
) -> Outcome:
    """As `reshard`, but say what was done."""
    text = _core.reshard(
        specifications(source),
        os.fspath(dst),
        json.dumps(_document(options, source)),
        overwrite=overwrite,
        progress=progress,
        threads=threads,
    )
    return Outcome(**json.loads(text))


def plan(
    source: Source | Release, dst: str | os.PathLike[str], options: ReshardOptions, *, overwrite: bool = False
) -> dict[str, Any]:
    """Say what `reshard` would do, as far as it can be known without decoding; nothing is written."""
    text = _core.reshard(
        specifications(source),
        os.fspath(dst),
        json.dumps(_document(options, source)),
        overwrite=overwrite,
        dry_run=True,
    )
    planned: dict[str, Any] = json.loads(text)
    return planned


def parse_bytes(size: int | str) -> int:
    """Read a size such as ``1800MiB``, ``2GB`` or ``4096``."""
    if isinstance(size, int):
        return size
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kKMGT]?)(i?)[bB]?\s*", size)
    if found is None:
        raise ValueError(f"{size!r} is no size, such as 1800MiB")
    number, prefix, binary = found.groups()
    factor: int = (1024 if binary else 1000) ** " KMGT".index(prefix.upper() or " ")
    return round(float(number) * factor)


def _document(options: ReshardOptions, source: Source | Release) -> dict[str, Any]:
    """The options as the core reads them, with the part that ``source`` is."""
    document: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    if isinstance(size := document.get("size"), int):
        document["size"] = (size, size)
    for name in ("select", "where"):
        if name in document:
            given = document[name]
            document[name] = [given] if isinstance(given, str) else list(given)
    if "keys" in document:
        document["keys"] = list(document["keys"])
    if "split" in document:
        document["split"] = list(document["split"].items())
    if "max_shard_size" in document:
        document["max_shard_size"] = parse_bytes(document["max_shard_size"])
    if isinstance(document.get("resample"), int):
        document["resample"] = _PILLOW_FILTERS[document["resample"]]
    if isinstance(source, Release) and not source.is_whole:
        _narrow(document, source)
    return document


def _narrow(document: dict[str, Any], part: Release) -> None:
    """Say in options which part of its sources a release is."""
    if "select" in document or "keys" in document:
        raise ValueError("a part of a release is selected already: select and keys do not apply")
    document["keys"] = part.keys
    fields = part.fields
    document["select"] = [field for field in fields if field != "json"] + ["!json"] * ("json" not in fields)
