"""A 1024 release in, a 512 one out: our command against a webdataset + Pillow script, both as whole processes."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import sys
import tarfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import turboshard as ts
from turboshard.bench import agreement, child
from turboshard.bench.harness import Case, Contender, Disagreement
from turboshard.bench.report import Missing
from turboshard.bench.suites import on

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from turboshard.bench.suites import Setting

SIZE = 512
SCRIPT = Path(__file__).parents[1] / "webdataset_script.py"
COMPARED = 40
"""Images whose pixels are compared; keys and JSON are compared for all samples."""


def cases(setting: Setting) -> Iterator[Case[Path]]:
    """The whole release; the script runs as one process a core, each on its share of the shards."""
    for cores in setting.cores:
        yield _case(setting, cores)


def _case(setting: Setting, cores: int) -> Case[Path]:
    data = setting.data
    numbers = itertools.count()

    def fresh() -> Path:
        return setting.scratch / f"reshard-{cores}-{next(numbers)}"

    contenders = [
        Contender(name, ts.__version__, partial(_ours, data.root, fresh, cores, space), discard=shutil.rmtree)
        for name, space in (("turboshard", "rgb"), ("turboshard --space ycc", "ycc"))
    ]
    missing = []
    for name, find in (("webdataset + Pillow", _here), ("webdataset + pillow-simd", child.interpreter)):
        try:
            python = find()
            version = _versions(python)
        except (OSError, subprocess.CalledProcessError) as error:
            missing.append(Missing(name, str(error)))
            continue
        run = partial(_script, python, data.shards, fresh, cores)
        contenders.append(Contender(name, version, run, discard=shutil.rmtree))
    return Case(
        suite="reshard",
        name=f"to {SIZE}×{SIZE}, {on(cores)}",
        unit="images",
        amount=sum(map(_count_images, data.shards)),
        size_bytes=data.size_bytes,
        cores=cores,
        contenders=contenders,
        agree=_agree,
        missing=missing,
        warm=False,
    )


def _ours(source: Path, fresh: Callable[[], Path], cores: int, space: str) -> Path:
    out = fresh()
    command = [sys.executable, "-m", "turboshard", "reshard", str(source), "-o", str(out)]
    options = ["--size", str(SIZE), "--space", space, "-j", str(cores), "-q"]
    subprocess.run([*command, *options], check=True, stdout=sys.stderr)
    return out


def _script(python: Path, shards: list[Path], fresh: Callable[[], Path], processes: int) -> Path:
    out = fresh()
    out.mkdir(parents=True)
    running = []
    for number in range(min(processes, len(shards))):
        share = [str(shard) for shard in shards[number::processes]]
        pattern = out / f"part{number}-%06d.tar"
        # -P: the script's folder is this package's, whose modules must not be found by bare names
        running.append(subprocess.Popen([python, "-P", SCRIPT, pattern, str(SIZE), *share]))
    codes = [process.wait() for process in running]
    if any(codes):
        raise Disagreement(f"the webdataset script failed: exit codes {codes}")
    return out


def _agree(name: str, ours: Path, theirs: Path) -> str:
    """Same keys and fields, same JSON bytes, and pixels that two encoders of the same image may give."""
    our, their = _contents(ours), _contents(theirs)
    if our.keys() != their.keys():
        raise Disagreement(f"{name}: other members: {sorted(our.keys() ^ their.keys())[:2]}")
    for member, body in our.items():
        if member.endswith(".json") and body != their[member]:
            raise Disagreement(f"{name}: {member}: other bytes")
    images = sorted(member for member in our if member.endswith(".jpg"))
    chosen = images[:: max(1, len(images) // COMPARED)]
    found = agreement.near(
        name,
        [ts.decode(our[member]) for member in chosen],
        [ts.decode(their[member]) for member in chosen],
        agreement.REENCODED,
    )
    return f"same members; {found}"


def _contents(root: Path) -> dict[str, bytes]:
    return {name: body for shard in sorted(root.rglob("*.tar")) for name, body in _members(shard).items()}


def _count_images(shard: Path) -> int:
    with tarfile.open(shard) as tar:
        return sum(member.name.endswith(".jpg") for member in tar)


def _members(shard: Path) -> dict[str, bytes]:
    with tarfile.open(shard) as tar:
        files = ((member.name, tar.extractfile(member)) for member in tar if member.isfile())
        return {name: file.read() for name, file in files if file is not None}


def _here() -> Path:
    return Path(sys.executable)


def _versions(python: Path) -> str:
    code = "import webdataset as w, PIL; print(w.__version__, '+', PIL.__version__)"
    done = subprocess.run([python, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()
