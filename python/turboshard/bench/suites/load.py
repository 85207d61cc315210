"""An epoch of whole identities, stacked: 1024, 512, and 1024 resized to 512."""

from __future__ import annotations

import subprocess
import sys
import time
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

POLL = 0.005
"""Seconds between two looks at whether a pipeline is still at work."""

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
        names = {cores: f"{_sides(work)}, {on(cores)}" for cores in setting.cores}
        for cores in filter(lambda cores: setting.wants(names[cores]), setting.cores):
            with ExitStack() as stack:  # workers and pipelines of one case are gone before the next
                yield _case(work, names[cores], cores, stack)


def _sides(work: Work) -> str:
    """What comes in, and what goes out if that is another."""
    side = ts.info(ts.Release(work.root)[0][work.fields[0]])["width"]
    return f"{side}" if work.size is None else f"{side} → {work.size}"


def _work(setting: Setting, root: Path, size: int | None) -> Work:
    release = ts.Release(root)
    shards = [Path(path) for path in release.paths]
    fields = tuple(field for field in release.fields if field.endswith(".jpg"))
    folder = setting.scratch / f"indexes-{root.name}"
    command = [sys.executable, "-m", "turboshard", "index", *map(str, shards), "--format", "wds2idx"]
    subprocess.run([*command, "-o", f"{folder}/", "-q"], check=True, stdout=sys.stderr)
    return loaders.Work(root, shards, fields, size, [folder / f"{shard.stem}.idx" for shard in shards])


def _case(work: Work, name: str, cores: int, stack: ExitStack) -> Case[Answer]:
    found, missing = loaders.installed(cores, resizes=work.size is not None)
    release = ts.Release(work.root)
    ways = [loaders.Way("turboshard.Loader", ts.__version__, loaders.ours), *found]
    runs = [partial(_run, way.open(work, cores, stack)) for way in ways]
    contenders = [
        Contender(way.name, way.version, run, clock=partial(_seconds, run))
        for way, run in zip(ways, runs, strict=True)
    ]
    return Case(
        suite="load",
        name=name,
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


def _seconds(run: Callable[[], Answer], loops: int) -> float:
    """The mean time of an epoch, from idle to idle.

    DALI and SPDL work on when an epoch is over: they fill their queues for the next, which would take the cores of
    whoever is next, and be free of charge in their own turn. From full queues to full queues they do an epoch's work.
    """
    _settle()
    begin = time.perf_counter()
    for _ in range(loops):
        run()
    return (time.perf_counter() - begin + _settle()) / loops


def _settle() -> float:
    """Wait until no thread of this process computes any more; the seconds until that was so."""
    begin = time.perf_counter()
    while True:
        found, used = time.perf_counter(), time.process_time()
        time.sleep(POLL)
        if time.process_time() - used < POLL / 10:
            return found - begin


def _agree(ways: dict[str, Way], name: str, ours: Answer, theirs: Answer) -> str:
    """The same keys, and pixels as near as the way's decoder and filter can come."""
    if ours.keys() != theirs.keys():
        raise Disagreement(f"{name}: other samples: {sorted(ours.keys() ^ theirs.keys())[:2]}")
    pairs = [ours[key] for key in ours], [np.asarray(theirs[key]) for key in ours]
    if ways[name].exact:
        return agreement.within(name, *pairs, agreement.SAME_DECODER)
    return agreement.near(name, *pairs, agreement.OTHER_FILTER)
