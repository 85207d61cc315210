"""A small release for the loader's tests, and what is in it."""

from pathlib import Path

import pytest

from . import releases
from .reference import shard as contents

SAMPLES = 23
FIELDS = [f"{name}.jpg" for name in releases.EXPRESSIONS[:3]]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three shards of unequal length."""
    folder = tmp_path_factory.mktemp("loader") / "reghead-v1-64"
    return releases.write(folder, releases.samples(SAMPLES), per_shard=9)


@pytest.fixture(scope="module")
def truth(root: Path) -> list[tuple[str, dict[str, bytes]]]:
    """Key and fields of every sample, read without the library."""
    found = [sample for shard in releases.shards(root) for sample in contents.contents(shard)]
    assert len(found) == SAMPLES
    return found
