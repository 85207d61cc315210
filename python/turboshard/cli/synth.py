"""``turboshard synth``: a release of drawn heads."""

from __future__ import annotations

import click
from click.core import ParameterSource

from turboshard.cli.exit import Exit
from turboshard.cli.output import Settings, common, counted, pass_settings, print_json, progress
from turboshard.cli.pack import DATASETS
from turboshard.cli.reshard import bytes_of

OF_RELEASES = ("quality", "max_shard_size", "photos", "name")
"""Options that mean nothing where no release is written."""


@click.command
@click.argument("output", metavar="OUT")
@click.option(
    "--identities", type=click.IntRange(1), required=True, metavar="N", help="Heads, ten images each."
)
@click.option(
    "--dataset",
    type=click.Choice(DATASETS),
    default="reghead",
    show_default=True,
    help="Of another one its files are written as the publisher ships them, for pack.",
)
@click.option(
    "--size",
    type=click.IntRange(16, 16384),
    help="Side of an image.  [default: 1024; 512 of another data set]",
)
@click.option("--quality", type=click.IntRange(1, 100), default=95, show_default=True, help="Of the JPEGs.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--max-shard-size", type=bytes_of, default="1800MiB", show_default=True, metavar="SIZE")
@click.option("--photos", metavar="DIR", help="Folders idNNN/<expression>.jpg that take the drawings' place.")
@click.option("--name", help="Of the release.  [default: synth-v1-SIZE]")
@common("threads", "quiet", "json")
@pass_settings
def synth(
    settings: Settings,
    output: str,
    identities: int,
    dataset: str,
    size: int | None,
    quality: int,
    seed: int,
    max_shard_size: int,
    photos: str | None,
    name: str | None,
) -> int:
    """Write a release in RegHead's format into the folder OUT, the same bytes for the same options everywhere.

    A smaller N is a strict prefix of a larger one, byte for byte per sample. With --dataset: its files or archives as
    they are shipped, for pack to read, instead of a release; only --identities, --size and --seed are of use then.
    """
    import turboshard

    if dataset != "reghead":
        _refuse_options_of_releases(dataset)
        with progress(settings, "drawing") as counter:
            turboshard.synth_source(
                dataset,
                output,
                subjects=identities,
                size=size or 512,
                seed=seed,
                threads=settings.threads,
                progress=counter,
            )
        if settings.json:
            print_json(dataset=dataset, subjects=identities)
        else:
            click.echo(f"{dataset}: {counted(identities, 'subject')} in {output}")
        return Exit.GOOD
    with progress(settings, "drawing") as counter:
        release = turboshard.synth(
            output,
            identities=identities,
            size=size or 1024,
            quality=quality,
            seed=seed,
            max_shard_size=max_shard_size,
            photos=photos,
            name=name,
            threads=settings.threads,
            progress=counter,
        )
    shards, samples = len(release.paths), len(release)
    if settings.json:
        print_json(name=release.name, shards=release.paths, num_samples=samples)
    else:
        click.echo(f"{release.name}: {counted(shards, 'shard')}, {counted(samples, 'sample')} in {output}")
    return Exit.GOOD


def _refuse_options_of_releases(dataset: str) -> None:
    context = click.get_current_context()
    for name in OF_RELEASES:
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT:
            spelled = "--" + name.replace("_", "-")
            raise click.UsageError(f"{spelled} is for reghead, whose release is written, not for {dataset}")
