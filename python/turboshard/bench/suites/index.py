"""Where every member lies: our scan against tarfile's."""

from __future__ import annotations

import platform
import shutil
import tarfile
from functools import partial
from typing import TYPE_CHECKING

import turboshard as ts
from turboshard.bench import agreement
from turboshard.bench.harness import Case, Contender

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from turboshard.bench.suites import Setting

Rows = list[tuple[str, int, int]]
"""Member name, offset of its data, size; shard after shard."""


def cases(setting: Setting) -> Iterator[Case[Rows]]:
    """All shards, one after the other, on one core. Nothing remembered from before is used."""
    data = setting.data
    members = len(_tarfile(data.shards))
    yield Case(
        suite="index",
        name=f"{members} members in {len(data.shards)} shards, 1 core",
        unit="members",
        amount=members,
        size_bytes=data.size_bytes,
        cores=1,
        contenders=[
            Contender("turboshard", ts.__version__, partial(_ours, data.shards)),
            Contender("tarfile", platform.python_version(), partial(_tarfile, data.shards)),
        ],
        agree=agreement.equal,
    )


def _ours(shards: list[Path]) -> Rows:
    rows: Rows = []
    for shard in shards:
        shutil.rmtree(shard.parent / ".turboshard", ignore_errors=True)
        index = ts.Shard(shard).index
        rows += zip(index["member"].tolist(), index["offset"].tolist(), index["size"].tolist(), strict=True)
    return rows


def _tarfile(shards: list[Path]) -> Rows:
    rows: Rows = []
    for shard in shards:
        with tarfile.open(shard) as tar:
            rows += [(member.name, member.offset_data, member.size) for member in tar if member.isfile()]
    return rows
