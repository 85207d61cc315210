"""What verbs have in common: their common options, JSON, progress."""

from __future__ import annotations

import json
import os
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from turboshard._core import Progress

SCHEMA_VERSION = 1
"""Of every JSON document that a verb prints."""

_F = TypeVar("_F", bound="Callable[..., Any]")


@dataclass
class Settings:
    """The options that every verb has; those a verb does not offer keep their defaults."""

    quiet: bool = False
    threads: int | None = None
    json: bool = False
    debug: bool = False


pass_settings = click.make_pass_decorator(Settings, ensure=True)

_COMMON: dict[str, dict[str, Any]] = {
    "threads": {
        "spellings": ["-j", "--threads"],
        "type": click.IntRange(1),
        "metavar": "N",
        "help": "Threads to compute on.  [default: the CPUs this process may use]",
    },
    "quiet": {"spellings": ["-q", "--quiet"], "is_flag": True, "help": "No progress and no remarks."},
    "json": {"spellings": ["--json"], "is_flag": True, "help": "Print one JSON document."},
    "debug": {"spellings": ["--debug"], "is_flag": True, "help": "Show a traceback when something fails."},
}


def common(*names: str, **spelled: list[str]) -> Callable[[_F], _F]:
    """Add common options to a verb; their values are in the `Settings` of `pass_settings`.

    ``spelled`` are options that this verb spells in another way.
    """

    def decorate(function: _F) -> _F:
        for name in (*names, *spelled, "debug"):
            given = dict(_COMMON[name])
            spellings = spelled.get(name, given.pop("spellings"))
            given.pop("spellings", None)
            click.option(*spellings, f"_{name}", expose_value=False, callback=_keep(name), **given)(function)
        return function

    return decorate


def _keep(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def keep(ctx: click.Context, _: click.Parameter, value: Any) -> None:
        setattr(ctx.ensure_object(Settings), name, value)

    return keep


def print_json(**content: Any) -> None:
    """Print one JSON document."""
    document = {"schema_version": SCHEMA_VERSION, **content}
    click.echo(json.dumps(document, indent=2))


def write_whole(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file that appears whole or not at all; what is no regular file, a pipe for instance, is written to."""
    target = Path(path)
    if target.exists() and not target.is_file():
        target.write_bytes(data)
        return
    target = target.resolve()  # a link stays a link
    temporary = target.with_name(f".{target.name[:200]}.tmp-{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def counted(number: int, noun: str) -> str:
    """Say how many there are."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def remark(settings: Settings, words: str) -> None:
    """Say something on stderr that is no error."""
    if not settings.quiet:
        click.echo(words, err=True)


@contextmanager
def progress(settings: Settings, what: str, *, of_bytes: bool = False) -> Iterator[Progress]:
    """Give something to count in; a terminal shows it as a bar on stderr."""
    from turboshard._core import Progress

    counter = Progress()
    if settings.quiet or not sys.stderr.isatty():
        yield counter
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )
    from rich.progress import Progress as Bar

    amount = (
        [DownloadColumn(binary_units=True), TransferSpeedColumn()] if of_bytes else [MofNCompleteColumn()]
    )
    columns = [TextColumn("{task.description}"), BarColumn(), *amount, TimeRemainingColumn()]
    finished = threading.Event()
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)

        def follow() -> None:
            while not finished.wait(0.1):
                bar.update(task, completed=counter.done, total=counter.total or None)

        follower = threading.Thread(target=follow, daemon=True)
        follower.start()
        try:
            yield counter
        finally:
            finished.set()
            follower.join()
