"""``turboshard pack``: a release of a data set as its publisher ships it."""

from __future__ import annotations

import click

from turboshard.cli.exit import Exit, Interrupted
from turboshard.cli.output import Settings, common, counted, pass_settings, print_json, progress, remark
from turboshard.cli.publishing import say_how_to_publish
from turboshard.cli.reshard import bytes_of

DATASETS = ("reghead", "headspace", "realy", "geogen", "ffhq-uv", "ffhq-uv-interpolate")
"""As `_core.dataset_names` has them; written out, as --help imports nothing."""


@click.command
@click.argument("dataset", type=click.Choice(DATASETS), metavar="NAME")
@click.argument("source", metavar="SRC")
@click.option("-o", "--output", required=True, metavar="DST", help="Folder of the new release.")
@click.option("--name", help="Of the release.  [default: the publisher's, such as reghead-v1-512]")
@click.option("--max-shard-size", type=bytes_of, default="1800MiB", show_default=True, metavar="SIZE")
@click.option("--license", metavar="NAME", help="Of the licence, for the manifest and README.md.")
@click.option("--citation", metavar="TEXT", help="How to cite it, for both.")
@click.option("--source", "origin", metavar="URL", help="Where it comes from, for both.")
@click.option("--ply", is_flag=True, help="Write every OBJ as PLY, too, for viewers that read no OBJ.")
@click.option("--subset", metavar="FILE", help="Of headspace: numbers of the subjects to take, one a line.")
@common("threads", "quiet", "json")
@pass_settings
def pack(
    settings: Settings,
    dataset: str,
    source: str,
    output: str,
    name: str | None,
    max_shard_size: int,
    license: str | None,  # noqa: A002 - the option's name
    citation: str | None,
    origin: str | None,
    ply: bool,
    subset: str | None,
) -> int:
    r"""Make a release of the data set NAME, which lies in SRC as downloaded; payloads keep their bytes.

    \b
    NAME                  SRC
    reghead               a folder of identity_dir/<expression>.jpg
    headspace             subjects/00001 and so on: the archive, or what is in it
    realy                 REALY_scan_region, REALY_HIFI3D_keypoints, REALY_image, metrical_scale.txt
    geogen                the zips of images and metadata
    ffhq-uv               uv-maps, face-latents, meta-info.json, dataset_project
    ffhq-uv-interpolate   the same

    SRC is a folder or an archive; archives are read where they are, also those in the folder. Incomplete and corrupt
    samples are left out, listed on stderr and in the manifest, and make the exit code 1. A run that was interrupted is
    not gone on with: the same command begins anew.
    """
    from turboshard import packing

    try:
        with progress(settings, "packing") as counter:
            packed = packing.run(
                dataset,
                source,
                output,
                max_shard_size=max_shard_size,
                name=name,
                license=license,
                citation=citation,
                source=origin,
                ply=ply,
                subset=subset,
                threads=settings.threads,
                progress=counter,
            )
    except KeyboardInterrupt:
        raise Interrupted("what lies there is no release; the same command begins anew") from None
    if packed.begun_anew:
        remark(settings, f"turboshard: a run before did not end in {output}: it was begun anew")
    for words in packed.warnings:
        click.echo(f"warning: {words}", err=True)
    for path in packed.unrecognised:
        click.echo(f"not recognised: {path}", err=True)
    for left in packed.left_out:
        click.echo(f"left out: {left['key']}: {left['reason']}", err=True)
    if settings.json:
        print_json(**vars(packed))
    else:
        amounts = (
            f"{counted(len(packed.shards), 'shard')}, {counted(packed.num_samples, 'sample')}, "
            f"{counted(packed.num_images, 'image')}"
        )
        others = f"; {counted(len(packed.left_out), 'sample')} left out" if packed.left_out else ""
        click.echo(f"{packed.name}: {amounts} in {output}{others}")
        if packed.publishable:
            say_how_to_publish(settings, packed.name, packed.shards, output)
    return Exit.DATA if packed.left_out else Exit.GOOD
