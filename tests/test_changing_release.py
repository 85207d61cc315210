"""A release that others change while it is used: what is read is what is there, or an error."""

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import turboshard as ts

from .reference import shard as reference
from .reference import tar

Content = dict[str, dict[str, bytes]]

KEYS = st.sampled_from([f"k{number}" for number in range(8)])
FIELDS = st.sampled_from(["a.bin", "b.bin", "json"])
SIZES = st.sampled_from([0, 1, 511, 512, 513, 3000])
SAMPLES = st.dictionaries(KEYS, st.dictionaries(FIELDS, SIZES, min_size=1), max_size=3)
RARELY = st.sampled_from([False] * 9 + [True])
# A file system's clock ticks: what is written twice within a tick looks as if it was written once.
TICK = 0.02
CHILD = "import sys, turboshard as ts; list(ts.Release(sys.argv[1]))"


def archive(samples: dict[str, dict[str, int]], seed: int) -> bytes:
    """A shard of random payloads of these sizes."""
    chance = random.Random(seed)
    members = [
        (f"{key}.{field}".encode(), chance.randbytes(size))
        for key, fields in samples.items()
        for field, size in fields.items()
    ]
    return tar.archive(members)


class Truth:
    """What the files hold, as the oracle reads them."""

    def __init__(self) -> None:
        self.shards: list[Content] = []
        self.sound = True

    @classmethod
    def of(cls, paths: list[Path]) -> "Truth":
        self = cls()
        seen: set[str] = set()
        for path in paths:
            data = path.read_bytes()
            try:
                content = dict(reference.contents(path))
                last = max((member.end for member in reference.members(path)), default=0)
            except Exception:  # noqa: BLE001 what it fails with is tarfile's own affair
                self.sound = False
                continue
            # CPython takes an archive that ends early for one that ends.
            self.sound &= data[last:] != b"" and len(data[last:]) >= 1024 and not any(data[last:])
            self.sound &= seen.isdisjoint(content)
            seen.update(content)
            self.shards.append(content)
        return self


