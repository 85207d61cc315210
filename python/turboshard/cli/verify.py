"""``turboshard verify``: what ``sha256sum -c`` says, of a whole release at once."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from turboshard.cli.exit import Exit
from turboshard.cli.output import Settings, common, counted, pass_settings, print_json, progress

if TYPE_CHECKING:
    from turboshard.verify import Problem, Report

WORDS = {"ok": "OK", "failed": "FAILED", "open or read": "FAILED open or read"}


@click.command
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--deep", is_flag=True, help="Go on from shard to member to pixel: tar, samples, every image decoded."
)
@click.option("--lenient", is_flag=True, help="With --deep: only warn of what takes nothing away.")
@click.option("--receipt", metavar="FILE", help="Remember in FILE what is good, and do not read it again.")
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
    deep: bool,
    lenient: bool,
    receipt: str | None,
    base: str | None,
    ignore_missing: bool,
    no_ok: bool,
    status: bool,
    strict: bool,
    warn: bool,
) -> int:
    """Check every shard against SHA256SUMS and the manifest.

    PATH is a release, a SHA256SUMS, or shards, a glob or a brace range, of which no others are read. Lines and
    options are those of sha256sum -c, except that -q silences the progress bar alone. With --deep a line more names
    each problem inside a shard; with --json it has the bytes to fetch again.
    """
    import turboshard

    with progress(settings, "verifying", of_bytes=True) as counter:
        report = turboshard.verify(
            list(paths),
            deep=deep,
            lenient=lenient,
            receipt=receipt,
            base=base,
            ignore_missing=ignore_missing,
            threads=settings.threads,
            progress=counter,
        )
    good = report.ok and not (strict and (report.malformed or report.extra))
    if settings.json:
        problems = [asdict(problem) for problem in report.problems]
        print_json(**{**asdict(report), "ok": good, "problems": problems})
    elif not status:
        _print(report, no_ok=no_ok)
    if not status:
        _remark(report, warn=warn, ignore_missing=ignore_missing)
    return Exit.GOOD if good else Exit.DATA


def _print(report: Report, *, no_ok: bool) -> None:
    """A line for each shard, and below it one for each problem inside."""
    inside: dict[str, list[Problem]] = {}
    for problem in report.inside:
        inside.setdefault(problem.path, []).append(problem)
    for shard in report.shards:
        if not (shard.ok and no_ok):
            click.echo(f"{_escaped(shard.path)}: {WORDS[shard.outcome]}")
        for problem in inside.pop(shard.path, ()):
            click.echo(f"{_escaped(problem.path)}: FAILED {_where(problem)}")


def _remark(report: Report, *, warn: bool, ignore_missing: bool) -> None:
    """Say on stderr what the lines leave out."""

    def say(words: str) -> None:
        click.echo(f"turboshard: {words}", err=True)

    for line in report.malformed if warn else ():
        say(f"SHA256SUMS: {line}: improperly formatted SHA256 checksum line")
    for shard in report.shards:
        if shard.reason:
            say(f"{shard.path}: {shard.reason}")
    for problem in report.tolerated:
        say(f"{problem.path}: WARNING {_where(problem)}: {problem.words}")
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
    if report.remembered:
        say(f"not read again, as the receipt stands for it: {counted(report.remembered, 'file')}")
    if report.nothing_to_check:
        say("no file was verified" if ignore_missing else "nothing to check")


def _count(report: Report, outcome: str) -> int:
    return sum(shard.outcome == outcome for shard in report.shards)


def _where(problem: Problem) -> str:
    """Where it is and why, in words that a script can cut at blanks."""
    name = problem.member if problem.member is not None else problem.key
    if name is None:
        name = "-"
    elif not name.isprintable() or " " in name or name.startswith(('"', "-")) or not name:
        name = json.dumps(name).replace(" ", "\\u0020")
    offset = "-" if problem.offset is None else problem.offset
    return f"member={name} offset={offset} reason={problem.reason}"


def _escaped(path: str) -> str:
    """A name as coreutils prints it: with a line break, behind a backslash and escaped."""
    if not any(c in path for c in "\\\n\r"):
        return path
    return "\\" + path.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
