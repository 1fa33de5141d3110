"""The prices of a row of LiteLLM's price map as price cards: its own, those beyond a prompt's length, and those of other service tiers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from routecore.adapters.prices import price_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from routecore.adapters.oddities import Oddities

__all__ = ["read_cards"]

PRICE_KEYS: Final = {
    "input_cost_per_token": "prompt",
    "output_cost_per_token": "completion",
    "cache_read_input_token_cost": "input_cache_read",
    "input_cost_per_token_cache_hit": "input_cache_read",
    "cache_creation_input_token_cost": "input_cache_write",
    "cache_creation_input_token_cost_above_1hr": "input_cache_write_1h",
    "output_cost_per_reasoning_token": "internal_reasoning",
    "input_cost_per_audio_token": "audio",
    "output_cost_per_audio_token": "audio_output",
    "cache_read_input_audio_token_cost": "input_audio_cache",
    "input_cost_per_image": "image",
    "input_cost_per_image_token": "image_token",
    "cache_read_input_image_token_cost": "input_image_cache",
    "output_cost_per_image": "image_output",
    "output_cost_per_image_token": "image_output_token",
    "input_cost_per_video_token": "video_token",
    "output_cost_per_video_token": "video_output_token",
    "input_cost_per_query": "request",
    "input_cost_per_request": "request",
}
"""The map's names of prices and the price card's."""

TIER_WORDS: Final = {"flex": "flex", "priority": "priority", "batches": "batch"}
"""Endings of a price's name that mean a service tier."""

_OWN_ENDPOINT: Final = ("flex", "priority")
"""Tiers that a request asks for, and that are endpoints of their own; a batch is another way to send requests."""

_NAME: Final = re.compile(r"(?P<name>[a-z_]+?(?:_above_1hr)?)(?:_above_(?P<size>\d+)(?P<kilo>k?)_tokens)?(?:_(?P<tier>flex|priority|batches))?\Z")
_PRICE: Final = re.compile(r"cost|pricing")
_NO_PRICES: Final = frozenset({"search_context_cost_per_query", "tiered_pricing"})
_SEARCH: Final = ("search_context_size_low", "search_context_size_medium", "search_context_size_high")
_FREE_OUTPUT: Final = frozenset({"embedding", "rerank"})


def read_cards(raw: Mapping[str, Any], where: str, odd: Oddities) -> tuple[dict[str, Any] | None, dict[str, dict[str, Any]]]:
    """Return a row's price list, ``None`` if it names no price, and the price lists of the endpoints that its tiers are.

    A price "above 200k tokens" holds for prompts longer than 200,000 tokens, for the whole request. What a tier does not name is the row's own.

    >>> from routecore.adapters.oddities import Oddities
    >>> read_cards({"input_cost_per_token": 2e-06, "input_cost_per_token_above_200k_tokens": 4e-06, "input_cost_per_token_flex": 1e-06}, "m", Oddities())
    ({'prompt': '0.000002', 'overrides': [{'min_prompt_tokens': 200000, 'prompt': '0.000004'}], 'variants': {'flex': {'prompt': '0.000001'}}}, \
{'flex': {'prompt': '0.000001'}})
    """
    # (tier or "", prompt length or 0) -> prices
    found: dict[tuple[str, int], dict[str, str]] = {}
    for field, value in raw.items():
        if value is None or not _PRICE.search(field) or field in _NO_PRICES:
            continue
        match = _NAME.match(field)
        price = None if match is None else PRICE_KEYS.get(match["name"])
        if match is None or price is None:
            odd.note(where, field, value, "no price that a price card has: left out")
            continue
        text = price_text(value, where, field, odd)
        if text is not None and not (text == "0" and price == "completion" and raw.get("mode") in _FREE_OUTPUT):
            size = int(match["size"] or 0) * (1000 if match["kilo"] else 1)
            found.setdefault((TIER_WORDS.get(match["tier"] or "", ""), size), {}).setdefault(price, text)
    _read_ranges(raw.get("tiered_pricing"), where, odd, found)
    search = _read_search(raw.get("search_context_cost_per_query"), where, odd)
    if search is not None:
        found.setdefault(("", 0), {})["web_search"] = search
    if not found:
        odd.note(where, "pricing", None, "no prices: unknown, which is not free")
        return None, {}
    base = _card("", found)
    variants = {tier: _card(tier, found) for tier in TIER_WORDS.values() if any(one == tier for one, _ in found)}
    prices = {**base, **({"variants": variants} if variants else {})}
    tiers: dict[str, dict[str, Any]] = {
        tier: _as_own(base, variants[tier], found, tier) for tier in _OWN_ENDPOINT if tier in variants and "prompt" in variants[tier]
    }
    return prices, tiers


