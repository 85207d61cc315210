"""Published data sets, as their publishers ship them, made into releases."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

from turboshard import _core
from turboshard.release import Release
from turboshard.reshard import parse_bytes

if TYPE_CHECKING:
    from typing import Unpack


class PackOptions(TypedDict, total=False):
    """What `pack` takes besides, all of it optional; `pack` says what each means."""

    name: str | None
    license: str | None
    citation: str | None
    source: str | None
    ply: bool
    subset: str | os.PathLike[str] | None
    threads: int | None
    progress: _core.Progress | None


@dataclass(frozen=True)
class Packed:
    """What was packed.

    Attributes:
        name: of the release.
        num_samples: samples in it.
        num_images: images in it.
        shards: ``filename``, ``size``, ``sha256`` and ``num_samples`` of each.
        left_out: ``key`` and ``reason`` of the samples that are incomplete or corrupt.
        unrecognised: files and folders that are no part of the data set's layout, relative to the source.
        warnings: what whoever uses the release must be told.
        publishable: False if the data set's licence forbids to pass the release on.
        begun_anew: True if an earlier run into ``dst`` did not end: what it had made is removed.
    """

    name: str
    num_samples: int
    num_images: int
    shards: list[dict[str, Any]]
    left_out: list[dict[str, str]]
    unrecognised: list[str]
    warnings: list[str]
    publishable: bool
    begun_anew: bool


def pack(
    dataset: str,
    src: str | os.PathLike[str],
    dst: str | os.PathLike[str],
    *,
    max_shard_size: int | str = "1800MiB",
    **options: Unpack[PackOptions],
) -> Release:
    """Make a release of a data set as its publisher ships it, in the new folder ``dst``, and open it.

    Payloads are the source's bytes; latents in ``.pt`` files become ``.npy``. Samples that are incomplete or corrupt
    are left out, and listed in the manifest's ``left_out``. The same source gives the same bytes, whatever the threads
    and the machine. A run that does not end leaves no manifest; the same call then begins anew.

    Args:
        dataset: ``"reghead"``: a folder of ``identity_dir/<expression>.jpg``, ten to an identity;
            ``"headspace"``: ``subjects/00001`` and so on, and what companions there are; ``"realy"``:
            ``REALY_scan_region``, ``REALY_HIFI3D_keypoints``, ``REALY_image``, ``metrical_scale.txt``;
            ``"geogen"``, ``"ffhq-uv"``, ``"ffhq-uv-interpolate"``: the files as downloaded.
        src: the data set's folder, in which archives may lie unpacked or not, or its one archive.
        dst: an empty or new folder, or one that such a run has left.
        max_shard_size: bytes no shard may exceed.
        name: of the release; None is the publisher's, such as ``reghead-v1-512``.
        license: name of the licence, for the manifest and ``README.md``; a LICENSE file in ``src`` is carried along.
        citation: how to cite the data set, for both.
        source: where it comes from, such as a URL, for both.
        ply: write every OBJ as PLY, too, for viewers that read no OBJ.
        subset: of Headspace: a file that lists the numbers of the subjects to take, such as those of the LYHM; one
            that is not there is left out.
        threads: None for all CPUs this process may use. Any number gives the same bytes.
        progress: counts samples, for another thread to read.

    Raises:
        ValueError: no such data set, or ``dst`` is not empty.
        ShardError: ``src`` has no whole sample, or one alone is larger than ``max_shard_size``.
        OSError: reading or writing failed.
    """
    run(dataset, src, dst, max_shard_size=max_shard_size, **options)
    return Release(dst)


def run(
    dataset: str,
    src: str | os.PathLike[str],
    dst: str | os.PathLike[str],
    *,
    max_shard_size: int | str = "1800MiB",
    **options: Unpack[PackOptions],
) -> Packed:
    """As `pack`, but say what was packed."""
    largest = parse_bytes(max_shard_size)
    text = _core.pack(dataset, os.fspath(src), os.fspath(dst), max_shard_size=largest, **options)
    return Packed(**json.loads(text))
