"""Other readers on what this library writes: tar, tarfile, webdataset, wids, DALI, energon, Hugging Face datasets.

Each reader is the real one. What it must find is said by the source release, read with tarfile alone.
"""

import importlib.util
import io
import json
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import webdataset as wds
from PIL import Image

from . import releases
from .releases import EXPRESSIONS

IDENTITIES = 24


def run(*words: object) -> str:
    command = [sys.executable, "-m", "turboshard", *map(str, words)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("interop") / "heads-128"
    run("synth", folder, "--identities", IDENTITIES, "--size", 128, "--seed", 5)
    return folder


@pytest.fixture(scope="module", params=["gnu", "pax"])
def derived(request: pytest.FixtureRequest, source: Path) -> tuple[str, Path]:
    folder = source.parent / f"derived-{request.param}"
    run("reshard", source, "-o", folder, "--size", 64, "--max-samples", 5, "--tar-format", request.param)
    return request.param, folder


def members(folder: Path) -> Iterator[tuple[str, bytes]]:
    for shard in sorted((folder / "data").glob("*.tar")):
        with tarfile.open(shard, "r:") as tar:
            for member in tar:
                content = tar.extractfile(member)
                assert content is not None
                yield member.name, content.read()


def samples(folder: Path) -> dict[str, dict[str, bytes]]:
    found: dict[str, dict[str, bytes]] = {}
    for name, payload in members(folder):
        key, field = name.split(".", 1)
        found.setdefault(key, {})[field] = payload
    return found


def test_tarfile_finds_the_same_samples_in_the_same_order(source: Path, derived: tuple[str, Path]) -> None:
    before, after = samples(source), samples(derived[1])
    assert len(before) == IDENTITIES
    assert list(before) == list(after)
    for key, fields in before.items():
        assert list(fields) == list(after[key])
        assert fields["json"] == after[key]["json"]
        for expression in EXPRESSIONS:
            assert Image.open(io.BytesIO(after[key][f"{expression}.jpg"])).size == (64, 64)


def test_gnu_tar_lists_and_unpacks_it(derived: tuple[str, Path], tmp_path: Path) -> None:
    expected = dict(members(derived[1]))
    for shard in sorted((derived[1] / "data").glob("*.tar")):
        done = subprocess.run(
            ["tar", "-xf", str(shard), "-C", str(tmp_path)], check=True, capture_output=True, text=True
        )
        assert done.stderr == ""
    unpacked = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert len(unpacked) == IDENTITIES * 11
    assert unpacked == expected


def test_sha256sum_agrees(derived: tuple[str, Path]) -> None:
    command = ["sha256sum", "-c", "--strict", "checksums/SHA256SUMS"]
    done = subprocess.run(command, cwd=derived[1], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(": OK") == 5


def parse_identity_sample(sample: dict[str, object]) -> dict[str, object]:
    metadata = sample["json"]
    assert isinstance(metadata, dict)
    fields = [row["field"] for row in metadata["expressions"]]
    return {"key": sample["__key__"], "images": [sample[field] for field in fields], "metadata": metadata}


def test_webdataset_loads_it_as_the_publisher_says(derived: tuple[str, Path]) -> None:
    urls = [str(path) for path in sorted((derived[1] / "data").glob("*.tar"))]
    dataset = wds.WebDataset(urls, shardshuffle=False).decode("pil").map(parse_identity_sample)
    found = list(dataset)
    assert [sample["key"] for sample in found] == list(samples(derived[1]))
    assert all(len(sample["images"]) == 10 and sample["images"][0].size == (64, 64) for sample in found)
    assert all(sample["metadata"]["sample_key"] == sample["key"] for sample in found)


def test_webdataset_reads_a_split_by_its_name(source: Path) -> None:
    folder = source.parent / "split"
    run("reshard", source, "-o", folder, "--split", "train=.7,val=.3")
    counts = {}
    for split in ("train", "val"):
        urls = [str(path) for path in sorted((folder / "data").glob(f"*-{split}-*.tar"))]
        counts[split] = sum(1 for _ in wds.WebDataset(urls, shardshuffle=False))
    assert counts["train"] + counts["val"] == IDENTITIES
    assert counts["train"] > counts["val"] > 0


needs_dali = pytest.mark.skipif(
    importlib.util.find_spec("nvidia.dali") is None if importlib.util.find_spec("nvidia") else True,
    reason="nvidia-dali is not installed (requirements/interop.txt; there are wheels for Linux only)",
)


LONG = "close_m_0_25o_e.jpg"
"""The field with the longest name, beyond the 100 bytes of a header for some identities."""


@needs_dali
@pytest.mark.parametrize("indexed", [False, True])
def test_dali_decodes_the_same_pictures(derived: tuple[str, Path], tmp_path: Path, indexed: bool) -> None:
    from nvidia.dali import Pipeline, fn

    kind, folder = derived
    if kind == "pax" and not indexed:
        pytest.skip("DALI cannot read PAX names without an index; that is why gnu is the default")
    shards = sorted((folder / "data").glob("*.tar"))
    arguments = {"paths": [str(shard) for shard in shards]}
    if indexed:
        run("index", *shards, "--format", "wds2idx", "-o", tmp_path)
        arguments["index_paths"] = [str(tmp_path / f"{shard.stem}.idx") for shard in shards]

    pipe = Pipeline(batch_size=1, num_threads=1, device_id=None)
    with pipe:
        read: Any = fn.readers.webdataset(ext=[LONG, "json"], **arguments)
        pipe.set_outputs(fn.decoders.image(read[0], device="cpu"), *read)
    pipe.build()
    expected = samples(folder)
    assert len(expected) == IDENTITIES
    assert 0 < sum(len(f"{key}.{LONG}") > 100 for key in expected) < IDENTITIES
    for fields in expected.values():
        pixels, jpeg, meta = (output.as_array()[0] for output in pipe.run())
        assert jpeg.tobytes() == fields[LONG]
        assert json.loads(meta.tobytes()) == json.loads(fields["json"])
        pillow = np.asarray(Image.open(io.BytesIO(fields[LONG])).convert("RGB"))
        assert pixels.shape == (64, 64, 3)
        # DALI brings its own build of libjpeg-turbo with its own choice of IDCT.
        assert np.abs(pixels.astype(int) - pillow).mean() < 2


@pytest.mark.skipif(
    importlib.util.find_spec("datasets") is None,
    reason="Hugging Face datasets is not installed (requirements/interop.txt)",
)
def test_hugging_face_streams_it(derived: tuple[str, Path]) -> None:
    from datasets import load_dataset

    files = [str(path) for path in sorted((derived[1] / "data").glob("*.tar"))]
    stream = load_dataset("webdataset", data_files={"train": files}, split="train", streaming=True)
    found = list(stream)
    expected = samples(derived[1])
    assert [row["__key__"] for row in found] == list(expected)
    for row in found:
        assert row["frown.jpg"].size == (64, 64)
        assert row["json"]["num_expressions"] == 10


@pytest.mark.skipif(
    importlib.util.find_spec("wids") is None,
    reason="wids is not installed (requirements/interop.txt)",
)
def test_wids_finds_its_samples_by_the_list(tmp_path: Path) -> None:
    import wids

    short = [
        [(name.replace(releases.key(number), f"{number:08d}"), payload) for name, payload in sample]
        for number, sample in enumerate(releases.samples(11))
    ]
    root = releases.write(tmp_path / "reghead-v1-64", short, per_shard=4)
    listed = root / "data" / "shards.json"
    run("index", *releases.shards(root), "--format", "wids", "-o", listed)
    opened = wids.ShardListDataset(
        str(listed), cache_dir=str(tmp_path / "cache"), transformations=lambda sample: sample, keep=True
    )
    expected = samples(root)
    assert len(opened) == len(expected) == 11
    for number, (key, fields) in enumerate(expected.items()):
        found = opened[number]
        assert found["__key__"] == key
        read = {name[1:]: value.read() for name, value in found.items() if name.startswith(".")}
        assert read == fields


def test_what_wids_cannot_read_is_said(source: Path, tmp_path: Path) -> None:
    cut = sum(len(name) > 100 for name, _ in members(source))
    assert cut > 0
    shards = sorted((source / "data").glob("*.tar"))
    done = releases.turboshard("index", *shards, "--format", "wids", "-o", tmp_path / "shards.json")
    assert f"wids will cut {cut} names at 100 bytes" in done.stderr


ENERGON = """
import json, sys, warnings
warnings.filterwarnings("ignore")
from megatron.energon import Cooker, DefaultTaskEncoder, WorkerConfig, get_loader, get_train_dataset, stateless

@stateless
def as_it_is(sample):
    return sample

class Raw(DefaultTaskEncoder):
    decoder = None
    cookers = [Cooker(as_it_is)]

dataset = get_train_dataset(
    sys.argv[1], worker_config=WorkerConfig(rank=0, world_size=1, num_workers=0), batch_size=None,
    shuffle_buffer_size=None, max_samples_per_sequence=None, shuffle_over_epochs_multiplier=1, repeat=False,
    task_encoder=Raw())
for sample in get_loader(dataset):
    fields = {name: value.hex() for name, value in sample.items() if not name.startswith("__")}
    print(json.dumps([sample["__key__"], fields]))
"""


@pytest.mark.skipif(
    importlib.util.find_spec("megatron") is None,
    reason="megatron-energon is not installed (requirements/train.txt, with torch)",
)
def test_energon_loads_what_was_indexed_for_it(derived: tuple[str, Path], tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(derived[1] / "data", folder)
    run("index", *sorted(folder.glob("*.tar")), "--format", "energon", "-o", f"{folder}/")
    done = subprocess.run(
        [sys.executable, "-c", ENERGON, str(folder)], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    found = dict(json.loads(line) for line in done.stdout.splitlines())
    expected = samples(derived[1])
    assert len(found) == IDENTITIES
    for key, fields in expected.items():
        assert found[key] == {name: payload.hex() for name, payload in fields.items()}


def test_a_split_of_ones_own_is_left_alone(source: Path, tmp_path: Path) -> None:
    shards = sorted((source / "data").glob("*.tar"))
    own = tmp_path / ".nv-meta" / "split.yaml"
    own.parent.mkdir()
    own.write_text("split_parts: {val: []}\n")
    run("index", *shards, "--format", "energon", "-o", f"{tmp_path}/")
    assert own.read_text() == "split_parts: {val: []}\n"
    assert json.loads((own.parent / ".info.json").read_text())["shard_counts"].keys() == {
        shard.name for shard in shards
    }
