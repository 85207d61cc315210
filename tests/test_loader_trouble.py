"""The loader where things go wrong: broken images, changed shards, forks, signals, memory."""

import itertools
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import turboshard as ts

from . import releases
from .reference import shard as contents

SAMPLES = 12
FIELDS = [f"{name}.jpg" for name in releases.EXPRESSIONS[:3]]


def broken_release(folder: Path) -> Path:
    """Sample 4 has a broken second image, sample 7 no third one."""
    samples = releases.samples(SAMPLES)
    name, data = samples[4][1]
    samples[4][1] = (name, data[:300] + b"\0" * 50)
    del samples[7][2]
    return releases.write(folder, samples, per_shard=5)


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return broken_release(tmp_path_factory.mktemp("trouble") / "reghead-v1-64")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return releases.write(tmp_path / "reghead-v1-64", releases.samples(SAMPLES), per_shard=5)


@pytest.mark.parametrize("threads", [1, 3])
def test_raise_names_the_first_bad_image_in_order(broken: Path, threads: int) -> None:
    loader = ts.Loader(broken, FIELDS, batch_size=3, threads=threads)
    iterator = iter(loader)
    assert next(iterator).valid.all()
    with pytest.raises(ts.DecodeError) as caught:
        next(iterator)
    (member,) = [m for m in contents.members(releases.shards(broken)[0]) if m.name == caught.value.member]
    assert member.name == f"{releases.key(4)}.{FIELDS[1]}"
    assert (caught.value.shard, caught.value.offset) == (str(releases.shards(broken)[0]), member.offset)
    assert loader.state_dict()["delivered"] == 3
    assert loader.errors == []


@pytest.mark.parametrize("threads", [1, 3])
def test_skip_shortens_a_batch_and_moves_no_other(broken: Path, threads: int) -> None:
    loader = ts.Loader(broken, FIELDS, batch_size=3, threads=threads, on_error="skip")
    batches = list(loader)
    assert [batch.samples.tolist() for batch in batches] == [[0, 1, 2], [3, 5], [6, 8], [9, 10, 11]]
    whole = ts.Release(broken)
    for batch in batches:
        assert len(batch) == len(batch.images) == len(batch.keys) == len(batch.valid) == len(batch.meta)
        assert batch.valid.all()
        for key, images in zip(batch.keys, batch.images, strict=True):
            assert np.array_equal(images, np.stack([ts.decode(whole[key][field]) for field in FIELDS]))
    assert [type(error) for error in loader.errors] == [ts.DecodeError, ts.ShardError]
    assert loader.stats()["skipped"] == 2
    assert loader.stats()["delivered"] == SAMPLES


def test_fill_gives_zeros_that_are_not_valid(broken: Path) -> None:
    loader = ts.Loader(broken, FIELDS, batch_size=4, on_error="fill")
    for _ in range(3):  # memory that was used before must not shine through
        batches = list(loader)
        invalid = [(int(b.samples[r]), int(f)) for b in batches for r, f in np.argwhere(~b.valid)]
        assert invalid == [(4, 1), (7, 2)]
        assert not batches[1].images[0, 1].any()
        assert not batches[1].images[3, 2].any()
        assert batches[1].images[0, 0].any()
    assert len(loader.errors) == 6


def test_a_function_decides(broken: Path) -> None:
    told: list[Exception] = []

    def decode_errors_only(error: Exception) -> bool:
        told.append(error)
        return isinstance(error, ts.DecodeError)

    loader = ts.Loader(broken, FIELDS, batch_size=3, on_error=decode_errors_only)
    with pytest.raises(ts.ShardError, match="no field"):
        list(loader)
    assert [type(error) for error in told] == [ts.DecodeError, ts.ShardError]
    assert loader.errors == told[:1]


def test_images_of_another_size_are_no_bad_samples(tmp_path: Path) -> None:
    samples = [releases.sample(0, 64), releases.sample(1, 32)]
    root = releases.write(tmp_path / "mixed", samples)
    with pytest.raises(ValueError, match="32 by 32"):
        list(ts.Loader(root, FIELDS, batch_size=2, on_error="skip"))
    assert next(iter(ts.Loader(root, FIELDS, batch_size=2, size=16))).images.shape[-2] == 16


