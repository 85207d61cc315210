"""Other readers on what this library writes: tar, tarfile, webdataset, DALI, Hugging Face datasets.

Each reader is the real one. What it must find is said by the source release, read with tarfile alone.
"""

import importlib.util
import io
import json
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
        read: Any = fn.readers.webdataset(ext=["frown.jpg", "json"], **arguments)
        pipe.set_outputs(fn.decoders.image(read[0], device="cpu"), *read)
    pipe.build()
    expected = samples(folder)
    assert len(expected) == IDENTITIES
    for fields in expected.values():
        pixels, jpeg, meta = (output.as_array()[0] for output in pipe.run())
        assert jpeg.tobytes() == fields["frown.jpg"]
        assert json.loads(meta.tobytes()) == json.loads(fields["json"])
        pillow = np.asarray(Image.open(io.BytesIO(fields["frown.jpg"])).convert("RGB"))
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
