"""OpenRouter's live figures as the scenario's statistics: seconds, tokens per second, shares from 0 to 1."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from routecore.reading.checks import number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from routecore.adapters.oddities import Oddities

__all__ = ["read_statistics"]

_MILLISECONDS: Final = -3
_PERCENT: Final = -2
_PERCENTILES: Final = ("p50", "p75", "p90", "p99")


def read_statistics(raw: Mapping[str, Any], path: str, odd: Oddities) -> dict[str, Any]:
    """Return what one row of the feed says was measured: ``latency`` (seconds), ``throughput`` (tokens per second), ``success_rate``.

    The feed's latency is the time to the first token, in milliseconds. Its uptime is the share of successful requests, in percent, without those that
    were rate-limited: of five minutes if known, else of thirty; a day's is no live figure. What is missing stays missing. How many samples stand behind a
    figure the feed does not say.

    >>> from routecore.adapters.oddities import Oddities
    >>> read_statistics({"latency_last_30m": {"p50": 814.5}, "throughput_last_30m": {"p50": 86, "p99": 161.8}, "uptime_last_5m": 97.95}, "row", Oddities())
    {'latency': {'p50': 0.8145}, 'throughput': {'p50': 86.0}, 'success_rate': 0.9795}
    """
    measured: dict[str, Any] = {}
    latency = _percentiles(raw.get("latency_last_30m"), path, "latency_last_30m", odd, _MILLISECONDS)
    if latency:
        if any(after < before for before, after in pairwise(latency.values())):
            odd.note(path, "latency_last_30m", raw["latency_last_30m"], "falls from p50 to p99, which no latency does: only p50 is kept")
            latency = {key: value for key, value in latency.items() if key == "p50"}
        if latency:
            measured["latency"] = latency
    throughput = _percentiles(raw.get("throughput_last_30m"), path, "throughput_last_30m", odd, 0)
    if throughput:
        if any(after > before for before, after in pairwise(throughput.values())):
            odd.note(path, "throughput_last_30m", raw["throughput_last_30m"], "rises from p50 to p99, so it speaks of the best requests: only p50 is kept")
            throughput = {key: value for key, value in throughput.items() if key == "p50"}
        if throughput:
            measured["throughput"] = throughput
    share = _success_rate(raw, path, odd)
    if share is not None:
        measured["success_rate"] = share
    return measured


def _success_rate(raw: Mapping[str, Any], path: str, odd: Oddities) -> float | None:
    for field in ("uptime_last_5m", "uptime_last_30m"):
        value = raw.get(field)
        if value is None:
            continue
        share = _shifted(value, _PERCENT)
        if share is not None and share <= 1:
            return share
        odd.note(path, field, value, "no percentage: unknown")
    if raw.get("uptime_last_1d") is not None:
        odd.note(path, "uptime_last_1d", raw["uptime_last_1d"], "the share of a day is no live figure: success rate unknown")
    return None


def _percentiles(raw: object, path: str, field: str, odd: Oddities, places: int) -> dict[str, float]:
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        odd.note(path, field, raw, "no percentiles: unknown")
        return {}
    found = {}
    for key in _PERCENTILES:
        value = raw.get(key)
        amount = _shifted(value, places)
        if amount is not None:
            found[key] = amount
        elif value is not None:
            odd.note(path, f"{field}.{key}", value, "no number: unknown")
    return found


def _shifted(value: object, places: int) -> float | None:
    """Return ``value`` × 10^``places`` with the digits that the feed wrote: a division would add digits of its own."""
    amount = number(value)
    return None if amount is None else float(Decimal(repr(amount)).scaleb(places))
