"""What a tick gives: the statistics of all endpoints, frozen, made into objects one by one as they are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan
from typing import TYPE_CHECKING, Any, Final

from routecore.routing.facts import EndpointStats, Percentiles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

__all__ = ["CACHED", "COLUMNS", "ERRORS", "LIMITED", "RATE", "SAMPLES", "TOOL_ERRORS", "StatsView"]

SAMPLES: Final = 8
RATE: Final = 9
ERRORS: Final = 10
LIMITED: Final = 11
TOOL_ERRORS: Final = 12
CACHED: Final = 13
COLUMNS: Final = 14
"""A row: p50, p75, p90, p99 of latency, the same of throughput, samples, success rate, error rate, rate limit rate, tool error rate, cached share.

NaN where not known; without samples the endpoint is not there.
"""


class StatsView(Mapping[str, EndpointStats]):
    """``{endpoint id: EndpointStats}``, read-only, equal to the dictionary with the same content.

    >>> from routecore.live.windows.windows import Windows
    >>> windows = Windows()
    >>> windows.record_failure("m@p", 0.0)
    >>> windows.tick(1.0) == {"m@p": EndpointStats(samples=1, success_rate=0.0, error_rate=1.0, rate_limit_rate=0.0)}
    True
    """

    __slots__ = ("_made", "_positions", "_table")

    def __init__(self, positions: dict[str, int], table: NDArray[Any]) -> None:
        # positions may get more entries later, beyond the end of this table
        self._positions = positions
        self._table = table
        self._made: dict[str, EndpointStats] = {}

    def get(self, key: str, default: Any = None, /) -> Any:  # noqa: ANN401 - as a dictionary's: what is there, or the default
        """Return one endpoint's statistics, or ``default``. Written out, as it is what decisions call."""
        made = self._made.get(key)
        if made is not None:
            return made
        position = self._positions.get(key)
        if position is None or position >= len(self._table):
            return default
        row: list[float] = self._table[position].tolist()
        if not row[SAMPLES]:
            return default
        # a metric's first rank is known if any is; NaN differs from itself
        latency = None if row[0] != row[0] else Percentiles._make(row[:4]) if row[3] == row[3] else _percentiles(row[:4])
        throughput = Percentiles._make(row[4:8]) if row[4] == row[4] else None
        rates = [None if isnan(one) else one for one in row[ERRORS : CACHED + 1]]
        made = self._made[key] = EndpointStats(latency, throughput, int(row[SAMPLES]), row[RATE], *rates)
        return made

    def __getitem__(self, key: str) -> EndpointStats:
        found: EndpointStats | None = self.get(key)
        if found is None:
            raise KeyError(key)
        return found

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self.get(key) is not None

    def __iter__(self) -> Iterator[str]:
        present: list[float] = self._table[:, SAMPLES].tolist()
        return iter([key for key, position in list(self._positions.items()) if position < len(present) and present[position]])

    def __len__(self) -> int:
        return sum(map(bool, self._table[:, SAMPLES].tolist()))

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        """Pickle as the dictionary that it stands for."""
        return dict, (dict(self),)

    def __repr__(self) -> str:
        return f"<StatsView of {len(self)} endpoints>"


def _percentiles(ranks: list[float]) -> Percentiles:
    """Return the ranks of latencies: the later ones are not known where waits that were cut short leave them open."""
    return Percentiles._make([None if isnan(one) else one for one in ranks])
