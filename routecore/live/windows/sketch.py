"""A window too busy to keep every sample: counts in log-linear buckets, 64 to each doubling.

A bucket is at most 1/64 of its lower edge wide and is represented by its middle, so a percentile is off by less than 0.8 % for samples from 1 µs (or
1e-6 tok/s) up; anything smaller counts as 0. Counts of a period are kept apart from the totals, so that they can leave again.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

import numpy as np

from routecore.live.windows.marks import FAILED, MARK_BASE, MARK_LIMIT, RANKS, RATE_LIMITED
from routecore.routing.facts import Percentiles

if TYPE_CHECKING:
    from array import array

    from numpy.typing import NDArray

__all__ = ["BUCKETS", "Counts", "Sketch", "bucket_of", "middle_of"]

_BITS: Final = 6
"""64 buckets a doubling."""
_SHIFT: Final = 52 - _BITS
_LEAST_EXPONENT: Final = -20
_DOUBLINGS: Final = 40
BUCKETS: Final = _DOUBLINGS << _BITS
"""Bucket 0 is "less than 2**-20"; the last reaches 2**20, beyond every limit that settings may have."""
_OFFSET: Final = (1023 + _LEAST_EXPONENT) << _BITS
_FAILED: Final = BUCKETS
_UNMEASURED: Final = BUCKETS + 1
_RATE_LIMITED: Final = BUCKETS + 2
_CODES: Final = BUCKETS + 3


def bucket_of(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the bucket of each value (0 or more): the leading bits of a double are its exponent and first digits already.

    >>> bucket_of(np.array([0.0, 1.0, 1.01, 2.0])).tolist()
    [0, 1280, 1280, 1344]
    """
    codes = (np.ascontiguousarray(values).view(np.int64) >> _SHIFT) - _OFFSET
    clipped: NDArray[np.int64] = np.clip(codes, 0, BUCKETS - 1)
    return clipped


def middle_of(buckets: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the value that stands for each bucket: its middle; 0 for bucket 0.

    >>> middle_of(np.array([0, 1280])).tolist()
    [0.0, 1.0078125]
    """
    bits = ((buckets.astype(np.int64) + _OFFSET) << _SHIFT) + (1 << (_SHIFT - 1))
    return np.where(buckets == 0, 0.0, bits.view(np.float64))


class Counts:
    """One metric's counts by bucket over the window, and of each period."""

    __slots__ = ("periods", "totals")

    def __init__(self) -> None:
        self.totals: NDArray[np.uint32] = np.zeros(_CODES, np.uint32)
        self.periods: deque[tuple[int, NDArray[np.uint16], NDArray[np.uint32]]] = deque()

    def add(self, period: int, buckets: NDArray[np.int64], counts: NDArray[np.int64]) -> None:
        """Add counts of distinct buckets to a period."""
        if len(buckets):
            small = counts.astype(np.uint32)
            self.totals[buckets] += small
            self.periods.append((period, buckets.astype(np.uint16), small))

    def drain(self, samples: array[float]) -> None:
        """Move an array's samples into the counts; its last mark stays, for whoever is about to append after it."""
        flat: NDArray[np.float64] = np.frombuffer(samples.tobytes())
        marks = np.flatnonzero(flat < MARK_LIMIT)
        if not len(marks):
            return
        # the last entry read becomes its mark again, and all before it goes: two atomic steps, and entries appended meanwhile still follow their mark
        samples[len(flat) - 1] = float(flat[marks[-1]])
        del samples[: len(flat) - 1]
        periods = (flat[marks] + MARK_BASE).astype(np.int64)
        spans = np.diff(marks, append=flat.size)
        for period in np.unique(periods).tolist():
            chosen = flat[np.repeat(periods == period, spans)]
            chosen = chosen[chosen > MARK_LIMIT]
            buckets = np.where(
                chosen >= 0.0,
                bucket_of(np.maximum(chosen, 0.0)),
                np.where(chosen == FAILED, _FAILED, np.where(chosen == RATE_LIMITED, _RATE_LIMITED, _UNMEASURED)),
            )
            distinct, counts = np.unique(buckets, return_counts=True)
            self.add(period, distinct, counts)

    def expire(self, oldest_live: int) -> None:
        """Let go of the periods before ``oldest_live``."""
        kept: deque[tuple[int, NDArray[np.uint16], NDArray[np.uint32]]] = deque()
        for period, buckets, counts in self.periods:
            if period >= oldest_live:
                kept.append((period, buckets, counts))
            else:
                self.totals[buckets] -= counts
        self.periods = kept

    def between(self, first: int, last: int | None) -> NDArray[np.int64]:
        """Return the counts by bucket of periods from ``first`` up to, not including, ``last``."""
        found = np.zeros(_CODES, np.int64)
        for period, buckets, counts in self.periods:
            if period >= first and (last is None or period < last):
                found[buckets] += counts
        return found

    def percentiles(self, min_samples: int, *, best_is_least: bool) -> Percentiles | None:
        """Nearest ranks among the buckets; ``None`` with fewer than ``min_samples``."""
        upto = np.cumsum(self.totals[:BUCKETS], dtype=np.int64)
        size = int(upto[-1])
        if size < max(min_samples, 1):
            return None
        best = [(size * rank + 99) // 100 for rank in RANKS]
        ranks = np.array(best if best_is_least else [size - rank + 1 for rank in best])
        return Percentiles._make(middle_of(np.searchsorted(upto, ranks)).tolist())


class Sketch:
    """The histograms of one endpoint. It stays a sketch until it has been idle for a whole window."""

    __slots__ = ("latency", "throughput")

    def __init__(self) -> None:
        self.latency = Counts()
        self.throughput = Counts()

    @property
    def empty(self) -> bool:
        """Whether nothing is left in the window."""
        return not self.latency.periods and not self.throughput.periods

    def read(
        self, latencies: array[float], throughputs: array[float], oldest_live: int, min_samples: int
    ) -> tuple[Percentiles | None, Percentiles | None, int, int, int]:
        """Move the samples of a log's two arrays in, drop what has left, and return latency, throughput, samples, failures and rate limits."""
        self.latency.drain(latencies)
        self.throughput.drain(throughputs)
        self.latency.expire(oldest_live)
        self.throughput.expire(oldest_live)
        totals = self.latency.totals
        return (
            self.latency.percentiles(min_samples, best_is_least=True),
            self.throughput.percentiles(min_samples, best_is_least=False),
            int(totals.sum()),
            int(totals[_FAILED]) + int(totals[_RATE_LIMITED]),
            int(totals[_RATE_LIMITED]),
        )
