"""`turboshard bench`: registered by the command line, which imports this module only when it is asked for."""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from turboshard.cli.output import common, pass_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from turboshard.bench.data import Data
    from turboshard.bench.report import Report
    from turboshard.cli.output import Settings

SUITES = ("decode", "resize", "verify", "index", "archive", "load", "reshard", "mesh")
RECORD = Path("benches/record")


@click.command("bench")
@click.argument("suites", nargs=-1, type=click.Choice(SUITES), metavar="[SUITE]...")
@click.option(
    "--data", type=click.Path(path_type=Path, exists=True), help="A release; else a small one is made."
)
@click.option(
    "--identities", default=20, show_default=True, help="How many identities to make, without --data."
)
@click.option("--photos", type=click.Path(path_type=Path, exists=True), help="Make them of these real heads.")
@click.option(
    "--rounds", type=click.IntRange(1), help="How often each takes its turn.  [default: 7; reshard: 3]"
)
@click.option("--case", "part", default="", metavar="TEXT", help="Only cases whose name begins so.")
@click.option("--cores", type=click.Choice(["one", "all", "both"]), default="both", show_default=True)
@click.option(
    "--force-isa",
    type=click.Choice(["avx512", "avx2", "portable"]),
    help="Hold this library's own kernels down to that; the rivals keep theirs.",
)
@click.option("--record", is_flag=True, help=f"Keep the JSON as {RECORD}/CPU/DATE.json.")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write a page with plots.")
@common("threads", "quiet", "json")
@pass_settings
def bench(
    settings: Settings,
    suites: tuple[str, ...],
    data: Path | None,
    identities: int,
    photos: Path | None,
    rounds: int | None,
    part: str,
    cores: str,
    force_isa: str | None,
    record: bool,
    html: Path | None,
) -> None:
    """Time this library and every installed rival on the same bytes.

    SUITE is any of decode, resize, verify, index, load, reshard, mesh and archive; all of them by default. Answers are
    checked to agree before anything is timed; contenders take turns within one run. `make rivals` installs all of them.
    """
    if force_isa:
        os.environ["TURBOSHARD_ISA"] = force_isa  # read once, by the first kernel here and in each child
    from turboshard import build_info
    from turboshard.bench import data as source
    from turboshard.bench import machine, page, table
    from turboshard.bench.harness import Disagreement

    if build_info()["profile"] != "release":
        raise click.UsageError(
            "this is a debug build, whose times mean nothing; `make setup` builds for release"
        )
    if force_isa and build_info()["isa"] != force_isa:
        raise click.UsageError(f"no {force_isa} here: the CPU has {build_info()['isa']} at most")
    usable = settings.threads or machine.cores()
    on = sorted({"one": {1}, "all": {usable}, "both": {1, usable}}[cores])
    with tempfile.TemporaryDirectory(prefix="turboshard-bench-") as folder, _progress(settings.quiet) as tell:
        scratch = Path(folder)
        tell("preparing the data")
        try:
            given = source.load(data) if data else source.synthesize(scratch, identities, photos)
            report = _run(suites or SUITES, part, given, on, scratch, rounds, tell)
            if not report.results:
                raise click.UsageError(f"no case begins with {part!r}")
        except Disagreement as error:
            raise _Failed(str(error)) from error
    if settings.json:
        click.echo(report.to_json(), nl=False)
    else:
        from rich.console import Console

        piped = None if sys.stdout.isatty() else 140
        table.show(report, Console(width=piped))
    if record:
        click.echo(f"recorded: {report.record(RECORD)}", err=True)
    if html:
        html.write_text(page.render(report), encoding="utf-8")
        click.echo(f"written: {html}", err=True)


class _Failed(click.ClickException):
    exit_code = 1


def _run(
    suites: tuple[str, ...],
    part: str,
    data: Data,
    cores: list[int],
    scratch: Path,
    rounds: int | None,
    tell: Callable[[str], None],
) -> Report:
    from turboshard.bench import machine
    from turboshard.bench.harness import measure
    from turboshard.bench.report import Report
    from turboshard.bench.suites import Setting, cases

    about = machine.describe()  # before the work, so that the load is the machine's and not ours
    results = []
    for suite in suites:
        with ExitStack() as stack:
            setting = Setting(data, cores, scratch, stack, part)
            for case in filter(lambda case: setting.wants(case.name), cases(suite, setting)):
                turns = rounds or (7 if case.warm else 3)
                results.append(measure(case, turns, tell))
    return Report(about, data.describe(), results)


@contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[str], None]]:
    """A spinner with the present step on a terminal's stderr; nothing elsewhere."""
    if quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status("starting") as status:
        yield status.update
