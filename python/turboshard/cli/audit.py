"""``turboshard audit``: a release held against its publisher's figures."""

from __future__ import annotations

from dataclasses import asdict

import click

from turboshard.cli.exit import Exit
from turboshard.cli.output import Settings, common, pass_settings, print_json

FIGURES = (
    "reghead-v1-512",
    "reghead-v1-1024",
    "headspace-v01",
    "headspace-v02",
    "headspace-lyhm",
    "geogen",
    "ffhq-uv",
    "ffhq-uv-interpolate",
    "realy",
)


@click.command
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--as",
    "figures",
    type=click.Choice(FIGURES),
    help="Whose figures.  [default: by name, else the manifest's]",
)
@common("threads", "quiet", "json")
@pass_settings
def audit(settings: Settings, paths: tuple[str, ...], figures: str | None) -> int:
    """Count samples, images, shards, bytes, styles, fields and doubled keys, and say what differs from the figures.

    Of a release that pack made, also what stood out in the source. Of payloads, only REALY's keypoints are read: this
    takes seconds where verify takes minutes.
    """
    import turboshard

    found = turboshard.audit(list(paths), figures=figures, threads=settings.threads)
    if settings.json:
        print_json(**asdict(found), ok=found.ok)
        return Exit.GOOD if found.ok else Exit.DATA
    counts = found.counts
    click.echo(f"{found.name}, held against {found.figures}")
    for name in ("shards", "bytes", "samples", "images"):
        click.echo(f"{name}: {counts[name]:,}")
    for name in ("fields", "styles"):
        if counts[name]:
            click.echo(f"{name}: {', '.join(f'{key} × {count:,}' for key, count in counts[name].items())}")
    for one in found.differences:
        click.echo(f"[{one.reason}] {one.what}: expected {one.expected:,}, found {one.found:,}")
        for key in one.keys:
            click.echo(f"  {key}")
    click.echo("nothing differs" if found.ok else f"{len(found.differences)} differ")
    return Exit.GOOD if found.ok else Exit.DATA
