"""Shards that change: under a loader that reads them, or between a state and the process that takes it up."""

import json
import os
import pickle
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import turboshard as ts

from . import releases
from .reference import image
from .reference import shard as contents

SAMPLES = 12
FIELDS = [f"{name}.jpg" for name in releases.EXPRESSIONS[:3]]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return releases.write(tmp_path / "reghead-v1-64", releases.samples(SAMPLES), per_shard=5)


def settle() -> None:
    """Lets the file system's clock go on, so that what comes next has another time."""
    time.sleep(0.045)


def swap(shard: Path, *, by: str = "writing", hide: bool = False) -> None:
    """Puts other bytes of equal number in a shard's place: the first two pictures change one byte each."""
    before = shard.stat()
    data = bytearray(shard.read_bytes())
    for member in [m for m in contents.members(shard) if m.name.endswith(".jpg")][:2]:
        data[member.offset + member.size - 40] ^= 1
    settle()
    if by == "writing":
        with shard.open("r+b") as file:
            file.write(data)
    else:
        other = shard.with_suffix(".new")
        other.write_bytes(data)
        other.replace(shard)
    if hide:
        os.utime(shard, ns=(before.st_atime_ns, before.st_mtime_ns))
    settle()
    assert shard.stat().st_size == before.st_size
    assert (shard.stat().st_mtime_ns == before.st_mtime_ns) == hide


