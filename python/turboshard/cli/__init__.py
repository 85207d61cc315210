"""The command line: one file a verb, imported when it is called."""

from __future__ import annotations

import importlib
import io
import os
import sys
from typing import TYPE_CHECKING, Any

import click

from turboshard import __version__
from turboshard.cli.exit import Exit, report, silence_stdout

if TYPE_CHECKING:
    from collections.abc import Sequence

# What --help says of each verb: kept here, so that it imports none of them.
VERBS = {
    "synth": "Write a release of drawn heads in RegHead's format.",
    "verify": "Check every shard against SHA256SUMS and the manifest.",
    "audit": "Count a release and hold it against its publisher's figures.",
    "index": "List where every member lies, also as other tools' index files.",
    "ls": "List members or samples.",
    "cat": "Write one member's bytes to stdout.",
    "extract": "Write members as files, under their original names.",
    "show": "Draw a contact sheet of one sample.",
    "stats": "Count samples, fields, sizes, JPEG qualities and styles.",
    "compare": "Hold two releases of the same samples against each other.",
    "pack": "Make a release of a data set as its publisher ships it.",
    "reshard": "Make a new release out of an old one.",
    "croissant": "Describe a release in Croissant's JSON-LD.",
    "bench": "Time this library and every installed rival on the same work.",
    "doctor": "Say what is installed and how fast it can be.",
}
_ELSEWHERE = {"bench": "turboshard.bench.command"}


class _Verbs(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in VERBS:
            return None
        module = importlib.import_module(_ELSEWHERE.get(cmd_name, f"turboshard.cli.{cmd_name}"))
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="turboshard")
def _turboshard() -> None:
    """Tar shards of images: verify, index, decode, reshard.

    Data goes to stdout, everything else to stderr. Exit codes: 0 good, 1 a data problem was found, 2 usage,
    3 the environment failed, 130 interrupted.
    """


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code; prints errors, raises none."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if "_TURBOSHARD_COMPLETE" in os.environ:
        _turboshard.main(prog_name="turboshard")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="surrogateescape")  # names of members are bytes, and leave as they came
    try:
        # Not `_turboshard.main()`, which has its own ideas of broken pipes and interruptions.
        with _turboshard.make_context("turboshard", arguments) as context:
            returned: Any = _turboshard.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except BrokenPipeError:
        silence_stdout()  # whoever read has seen enough
        return Exit.GOOD
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the one place where all of them end
        return report(error, debug="--debug" in arguments)
    return int(returned or Exit.GOOD)
