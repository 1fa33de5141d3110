"""Figures as people read them: in units one thinks in, with differences in percent and in those units."""

from __future__ import annotations

from math import floor, log10
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PER_THOUSAND", "change_shown", "label_of", "shown", "unsure"]

PER_THOUSAND: Final = frozenset({"cost_per_request", "upstream_per_request", "cache_saved_per_request"})
"""Figures that are told for 1,000 requests: one request costs too little to think of."""

LABELS: Final = {
    "cost_total": "cost, total",
    "cost_per_request": "cost per 1,000 requests",
    "upstream_per_request": "billed by providers per 1,000",
    "cache_saved_per_request": "saved by caches per 1,000",
    "success_rate": "served at last",
    "first_success_rate": "served at the first attempt",
    "attempts_per_request": "attempts a request",
    "cached_share": "prompt tokens from a cache",
    "ttft_mean": "first token, mean",
    "ttft_p50": "first token, p50",
    "ttft_p90": "first token, p90",
    "ttft_p99": "first token, p99",
    "total_mean": "last token, mean",
    "total_p50": "last token, p50",
    "total_p90": "last token, p90",
    "total_p99": "last token, p99",
}
"""Figure -> what a table calls it."""


def label_of(name: str) -> str:
    """Return what a table calls a figure."""
    return LABELS.get(name, name.replace("_", " "))


def shown(value: float | None, unit: str, name: str = "") -> str:
    """Return a figure as people read it; ``name`` tells those that are told for 1,000 requests.

    >>> shown(0.00064, "USD"), shown(0.00064, "USD", "cost_per_request"), shown(0.98765, "share"), shown(0.4321, "s"), shown(None, "s")
    ('$0.0006400', '$0.6400', '98.77 %', '0.432 s', '–')
    """
    if value is None:
        return "–"
    if name in PER_THOUSAND:
        value *= 1000
    if unit == "USD":
        # four significant digits, never an exponent
        places = 2 if abs(value) >= 100 or value == 0 else min(3 - floor(log10(abs(value))), 15)
        amount = f"{abs(value):,.{places}f}"
        return f"{'−' if value < 0 else ''}${amount}"
    if unit == "share":
        return f"{value * 100:.2f} %"
    text = f"{value:.3g} s" if unit == "s" else f"{value:.4g}"
    return text.replace("-", "−")


def change_shown(change: Mapping[str, float | None], base: float | None, unit: str, name: str = "") -> str:
    """Return a difference in percent of the baseline and in its unit (points for shares), ± half of its interval. ``~``: the interval holds 0, it may be nothing.

    >>> change_shown({"value": -0.0004, "low": -0.0005, "high": -0.0003}, 0.001, "USD", "cost_per_request")
    '−40 % (−$0.4000 ± $0.1000)'
    >>> change_shown({"value": 0.002, "low": -0.001, "high": 0.005}, 0.98, "share")
    '~+0.20 points (± 0.30)'
    """
    value, low, high = change["value"], change["low"], change["high"]
    if value is None:
        return ""
    if value == 0 and low == high == 0:
        return "the same"
    sign = "~" if unsure(change) else ""
    half = None if low is None or high is None else (high - low) / 2
    if unit == "share":
        between = "" if half is None else f" (± {half * 100:.2f})"
        return f"{sign}{_signed(value * 100, '.2f')} points{between}"
    amount = ("+" if value >= 0 else "") + shown(value, unit, name)
    between = "" if half is None else f" ± {shown(half, unit, name)}"
    if not base:
        return f"{sign}{amount}{between}"
    return f"{sign}{percent_shown(value / base)} ({amount}{between})"


def unsure(change: Mapping[str, float | None]) -> bool:
    """Tell whether a difference's interval holds 0, or is not known."""
    low, high = change["low"], change["high"]
    return low is not None and high is not None and low <= 0 <= high


def percent_shown(share: float) -> str:
    """Return a relative difference: whole percents, tenths below two.

    >>> percent_shown(-0.574), percent_shown(0.0123)
    ('−57 %', '+1.2 %')
    """
    return f"{_signed(share * 100, '.1f' if abs(share) < 0.02 else ',.0f')} %"


def _signed(value: float, form: str) -> str:
    return f"{value:+{form}}".replace("-", "−")
