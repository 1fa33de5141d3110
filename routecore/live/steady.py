"""A clock that jumps, made steady: time that never goes back, whatever the clock does."""

from __future__ import annotations

from math import inf
from typing import Final

__all__ = ["TOLERANCE", "Steady"]

TOLERANCE: Final = 1.0
"""Seconds that a time may lie behind the latest: so far apart may two threads' looks at one clock be used. A clock set back by less is followed."""


class Steady:
    """Turns a clock's times into steady ones: after a jump back it goes on from where it was, and a jump forth is followed.

    So a clock that is set back loses nothing, and one that jumps forth, or forth and back, makes what it measured older by its own jump at most.
    Any thread may call it.

    >>> steady = Steady()
    >>> steady(100.0), steady(3_700.0), steady(101.0), steady(103.0)
    (100.0, 3700.0, 3700.0, 3702.0)
    """

    __slots__ = ("latest", "shift")

    def __init__(self) -> None:
        self.latest = -inf
        self.shift = 0.0
        """What to add to the clock's time now."""

    def __call__(self, now: float) -> float:
        """Return the steady time of the clock's ``now``."""
        moved = now + self.shift
        if moved > self.latest:
            self.latest = moved
        elif moved < self.latest - TOLERANCE:
            # from the clock's time itself, so that two threads that see one jump make one shift
            self.shift = self.latest - now
            return self.latest
        return moved
