"""What a provider says that a response cost, in whatever form it says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from routecore.pricing.money import read_rate
from routecore.pricing.rate import plus, reduced
from routecore.reading.checks import whole
from routecore.usage.report import Anomaly

if TYPE_CHECKING:
    from collections.abc import Mapping

    from routecore.pricing.rate import Rate

__all__ = ["reported_cost"]

_TOTALS: Final = ("total_cost", "total", "total_cost_usd", "total_usd", "usd", "amount")
_TICK_PLACES: Final = 10
"""A tick is 1e-10 USD. Source: xAI's API reference, ``usage.cost_in_usd_ticks``."""


def reported_cost(row: Mapping[Any, Any]) -> tuple[Rate | None, Anomaly | None]:
    """Return the reported cost of a log's row as (n, k), n × 10^-k USD, and what is odd about it; ``None`` where nothing is said, or nothing readable.

    The row's own ``cost`` comes first, then the usage's; each may be a number, text, an object with a total or with parts, or ticks (``cost_in_usd_ticks``).

    >>> reported_cost({"cost": {"input_tokens_cost": 2e-05, "output_tokens_cost": 0.0004, "total_cost": 0.00542}}), reported_cost({"usage": {"cost_in_usd_ticks": 7583}})
    (((542, 5), None), ((7583, 10), None))
    """
    usage = row.get("usage")
    odd: Anomaly | None = None
    for holder, path in ((row, ""), (usage if isinstance(usage, dict) else {}, "usage.")):
        for key, read in (("cost", _amount), ("cost_in_usd_ticks", _ticks), ("total_cost", _amount)):
            value = holder.get(key)
            if value is None:
                continue
            amount = read(value)
            if amount is not None:
                return amount, None
            odd = odd or Anomaly("unreadable_cost", f"{path}{key}", value, None)
    return None, odd


def _ticks(value: object) -> Rate | None:
    number = whole(value)
    return None if number is None else reduced(number, _TICK_PLACES)


def _amount(value: object) -> Rate | None:
    if not isinstance(value, dict):
        return read_rate(value)
    for key in _TOTALS:
        if value.get(key) is not None:
            return read_rate(value[key])
    total: Rate | None = None
    for key, part in value.items():
        if part is not None and isinstance(key, str) and key.endswith(("cost", "_usd")):
            amount = read_rate(part)
            if amount is None:
                return None
            total = amount if total is None else plus(total, amount)
    return total
