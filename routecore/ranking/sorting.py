"""Strategy, sorted: ``price``, ``throughput`` or ``latency`` gives one fixed order; unknown values last.

Ties: lower expected price (unknown last), then endpoint id, then BYOK before shared, then keys in the order of the context.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from routecore.ranking.field import known

if TYPE_CHECKING:
    from collections.abc import Callable

    from routecore.facts import EndpointStats
    from routecore.ranking.field import Field

NAME = "strategy"


def keys(field: Field, sort: str) -> list[tuple[Any, ...]]:
    """Return each candidate's sort key for ``sort``."""
    value = VALUES[sort]
    found = []
    for position, one in enumerate(field.candidates):
        quote = field.quote(position)
        price = (1, 0) if quote is None else (0, quote)
        measured = value(field, one.endpoint.id)
        found.append((*measured, *price, one.index, one.key_id is None, one.key_place))
    return found


def _price(field: Field, endpoint_id: str) -> tuple[Any, ...]:
    """Nothing before the price itself, which every tie is broken by."""
    del field, endpoint_id
    return ()


def _throughput(field: Field, endpoint_id: str) -> tuple[Any, ...]:
    value = p50(field, field.case.facts.stats.get(endpoint_id), "throughput")
    return (1, 0.0) if value is None else (0, -value)


def _latency(field: Field, endpoint_id: str) -> tuple[Any, ...]:
    value = p50(field, field.case.facts.stats.get(endpoint_id), "latency")
    return (1, 0.0) if value is None else (0, value)


VALUES: dict[str, Callable[[Field, str], tuple[Any, ...]]] = {"price": _price, "throughput": _throughput, "latency": _latency}


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
