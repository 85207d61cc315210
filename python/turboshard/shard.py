"""One shard: random access to samples, and its index as columns."""

from __future__ import annotations

import operator
import os
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, overload

from turboshard import _core

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Unpack

    import numpy as np
    from numpy.typing import NDArray

    from turboshard._typing import DecodeKeywords, Sample


@dataclass(frozen=True, eq=False)
class Index:
    """Where every member lies: columns of equal length, one row a member, in the order of the shard.

    Attributes:
        member: names, as Python's file functions decode them.
        key: keys; None for a member that belongs to no sample.
        field: fields in their own case; None for a member that belongs to no sample.
        sample: number of the sample, int64; -1 for a member that belongs to none.
        header_offset: byte offset of the first block of the member, a long-name record included, uint64.
        offset: byte offset of the member's first byte, uint64.
        size: bytes, uint64.
    """

    member: NDArray[np.object_]
    key: NDArray[np.object_]
    field: NDArray[np.object_]
    sample: NDArray[np.int64]
    header_offset: NDArray[np.uint64]
    offset: NDArray[np.uint64]
    size: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.member)

    def __getitem__(self, column: str) -> NDArray[Any]:
        try:
            found: NDArray[Any] = self.__dict__[column]
        except KeyError:
            raise KeyError(f"{column!r} is none of the columns {', '.join(self.__dict__)}") from None
        return found


class Shard:
    """A tar shard, indexed by its headers when it is opened.

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
        import numpy as np

        columns = self._shard.columns()
        keys = np.array([*self.keys, None], dtype=object)  # -1, no sample, takes the last
        return Index(
            member=np.array(columns["member"], dtype=object),
            key=keys[columns["sample"]],
            field=np.array(columns["field"], dtype=object),
            sample=columns["sample"],
            header_offset=columns["header_offset"],
            offset=columns["offset"],
            size=columns["size"],
        )

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
        return {name: row for row, name in enumerate(self._shard.columns()["member"])}

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
