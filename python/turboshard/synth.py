"""Drawn heads in RegHead's format, to try things on."""

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