class ChangingRelease(RuleBasedStateMachine):
    """Rules change the folder behind the library's back; the invariant reads all of it anew."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="turboshard-changing-"))
        (self.root / "data").mkdir()
        self.count = 0
        self.held: tuple[ts.Release, Truth] | None = None

    def teardown(self) -> None:
        shutil.rmtree(self.root)

    @property
    def paths(self) -> list[Path]:
        return sorted((self.root / "data").glob("*.tar"))

    def settle(self) -> None:
        time.sleep(TICK)

    @initialize(samples=SAMPLES)
    def begin(self, samples: dict[str, dict[str, int]]) -> None:
        self.add(samples, clash=False)
        self.add({"x": {"json": 5}, "y": {"json": 7}}, clash=False)

    @rule(samples=SAMPLES, clash=RARELY)
    def add(self, samples: dict[str, dict[str, int]], clash: bool) -> None:
        """A shard of new samples, or of some that may be in another."""
        self.count += 1
        named = {f"{self.count}-{key}": fields for key, fields in samples.items()}
        if clash:
            named["x"] = {"json": 3}
        (self.root / f"data/r-{self.count:06d}.tar").write_bytes(archive(named, self.count))

    @rule(samples=SAMPLES)
    def mend(self, samples: dict[str, dict[str, int]]) -> None:
        """Whatever is damaged gets something sound under its name."""
        for path in self.paths:
            if not Truth.of([path]).sound:
                self.count += 1
                named = {f"{self.count}-{key}": fields for key, fields in samples.items()}
                self.settle()
                path.write_bytes(archive(named, self.count))

    @rule(which=st.randoms(use_true_random=False), in_place=st.booleans())
    def replace_with_the_same_size(self, which: random.Random, in_place: bool) -> None:
        """Other payloads, and members in another order: nothing but the size is the same."""
        path = which.choice(self.paths)
        try:
            members = [(m.name.encode(), which.randbytes(m.size)) for m in reference.members(path)]
        except Exception:  # noqa: BLE001 a damaged shard is replaced when it is added again
            return
        runs: dict[bytes, list[tuple[bytes, bytes]]] = {}
        for name, data in members:
            runs.setdefault(name.split(b".")[0], []).append((name, data))
        orders = list(runs.values())
        which.shuffle(orders)
        data = tar.archive([member for run in orders for member in run])
        data = data[: path.stat().st_size].ljust(path.stat().st_size, b"\0")
        self.settle()
        if in_place:
            path.write_bytes(data)
        else:
            (self.root / "new").write_bytes(data)
            (self.root / "new").rename(path)

    @rule(which=st.randoms(use_true_random=False), part=st.floats(0, 1), blocks=st.booleans(), stays=RARELY)
    def truncate(self, which: random.Random, part: float, blocks: bool, stays: bool) -> None:
        path = which.choice(self.paths)
        data = path.read_bytes()
        size = int(len(data) * part)
        self.settle()
        os.truncate(path, size // 512 * 512 if blocks else size)
        if not stays:
            self.reads_what_is_there()
            self.settle()
            path.write_bytes(data)

    @rule(which=st.randoms(use_true_random=False), days=st.integers(-3, 3))
    def touch(self, which: random.Random, days: int) -> None:
        when = time.time() + 86_400 * days
        os.utime(which.choice(self.paths), (when, when))

    @precondition(lambda self: (self.root / ".turboshard/index-v1").exists())
    @rule(
        chance=st.randoms(use_true_random=False),
        how=st.sampled_from(["flip", "cut", "empty", "noise", "gone"]),
    )
    def corrupt_the_index_file(self, chance: random.Random, how: str) -> None:
        path = self.root / ".turboshard/index-v1"
        data = bytearray(path.read_bytes())
        if how == "flip" and data:
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        elif how == "cut":
            del data[chance.randrange(len(data) + 1) :]
        path.write_bytes({"empty": b"", "noise": chance.randbytes(200)}.get(how, bytes(data)))
        if how == "gone":
            path.unlink()

    @rule(after=st.floats(0.0, 0.4))
    def kill_the_writer(self, after: float) -> None:
        """Of the index file: nothing else is written to a release that is read."""
        process = subprocess.Popen([sys.executable, "-c", CHILD, str(self.root)], stderr=subprocess.DEVNULL)
        try:
            process.wait(after)
        except subprocess.TimeoutExpired:
            process.kill()
        process.wait()

    @rule()
    def open_and_keep(self) -> None:
        truth = Truth.of(self.paths)
        try:
            release = ts.Release(self.root)
            len(release)
        except (ts.ShardError, OSError):
            assert not truth.sound
            return
        self.held = (release, truth)
        self.settle()

    @invariant()
    def reads_what_was_kept(self) -> None:
        """What an open release gives is what was there when it was opened, or an error."""
        if self.held is None:
            return
        release, truth = self.held
        then = [sample for content in truth.shards for sample in content.items()]
        assert len(then) == len(release)
        for number, (key, fields) in enumerate(then):
            try:
                sample = release[number]
            except (ts.ShardError, OSError):
                continue
            assert sample["__key__"] == key
            assert {name: data for name, data in sample.items() if name[:2] != "__"} == fields

    @invariant()
    def reads_what_is_there(self) -> None:
        if not self.paths:
            return
        truth = Truth.of(self.paths)
        found: dict[str, Any] | None = None
        try:
            samples = list(ts.Release(self.root))
            found = {s["__key__"]: {n: d for n, d in s.items() if n[:2] != "__"} for s in samples}
        except (ts.ShardError, OSError):
            assert not truth.sound, "sound, and refused"
        if found is not None:
            assert truth.sound, "damaged, and read all the same"
            assert found == {key: fields for content in truth.shards for key, fields in content.items()}


TestChangingRelease = ChangingRelease.TestCase
TestChangingRelease.settings = settings(max_examples=settings().max_examples // 5, stateful_step_count=20)
