"""What the tests of the command line share: a small release, to be changed or not."""

from pathlib import Path

import pytest

from . import releases

SAMPLES = releases.samples(5, 24, releases.EXPRESSIONS[:2])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A release that the test may change."""
    return releases.write(tmp_path / "r", SAMPLES, per_shard=2, name="reghead-v1-24")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, which no test changes."""
    return releases.write(tmp_path_factory.mktemp("cli") / "r", SAMPLES, per_shard=2, name="reghead-v1-24")
