"""RegHead: ten expressions of one head a sample, and JSON.

https://github.com/snap-research/RegHead
"""

from __future__ import annotations

from turboshard.rows import Picks

EXPRESSIONS = (
    "open_m_open_e",
    "halfo_m_o_e",
    "close_m_o_e",
    "close_m_halfo_e",
    "close_m_0_25o_e",
    "close_m_0_75o_e",
    "close_m_close_e",
    "close_m_smile",
    "raise_eyebrows",
    "frown",
)
"""The ten expressions in the publisher's order."""

FIELDS = tuple(f"{expression}.jpg" for expression in EXPRESSIONS)
"""The fields of the ten images, in the same order."""


def pairs(source: str = "open_m_open_e", target: str = "random") -> Picks:
    """Two expressions of each head, for `turboshard.Loader`'s ``fields``.

    ``"random"`` draws one for each sample in each epoch, never the same as the other of the pair.
    """
    for name in (source, target):
        if name != "random" and name not in EXPRESSIONS:
            raise ValueError(f"{name!r} is none of the expressions {', '.join(EXPRESSIONS)}")
    numbers = [None if name == "random" else EXPRESSIONS.index(name) for name in (source, target)]
    return Picks(FIELDS, tuple(numbers))
