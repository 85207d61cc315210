"""Drawn heads in RegHead's format, and other data sets made up, to try things on."""

from __future__ import annotations

import os

from turboshard import _core
from turboshard.release import Release
from turboshard.reshard import parse_bytes


def synth(
    dst: str | os.PathLike[str],
    *,
    identities: int,
    size: int = 1024,
    quality: int = 95,
    seed: int = 0,
    max_shard_size: int | str = "1800MiB",
    photos: str | os.PathLike[str] | None = None,
    name: str | None = None,
    threads: int | None = None,
    progress: _core.Progress | None = None,
) -> Release:
    """Write a release of drawn heads into the new folder ``dst``, and open it.

    The same arguments give the same bytes on every machine, and fewer identities a strict prefix.

    Args:
        dst: an empty or new folder.
        identities: number of samples; each has ten images and JSON.
        size: side of every image.
        quality: of the JPEGs, 1 to 100.
        seed: decides identities and drawings.
        max_shard_size: bytes no shard may exceed.
        photos: a folder of ``idNNN/<expression>.jpg`` that take the drawings' place, over and over.
        name: of the release; None is ``synth-v1-SIZE``.
        threads: None for all CPUs this process may use. Any number gives the same bytes.
        progress: counts images, for another thread to read.

    Raises:
        ValueError: ``dst`` is not empty, or an argument is out of range.
        ShardError: a sample alone is larger than ``max_shard_size``.
        OSError: reading or writing failed.
    """
    _core.synth(
        os.fspath(dst),
        identities=identities,
        size=size,
        quality=quality,
        seed=seed,
        max_shard_size=parse_bytes(max_shard_size),
        photos=None if photos is None else os.fspath(photos),
        name=name,
        progress=progress,
        threads=threads,
    )
    return Release(dst)


def synth_source(
    dataset: str,
    dst: str | os.PathLike[str],
    *,
    subjects: int,
    size: int = 512,
    seed: int = 0,
    threads: int | None = None,
    progress: _core.Progress | None = None,
) -> None:
    """Write a data set as its publisher ships it into the new folder ``dst``, made up, for `turboshard.pack`.

    The same arguments give the same bytes on every machine, and fewer subjects the first ones of more, though where
    they are shipped in zips these may be cut elsewhere.

    Args:
        dataset: ``"headspace"``, ``"realy"``, ``"geogen"``, ``"ffhq-uv"`` or ``"ffhq-uv-interpolate"``.
        dst: an empty or new folder.
        subjects: how many.
        size: side of every image.
        seed: decides shapes and drawings.
        threads: None for all CPUs this process may use. Any number gives the same bytes.
        progress: counts subjects, for another thread to read.

    Raises:
        ValueError: no such data set, ``dst`` is not empty, or an argument is out of range.
        OSError: writing failed.
    """
    _core.synth_source(
        dataset,
        os.fspath(dst),
        subjects=subjects,
        size=size,
        seed=seed,
        progress=progress,
        threads=threads,
    )
