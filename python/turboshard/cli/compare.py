"""``turboshard compare``: two releases of the same samples, held against each other."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from turboshard.cli.exit import Exit
from turboshard.cli.output import Settings, common, counted, pass_settings, print_json, progress

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from turboshard._typing import Sample
    from turboshard.release import Release


@dataclass
class Comparison:
    """What differs; ``--json`` prints these names."""

    samples: int = 0
    only_in_a: list[str] = field(default_factory=list)
    only_in_b: list[str] = field(default_factory=list)
    fields_differ: list[str] = field(default_factory=list)
    json_differs: list[str] = field(default_factory=list)
    images: int = 0
    psnr_mean: float | None = None
    psnr_min: float | None = None
    psnr_min_at: str | None = None
    """Key and field of the worst image."""

    @property
    def same(self) -> bool:
        """True if keys, fields and JSON are the same."""
        return not (self.only_in_a or self.only_in_b or self.fields_differ or self.json_differs)


@click.command
@click.argument("a")
@click.argument("b")
@click.option("--min-psnr", type=float, metavar="DB", help="Fail if an image is farther away than this.")
@common("threads", "quiet", "json")
@pass_settings
def compare(settings: Settings, a: str, b: str, min_psnr: float | None) -> int:
    """Compare keys, fields and JSON bytes, and take the PSNR of B's images against A's, resized to B's size."""
    from turboshard import _threads
    from turboshard.release import Release

    one, other = Release(a), Release(b)
    found = Comparison(
        only_in_a=sorted(set(one.keys) - set(other.keys)), only_in_b=sorted(set(other.keys) - set(one.keys))
    )
    common_keys = [key for key in one.keys if key not in set(found.only_in_a)]
    ratios: list[tuple[float, str]] = []

    def judge(key: str) -> tuple[Sample, Sample, list[tuple[float, str]]]:
        before, after = one[key], other[key]
        return before, after, list(_ratios(before, after))

    with (
        progress(settings, "comparing") as counter,
        ThreadPoolExecutor(settings.threads or _threads.default()) as pool,
    ):
        counter.expect(len(common_keys))
        for key, (before, after, measured) in zip(common_keys, pool.map(judge, common_keys), strict=True):
            found.samples += 1
            if sorted(before) != sorted(after):
                found.fields_differ.append(key)
            if before.get("json") != after.get("json"):
                found.json_differs.append(key)
            ratios += measured
            counter.add(1)
    if ratios:
        found.images = len(ratios)
        found.psnr_mean = sum(ratio for ratio, _ in ratios) / len(ratios)
        found.psnr_min, found.psnr_min_at = min(ratios)
    far = min_psnr is not None and found.psnr_min is not None and found.psnr_min < min_psnr
    if settings.json:
        print_json(**vars(found), same=found.same)
    else:
        _print(found, one, other)
    return Exit.GOOD if found.same and not far else Exit.DATA


def _ratios(before: Sample, after: Sample) -> list[tuple[float, str]]:
    """PSNR of each JPEG that both have, with its name."""
    from turboshard import decode, info

    ratios = []
    for name in before.keys() & after.keys():
        if name.endswith((".jpg", ".jpeg")):
            facts = info(after[name])
            size = (facts["height"], facts["width"])
            ratios.append(
                (psnr(decode(before[name], size=size), decode(after[name])), f"{after['__key__']}.{name}")
            )
    return ratios


def psnr(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Peak signal-to-noise ratio in decibels; 99 for equal images, so that means stay finite."""
    import numpy as np

    error = float(np.mean((one.astype(np.int16) - other) ** 2, dtype=np.float64))
    return 99.0 if error == 0 else min(99.0, 10 * math.log10(255**2 / error))


def _print(found: Comparison, one: Release, other: Release) -> None:
    click.echo(
        f"{counted(len(one), 'sample')} of {one.name}, {len(other):,} of {other.name}, {found.samples:,} in both"
    )
    for words, keys in (
        ("only in A", found.only_in_a),
        ("only in B", found.only_in_b),
        ("other fields", found.fields_differ),
        ("other JSON", found.json_differs),
    ):
        for key in keys:
            click.echo(f"{words}: {key}")
    if found.same:
        click.echo("keys, fields and JSON bytes are the same")
    if found.images:
        worst = f"at least {found.psnr_min:.2f} dB ({found.psnr_min_at})"
        click.echo(f"{counted(found.images, 'image')}: PSNR {found.psnr_mean:.2f} dB on average, {worst}")
