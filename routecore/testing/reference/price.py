"""What a request is expected to cost at one endpoint: prices per token, long-context cards, the fee, the discount.

Written from the documented price card with exact fractions: slow, and never rounded.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from routecore.testing.reference.clock import instant_of_text, minute_of_day, weekday
from routecore.testing.reference.wire import is_list

if TYPE_CHECKING:
    from collections.abc import Mapping

    from routecore.testing.reference.wire import Reader

__all__ = ["can_cache", "expected_price", "read_pricing"]

PRICES = (
    "prompt", "completion", "request", "input_cache_read", "input_cache_write", "input_cache_write_1h", "internal_reasoning",
    "audio", "audio_output", "input_audio_cache", "image", "image_token", "input_image_cache", "image_output",
    "image_output_token", "video_token", "video_output_token", "web_search", "plugin_web_search", "tool_call",
    "second_in", "second_out", "character_in", "character_out", "page", "input_cache_read_explicit",
)  # fmt: skip
CACHE_MULTIPLIERS = ("cache_read_multiplier", "cache_write_multiplier", "cache_write_1h_multiplier")
CARD_MULTIPLIERS = (*CACHE_MULTIPLIERS, "prompt_multiplier", "completion_multiplier")
CONDITIONS = ("min_prompt_tokens", "inclusive", "utc_start", "utc_end", "weekdays", "from", "until")
TIME_OF_DAY = re.compile("(?:[01][0-9]|2[0-3])[0-5][0-9]", re.ASCII)
TIERS = ("batch", "flex", "priority")


def read_pricing(value: object, path: str, reader: Reader) -> dict[str, Any] | None:
    """Read one endpoint's pricing object; an unknown key is a fault, as a misspelt price would silently be missing."""
    raw = reader.mapping(value, path)
    if raw is None:
        return None
    card = _read_card(raw, path, reader, multipliers=CACHE_MULTIPLIERS, others=("discount", "batch_multiplier", "variants", "overrides", "region_multipliers"))
    for key in ("discount", "batch_multiplier"):
        if raw.get(key) is not None:
            rate = reader.decimal(raw[key], f"{path}.{key}")
            if rate is not None and key == "discount" and rate > 1:
                reader.fault(f"{path}.{key}", raw[key], "a fraction from 0 to 1")
            card[key] = rate
    card["overrides"] = _read_overrides(raw.get("overrides"), f"{path}.overrides", reader)
    if raw.get("variants") is not None:
        variants = reader.mapping(raw["variants"], f"{path}.variants")
        for tier, inner in (variants or {}).items():
            where = f"{path}.variants.{tier}"
            if tier not in TIERS:
                reader.fault(where, inner, "one of batch, flex, priority")
            elif inner is not None and reader.mapping(inner, where) is not None:
                _read_card(inner, where, reader, multipliers=CARD_MULTIPLIERS, others=("overrides",))
                _read_overrides(inner.get("overrides"), f"{where}.overrides", reader)
    return card


def _read_overrides(value: object, path: str, reader: Reader) -> list[dict[str, Any]]:
    cards: list[dict[str, Any]] = []
    if value is None:
        return cards
    for position, raw in enumerate(reader.items(value, path) or []):
        where = f"{path}[{position}]"
        if reader.mapping(raw, where) is None:
            continue
        card = _read_card(raw, where, reader, multipliers=CARD_MULTIPLIERS, others=CONDITIONS)
        card.update(_read_conditions(raw, where, reader))
        cards.append(card)
    return cards


def _read_card(raw: Mapping[Any, Any], path: str, reader: Reader, *, multipliers: tuple[str, ...], others: tuple[str, ...]) -> dict[str, Any]:
    card: dict[str, Any] = {}
    for key, value in raw.items():
        if key in PRICES:
            if value is not None:
                card[key] = reader.price(value, f"{path}.{key}")
        elif key in multipliers:
            if value is not None:
                card[key] = reader.decimal(value, f"{path}.{key}")
        elif key not in others:
            reader.fault(f"{path}.{key}", value, "a known key of a price card")
    return card


def _read_conditions(raw: Mapping[Any, Any], path: str, reader: Reader) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if raw.get("min_prompt_tokens") is not None:
        found["min_prompt_tokens"] = reader.whole(raw["min_prompt_tokens"], f"{path}.min_prompt_tokens")
    if raw.get("inclusive") is not None:
        found["inclusive"] = reader.boolean(raw["inclusive"], f"{path}.inclusive")
    for bound in ("utc_start", "utc_end"):
        value = raw.get(bound)
        if value is not None:
            text = f"{value:04d}" if isinstance(value, int) and not isinstance(value, bool) else value
            if isinstance(text, str) and TIME_OF_DAY.fullmatch(text):
                found[bound] = int(text[:2]) * 60 + int(text[2:])
            else:
                reader.fault(f"{path}.{bound}", value, "a time of day as HHMM")
    found.update(_read_dates(raw, path, reader))
    days = raw.get("weekdays")
    if days is not None:
        if is_list(days) and all(isinstance(day, int) and not isinstance(day, bool) and day in range(1, 8) for day in days):
            found["weekdays"] = tuple(days)
        else:
            reader.fault(f"{path}.weekdays", days, "a list of ISO weekdays 1 to 7")
    return found


