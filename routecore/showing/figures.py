"""Figures as people read them: prices per million tokens, amounts in USD, shares in percent. Machines get the exact text with ``--json``."""

from __future__ import annotations

from decimal import Decimal  # noqa: TC003 - the examples use it
from typing import TYPE_CHECKING, Final

from routecore.pricing.money import format_usd, usd

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["amounts", "count", "exact", "per_million", "percent", "plural", "two_places"]

_MILLION: Final = 6
_SIGNIFICANT: Final = 3
_FEWEST: Final = 4
_MOST: Final = 15


def exact(amount: Decimal) -> str:
    """Return an amount in plain decimal text, nothing rounded.

    >>> exact(Decimal("7.55E-6"))
    '0.00000755'
    """
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def per_million(femtodollars: int | Decimal | None) -> str:
    """Return a price per token, in femtodollars, as USD per million tokens; ``?`` if it is not known.

    >>> per_million(270_000_000), per_million(0), per_million(3_000_000_000), per_million(None)
    ('0.27', '0.00', '3.00', '?')
    """
    return "?" if femtodollars is None else two_places(usd(femtodollars).scaleb(_MILLION))


def two_places(amount: Decimal) -> str:
    """Return an exact amount with two decimals at least.

    >>> two_places(Decimal("3")), two_places(Decimal("0.075"))
    ('3.00', '0.075')
    """
    whole, _, part = exact(amount).partition(".")
    return f"{whole}.{part:0<2}"


def amounts(values: Sequence[Decimal | None]) -> list[str]:
    """Return amounts in USD with the same number of decimals, so that they line up: enough to tell the smallest one to three digits. ``?`` if not known.

    >>> amounts([Decimal("0.000444"), Decimal("0.0121"), None])
    ['0.000444', '0.012100', '?']
    """
    known = [abs(value) for value in values if value]
    places = min(max([_FEWEST, *(_SIGNIFICANT - 1 - value.adjusted() for value in known)]), _MOST) if known else _FEWEST
    # no more decimals than the amounts have themselves
    finest = max((len(exact(value).partition(".")[2]) for value in known), default=0)
    places = max(min(places, finest), min(_FEWEST, places))
    return ["?" if value is None else format_usd(value, places) for value in values]


def percent(share: float) -> str:
    """Return a share in percent; a share that is neither nothing nor all never reads as one of them.

    >>> percent(0.3124), percent(1.0), percent(0.99999), percent(0.00001), percent(0.0)
    ('31.2 %', '100 %', '>99.9 %', '<0.1 %', '0 %')
    """
    if share in (0.0, 1.0):
        return f"{share * 100:.0f} %"
    shown = f"{share * 100:.1f}"
    if shown == "0.0":
        return "<0.1 %"
    return ">99.9 %" if shown == "100.0" else f"{shown} %"


def count(number: int | None) -> str:
    """Return a count with its thousands apart; ``?`` if it is not known.

    >>> count(163840), count(None)
    ('163,840', '?')
    """
    return "?" if number is None else f"{number:,}"


def plural(number: int, noun: str) -> str:
    """Return a count with its noun.

    >>> plural(1, "row"), plural(1200, "row")
    ('1 row', '1,200 rows')
    """
    return f"{count(number)} {noun}{'' if number == 1 else 's'}"
