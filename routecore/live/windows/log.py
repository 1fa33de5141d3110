"""What recorders write into: per endpoint, one array of doubles a metric. No numpy, no lock, no clock.

An entry of the latency array is one outcome: a latency in seconds (0 or more), ``FAILED``, or ``UNMEASURED`` (a success without a latency). An entry
of the throughput array is one throughput. Negative numbers below ``MARK_LIMIT`` are marks: everything after a mark was recorded in the mark's period.

That is what makes recording cheap and safe at once: an ``append`` to an ``array('d')`` is atomic under the GIL, keeps no object alive, and costs 8 bytes.
Readers copy with ``tobytes()`` and cut off the front with ``del array[:n]``, each of them one atomic step, so nothing is lost in between and no
buffer is ever exported from a live array (which would make a concurrent ``append`` raise).
"""

from __future__ import annotations

from array import array
from math import floor, inf
from typing import TYPE_CHECKING

from routecore.live.windows.marks import MARK_BASE

if TYPE_CHECKING:
    from routecore.live.windows.sketch import Sketch

__all__ = ["EndpointLog"]


class EndpointLog:
    """One endpoint's recent outcomes. ``seal_at`` is when the period of the latest mark ends; recording at or after it needs a new mark.

    ``sketch`` is where the samples go that are too many to keep, ``None`` while they are not.
    """

    __slots__ = ("add_latency", "add_throughput", "endpoint_id", "latency", "seal_at", "sketch", "throughput")

    def __init__(self, endpoint_id: str) -> None:
        self.endpoint_id = endpoint_id
        self.latency: array[float] = array("d")
        self.throughput: array[float] = array("d")
        # bound once: looking a method up costs a third of the append
        self.add_latency = self.latency.append
        self.add_throughput = self.throughput.append
        self.seal_at = -inf
        self.sketch: Sketch | None = None

    def mark(self, now: float, period_seconds: float) -> None:
        """Open the period that holds ``now``. Two threads may do so at once: a mark given twice says the same.

        The marks go in before ``seal_at`` moves, so that no thread can believe in a mark that is not there yet.
        """
        period = floor(now / period_seconds)
        mark = period - MARK_BASE
        self.add_latency(mark)
        self.add_throughput(mark)
        self.seal_at = (period + 1) * period_seconds

    def adopt(self, other: EndpointLog) -> None:
        """Take over what was recorded into a log that had been let go of. The next record opens a period of its own."""
        self.seal_at = -inf
        self.latency.extend(other.latency)
        self.throughput.extend(other.throughput)
