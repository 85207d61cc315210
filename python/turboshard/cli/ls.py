"""``turboshard ls``: members of shards, or samples."""

from __future__ import annotations

from pathlib import Path
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
    """List the members of a shard, of every shard of a release, or the files of a zip or tar.gz."""
    from turboshard.release import Release

    if not samples and is_archive(paths):
        _list_archive(settings, paths[0], long=long)
        return
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


def is_archive(paths: tuple[str, ...]) -> bool:
    """Whether it is one zip or tar.gz, by its first bytes."""
    if len(paths) != 1:
        return False
    try:
        with Path(paths[0]).open("rb") as file:
            return file.read(4).startswith((b"PK\3\4", b"PK\5\6", b"\x1f\x8b"))
    except OSError:
        return False  # a folder, a glob, or nothing: whoever opens it says so


def _list_archive(settings: Settings, path: str, *, long: bool) -> None:
    from turboshard.archive import Archive

    archive = Archive(path)
    files = zip(archive.names(), archive.sizes().tolist(), strict=True)
    if settings.json:
        print_json(members=[{"shard": path, "member": name, "size": size} for name, size in files])
        return
    for name, size in files:
        click.echo(f"{size:>12} {name}" if long else name)


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