def _read_dates(raw: Mapping[Any, Any], path: str, reader: Reader) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for bound in ("from", "until"):
        value = raw.get(bound)
        if value is not None:
            instant = instant_of_text(value) if isinstance(value, str) else None
            if instant is None:
                reader.fault(f"{path}.{bound}", value, "an RFC 3339 instant or a date")
            found[bound] = instant
    if found.get("from") is not None and found.get("until") is not None and found["from"] >= found["until"]:
        reader.fault(f"{path}.until", raw["until"], "a moment after from")
    return found


def expected_price(pricing: dict[str, Any] | None, read: int, written: int, cached_tokens: int, now: Fraction | None) -> Fraction | None:
    """Price one request of so many tokens in USD, exactly; ``None`` where the prompt or the completion price is unknown.

    ``cached_tokens`` (at most the prompt) pay the cache-read price; the long-context card compares everything read, cached
    or not, and re-prices the whole request. ``now``: seconds since the epoch; without it a timed card does not hold.
    """
    if pricing is None:
        return None
    cached = min(cached_tokens, read)
    cards = [card for card in pricing["overrides"] if _holds(card, read, now)]
    prompt = _text_price(pricing, cards, "prompt")
    completion = _text_price(pricing, cards, "completion")
    if prompt is None or completion is None:
        return None
    cache_read = _cache_read_price(pricing, cards, prompt)
    fee = pricing.get("request") or Fraction(0)
    for card in cards:
        fee = card.get("request", fee)
    total = prompt * (read - cached) + cache_read * cached + completion * written + fee
    return total * (1 - (pricing.get("discount") or Fraction(0)))


def _holds(card: dict[str, Any], read: int, now: Fraction | None) -> bool:
    """Say whether all conditions of a card hold."""
    least = card.get("min_prompt_tokens")
    if least is not None and not (read >= least if card.get("inclusive") else read > least):
        return False
    if not any(condition in card for condition in ("utc_start", "utc_end", "weekdays", "from", "until")):
        return True
    if now is None:
        return False
    start, end = card.get("utc_start"), card.get("utc_end")
    if not _in_window(minute_of_day(now), 0 if start is None else start, 0 if end is None else end):
        return False
    if "weekdays" in card and weekday(now) not in card["weekdays"]:
        return False
    return ("from" not in card or now >= card["from"]) and ("until" not in card or now < card["until"])


def _in_window(minute: int, start: int, end: int) -> bool:
    """Say whether a minute lies in a half-open window of the day, which may wrap midnight; equal bounds are the whole day.

    >>> [_in_window(minute, 1410, 30) for minute in (1409, 1410, 0, 29, 30)]
    [False, True, True, True, False]
    """
    if start == end:
        return True
    return start <= minute < end if start < end else minute >= start or minute < end


def _text_price(pricing: dict[str, Any], cards: list[dict[str, Any]], side: str) -> Fraction | None:
    """Price of one fresh token of a side: the later card wins; in one card a price beats a multiplier of the base price."""
    base: Fraction | None = pricing.get(side)
    price = base
    for card in cards:
        if side in card:
            price = card[side]
        elif f"{side}_multiplier" in card:
            price = None if base is None else base * card[f"{side}_multiplier"]
    return price


def _cache_read_price(pricing: dict[str, Any], cards: list[dict[str, Any]], active_prompt: Fraction) -> Fraction:
    """Price of one cached token: by name, or a multiple of the active prompt price, or the active prompt price itself."""
    base_price: Fraction | None = pricing.get("input_cache_read")
    base_share: Fraction | None = None if base_price is not None else pricing.get("cache_read_multiplier")
    price, share, share_of_a_card = base_price, base_share, False
    for card in cards:
        if "input_cache_read" in card:
            price, share, share_of_a_card = card["input_cache_read"], None, False
        elif "cache_read_multiplier" in card:
            price, share, share_of_a_card = None, card["cache_read_multiplier"], True
        elif "prompt_multiplier" in card and not share_of_a_card:
            price = None if base_price is None else base_price * card["prompt_multiplier"]
            share = base_share
    if price is not None:
        return price
    return active_prompt if share is None else active_prompt * share


def can_cache(pricing: dict[str, Any] | None, *, implicit_caching: bool) -> bool:
    """Say whether an endpoint can cache: implicitly, or for a cache-read price below its prompt price."""
    if implicit_caching:
        return True
    if pricing is None or pricing.get("prompt") is None:
        return False
    prompt: Fraction = pricing["prompt"]
    return _cache_read_price(pricing, [], prompt) < prompt
