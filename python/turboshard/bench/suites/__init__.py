"""One module a suite; each turns data into cases. Imported when asked for, by name."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from turboshard.bench.data import Data
    from turboshard.bench.harness import Case


@dataclass(frozen=True)
class Setting:
    """What every suite is given."""

    data: Data
    cores: list[int]
    """The numbers of cores to run on, one case each."""
    scratch: Path
    stack: ExitStack = field(default_factory=ExitStack)
    """Closed after the suite: child processes and the like."""
    part: str = ""
    """How the name of a case must begin."""

    def wants(self, name: str) -> bool:
        """Whether the case of that name is to run; for suites whose cases cost something to get ready."""
        return name.startswith(self.part)


def cases(name: str, setting: Setting) -> Iterator[Case[Any]]:
    """The cases of one suite, made as they are asked for."""
    found: Iterator[Case[Any]] = import_module(f"turboshard.bench.suites.{name}").cases(setting)
    return found


def on(cores: int) -> str:
    """How a case says how many cores it had."""
    return "1 core" if cores == 1 else f"{cores} cores"
