"""Strategy, balanced: requests are spread by a weight of scale-free factors.

    weight = price^-a · throughput^b · latency^-c · success^d        (scaled by the largest; computed in logs)

Every weight is finite and above 0; identical endpoints get identical weights.
"""

from __future__ import annotations

from math import exp, log
from typing import TYPE_CHECKING, Final

from routecore.routing.facts import p50
from routecore.routing.ranking.rates import shrunk

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from routecore.routing.case import Case
    from routecore.routing.facts import EndpointStats

NAME = "strategy"
LEAST_SUCCESS: Final = 0.01
_LEAST_LOG: Final = -700.0
"""exp of less than this is subnormal: a weight must stay a normal number, or sums of weights lose it."""


def price_logs(case: Case, indices: Sequence[int], quotes: Sequence[int | Decimal | None], logs: list[float]) -> list[float]:
    """Return the logarithm of each eligible endpoint's weight, not scaled: ``logs`` (those of the statistics) with the price's part added.

    ``indices`` are places in the case's pool, ``quotes`` the pool's cold expected prices. Unknown prices take the median of the known.
    """
    a = case.settings.exponents.price
    if not a:
        return logs
    prices = prices_or_median([quotes[index] for index in indices])
    return [total - a * log(price) for total, price in zip(logs, prices, strict=True)]


def stat_logs(case: Case, indices: Sequence[int]) -> list[float]:
    """Return the logarithm of each eligible endpoint's weight as far as the statistics give it. Unknown values take the median of the known."""
    exponents = case.settings.exponents
    logs = [0.0] * len(indices)
    if not (exponents.throughput or exponents.latency or exponents.reliability):
        return logs
    ids, stats = case.pool.ids, case.facts.stats
    rows = [stats.get(ids[index]) for index in indices]
    least = case.settings.min_samples
    if exponents.throughput:
        b = exponents.throughput
        values = values_or_median([p50(row, "throughput", least) or None for row in rows])
        logs = [total + b * log(value) for total, value in zip(logs, values, strict=True)]
    if exponents.latency:
        c = exponents.latency
        values = values_or_median([p50(row, "latency", least) or None for row in rows])
        logs = [total - c * log(value) for total, value in zip(logs, values, strict=True)]
    if exponents.reliability:
        d = exponents.reliability
        logs = [total + d * log(value) for total, value in zip(logs, successes(rows), strict=True)]
    return logs


def scaled(logs: Sequence[float]) -> list[float]:
    """Return the weights of one draw's candidates, the largest being 1; each is finite and above 0.

    >>> scaled([-1000.0, -1000.0])
    [1.0, 1.0]
    """
    largest = max(logs)
    if min(logs) - largest > _LEAST_LOG:
        return [exp(one - largest) for one in logs]
    return [exp(max(one - largest, _LEAST_LOG)) for one in logs]


def median(values: list[float]) -> float:
    """Return the middle value, or the mean of the two middle ones.

    >>> median([3.0, 1.0, 2.0]), median([1.0, 2.0])
    (2.0, 1.5)
    """
    ordered = sorted(values)
    half = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[half]
    return ordered[half - 1] + (ordered[half] - ordered[half - 1]) / 2


def values_or_median(values: list[float | None]) -> list[float]:
    """Return the values with the median of the known for each unknown; 1 for all where none is known.

    >>> values_or_median([2.0, None, 4.0]), values_or_median([None])
    ([2.0, 3.0, 4.0], [1.0])
    """
    known = [value for value in values if value is not None]
    if len(known) == len(values):
        return known
    middle = median(known) if known else 1.0
    return [middle if value is None else value for value in values]


def prices_or_median(quotes: Sequence[int | Decimal | None]) -> list[float]:
    """Return prices as positive numbers: zero counts as a tenth of the smallest positive one (all zero: 1); then unknown takes the median.

    >>> prices_or_median([20, 0, None])
    [20.0, 2.0, 11.0]
    """
    floats = [None if quote is None else float(quote) for quote in quotes]
    if 0.0 not in floats and None not in floats:
        # the common case: all are known, and nothing is free
        return [value for value in floats if value is not None]
    positive = [value for value in floats if value is not None and value > 0]
    free = min(positive) / 10 if positive else 1.0
    return values_or_median([free if value == 0 else value for value in floats])


def successes(rows: Sequence[EndpointStats | None]) -> list[float]:
    """Return each endpoint's success rate, shrunk towards the mean of those that have one; 1 for all where nobody has. Never below 0.01."""
    rated = [None if row is None or row.success_rate is None else (row.success_rate, row.samples) for row in rows]
    return [max(value, LEAST_SUCCESS) for value in shrunk(rated, 1.0)]
