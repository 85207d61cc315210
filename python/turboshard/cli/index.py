"""``turboshard index``: where every member lies, in this library's words and in those of other readers."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import TYPE_CHECKING

import click

from turboshard.cli.output import Settings, common, counted, pass_settings, print_json, remark, write_whole
from turboshard.errors import ShardError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from turboshard.shard import Shard

ENERGON_VERSION = "7.4.0"
"""Of Megatron-Energon, whose files these are."""


def rows(shard: Shard) -> Iterator[dict[str, str | int | None]]:
    """One row a member."""
    index = shard.index
    columns = (index.member, index.key, index.field, index.offset.tolist(), index.size.tolist())
    for member, key, field, offset, size in zip(*columns, strict=True):
        yield {
            "shard": shard.path,
            "member": member,
            "key": key,
            "field": field,
            "offset": offset,
            "size": size,
        }


def jsonl(shard: Shard) -> str:
    """Rows as JSON Lines."""
    return "".join(json.dumps(row) + "\n" for row in rows(shard))


def wds2idx(shard: Shard) -> str:
    """DALI's text, version 1.2: a line a sample of ``extension offset size name``, without any escape."""
    index = shard.index
    lines: list[str] = []
    for first, last in _runs(index.sample.tolist()):
        words = []
        for row in range(first, last):
            name, field = index.member[row], index.field[row]
            if field is None or not index.key[row] or index.key[row].endswith("/"):
                continue
            if not field or any(c.isspace() for c in name):
                message = "DALI's index has no way to write a name with white space, or an empty extension"
                raise ShardError(message, shard=shard.path, member=name, offset=int(index.offset[row]))
            words.append(f"{field} {index.offset[row]} {index.size[row]} {name}")
        if words:
            lines.append(" ".join(words) + "\n")
    return f"v1.2 {len(lines)}\n" + "".join(lines)


def wids(shards: list[Shard]) -> str:
    """The shard list of wids; paths as they were given."""
    listed = [
        {"url": shard.path, "nsamples": len(shard), "filesize": Path(shard.path).stat().st_size}
        for shard in shards
    ]
    document = {"__kind__": "wids-shard-index-v1", "wids_version": 1, "shardlist": listed}
    return json.dumps(document, indent=2) + "\n"


def energon(shard: Shard) -> bytes:
    """Little-endian u64: where each sample's first header lies, then where the last sample ends."""
    index = shard.index
    starts, end = [], 0
    for first, last in _runs(index.sample.tolist()):
        starts.append(int(index.header_offset[first]))
        end = int(index.offset[last - 1] + index.size[last - 1])
    return struct.pack(f"<{len(starts) + 1}Q", *starts, end + -end % 512)


def beyond_wids(shards: list[Shard]) -> int:
    """Members whose names wids cuts at 100 bytes when it opens a shard, whatever a list says of it."""
    return sum(
        len(name.encode(errors="surrogateescape")) > 100 for shard in shards for name in shard.index.member
    )


def _runs(samples: list[int]) -> Iterator[tuple[int, int]]:
    """First row and the one after the last of each sample; rows of none in between are left to the caller."""
    spans: dict[int, tuple[int, int]] = {}
    for row, sample in enumerate(samples):
        if sample >= 0:
            spans[sample] = (spans.get(sample, (row, row))[0], row + 1)
    yield from spans.values()


