"""``turboshard extract``: members as files."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import click

from turboshard.cli.output import Settings, common, counted, pass_settings, progress, remark
from turboshard.cli.selection import Selection, selection
from turboshard.errors import ShardError

if TYPE_CHECKING:
    from turboshard._typing import Sample


@click.command
@click.argument("path")
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Where to."
)
@click.option("--overwrite", is_flag=True, help="Replace files that are there.")
@click.option(
    "--keep-names", is_flag=True, help="Name files by key and field even where JSON has other names."
)
@selection
@common("quiet")
@pass_settings
def extract(
    settings: Settings, path: str, output: Path, overwrite: bool, keep_names: bool, selection: Selection
) -> None:
    """Write the members of PATH as files into DIR.

    A file is called IDENTITY_DIR/ORIGINAL_FILE, or what "files" says, where the sample's JSON has these names, and
    KEY.FIELD elsewhere.
    """
    from turboshard.release import Release

    part = selection.of(Release(path))
    files = 0
    with progress(settings, "extracting") as counter:
        counter.expect(len(part))
        for position in range(len(part)):
            sample = part[position]
            originals = {} if keep_names else original_names(part.meta(position))
            for field, data in sample.items():
                if field.startswith("__"):
                    continue
                name = originals.get(field, f"{sample['__key__']}.{field}")
                _write(_inside(output, name, sample), data, overwrite=overwrite)
                files += 1
            counter.add(1)
    remark(settings, f"{counted(files, 'file')} of {counted(len(part), 'sample')} in {output}")


def original_names(described: dict[str, Any]) -> dict[str, str]:
    """What the files of a sample were called before they became members, by field; empty if nothing says it."""
    files = described.get("files")
    if isinstance(files, dict):
        return {field.lower(): name for field, name in files.items() if isinstance(name, str)}
    folder, expressions = described.get("identity_dir"), described.get("expressions")
    if not isinstance(folder, str) or not isinstance(expressions, list):
        return {}
    names = {}
    for expression in expressions:
        if isinstance(expression, dict) and all(
            isinstance(expression.get(word), str) for word in ("field", "original_file")
        ):
            names[expression["field"].lower()] = f"{folder}/{expression['original_file']}"
    return names


def _inside(output: Path, name: str, sample: Sample) -> Path:
    """Where a file goes; refuses names that lead out of the folder."""
    inner = PurePath(name)
    if inner.is_absolute() or inner.drive or ".." in inner.parts or "\0" in name or not inner.name:
        raise ShardError(f"the file name {name!r} leads out of the folder", shard=sample["__url__"])
    path = output / inner
    if not path.parent.resolve().is_relative_to(output.resolve()):
        raise ShardError(f"the file name {name!r} leads through a link", shard=sample["__url__"])
    return path


def _write(path: Path, data: bytes, *, overwrite: bool) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not overwrite and path.exists():
        raise click.UsageError(f"{path} exists; give another folder or --overwrite")
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".turboshard-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