def test_a_shard_that_changed_is_refused(root: Path) -> None:
    loader = ts.Loader(root, FIELDS, batch_size=2)
    list(loader)
    shard = releases.shards(root)[1]
    shard.write_bytes(shard.read_bytes())
    with pytest.raises(ts.ShardError, match="changed") as caught:
        list(loader)
    assert caught.value.shard == str(shard)
    assert len(list(ts.Loader(root, FIELDS, batch_size=2))) == 6


@pytest.mark.parametrize("threads", [1, 2])
def test_a_shard_that_shrinks_under_way_is_an_error(root: Path, threads: int) -> None:
    loader = ts.Loader(root, FIELDS, batch_size=1, threads=threads, prefetch=1)
    iterator = iter(loader)
    next(iterator)
    os.truncate(releases.shards(root)[2], 2048)
    with pytest.raises(ts.ShardError, match="truncated") as caught:
        list(iterator)
    assert caught.value.shard == str(releases.shards(root)[2])


def test_the_index_file_is_made_once_and_is_no_part_of_the_release(root: Path) -> None:
    before = releases.tree(root)
    time.sleep(0.045)  # what was written just now may still change within its file system's tick
    loader = ts.Loader(root, FIELDS, batch_size=2)
    file = root / ".turboshard" / "index-v1"
    made = file.stat().st_mtime_ns
    assert ts.Loader(root, FIELDS, batch_size=2).state_dict() == loader.state_dict()
    assert file.stat().st_mtime_ns == made
    assert releases.tree(root) == before
    file.write_bytes(b"junk")
    assert len(list(ts.Loader(root, FIELDS, batch_size=2))) == 6
    assert file.stat().st_size > 100


# ---------------------------------------------------------------- processes


def run(code: str, *arguments: object, timeout: float = 60) -> str:
    """Runs code in a process of its own, under a watchdog."""
    command = [sys.executable, "-X", "faulthandler", "-c", textwrap.dedent(code), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=timeout)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_no_thread_lives_after_import_nor_after_close(root: Path) -> None:
    told = run(
        """
        import os, sys, turboshard as ts
        threads = lambda: len(os.listdir("/proc/self/task"))
        print(threads())
        loader = ts.Loader(sys.argv[1], batch_size=2, threads=3)
        before = threads()          # numpy's, and the pool that indexed the shards
        iterator = iter(loader)
        next(iterator)
        print(threads() - before >= 1)
        loader.close()
        print(threads() - before)
        one = ts.Loader(sys.argv[1], batch_size=2, threads=1)
        next(iter(one))
        print(threads() - before)
        """,
        root,
    )
    assert told.split() == ["1", "True", "0", "0"]


FORKED = """
import os, signal, sys, warnings
import turboshard as ts
warnings.simplefilter("ignore")
fields = ["open_m_open_e.jpg", "halfo_m_o_e.jpg"]
loader = ts.Loader(sys.argv[1], fields, batch_size=2, threads=2)
expected = [batch.keys for batch in loader]     # the pool and the loader were at work in the parent
shard = ts.Release(sys.argv[1]).shards[0]
shard.load([0, 1, 2], fields, threads=2)

def child(depth):
    signal.alarm(20)                            # the watchdog: a hang is a death, not a wait
    loader.set_epoch(0)
    assert [batch.keys for batch in loader] == expected
    assert shard.load([0, 1, 2], fields, threads=2).shape[0] == 3
    if depth:
        try:
            next(running)
        except RuntimeError as error:
            assert "fork" in str(error)
        else:
            raise AssertionError("an iteration of the parent went on in the child")
        fork(depth - 1)

def fork(depth):
    number = os.fork()
    if number == 0:
        try:
            child(depth)
        except BaseException:
            import traceback
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    assert os.waitpid(number, 0)[1] == 0

running = iter(loader)
next(running)                                   # forks in the middle of prefetching
fork(1)
fork(1)
assert len(list(running)) == len(expected) - 1
print("good")
"""


def test_forked_children_load_twice_nested_and_during_prefetch(root: Path) -> None:
    assert run(FORKED, root) == "good\n"


