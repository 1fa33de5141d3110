"""Endpoints at work: a behaviour over time, compiled to what one attempt needs to know."""

from __future__ import annotations

from heapq import heapify, heapreplace
from math import inf
from typing import TYPE_CHECKING

from routecore.simulate.noise import key_of

if TYPE_CHECKING:
    from routecore.pricing.price_list import Pricing
    from routecore.simulate.world.behaviour import Behaviour

__all__ = ["Server"]

_SHARE = 2**32


class Server:
    """One endpoint of a world at work. ``refresh`` brings it to a moment, and holds until ``until``; times never go back.

    ``refuses`` and ``fails`` are shares of 2**32: a draw below them is a 429 or an error.
    """

    __slots__ = (
        "_edges",
        "_per_minute",
        "_tokens",
        "_tokens_at",
        "attempts",
        "behaviour",
        "cache_ttl",
        "code",
        "down",
        "error_seconds",
        "fails",
        "failures",
        "id",
        "key",
        "linear",
        "min_cache",
        "pricing",
        "refusal_seconds",
        "refuses",
        "slots",
        "slow",
        "speed",
        "ttft",
        "until",
        "warm_factor",
        "writes",
    )  # fmt: skip

    def __init__(self, code: int, endpoint_id: str, behaviour: Behaviour, pricing: Pricing | None, *, can_cache: bool) -> None:
        self.code = code
        self.id = endpoint_id
        self.key = key_of(endpoint_id)
        self.behaviour = behaviour
        self.ttft = behaviour.ttft.values
        self.speed = behaviour.tokens_per_second.values
        self.cache_ttl = behaviour.cache_ttl_s if can_cache else -1.0
        self.min_cache = behaviour.min_cache_tokens
        self.warm_factor = behaviour.cached_ttft_factor
        self.error_seconds = behaviour.error_seconds
        self.refusal_seconds = behaviour.refusal_seconds
        self.slots: list[float] | None = None
        if behaviour.slots is not None:
            self.slots = [-inf] * behaviour.slots
            heapify(self.slots)
        self.attempts = self.failures = 0
        self.until = -inf
        self._edges = sorted({edge for one in behaviour.effects if one.kind != "price" for edge in (one.start, one.end)})
        self._tokens: float | None = None
        self._tokens_at = 0.0
        self.reprice(pricing)

    def reprice(self, pricing: Pricing | None) -> None:
        """Take another price card."""
        self.pricing = pricing
        self.linear = None if pricing is None else pricing.linear
        # writes with a price of their own are billed apart from the prompt
        self.writes = pricing is not None and (pricing.price("input_cache_write") is not None or bool(pricing.multipliers))

    def refresh(self, now: float) -> None:
        """Work out what holds at ``now``, and until when."""
        behaviour = self.behaviour
        self.slow, self.down = 1.0, False
        error, per_minute = behaviour.error_rate, behaviour.capacity_per_minute
        for one in behaviour.effects:
            if one.start <= now < one.end:
                if one.kind == "slow":
                    self.slow *= one.value
                elif one.kind == "fail":
                    self.down = True
                elif one.kind == "errors":
                    error = one.value
                elif one.kind == "limit":
                    per_minute = one.value
        self.refuses = int(behaviour.rate_limit_rate * _SHARE)
        self.fails = self.refuses + int(error * (1.0 - behaviour.rate_limit_rate) * _SHARE)
        self._per_minute = per_minute
        self.until = next((edge for edge in self._edges if edge > now), inf)

    def admits(self, now: float) -> bool:
        """Take a request's place in the minute's capacity; false where it is used up. The bucket holds a minute's worth and fills evenly."""
        rate = self._per_minute
        if rate is None:
            return True
        most = max(rate, 1.0) if rate else 0.0
        tokens = most if self._tokens is None else min(most, self._tokens + (now - self._tokens_at) * rate / 60.0)
        self._tokens_at = now
        self._tokens = tokens - 1.0 if tokens >= 1.0 else tokens
        return tokens >= 1.0

    def queue(self, now: float, seconds: float) -> float:
        """Return how long a request waits for a slot, and hold one for the ``seconds`` that it takes then."""
        slots = self.slots
        if slots is None:
            return 0.0
        start = max(now, slots[0])
        heapreplace(slots, start + seconds)
        return start - now
