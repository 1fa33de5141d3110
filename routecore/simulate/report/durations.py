"""HDR histograms as NumPy counts: durations from a microsecond to a day with three significant digits, which add up exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["HIGHEST_US", "Durations", "buckets_of", "edges_of"]

HIGHEST_US: Final = 86_400_000_000
"""A day in microseconds: longer durations count as a day."""
_DIGITS: Final = 3
_FINE: Final = 10
"""Bits of a bucket within its octave: 1,024 buckets, which is HDR's layout for three significant digits."""


def buckets_of(values: NDArray[np.int64], bits: int = _FINE) -> NDArray[np.int64]:
    """Return each value's bucket in HDR's layout with ``2**bits`` buckets an octave; values below ``2**(bits + 1)`` have one each.

    >>> buckets_of(np.array([0, 5, 2047, 2048, 2049, 2050])).tolist()
    [0, 5, 2047, 2048, 2048, 2049]
    """
    clipped = np.minimum(np.maximum(values, 0), HIGHEST_US)
    # the exponent of a float is the place of the highest bit: exact below 2**53
    octave = np.maximum(np.frexp(clipped.astype(np.float64))[1].astype(np.int64) - (bits + 1), 0)
    return (octave << bits) + (clipped >> octave)


def edges_of(buckets: NDArray[np.int64], bits: int = _FINE) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the lowest value of each bucket, and the number of values in it."""
    octave = np.maximum((buckets >> bits) - 1, 0)
    return (buckets - (octave << bits)) << octave, np.left_shift(1, octave)


_SIZE: Final = int(buckets_of(np.array([HIGHEST_US]))[0]) + 1


class Durations:
    """Counts of durations. ``a.merge(b)`` is associative and commutative; equal contents are equal.

    >>> one = Durations()
    >>> one.add(np.array([0.1, 0.2, 0.3]))
    >>> round(one.at(0.5), 3), one.count
    (0.2, 3)
    """

    __slots__ = ("counts",)

    def __init__(self, counts: NDArray[np.int64] | None = None) -> None:
        self.counts = np.zeros(_SIZE, np.int64) if counts is None else counts

    def add(self, seconds: NDArray[np.float64]) -> None:
        """Count durations given in seconds."""
        self.add_microseconds(np.rint(np.minimum(seconds, HIGHEST_US / 1e6) * 1e6).astype(np.int64))

    def add_microseconds(self, values: NDArray[np.int64]) -> None:
        """Count durations given in microseconds."""
        self.counts += np.bincount(buckets_of(values), minlength=_SIZE)

    @property
    def count(self) -> int:
        """How many durations were counted."""
        return int(self.counts.sum())

    def at(self, share: float) -> float | None:
        """Return the smallest duration (seconds) that ``share`` of them do not exceed, off by at most 0.1 %; ``None`` if there are none."""
        count = self.count
        if not count:
            return None
        rank = max(int(np.ceil(share * count)), 1)
        bucket = np.searchsorted(np.cumsum(self.counts), rank)
        low, width = edges_of(np.array([bucket]))
        return (float(low[0]) + (float(width[0]) - 1) / 2) / 1e6

    def curve(self, points: int = 120) -> list[tuple[float, float]]:
        """Return up to ``points`` (seconds, share at or below) pairs of the cumulative distribution, evenly spaced in rank."""
        total = self.count
        if not total:
            return []
        running = np.cumsum(self.counts)
        places = np.unique(np.searchsorted(running, np.linspace(1, total, points)))
        low, width = edges_of(places)
        return [(float(x) / 1e6, float(y) / total) for x, y in zip(low + (width - 1) / 2, running[places], strict=True)]

    def merge(self, other: Durations) -> Durations:
        """Return the counts of both."""
        return Durations(self.counts + other.counts)

    def encoded(self) -> str:
        """Return the histogram as HdrHistogram V2 text (microseconds), which other tools and languages read."""
        from hdrh.histogram import HdrHistogram

        histogram = HdrHistogram(1, HIGHEST_US, _DIGITS)
        found = np.flatnonzero(self.counts)
        low, _ = edges_of(found)
        for value, count in zip(low.tolist(), self.counts[found].tolist(), strict=True):
            histogram.record_value(max(value, 1), count)
        text: str = histogram.encode().decode("ascii")
        return text

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Durations):
            return NotImplemented
        return bool(np.array_equal(self.counts, other.counts))

    __hash__ = None  # type: ignore[assignment] # it grows