def _card(tier: str, found: Mapping[tuple[str, int], dict[str, str]]) -> dict[str, Any]:
    """Return one tier's prices, and its cards for longer prompts."""
    card: dict[str, Any] = dict(found.get((tier, 0), {}))
    longer = [{"min_prompt_tokens": size, **found[one, size]} for one, size in sorted(found) if one == tier and size]
    if longer:
        card["overrides"] = longer
    return card


def _as_own(base: Mapping[str, Any], variant: Mapping[str, Any], found: Mapping[tuple[str, int], dict[str, str]], tier: str) -> dict[str, Any]:
    """Return the price list of an endpoint that is a tier: its prices, and the row's own for what it does not name.

    A longer prompt's card of the row is kept only where the tier has none of its own at that length, and then without the prices that the tier names.
    """
    named = {key for key in variant if key != "overrides"}
    own = {size for one, size in found if one == tier and size}
    kept = []
    for card in base.get("overrides", ()):
        rest = {key: value for key, value in card.items() if key not in named}
        if card["min_prompt_tokens"] not in own and len(rest) > 1:
            kept.append(rest)
    longer = sorted([*kept, *variant.get("overrides", ())], key=lambda card: card["min_prompt_tokens"])
    made = {**{key: value for key, value in base.items() if key != "overrides"}, **{key: value for key, value in variant.items() if key != "overrides"}}
    return {**made, **({"overrides": longer} if longer else {})}


def _read_ranges(value: object, where: str, odd: Oddities, found: dict[tuple[str, int], dict[str, str]]) -> None:
    """Read prices that are given by ranges of the prompt's length: beyond ``range[0]`` tokens, for the whole request."""
    if value is None:
        return
    if not isinstance(value, list):
        odd.note(where, "tiered_pricing", value, "no list of ranges: left out")
        return
    for index, one in enumerate(value):
        field = f"tiered_pricing[{index}]"
        bounds = one.get("range") if isinstance(one, dict) else None
        low = bounds[0] if isinstance(bounds, list) and bounds else None
        if not isinstance(one, dict) or isinstance(low, bool) or not isinstance(low, (int, float)) or not 0 <= low < 2**63 or low != int(low):
            odd.note(where, field, one, "no prices of a range of tokens: left out")
            continue
        for name, raw in one.items():
            if name == "range":
                continue
            price = PRICE_KEYS.get(name)
            text = None if price is None else price_text(raw, where, f"{field}.{name}", odd)
            if price is None:
                odd.note(where, f"{field}.{name}", raw, "no price that a price card has: left out")
            elif text is not None:
                found.setdefault(("", int(low)), {}).setdefault(price, text)


def _read_search(value: object, where: str, odd: Oddities) -> str | None:
    if value is None:
        return None
    field = "search_context_cost_per_query"
    sizes = [value.get(size) for size in _SEARCH] if isinstance(value, dict) else []
    known = [size for size in sizes if size is not None]
    if not known:
        odd.note(where, field, value, "no price of a search: left out")
        return None
    if any(size != known[0] for size in known):
        odd.note(where, field, value, "other prices for other sizes of a search's context: the medium one is kept")
    return price_text(sizes[1] if sizes[1] is not None else known[0], where, field, odd)
