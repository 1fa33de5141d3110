"""Strategy, sorted: ``price``, ``throughput`` or ``latency`` gives one fixed order; unknown values last.

Ties: lower expected price (unknown last), then endpoint id, then BYOK before shared, then keys in the order of the context.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from routecore.routing.pool import INFINITE
from routecore.routing.ranking.field import known

if TYPE_CHECKING:
    from routecore.routing.facts import EndpointStats
    from routecore.routing.ranking.field import Field

NAME = "strategy"


def keys(field: Field, sort: str) -> list[Any]:
    """Return each candidate's sort key for ``sort``. Candidates of equal keys keep their order, which is that of endpoint ids.

    Prices are cold: a request that sorts is not pinned.
    """
    candidates = field.candidates
    quotes = field.quotes
    prices: list[Any] = [INFINITE if (quote := quotes[one.row]) is None else quote for one in candidates]
    found: list[Any] = prices
    if sort != "price":
        values = [p50(field, field.case.facts.stats.get(one.endpoint.id), sort) for one in candidates]
        sign = -1.0 if sort == "throughput" else 1.0
        measured = [INFINITE if value is None else sign * value for value in values]
        found = list(zip(measured, prices, strict=True))
    if field.case.context.byok:
        # one endpoint's attempts: own keys in the order of the context, then shared capacity
        found = [(key, one.row, one.key_id is None, one.key_place) for key, one in zip(found, candidates, strict=True)]
    return found


def p50(field: Field, stats: EndpointStats | None, metric: str) -> float | None:
    """Return the p50 of ``metric``, ``None`` if it is not known."""
    if stats is None:
        return None
    percentiles = known(stats, stats.throughput if metric == "throughput" else stats.latency, field.case.settings.min_samples)
    return None if percentiles is None else percentiles.p50


def words(field: Field, position: int, sort: str) -> str:
    """Give the value that was sorted by."""
    if sort == "price":
        quote = field.quote(position)
        return "expected price not known" if quote is None else f"expected price {float(quote) / 1e15:.6g} USD"
    value = p50(field, field.case.facts.stats.get(field.candidates[position].endpoint.id), sort)
    unit = "tok/s" if sort == "throughput" else "s"
    return f"{sort} p50 not known" if value is None else f"{sort} p50 {value:g} {unit}"
