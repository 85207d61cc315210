"""Shards against what their release says of them: `verify` against hashlib and `sha256sum -c`."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

import turboshard as ts

from . import releases
from . import strategies as make
from .reference import digest, release

SMALL = releases.samples(6, 16, releases.EXPRESSIONS[:1])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return releases.write(tmp_path / "r", SMALL, per_shard=2)


@pytest.mark.parametrize("layout", ["unpacked", "flat"])
@pytest.mark.parametrize("threads", [1, 2])
def test_a_whole_release_is_ok(tmp_path: Path, layout: str, threads: int) -> None:
    root = releases.write(tmp_path / "r", SMALL, per_shard=2, layout=layout)
    report = ts.verify(root, threads=threads)
    assert report.ok
    assert len(report.shards) == 3
    assert list(report.problems) == []


@given(st.data())
def test_any_flipped_bit_is_found(scratch: Path, data: st.DataObject) -> None:
    root = scratch / "flips"
    if not root.exists():
        releases.write(root, SMALL, per_shard=2)
    path = data.draw(st.sampled_from(releases.shards(root)))
    good = path.read_bytes()
    path.write_bytes(make.flip(good, data.draw(st.integers(0, len(good) * 8 - 1))))
    try:
        report = ts.verify(root)
    finally:
        path.write_bytes(good)
    assert not report.ok
    assert len(report.problems) == 1
    assert path.name in str(report.problems[0])
    assert ts.verify(root).ok


@given(st.lists(st.binary(max_size=300_000), min_size=1, max_size=4), st.integers(1, 3))
def test_verify_says_what_hashlib_says(scratch: Path, contents: list[bytes], threads: int) -> None:
    root = scratch / "any"
    (root / "data").mkdir(parents=True, exist_ok=True)
    for old in root.rglob("*.tar"):
        old.unlink()
    lines = []
    for number, content in enumerate(contents):
        (root / f"data/x-{number}.tar").write_bytes(content)
        # Every second line is wrong in one digit.
        value = digest.sha256(content)
        value = value if number % 2 == 0 else f"{(int(value[0], 16) + 1) % 16:x}{value[1:]}"
        lines.append(f"{value}  data/x-{number}.tar\n")
    (root / "SHA256SUMS").write_text("".join(lines))
    expected = [line.endswith(": OK") for line in release.check_sums("".join(lines), root)]
    report = ts.verify(root, threads=threads)
    assert len(expected) == len(contents)
    assert report.ok == all(expected)
    assert len(report.problems) == expected.count(False)


@given(st.lists(st.integers(0, 200_000), min_size=1, max_size=20), st.integers(1, 3), st.randoms())
def test_any_number_of_files_that_end_anywhere(
    scratch: Path, sizes: list[int], threads: int, random: Random
) -> None:
    """Lanes are refilled, padded and run empty in every way."""
    contents = [random.randbytes(size) for size in sizes]
    paths = [scratch / f"lane-{number}" for number in range(len(sizes))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    expected = [hashlib.sha256(content).hexdigest() for content in contents]
    assert ts.digest_files(paths, threads=threads) == expected


@pytest.mark.parametrize("level", ["avx512", "avx2", "portable"])
def test_every_level_gives_the_same_digests(tmp_path: Path, level: str) -> None:
    contents = [bytes([number]) * (70_000 * number + 55) for number in range(11)]
    for number, content in enumerate(contents):
        (tmp_path / str(number)).write_bytes(content)
    program = "import sys, turboshard as ts; print(ts.build_info()['sha256'], *ts.digest_files(sys.argv[1:]))"
    paths = [str(tmp_path / str(number)) for number in range(11)]
    done = subprocess.run(
        [sys.executable, "-c", program, *paths],
        env={**os.environ, "TURBOSHARD_ISA": level},
        capture_output=True,
        text=True,
        check=True,
    )
    kernel = done.stdout.rsplit(maxsplit=11)[0]
    assert kernel in {"hybrid8", "avx512x16", "sha-ni x2", "sha2", "portable"}
    assert done.stdout.split()[-11:] == [hashlib.sha256(content).hexdigest() for content in contents]


def test_sizes_around_the_blocks_of_the_digest(tmp_path: Path) -> None:
    root = tmp_path / "r"
    root.mkdir()
    sizes = [0, 1, 55, 56, 63, 64, 65, 119, 120, 4095, 4096, (1 << 20) - 1, 1 << 20, (1 << 20) + 1]
    for size in sizes:
        (root / f"{size}.tar").write_bytes(b"\x5a" * size)
    sums = subprocess.run(
        ["sha256sum", *(f"{s}.tar" for s in sizes)], cwd=root, capture_output=True, check=True
    )
    (root / "SHA256SUMS").write_bytes(sums.stdout)
    report = ts.verify(root)
    assert report.ok
    assert len(report.shards) == len(sizes)


def test_a_missing_shard(root: Path) -> None:
    releases.shards(root)[1].unlink()
    report = ts.verify(root)
    assert not report.ok
    assert "000001" in str(report.problems[0])


def test_the_manifest_alone_is_enough(tmp_path: Path) -> None:
    root = releases.write(tmp_path / "r", SMALL, per_shard=2, sums=False)
    assert ts.verify(root).ok
    path = releases.shards(root)[2]
    path.write_bytes(make.flip(path.read_bytes(), 4000))
    assert not ts.verify(root).ok


def test_sums_and_manifest_that_disagree_are_a_problem(root: Path) -> None:
    path = root / "metadata/release_manifest.json"
    told = json.loads(path.read_text())
    told["shards"][0]["sha256"] = "0" * 64
    path.write_text(json.dumps(told))
    report = ts.verify(root)
    assert not report.ok
    assert "000000" in str(report.problems[0])


SPELLINGS = [
    {"list": "shards", "name": "filename", "size": "size", "digest": "sha256"},
    {"list": "files", "name": "path", "size": "bytes", "digest": "digest"},
    {"list": "shards", "name": "url", "size": "size_bytes", "digest": "sha256"},
    {"list": "files", "name": "shard", "size": "filesize", "digest": "sha256"},
    {"list": "shards", "name": "name", "size": "size", "digest": "sha256", "prefix": "sha256:"},
]


@pytest.mark.parametrize("spelling", SPELLINGS, ids=lambda s: "-".join(s.values()))
@pytest.mark.parametrize("good", [True, False], ids=["good", "bad"])
def test_manifests_of_other_spellings(tmp_path: Path, spelling: dict[str, str], good: bool) -> None:
    root = releases.write(tmp_path / "r", SMALL, per_shard=2, sums=False)
    path = root / "metadata/release_manifest.json"
    told = json.loads(path.read_text())
    entries = [
        {
            spelling["name"]: f"data/{entry['filename']}",
            spelling["size"]: entry["size"],
            spelling["digest"]: spelling.get("prefix", "") + (entry["sha256"] if good else "1" * 64),
        }
        for entry in told["shards"]
    ]
    path.write_text(json.dumps({spelling["list"]: entries}))
    report = ts.verify(root)
    assert report.ok is good
    assert len(report.shards) == 3
    assert len(report.problems) == (0 if good else 3)


def test_a_size_that_differs_is_found_though_the_digest_is_missing(tmp_path: Path) -> None:
    root = releases.write(tmp_path / "r", SMALL, per_shard=2, sums=False)
    path = root / "metadata/release_manifest.json"
    told = json.loads(path.read_text())
    told["shards"][1]["size"] += 512
    path.write_text(json.dumps(told))
    assert not ts.verify(root).ok
