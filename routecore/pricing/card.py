"""One conditional price card: which prices and multipliers it names, and when it holds.

A card holds when all its conditions do; a card without conditions always holds. What it does not name is none of its business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from routecore.errors import Fault
from routecore.pricing.classes import CLASSES, PRICES
from routecore.pricing.instants import MOMENT_EXPECTED, moment_text, read_moment
from routecore.pricing.money import PLACES, PRICE_EXPECTED, RATE_EXPECTED, plain, read_price, read_rate, round_noise
from routecore.reading.checks import BOOL_EXPECTED, LIST_EXPECTED, OBJECT_EXPECTED, WHOLE_EXPECTED, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from routecore.pricing.rate import Rate

__all__ = ["CACHE_MULTIPLIERS", "CARD_MULTIPLIERS", "CONDITIONS", "DEFAULT_TIER", "TIERS", "PriceCard", "read_card", "unknown_key"]

DEFAULT_TIER: Final = "default"
TIERS: Final = ("batch", "flex", "priority")
"""Served tiers that may have a card of their own; any other tier is the default one."""

CACHE_MULTIPLIERS: Final = tuple(one.multiplier for one in CLASSES if one.multiplier is not None)
"""What may stand in place of a cache price: a multiple of the active prompt price."""

CARD_MULTIPLIERS: Final = (*CACHE_MULTIPLIERS, "prompt_multiplier", "completion_multiplier")
"""What a conditional card or a variant may name besides prices."""

CONDITIONS: Final = ("min_prompt_tokens", "inclusive", "utc_start", "utc_end", "weekdays", "from", "until")

_PRICE_SET: Final = frozenset(PRICES)
_MULTIPLIER_SET: Final = frozenset(CARD_MULTIPLIERS)
_CONDITION_SET: Final = frozenset(CONDITIONS)
_DAY: Final = 24 * 60
_TIME_EXPECTED: Final = "a UTC time of day as HHMM, 0000 to 2359"
_WEEKDAYS_EXPECTED: Final = "a list of ISO weekdays, 1 (Monday) to 7"


class PriceCard:
    """Prices and multipliers that hold under conditions.

    ``prices`` are femtodollars by name, ``multipliers`` exact rates by name. ``least`` is the smallest prompt (everything read, in tokens) that the card
    holds for: ``min_prompt_tokens`` itself where it is inclusive, one more where it is not, 0 without one.
    ``start`` and ``end`` are minutes of the UTC day, half-open, ``None`` where the card has no window; ``weekdays`` are ISO numbers, ``None`` for all.
    ``since`` and ``until`` are microseconds since the epoch, half-open, ``None`` where the card has no such bound.
    """

    __slots__ = ("end", "inclusive", "least", "min_prompt_tokens", "multipliers", "prices", "since", "start", "timed", "until", "weekdays")

    def __init__(
        self,
        prices: dict[str, int],
        multipliers: dict[str, Rate],
        min_prompt_tokens: int | None = None,
        inclusive: bool = False,  # noqa: FBT001, FBT002 - read from the wire by name
        start: int | None = None,
        end: int | None = None,
        weekdays: frozenset[int] | None = None,
        since: int | None = None,
        until: int | None = None,
    ) -> None:
        self.prices = prices
        self.multipliers = multipliers
        self.min_prompt_tokens = min_prompt_tokens
        self.inclusive = inclusive
        self.least = 0 if min_prompt_tokens is None else min_prompt_tokens if inclusive else min_prompt_tokens + 1
        self.start = start
        self.end = end
        self.weekdays = weekdays
        self.since = since
        self.until = until
        self.timed = any(bound is not None for bound in (start, end, weekdays, since, until))

    def holds_at(self, minute: int, weekday: int, microseconds: int = 0) -> bool:
        """Tell whether the window, the weekdays and the dates hold at ``minute`` of the UTC day on ISO ``weekday`` (of the instant itself, also past midnight).

        One bound alone runs to the end, or from the start, of the day; equal bounds are the whole day; a start after its end wraps midnight.
        ``microseconds`` since the epoch tell the date.

        >>> night = PriceCard({}, {}, start=16 * 60 + 30, end=30)
        >>> night.holds_at(16 * 60 + 29, 1), night.holds_at(16 * 60 + 30, 1), night.holds_at(29, 2), night.holds_at(30, 2)
        (False, True, True, False)
        """
        if (self.since is not None and microseconds < self.since) or (self.until is not None and microseconds >= self.until):
            return False
        if self.weekdays is not None and weekday not in self.weekdays:
            return False
        if self.start is None and self.end is None:
            return True
        start = self.start or 0
        # an end that is not after the start wraps: midnight is the end of the day, and equal bounds are all of it
        end = _DAY if self.end is None else self.end
        return start <= minute < end if start < end else minute >= start or minute < end

    def key(self) -> tuple[object, ...]:
        """Return the card's value, hashable, for comparison."""
        window = (self.min_prompt_tokens, self.inclusive, self.start, self.end, self.weekdays, self.since, self.until)
        return (frozenset(self.prices.items()), frozenset(self.multipliers.items()), window)

    def to_mapping(self) -> dict[str, Any]:
        """Return the card as the wire's object."""
        mapping: dict[str, Any] = {}
        if self.min_prompt_tokens is not None:
            mapping["min_prompt_tokens"] = self.min_prompt_tokens
        if self.inclusive:
            mapping["inclusive"] = True
        for name, bound in (("utc_start", self.start), ("utc_end", self.end)):
            if bound is not None:
                mapping[name] = f"{bound // 60:02d}{bound % 60:02d}"
        if self.weekdays is not None:
            mapping["weekdays"] = sorted(self.weekdays)
        for name, moment in (("from", self.since), ("until", self.until)):
            if moment is not None:
                mapping[name] = moment_text(moment)
        mapping.update(named(self.prices, self.multipliers))
        return mapping


