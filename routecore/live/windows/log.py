"""What recorders write into: per endpoint, one array of doubles a metric. No numpy, no lock, no clock.

An entry of the latency array is one outcome: a latency in seconds (0 or more), ``FAILED``, ``RATE_LIMITED``, or ``UNMEASURED`` (a success without a
latency). An entry of the throughput array is one throughput. Negative numbers below ``MARK_LIMIT`` are marks: everything after a mark was recorded in
the mark's period.

That is what makes recording cheap and safe at once: an ``append`` to an ``array('d')`` is atomic under the GIL, keeps no object alive, and costs 8 bytes.
Readers copy with ``tobytes()`` and cut off the front with ``del array[:n]``, each of them one atomic step, so nothing is lost in between and no
buffer is ever exported from a live array (which would make a concurrent ``append`` raise).

What is rarer goes aside, into a queue that each tick empties: waits of which only the least is known, tool calls, cached tokens.
"""

from __future__ import annotations

from array import array
from collections import deque
from math import floor, inf
from typing import TYPE_CHECKING, Final

from routecore.live.steady import TOLERANCE
from routecore.live.windows.marks import MARK_BASE

if TYPE_CHECKING:
    from routecore.live.windows.peers import Slice
    from routecore.live.windows.sketch import Sketch

__all__ = ["CACHED", "TOOLS", "WAITED", "EndpointLog"]

WAITED, TOOLS, CACHED = range(3)
"""What an aside tells: (period, ``WAITED``, seconds, 0), (period, ``TOOLS``, calls, bad ones), (period, ``CACHED``, prompt tokens, cached ones)."""
_MOST_ASIDE: Final = 65_536
_MOST_WAITS: Final = 16_384


class EndpointLog:
    """One endpoint's recent outcomes. The period of the latest mark runs from ``opened_at`` (less a second's tolerance) to ``seal_at``.

    ``sketch`` is where the samples go that are too many to keep, ``None`` while they are not. ``waits``, ``tools`` and ``cached`` are what the asides came
    to, by period (``cached`` by minute); ``peers`` what other processes measured: ``{source: {the source's period: slice}}``. Only a reader touches these.
    """

    __slots__ = (
        "add_latency", "add_throughput", "asides", "cached", "endpoint_id", "latency", "opened_at", "peers", "peers_cached", "period", "seal_at", "sketch",
        "throughput", "tools", "waits",
    )  # fmt: skip

    def __init__(self, endpoint_id: str) -> None:
        self.endpoint_id = endpoint_id
        self.latency: array[float] = array("d")
        self.throughput: array[float] = array("d")
        # bound once: looking a method up costs a third of the append
        self.add_latency = self.latency.append
        self.add_throughput = self.throughput.append
        self.period = 0
        self.opened_at = inf
        self.seal_at = -inf
        self.sketch: Sketch | None = None
        self.asides: deque[tuple[int, int, float, float]] = deque(maxlen=_MOST_ASIDE)
        self.waits: deque[tuple[int, float]] = deque(maxlen=_MOST_WAITS)
        self.tools: dict[int, list[int]] = {}
        self.cached: dict[int, list[int]] = {}
        self.peers: dict[str, dict[int, Slice]] = {}
        self.peers_cached: dict[str, dict[int, tuple[int, int, int]]] = {}

    def mark(self, now: float, period_seconds: float) -> None:
        """Open the period that holds ``now``.

        Two threads may do so at once: a mark given twice says the same. The marks go in before ``seal_at`` moves, so that no thread can believe in a
        mark that is not there yet.
        """
        period = floor(now / period_seconds)
        mark = period - MARK_BASE
        self.add_latency(mark)
        self.add_throughput(mark)
        self.period = period
        self.opened_at = period * period_seconds - TOLERANCE
        self.seal_at = (period + 1) * period_seconds

    def settle(self, periods_a_minute: float) -> None:
        """Take what was put aside into account."""
        asides = self.asides
        for _ in range(len(asides)):
            period, kind, first, second = asides.popleft()
            if kind == WAITED:
                self.waits.append((period, first))
            elif kind == TOOLS:
                _add(self.tools, period, first, second)
            else:
                _add(self.cached, floor(period / periods_a_minute), first, second)

    @property
    def beside(self) -> bool:
        """Whether anything is known of the endpoint beside its samples."""
        return bool(self.waits or self.tools or self.cached or self.peers or self.peers_cached or self.asides)

    def adopt(self, other: EndpointLog) -> None:
        """Take over what was recorded into a log that had been let go of. The next record opens a period of its own."""
        self.seal_at = -inf
        self.latency.extend(other.latency)
        self.throughput.extend(other.throughput)
        self.asides.extend(other.asides)


def _add(sums: dict[int, list[int]], at: int, first: float, second: float) -> None:
    found = sums.get(at)
    if found is None:
        sums[at] = [int(first), int(second)]
    else:
        found[0] += int(first)
        found[1] += int(second)