@click.command
@click.argument("shards", nargs=-1, required=True, metavar="SHARD...")
@click.option(
    "--format",
    "style",
    type=click.Choice(["jsonl", "wds2idx", "wids", "energon", "gzidx"]),
    default="jsonl",
    show_default=True,
    help="jsonl: a row a member. wds2idx: DALI's. wids: a shard list. energon: SHARD.tar.idx and .nv-meta, "
    "all for training unless there is a split.yaml. "
    "gzidx: checkpoints of a tar.gz, beside it, as indexed_gzip's; says its SHA-256.",
)
@click.option(
    "-o",
    "--output",
    metavar="FILE|DIR/",
    help="File, or folder for a file a shard.  [default: stdout]",
)
@common("threads", "quiet", "json")
@pass_settings
def index(settings: Settings, shards: tuple[str, ...], style: str, output: str | None) -> None:
    """List where every member of the shards lies. SHARD may be a release, a glob or a brace range, too."""
    from turboshard.release import Release

    if style == "gzidx":
        _write_gzidx(settings, shards, output)
        return
    release = Release(list(shards))
    opened = release.shards
    if settings.json:
        print_json(members=[row for shard in opened for row in rows(shard)])
    elif style == "energon":
        _write_energon(opened, output)
    elif style == "wids":
        _write(wids(opened), output)
        if cut := beyond_wids(opened):
            remark(settings, f"wids will cut {counted(cut, 'name')} at 100 bytes, and lose the fields behind")
    else:
        _write_texts(opened, {"jsonl": jsonl, "wds2idx": wds2idx}[style], style, output)
    remark(settings, f"{counted(len(opened), 'shard')}, {counted(len(release), 'sample')}")


def _write_texts(shards: list[Shard], text: Callable[[Shard], str], style: str, output: str | None) -> None:
    folder_due = style == "wds2idx" and len(shards) > 1
    if output is None or not (folder_due or _is_folder(output)):
        if folder_due:
            raise click.UsageError("wds2idx is a file a shard: give a folder with -o")
        _write("".join(map(text, shards)), output)
        return
    folder = Path(output)
    folder.mkdir(parents=True, exist_ok=True)
    ending = {"jsonl": ".jsonl", "wds2idx": ".idx"}[style]
    for shard in shards:
        _write(text(shard), folder / (Path(shard.path).stem + ending))


def _write_energon(shards: list[Shard], output: str | None) -> None:
    if output is None:
        raise click.UsageError("energon's index is binary: give a file or folder with -o")
    if len(shards) == 1 and not _is_folder(output):
        write_whole(output, energon(shards[0]))
        return
    folder = Path(output)
    (folder / ".nv-meta").mkdir(parents=True, exist_ok=True)
    counts = {}
    for shard in shards:
        name = Path(shard.path).name
        write_whole(folder / f"{name}.idx", energon(shard))
        counts[name] = len(shard)
    made: dict[str, object] = {".info.json": {"energon_version": ENERGON_VERSION, "shard_counts": counts}}
    # What `energon prepare` asks its user for, and he may have written himself. JSON is YAML, too.
    asked = {
        "split.yaml": {"split_parts": {"train": list(counts)}},
        "dataset.yaml": {"__module__": "megatron.energon", "__class__": "CrudeWebdataset"},
    }
    meta = folder / ".nv-meta"
    made |= {name: facts for name, facts in asked.items() if not (meta / name).exists()}
    for name, facts in made.items():
        write_whole(meta / name, json.dumps(facts, indent=2).encode() + b"\n")


def _write_gzidx(settings: Settings, archives: tuple[str, ...], output: str | None) -> None:
    from turboshard.archive import Archive

    if output is not None:
        Path(output).mkdir(parents=True, exist_ok=True)
    for path in archives:
        archive = Archive(path)
        written = [str(file) for file in archive.save_index(output)]
        if settings.json:
            print_json(archive=path, sha256=archive.sha256, num_members=len(archive), files=written)
        else:
            click.echo(f"{archive.sha256}  {path}")
            remark(settings, f"{counted(len(archive), 'member')}; wrote {' and '.join(written)}")


def _is_folder(output: str) -> bool:
    return output.endswith("/") or Path(output).is_dir()


def _write(text: str, output: str | Path | None) -> None:
    if output is None:
        click.echo(text, nl=False)
    else:
        write_whole(output, text.encode("utf-8", errors="surrogateescape"))
