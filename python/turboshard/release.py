"""Many shards as one sequence of samples: a release, or a part of one."""

from __future__ import annotations

import json
import operator
import os
from bisect import bisect_right
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Any, overload

from turboshard import _cache, _core
from turboshard.errors import ShardError
from turboshard.shard import Shard

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from turboshard._typing import Evidence, Sample, Source


class Release:
    """The samples of a release, in the order of its shards.

    ``len()`` and ``[]`` count samples; ``release["KEY"]`` finds one by its key. Shards are indexed when
    samples are first asked for, not before, and the index of a release is kept in ``.turboshard/index-v1``.

    Args:
        source: the release's folder (flat, as a download leaves it, or unpacked), a shard, a glob, a
            ``{000000..000010}`` range, or a list of them.
        lenient: as in `Shard`; and samples of one key in two shards are taken, of which the first answers to
            the key.

    Raises:
        OSError: something is not there, or cannot be read.
        ShardError: there is no shard, or a list makes no sense. When samples are first asked for: a shard is
            unsound, or two have a sample of one key.
    """

    def __init__(self, source: Source | Release, *, lenient: bool = False) -> None:
        if isinstance(source, Release):
            self.__dict__.update(source.__dict__)
            return
        self.sources: list[str] = specifications(source)
        self._lenient = lenient
        self._release = _core.Release(self.sources)
        if not self._release.shards:
            raise ShardError("no shard, only lists of shards that are not there", shard=self._release.root)
        # What a part keeps; None is all there is.
        self._rows: list[int] | None = None
        self._fields: list[str] | None = None

    @property
    def name(self) -> str:
        """The manifest's, else what the shards' names have in front of their numbers."""
        return self._release.name

    def croissant(self) -> str:
        """Describe the release in Croissant 1.0, JSON-LD that ``mlcroissant`` and search engines read.

        Shards with their digests; a set of files and of records (``key``, ``content``) for each field. Paths are
        relative to the release's root, where the text is to be kept, as ``croissant.json`` for instance.

        Raises:
            ShardError: a shard's digest is listed nowhere.
            OSError: reading failed.
        """
        return self._release.croissant()

    @property
    def root(self) -> str:
        """The folder of the first source."""
        return self._release.root

    @property
    def paths(self) -> list[str]:
        """The paths of the shards."""
        return self._release.shards

    @cached_property
    def manifest(self) -> dict[str, Any] | None:
        """``release_manifest.json`` as it is; None if there is none."""
        text = self._release.manifest
        return None if text is None else json.loads(text)

    @cached_property
    def shards(self) -> list[Shard]:
        """The shards, indexed."""
        return [
            Shard.of(shard, path, lenient=self._lenient)
            for shard, path in zip(self.catalog.shards(), self.paths, strict=True)
        ]

    @cached_property
    def catalog(self) -> _core.Catalog:
        """The shards as one sequence of samples, whatever part of them this is."""
        return _core.Catalog(self._release, lenient=self._lenient, cache=_cache.folder())

    @cached_property
    def evidence(self) -> Evidence:
        """What tells this release, and the state its files were opened in, from others."""
        return self.catalog.evidence()

    @property
    def rows(self) -> list[int] | None:
        """Numbers of the samples in the whole that this part has; None for all of them."""
        return self._rows

    @property
    def fields(self) -> list[str]:
        """The distinct fields that are selected, in order of first appearance, in lower case."""
        if self._fields is not None:
            return self._fields
        return list(dict.fromkeys(field for shard in self.shards for field in shard.fields))

    @property
    def keys(self) -> list[str]:
        """The key of each sample."""
        if self._rows is None:
            return self._all_keys
        return [self._all_keys[row] for row in self._rows]

    def __len__(self) -> int:
        return self._ends[-1] if self._rows is None else len(self._rows)

    @overload
    def __getitem__(self, which: int | str, /) -> Sample: ...
    @overload
    def __getitem__(self, which: slice, /) -> list[Sample]: ...
    def __getitem__(self, which: int | str | slice, /) -> Sample | list[Sample]:
        """One sample by number or key, or a list of them by slice."""
        if isinstance(which, slice):
            return [self._sample(i) for i in range(*which.indices(len(self)))]
        if isinstance(which, str):
            return self._sample(self.position(which))
        position = operator.index(which)
        if position < 0:
            position += len(self)
        if not 0 <= position < len(self):
            raise IndexError(f"sample {which} of a release of {len(self)}")
        return self._sample(position)

    def __iter__(self) -> Iterator[Sample]:
        return map(self._sample, range(len(self)))

    def position(self, key: str) -> int:
        """Find the number of the sample with this key; ``KeyError`` if there is none."""
        return self._positions[key]

    def find(self, *, identity: str) -> Sample:
        """Read the first sample of this identity; ``KeyError`` if there is none.

        ``"id017"`` finds ``"id017_Doberman_Dog_…"``, too.
        """
        for position, other in enumerate(self.identities):
            if other == identity or other.startswith(f"{identity}_"):
                return self._sample(position)
        raise KeyError(identity)

    def meta(self, position: int) -> dict[str, Any]:
        """Parse the JSON of a sample, selected or not; empty if it has none."""
        shard, number = self.locate(position)
        text = shard.view(number).get("json")
        if text is None:
            return {}
        try:
            parsed = json.loads(bytes(text))
        except ValueError as error:
            raise ShardError(
                f"JSON: {error}", shard=shard.path, member=f"{shard.keys[number]}.json"
            ) from None
        return parsed if isinstance(parsed, dict) else {}

    @property
    def identities(self) -> list[str]:
        """Whom each sample shows, by ``webdataset_samples.jsonl``, else by its key."""
        return [self._listed.get(key) or _core.identity_of(key) for key in self.keys]

    def locate(self, position: int) -> tuple[Shard, int]:
        """Find the shard of a sample, and the sample's number in that shard."""
        row = position if self._rows is None else self._rows[position]
        number = bisect_right(self._ends, row)
        return self.shards[number], row - (self._ends[number - 1] if number else 0)

    def select(
        self,
        *,
        keys: Iterable[str] | None = None,
        where: str | Iterable[str] = (),
        fields: str | Iterable[str] = (),
        first: int | None = None,
    ) -> Release:
        """Take a part of the release; it is accepted wherever a release is.

        Args:
            keys: keys to keep; ``KeyError`` if one of them is not there.
            where: conditions that must all hold, such as ``'style="Photorealistic"'``: NAME, one of
                ``= != < <= > >=``, VALUE. NAME is a key of the sample's JSON, dots reaching into it, or
                one of ``animal style feature accessories`` of RegHead.
            fields: fields to keep (``"frown"`` means ``"frown.jpg"``), or with ``!`` to leave out; JSON
                stays unless ``"!json"``.
            first: keep so many of the samples that remain, from the start.
        """
        if first is not None and first < 0:
            raise ValueError(f"first must not be negative: {first}")
        conditions = [where] if isinstance(where, str) else list(where)
        words = [fields] if isinstance(fields, str) else list(fields)
        selection = _core.Selection(words, conditions)
        kept = self._fields
        if words:
            selection.check(self.fields)
            kept = [field for field in self.fields if selection.keeps(field)]
        positions: Iterable[int] = range(len(self))
        if keys is not None:
            wanted = {self.position(key) for key in keys}
            positions = [position for position in positions if position in wanted]
        if conditions:
            positions = [position for position in positions if self._meets(selection, position)]
        rows = self._rows
        if keys is not None or conditions or first is not None:
            rows = [position if rows is None else rows[position] for position in positions][:first]
        return self._part(rows, kept)

    def _part(self, rows: list[int] | None, fields: list[str] | None) -> Release:
        """Make a release of some of the whole's samples and fields that shares the shards with it."""
        _ = self.evidence  # shared, and the catalog with it: every part would open its own
        part = object.__new__(Release)
        part.__dict__.update(self.__dict__, _rows=rows, _fields=fields)
        part.__dict__.pop("_positions", None)
        return part

    @property
    def is_whole(self) -> bool:
        """False for a part of a release."""
        return self._rows is None and self._fields is None

    def _meets(self, selection: _core.Selection, position: int) -> bool:
        shard, sample = self.locate(position)
        fields = shard.view(sample)
        return selection.holds(fields["__key__"], bytes(fields.get("json", b"")))

    def _sample(self, position: int) -> Sample:
        shard, number = self.locate(position)
        sample = shard[number]
        if self._fields is None:
            return sample
        return {name: value for name, value in sample.items() if name[:2] == "__" or name in self._fields}

    @cached_property
    def _ends(self) -> list[int]:
        """Where the samples of each shard end in the whole."""
        return list(accumulate(map(len, self.shards))) or [0]

    @cached_property
    def _all_keys(self) -> list[str]:
        return [key for shard in self.shards for key in shard.keys]

    @cached_property
    def _positions(self) -> dict[str, int]:
        positions: dict[str, int] = {}
        for position, key in enumerate(self.keys):
            positions.setdefault(key, position)
        return positions

    @cached_property
    def _listed(self) -> dict[str, str]:
        """Identities by key, from the list of samples."""
        return {key: identity for key, identity, _, _ in self._release.samples() or ()}

    def __reduce__(self) -> tuple[Any, ...]:
        noted = self.evidence if "catalog" in self.__dict__ else None
        return _reopen, (self.sources, self._lenient, self._rows, self._fields, noted)

    def __repr__(self) -> str:
        part = "" if self.is_whole else f", a part of {len(self)} samples"
        return f"turboshard.Release({', '.join(map(repr, self.sources))}): {len(self.paths)} shards{part}"


def specifications(source: Source | Release) -> list[str]:
    """Words that the core finds the shards by."""
    if isinstance(source, Release):
        return source.sources
    given = [source] if isinstance(source, str | os.PathLike) else source
    return [os.fspath(one) for one in given]


def _reopen(
    sources: list[str],
    lenient: bool,
    rows: list[int] | None,
    fields: list[str] | None,
    noted: Evidence | None,
) -> Release:
    release = Release(sources, lenient=lenient)
    if noted is not None:
        release.catalog.check_same(noted)  # numbers of samples mean nothing in another release
    return release._part(rows, fields)  # noqa: SLF001
