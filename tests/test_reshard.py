"""A release made out of another: contents, order, bytes, caps."""

import gzip
import io
import itertools
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import turboshard as ts

from . import releases
from . import strategies as make
from .reference import image, release, tar
from .reference import shard as reference
from .releases import turboshard
from .resharding import COUNT, KEYS, SAMPLES, SIDE, assert_sound, encoded, keys_of, manifest, resharded

# ---------------------------------------------------------------- contents


def test_everything_but_the_pictures_stays(half: Path) -> None:
    assert_sound(half)
    found, expected = release.samples_of(half), encoded(SAMPLES)
    assert len(found) == COUNT
    assert len(releases.shards(half)) >= 3
    assert [[name for name, _ in s] for s in found] == [[name for name, _ in s] for s in expected], (
        "order too"
    )
    for one, other in zip(found, expected, strict=True):
        documents = [[data for name, data in s if name.endswith(b".json")] for s in (one, other)]
        assert documents[0] == documents[1] != []


def test_shards_are_the_oracles_byte_for_byte(half: Path) -> None:
    shards = release.pack(release.samples_of(half), 32 * 1024)
    assert len(shards) >= 3
    assert [path.read_bytes() for path in releases.shards(half)] == [release.shard_bytes(s) for s in shards]


def test_the_manifest(half: Path) -> None:
    told = manifest(half)
    wanted = {
        "schema_version": 1,
        "name": "reghead-v1-32",
        "resolution": 32,
        "image_format": "jpeg",
        "quality": 95,
        "num_samples": COUNT,
        "num_images": 3 * COUNT,
    }
    assert {key: told[key] for key in wanted} == wanted
    assert set(told["fields"]) == {f"{e}.jpg" for e in releases.EXPRESSIONS[:3]} | {"json"}
    text = json.dumps(told) + "".join(p.read_text() for p in (half / "metadata").iterdir())
    for secret in (str(half), os.uname().nodename, "/tmp"):
        assert secret not in text, "no time, host or path"
    rows = [
        json.loads(line) for line in (half / "metadata/webdataset_samples.jsonl").read_text().splitlines()
    ]
    assert [row["sample_key"] for row in rows] == KEYS
    assert [row["identity"] for row in rows] == [releases.identity(n) for n in range(COUNT)]
    assert {row["num_expressions"] for row in rows} == {3}


def test_bundles_hold_no_time(half: Path) -> None:
    for name in ("metadata.tar.gz", "checksums.tar.gz"):
        data = (half / name).read_bytes()
        assert data[4:8] == bytes(4), "mtime of gzip's header"
        assert not data[3] & 8, "no file name in gzip's header"
        with tarfile.open(fileobj=io.BytesIO(gzip.decompress(data))) as archive:
            assert {(m.mtime, m.uid, m.gid, m.uname, m.gname) for m in archive} == {(0, 0, 0, "", "")}


@pytest.mark.parametrize("tar_format", ["gnu", "pax"])
def test_without_size_payloads_are_copied_and_headers_normalised(
    source: Path, tmp_path: Path, tar_format: str
) -> None:
    found = resharded(source, "--max-shard-size", "100KiB", "--tar-format", tar_format, out=tmp_path / "out")
    assert found == encoded(SAMPLES)
    shards = release.pack(found, 100 * 1024, tar_format)
    assert len(shards) >= 2
    written = [path.read_bytes() for path in releases.shards(tmp_path / "out")]
    assert written == [release.shard_bytes(s, tar_format) for s in shards]


def test_the_api_does_the_same(source: Path, half: Path, tmp_path: Path) -> None:
    made = ts.reshard(source, tmp_path / "reghead-v1-32", size=32, max_shard_size="32KiB")
    assert len(made) == COUNT
    assert releases.tree(tmp_path / "reghead-v1-32") == releases.tree(half)


def test_the_size_it_has_copies_the_pictures(source: Path, tmp_path: Path) -> None:
    assert resharded(source, "--size", SIDE, out=tmp_path / "same") == encoded(SAMPLES)
    other = resharded(source, "--size", SIDE, "--quality", 80, out=tmp_path / "q80")
    assert other != encoded(SAMPLES)
    assert other[0][0][1] == ts.encode(ts.decode(SAMPLES[0][0][1]), quality=80, subsampling="420")
    alone = resharded(source, "--subsampling", "420", "--quality", 80, out=tmp_path / "alone")
    assert alone[0][0][1] == other[0][0][1]


