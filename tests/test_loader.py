"""The loader: what a batch holds, in what order batches come, and how an epoch is shared and taken up again."""

import itertools
import json
import pickle
import subprocess
import sys
import textwrap
import threading
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import turboshard as ts

from . import releases
from .loading import FIELDS, SAMPLES, root, truth  # noqa: F401 - fixtures
from .reference import image
from .reference import loading as reference


def numbers(batches: list[Any]) -> list[list[int]]:
    return [batch.samples.tolist() for batch in batches]


def test_a_batch_holds_what_its_shards_do(root: Path, truth: list[tuple[str, dict[str, bytes]]]) -> None:
    with ts.Loader(root, FIELDS, batch_size=4, shuffle=True, seed=3, drop_last=False) as loader:
        batches = list(loader)
    assert len(batches) == len(loader) == 6
    for batch in batches:
        assert batch.images.shape == (4, 3, 64, 64, 3)
        assert batch.images.dtype == np.uint8
        assert batch.images.flags.writeable
        assert batch.images.flags.c_contiguous
        assert batch.fields == [FIELDS] * 4
        for row, number in enumerate(batch.samples):
            key, fields = truth[number]
            assert batch.keys[row] == key
            assert batch.meta[row] == json.loads(fields["json"])
            for place, field in enumerate(FIELDS):
                assert np.array_equal(batch.images[row, place], image.decode(fields[field]))
    assert [batch.valid.all() for batch in batches] == [True] * 5 + [False]
    assert batches[-1].valid.tolist() == [[True] * 3] * 3 + [[False] * 3]


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_the_order_is_the_written_down_one(root: Path, threads: int) -> None:
    loader = ts.Loader(
        root, FIELDS[:1], batch_size=4, shuffle=True, seed=11, threads=threads, drop_last=False
    )
    fingerprint = bytes.fromhex(loader.state_dict()["fingerprint"])
    orders = []
    for epoch in range(3):
        order = reference.permutation(11, epoch, fingerprint, SAMPLES)
        expected = reference.batches(order, rank=0, world_size=1, batch_size=4, drop_last=False)
        batches = list(loader)
        assert numbers(batches) == [[number for number, _ in batch] for batch in expected]
        assert [b.valid[:, 0].tolist() for b in batches] == [[valid for _, valid in b] for b in expected]
        assert {batch.epoch for batch in batches} == {epoch}
        orders.append(order)
    assert len(set(map(tuple, orders))) == 3


@settings(max_examples=25)
@given(st.data())
def test_each_sample_is_valid_once_over_all_ranks(root: Path, data: st.DataObject) -> None:
    world_size, batch_size = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 9))
    drop_last, threads = data.draw(st.booleans()), data.draw(st.integers(1, 3))
    seen: list[int] = []
    steps = set()
    for rank in range(world_size):
        loader = ts.Loader(
            root,
            FIELDS[:1],
            batch_size=batch_size,
            shuffle=True,
            rank=rank,
            world_size=world_size,
            drop_last=drop_last,
            threads=threads,
            size=8,
        )
        batches = list(loader)
        steps.add(len(batches))
        assert len(batches) == len(loader)
        seen += [
            n for batch in batches for n, valid in zip(batch.samples, batch.valid[:, 0], strict=True) if valid
        ]
    assert len(steps) == 1
    assert len(seen) == len(set(seen))
    everybody = world_size * batch_size
    assert len(seen) == (SAMPLES // everybody * everybody if drop_last else SAMPLES)


@settings(max_examples=25)
@given(st.data())
def test_stopped_anywhere_and_taken_up_by_others_the_rest_is_the_same(
    root: Path, data: st.DataObject
) -> None:
    def epoch_from(state: dict[str, Any] | None, world_size: int, batch_size: int) -> list[int]:
        """What all ranks together take to the end of the epoch, in the order of the steps."""
        ranks = []
        for rank in range(world_size):
            loader = ts.Loader(
                root, FIELDS[:1], rank=rank, world_size=world_size, batch_size=batch_size, **common
            )
            if state is not None:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # another global batch, which is the point
                    loader.load_state_dict(state)
            else:
                loader.set_epoch(epoch)
            ranks.append(list(loader))
        steps = zip(*ranks, strict=True)
        return [
            n
            for step in steps
            for batch in step
            for n, valid in zip(batch.samples.tolist(), batch.valid[:, 0], strict=True)
            if valid
        ]

    common: dict[str, Any] = {"shuffle": True, "seed": 5, "size": 8, "drop_last": False}
    epoch = data.draw(st.integers(0, 3))
    world_size, batch_size = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 4))
    whole = epoch_from(None, world_size, batch_size)
    assert sorted(whole) == list(range(SAMPLES))
    first = ts.Loader(
        root,
        FIELDS[:1],
        rank=0,
        world_size=world_size,
        batch_size=batch_size,
        threads=data.draw(st.integers(1, 3)),
        **common,
    )
    first.set_epoch(epoch)
    taken = data.draw(st.integers(0, len(first)))
    running = iter(first)
    for _ in range(taken):
        next(running)
    state = json.loads(json.dumps(first.state_dict()))
    first.close()
    assert len(json.dumps(state)) < 1024
    delivered = min(SAMPLES, taken * world_size * batch_size)
    if taken:
        assert (state["epoch"], state["delivered"]) == (epoch, delivered)
    rest = epoch_from(state, data.draw(st.integers(1, 3)), data.draw(st.integers(1, 4)))
    assert rest == whole[delivered:]


