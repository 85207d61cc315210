"""``turboshard stats``: what a release holds, counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from turboshard.cli.output import Settings, common, counted, pass_settings, print_json, progress

if TYPE_CHECKING:
    from turboshard._typing import ImageInfo
    from turboshard.release import Release


@dataclass
class Stats:
    """The counts; ``--json`` prints these names."""

    name: str = ""
    shards: int = 0
    samples: int = 0
    members: int = 0
    shard_bytes: int = 0
    member_bytes: int = 0
    fields: dict[str, dict[str, int]] = field(default_factory=dict)
    image_sizes: Counter[str] = field(default_factory=Counter)
    qualities: Counter[str] = field(default_factory=Counter)
    subsamplings: Counter[str] = field(default_factory=Counter)
    images: int = 0
    broken_images: int = 0
    identities: int = 0
    styles: Counter[str] = field(default_factory=Counter)


@click.command
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--no-images", is_flag=True, help="Read no image header: by the index alone, many times faster."
)
@common("quiet", "json")
@pass_settings
def stats(settings: Settings, paths: tuple[str, ...], no_images: bool) -> None:
    """Count samples, fields, sizes, JPEG qualities and subsamplings, and RegHead's styles."""
    from turboshard.release import Release

    release = Release(list(paths))
    found = Stats(name=release.name)
    with progress(settings, "counting") as counter:
        counter.expect(len(release))
        _count_members(release, found)
        _count_people(release, found)
        if not no_images:
            for position in range(len(release)):
                _look_at_images(release, position, found)
                counter.add(1)
    if settings.json:
        print_json(**vars(found))
    else:
        _print(found)


def _count_members(release: Release, found: Stats) -> None:
    from pathlib import Path

    for shard in release.shards:
        index = shard.index
        found.shards += 1
        found.samples += len(shard)
        found.members += len(index)
        found.shard_bytes += Path(shard.path).stat().st_size
        for name, size in zip(index.field, index.size.tolist(), strict=True):
            found.member_bytes += size
            if name is not None:
                entry = found.fields.setdefault(
                    name.lower(), {"count": 0, "bytes": 0, "min": size, "max": size}
                )
                entry["count"] += 1
                entry["bytes"] += size
                entry["min"] = min(entry["min"], size)
                entry["max"] = max(entry["max"], size)


def _count_people(release: Release, found: Stats) -> None:
    from turboshard._core import reghead_facts

    found.identities = len(set(release.identities))
    for identity in release.identities:
        facts = reghead_facts(identity)
        if facts is not None:
            found.styles[facts["style"]] += 1


def _look_at_images(release: Release, position: int, found: Stats) -> None:
    from turboshard import DecodeError, info

    shard, sample = release.locate(position)
    for name, data in shard.view(sample).items():
        if not name.endswith((".jpg", ".jpeg")) and name not in {"jpg", "jpeg"}:
            continue
        found.images += 1
        facts: ImageInfo | None
        try:
            facts = info(data)
        except DecodeError:
            facts = None
        if facts is None or facts["format"] != "JPEG":
            found.broken_images += 1
            continue
        found.image_sizes[f"{facts['width']}x{facts['height']}"] += 1
        found.subsamplings[facts["subsampling"]] += 1
        quality = facts["quality"]
        known = "unknown" if quality is None else f"{'' if facts['quality_exact'] else '~'}{quality}"
        found.qualities[known] += 1


def _print(found: Stats) -> None:
    amounts = {"shard": found.shards, "sample": found.samples, "member": found.members, "JPEG": found.images}
    click.echo(f"{found.name}: {', '.join(counted(number, noun) for noun, number in amounts.items())}")
    click.echo(f"{found.shard_bytes:,} bytes of shards, {found.member_bytes:,} of members")
    width = max(map(len, found.fields), default=0)
    for name, entry in found.fields.items():
        mean = entry["bytes"] // entry["count"]
        sizes = f"{entry['min']:,} to {entry['max']:,} bytes, {mean:,} on average"
        click.echo(f"  {name:{width}}  {entry['count']:>7} × {sizes}")
    distributions: dict[str, Any] = {
        "image sizes": found.image_sizes,
        "JPEG qualities": found.qualities,
        "subsamplings": found.subsamplings,
        "styles": found.styles,
    }
    for title, counts in distributions.items():
        if counts:
            listed = ", ".join(f"{name} × {count}" for name, count in counts.most_common())
            click.echo(f"{title}: {listed}")
    if found.broken_images:
        click.echo(f"images that are none: {found.broken_images}")
