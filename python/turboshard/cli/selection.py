"""``--select --keys --where --first``: what they mean is the same in every verb that has them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import update_wrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from turboshard.release import Release

_F = TypeVar("_F", bound="Callable[..., Any]")


@dataclass(frozen=True)
class Selection:
    """The selection on a command line."""

    fields: tuple[str, ...]
    keys: list[str] | None
    where: tuple[str, ...]
    first: int | None

    def of(self, release: Release) -> Release:
        """Take that part of a release."""
        try:
            return release.select(fields=self.fields, keys=self.keys, where=self.where, first=self.first)
        except KeyError as missing:
            raise click.UsageError(f"--keys: no sample has the key {missing.args[0]}") from None


def selection(function: _F) -> _F:
    """Add the options; they arrive as one argument, ``selection``."""

    def gather(
        select: tuple[str, ...], keys: Path | None, where: tuple[str, ...], first: int | None
    ) -> Selection:
        return Selection(select, None if keys is None else _read_keys(keys), where, first)

    def wrapped(
        *args: Any,
        select: tuple[str, ...],
        keys: Path | None,
        where: tuple[str, ...],
        first: int | None,
        **others: Any,
    ) -> Any:
        return function(*args, selection=gather(select, keys, where, first), **others)

    update_wrapper(wrapped, function)  # the options that the function has already, too
    for option in (
        click.option("--first", type=click.IntRange(1), metavar="N", help="The first N samples that remain."),
        click.option(
            "--where",
            multiple=True,
            metavar="COND",
            help="Samples of which this holds, such as 'style=\"Photorealistic\"'; may be repeated.",
        ),
        click.option(
            "--keys",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="Samples whose keys FILE lists, one a line; - is stdin.",
        ),
        click.option(
            "--select",
            multiple=True,
            metavar="FIELD",
            help="Fields: frown means frown.jpg; '!frown' leaves it out; JSON stays unless '!json'; may be repeated.",
        ),
    ):
        option(wrapped)
    return wrapped  # type: ignore[return-value]


def _read_keys(path: Path) -> list[str]:
    with click.open_file(str(path), encoding="utf-8", errors="surrogateescape") as file:
        return [line.strip() for line in file if line.strip()]
