"""A release counted and held against what its publisher says is in it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from turboshard import _core
from turboshard.release import Release, specifications

if TYPE_CHECKING:
    from turboshard._typing import Source


@dataclass(frozen=True)
class Difference:
    """One expectation that does not hold.

    Attributes:
        reason: its code, which is stable; ``docs/reliability.md`` lists them.
        what: what was counted.
        expected: what it should be.
        found: what it is.
        keys: whom it concerns, the first twenty of them.
    """

    reason: str
    what: str
    expected: int
    found: int
    keys: list[str]


@dataclass(frozen=True)
class Audit:
    """The result of `audit`.

    Attributes:
        name: of the release.
        figures: whose figures it was held against.
        counts: ``shards bytes samples subjects images fields styles``, the last two by name.
        differences: what differs; empty if all is as it should be.
    """

    name: str
    figures: str
    counts: dict[str, Any]
    differences: list[Difference]

    @property
    def ok(self) -> bool:
        """True if nothing differs."""
        return not self.differences


def audit(source: Source | Release, *, figures: str | None = None, threads: int | None = None) -> Audit:
    """Count samples, images, shards, bytes, styles and fields of a release.

    `verify` says that no listed byte was changed, this that nothing is missing that was never listed. Of a release that
    `pack` made, it also says what stood out in the source, as the manifest keeps it. Of payloads, only the keypoints of
    REALY are read, which must be 85.

    Args:
        source: a release, or shards.
        figures: ``"reghead-v1-512"``, ``"reghead-v1-1024"``, ``"headspace-v01"``, ``"headspace-v02"``,
            ``"headspace-lyhm"``, ``"geogen"``, ``"ffhq-uv"``, ``"ffhq-uv-interpolate"`` or ``"realy"``; None for those
            of the release's name if it is one of these, else for its own manifest's.
        threads: None for all CPUs this process may use.

    Raises:
        ValueError: figures that are not known.
        ShardError: a shard is unsound, or there is neither a manifest nor a name to go by.
        OSError: reading failed.
    """
    found = json.loads(_core.audit(_core.Release(specifications(source)), name=figures, threads=threads))
    differences = [Difference(**one) for one in found.pop("differences")]
    return Audit(**found, differences=differences)
