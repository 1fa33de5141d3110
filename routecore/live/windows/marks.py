"""What the entries of a log mean that are no samples, and which ranks are read of those that are."""

from __future__ import annotations

from typing import Final

__all__ = ["FAILED", "MARK_BASE", "MARK_LIMIT", "RANKS", "RATE_LIMITED", "UNMEASURED"]

FAILED: Final = -1.0
"""A failure that was no rate limit."""
RATE_LIMITED: Final = -1.5
UNMEASURED: Final = -2.0
MARK_BASE: Final = 2.0**40
"""A mark is ``period - MARK_BASE``: far below every other entry for any clock, and exact in a double."""
MARK_LIMIT: Final = -3.0
RANKS: Final = (50, 75, 90, 99)
"""Percent. Rank of pX among n samples, from the best: the smallest whole number that is at least X % of n."""
