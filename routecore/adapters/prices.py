"""Feeds' prices as price cards: what is no price is named and left out, what is finer than a femtodollar is rounded and named."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from routecore.pricing.money import PLACES, decimal_parts, plain, read_price, round_price

if TYPE_CHECKING:
    from routecore.adapters.oddities import Oddities

__all__ = ["price_text"]


def price_text(value: object, where: str, field: str, odd: Oddities, *, down: int = 0) -> str | None:
    """Return a price in USD a unit as the catalog writes it, ``None`` (and a note) where ``value`` is none.

    ``down``: places to move the point: 6 for a price in USD per million units, 3 per thousand.

    >>> from routecore.adapters.oddities import Oddities
    >>> price_text(1.25e-06, "row", "input", Oddities()), price_text("2.5", "row", "input", Oddities(), down=6), price_text(-1, "row", "input", Oddities())
    ('0.00000125', '0.0000025', None)
    """
    moved = _moved(value, down)
    price = None if moved is None else read_price(moved)
    if price is None:
        price = None if moved is None else round_price(moved)
        if price is None:
            odd.note(where, field, value, "no price: unknown, which is not free")
            return None
        if price == 0:
            odd.note(where, field, value, "rounds to nothing: unknown, which is not free")
            return None
        odd.note(where, field, value, f"finer than a femtodollar: rounded to {PLACES} places")
    return plain(price, PLACES)


def _moved(value: object, down: int) -> Decimal | None:
    """Return ``value`` × 10^-``down``, exact; ``None`` where it is no decimal from 0."""
    parts = decimal_parts(value)
    if parts is None:
        return None
    digits, power = parts
    return Decimal(f"{digits or '0'}E{power - down}")
