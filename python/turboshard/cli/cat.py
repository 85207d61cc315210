"""``turboshard cat``: one member's bytes."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from turboshard.cli.ls import is_archive
from turboshard.cli.output import common


@click.command
@click.argument("shard", type=click.Path(path_type=Path))
@click.argument("member")
@common()
def cat(shard: Path, member: str) -> None:
    """Write the bytes of MEMBER of SHARD to stdout; SHARD may be a zip or tar.gz, too."""
    from turboshard.archive import Archive
    from turboshard.errors import ShardError
    from turboshard.shard import Shard

    try:
        data = (Archive(shard) if is_archive((str(shard),)) else Shard(shard)).read(member)
    except KeyError:
        raise ShardError("no such member", shard=str(shard), member=member) from None
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
