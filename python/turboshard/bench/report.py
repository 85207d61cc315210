"""The result of a run. These dataclasses, field for field, are the JSON document (schema_version 1)."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Timing:
    """One contender in one case; seconds are for the whole case, one entry a round."""

    name: str
    version: str
    seconds: list[float]
    median: float
    q1: float
    q3: float
    rate: float
    """Units (see the case) per second, at the median."""
    slower: float
    """How many times as long as this library it took: the median of the ratios round by round."""
    answer: str
    """How its answer compares with this library's: `equal`, or the bound it kept within."""


@dataclass(frozen=True)
class Missing:
    """A contender that could not take part, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Result:
    """One case: the same work on the same bytes by several contenders, this library first."""

    suite: str
    case: str
    unit: str
    amount: int
    size_bytes: int
    cores: int
    timings: list[Timing]
    missing: list[Missing] = field(default_factory=list)


@dataclass(frozen=True)
class Report:
    """Everything one run of the benchmarks found."""

    machine: dict[str, Any]
    data: dict[str, Any]
    results: list[Result]
    schema_version: int = SCHEMA_VERSION

    def to_json(self) -> str:
        """The stable form of the report."""
        document = {"schema_version": self.schema_version, **asdict(self)}
        return json.dumps(document, indent=1, ensure_ascii=False) + "\n"

    def record(self, folder: Path) -> Path:
        """Write `folder/<cpu>/<date>.json`; a second run of a day gets a number, none is overwritten."""
        place = folder / str(self.machine["slug"])
        place.mkdir(parents=True, exist_ok=True)
        date = str(self.machine["date"])
        path, number = place / f"{date}.json", 2
        while path.exists():
            path, number = place / f"{date}-{number}.json", number + 1
        path.write_text(self.to_json(), encoding="utf-8")
        return path