def named(prices: Mapping[str, int], multipliers: Mapping[str, Rate]) -> dict[str, Any]:
    """Return prices and multipliers as the wire's plain decimal text, in the wire's order."""
    mapping = {name: plain(prices[name], PLACES) for name in PRICES if name in prices}
    mapping.update({name: plain(*multipliers[name]) for name in CARD_MULTIPLIERS if name in multipliers})
    return mapping


def unknown_key(path: str, key: object, value: object, known: str) -> Fault:
    """Return the fault of a key that no price card has. It is no small thing: a misspelt condition would make its card unconditional."""
    name = key if isinstance(key, str) else f"<{type(key).__name__}>"
    return Fault(f"{path}.{name[:100]}", value, f"a key of a price card ({known})")


def read_card(  # noqa: PLR0912 - one branch a kind of key
    raw: Mapping[Any, Any], path: str, faults: list[Fault], *, conditional: bool, rounded: list[tuple[str, object, str]] | None = None
) -> PriceCard | None:
    """Read a card of ``overrides`` (``conditional``) or of ``variants`` (its own ``overrides`` are left to the caller); ``None`` after noting its faults.

    With a list ``rounded``, float noise in a price is rounded away and noted there (path, value, price used).
    """
    before = len(faults)
    prices: dict[str, int] = {}
    multipliers: dict[str, Rate] = {}
    conditions: dict[str, Any] = {}
    for key, value in raw.items():
        if key in _PRICE_SET:
            if value is not None:
                price = read_price(value)
                if price is None and rounded is not None:
                    price = round_noise(value)
                    if price is not None:
                        rounded.append((f"{path}.{key}", value, plain(price, PLACES)))
                if price is None:
                    faults.append(Fault(f"{path}.{key}", value, PRICE_EXPECTED))
                else:
                    prices[key] = price
        elif key in _MULTIPLIER_SET:
            if value is not None:
                rate = read_rate(value)
                if rate is None:
                    faults.append(Fault(f"{path}.{key}", value, RATE_EXPECTED))
                else:
                    multipliers[key] = rate
        elif conditional and key in _CONDITION_SET:
            if value is not None:
                conditions[key] = _condition(key, value, f"{path}.{key}", faults)
        elif conditional or key != "overrides":
            faults.append(unknown_key(path, key, value, "prices, multipliers, conditions" if conditional else "prices, multipliers, overrides"))
    get = conditions.get
    since, until = get("from"), get("until")
    if since is not None and until is not None and since >= until:
        faults.append(Fault(f"{path}.until", raw["until"], "a moment after 'from'"))
    if len(faults) != before:
        return None
    window = (get("utc_start"), get("utc_end"), get("weekdays"), since, until)
    return PriceCard(prices, multipliers, get("min_prompt_tokens"), get("inclusive", False), *window)


def _condition(key: str, value: object, path: str, faults: list[Fault]) -> object:
    """Return one condition as ``PriceCard`` holds it, or ``None`` after noting a fault."""
    if key == "inclusive":
        if isinstance(value, bool):
            return value
        faults.append(Fault(path, value, BOOL_EXPECTED))
        return None
    if key == "weekdays":
        if not isinstance(value, (list, tuple)):
            faults.append(Fault(path, value, LIST_EXPECTED if isinstance(value, str) else _WEEKDAYS_EXPECTED))
            return None
        days = [whole(day) for day in value]
        if any(day is None or not 1 <= day <= 7 for day in days):
            faults.append(Fault(path, value, _WEEKDAYS_EXPECTED))
            return None
        return frozenset(days)
    if key in {"from", "until"}:
        moment = read_moment(value)
        if moment is None:
            faults.append(Fault(path, value, MOMENT_EXPECTED))
        return moment
    found = _minutes(value) if key in {"utc_start", "utc_end"} else whole(value)
    if found is None:
        faults.append(Fault(path, value, WHOLE_EXPECTED if key == "min_prompt_tokens" else _TIME_EXPECTED))
    return found


def _minutes(value: object) -> int | None:
    """Return a time of day as minutes: an int such as 30 (00:30) or 1630, or text of four ASCII digits.

    >>> _minutes(30), _minutes("0030"), _minutes(1630), _minutes(2400), _minutes(1260), _minutes("24:00")
    (30, 30, 990, None, None, None)
    """
    if isinstance(value, str):
        if len(value) != 4 or not (value.isascii() and value.isdigit()):
            return None
        number: int | None = int(value)
    else:
        number = whole(value)
    if number is None:
        return None
    hours, minutes = divmod(number, 100)
    return hours * 60 + minutes if hours < 24 and minutes < 60 else None


def check_object(value: object, path: str, faults: list[Fault]) -> bool:
    """Tell whether ``value`` is an object, noting the fault where it is not."""
    if isinstance(value, dict):
        return True
    faults.append(Fault(path, value, OBJECT_EXPECTED))
    return False
