"""Every shard of a release against what the release says of it."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from turboshard import _core
from turboshard.errors import DigestMismatch, ShardError
from turboshard.release import specifications

if TYPE_CHECKING:
    from turboshard._typing import Source
    from turboshard.release import Release


@dataclass(frozen=True)
class ShardReport:
    """The verdict on one listed file.

    Attributes:
        path: as the list has it.
        file: where it was found; None if it was not.
        outcome: ``"failed"`` if its digest or size is another, or the lists contradict each other.
        reason: why, unless it is ``"ok"``.
        expected: listed SHA-256 in hex, if one is listed.
        found: SHA-256 of what is there, if it could be read.
        size: bytes of what is there.
    """

    path: str
    file: str | None
    outcome: Literal["ok", "failed", "open or read"]
    reason: str | None
    expected: str | None
    found: str | None
    size: int | None

    @property
    def ok(self) -> bool:
        """True if everything listed of it is so."""
        return self.outcome == "ok"

    @property
    def problem(self) -> ShardError | None:
        """What is wrong with it, as an exception that can be raised; None if nothing is."""
        if self.ok:
            return None
        mismatch = self.expected is not None and self.found is not None and self.expected != self.found
        kind = DigestMismatch if mismatch else ShardError
        return kind(self.reason or self.outcome, shard=self.file or self.path)


@dataclass(frozen=True)
class Report:
    """The verdict on a release.

    Attributes:
        shards: one for each line of the sums, then one for each shard that only the manifest lists.
        extra: shards that no list names, where there is a list.
        malformed: numbers of lines in the sums that make no sense.
        nothing_to_check: True if there is no list, or nothing in it.
    """

    shards: list[ShardReport]
    extra: list[str]
    malformed: list[int]
    nothing_to_check: bool

    @property
    def ok(self) -> bool:
        """True if every listed shard is good and there is one."""
        return not self.problems

    @property
    def problems(self) -> list[ShardError]:
        """What is wrong, as exceptions that can be raised."""
        if self.nothing_to_check:
            return [
                ShardError(
                    "nothing to check", hint="there is no SHA256SUMS and no manifest, or they are empty"
                )
            ]
        return [problem for shard in self.shards if (problem := shard.problem) is not None]

    def raise_for_problems(self) -> None:
        """Raise the first problem, if there is one."""
        for problem in self.problems:
            raise problem


def verify(
    release: Source | Release,
    deep: bool = False,
    *,
    base: str | os.PathLike[str] | None = None,
    ignore_missing: bool = False,
    threads: int | None = None,
    progress: _core.Progress | None = None,
) -> Report:
    """Compute the SHA-256 of every listed shard and compare it with ``SHA256SUMS`` and the manifest.

    Args:
        release: a release or shards; what is not asked for is not read.
        deep: go on from shard to member to pixel. Not built yet.
        base: folder that listed paths are relative to, instead of the release's root.
        ignore_missing: leave out listed files that are not there.
        threads: None for all CPUs this process may use, but 1 in a torch worker.
        progress: counts bytes, for another thread to read.

    Raises:
        OSError: nothing of the release is there. What is wrong with a shard, or a source that is not there
            beside others that are, is in the report.
    """
    if deep:
        raise ValueError("deep verification is not built yet")
    there, missing = _there(specifications(release))
    found = _core.verify(
        _core.Release(there),
        base=None if base is None else os.fspath(base),
        ignore_missing=ignore_missing,
        progress=progress,
        threads=threads,
    )
    lines = [ShardReport(**line) for line in found["lines"]]
    if not ignore_missing:
        reason = os.strerror(errno.ENOENT)
        lines += [ShardReport(path, None, "open or read", reason, None, None, None) for path in missing]
    return Report(lines, found["extra"], found["malformed"], found["nothing_to_check"])


def _there(sources: list[str]) -> tuple[list[str], list[str]]:
    """What is there and what is not; all of it is called there if nothing is, so that opening it says why."""
    missing = []
    for source in sources:
        try:
            _core.Release([source])
        except FileNotFoundError:
            missing.append(source)
    there = [source for source in sources if source not in missing]
    return (there, missing) if there else (sources, [])
