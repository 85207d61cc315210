"""With torch: every way to start workers, distributed runs, Lightning; stopped in the middle and taken up again."""

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import turboshard as ts

from . import releases
from .reference import loading as reference

torch = pytest.importorskip("torch", reason="torch is not installed (make test-train)")

SAMPLES = 13
FIELDS = [f"{name}.jpg" for name in releases.EXPRESSIONS[:2]]
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:'set_vital' is deprecated:UserWarning"),  # torchdata asks for it
    pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning"),
]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return releases.write(
        tmp_path_factory.mktemp("torch") / "reghead-v1-64", releases.samples(SAMPLES), per_shard=5
    )


def test_a_sample_is_what_the_shard_holds(root: Path) -> None:
    data = ts.torch.ShardDataset(root, FIELDS, size=32)
    assert len(data) == SAMPLES
    for number in (0, 7, -1):
        sample = data[number]
        raw = ts.Release(root)[number]
        assert sample["key"] == raw["__key__"]
        assert sample["meta"] == json.loads(raw["json"])
        assert sample["index"] == number % SAMPLES
        expected = np.stack([ts.decode(raw[field], size=32) for field in FIELDS])
        assert np.array_equal(sample["images"].numpy(), expected)
    with pytest.raises(IndexError):
        data[SAMPLES]


def test_collate_copies_nothing_and_gives_what_stacking_does(root: Path) -> None:
    data = ts.torch.ShardDataset(root, FIELDS)
    samples = data.__getitems__([3, 1, 12])
    batch = ts.torch.collate(samples)
    assert batch["images"].data_ptr() == samples[0]["images"].data_ptr()
    stacked = ts.torch.collate(list(samples))
    assert batch.keys() == stacked.keys()
    for name, value in batch.items():
        assert torch.equal(value, stacked[name]) if torch.is_tensor(value) else value == stacked[name]
    assert batch["index"].tolist() == [3, 1, 12]


@pytest.mark.parametrize("persistent", [False, True])
@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_two_epochs_with_every_way_to_start_workers(root: Path, method: str, persistent: bool) -> None:
    data = ts.torch.ShardDataset(root, FIELDS, size=16)
    data.__getitems__(range(4))  # the pool is at work in the parent before it forks
    expected = [data[number]["images"] for number in range(SAMPLES)]
    loader = torch.utils.data.DataLoader(
        data,
        batch_size=4,
        num_workers=2,
        multiprocessing_context=method,
        persistent_workers=persistent,
        collate_fn=ts.torch.collate,
        timeout=60,
    )
    for _ in range(2):
        batches = list(loader)
        assert [batch["index"].tolist() for batch in batches] == [
            [0, 1, 2, 3],
            [4, 5, 6, 7],
            [8, 9, 10, 11],
            [12],
        ]
        for batch in batches:
            for index, pixels in zip(batch["index"], batch["images"], strict=True):
                assert torch.equal(pixels, expected[index])


def test_a_loader_in_workers_keeps_its_order(root: Path) -> None:
    loader = ts.Loader(root, FIELDS, batch_size=2, shuffle=True, seed=3, size=16, as_torch=True)
    expected = [batch.samples.tolist() for batch in loader]
    loader.set_epoch(0)
    for workers in (1, 2, 3):
        wrapped = torch.utils.data.DataLoader(
            ts.torch.batches(loader), batch_size=None, num_workers=workers, timeout=60
        )
        assert [batch.samples.tolist() for batch in wrapped] == expected
        assert len(wrapped) == len(expected) == 6
    assert [
        batch.samples.tolist() for batch in pickle.loads(pickle.dumps(ts.torch.batches(loader)))
    ] == expected


