"""The items of a bill: every class of what was used, at its rate, in the item that it belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from routecore.errors import UnpricedUsage
from routecore.pricing.classes import CLASSES, MEASURES, TOKEN

if TYPE_CHECKING:
    from routecore.pricing.classes import PriceClass
    from routecore.pricing.rates import Rates
    from routecore.usage.counts import Usage

__all__ = ["ITEMS", "billed", "every_item", "line_counts"]

ITEMS: Final = (
    "prompt_cost",
    "completion_cost",
    "prompt_cache_read_cost",
    "prompt_cache_write_5_min",
    "prompt_cache_write_1_h",
    "reasoning_cost",
    "image_cost",
    "audio_cost",
    "video_cost",
    "native_web_search_cost",
    "plugin_web_search_cost",
    "tools_cost",
    "request_cost",
)
"""The items that add up to ``list_cost``, in the order of ``CostBreakdown.items``."""

_LINES: Final = tuple(sorted(CLASSES, key=lambda one: ITEMS.index(one.item)))
"""The classes in the order of the items; those of one item in the table's."""


def billed(one: PriceClass, usage: Usage) -> int:
    """Return how many of a class are billed: none where another field counts the same thing better, as tokens count images."""
    if any(getattr(usage, field) for field in one.unless):
        return 0
    count: int = getattr(usage, one.field) if one.field else 1
    return count


def line_counts(usage: Usage, rates: Rates) -> list[tuple[PriceClass, int]]:
    """Return (class, count) of everything that is billed, in the order of the items; what has no price of its own and joins another class is counted there."""
    counts = {one.price: billed(one, usage) for one in _LINES}
    for one in _LINES:
        if one.joins is not None and getattr(rates, one.price) is None:
            counts[one.joins] += counts.pop(one.price)
    return [(one, count) for one in _LINES if (count := counts.get(one.price))]


def every_item(usage: Usage, rates: Rates) -> tuple[int, ...]:
    """Return the items of any usage.

    Raises ``UnpricedUsage`` for tokens without a price, and for seconds, characters and pages without one where there are no tokens beside them. Calls without a
    price are 0 (and an anomaly), and so are seconds, characters and pages beside tokens.
    """
    sums = dict.fromkeys(ITEMS, 0)
    missing = {"prompt": 0, "completion": 0}
    unmeasured: PriceClass | None = None
    for one, count in line_counts(usage, rates):
        rate = getattr(rates, one.price)
        if rate is not None:
            sums[one.item] += count * rate
        elif one.unit == TOKEN:
            missing[one.side] += count
        elif one.unit in MEASURES:
            unmeasured = one
    for side, tokens in missing.items():
        if tokens:
            raise UnpricedUsage(f"pricing.{side}", tokens)
    # beside tokens a duration may be for information; alone it is all that the response is billed by
    if unmeasured is not None and not (usage.prompt_tokens or usage.completion_tokens):
        raise UnpricedUsage(f"pricing.{unmeasured.price}", billed(unmeasured, usage), unmeasured.unit)
    return tuple(sums.values())
