"""Every shard of a release against what the release says of it."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from turboshard import _cache, _core
from turboshard.errors import DecodeError, DigestMismatch, ShardError
from turboshard.release import specifications

if TYPE_CHECKING:
    from turboshard._typing import Source
    from turboshard.release import Release


@dataclass(frozen=True)
class Problem:
    """Something wrong, and where; each part as far as it is known.

    Attributes:
        path: of the shard, as the list has it.
        shard: the file.
        key: of the sample.
        field: in lower case.
        member: its name; of one that is missing, the name it should have.
        offset: byte offset in the shard: of the member's first header, or of the damage.
        reason: stable code, such as ``"header-checksum"``; docs/reliability.md lists them.
        words: the same in words, with details.
        range: bytes of the shard that are affected, the second number not included.
    """

    path: str
    shard: str | None
    key: str | None
    field: str | None
    member: str | None
    offset: int | None
    reason: str
    words: str
    range: tuple[int, int] | None = None

    def exception(self) -> ShardError:
        """The same as an exception that can be raised."""
        if self.reason == "digest-mismatch":
            kind: type[ShardError] = DigestMismatch
        elif self.reason.startswith("image-") or self.reason == "not-an-image":
            kind = DecodeError
        else:
            kind = ShardError
        return kind(self.words, shard=self.shard or self.path, member=self.member, offset=self.offset)

    def __str__(self) -> str:
        return f"{self.exception()}"


@dataclass(frozen=True)
class Fetch:
    """Bytes of a shard that are worth fetching again.

    Attributes:
        path: of the shard, as the list has it.
        shard: the file, if it is there.
        ranges: offsets, the second not included; None where the shard's published size is not known.
        whole: True if this is all of the shard.
    """

    path: str
    shard: str | None
    ranges: list[tuple[int, int | None]]
    whole: bool


@dataclass(frozen=True)
class ShardReport:
    """The verdict on one listed file.

    Attributes:
        path: as the list has it.
        file: where it was found; None if it was not.
        outcome: ``"failed"`` if its digest or size is another, the lists contradict each other, or something is
            wrong inside.
        reason: why, unless it is ``"ok"``.
        code: the same as a stable code; None too if only something inside is wrong.
        expected: listed SHA-256 in hex, if one is listed.
        found: SHA-256 of what is there, if it could be read.
        size: bytes of what is there.
        num_samples: samples in it; this and what follows is None unless ``deep``.
        bad: keys of samples with a problem, and of those that are missing.
        good: keys of the others, if the shard is not ``"ok"``; else empty.
    """

    path: str
    file: str | None
    outcome: Literal["ok", "failed", "open or read"]
    reason: str | None
    code: str | None
    expected: str | None
    found: str | None
    size: int | None
    num_samples: int | None = None
    bad: list[str] | None = None
    good: list[str] | None = None

    @property
    def ok(self) -> bool:
        """True if everything listed of it is so, and nothing is wrong inside."""
        return self.outcome == "ok"

    @property
    def problem(self) -> Problem | None:
        """What is wrong with the file as a whole; None if nothing is, or only something inside."""
        if self.code is None:
            return None
        return Problem(self.path, self.file, None, None, None, None, self.code, self.reason or self.code)


@dataclass(frozen=True)
class Report:
    """The verdict on a release.

    Attributes:
        shards: one for each line of the sums, then one for each shard that only the manifest lists.
        inside: what is wrong inside the shards, in order.
        tolerated: what would be, were it not for ``lenient``.
        fetch: what to fetch again, where that helps: what is broken in a shard of the right digest was published so.
        extra: shards that no list names, where there is a list.
        malformed: numbers of lines in the sums that make no sense.
        nothing_to_check: True if there is no list, or nothing in it.
        remembered: files that the receipt stood for.
    """

    shards: list[ShardReport]
    inside: list[Problem]
    tolerated: list[Problem]
    fetch: list[Fetch]
    extra: list[str]
    malformed: list[int]
    nothing_to_check: bool
    remembered: int = 0

    @property
    def ok(self) -> bool:
        """True if every listed shard is good and there is one."""
        return not self.nothing_to_check and all(shard.ok for shard in self.shards)

    @property
    def problems(self) -> list[Problem]:
        """Everything that is wrong, shards as a whole first."""
        if self.nothing_to_check:
            words = "nothing to check: there is no SHA256SUMS and no manifest, or they are empty"
            return [Problem("", None, None, None, None, None, "nothing-to-check", words)]
        return [problem for shard in self.shards if (problem := shard.problem) is not None] + self.inside

    def raise_for_problems(self) -> None:
        """Raise the first problem as an exception, if there is one."""
        for problem in self.problems:
            raise problem.exception()


def verify(
    release: Source | Release,
    deep: bool = False,
    *,
    lenient: bool = False,
    base: str | os.PathLike[str] | None = None,
    ignore_missing: bool = False,
    receipt: str | os.PathLike[str] | None = None,
    threads: int | None = None,
    progress: _core.Progress | None = None,
) -> Report:
    """Compute the SHA-256 of every listed shard and compare it with ``SHA256SUMS`` and the manifest.

    With ``deep``, the same read accounts for every byte of the tar, holds samples against the release's contract,
    its list and their own JSON, and decodes every JPEG and PNG. A damaged shard is read on behind the damage.

    The digests of good shards are kept in the release's index file (see ``docs/loading.md``), which is made if all
    of them are good; so that a loader's state knows the bytes and not only their times.

    Args:
        release: a release or shards; what is not asked for is not read.
        deep: go on from shard to member to pixel, also in shards of which no list says anything.
        lenient: let pass, as ``tolerated``, what takes nothing away: links and other members that are no files, a
            missing end marker, bytes behind it, warnings of the JPEG decoder.
        base: folder that listed paths are relative to, instead of the release's root.
        ignore_missing: leave out listed files that are not there.
        receipt: file that remembers what was found good. A shard that is as it was then, by device, inode, size and
            times, is not read again.
        threads: None for all CPUs this process may use, but 1 in a torch worker.
        progress: counts bytes, for another thread to read.

    Raises:
        OSError: nothing of the release is there. What is wrong with a shard, or a source that is not there
            beside others that are, is in the report.
        ShardError: the list of samples makes no sense.
        ValueError: ``receipt`` is a file of another kind.
    """
    there, missing = _there(specifications(release))
    found = _core.verify(
        _core.Release(there),
        deep=deep,
        lenient=lenient,
        base=None if base is None else os.fspath(base),
        ignore_missing=ignore_missing,
        receipt=None if receipt is None else os.fspath(receipt),
        cache=_cache.folder(),
        progress=progress,
        threads=threads,
    )
    lines = [ShardReport(**line) for line in found["lines"]]
    inside: dict[bool, list[Problem]] = {False: [], True: []}
    for facts in found["problems"]:
        line = lines[facts["line"]]
        told = {name: value for name, value in facts.items() if name not in ("line", "tolerated")}
        inside[facts["tolerated"]].append(Problem(line.path, line.file, **told))  # type: ignore[arg-type]
    fetch = [
        Fetch(lines[one["line"]].path, lines[one["line"]].file, one["ranges"], one["whole"])
        for one in found["fetch"]
    ]
    if not ignore_missing:
        reason = os.strerror(errno.ENOENT)
        for path in missing:
            lines.append(ShardReport(path, None, "open or read", reason, "open-or-read", None, None, None))
            fetch.append(Fetch(path, None, [(0, None)], whole=True))
    return Report(
        lines,
        inside[False],
        inside[True],
        fetch,
        found["extra"],
        found["malformed"],
        found["nothing_to_check"],
        found["remembered"],
    )


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