def test_the_order_of_the_shards_without_shuffle(root: Path) -> None:
    batches = list(ts.Loader(root, FIELDS[:1], batch_size=5))
    assert numbers(batches) == [list(range(n, n + 5)) for n in range(0, 20, 5)]


def test_a_part_of_a_release_has_an_order_of_its_own(root: Path) -> None:
    whole = ts.Release(root)
    part = whole.select(keys=[whole.keys[n] for n in (2, 3, 5, 7, 11, 13)], fields=["json", "halfo_m_o_e"])
    loader = ts.Loader(part, batch_size=2, shuffle=True)
    batches = list(loader)
    assert sorted(n for batch in batches for n in batch.samples.tolist()) == [2, 3, 5, 7, 11, 13]
    assert batches[0].fields == [["halfo_m_o_e.jpg"]] * 2
    assert [batch.keys for batch in batches] == [[whole.keys[n] for n in batch.samples] for batch in batches]
    with pytest.raises(ts.ShardError, match="not the one"):
        ts.Loader(whole, shuffle=True).load_state_dict(loader.state_dict())


def test_epochs_advance_and_can_be_set(root: Path) -> None:
    loader = ts.Loader(root, FIELDS[:1], batch_size=23, shuffle=True, size=8)
    first, second = numbers(list(loader)), numbers(list(loader))
    assert first != second
    loader.set_epoch(0)
    assert numbers(list(loader)) == first
    iterator = iter(loader)
    loader.sampler.set_epoch(0)  # between iter and the first next, as Lightning does
    assert next(iterator).samples.tolist() == first[0]
    assert loader.state_dict()["epoch"] == 0
    assert numbers(list(loader)) == second


def test_a_state_of_something_else_is_refused(root: Path, tmp_path: Path) -> None:
    loader = ts.Loader(root, FIELDS[:1], batch_size=4, shuffle=True)
    next(iter(loader))
    state = loader.state_dict()
    with pytest.raises(ValueError, match="seed"):
        ts.Loader(root, batch_size=4, shuffle=True, seed=1).load_state_dict(state)
    with pytest.raises(ValueError, match="shuffle"):
        ts.Loader(root, batch_size=4).load_state_dict(state)
    with pytest.raises(ValueError, match="version"):
        loader.load_state_dict({**state, "version": 9})
    with pytest.raises(ValueError, match="makes no sense"):
        loader.load_state_dict({**state, "delivered": SAMPLES + 1})
    other = releases.write(tmp_path / "reghead-v1-64", releases.samples(SAMPLES, side=32), per_shard=9)
    with pytest.raises(ts.ShardError, match="not the one") as caught:
        ts.Loader(other, shuffle=True).load_state_dict(state)
    assert caught.value.shard == str(other)
    copy = releases.write(tmp_path / "copy", releases.samples(SAMPLES), per_shard=9)
    ts.Loader(copy, shuffle=True, batch_size=4).load_state_dict(state)


def test_another_global_batch_warns(root: Path) -> None:
    loader = ts.Loader(root, FIELDS[:1], batch_size=4, shuffle=True)
    next(iter(loader))
    with pytest.warns(UserWarning, match="4 samples and is 5"):
        ts.Loader(root, FIELDS[:1], batch_size=5, shuffle=True).load_state_dict(loader.state_dict())


def test_what_is_ready_is_not_delivered(root: Path) -> None:
    loader = ts.Loader(root, FIELDS[:1], batch_size=2, shuffle=True, threads=3, prefetch=8)
    iterator = iter(loader)
    next(iterator)
    for _ in range(200):
        if loader.stats()["ready"] >= 5:
            break
        threading.Event().wait(0.01)
    assert loader.stats()["ready"] >= 5
    assert loader.state_dict()["delivered"] == loader.stats()["delivered"] == 2
    loader.close()


