"""One shard: random access to samples, and its index as columns."""

from __future__ import annotations

import operator
import os
from functools import cached_property
from typing import TYPE_CHECKING, Any, overload

from turboshard import _core

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Unpack

    import numpy as np
    from numpy.typing import NDArray

    from turboshard._typing import DecodeKeywords, Sample


COLUMNS = ("member", "key", "field", "sample", "header_offset", "offset", "size")


class Index:
    """Where every member lies: columns of equal length, one row a member, in the order of the shard.

    Columns of strings are made when they are first asked for, an object a member; the others are there.

    Attributes:
        member: names, as Python's file functions decode them.
        key: keys; None for a member that belongs to no sample.
        field: fields in their own case; None for a member that belongs to no sample.
        sample: number of the sample, int64; -1 for a member that belongs to none.
        header_offset: byte offset of the first block of the member, a long-name record included, uint64.
        offset: byte offset of the member's first byte, uint64.
        size: bytes, uint64.
        names: all names as they are in the archive, one after the other, bytes.
        name_end: where each name ends in ``names``, uint32.
    """

    def __init__(self, shard: _core.Shard) -> None:
        self._shard = shard
        columns = shard.columns()
        self.sample: NDArray[np.int64] = columns["sample"]
        self.header_offset: NDArray[np.uint64] = columns["header_offset"]
        self.offset: NDArray[np.uint64] = columns["offset"]
        self.size: NDArray[np.uint64] = columns["size"]
        self.names: bytes = columns["names"]
        self.name_end: NDArray[np.uint32] = columns["name_end"]

    @cached_property
    def member(self) -> NDArray[np.object_]:
        """Names."""
        import numpy as np

        return np.array(self._shard.members(), dtype=object)

    @cached_property
    def key(self) -> NDArray[np.object_]:
        """Keys."""
        import numpy as np

        keys = np.array([*self._shard.keys(), None], dtype=object)  # -1, no sample, takes the last
        found: NDArray[np.object_] = keys[self.sample]
        return found

    @cached_property
    def field(self) -> NDArray[np.object_]:
        """Fields."""
        import numpy as np

        return np.array(self._shard.member_fields(), dtype=object)

    def __len__(self) -> int:
        return len(self.size)

    def __getitem__(self, column: str) -> NDArray[Any]:
        if column not in COLUMNS:
            raise KeyError(f"{column!r} is none of the columns {', '.join(COLUMNS)}")
        found: NDArray[Any] = getattr(self, column)
        return found

    def __getstate__(self) -> dict[str, Any]:
        """All columns; the open shard stays behind."""
        return {name: getattr(self, name) for name in (*COLUMNS, "names", "name_end")}


class Shard:
    """A tar shard, indexed by its headers when it is opened; one above 64 MiB on all threads (`threads`).

    ``len()`` and ``[]`` count samples. A shard is small to pickle (its path) and may be shared between
    threads and with forked children.

    Args:
        path: the tar.
        lenient: skip links, sparse members and devices, and take a damaged end, instead of raising.

    Raises:
        ShardError: the tar is unsound; says where.
        OSError: it cannot be read.
    """

    def __init__(self, path: str | os.PathLike[str], *, lenient: bool = False) -> None:
        self.path: str = os.fspath(path)
        self._lenient = lenient
        self._shard = _core.Shard(self.path, lenient=lenient)

    @classmethod
    def open_all(
        cls, paths: Sequence[str | os.PathLike[str]], *, lenient: bool = False, threads: int | None = None
    ) -> list[Shard]:
        """Open and index many shards, several at a time, in order.

        Args:
            paths: the tars.
            lenient: as in `Shard`.
            threads: None for all CPUs this process may use, but 1 in a torch worker.

        Raises:
            ShardError: that of the earliest that fails.
            OSError: likewise.
        """
        opened = _core.Shard.open_all(paths, lenient=lenient, threads=threads)
        return [
            cls.of(one, os.fspath(path), lenient=lenient) for one, path in zip(opened, paths, strict=True)
        ]

    @classmethod
    def of(cls, opened: _core.Shard, path: str, *, lenient: bool) -> Shard:
        """Wrap what is open already."""
        shard = object.__new__(cls)
        shard.path, shard._lenient, shard._shard = path, lenient, opened
        return shard

    def __len__(self) -> int:
        return len(self._shard)

    @overload
    def __getitem__(self, which: int, /) -> Sample: ...
    @overload
    def __getitem__(self, which: slice, /) -> list[Sample]: ...
    def __getitem__(self, which: int | slice, /) -> Sample | list[Sample]:
        """One sample, or a list of them, as ``bytes``."""
        if isinstance(which, slice):
            return [self._shard.sample(i) for i in range(*which.indices(len(self)))]
        return self._shard.sample(self._position(which))

    def __iter__(self) -> Iterator[Sample]:
        return map(self._shard.sample, range(len(self)))

    def view(self, which: int, /) -> Sample:
        """One sample with memoryviews of one buffer instead of ``bytes``: one read, no copy.

        A view cannot be pickled (``TypeError``); ``shard[i]`` can.
        """
        return self._shard.view(self._position(which))

    def load(
        self,
        samples: Sequence[int],
        fields: str | Sequence[str],
        *,
        out: Any = None,
        threads: int | None = None,
        **keywords: Unpack[DecodeKeywords],
    ) -> NDArray[np.uint8]:
        """Decode some fields of some samples into one array.

        Args:
            samples: numbers of samples, negative ones from the end.
            fields: fields, ``["frown.jpg"]``.
            out: a writable C-contiguous uint8 buffer of the result's shape, to be filled and returned.
            threads: None for all CPUs this process may use, but 1 in a torch worker.
            **keywords: as in `decode`. Without ``size`` all images must be equally large.

        Returns:
            uint8 of shape (samples, fields, height, width, 3), the last three as ``mode`` and ``layout`` say.
        """
        positions = [self._position(which) for which in samples]
        names = [fields] if isinstance(fields, str) else list(fields)
        return self._shard.load(positions, names, out=out, threads=threads, **keywords)

    @cached_property
    def keys(self) -> list[str]:
        """The key of each sample."""
        return self._shard.keys()

    @property
    def fields(self) -> list[str]:
        """The distinct fields in order of first appearance, in lower case."""
        return self._shard.fields()

    def find(self, key: str) -> int:
        """Find the number of the sample with this key; ``KeyError`` if there is none."""
        found = self._shard.find(key)
        if found is None:
            raise KeyError(key)
        return found

    @cached_property
    def index(self) -> Index:
        """Where every member lies."""
        return Index(self._shard)

    def read(self, member: str | int, /) -> bytes:
        """Read one member, by name or by its row in `index`; ``KeyError`` if there is none."""
        if isinstance(member, str):
            row = self._rows.get(member)
            if row is None:
                raise KeyError(member)
            member = row
        return self._shard.read_member(member)

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {name: row for row, name in enumerate(self._shard.members())}

    def _position(self, which: int) -> int:
        position = operator.index(which)
        if position < 0:
            position += len(self)
        if not 0 <= position < len(self):
            raise IndexError(f"sample {which} of a shard of {len(self)}")
        return position

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopen, (self.path, self._lenient)

    def __repr__(self) -> str:
        return f"turboshard.Shard({self.path!r}): {len(self)} samples"


def _reopen(path: str, lenient: bool) -> Shard:
    return Shard(path, lenient=lenient)
