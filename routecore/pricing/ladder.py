"""Which cards of a price list hold: the rates of one tier and region, step by step of the prompt and, for timed cards, by the instant."""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from routecore.pricing.rates import Rates, resolve

if TYPE_CHECKING:
    from routecore.pricing.card import PriceCard
    from routecore.pricing.money import Rate
    from routecore.pricing.price_list import Pricing

__all__ = ["DEFAULT_TIER", "TIERS", "Ladder", "instant_at", "instant_of"]

DEFAULT_TIER: Final = "default"
TIERS: Final = ("batch", "flex", "priority")
"""Served tiers that may have a card of their own; any other tier is the default one."""

_MAX_ROWS: Final = 256
_MINUTES: Final = 24 * 60


class Ladder:
    """The rates of one price list for one tier and region, by how much was read and when; each row is flattened when first asked for.

    ``flat`` is the only row of a price list without cards, ``None`` where cards decide; ``breaks`` are the smallest prompts, ascending, from which on some
    card holds that did not before.
    """

    __slots__ = ("_cards", "_factors", "_labels", "_pricing", "_rows", "_standing", "breaks", "flat", "timed")

    def __init__(self, pricing: Pricing, tier: str, region: Rate | None) -> None:
        self._pricing = pricing
        variant, own = pricing.variants.get(tier, (None, None))
        cards = [(f"overrides[{index}]", card) for index, card in enumerate(pricing.overrides)]
        self._standing: tuple[dict[str, int], str] = (pricing.prices, "")
        if variant is not None:
            tail = (f"variants.{tier}", variant)
            if own is None:
                cards.append(tail)
            else:
                # the variant's own cards multiply the variant's prices, not the standard ones
                self._standing = ({**pricing.prices, **variant.prices}, "")
                cards = [tail, *((f"variants.{tier}.overrides[{index}]", card) for index, card in enumerate(own))]
        self._cards = tuple(cards)
        self._labels: tuple[str, ...] = ()
        factors = []
        if tier == "batch" and variant is None and pricing.batch_multiplier is not None:
            factors.append(pricing.batch_multiplier)
            self._labels = ("batch_multiplier",)
        if region is not None:
            factors.append(region)
        self._factors = tuple(factors)
        self.timed = any(card.timed for _, card in cards)
        self.breaks = sorted({card.least for _, card in cards if card.least})
        self._rows: dict[object, Rates] = {}
        self.flat: Rates | None = None if cards else self._flatten(())

    def rates(self, read_tokens: int, instant: tuple[int, int] | None) -> Rates:
        """Return the row for ``read_tokens`` read at ``instant`` (minute of the UTC day, ISO weekday)."""
        if self.flat is not None:
            return self.flat
        if not self.timed:
            step = bisect_right(self.breaks, read_tokens)
            row = self._rows.get(step)
            if row is None:
                row = self._rows[step] = self._flatten(tuple(entry for entry in self._cards if read_tokens >= entry[1].least))
            return row
        holding = self.holding(read_tokens, instant)
        row = self._rows.get(holding)
        if row is None:
            if len(self._rows) >= _MAX_ROWS:
                self._rows.clear()
            row = self._rows[holding] = self._flatten(tuple(self._cards[index] for index in holding))
        return row

    def holding(self, read_tokens: int, instant: tuple[int, int] | None) -> tuple[int, ...]:
        """Return which cards hold, by their place in the stack; a timed one never does without an instant."""
        return tuple(
            index
            for index, (_, card) in enumerate(self._cards)
            if read_tokens >= card.least and (not card.timed or (instant is not None and card.holds_at(*instant)))
        )

    def unasked(self, read_tokens: int) -> list[str]:
        """Return the paths of the timed cards that only a missing instant keeps from holding."""
        return [path for path, card in self._cards if card.timed and read_tokens >= card.least]

    def _flatten(self, stack: tuple[tuple[str, PriceCard], ...]) -> Rates:
        prices, standing = self._standing
        labels = tuple(path for path, _ in stack) + self._labels
        return resolve(prices, self._pricing.multipliers, stack, labels, self._factors, standing)


def instant_of(moment: datetime) -> tuple[int, int]:
    """Return the minute of the UTC day and the ISO weekday of ``moment``; one without an offset is UTC already.

    >>> instant_of(datetime.fromisoformat("2026-03-01T01:29:59+01:00"))
    (29, 7)
    """
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC)
    return moment.hour * 60 + moment.minute, moment.isoweekday()


def instant_at(now: float) -> tuple[int, int]:
    """Return the minute of the UTC day and the ISO weekday of ``now``, in seconds since the epoch.

    >>> instant_at(0.0), instant_at(1772324999.9)
    ((0, 4), (29, 7))
    """
    minutes = int(now // 60)
    # the epoch began on a Thursday
    return minutes % _MINUTES, (minutes // _MINUTES + 3) % 7 + 1
