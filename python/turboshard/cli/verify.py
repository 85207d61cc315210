"""``turboshard verify``: what ``sha256sum -c`` says, of a whole release at once."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from turboshard.cli.exit import Exit
from turboshard.cli.output import Settings, common, pass_settings, print_json, progress

if TYPE_CHECKING:
    from turboshard.verify import Report

WORDS = {"ok": "OK", "failed": "FAILED", "open or read": "FAILED open or read"}


@click.command
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--base", metavar="DIR", help="Listed paths are relative to DIR.  [default: the release's folder]"
)
@click.option("--ignore-missing", is_flag=True, help="Leave out files that are not there.")
@click.option("--quiet", "no_ok", is_flag=True, help="No OK lines.")
@click.option("--status", is_flag=True, help="No lines at all: the exit code says it.")
@click.option("--strict", is_flag=True, help="Malformed lines and shards that no list names are failures.")
@click.option("-w", "--warn", is_flag=True, help="Say which lines of the sums are malformed.")
@common("threads", "json", quiet=["-q"])
@pass_settings
def verify(
    settings: Settings,
    paths: tuple[str, ...],
    base: str | None,
    ignore_missing: bool,
    no_ok: bool,
    status: bool,
    strict: bool,
    warn: bool,
) -> int:
    """Check every shard against SHA256SUMS and the manifest.

    PATH is a release, a SHA256SUMS, or shards, a glob or a brace range, of which no others are read. Lines and
    options are those of sha256sum -c, except that -q silences the progress bar alone.
    """
    import turboshard

    with progress(settings, "verifying", of_bytes=True) as counter:
        report = turboshard.verify(
            list(paths),
            base=base,
            ignore_missing=ignore_missing,
            threads=settings.threads,
            progress=counter,
        )
    good = report.ok and not (strict and (report.malformed or report.extra))
    if settings.json:
        shards = [asdict(shard) for shard in report.shards]
        problems = [str(problem) for problem in report.problems]
        print_json(**{**asdict(report), "shards": shards}, ok=good, problems=problems)
    elif not status:
        for shard in report.shards:
            if not (shard.ok and no_ok):
                click.echo(f"{_escaped(shard.path)}: {WORDS[shard.outcome]}")
    if not status:
        _remark(report, warn=warn, ignore_missing=ignore_missing)
    return Exit.GOOD if good else Exit.DATA


def _remark(report: Report, *, warn: bool, ignore_missing: bool) -> None:
    """Say on stderr what the lines leave out."""

    def say(words: str) -> None:
        click.echo(f"turboshard: {words}", err=True)

    for line in report.malformed if warn else ():
        say(f"SHA256SUMS: {line}: improperly formatted SHA256 checksum line")
    for shard in report.shards:
        if shard.reason:
            say(f"{shard.path}: {shard.reason}")
    for path in report.extra:
        say(f"{path}: extra, no list names it")
    counts = (
        (len(report.malformed), "line is improperly formatted", "lines are improperly formatted"),
        (_count(report, "open or read"), "listed file could not be read", "listed files could not be read"),
        (_count(report, "failed"), "computed checksum did NOT match", "computed checksums did NOT match"),
    )
    for count, one, many in counts:
        if count:
            say(f"WARNING: {count} {one if count == 1 else many}")
    if report.nothing_to_check:
        say("no file was verified" if ignore_missing else "nothing to check")


def _count(report: Report, outcome: str) -> int:
    return sum(shard.outcome == outcome for shard in report.shards)


def _escaped(path: str) -> str:
    """A name as coreutils prints it: with a line break, behind a backslash and escaped."""
    if not any(c in path for c in "\\\n\r"):
        return path
    return "\\" + path.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
