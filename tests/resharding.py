"""What the tests of reshard share: a source release, the same at half the size, and what makes a release sound."""

import json
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from . import releases
from .reference import release
from .reference import shard as reference
from .releases import turboshard

COUNT, SIDE = 12, 64
SAMPLES = releases.samples(COUNT, SIDE)
KEYS = [releases.key(number) for number in range(COUNT)]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve identities of three expressions in three shards, which no test changes."""
    return releases.write(tmp_path_factory.mktemp("source") / "reghead-v1-64", SAMPLES, per_shard=4)


@pytest.fixture(scope="module")
def half(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same at half the size, in several shards."""
    out = tmp_path_factory.mktemp("half") / "reghead-v1-32"
    turboshard("reshard", source, "-o", out, "--size", 32, "--max-shard-size", "32KiB")
    return out


def own(source: Path, tmp_path: Path) -> Path:
    """A copy of the source that a test may break."""
    return Path(shutil.copytree(source, tmp_path / "own"))


def encoded(samples: list[releases.Sample]) -> list[release.Sample]:
    """Samples with names as bytes, as the oracle has them."""
    return [[(name.encode(), data) for name, data in sample] for sample in samples]


def resharded(*arguments: Any, out: Path, **options: Any) -> list[release.Sample]:
    """The samples of a new release, which is first found to be sound."""
    turboshard("reshard", *arguments, "-o", out, **options)
    assert_sound(out)
    return release.samples_of(out)


def assert_sound(root: Path) -> None:
    """Complete in itself: manifest, sums, sample list, bundles, and nothing left over."""
    assert release.manifest_problems(root) == []
    subprocess.run(["sha256sum", "-c", "--quiet", "checksums/SHA256SUMS"], cwd=root, check=True)
    for name in ("metadata", "checksums"):
        with tarfile.open(root / f"{name}.tar.gz") as bundle:
            held = {m.name: bundle.extractfile(m).read() for m in bundle if m.isreg()}  # type: ignore[union-attr]
        assert held == {f"{name}/{p.name}": p.read_bytes() for p in (root / name).iterdir()} != {}
    assert {p.name for p in root.iterdir() if not p.name.startswith(".")} == {
        "data", "metadata", "checksums", "metadata.tar.gz", "checksums.tar.gz", "README.md",
    }  # fmt: skip
    assert {p.name for p in (root / "data").iterdir()} == {p.name for p in releases.shards(root)}


def manifest(root: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((root / "metadata/release_manifest.json").read_text())
    return told


def keys_of(samples: list[release.Sample]) -> list[str]:
    return [str(reference.split_key(sample[0][0].decode())[0]) for sample in samples]