def run(code: str, *arguments: object) -> str:
    """Runs code in a process of its own; a signal that kills it is a failure."""
    command = [sys.executable, "-X", "faulthandler", "-c", textwrap.dedent(code), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


RESUME = """
    import json, sys, turboshard as ts
    loader = ts.Loader(sys.argv[1], batch_size=2, shuffle=True, seed=7)
    try:
        loader.load_state_dict(json.loads(sys.argv[2]))
    except ts.ShardError as error:
        print("refused", error.shard, error, *error.__notes__)
    else:
        print("taken", sum((batch.samples.tolist() for batch in loader), []))
"""


def stopped(root: Path) -> tuple[str, list[int]]:
    """A state in the middle of an epoch, and what is left of it."""
    loader = ts.Loader(root, batch_size=2, shuffle=True, seed=7)
    running = iter(loader)
    next(running), next(running)
    state = json.dumps(loader.state_dict())
    assert len(state) < 1024
    return state, [n for batch in running for n in batch.samples.tolist()]


def test_a_new_process_goes_on_where_nothing_changed(root: Path) -> None:
    state, rest = stopped(root)
    assert len(rest) == SAMPLES - 4
    assert run(RESUME, root, state) == f"taken {rest}\n"
    # Verifying moves no sample, and a state from before goes on after.
    assert ts.verify(root).ok
    assert run(RESUME, root, state) == f"taken {rest}\n"
    assert stopped(root)[1] == rest
    assert run(RESUME, root, stopped(root)[0]) == f"taken {rest}\n"


@pytest.mark.parametrize(
    ("verified", "by", "hide", "said"),
    [
        (False, "writing", False, "written to since"),
        (False, "replacing", False, "written to since"),
        (True, "writing", False, "written to since"),
        (True, "writing", True, "touched since"),
        (True, "replacing", True, "touched since"),
    ],
)
def test_a_swapped_shard_is_refused_by_a_new_process(
    root: Path, verified: bool, by: str, hide: bool, said: str
) -> None:
    settle()
    assert not verified or ts.verify(root).ok
    state, _ = stopped(root)
    assert (json.loads(state)["files"]["content"] is not None) == verified
    swap(releases.shards(root)[1], by=by, hide=hide)
    told = run(RESUME, root, state)
    assert told.startswith(f"refused {releases.shards(root)[1].parent}"), told
    assert said in told
    assert "verify" in told


def test_files_written_anew_are_taken_up_once_verified(root: Path) -> None:
    state, rest = stopped(root)
    shard = releases.shards(root)[1]
    data = shard.read_bytes()
    settle()
    shard.write_bytes(data)
    settle()
    assert "written to since" in run(RESUME, root, state)
    assert ts.verify(root).ok
    assert run(RESUME, root, state) == f"taken {rest}\n"


def test_a_state_of_a_sampler_is_refused_like_a_loaders(root: Path) -> None:
    pytest.importorskip("torch", reason="torch is not installed (make test-train)")
    sampler = ts.torch.EpochSampler(ts.torch.ShardDataset(root, FIELDS), batch_size=2)
    next(iter(sampler))
    state = sampler.state_dict()
    ts.torch.EpochSampler(ts.torch.ShardDataset(root, FIELDS), batch_size=2).load_state_dict(state)
    swap(releases.shards(root)[1])
    with pytest.raises(ts.ShardError, match="written to since"):
        ts.torch.EpochSampler(ts.torch.ShardDataset(root, FIELDS), batch_size=2).load_state_dict(state)


def test_what_was_pickled_is_not_opened_over_another_shard(root: Path) -> None:
    release = ts.Release(root)
    part = release.select(first=5)
    loader = ts.Loader(str(root), FIELDS)
    kept = [pickle.dumps(one) for one in (part, loader)]
    assert [len(pickle.loads(one)) for one in kept] == [5, SAMPLES]
    untouched = pickle.dumps(ts.Release(root))
    swap(releases.shards(root)[1])
    for one in kept:
        with pytest.raises(ts.ShardError, match="written to since"):
            pickle.loads(one)
    assert len(pickle.loads(untouched)) == SAMPLES  # nobody had looked at a shard


UNDER_WAY = """
    import json, os, sys, time
    import numpy as np, turboshard as ts
    root, style, how, threads = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    fields = json.loads(sys.argv[5])
    shard = ts.Release(root).paths[2]
    truth = [np.stack([ts.decode(sample[field]) for field in fields]) for sample in ts.Release(root)]

    def change():
        time.sleep(0.045)
        data = bytearray(open(shard, "rb").read())
        if how == "truncated":
            os.truncate(shard, 2048)
        elif how == "emptied":
            os.truncate(shard, 0)
        elif how == "overwritten":
            with open(shard, "r+b") as file:
                file.write(bytes(len(data)))
        elif how == "grown":
            with open(shard, "ab") as file:
                file.write(bytes(512))
        elif how == "replaced":
            with open(shard + ".new", "wb") as file:
                file.write(bytes(len(data)))
            os.replace(shard + ".new", shard)
        elif how == "removed":
            os.remove(shard)

    seen = 0
    def check(number, images):
        global seen
        assert np.array_equal(images, truth[number]), f"other pixels of sample {number}"
        seen += 1

    try:
        if style == "loader":
            loader = ts.Loader(root, fields, batch_size=1, threads=threads, prefetch=1)
            for step, batch in enumerate(loader):
                if step == 0:
                    change()
                check(int(batch.samples[0]), batch.images[0])
        else:
            data = ts.torch.ShardDataset(root, fields, threads=threads)
            for number in range(len(data)):
                if number == 1:
                    change()
                check(number, data.__getitems__([number])[0]["images"].numpy())
    except ts.ShardError as error:
        assert error.shard == shard, error
        print("refused", seen)
    else:
        print("whole", seen)
"""


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("style", ["loader", "map"])
@pytest.mark.parametrize("how", ["truncated", "emptied", "overwritten", "grown", "replaced", "removed"])
def test_a_shard_that_changes_under_way_gives_an_error_or_its_own_pixels(
    root: Path, how: str, style: str, threads: int
) -> None:
    if style == "map":
        pytest.importorskip("torch", reason="torch is not installed (make test-train)")
    told = run(UNDER_WAY, root, style, how, threads, json.dumps(FIELDS))
    # What was replaced or removed is still open: the epoch ends on the shard that it began with.
    assert told.split() == (["whole", "12"] if how in ("replaced", "removed") else ["refused", "10"])


def test_the_next_epoch_refuses_what_was_replaced(root: Path) -> None:
    loader = ts.Loader(root, FIELDS, batch_size=2)
    first = [batch.images.copy() for batch in loader]
    swap(releases.shards(root)[0], by="replacing", hide=True)
    with pytest.raises(ts.ShardError, match="changed") as caught:
        list(loader)
    assert caught.value.shard == str(releases.shards(root)[0])
    again = [batch.images for batch in ts.Loader(root, FIELDS, batch_size=2)]
    assert not np.array_equal(again[0], first[0])
    sample = next(iter(contents.contents(releases.shards(root)[0])))[1]
    assert np.array_equal(again[0][0, 0], image.decode(sample[FIELDS[0]]))


def test_the_index_is_kept_by_verify_and_by_nobody_else_believed(root: Path) -> None:
    settle()
    file = root / ".turboshard" / "index-v1"
    assert not file.exists()
    assert ts.verify(root).ok
    assert file.exists()
    known: Any = ts.Release(root).evidence
    assert known["content"] is not None
    shard = releases.shards(root)[0]
    settle()
    shard.chmod(0o640)  # touched, not written to: it may have been written to and its time set back
    assert ts.Release(root).evidence == {**known, "content": None}
    settle()
    swap(shard)
    report = ts.verify(root)
    assert not report.ok
    assert ts.Release(root).evidence["content"] is None
