"""Timing in pairs: contenders take turns, round by round, so that a machine that slows down slows all of them."""

from __future__ import annotations

import gc
import math
import statistics
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from turboshard.bench.report import Missing, Result, Timing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

A = TypeVar("A")

SHORTEST = 0.02
"""Seconds: a sample shorter than this is repeated and divided, or the clock and the scheduler are measured."""


class Disagreement(Exception):
    """Two contenders gave different answers, so their times mean nothing."""


@dataclass(frozen=True)
class Contender(Generic[A]):
    """One way to do the work of a case."""

    name: str
    version: str
    run: Callable[[], A]
    """Does all the work once; what it returns is its answer."""
    clock: Callable[[int], float] | None = None
    """Seconds a run takes, mean of so many, where they must be measured elsewhere (another process)."""
    discard: Callable[[A], None] | None = None
    """Clears up after a run, outside the timing."""


@dataclass(frozen=True)
class Case(Generic[A]):
    """The same work on the same bytes by several contenders, of which the first is this library."""

    suite: str
    name: str
    unit: str
    amount: int
    size_bytes: int
    cores: int
    contenders: list[Contender[A]]
    agree: Callable[[str, A, A], str]
    """(name, our answer, its answer) -> `equal` or the bound it kept within; else raises Disagreement."""
    missing: list[Missing] = field(default_factory=list)
    warm: bool = True
    """Run each once before timing. Off where a run is a fresh process and takes seconds."""


def measure(case: Case[A], rounds: int, tell: Callable[[str], None] = lambda _: None) -> Result:
    """Compare the answers, then time `rounds` rounds. Raises Disagreement before any figure is made."""
    seconds: dict[str, list[float]] = {contender.name: [] for contender in case.contenders}
    answers: dict[str, str] = {}
    loops: dict[str, int] = {}
    ours: A | None = None
    for contender in case.contenders:
        tell(f"{case.suite}: {case.name}: {contender.name}")
        took, answer = _once(contender)
        if contender is case.contenders[0]:
            ours, answers[contender.name] = answer, ""
        else:
            assert ours is not None
            answers[contender.name] = case.agree(contender.name, ours, answer)
            _discard(contender, answer)
        loops[contender.name] = max(1, math.ceil(SHORTEST / max(took, 1e-9)))
        if not case.warm:
            seconds[contender.name].append(took)
    if ours is not None:
        _discard(case.contenders[0], ours)
    for turn in range(rounds - (0 if case.warm else 1)):
        for contender in _rotated(case.contenders, turn):
            tell(f"{case.suite}: {case.name}: round {turn + 1} of {rounds}: {contender.name}")
            seconds[contender.name].append(_mean(contender, loops[contender.name]))
    base = seconds[case.contenders[0].name]
    return Result(
        suite=case.suite,
        case=case.name,
        unit=case.unit,
        amount=case.amount,
        size_bytes=case.size_bytes,
        cores=case.cores,
        timings=[_timing(c, seconds[c.name], base, case.amount, answers[c.name]) for c in case.contenders],
        missing=case.missing,
    )


def _once(contender: Contender[A]) -> tuple[float, A]:
    begin = time.perf_counter()
    answer = contender.run()
    return time.perf_counter() - begin, answer


def _discard(contender: Contender[A], answer: A) -> None:
    if contender.discard is not None:
        contender.discard(answer)


def _mean(contender: Contender[A], loops: int) -> float:
    gc.collect()  # nobody pays for what another left behind
    if contender.clock is not None:
        return contender.clock(loops)
    total = 0.0
    for _ in range(loops):
        took, answer = _once(contender)
        _discard(contender, answer)
        total += took
    return total / loops


def _rotated(contenders: list[Contender[A]], turn: int) -> Iterator[Contender[A]]:
    """Everyone goes first in turn, so that no one always runs in another's wake."""
    first = turn % len(contenders)
    yield from contenders[first:]
    yield from contenders[:first]


def _timing(
    contender: Contender[A], seconds: list[float], base: list[float], amount: int, answer: str
) -> Timing:
    median = statistics.median(seconds)
    q1, _, q3 = statistics.quantiles(seconds, n=4, method="inclusive") if len(seconds) > 1 else [median] * 3
    return Timing(
        name=contender.name,
        version=contender.version,
        seconds=[round(second, 9) for second in seconds],
        median=median,
        q1=q1,
        q3=q3,
        rate=amount / median,
        slower=statistics.median(theirs / our for theirs, our in zip(seconds, base, strict=True)),
        answer=answer,
    )
