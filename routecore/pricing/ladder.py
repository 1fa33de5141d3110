"""Which cards of a price list hold: the rates of one tier and region, step by step of the prompt and, for timed cards, by the instant."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Final

from routecore.pricing.rates import Rates, resolve

if TYPE_CHECKING:
    from routecore.pricing.card import PriceCard
    from routecore.pricing.instants import Instant
    from routecore.pricing.rate import Rate
    from routecore.pricing.reader import Variant

__all__ = ["Ladder"]

_MAX_ROWS: Final = 256


class Ladder:
    """The rates of one price list for one tier and region, by how much was read and when; each row is flattened when first asked for.

    ``flat`` is the only row of a price list without cards, ``None`` where cards decide; ``breaks`` are the smallest prompts, ascending, from which on some
    card holds that did not before. ``moments`` are the dates and times, in microseconds since the epoch, ascending, at which some card begins or ceases to hold.
    """

    __slots__ = ("_cards", "_factors", "_labels", "_multipliers", "_rows", "_standing", "breaks", "flat", "moments", "timed")

    def __init__(
        self,
        tier: str,
        prices: dict[str, int],
        multipliers: dict[str, Rate],
        overrides: tuple[PriceCard, ...],
        variant: Variant | None,
        factors: tuple[tuple[str, Rate], ...] = (),
    ) -> None:
        """Stack a price list's cards for the served ``tier``, whose own card is ``variant``.

        ``factors`` multiply every token price at the end; each comes with the label that it shows among the cards, empty for none.
        """
        self._multipliers = multipliers
        cards = [(f"overrides[{index}]", card) for index, card in enumerate(overrides)]
        self._standing: dict[str, int] = prices
        if variant is not None:
            card, own = variant
            tail = (f"variants.{tier}", card)
            if own is None:
                cards.append(tail)
            else:
                # the variant's own cards multiply the variant's prices, not the standard ones
                self._standing = {**prices, **card.prices}
                cards = [tail, *((f"variants.{tier}.overrides[{index}]", inner) for index, inner in enumerate(own))]
        self._cards = tuple(cards)
        self._labels = tuple(label for label, _ in factors if label)
        self._factors = tuple(rate for _, rate in factors)
        self.timed = any(card.timed for _, card in cards)
        self.breaks = sorted({card.least for _, card in cards if card.least})
        self.moments = sorted({moment for _, card in cards for moment in (card.since, card.until) if moment is not None})
        self._rows: dict[object, Rates] = {}
        self.flat: Rates | None = None if cards else self._flatten(())

    def rates(self, read_tokens: int, instant: Instant | None) -> Rates:
        """Return the row for ``read_tokens`` read at ``instant``."""
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

    def holding(self, read_tokens: int, instant: Instant | None) -> tuple[int, ...]:
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
        labels = tuple(path for path, _ in stack) + self._labels
        return resolve(self._standing, self._multipliers, stack, labels, self._factors)
