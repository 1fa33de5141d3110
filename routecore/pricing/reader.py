"""Reading price lists: the wire's ``pricing`` object taken apart and checked, with every fault named by its path."""

from __future__ import annotations

from typing import Final

from routecore.errors import Fault
from routecore.pricing.card import CACHE_MULTIPLIERS, TIERS, PriceCard, check_object, read_card, unknown_key
from routecore.pricing.classes import PRICES
from routecore.pricing.money import PLACES, PRICE_EXPECTED, RATE_EXPECTED, plain, read_price, read_rate, round_noise
from routecore.pricing.rate import Rate
from routecore.reading.checks import below, lower

__all__ = ["Parts", "PriceReader", "Variant"]

Variant = tuple[PriceCard, tuple[PriceCard, ...] | None]
"""The card of a served tier, and its own conditional cards where it has any."""

Parts = tuple[dict[str, int], dict[str, Rate], Rate | None, Rate | None, tuple[PriceCard, ...], dict[str, Variant], dict[str, Rate]]
"""Standing prices, cache multipliers, discount, batch multiplier, conditional cards, cards of served tiers, multipliers of regions."""

_PRICE_SET: Final = frozenset(PRICES)
_MULTIPLIER_SET: Final = frozenset(CACHE_MULTIPLIERS)
_OTHER_KEYS: Final = frozenset({"discount", "batch_multiplier", "variants", "overrides", "region_multipliers"})
_NO_RATES: Final[dict[str, Rate]] = {}
_NO_VARIANTS: Final[dict[str, Variant]] = {}
_MAX_TEXTS: Final = 4096


class PriceReader:
    """Reads price lists, remembering the texts that it has already read."""

    __slots__ = ("_texts", "faults", "rounded")

    def __init__(self, faults: list[Fault], rounded: list[tuple[str, object, str]] | None = None) -> None:
        self.faults = faults
        self.rounded = rounded
        self._texts: dict[str, int] = {}

    def read(self, raw: object, path: str) -> Parts | None:
        """Return the parts of a price list, or ``None`` after noting its faults."""
        faults = self.faults
        if not isinstance(raw, dict):
            check_object(raw, path, faults)
            return None
        before = len(faults)
        texts = self._texts
        prices: dict[str, int] = {}
        rest: dict[str, object] | None = None
        for key, value in raw.items():
            if key in _PRICE_SET:
                if value is None:
                    continue
                # only exact text is looked up: 1, 1.0 and True are one key to a dict
                price = texts.get(value) if type(value) is str else None
                if price is None:
                    price = self._price(value, path, key)
                    if price is None:
                        continue
                prices[key] = price
            elif value is not None or (key not in _MULTIPLIER_SET and key not in _OTHER_KEYS):
                if rest is None:
                    rest = {}
                rest[key] = value
        if rest is None:
            return (prices, _NO_RATES, None, None, (), _NO_VARIANTS, _NO_RATES) if len(faults) == before else None
        return self._read_rest(prices, rest, path, before)

    def _price(self, value: object, path: str, key: str) -> int | None:
        price = read_price(value)
        if price is None and self.rounded is not None:
            price = round_noise(value)
            if price is not None:
                self.rounded.append((f"{path}.{key}", value, plain(price, PLACES)))
                return price
        if price is None:
            self.faults.append(Fault(f"{path}.{key}", value, PRICE_EXPECTED))
        elif type(value) is str and len(value) <= 32:
            if len(self._texts) >= _MAX_TEXTS:
                self._texts.clear()
            self._texts[value] = price
        return price

    def _read_rest(self, prices: dict[str, int], rest: dict[str, object], path: str, before: int) -> Parts | None:
        faults = self.faults
        multipliers: dict[str, Rate] = {}
        others: dict[str, Rate] = {}
        overrides: tuple[PriceCard, ...] = ()
        variants: dict[str, Variant] = {}
        regions: dict[str, Rate] = {}
        for key, value in rest.items():
            where = f"{path}.{key}"
            if key in _MULTIPLIER_SET or key in {"discount", "batch_multiplier"}:
                rate = read_rate(value)
                if rate is None:
                    faults.append(Fault(where, value, RATE_EXPECTED if key != "discount" else "a fraction from 0 to 1"))
                elif key == "discount" and rate[0] > 10 ** rate[1]:
                    faults.append(Fault(where, value, "a fraction from 0 to 1"))
                else:
                    (multipliers if key in _MULTIPLIER_SET else others)[key] = rate
            elif key == "overrides":
                overrides = self._overrides(value, where)
            elif key == "variants":
                variants = self._variants(value, where)
            elif key == "region_multipliers":
                regions = self._regions(value, where)
            else:
                faults.append(unknown_key(path, key, value, "prices, cache multipliers, discount, batch_multiplier, variants, overrides, region_multipliers"))
        if len(faults) != before:
            return None
        discount = others.get("discount")
        return prices, multipliers, discount if discount != (0, 0) else None, others.get("batch_multiplier"), overrides, variants, regions

    def _regions(self, value: object, path: str) -> dict[str, Rate]:
        regions: dict[str, Rate] = {}
        if check_object(value, path, self.faults):
            for name, raw in value.items():  # type: ignore[attr-defined]
                rate = read_rate(raw)
                if not isinstance(name, str) or not name or rate is None:
                    self.faults.append(Fault(below(path, name), raw, "a region's name with its " + RATE_EXPECTED.removeprefix("a ")))
                else:
                    regions[lower(name)] = rate
        return regions

    def _overrides(self, value: object, path: str) -> tuple[PriceCard, ...]:
        if not isinstance(value, (list, tuple)):
            self.faults.append(Fault(path, value, "a list of price cards"))
            return ()
        cards = []
        for index, raw in enumerate(value):
            where = f"{path}[{index}]"
            if check_object(raw, where, self.faults):
                card = read_card(raw, where, self.faults, conditional=True, rounded=self.rounded)
                if card is not None:
                    cards.append(card)
        return tuple(cards)

    def _variants(self, value: object, path: str) -> dict[str, Variant]:
        variants: dict[str, Variant] = {}
        if not check_object(value, path, self.faults):
            return variants
        for tier, raw in value.items():  # type: ignore[attr-defined]
            where = f"{path}.{tier}" if isinstance(tier, str) else path
            if tier not in TIERS:
                self.faults.append(Fault(where, raw, f"a card of one of the tiers {', '.join(TIERS)}"))
            elif raw is not None and check_object(raw, where, self.faults):
                card = read_card(raw, where, self.faults, conditional=False, rounded=self.rounded)
                inner = raw.get("overrides")
                own = () if inner is None else self._overrides(inner, f"{where}.overrides")
                # an empty card says nothing, and an empty list of cards is none of its own
                if card is not None and (card.prices or card.multipliers or own):
                    variants[tier] = (card, own or None)
        return variants
