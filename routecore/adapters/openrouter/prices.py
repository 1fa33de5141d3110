"""OpenRouter's ``pricing`` objects as price cards: what is a price stays one, what is none is named and left out."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from routecore.pricing.card import CONDITIONS, read_card
from routecore.pricing.classes import PRICES
from routecore.pricing.money import PLACES, plain, read_price, read_rate, round_price
from routecore.reading.checks import below, lower

if TYPE_CHECKING:
    from routecore.adapters.oddities import Oddities
    from routecore.errors import Fault

__all__ = ["NO_SEPARATE_CHARGE", "read_pricing"]

PRICE_KEYS: Final = frozenset(PRICES)
"""The feed's names of prices are the price card's. Any other key is named and left out."""

NO_SEPARATE_CHARGE: Final = frozenset({"internal_reasoning", "input_cache_write"})
"""Where this feed writes "0" for "not charged separately", which is not "free": the price is left out, and the token's ordinary price counts."""

_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def read_pricing(raw: object, path: str, odd: Oddities, *, take_discount: bool) -> dict[str, Any] | None:
    """Return a row's ``pricing`` in the catalog's form, ``None`` where the feed has no prices at all (unknown, which is not free).

    ``take_discount``: take the feed's ``discount`` off the listed price; without it the listed price is what is paid (``docs/decisions/401-discount.md``).

    >>> from routecore.adapters.oddities import Oddities
    >>> odd = Oddities()
    >>> read_pricing({"prompt": "0.00000008333333333333334", "completion": "-1", "internal_reasoning": "0"}, "row", odd, take_discount=False)
    {'prompt': '0.000000083333333'}
    >>> [one.field for one in odd.noted]
    ['pricing.prompt', 'pricing.completion', 'pricing.internal_reasoning']
    """
    if not isinstance(raw, dict):
        odd.note(path, "pricing", raw, "no prices: unknown, which is not free")
        return None
    prices: dict[str, Any] = {}
    for key, value in raw.items():
        field = below("pricing", key)
        if value is None:
            continue
        if key == "discount":
            _read_discount(value, path, odd, prices, take=take_discount)
        elif key == "overrides":
            cards = _read_overrides(value, path, odd)
            if cards:
                prices["overrides"] = cards
        elif key not in PRICE_KEYS:
            odd.note(path, field, value, "no price that a price card has: left out")
        else:
            price = _read_price(key, value, path, field, odd)
            if price is not None:
                prices[key] = price
                _note_doubtful(key, value, price, raw, path, odd)
    for key in ("prompt", "completion"):
        if raw.get(key) is None:
            odd.note(path, f"pricing.{key}", None, "missing: unknown, which is not free")
    return prices


def _read_price(key: str, value: object, path: str, field: str, odd: Oddities) -> str | None:
    price = read_price(value)
    if price is None:
        if _is_negative(value):
            odd.note(path, field, value, "negative: unknown, which is not free")
            return None
        price = round_price(value)
        if not price:
            odd.note(path, field, value, "no price: unknown, which is not free")
            return None
        odd.note(path, field, value, f"finer than a femtodollar: rounded to {PLACES} places")
    if price == 0:
        if key in NO_SEPARATE_CHARGE:
            odd.note(path, field, value, 'the feed\'s "0" for "no separate charge": left out')
            return None
        odd.note(path, field, value, "free: kept as 0")
    return plain(price, PLACES)


def _is_negative(value: object) -> bool:
    """Tell whether ``value`` is a price below zero, as text or as a number."""
    if isinstance(value, str):
        return value.startswith("-") and (read_rate(value[1:]) is not None or round_price(value[1:]) is not None)
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return False
    # a NaN Decimal raises when it is compared
    return not (isinstance(value, Decimal) and value.is_nan()) and value < 0


def _note_doubtful(key: str, value: object, price: str, raw: dict[Any, Any], path: str, odd: Oddities) -> None:
    """Note prices whose unit the feed leaves in doubt: documented as per image, of the size of a price per token."""
    if key == "image" and price != "0" and value == raw.get("prompt"):
        odd.note(path, "pricing.image", value, "equal to the prompt price, so perhaps per token and not per image: kept per image, as the feed documents it")
    elif key == "image_output" and price != "0" and Decimal(price) < Decimal("0.001"):
        odd.note(path, "pricing.image_output", value, "below $0.001, so perhaps per token and not per image: kept per image, as the feed documents it")


def _read_discount(value: object, path: str, odd: Oddities, prices: dict[str, Any], *, take: bool) -> None:
    share = read_rate(value)
    if share is None or share[0] > 10 ** share[1]:
        odd.note(path, "pricing.discount", value, "no fraction from 0 to 1: left out")
    elif share[0] == 0:
        return
    elif take:
        odd.note(path, "pricing.discount", value, "taken off the listed price, as asked")
        prices["discount"] = plain(*share)
    else:
        odd.note(path, "pricing.discount", value, "the listed price is what is paid, and holds it already: left out")


def _read_overrides(value: object, path: str, odd: Oddities) -> list[dict[str, Any]]:
    """Return the conditional cards that can be read; one that cannot is left out whole, as half a card would hold when it should not."""
    if not isinstance(value, list):
        odd.note(path, "pricing.overrides", value, "no list of price cards: left out")
        return []
    cards = []
    for index, raw in enumerate(value):
        field = f"pricing.overrides[{index}]"
        card = _read_override(raw, path, field, odd)
        if card is not None:
            cards.append(card)
    return cards


def _read_override(raw: object, path: str, field: str, odd: Oddities) -> dict[str, Any] | None:
    if not isinstance(raw, dict):
        odd.note(path, field, raw, "no price card: left out")
        return None
    card: dict[str, Any] = {}
    for key, value in raw.items():
        if value is None:
            continue
        if key == "utc_days":
            days = _read_days(value)
            if days is None:
                odd.note(path, below(field, key), value, "days that are not known: the whole card is left out")
                return None
            card["weekdays"] = days
        elif key in CONDITIONS:
            card[key] = value
        elif key in PRICE_KEYS:
            price = _read_price(key, value, path, below(field, key), odd)
            # a price that the card cannot give is the base's again, and that may be the lower one
            if price is None and not (key in NO_SEPARATE_CHARGE and read_price(value) == 0):
                odd.note(path, field, raw, "a card with a price that cannot be read: left out whole")
                return None
            if price is not None:
                card[key] = price
        else:
            odd.note(path, below(field, key), value, "no condition or price that a price card has: the whole card is left out")
            return None
    faults: list[Fault] = []
    if read_card(card, field, faults, conditional=True) is None:
        odd.note(path, field, raw, f"{'; '.join(str(fault) for fault in faults)}: left out")
        return None
    return card


def _read_days(value: object) -> list[int] | None:
    if not isinstance(value, list) or not value:
        return None
    names = [lower(day) if isinstance(day, str) else None for day in value]
    return [_WEEKDAYS.index(name) + 1 for name in names if name in _WEEKDAYS] if all(name in _WEEKDAYS for name in names) else None
