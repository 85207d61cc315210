"""Hypothesis profiles and the fixtures more than one file uses."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from .resharding import half, source

__all__ = ["half", "source"]  # fixtures of every test of reshard; pytest finds them here

ROOT = Path(__file__).resolve().parent.parent

for name, examples in {"dev": 50, "ci": 200, "soak": 10_000}.items():
    settings.register_profile(
        name,
        max_examples=examples,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        print_blob=True,
    )
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The public test files: $TURBOSHARD_CORPUS, else ../shared/corpus beside the repository."""
    path = Path(os.environ.get("TURBOSHARD_CORPUS") or ROOT.parent / "shared" / "corpus")
    if not path.is_dir():
        pytest.skip(f"no corpus at {path}; set TURBOSHARD_CORPUS")
    return path


@pytest.fixture(scope="session")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for files that each example of a property writes anew."""
    return tmp_path_factory.mktemp("scratch")
