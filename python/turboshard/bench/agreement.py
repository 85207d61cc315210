"""When two answers count as the same. A bound is a constant with its reason beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from turboshard.bench.harness import Disagreement

if TYPE_CHECKING:
    from collections.abc import Sequence

Pixels: TypeAlias = npt.NDArray[np.uint8]

SAME_DECODER = 1
"""Grey levels: libjpeg-turbo's accurate DCT and fancy upsampling are fixed; versions may differ in rounding."""
SAME_FILTER = 2
"""Grey levels: the same resampling filter in coarser weights, which pillow-simd has: one level for each of the two
passes. Plain Pillow is met exactly, and the table then says `equal`."""
OTHER_FILTER = 4.0
"""Mean grey levels: another filter of the same purpose; a swapped channel or a shifted pixel is far beyond."""
REENCODED = 3.0
"""Mean grey levels between two JPEGs of quality 95 of the same pixels, by two encoders."""


def within(name: str, ours: Sequence[Pixels], theirs: Sequence[Pixels], worst: int) -> str:
    """Every pixel within `worst` grey levels; says `equal` where it was."""
    _same_shapes(name, ours, theirs)
    found = max(int(_differences(a, b).max()) for a, b in zip(ours, theirs, strict=True))
    if found > worst:
        raise Disagreement(f"{name}: pixels differ by up to {found} of 255, the bound is {worst}")
    return "equal" if found == 0 else f"within {found} of 255"


def near(name: str, ours: Sequence[Pixels], theirs: Sequence[Pixels], mean: float) -> str:
    """The mean difference of every image within `mean` grey levels."""
    _same_shapes(name, ours, theirs)
    found = max(float(_differences(a, b).mean()) for a, b in zip(ours, theirs, strict=True))
    if found > mean:
        raise Disagreement(f"{name}: images differ by {found:.2f} of 255 in the mean, the bound is {mean}")
    return f"mean within {found:.2f} of 255"


def equal(name: str, ours: Any, theirs: Any) -> str:
    """The very same answer."""
    if ours != theirs:
        raise Disagreement(f"{name}: another answer: {_first_difference(ours, theirs)}")
    return "equal"


def _same_shapes(name: str, ours: Sequence[Pixels], theirs: Sequence[Pixels]) -> None:
    assert ours, "no image was compared"
    if [image.shape for image in ours] != [image.shape for image in theirs]:
        raise Disagreement(f"{name}: other shapes: {theirs[0].shape}, not {ours[0].shape}")


def _differences(a: Pixels, b: Pixels) -> npt.NDArray[np.int16]:
    return np.abs(a.astype(np.int16) - b.astype(np.int16))


def _first_difference(ours: Any, theirs: Any) -> str:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in [*ours, *theirs]:
            if ours.get(key) != theirs.get(key):
                return f"{key}: {theirs.get(key)!r}, not {ours.get(key)!r}"
    if isinstance(ours, list) and isinstance(theirs, list):
        for place, (our, their) in enumerate(zip(ours, theirs, strict=False)):
            if our != their:
                return f"entry {place}: {their!r}, not {our!r}"
        return f"{len(theirs)} entries, not {len(ours)}"
    return f"{theirs!r}, not {ours!r}"
