"""What crosses from DataLoader workers to their parent: every kind of sample, every kind of error."""

import gc
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import turboshard as ts

from . import releases

torch = pytest.importorskip("torch", reason="torch is not installed (make test-train)")

FIELDS = [f"{name}.jpg" for name in releases.EXPRESSIONS[:2]]
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning"),
    # multiprocessing's threads fail after a worker's error, with and without this library.
    pytest.mark.filterwarnings("ignore:.*QueueFeederThread:pytest.PytestUnhandledThreadExceptionWarning"),
]


@pytest.fixture(autouse=True)
def _no_thread_outlives_its_test() -> Iterator[None]:
    """Lest a queue of a loader that failed be collected, and its thread fail, in a test of something else."""
    yield
    gc.collect()
    for thread in threading.enumerate():
        if thread.name == "QueueFeederThread":
            thread.join(10)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return releases.write(tmp_path_factory.mktemp("crossing") / "r-64", releases.samples(6), per_shard=3)


class Made:
    """Makes each thing where it is asked for, which is in a worker."""

    def __init__(self, root: Path, kinds: list[str]) -> None:
        self.root, self.kinds = root, kinds

    def __len__(self) -> int:
        return len(self.kinds)

    def __getitem__(self, number: int) -> Any:
        return getattr(self, f"make_{self.kinds[number]}")()

    def make_sample(self) -> Any:
        return ts.Release(self.root)[4]

    def make_samples(self) -> Any:
        return ts.Shard(releases.shards(self.root)[1])[:2]

    def make_row(self) -> Any:
        return ts.torch.ShardDataset(self.root, FIELDS, size=16)[3]

    def make_batch(self) -> Any:
        return next(iter(ts.Loader(self.root, FIELDS, batch_size=2, size=16)))

    def make_tensors(self) -> Any:
        return next(iter(ts.Loader(self.root, FIELDS, batch_size=2, size=16, as_torch=True)))

    def make_pixels(self) -> Any:
        return ts.Shard(releases.shards(self.root)[0]).load([0, 2], FIELDS, size=16)

    def make_shard(self) -> Any:
        return ts.Shard(releases.shards(self.root)[1])

    def make_release(self) -> Any:
        return ts.Release(self.root).select(first=5)

    def make_report(self) -> Any:
        return ts.verify(self.root, deep=True)

    def make_views(self) -> Any:
        return ts.Shard(releases.shards(self.root)[0]).view(0)


def same(one: Any, other: Any) -> bool:
    """Whether what crossed is what was made."""
    if isinstance(one, ts.Batch):
        names = ("images", "valid", "samples", "keys", "fields", "meta")
        return all(same(getattr(one, name), getattr(other, name)) for name in names)
    if isinstance(one, ts.Shard | ts.Release):
        return [sample["__key__"] for sample in one] == [sample["__key__"] for sample in other]
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, np.ndarray) or torch.is_tensor(one):
        return type(one) is type(other) and bool((one == other).all())
    return bool(one == other)


# Batches at even places, which the first worker makes: in the second a loader begins with its own, the second one.
KINDS = ["batch", "sample", "tensors", "samples", "row", "pixels", "shard", "release", "report"]


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_every_kind_of_sample(root: Path, method: str) -> None:
    made = Made(root, KINDS)
    loader = torch.utils.data.DataLoader(
        made,
        batch_size=None,
        num_workers=2,
        multiprocessing_context=method,
        collate_fn=as_it_is,
        timeout=60,
    )
    found = list(loader)
    assert len(found) == len(KINDS)
    for number, (kind, one) in enumerate(zip(KINDS, found, strict=True)):
        assert same(one, made[number]), kind


def as_it_is(value: Any) -> Any:
    return value


def test_views_do_not_cross_and_the_worker_says_why(root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    loader = torch.utils.data.DataLoader(
        Made(root, ["views"]), batch_size=None, num_workers=1, collate_fn=as_it_is, timeout=10
    )
    # The worker pickles in a thread of its own, of whose errors torch hears nothing: it waits until its time is over.
    with pytest.raises(RuntimeError, match="timed out after 10 seconds"):
        list(loader)
    assert "TypeError: cannot pickle memoryview objects" in capfd.readouterr().err


class Failing:
    """Fails in a worker, in the way that is asked for."""

    def __init__(self, root: Path, kind: str) -> None:
        self.root, self.kind = root, kind
        self.data: Any = None

    def __len__(self) -> int:
        return 1

    def __getitem__(self, number: int) -> Any:
        if self.kind == "gone":
            return ts.Release(self.root / "nowhere")
        if self.kind == "digest":
            return ts.verify(self.root).raise_for_problems()
        return ts.torch.ShardDataset(self.root, FIELDS)[number]


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.parametrize(
    ("kind", "raised", "said"),
    [
        ("picture", ts.DecodeError, f"{releases.key(0)}.{FIELDS[0]}"),
        ("field", ts.ShardError, f"no field {FIELDS[0]}"),
        ("header", ts.ShardError, "r-64-000000.tar"),
        ("cut", ts.ShardError, "truncated"),
        ("digest", ts.DigestMismatch, "r-64-000000.tar"),
        ("gone", FileNotFoundError, "nowhere"),
    ],
)
def test_every_kind_of_error(
    tmp_path: Path, kind: str, raised: type[Exception], said: str, method: str
) -> None:
    content = releases.samples(4)
    if kind == "field":
        del content[0][0]
    root = releases.write(tmp_path / "r", content, per_shard=4, name="r-64")
    shard = releases.shards(root)[0]
    data = bytearray(shard.read_bytes())
    offset = int(ts.Shard(shard).index.offset[0])
    if kind == "picture":
        data[offset : offset + 2] = b"no"
    elif kind in ("header", "digest"):
        data[offset - 512 + (0 if kind == "header" else 513)] ^= 1
    elif kind == "cut":
        data = data[:3000]
    shard.write_bytes(data)
    loader = torch.utils.data.DataLoader(
        Failing(root, kind), batch_size=None, num_workers=2, multiprocessing_context=method, timeout=60
    )
    with pytest.raises(raised) as caught:
        list(loader)
    assert type(caught.value) is raised
    assert said in str(caught.value)
    assert "worker process" in str(caught.value)