def test_out_is_filled_in_turn(root: Path) -> None:
    ring = [np.empty((4, 3, 64, 64, 3), np.uint8) for _ in range(3)]
    expected = [batch.images for batch in ts.Loader(root, FIELDS, batch_size=4, shuffle=True)]
    for threads in (1, 2):
        loader = ts.Loader(root, FIELDS, batch_size=4, shuffle=True, out=ring, threads=threads)
        for number, batch in enumerate(loader):
            assert batch.images is ring[number % 3]
            assert np.array_equal(batch.images, expected[number])
    for wrong in (np.empty((4, 3, 64, 64), np.uint8), np.empty((4, 3, 64, 64, 3), np.int8), ring[0].T):
        with pytest.raises(ValueError, match="out must be"):
            ts.Loader(root, FIELDS, batch_size=4, out=wrong)
    with pytest.raises(ValueError, match="overlap"):
        next(iter(ts.Loader(root, FIELDS, batch_size=4, out=[ring[0], ring[0]])))


def test_batches_outlive_the_loader_and_share_nothing(root: Path) -> None:
    loader = ts.Loader(root, FIELDS[:1], batch_size=4, threads=2)
    batches = list(loader)
    kept = [batch.images.copy() for batch in batches]
    assert not any(np.shares_memory(a.images, b.images) for a, b in itertools.pairwise(batches))
    views = [batch.images[1:3, 0] for batch in batches]
    del batches
    list(loader)  # would write into memory that is still seen
    del loader
    for view, pixels in zip(views, kept, strict=True):
        assert np.array_equal(view, pixels[1:3, 0])


def test_batches_outlive_their_shards(tmp_path: Path) -> None:
    root = releases.write(tmp_path / "r", releases.samples(4), per_shard=2)
    loader = ts.Loader(root, FIELDS, batch_size=4, threads=2)
    (batch,) = loader
    kept = batch.images.copy()
    del loader
    for shard in releases.shards(root):
        shard.write_bytes(b"x")
        shard.unlink()
    assert np.array_equal(batch.images, kept)
    assert [meta["sample_key"] for meta in batch.meta] == batch.keys


def test_the_peak_of_memory_is_the_batches_in_use_and_in_the_making(root: Path) -> None:
    code = """
        import json, sys, turboshard as ts
        def peak():
            with open("/proc/self/status") as file:
                return next(int(line.split()[1]) << 10 for line in file if line.startswith("VmHWM"))
        list(ts.Loader(sys.argv[1], batch_size=4, size=64, as_torch=False))  # what comes once
        before = peak()
        loader = ts.Loader(sys.argv[1], batch_size=4, size=1024, threads=1)
        for epoch in range(3):
            for batch in loader:
                assert batch.images[:, :, ::64].any()
        print(json.dumps([before, peak(), batch.images.nbytes]))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), root], capture_output=True, text=True, check=True
    )
    before, after, batch = json.loads(done.stdout)
    assert batch == 4 * 3 * 1024 * 1024 * 3
    # The one in use and the one that is made of it; a copy anywhere would be a third.
    assert 0.9 * batch < after - before < 2.6 * batch


def test_arguments_that_make_no_sense(root: Path) -> None:
    bad: list[dict[str, Any]] = [
        {"batch_size": 0},
        {"prefetch": 0},
        {"seed": -1},
        {"rank": 2, "world_size": 2},
        {"rank": 0},
        {"on_error": "ignore"},
        {"fields": ["nose.jpg"]},
        {"fields": []},
        {"hflip": 2},
        {"crop": "random_resized"},
        {"crop": "centre", "size": 8},
        {"normalize": ((0.5,), (0.5,))},
        {"prefetch_bytes": "much"},
    ]
    for keywords in bad:
        with pytest.raises((ValueError, TypeError)):
            ts.Loader(root, **keywords)


def test_a_loader_can_be_sent_to_another_process(root: Path) -> None:
    loader = ts.Loader(root, FIELDS, batch_size=4, shuffle=True, seed=2)
    list(loader)
    other = pickle.loads(pickle.dumps(loader))
    assert numbers(list(other)) == numbers(list(loader))


def test_rank_and_world_come_from_the_environment(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert numbers(list(ts.Loader(root, batch_size=5))) == [[5, 6, 7, 8, 9], [15, 16, 17, 18, 19]]
    assert numbers(list(ts.Loader(root, batch_size=10, rank=0, world_size=1)))[0] == list(range(10))
    monkeypatch.setenv("RANK", "first")
    with pytest.raises(ValueError, match="RANK"):
        ts.Loader(root, batch_size=5)
