"""What a simulated response costs, in whole femtodollars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from routecore.cost.calculate import calculate_cost
from routecore.usage.counts import plain_usage

if TYPE_CHECKING:
    from routecore.simulate.world.server import Server

__all__ = ["UNPRICED", "bill", "femtodollars", "whole_femtodollars"]

UNPRICED: Final = (-1, -1)
"""The bill of a response that has no price."""


def bill(server: Server, prompt: int, completion: int, cached: int, session: bool, now: float | None) -> tuple[int, int]:  # noqa: FBT001 - a fact of the request
    """Return (charged, charged if there were no caches) in femtodollars, rounded where they are finer; -1 where a price is unknown."""
    pricing = server.pricing
    assert pricing is not None
    plain = pricing.quote_femtodollars(prompt, completion, 0, now)
    if plain is None:
        return UNPRICED
    if server.writes and session and prompt >= server.min_cache:
        usage = plain_usage(0, cached, prompt - cached, 0, completion, 0)
        number, places = calculate_cost(pricing, usage, finish_reason="stop").upstream()
        return femtodollars(number, places), round(plain)
    quote = pricing.quote_femtodollars(prompt, completion, cached, now) if cached else plain
    return (-1 if quote is None else round(quote)), round(plain)


def femtodollars(number: int, places: int) -> int:
    """Return n × 10^-places USD in whole femtodollars, half to even.

    >>> femtodollars(15, 16), femtodollars(25, 16), femtodollars(3, 15)
    (2, 2, 3)
    """
    if places <= 15:
        return number * int(10 ** (15 - places))
    unit: int = 10 ** (places - 15)
    whole, rest = divmod(number, unit)
    return whole + (2 * rest > unit or (2 * rest == unit and whole & 1))


def whole_femtodollars(amounts: Any, scale: int) -> Any:  # noqa: ANN401 - whole numbers of any size
    """Return an array of amounts × 10^-scale in whole femtodollars, half to even, as ``femtodollars`` has each.

    >>> whole_femtodollars(np.array([15, 25, 30]), 1).tolist()
    [2, 2, 3]
    """
    if not scale:
        return amounts
    unit = 10**scale
    whole, rest = amounts // unit, amounts % unit
    return whole + np.asarray((2 * rest > unit) | ((2 * rest == unit) & (whole % 2 == 1)), np.int64)
