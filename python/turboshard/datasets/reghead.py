"""RegHead: ten expressions of one head a sample, and JSON.

https://github.com/snap-research/RegHead
"""

from __future__ import annotations

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
