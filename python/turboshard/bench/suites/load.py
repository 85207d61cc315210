"""An epoch of whole identities, stacked: 1024, 512, and 1024 resized to 512."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import turboshard as ts
from turboshard.bench import agreement, loaders
from turboshard.bench.harness import Case, Contender, Disagreement
from turboshard.bench.suites import on

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from turboshard.bench.loaders import Way, Work
    from turboshard.bench.rivals import Pixels
    from turboshard.bench.suites import Setting

SMALL = 512
STRIDE = 16
"""Of every so many rows and columns one pixel is kept as the answer, which costs everyone the same and little."""

Answer = dict[str, "Pixels"]


def cases(setting: Setting) -> Iterator[Case[Answer]]:
    """The release as it is, the same at 512, and resized while loading; each on one core and on all."""
    large = setting.data.root
    small = setting.scratch / "load-512"
    if not small.exists():
        command = [sys.executable, "-m", "turboshard", "reshard", str(large), "-o", str(small)]
        options = ["--size", str(SMALL), "--max-shard-size", "2MiB", "--name", f"load-{SMALL}", "-q"]
        subprocess.run([*command, *options], check=True, stdout=sys.stderr)
    for root, size in ((small, None), (large, None), (large, SMALL)):
        work = _work(setting, root, size)
        for cores in setting.cores:
            with ExitStack() as stack:  # workers and pipelines of one case are gone before the next
                yield _case(work, cores, stack)


def _work(setting: Setting, root: Path, size: int | None) -> Work:
    release = ts.Release(root)
    shards = [Path(path) for path in release.paths]
    fields = tuple(field for field in release.fields if field.endswith(".jpg"))
    folder = setting.scratch / f"indexes-{root.name}"
    command = [sys.executable, "-m", "turboshard", "index", *map(str, shards), "--format", "wds2idx"]
    subprocess.run([*command, "-o", f"{folder}/", "-q"], check=True, stdout=sys.stderr)
    return loaders.Work(root, shards, fields, size, [folder / f"{shard.stem}.idx" for shard in shards])


def _case(work: Work, cores: int, stack: ExitStack) -> Case[Answer]:
    found, missing = loaders.installed(cores, resizes=work.size is not None)
    release = ts.Release(work.root)
    side = ts.info(release[0][work.fields[0]])["width"]
    target = "" if work.size is None else f" → {work.size}"
    ways = [loaders.Way("turboshard.Loader", ts.__version__, loaders.ours), *found]
    contenders = [
        Contender(way.name, way.version, partial(_run, way.open(work, cores, stack))) for way in ways
    ]
    return Case(
        suite="load",
        name=f"{side}{target}, {on(cores)}",
        unit="images",
        amount=len(release) * len(work.fields),
        size_bytes=sum(shard.stat().st_size for shard in work.shards),
        cores=cores,
        contenders=contenders,
        agree=partial(_agree, {way.name: way for way in found}),
        missing=missing,
    )


def _run(epoch: Callable[[], loaders.Epoch]) -> Answer:
    return {key: images[:, STRIDE // 2 :: STRIDE, STRIDE // 2 :: STRIDE].copy() for key, images in epoch()}


def _agree(ways: dict[str, Way], name: str, ours: Answer, theirs: Answer) -> str:
    """The same keys, and pixels as near as the way's decoder and filter can come."""
    if ours.keys() != theirs.keys():
        raise Disagreement(f"{name}: other samples: {sorted(ours.keys() ^ theirs.keys())[:2]}")
    pairs = [ours[key] for key in ours], [np.asarray(theirs[key]) for key in ours]
    if ways[name].exact:
        return agreement.within(name, *pairs, agreement.SAME_DECODER)
    return agreement.near(name, *pairs, agreement.OTHER_FILTER)