def test_enlarging_must_be_allowed(source: Path, tmp_path: Path) -> None:
    done = turboshard("reshard", source, "-o", tmp_path / "out", "--size", 65, check=None)
    assert done.returncode in (1, 2)
    assert "--allow-upscale" in done.stderr
    assert not releases.shards(tmp_path / "out")
    found = resharded(source, "--size", 65, "--allow-upscale", out=tmp_path / "large")
    assert image.decode(found[0][0][1]).shape == (65, 65, 3)


# ---------------------------------------------------------------- the same bytes


@pytest.mark.parametrize("options", [["--size", 32], [], ["--size", 24, "--shuffle", "--seed", 3]], ids=str)
def test_threads_change_no_byte(source: Path, tmp_path: Path, options: list[Any]) -> None:
    trees = []
    for threads in (1, 2, 3):
        out = tmp_path / f"j{threads}"
        turboshard(
            "reshard", source, "-o", out, "--max-shard-size", "40KiB", "-j", threads, "--name", "x", *options
        )
        trees.append(releases.tree(out))
    assert len(trees[0]) > 5
    assert trees[0] == trees[1] == trees[2]


DIALECTS: dict[str, Callable[[Any], bytes]] = {
    **{name: write for name, write in make.DIALECTS.items() if name not in ("v7", "ustar")},
    "ustar in folders": lambda members: make.ustar_shard([(f"{'folder/' * 5}{n}", d) for n, d in members]),
    "webdataset": lambda members: make.writer_shard(
        [
            make.SampleCase(str(key), tuple((str(reference.split_key(n)[1]), d) for n, d in group))
            for key, group in itertools.groupby(members, lambda m: reference.split_key(m[0])[0])
        ]
    ),
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_sources_of_other_writers(tmp_path: Path, dialect: str) -> None:
    samples = SAMPLES[:8:2] if dialect == "ustar in folders" else SAMPLES[:4]  # those have short names
    source = releases.write(tmp_path / "reghead-v1-64", samples, per_shard=2, dialect=DIALECTS[dialect])
    held = release.samples_of(source)
    found = resharded(source, out=tmp_path / "copied")
    assert found == held != []
    assert releases.shards(tmp_path / "copied")[0].read_bytes() == release.shard_bytes(held)
    small = resharded(source, "--size", 16, out=tmp_path / "small")
    assert [[name for name, _ in s] for s in small] == [[name for name, _ in s] for s in held]
    # `wds.ShardWriter` puts JSON between the pictures, in the order of the fields; it stays there.
    if dialect == "webdataset":
        assert [n.rsplit(b".", 1)[1] for n, _ in small[0]] != [b"jpg"] * 3 + [b"json"]


def test_a_source_by_gnu_tar(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    names = [name for sample in SAMPLES[:4] for name, _ in sample]
    for name, data in itertools.chain(*SAMPLES[:4]):
        (folder / name).write_bytes(data)
    (tmp_path / "in").mkdir()
    subprocess.run(["tar", "-cf", "../in/x.tar", *names], cwd=folder, check=True)
    assert resharded(tmp_path / "in", out=tmp_path / "out") == encoded(SAMPLES[:4])


@pytest.mark.parametrize("form", ["flat", "shards", "glob", "braces"])
def test_sources_in_other_forms(source: Path, tmp_path: Path, form: str) -> None:
    flat = releases.write(tmp_path / "flat", SAMPLES, per_shard=4, layout="flat")
    given: dict[str, list[Any]] = {
        "flat": [flat],
        "shards": list(releases.shards(source)),
        "glob": [f"{source}/data/*.tar"],
        "braces": [f"{source}/data/reghead-v1-64-{{000000..000002}}.tar"],
    }
    assert resharded(*given[form], out=tmp_path / "out") == encoded(SAMPLES)


# ---------------------------------------------------------------- caps


@pytest.mark.parametrize("spare", [0, -1, 511, 512])
def test_a_shard_is_as_full_as_the_cap_allows(source: Path, tmp_path: Path, spare: int) -> None:
    sizes = [tar.sample_size(sample) for sample in encoded(SAMPLES)]
    cap = sum(sizes[:3]) + 1024 + spare
    resharded(source, "--max-shard-size", cap, out=tmp_path / "out")
    expected = release.pack(encoded(SAMPLES), cap)
    assert len(expected[0]) == (3 if spare >= 0 else 2)
    assert [len(release.shard_bytes(s)) for s in expected] == [
        p.stat().st_size for p in releases.shards(tmp_path / "out")
    ]
    assert all(path.stat().st_size <= cap for path in releases.shards(tmp_path / "out"))


def test_a_sample_that_fits_to_the_byte_and_one_that_does_not(source: Path, tmp_path: Path) -> None:
    sizes = [tar.sample_size(sample) + 1024 for sample in encoded(SAMPLES)]
    resharded(source, "--max-shard-size", max(sizes), out=tmp_path / "fits")
    assert max(p.stat().st_size for p in releases.shards(tmp_path / "fits")) == max(sizes)
    done = turboshard(
        "reshard", source, "-o", tmp_path / "out", "--max-shard-size", max(sizes) - 1, check=None
    )
    assert done.returncode in (1, 2)
    assert KEYS[sizes.index(max(sizes))] in done.stderr
    assert not (tmp_path / "out/checksums/SHA256SUMS").exists()


@pytest.mark.parametrize("unit", ["32768", "32KiB", "32k", "0.03125MiB"])
def test_units(source: Path, tmp_path: Path, unit: str) -> None:
    done = turboshard(
        "reshard", source, "-o", tmp_path / "out", "--size", 32, "--max-shard-size", unit, check=None
    )
    if done.returncode == 0:
        assert all(path.stat().st_size <= 32_768 for path in releases.shards(tmp_path / "out"))
    assert done.returncode == 0 or (done.returncode == 2 and unit in ("32k", "0.03125MiB"))


def test_max_samples_and_num_shards(source: Path, tmp_path: Path) -> None:
    resharded(source, "--max-samples", 5, out=tmp_path / "five")
    assert [e["num_samples"] for e in manifest(tmp_path / "five")["shards"]] == [5, 5, 2]
    for count in (1, 5, 12):
        out = tmp_path / f"n{count}"
        resharded(source, "--num-shards", count, out=out)
        numbers = [e["num_samples"] for e in manifest(out)["shards"]]
        assert len(numbers) == count
        assert max(numbers) - min(numbers) <= 1
        assert keys_of(release.samples_of(out)) == KEYS


@given(
    make.samples(max_samples=6),
    st.integers(1, 60),
    st.sampled_from(["gnu", "pax"]),
    st.integers(1, 3),
    st.data(),
)
def test_any_samples_are_packed_as_by_the_oracle(
    scratch: Path,
    cases: list[make.SampleCase],
    spare: int,
    tar_format: str,
    threads: int,
    data: st.DataObject,
) -> None:
    """Names of every kind, whatever they hold, copied into shards of any cap."""
    source, out = scratch / "packed-in", scratch / "packed-out"
    shutil.rmtree(source, ignore_errors=True)
    shutil.rmtree(out, ignore_errors=True)
    releases.write(source, [case.members for case in cases], per_shard=data.draw(st.integers(1, 6)))
    samples = encoded([case.members for case in cases])
    cap = max(tar.sample_size(sample, tar_format) for sample in samples) + 1024 + spare * 512
    ts.reshard(source, out, max_shard_size=cap, tar_format=tar_format, threads=threads)
    expected = [release.shard_bytes(shard, tar_format) for shard in release.pack(samples, cap, tar_format)]
    assert len(expected) >= 1
    assert [path.read_bytes() for path in releases.shards(out)] == expected
    assert release.manifest_problems(out) == []


# ---------------------------------------------------------------- what others read


def test_tarfile_and_gnu_tar_read_it(half: Path) -> None:
    count = 0
    for path in releases.shards(half):
        with tarfile.open(path) as archive:
            names = archive.getnames()
        listed = subprocess.run(["tar", "-tf", path], capture_output=True, text=True, check=True)
        assert listed.stdout.splitlines() == names
        assert listed.stderr == ""
        count += len(names)
    assert count == 4 * COUNT


def test_webdataset_loads_it(half: Path) -> None:
    wds = pytest.importorskip("webdataset")
    urls = [str(path) for path in releases.shards(half)]
    loaded = list(wds.WebDataset(urls, shardshuffle=False).decode("rgb8"))
    assert [sample["__key__"] for sample in loaded] == KEYS
    for number, sample in enumerate(loaded):
        assert sample["json"]["identity"] == releases.identity(number)
        for expression in releases.EXPRESSIONS[:3]:
            pixels = sample[f"{expression}.jpg"]
            assert pixels.shape == (32, 32, 3)
            assert pixels.dtype == np.uint8


def test_the_library_reads_it(half: Path) -> None:
    made = ts.Release(half)
    assert len(made) == COUNT
    assert made[3]["__key__"] == KEYS[3]
    assert made[KEYS[5]]["__key__"] == KEYS[5]
    assert ts.verify(made).ok
    assert sys.getsizeof(made) < 10_000
