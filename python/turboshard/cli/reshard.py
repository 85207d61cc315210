"""``turboshard reshard``: a new release out of an old one."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from turboshard.cli.exit import Exit, Interrupted
from turboshard.cli.output import Settings, common, counted, pass_settings, print_json, progress, remark
from turboshard.cli.publishing import say_how_to_publish
from turboshard.cli.selection import Selection, selection

if TYPE_CHECKING:
    from turboshard.reshard import Outcome, ReshardOptions

FILTERS = ("lanczos3", "lanczos", "bicubic", "bilinear", "hamming", "box", "nearest", "dct")


def size_of(words: str) -> int | tuple[int, int]:
    """Read a side, or HEIGHTxWIDTH."""
    sides = words.lower().split("x")
    if len(sides) > 2 or not all(side.isdecimal() and int(side) for side in sides):
        raise click.BadParameter(f"{words!r} is neither a side nor HEIGHTxWIDTH")
    return int(sides[0]) if len(sides) == 1 else (int(sides[0]), int(sides[1]))


def bytes_of(words: str) -> int:
    """Read a number of bytes, such as 1800MiB."""
    from turboshard.reshard import parse_bytes

    try:
        return parse_bytes(words)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def split_of(words: str) -> dict[str, float]:
    """Read shares by name, such as train=.9,val=.1."""
    try:
        pairs = [part.split("=") for part in words.split(",")]
        shares = {name.strip(): float(share) for name, share in pairs}
    except ValueError:
        raise click.BadParameter(f"{words!r} is not like train=.9,val=.1") from None
    if len(shares) != len(pairs):
        raise click.BadParameter(f"{words!r} names a part twice")
    return shares


@click.command
@click.argument("sources", nargs=-1, required=True, metavar="SRC...")
@click.option("-o", "--output", required=True, metavar="DST", help="Folder of the new release.")
@click.option(
    "--size", type=size_of, metavar="N|HxW", help="Resize JPEG fields; without it, payloads are copied."
)
@click.option(
    "--fit", type=click.Choice(["stretch", "cover", "contain"]), help="How another aspect meets --size."
)
@click.option("--resample", type=click.Choice(FILTERS), help="Filter for --size.  [default: lanczos3]")
@click.option(
    "--quality", type=click.IntRange(1, 100), help="Of JPEGs that are encoded again.  [default: 95]"
)
@click.option(
    "--subsampling",
    type=click.Choice(["keep", "420", "422", "444", "4:2:0", "4:2:2", "4:4:4"]),
    help="Of chroma.",
)
@click.option(
    "--space",
    type=click.Choice(["rgb", "ycc"]),
    help="Colours to resize in; ycc keeps luma and chroma apart, which is faster.  [default: rgb]",
)
@click.option("--format", "image_format", type=click.Choice(["keep", "jpeg", "png"]), help="Of JPEG fields.")
@click.option("--to-rgb", is_flag=True, help="Convert CMYK pictures instead of refusing them.")
@click.option("--allow-upscale", is_flag=True, help="Let --size enlarge.")
@selection
@click.option("--split", type=split_of, metavar="A=.9,B=.1", help="Parts, by the hash of the identity.")
@click.option(
    "--max-shard-size", type=bytes_of, metavar="SIZE", help="No shard is larger.  [default: 1800MiB]"
)
@click.option("--max-samples", type=click.IntRange(1), metavar="N", help="No shard has more samples.")
@click.option("--num-shards", type=click.IntRange(1), metavar="N", help="Cut evenly into N shards.")
@click.option("--name", help="Of the release.  [default: the source's, its resolution replaced]")
@click.option("--shuffle", is_flag=True, help="Write the samples in another order.")
@click.option("--seed", type=int, help="Of --shuffle.  [default: 0]")
@click.option(
    "--tar-format", type=click.Choice(["gnu", "pax"]), help="Of names over 100 bytes.  [default: gnu]"
)
@click.option(
    "--optimize", is_flag=True, help="Huffman tables of each JPEG's own; alone, nothing else is changed."
)
@click.option("--dry-run", is_flag=True, help="Say what would be done; write nothing.")
@click.option(
    "--overwrite", is_flag=True, help="Replace a release of other options or another source in DST."
)
@click.option("--no-verify", is_flag=True, help="Do not hold the source to its sums and manifest.")
@click.option(
    "--skip-bad",
    is_flag=True,
    help="Leave out samples with a picture or JSON that cannot be read, or that a damaged tar has lost, and list them; "
    "exit code 1.",
)
@click.option("--license", metavar="NAME", help="Of the licence.  [default: as the sources say]")
@click.option("--citation", metavar="TEXT", help="How to cite it.  [default: as the sources say]")
@click.option("--source", "origin", metavar="URL", help="Where it comes from.  [default: as the sources say]")
@common("threads", "quiet", "json")
@pass_settings
def reshard(
    settings: Settings,
    /,
    sources: tuple[str, ...],
    output: str,
    selection: Selection,
    image_format: str | None,
    dry_run: bool,
    overwrite: bool,
    no_verify: bool,
    **given: Any,
) -> int:
    """Make a new release out of SRC, which is verified in the same read.

    The same command again goes on where it stopped. The bytes depend on the source and the options alone, not on
    threads or interruptions.
    """
    from turboshard.reshard import plan, run

    options: ReshardOptions = {name: value for name, value in given.items() if value is not None}  # type: ignore[assignment]
    options |= {"select": selection.fields, "where": selection.where, "verify": not no_verify}
    if image_format is not None:
        options["format"] = image_format  # type: ignore[typeddict-item]
    if not given["skip_bad"]:
        del options["skip_bad"]
    if selection.keys is not None:
        options["keys"] = selection.keys
    if selection.first is not None:
        options["first"] = selection.first
    if dry_run:
        planned = plan(sources, output, options, overwrite=overwrite)
        if settings.json:
            print_json(**planned)
        else:
            for name, value in planned.items():
                click.echo(f"{name}: {value}")
        return Exit.GOOD
    try:
        with progress(settings, "resharding") as counter:
            outcome = run(
                sources, output, options, overwrite=overwrite, threads=settings.threads, progress=counter
            )
    except KeyboardInterrupt:
        raise Interrupted("run the same command again to go on where it stopped") from None
    _tell(settings, outcome, output)
    return Exit.DATA if outcome.left_out else Exit.GOOD


def _tell(settings: Settings, outcome: Outcome, output: str) -> None:
    if settings.json:
        print_json(**asdict(outcome))
    else:
        size = sum(shard["size"] for shard in outcome.shards)
        amounts = {"shard": len(outcome.shards), "sample": outcome.num_samples, "image": outcome.num_images}
        made = ", ".join(counted(number, noun) for noun, number in amounts.items())
        click.echo(f"{outcome.name}: {made}, {size:,} bytes in {output}")
    for words in outcome.warnings:
        click.echo(f"warning: {words}", err=True)
    for note in outcome.notes:
        remark(settings, f"turboshard: {note}")
    for sample in outcome.left_out:
        click.echo(f"turboshard: left out {sample['key']}: {sample['reason']}", err=True)
    if outcome.finished_before:
        remark(settings, "turboshard: it was there already, whole: reused all of it")
    elif outcome.reused_images:
        remark(settings, f"turboshard: reused {outcome.reused_images} images, redid {outcome.redone_images}")
    if not outcome.source_verified:
        remark(settings, "turboshard: the source was not verified: it has no sums and no manifest")
    if outcome.publishable and not settings.json:
        say_how_to_publish(settings, outcome.name, outcome.shards, output)
