"""Endpoints at work: a behaviour over time, compiled to what one attempt needs to know."""

from __future__ import annotations

from bisect import bisect_right
from heapq import heapify, heapreplace
from math import inf, log
from typing import TYPE_CHECKING

from routecore.simulate.noise import GOLDEN, key_of, mix

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
        "_background",
        "_edges",
        "_effects",
        "_next",
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
        "hangs",
        "id",
        "key",
        "linear",
        "min_cache",
        "prefill",
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
        self.prefill = behaviour.prefill_tokens_per_second
        self.error_seconds = behaviour.error_seconds
        self.refusal_seconds = behaviour.refusal_seconds
        self.slots: list[float] | None = None
        if behaviour.slots is not None:
            self.slots = [-inf] * behaviour.slots
            heapify(self.slots)
        self.attempts = self.failures = 0
        self.until = -inf
        self._effects = sorted((one for one in (*behaviour.effects, *behaviour.drawn) if one.kind != "price"), key=lambda one: one.start)
        self._edges = sorted({edge for one in self._effects for edge in (one.start, one.end)})
        self._background = 0
        self._next = inf
        if behaviour.background_per_minute:
            self._next = self._interval()
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
        self.slow, self.down, self.hangs = 1.0, False, False
        error, refused, per_minute = behaviour.error_rate, behaviour.rate_limit_rate, behaviour.capacity_per_minute
        for one in self._effects:
            if one.start > now:
                break
            if now < one.end:
                if one.kind == "slow":
                    self.slow *= one.value
                elif one.kind == "fail":
                    self.down = True
                elif one.kind == "hang":
                    self.hangs = True
                elif one.kind == "errors":
                    error = one.value
                elif one.kind == "refuse":
                    refused = one.value
                elif one.kind == "limit":
                    per_minute = one.value
        self.refuses = int(refused * _SHARE)
        self.fails = self.refuses + int(error * (1.0 - refused) * _SHARE)
        self._per_minute = per_minute
        place = bisect_right(self._edges, now)
        self.until = self._edges[place] if place < len(self._edges) else inf

    def _interval(self) -> float:
        """Return the time to the next request of other customers: an exponential, a function of the endpoint and of how many came before."""
        self._background += 1
        return -log(1.0 - (mix(self.key + self._background * GOLDEN) >> 11) * 2.0**-53) * 60.0 / self.behaviour.background_per_minute

    def _others(self, now: float) -> None:
        """Let the requests of other customers up to ``now`` take their part of capacity and slots."""
        while self._next <= now:
            at = self._next
            if self._take(at) and self.slots is not None:
                z = mix(self.key ^ (self._background * GOLDEN))
                seconds = (self.ttft[z & 4095] + (self.behaviour.background_tokens - 1) / self.speed[(z >> 12) & 4095]) * self.slow
                heapreplace(self.slots, max(at, self.slots[0]) + seconds)
            self._next = at + self._interval()

    def admits(self, now: float) -> bool:
        """Take a request's place in the minute's capacity; false where it is used up. The bucket holds a minute's worth and fills evenly."""
        if self._next <= now:
            self._others(now)
        return self._per_minute is None or self._take(now)

    def _take(self, now: float) -> bool:
        rate = self._per_minute
        if rate is None:
            return True
        most = max(rate, 1.0) if rate else 0.0
        tokens = most if self._tokens is None else min(most, self._tokens + (now - self._tokens_at) * rate / 60.0)
        self._tokens_at = now
        self._tokens = tokens - 1.0 if tokens >= 1.0 else tokens
        return tokens >= 1.0

    def wait(self, now: float) -> float:
        """Return how long a request that comes now waits for a slot."""
        slots = self.slots
        return 0.0 if slots is None or slots[0] <= now else slots[0] - now

    def occupy(self, now: float, seconds: float) -> None:
        """Hold a slot for ``seconds``, from when one is free on."""
        slots = self.slots
        if slots is not None:
            heapreplace(slots, max(now, slots[0]) + seconds)
