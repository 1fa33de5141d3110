"""What every kind of token and call costs once it is known which cards hold: a stack of cards flattened to one row of whole numbers.

The later card wins, key by key. A card speaks of a class of tokens by its price, by the multiplier that stands in its place, or by its side's multiplier
(``prompt_multiplier``, ``completion_multiplier``); inside one card the price wins over the multiplier. Side multipliers multiply the standing price, never
each other. Cache multipliers multiply the *active* prompt price, so they move with the long-context tier. What has no price of its own falls back:
to the cache-read price, to the 5-minute write price, to the text price of its side. A missing price is ``None``, never 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from routecore.pricing.classes import CLASSES, PRICES
from routecore.pricing.money import PLACES
from routecore.pricing.rate import Rate, times

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from routecore.pricing.card import PriceCard
    from routecore.pricing.classes import PriceClass

__all__ = ["Rates", "resolve"]

_Value = tuple[Rate | None, str]
"""A rate, and the path of the key that it came from."""

_MISSING: Final[_Value] = (None, "")


class Rates:
    """The price of every class for one tier, one set of holding cards and one region, as whole numbers of 10^-``places`` USD.

    ``places`` is 15 (femtodollars) unless a multiplier made some price finer. ``None`` is unknown. ``cards`` names the cards that apply, as paths of the
    pricing object; ``sources`` the key that each price came from.
    """

    __slots__ = (*PRICES, "cards", "places", "simple", "sources")

    prompt: int | None
    input_cache_read: int | None
    input_cache_read_explicit: int | None
    input_cache_write: int | None
    input_cache_write_1h: int | None
    audio: int | None
    image_token: int | None
    video_token: int | None
    input_audio_cache: int | None
    input_image_cache: int | None
    completion: int | None
    internal_reasoning: int | None
    audio_output: int | None
    image_output_token: int | None
    video_output_token: int | None
    request: int | None
    image: int | None
    image_output: int | None
    web_search: int | None
    plugin_web_search: int | None
    tool_call: int | None

    def __init__(self, values: Mapping[str, _Value], cards: tuple[str, ...]) -> None:
        finest = max((rate[1] for rate, _ in values.values() if rate is not None), default=0)
        for name in PRICES:
            rate = values.get(name, _MISSING)[0]
            setattr(self, name, None if rate is None else rate[0] * 10 ** (finest - rate[1]))
        self.places: int = PLACES + finest
        self.cards = cards
        self.sources: dict[str, str] = {name: source for name, (rate, source) in values.items() if rate is not None}
        # the usual text-only sum needs six prices; None where one of them is unknown and the careful way must be gone
        six = (self.prompt, self.input_cache_read, self.input_cache_write, self.input_cache_write_1h, self.completion)
        self.simple: tuple[int, int, int, int, int, int | None, int] | None = (
            None if None in six else (*six, self.internal_reasoning, self.request or 0)  # type: ignore[assignment]
        )


def resolve(
    prices: Mapping[str, int],
    multipliers: Mapping[str, Rate],
    stack: Sequence[tuple[str, PriceCard]],
    cards: tuple[str, ...],
    factors: Sequence[Rate] = (),
) -> Rates:
    """Flatten standing ``prices`` and ``multipliers`` under a ``stack`` of cards (path, card; the later wins) to one row of rates.

    ``factors`` multiply every class of tokens at the end (batch shorthand, region) and nothing else. ``cards`` are the paths that the row shows as applied.
    """
    values: dict[str, _Value] = {}
    for one in CLASSES:
        values[one.price] = _value(one, values, prices, multipliers, stack)
    if factors:
        for one in CLASSES:
            rate, source = values[one.price]
            if rate is not None and one.side_multiplier is not None:
                for factor in factors:
                    rate = times(rate, factor)
                values[one.price] = (rate, source)
    return Rates(values, cards)


def _value(
    one: PriceClass, values: Mapping[str, _Value], prices: Mapping[str, int], multipliers: Mapping[str, Rate], stack: Sequence[tuple[str, PriceCard]]
) -> _Value:
    """Return the active price of one class: what the last card that speaks of it says."""
    name, own, side = one.price, one.multiplier, one.side_multiplier
    standing = prices.get(name)
    joined = _is_joined(one, prices)
    price: _Value | None = None
    share: _Value | None = None
    factor: tuple[Rate, str] | None = None
    for path, card in stack:
        if name in card.prices:
            price, share, factor = ((card.prices[name], 0), f"{path}.{name}"), None, None
            joined = _is_joined(one, card.prices)
        elif own is not None and own in card.multipliers:
            price, share, factor = None, (card.multipliers[own], f"{path}.{own}"), None
        elif side is not None and side in card.multipliers:
            # an earlier card's share stays: it is a share of the active prompt price, which this multiplier moves
            price, factor = None, (card.multipliers[side], f"{path}.{side}")
    if joined and one.joins is not None:
        return values[one.joins]
    if price is not None:
        return price
    if share is None and standing is not None:
        base: Rate = (standing, 0)
        return (base, name) if factor is None else (times(base, factor[0]), factor[1])
    if share is None and own is not None and own in multipliers:
        share = (multipliers[own], own)
    if share is not None:
        active = values["prompt"][0]
        return _MISSING if active is None or share[0] is None else (times(active, share[0]), share[1])
    return _MISSING if one.fallback is None else values[one.fallback]


def _is_joined(one: PriceClass, prices: Mapping[str, int]) -> bool:
    """Tell whether a card prices a class like the one that it joins: that is no price of its own, and moves with the other's."""
    return one.joins is not None and one.price in prices and prices[one.price] == prices.get(one.joins)