def _keys(loader: ts.Loader, told: Any) -> None:
    told.put([batch.keys for batch in loader])


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_a_loader_is_sent_to_other_processes(root: Path, method: str) -> None:
    context: Any = multiprocessing.get_context(method)
    loader = ts.Loader(root, FIELDS, batch_size=2, shuffle=True, threads=2)
    told = context.SimpleQueue()
    process = context.Process(target=_keys, args=(loader, told))
    process.start()
    found = told.get()
    process.join(30)
    assert found == [batch.keys for batch in loader]


@pytest.mark.parametrize("threads", [1, 2])
def test_ctrl_c_is_heard_at_once(tmp_path: Path, threads: int) -> None:
    root = releases.write(tmp_path / "big", [releases.sample(n, 1000) for n in range(3)])
    loader = ts.Loader(ts.Release(root), batch_size=30, drop_last=False, threads=threads, size=1000)
    asked, heard = list[float](), list[float]()

    def ask() -> None:
        asked.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)

    # Whoever runs the tests in the background has SIGINT ignored, and Python then leaves it so.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        while len(heard) < 3 and (not heard or heard[-1] - asked[-1] >= 0.2):  # the machine may be busy
            threading.Timer(0.3, ask).start()
            with pytest.raises(KeyboardInterrupt):
                all(map(list, itertools.repeat(loader)))  # one epoch may be over before the signal
            heard.append(time.perf_counter())
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard[-1] - asked[-1] < 0.2, (asked, heard)
    loader.close()
    assert ts.decode(ts.Shard(releases.shards(root)[0])[0][FIELDS[0]]).shape == (1000, 1000, 3)


def test_leaving_in_the_middle_and_the_end_of_the_interpreter(root: Path) -> None:
    told = run(
        """
        import sys, turboshard as ts
        for _ in range(30):
            loader = ts.Loader(sys.argv[1], batch_size=1, threads=3, prefetch=6)
            iterator = iter(loader)
            batch = next(iterator)
            del iterator, loader
        kept = ts.Loader(sys.argv[1], batch_size=1, threads=3)
        running = iter(kept)
        next(running)
        print(batch.images.sum())
        """,
        root,
    )
    assert int(told) > 0


def test_memory_stays_flat_over_fifty_epochs(root: Path) -> None:
    told = run(
        """
        import gc, json, sys, turboshard as ts
        def resident():
            gc.collect()
            with open("/proc/self/statm") as file:
                return int(file.read().split()[1]) * 4096
        loader = ts.Loader(sys.argv[1], batch_size=4, shuffle=True, threads=2, size=256)
        sizes = []
        for epoch in range(50):
            for batch in loader:
                batch.meta
            sizes.append(resident())
        print(json.dumps(sizes))
        """,
        root,
    )
    sizes = json.loads(told)
    assert len(sizes) == 50
    assert max(sizes[25:]) - max(sizes[5:25]) < 4 << 20


def test_what_runs_ahead_is_bounded_in_bytes(root: Path) -> None:
    batch = 2 * 3 * 64 * 64 * 3
    for allowed, most in ((1, 1), (3 * batch, 3), ("1GiB", 4)):
        loader = ts.Loader(root, FIELDS, batch_size=2, threads=2, prefetch=4, prefetch_bytes=allowed)
        iterator = iter(loader)
        next(iterator)
        deadline = time.monotonic() + 60
        while loader.stats()["ready"] < most and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(0.05)
        assert loader.stats()["ready"] == most
        loader.close()


def test_threads_that_share_an_epoch_get_different_batches(root: Path) -> None:
    loader = ts.Loader(root, FIELDS, batch_size=1, threads=2)
    core = loader._begin(loader._deal(0, 0, (0, 1)))
    found: list[int] = []

    def take(next_batch: Callable[[], Any]) -> None:
        while (columns := next_batch()) is not None:
            found.append(columns["step"])

    takers = [threading.Thread(target=take, args=(core.next,)) for _ in range(3)]
    for taker in takers:
        taker.start()
    for taker in takers:
        taker.join(30)
    assert sorted(found) == list(range(SAMPLES))


def test_nothing_is_copied(root: Path) -> None:
    batch = next(iter(ts.Loader(root, FIELDS, batch_size=2)))
    base: Any = batch.images
    while isinstance(base, np.ndarray):
        assert np.shares_memory(base, batch.images)
        base = base.base
    assert type(base).__name__ == "Block"
