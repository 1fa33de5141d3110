"""What every kind of token and call costs once it is known which cards hold: a stack of cards flattened to one row of whole numbers.

The later card wins, key by key. A card speaks of a class of tokens by its price, by the multiplier that stands in its place, or by its side's multiplier
(``prompt_multiplier``, ``completion_multiplier``); inside one card the price wins over the multiplier. Side multipliers multiply the standing price, never
each other. Cache multipliers multiply the *active* prompt price, so they move with the long-context tier. What has no price of its own falls back:
to the cache-read price, to the 5-minute write price, to the text price of its side. A missing price is ``None``, never 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from routecore.pricing.money import PLACES, Rate, reduced

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from routecore.pricing.card import PriceCard

__all__ = ["UNIT_PRICES", "Rates", "resolve"]

_Value = tuple[Rate | None, str]
"""A rate, and the path of the key that it came from."""

_MISSING: Final[_Value] = (None, "")

# class of tokens: (price, multiplier in its place, side multiplier, what it falls back to), in an order in which the fallback comes first
_CLASSES: Final = (
    ("prompt", None, "prompt_multiplier", None),
    ("input_cache_read", "cache_read_multiplier", "prompt_multiplier", "prompt"),
    ("input_cache_write", "cache_write_multiplier", "prompt_multiplier", "prompt"),
    ("input_cache_write_1h", "cache_write_1h_multiplier", "prompt_multiplier", "input_cache_write"),
    ("audio", None, "prompt_multiplier", "prompt"),
    ("image_token", None, "prompt_multiplier", "prompt"),
    ("video_token", None, "prompt_multiplier", "prompt"),
    ("input_audio_cache", None, "prompt_multiplier", "input_cache_read"),
    ("input_image_cache", None, "prompt_multiplier", "input_cache_read"),
    ("completion", None, "completion_multiplier", None),
    # reasoning without a price of its own is completion, and is shown there: no fallback here
    ("internal_reasoning", None, "completion_multiplier", None),
    ("audio_output", None, "completion_multiplier", "completion"),
    ("image_output_token", None, "completion_multiplier", "completion"),
    ("video_output_token", None, "completion_multiplier", "completion"),
)

UNIT_PRICES: Final = ("request", "image", "image_output", "web_search", "plugin_web_search", "tool_call")
"""Prices of things that are counted, not measured in tokens: no multiplier touches them."""

_SLOTS: Final = tuple(name for name, *_ in _CLASSES) + UNIT_PRICES


class Rates:
    """The price of every class for one tier, one set of holding cards and one region, as whole numbers of 10^-``places`` USD.

    ``places`` is 15 (femtodollars) unless a multiplier made some price finer. ``None`` is unknown. ``cards`` names the cards that apply, as paths of the
    pricing object; ``sources`` the key that each price came from.
    """

    __slots__ = (*_SLOTS, "cards", "packed", "places", "simple", "sources")

    prompt: int | None
    input_cache_read: int | None
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
        for name in _SLOTS:
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
        self.packed: tuple[int | None, ...] = tuple(getattr(self, name) for name in _SLOTS)

    def names(self) -> tuple[str, ...]:
        """Return the names of ``packed``, in its order."""
        return _SLOTS


def resolve(
    prices: Mapping[str, int],
    multipliers: Mapping[str, Rate],
    stack: Sequence[tuple[str, PriceCard]],
    cards: tuple[str, ...],
    factors: Sequence[Rate] = (),
    standing: str = "",
) -> Rates:
    """Flatten standing ``prices`` and ``multipliers`` under a ``stack`` of cards (path, card; the later wins) to one row of rates.

    ``factors`` multiply every class of tokens at the end (batch shorthand, region) and nothing else. ``standing`` is the path of the standing card.
    """
    values: dict[str, _Value] = {}
    for name, own, side, fallback in _CLASSES:
        values[name] = _class_value(name, own, side, None if fallback is None else values[fallback], values, prices, multipliers, stack, standing)
    for factor in factors:
        for name, (rate, source) in values.items():
            if rate is not None:
                values[name] = (reduced(rate[0] * factor[0], rate[1] + factor[1]), source)
    for name in UNIT_PRICES:
        value: _Value = ((prices[name], 0), f"{standing}{name}") if name in prices else _MISSING
        for path, card in stack:
            if name in card.prices:
                value = ((card.prices[name], 0), f"{path}.{name}")
        values[name] = value
    return Rates(values, cards)


def _class_value(
    name: str,
    own: str | None,
    side: str,
    fallback: _Value | None,
    values: Mapping[str, _Value],
    prices: Mapping[str, int],
    multipliers: Mapping[str, Rate],
    stack: Sequence[tuple[str, PriceCard]],
    standing: str,
) -> _Value:
    """Return the active price of one class: what the last card that speaks of it says."""
    price: _Value | None = None
    share: _Value | None = None
    factor: _Value | None = None
    for path, card in stack:
        if name in card.prices:
            price, share, factor = ((card.prices[name], 0), f"{path}.{name}"), None, None
        elif own is not None and own in card.multipliers:
            price, share, factor = None, (card.multipliers[own], f"{path}.{own}"), None
        elif side in card.multipliers:
            # an earlier card's share stays: it is a share of the active prompt price, which this multiplier moves
            price, factor = None, (card.multipliers[side], f"{path}.{side}")
    if price is not None:
        return price
    if share is None and name in prices:
        base: Rate = (prices[name], 0)
        return (base, f"{standing}{name}") if factor is None else (_product(base, factor[0]), factor[1])
    if share is None and own is not None and own in multipliers:
        share = (multipliers[own], f"{standing}{own}")
    if share is not None:
        active = values["prompt"][0]
        return _MISSING if active is None or share[0] is None else (_product(active, share[0]), share[1])
    return _MISSING if fallback is None else fallback


def _product(left: Rate, right: Rate | None) -> Rate:
    assert right is not None
    return reduced(left[0] * right[0], left[1] + right[1])