def test_every_error_crosses_to_the_parent(root: Path, tmp_path: Path) -> None:
    shard = tmp_path / "reghead-000000.tar"
    shard.write_bytes(releases.shards(root)[0].read_bytes())
    offset = int(ts.Shard(shard).index.offset[0])
    with shard.open("r+b") as file:
        file.seek(offset)
        file.write(b"no picture")
    data = ts.torch.ShardDataset(str(shard), FIELDS, size=16)
    loader = torch.utils.data.DataLoader(
        data, batch_size=2, num_workers=2, collate_fn=ts.torch.collate, timeout=60
    )
    with pytest.raises(ts.DecodeError) as caught:
        list(loader)
    assert "Caught" in str(caught.value)
    filled = ts.torch.collate(
        ts.torch.ShardDataset(str(shard), FIELDS, size=16, on_error="fill").__getitems__([0, 1])
    )
    assert filled["valid"].tolist() == [[False, True], [True, True]]
    assert not filled["images"][0, 0].any()


def test_what_is_drawn_follows_the_epoch_into_living_workers(root: Path) -> None:
    data = ts.torch.ShardDataset(root, FIELDS, size=16, hflip=0.5, seed=8)
    plain = ts.torch.collate(ts.torch.ShardDataset(root, FIELDS, size=16).__getitems__(range(SAMPLES)))[
        "images"
    ]
    loader = torch.utils.data.DataLoader(
        data,
        batch_size=SAMPLES,
        num_workers=1,
        persistent_workers=True,
        collate_fn=ts.torch.collate,
        timeout=60,
    )
    for epoch in range(3):
        data.set_epoch(epoch)
        (batch,) = loader
        mirrored = [reference.is_mirrored(8, epoch, n, 0.5) for n in range(SAMPLES)]
        assert 0 < sum(mirrored) < SAMPLES
        for n, flipped in enumerate(mirrored):
            assert torch.equal(batch["images"][n], plain[n].flip(2) if flipped else plain[n])


def test_the_sampler_has_the_loaders_order(root: Path) -> None:
    data = ts.torch.ShardDataset(root, FIELDS, size=16)
    for drop_last in (False, True):
        for rank in range(3):
            keywords: dict[str, Any] = {
                "batch_size": 2,
                "seed": 6,
                "rank": rank,
                "world_size": 3,
                "drop_last": drop_last,
            }
            sampler = ts.torch.EpochSampler(data, **keywords)
            loader = ts.Loader(root, FIELDS, shuffle=True, size=16, **keywords)
            for _ in range(2):
                found = list(sampler)
                assert found == [n for batch in loader for n in batch.samples.tolist()]
                assert len(found) == len(sampler)


@pytest.mark.parametrize("every", [1, 7])
def test_stateful_dataloader_goes_on_where_it_was(root: Path, every: int) -> None:
    module = pytest.importorskip("torchdata.stateful_dataloader", reason="torchdata is not installed")

    def loader() -> Any:
        data = ts.torch.ShardDataset(root, FIELDS, size=16)
        return module.StatefulDataLoader(
            data,
            batch_size=3,
            sampler=ts.torch.EpochSampler(data, batch_size=3, seed=4),
            num_workers=2,
            collate_fn=ts.torch.collate,
            snapshot_every_n_steps=every,
            timeout=60,
        )

    whole = [batch["index"].tolist() for batch in loader()]
    assert len(whole) == 5
    first = loader()
    running = iter(first)
    taken = [next(running)["index"].tolist() for _ in range(2)]
    state = pickle.loads(pickle.dumps(first.state_dict()))
    del running
    other = loader()
    other.load_state_dict(state)
    assert taken + [batch["index"].tolist() for batch in other] == whole


