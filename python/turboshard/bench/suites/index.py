"""Where every member lies: our scan against tarfile's, on the shards given and on tars made for the occasion."""

from __future__ import annotations

import io
import platform
import random
import tarfile
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

import turboshard as ts
from turboshard.bench import agreement
from turboshard.bench.harness import Case, Contender
from turboshard.bench.suites import on

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from turboshard.bench.suites import Setting

Found: TypeAlias = list[ts.Index] | list[list[tarfile.TarInfo]]
"""What each library has after its scan, shard after shard: columns or an object a member."""

JPEG, TINY = 170_000, 2_500
"""Mean bytes of a member: a head of 1024 pixels, and little more than a header."""
MADE = (
    ("ustar", tarfile.USTAR_FORMAT, 3_000, JPEG, 20),
    ("GNU with long names", tarfile.GNU_FORMAT, 3_000, JPEG, 110),
    ("PAX with long names", tarfile.PAX_FORMAT, 3_000, JPEG, 110),
    ("ustar", tarfile.USTAR_FORMAT, 200_000, TINY, 20),
    ("PAX", tarfile.PAX_FORMAT, 200_000, TINY, 20),
)
"""Format, members, their mean bytes and the bytes of their names."""


def cases(setting: Setting) -> Iterator[Case[Found]]:
    """All shards, then each made tar by itself, on one core and on all. Nothing remembered from before is used."""
    data = setting.data
    members = len(_rows(_tarfile(data.shards)))
    for threads in setting.cores:
        name = f"{members} members in {len(data.shards)} shards, {on(threads)}"
        yield _case(name, data.shards, members, threads)
    for form, number, count, size, name_len in MADE:
        path = setting.scratch / "made.tar"
        make_tar(path, number, count, size, name_len)
        for threads in setting.cores:
            yield _case(
                f"{count} members of {size / 1000:g} KB, {form}, {on(threads)}", [path], count, threads
            )
        path.unlink()


def _case(name: str, shards: list[Path], members: int, threads: int) -> Case[Found]:
    return Case(
        suite="index",
        name=name,
        unit="members",
        amount=members,
        size_bytes=sum(shard.stat().st_size for shard in shards),
        cores=threads,
        contenders=[
            Contender("turboshard", ts.__version__, partial(_ours, shards, threads)),
            Contender("tarfile", platform.python_version(), partial(_tarfile, shards)),
        ],
        agree=_agree,
    )


def make_tar(path: Path, form: int, count: int, size: int, name_len: int) -> None:
    """Members of about `size` bytes of noise; in PAX each has a time that needs a record, as GNU tar writes it.

    It is written once more in one go. What was written a few KB at a time lies in single pages of the page cache, which
    nobody reads as fast as what a copy, a download or the disk left there.
    """
    noise = random.Random(0).randbytes(2 * size)
    with tarfile.open(path, "w", format=form) as tar:
        for number in range(count):
            member = tarfile.TarInfo(f"{number // 10:08d}.{number % 10}".ljust(name_len - 4, "_") + ".jpg")
            member.size = size // 2 + number * 7919 % size
            member.mtime = 1.5 if form == tarfile.PAX_FORMAT else 1
            tar.addfile(member, io.BytesIO(noise))
    made = path.read_bytes()
    path.unlink()
    path.write_bytes(made)


def _ours(shards: list[Path], threads: int) -> Found:
    return [shard.index for shard in ts.Shard.open_all(shards, threads=threads)]


def _tarfile(shards: list[Path]) -> Found:
    found = []
    for shard in shards:
        with tarfile.open(shard) as tar:
            found.append(tar.getmembers())
    return found


def _rows(found: Found) -> list[tuple[str, int, int]]:
    """Name, offset of the data and size of each member, shard after shard."""
    rows: list[tuple[str, int, int]] = []
    for shard in found:
        if isinstance(shard, list):
            rows += [(member.name, member.offset_data, member.size) for member in shard if member.isfile()]
        else:
            columns = (shard.member.tolist(), shard.offset.tolist(), shard.size.tolist())
            rows += zip(*columns, strict=True)
    return rows


def _agree(name: str, ours: Found, theirs: Found) -> str:
    return agreement.equal(name, _rows(ours), _rows(theirs))
