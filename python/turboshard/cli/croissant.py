"""``turboshard croissant``: a release in the words of data set search."""

from __future__ import annotations

from pathlib import Path

import click

from turboshard.cli.output import Settings, common, pass_settings, remark, write_whole


@click.command
@click.argument("path", metavar="RELEASE")
@click.option("-o", "--output", metavar="FILE", help="RELEASE/croissant.json, as a rule.  [default: stdout]")
@common("quiet")
@pass_settings
def croissant(settings: Settings, path: str, output: str | None) -> None:
    """Describe RELEASE in Croissant 1.0, the JSON-LD that mlcroissant and data set search engines read.

    Paths in it are relative to RELEASE's folder. Payloads are not read; digests are those of its sums.
    """
    from turboshard.release import Release

    release = Release(path)
    text = release.croissant()
    if output is None:
        click.echo(text, nl=False)
        return
    write_whole(output, text.encode())
    if Path(output).resolve().parent != Path(release.root).resolve():
        remark(settings, f"paths in it are relative to {release.root}: keep it there")
