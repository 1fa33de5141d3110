"""What a simulated response costs, in whole femtodollars."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routecore.cost.breakdown import calculate_cost
from routecore.usage.counts import Usage

if TYPE_CHECKING:
    from routecore.simulate.world.server import Server

__all__ = ["UNPRICED", "bill"]

UNPRICED = (-1, -1)
"""The bill of a response that has no price."""


def bill(server: Server, prompt: int, completion: int, cached: int, session: bool, now: float | None) -> tuple[int, int]:  # noqa: FBT001 - a fact of the request
    """Return (charged, charged if there were no caches) in femtodollars, rounded where they are finer; -1 where a price is unknown."""
    pricing = server.pricing
    assert pricing is not None
    plain = pricing.quote(prompt, completion, 0, now)
    if plain is None:
        return UNPRICED
    if server.writes and session and prompt >= server.min_cache:
        usage = tuple.__new__(Usage, (0, cached, 0, 0, prompt - cached, 0, 0, 0, 0, completion, 0, 0, 0, 0, 0, 0, 0, 0, 0, ()))
        number, places = calculate_cost(pricing, usage, finish_reason="stop").upstream()
        return _femtodollars(number, places), round(plain)
    quote = pricing.quote(prompt, completion, cached, now) if cached else plain
    return (-1 if quote is None else round(quote)), round(plain)


def _femtodollars(number: int, places: int) -> int:
    """Return n × 10^-places USD in whole femtodollars, half to even."""
    if places <= 15:
        return number * int(10 ** (15 - places))
    unit: int = 10 ** (places - 15)
    whole, rest = divmod(number, unit)
    return whole + (2 * rest > unit or (2 * rest == unit and whole & 1))
