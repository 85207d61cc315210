"""Where the members of a shard lie and which of them make a sample: tarfile and webdataset's key rule."""

import re
import tarfile
from dataclasses import dataclass
from pathlib import Path

# webdataset's own expression (tariterators.base_plus_ext) and its rule for members it leaves out.
KEY_AND_FIELD = re.compile(r"^((?:.*/|)[^.]+)[.]([^/]*)$")
LEFT_OUT = re.compile(r"__[^/]*__($|/)")


@dataclass(frozen=True)
class Member:
    """A regular file of a shard. `header` is where its first block starts, an `L` or `x` record included."""

    name: str
    header: int
    offset: int
    size: int
    key: str | None
    field: str | None

    @property
    def end(self) -> int:
        """The first byte after the member's padding."""
        return self.offset + self.size + -self.size % 512


def split_key(name: str) -> tuple[str | None, str | None]:
    """Key and field of a member's name; (None, None) if it belongs to no sample."""
    match = KEY_AND_FIELD.match(name)
    if match is None or LEFT_OUT.match(name):
        return None, None
    return match.group(1), match.group(2)


def members(path: Path) -> list[Member]:
    """The regular files of a shard, in order."""
    with tarfile.open(path, "r:", encoding="utf-8", errors="surrogateescape") as archive:
        return [
            Member(info.name, info.offset, info.offset_data, info.size, *split_key(info.name))
            for info in archive
            if info.isreg()
        ]


def samples(listing: list[Member]) -> list[list[Member]]:
    """Runs of members with equal key. A member without key neither belongs to a run nor ends it."""
    runs: list[list[Member]] = []
    for member in listing:
        if member.key is None:
            continue
        if runs and runs[-1][0].key == member.key:
            runs[-1].append(member)
        else:
            runs.append([member])
    return runs


def span(sample: list[Member]) -> tuple[int, int]:
    """The bytes of the shard that hold a sample: first header to last padding."""
    return sample[0].header, sample[-1].end


def contents(path: Path) -> list[tuple[str, dict[str, bytes]]]:
    """Key and fields of every sample, read by the offsets alone."""
    data = path.read_bytes()
    return [
        (str(run[0].key), {str(m.field): data[m.offset : m.offset + m.size] for m in run})
        for run in samples(members(path))
    ]


def pairs(path: Path) -> list[list[tuple[bytes, bytes]]]:
    """(name, bytes) of every member, sample by sample: what `reference.tar` takes."""
    data = path.read_bytes()
    return [
        [(m.name.encode("utf-8", "surrogateescape"), data[m.offset : m.offset + m.size]) for m in run]
        for run in samples(members(path))
    ]
