"""What other processes measured: kept by source and period, so that an export counts once however often, late or out of order it comes.

A slice is one source's period of one endpoint. A later export of the same period takes the earlier one's place, as a period may have been exported while
it ran. Slices keep the source's own time; how far that is from ours is the least seen of (our time - delay - the export's time), so that one export that
came quickly dates all others rightly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from routecore.live.sources import Sources
from routecore.live.windows.sketch import BUCKETS, bucket_of, middle_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routecore.live.windows.log import EndpointLog
    from routecore.live.windows.survival import Values

__all__ = ["NOTHING", "Peers", "Slice", "coarse"]

NOTHING: Final[Values] = (np.zeros(0), np.zeros(0, np.int64))
_MOST_DISTINCT: Final = 512
"""Distinct values of a slice's metric that are kept as they came; beyond, they are put into the sketch's buckets, off by 0.8 % at most."""


class Slice(NamedTuple):
    """One endpoint's period in another process; ``ends_at`` in the source's time."""

    sequence: int
    ends_at: float
    latency: Values
    throughput: Values
    waits: Values
    unmeasured: int
    failures: int
    rate_limits: int
    tool_calls: int
    tool_errors: int

    @property
    def size(self) -> int:
        """How many distinct values it holds, and one for itself."""
        return len(self.latency[0]) + len(self.throughput[0]) + len(self.waits[0]) + 1


class Peers:
    """The sources whose exports were merged. Their slices stand with the endpoints' logs."""

    def __init__(self, period_seconds: float) -> None:
        self._period = period_seconds
        self.sources = Sources()
        self.size = 0
        """Values held over all slices."""

    def add(self, log: EndpointLog, source: str, period: int, given: Slice) -> None:
        """Keep a slice, unless a later export of it is there."""
        mine = log.peers.setdefault(source, {})
        before = mine.get(period)
        if before is None or before.sequence < given.sequence:
            mine[period] = given
            self.size += given.size - (0 if before is None else before.size)

    def live(self, log: EndpointLog, oldest_live: int) -> Iterator[Slice]:
        """Yield the endpoint's slices that still count, and let go of the others: those that ended before the period ``oldest_live`` began."""
        for name in list(log.peers):
            source, slices = self.sources.get(name), log.peers[name]
            for period in list(slices):
                if source is None or slices[period].ends_at + source.offset <= oldest_live * self._period:
                    self.size -= slices.pop(period).size
                else:
                    yield slices[period]
            if not slices:
                del log.peers[name]

    def live_minutes(self, log: EndpointLog, oldest: float) -> Iterator[tuple[int, int]]:
        """Yield (prompt tokens, cached ones) of the peers' minutes that began at ``oldest`` or later, and let go of the others."""
        for name in list(log.peers_cached):
            source, minutes = self.sources.get(name), log.peers_cached[name]
            for minute in list(minutes):
                if source is None or minute * 60.0 + source.offset < oldest:
                    del minutes[minute]
                else:
                    yield minutes[minute][1:]
            if not minutes:
                del log.peers_cached[name]


def coarse(values: Values) -> Values:
    """Return values that take no more room than their percentiles need."""
    if len(values[0]) <= _MOST_DISTINCT:
        return values
    buckets, inverse = np.unique(bucket_of(values[0]), return_inverse=True)
    sizes = np.zeros(len(buckets), np.int64)
    np.add.at(sizes, inverse, values[1])
    assert len(buckets) <= BUCKETS
    return middle_of(buckets), sizes
