"""``turboshard ls``: members of shards, or samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from turboshard.cli.output import Settings, common, pass_settings, print_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from turboshard.release import Release


@click.command
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("-s", "--samples", is_flag=True, help="A line a sample: key, shard, fields.")
@click.option("-l", "--long", is_flag=True, help="A line a member: size, offset, shard, name.")
@common("json")
@pass_settings
def ls(settings: Settings, paths: tuple[str, ...], samples: bool, long: bool) -> None:
    """List the members of a shard, or of every shard of a release."""
    from turboshard.release import Release

    release = Release(list(paths))
    if settings.json:
        print_json(
            **{"samples" if samples else "members": list((_samples if samples else _members)(release))}
        )
    elif samples:
        for row in _samples(release):
            click.echo(f"{row['key']}\t{row['shard']}\t{','.join(map(str, row['fields']))}")
    else:
        for member in _members(release):
            place = f"{member['size']:>12} {member['offset']:>14} {member['shard']} " if long else ""
            click.echo(f"{place}{member['member']}")


def _members(release: Release) -> Iterator[dict[str, str | int | None]]:
    from turboshard.cli.index import rows

    for shard in release.shards:
        yield from rows(shard)


def _samples(release: Release) -> Iterator[dict[str, str | list[str]]]:
    for shard in release.shards:
        index = shard.index
        fields: list[list[str]] = [[] for _ in shard.keys]
        for sample, field in zip(index.sample.tolist(), index.field, strict=True):
            if sample >= 0:
                fields[sample].append(field)
        for key, held in zip(shard.keys, fields, strict=True):
            yield {"key": key, "shard": shard.path, "fields": held}
