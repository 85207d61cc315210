"""``turboshard show``: one sample on a sheet."""

from __future__ import annotations

import struct
import zlib
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from turboshard.cli.output import Settings, common, pass_settings, remark
from turboshard.cli.selection import Selection, selection
from turboshard.errors import ShardError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from turboshard._typing import Sample
    from turboshard.release import Release

GAP = 8
"""White pixels between pictures."""


@click.command
@click.argument("path")
@click.argument("key")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), metavar="FILE.png")
@click.option(
    "--size", type=click.IntRange(1, 4096), default=256, show_default=True, help="Side of a picture."
)
@click.option("--columns", type=click.IntRange(1), default=5, show_default=True, help="Pictures in a row.")
@selection
@common("quiet")
@pass_settings
def show(
    settings: Settings, path: str, key: str, output: Path, size: int, columns: int, selection: Selection
) -> None:
    """Draw the JPEGs of the sample KEY of PATH side by side. KEY may be a number or an identity, too."""
    import turboshard
    from turboshard.release import Release

    part = selection.of(Release(path))
    sample = _look_up(part, key)
    jpegs = {field: data for field, data in sample.items() if field.endswith((".jpg", ".jpeg"))}
    if not jpegs:
        raise ShardError("the sample has no JPEG", shard=sample["__url__"], member=sample["__key__"])
    pictures = turboshard.decode_batch(jpegs.values(), size=size)
    output.write_bytes(png(sheet(pictures, columns)))
    remark(settings, f"{output}: {', '.join(jpegs)} of {sample['__key__']}")


def _look_up(part: Release, key: str) -> Sample:
    """Find a sample by its key, its identity or its number."""
    with suppress(KeyError):
        return part[key]
    with suppress(KeyError):
        return part.find(identity=key)
    with suppress(IndexError, ValueError):
        return part[int(key)]
    raise ShardError(f"no sample has the key {key!r}", shard=part.root)


def sheet(pictures: NDArray[np.uint8], columns: int) -> NDArray[np.uint8]:
    """Lay equally large pictures out in rows on white."""
    import numpy as np

    count, height, width, channels = pictures.shape
    columns = min(columns, count)
    rows = -(-count // columns)
    paper = np.full(
        (GAP + rows * (height + GAP), GAP + columns * (width + GAP), channels), 255, dtype=np.uint8
    )
    for number, picture in enumerate(pictures):
        y = GAP + number // columns * (height + GAP)
        x = GAP + number % columns * (width + GAP)
        paper[y : y + height, x : x + width] = picture
    return paper


def png(picture: NDArray[np.uint8]) -> bytes:
    """Write an RGB picture as PNG."""
    height, width, _ = picture.shape
    rows = b"".join(b"\0" + row.tobytes() for row in picture)  # each behind its filter: none

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks
