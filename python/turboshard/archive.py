"""Files as publishers ship them: in a folder, a tar, a gzipped tar or a zip, under one set of calls."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from turboshard import _core

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Literal

    import numpy as np
    from numpy.typing import NDArray


class Archive:
    r"""The regular files in a folder, tar, tar.gz or zip, which is known by its content.

    >>> archive = ts.Archive("images_batch_1.zip")
    >>> archive.read("id_0/0.png")[:4]
    b'\x89PNG'
    >>> for name, data in archive:  # in the archive's order: the cheapest one
    ...     ...

    Nothing is unpacked to disk. Each file's checksum is compared where the form has one (zip, tar.gz). Refused with a
    `ShardError`: names that lead out of their folder, names that come twice, links, zips whose entries overlap or whose
    local headers differ from the directory, and what unpacks to more than the limits.

    A tar.gz is inflated once as a whole to be listed. `save_index` keeps what was found, for later runs to read any
    file by inflating ``spacing`` bytes at most. Threads may share an archive.

    Args:
        path: file or folder.
        lenient: take a tar without its end marker, and pass over what is no regular file in it.
        max_file_size: bytes a file may unpack to.
        max_ratio: how many times its packed size a file of more than 16 MiB may unpack to; for a tar.gz, all of it.
        spacing: unpacked bytes between two checkpoints of a tar.gz, unless an index was saved.

    Raises:
        ShardError: it is unsound, or refused.
        OSError: reading failed.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        lenient: bool = False,
        max_file_size: int = 2 << 30,
        max_ratio: int = 200,
        spacing: int = 8 << 20,
    ) -> None:
        self._path = os.fspath(path)
        self._options = {
            "lenient": lenient,
            "max_file_size": max_file_size,
            "max_ratio": max_ratio,
            "spacing": spacing,
        }
        self._core = _core.Archive(
            path, lenient=lenient, max_file_size=max_file_size, max_ratio=max_ratio, spacing=spacing
        )

    @property
    def path(self) -> str:
        """The path it was opened by."""
        return self._path

    @property
    def form(self) -> Literal["folder", "tar", "tar.gz", "zip"]:
        """What it is."""
        return self._core.form

    @property
    def sha256(self) -> str | None:
        """Digest of the file in hex, for a tar.gz; None for the others, whose listing does not read all of them."""
        return self._core.sha256

    def names(self) -> list[str]:
        """Names of the files, in the archive's order; a folder's ascending."""
        return self._core.names()

    def sizes(self) -> NDArray[np.uint64]:
        """Unpacked bytes of each file, in the order of `names`."""
        return self._core.sizes()

    def read(self, name: str) -> bytes:
        """The unpacked bytes of one file.

        Raises:
            KeyError: there is none of that name.
            ShardError: it is damaged, or larger than the limits.
            OSError: reading failed.
        """
        file = self._core.find(name)
        if file is None:
            raise KeyError(name)
        return self._core.read(file)

    def save_index(self, folder: str | os.PathLike[str] | None = None) -> list[Path]:
        """Keep the index of a tar.gz beside it (or in ``folder``): ``NAME.gzidx`` and ``NAME.members.jsonl``.

        The first is in the format of ``indexed_gzip`` and holds 32 KiB for every ``spacing`` bytes of the tar; the
        second is a header and a row a file. Both are used by every later `Archive` of that path, unless the archive
        has changed.

        Raises:
            ValueError: the archive is no tar.gz.
            OSError: writing failed.
        """
        return self._core.save_index(folder)

    def __len__(self) -> int:
        """Number of files."""
        return len(self._core)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._core.find(name) is not None

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        for file, name in enumerate(self.names()):
            yield name, self._core.read(file)

    def __repr__(self) -> str:
        return f"<turboshard.Archive {self._path!r}: {self.form}, {len(self):,} files>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopen, (self._path, self._options)


def _reopen(path: str, options: dict[str, Any]) -> Archive:
    return Archive(path, **options)
