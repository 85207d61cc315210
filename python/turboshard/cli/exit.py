"""Exit codes, and the one line an error gets."""

from __future__ import annotations

import os
import sys
import traceback
from contextlib import suppress
from enum import IntEnum

import click

from turboshard.errors import ShardError


class Exit(IntEnum):
    """How a command ended."""

    GOOD = 0
    DATA = 1
    USAGE = 2
    ENVIRONMENT = 3
    INTERRUPTED = 130


class Interrupted(KeyboardInterrupt):
    """An interruption of work that goes on where it stopped."""


def report(error: BaseException, *, debug: bool) -> Exit:
    """Print what went wrong, where and what to do, in one line on stderr; return the exit code."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return Exit.USAGE
    if debug and not isinstance(error, click.ClickException):
        traceback.print_exception(error)
    code, words = _judge(error)
    parts = [" ".join(words.split())]
    parts += [" ".join(note.split()) for note in getattr(error, "__notes__", [])]
    with suppress(OSError):  # nobody reads stderr; the code still says it
        click.echo(f"turboshard: {'; '.join(parts)}", err=True)
    return code


def _judge(error: BaseException) -> tuple[Exit, str]:  # noqa: PLR0911 - one return a kind
    match error:
        case Interrupted():
            return Exit.INTERRUPTED, f"interrupted; {error}"
        case click.Abort() | KeyboardInterrupt():
            return Exit.INTERRUPTED, "interrupted; run the same command again"
        case click.UsageError():
            help_line = f"; hint: see {error.ctx.command_path} --help" if error.ctx else ""
            return Exit.USAGE, error.format_message().rstrip(".") + help_line
        case click.ClickException():
            return Exit(error.exit_code), error.format_message()
        case ShardError():
            return Exit.DATA, str(error)
        case OSError():
            words = error.strerror or str(error)
            return Exit.ENVIRONMENT, f"{words}: {error.filename}" if error.filename else words
        case MemoryError():
            return Exit.ENVIRONMENT, "out of memory"
        case ImportError():
            return Exit.ENVIRONMENT, str(error)
        case ValueError():
            return Exit.USAGE, str(error)
        case LookupError():
            return Exit.DATA, str(error.args[0] if error.args else error)
        case _:
            return Exit.ENVIRONMENT, f"internal error: {type(error).__name__}: {error}"


def silence_stdout() -> None:
    """Give a closed stdout somewhere to go, so that the interpreter's last flush says nothing."""
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)
    except (OSError, ValueError):
        pass  # it is no file
