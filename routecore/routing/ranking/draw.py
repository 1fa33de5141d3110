"""The draw: numbers for each place of a plan from one 64-bit integer, the same in every language.

Place n uses the n-th output of splitmix64 seeded with the decision's ``draw``, its upper 53 bits as a fraction. Nothing is kept between draws,
so a plan's tail can be drawn later and is the tail that would have been drawn at once.
"""

from __future__ import annotations

from typing import Final

__all__ = ["DRAW_LIMIT", "uniform"]

DRAW_LIMIT: Final = 2**64
_GOLDEN: Final = 0x9E3779B97F4A7C15
_MASK: Final = 0xFFFFFFFFFFFFFFFF


def uniform(draw: int, place: int) -> float:
    """Return the number in [0, 1) for ``place`` (from 1) of the plan drawn with ``draw``.

    >>> uniform(0, 1)
    0.8833108082136426
    """
    z = (draw + place * _GOLDEN) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return ((z ^ (z >> 31)) >> 11) * 1.1102230246251565e-16
