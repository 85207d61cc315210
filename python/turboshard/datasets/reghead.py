"""RegHead: ten expressions of one head a sample, and JSON.

https://github.com/snap-research/RegHead
"""

from __future__ import annotations

from types import MappingProxyType

from turboshard._core import reghead_facts as facts
from turboshard.rows import Picks

__all__ = ["DERIVED_FROM", "EXPRESSIONS", "FIELDS", "MEANINGS", "Picks", "facts", "pairs"]

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

MEANINGS = MappingProxyType(
    {
        "open_m_open_e.jpg": "mouth open, eyes open",
        "halfo_m_o_e.jpg": "mouth half open, eyes open",
        "close_m_o_e.jpg": "mouth closed, eyes open",
        "close_m_halfo_e.jpg": "mouth closed, eyes half open",
        "close_m_0_25o_e.jpg": "mouth closed, eyes a quarter open",
        "close_m_0_75o_e.jpg": "mouth closed, eyes three quarters open",
        "close_m_close_e.jpg": "mouth closed, eyes closed",
        "close_m_smile.jpg": "mouth closed, smiling",
        "raise_eyebrows.jpg": "eyebrows raised",
        "frown.jpg": "frowning",
    }
)
"""What each field shows."""

DERIVED_FROM = MappingProxyType(
    {
        "open_m_open_e.jpg": None,
        "halfo_m_o_e.jpg": "open_m_open_e.jpg",
        "close_m_o_e.jpg": "open_m_open_e.jpg",
        "close_m_halfo_e.jpg": "close_m_o_e.jpg",
        "close_m_0_25o_e.jpg": "close_m_o_e.jpg",
        "close_m_0_75o_e.jpg": "close_m_o_e.jpg",
        "close_m_close_e.jpg": "close_m_o_e.jpg",
        "close_m_smile.jpg": "close_m_o_e.jpg",
        "raise_eyebrows.jpg": "close_m_o_e.jpg",
        "frown.jpg": "close_m_o_e.jpg",
    }
)
"""The field whose image the publisher edited into each field's; None for the one that was edited from none."""

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