DISTRIBUTED = """
import json, sys
import torch.distributed as dist
import turboshard as ts
dist.init_process_group("gloo")
loader = ts.Loader(sys.argv[1], ["open_m_open_e.jpg"], batch_size=2, shuffle=True, seed=1, size=8, drop_last=False,
                   as_torch=True)
if sys.argv[3] != "-":
    loader.load_state_dict(json.load(open(sys.argv[3])))
seen = []
for number, batch in enumerate(loader):
    total = batch.images.float().sum()
    dist.all_reduce(total)  # hangs if another rank has fewer steps
    seen += [n for n, valid in zip(batch.samples.tolist(), batch.valid[:, 0].tolist()) if valid]
    if number + 1 == int(sys.argv[4]):
        break
everyone = [None] * dist.get_world_size()
dist.all_gather_object(everyone, seen)
if dist.get_rank() == 0:
    print(json.dumps({"seen": everyone, "state": loader.state_dict()}), flush=True)
dist.destroy_process_group()
"""


def distributed(root: Path, state: Path | None, steps: int, world_size: int) -> dict[str, Any]:
    """Runs so many steps in real processes; what each rank saw, and the state."""
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-c",
        DISTRIBUTED,
        str(root),
        "",
        str(state or "-"),
        str(steps),
    ]
    running = []
    for rank in range(world_size):
        where = {"RANK": rank, "WORLD_SIZE": world_size, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": 29_519}
        environment = {**os.environ, **{name: str(value) for name, value in where.items()}}
        running.append(subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True))
    told = [process.communicate(timeout=120)[0] for process in running]
    assert [process.returncode for process in running] == [0] * world_size
    found: dict[str, Any] = json.loads(told[0].splitlines()[-1])
    return found


def test_two_processes_stopped_and_taken_up_by_one(root: Path, tmp_path: Path) -> None:
    first = distributed(root, None, 2, 2)
    state = tmp_path / "state.json"
    state.write_text(json.dumps(first["state"]))
    assert first["state"]["delivered"] == 8
    second = distributed(root, state, -1, 1)
    seen = [n for found in (first, second) for rank in found["seen"] for n in rank]
    assert sorted(seen) == list(range(SAMPLES))
    whole = distributed(root, None, -1, 2)
    assert sorted(n for rank in whole["seen"] for n in rank) == list(range(SAMPLES))


LIGHTNING = """
import json, sys, warnings, logging
warnings.filterwarnings("ignore")
logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
import lightning, torch
import turboshard as ts

class Model(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer, self.seen = torch.nn.Linear(3, 1), []
    def training_step(self, batch, number):
        self.seen.append([self.current_epoch, batch.samples.tolist()])
        return self.layer(batch.images.float().mean((1, 2, 3))).mean()
    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 1e-9)

loader = ts.Loader(sys.argv[1], ["open_m_open_e.jpg"], batch_size=3, shuffle=True, seed=2, size=8,
                   as_torch=True)
model = Model()
keep = lightning.pytorch.callbacks.ModelCheckpoint(sys.argv[2], "stopped", every_n_train_steps=6)
trainer = lightning.Trainer(
    max_epochs=3, max_steps=int(sys.argv[3]), accelerator="cpu", logger=False, callbacks=[keep],
    enable_progress_bar=False, enable_model_summary=False, default_root_dir=sys.argv[2])
resume = sys.argv[2] + "/stopped.ckpt" if sys.argv[4] == "resume" else None
trainer.fit(model, loader, ckpt_path=resume, weights_only=False)
print(json.dumps(model.seen))
"""


def test_a_lightning_fit_stopped_in_mid_epoch_and_resumed(root: Path, tmp_path: Path) -> None:
    pytest.importorskip("lightning", reason="lightning is not installed")

    def fit(steps: int, resume: str) -> list[Any]:
        command = [sys.executable, "-c", LIGHTNING, str(root), str(tmp_path), str(steps), resume]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
        assert done.returncode == 0, done.stderr
        found: list[Any] = json.loads(done.stdout.splitlines()[-1])
        return found

    stopped = fit(6, "")
    assert [epoch for epoch, _ in stopped] == [0, 0, 0, 0, 1, 1]
    rest = fit(-1, "resume")
    whole = fit(-1, "")
    assert len(whole) == 12
    assert stopped + rest == whole
