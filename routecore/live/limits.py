"""What each attempt is asked for, and what it can take: load, stated limits, and capacity learned from rate limits.

Nothing here reads a clock. Counted is by whole seconds: a request leaves the last minute within a second of a minute after it began.
Source: routing by what an endpoint can take is this project's own rule (``docs/reference/health-and-steps.md``).
"""

from __future__ import annotations

import threading
from collections import deque
from itertools import count
from math import floor, inf
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple

import attrs

from routecore.reading.settings import finite_above, finite_from, share, whole_from

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["LimitSettings", "Limits", "Load", "Stated", "Taken"]

_MINUTE: Final = 60
_CHANCES: Final = 32


@attrs.frozen
class LimitSettings:
    """How load is counted, and how capacity is learned. Raises ``InvalidRequest`` naming every bad setting."""

    WHERE: ClassVar[str] = "settings.limits"

    lost_seconds: float = attrs.field(default=600.0, validator=finite_above(0, "seconds"))
    """An attempt without an outcome for so long is given up as lost: it is no longer in flight."""
    cap_share: float = attrs.field(default=0.9, validator=share())
    """A rate limit at a load of L requests in the last minute sets the cap to so much of L."""
    learn_from: int = attrs.field(default=10, validator=whole_from(1))
    """With fewer requests in the last minute than this a rate limit is no sign of capacity, and sets no cap."""
    cap_growth: float = attrs.field(default=1.05, validator=finite_from(1))
    """While no rate limit comes, the cap grows to so many times itself each minute."""
    forget_seconds: float = attrs.field(default=600.0, validator=finite_above(0, "seconds"))
    """A cap that demand has not reached for so long is forgotten."""
    peer_seconds: float = attrs.field(default=30.0, validator=finite_above(0, "seconds"))
    """What another process said to have in flight counts for so long, if it says nothing new; its requests of the last minute leave within one."""
    max_attempts: int = attrs.field(default=50_000, validator=whole_from(1))
    """Attempts whose load is counted; beyond, idle ones are forgotten."""


class Stated(NamedTuple):
    """Limits that the catalog or a key states; ``None`` does not limit."""

    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    max_in_flight: float | None = None


class Taken(NamedTuple):
    """Why an attempt is full: which limit, how much of it is taken, and in how many seconds some is free again (``None``: when an attempt ends)."""

    limit: str
    load: float
    most: float
    seconds: float | None


class Load(NamedTuple):
    """What an attempt is asked for: requests and tokens begun in the last minute, and requests in flight."""

    requests: float
    tokens: float
    in_flight: float


_UNLIMITED: Final = Stated()


class _Attempt:
    """One attempt's load and limits. ``begun`` are [second, requests, tokens], oldest first; ``flying`` are begun times by ticket."""

    __slots__ = ("begun", "cap", "capped_at", "flying", "full", "key", "peers", "reached_at", "requests", "stated", "tokens")

    def __init__(self, key: str) -> None:
        self.key = key
        self.begun: deque[list[int]] = deque()
        self.requests = 0
        self.tokens = 0
        self.flying: dict[int, float] = {}
        self.stated = _UNLIMITED
        self.cap: float | None = None
        self.capped_at = -inf
        self.reached_at = -inf
        self.full: Taken | None = None
        self.peers: dict[str, tuple[float, int, int, int]] = {}

    @property
    def limited(self) -> bool:
        return self.cap is not None or self.stated is not _UNLIMITED

    @property
    def idle(self) -> bool:
        return not self.begun and not self.flying and not self.peers and self.cap is None

    def count(self, now: float, tokens: int) -> None:
        second = floor(now)
        begun = self.begun
        if begun and begun[-1][0] >= second:
            begun[-1][1] += 1
            begun[-1][2] += tokens
        else:
            begun.append([second, 1, tokens])
            self.leave(second)
        self.requests += 1
        self.tokens += tokens

    def leave(self, second: int) -> None:
        """Let go of what began a minute ago."""
        begun = self.begun
        while begun and begun[0][0] <= second - _MINUTE:
            _, requests, tokens = begun.popleft()
            self.requests -= requests
            self.tokens -= tokens


class Limits:
    """The load of every attempt that was handed out, and which attempts are full. Safe to call from any thread.

    >>> limits = Limits()
    >>> limits.state({"m@p#shared": Stated(max_in_flight=1)})
    >>> ticket = limits.begin("m@p#shared", 100.0)
    >>> limits.look(100.0)[0]
    {'m@p#shared': Taken(limit='max_in_flight', load=1, most=1, seconds=None)}
    >>> limits.end("m@p#shared", ticket)
    >>> limits.look(101.0)[0], limits.load("m@p#shared", 101.0)
    ({}, Load(requests=1, tokens=0, in_flight=0))
    """

    def __init__(self, settings: LimitSettings | None = None) -> None:
        self.settings = LimitSettings() if settings is None else settings
        self._lock = threading.Lock()
        self._attempts: dict[str, _Attempt] = {}
        # those with a limit and something to count against it
        self._watched: dict[str, _Attempt] = {}
        self._stated: Mapping[str, Stated] = {}
        self._tickets = count(1)
        self.in_flight = 0
        """Attempts begun and not ended, over all."""
        self.lost = 0
        """Attempts given up as lost so far."""
        self.changed: Callable[[], object] = _nothing
        """Called, with the lock held, when ``look`` would say something else."""

    def state(self, stated: Mapping[str, Stated]) -> None:
        """Take the catalog's limits, by attempt key, in place of earlier ones."""
        with self._lock:
            self._stated = stated
            for key, one in self._attempts.items():
                if "#byok:" not in key:
                    one.stated = stated.get(key, _UNLIMITED)
                    self._watch(one)
            self.changed()

    def begin(self, key: str, now: float, tokens: int = 0, stated: Stated | None = None) -> int:
        """Count an attempt as begun.

        Args:
            key: The attempt, such as ``a/b@p#shared``.
            now: The caller's clock, in seconds.
            tokens: What it is likely to take, prompt and answer.
            stated: The limits of a caller's own key.

        Returns:
            The ticket to ``end`` it with.
        """
        with self._lock:
            one = self._attempts.get(key) or self._admit(key)
            if stated is not None:
                one.stated = stated
            one.count(now, tokens)
            ticket = next(self._tickets)
            one.flying[ticket] = now
            self.in_flight += 1
            if one.cap is not None or one.stated is not _UNLIMITED:
                self._watch(one)
                if one.full is None and self._taken(one, now) is not None:
                    self.changed()
            return ticket

    def count(self, key: str, now: float, tokens: int = 0) -> None:
        """Count an attempt whose begin nobody told: it has ended already.

        Args:
            key: The attempt, such as ``a/b@p#shared``.
            now: The caller's clock, in seconds.
            tokens: What it took.
        """
        with self._lock:
            one = self._attempts.get(key) or self._admit(key)
            one.count(now, tokens)
            if one.cap is not None or one.stated is not _UNLIMITED:
                self._watch(one)

    def end(self, key: str, ticket: int) -> None:
        """Count an attempt as ended; once, whatever is said later.

        Args:
            key: The attempt, such as ``a/b@p#shared``.
            ticket: What ``begin`` gave.
        """
        with self._lock:
            one = self._attempts.get(key)
            if one is not None and one.flying.pop(ticket, None) is not None:
                self.in_flight -= 1
                if one.full is not None:
                    self.changed()

    def rate_limited(self, key: str, now: float) -> None:
        """Learn from a rate limit: the attempt takes less than what it was asked for in the last minute, by all processes together.

        Args:
            key: The attempt, such as ``a/b@p#shared``.
            now: The caller's clock, in seconds.
        """
        with self._lock:
            one = self._attempts.get(key) or self._admit(key)
            load = self._load(one, now).requests
            if load >= self.settings.learn_from:
                one.cap = self.settings.cap_share * load
                one.capped_at = one.reached_at = now
                self._watch(one)
                self.changed()

    def cap(self, key: str, now: float) -> float | None:
        """Return the learned cap in requests a minute, ``None`` where there is none.

        Args:
            key: The attempt, such as ``a/b@p#shared``.
            now: The caller's clock, in seconds.
        """
        with self._lock:
            one = self._attempts.get(key)
            return None if one is None else self._cap(one, now)

    def load(self, key: str, now: float) -> Load:
        """Return an attempt's load, peers' included.

        Args:
            key: The attempt, such as ``a/b@p#shared``.
            now: The caller's clock, in seconds.
        """
        with self._lock:
            one = self._attempts.get(key)
            return Load(0, 0, 0) if one is None else self._load(one, now)

    def look(self, now: float) -> tuple[dict[str, Taken], float]:
        """Return who is full at ``now``, and when time alone may change that (infinite: never)."""
        found: dict[str, Taken] = {}
        until = inf
        with self._lock:
            for key, one in list(self._watched.items()):
                taken = one.full = self._taken(one, now)
                if taken is not None:
                    found[key] = taken
                    # what peers have taken leaves, and a cap grows, without notice: looked at again within a second
                    until = min(until, now + (1.0 if taken.seconds is None or one.peers or one.cap is not None else taken.seconds))
                elif one.idle or not one.limited:
                    del self._watched[key]
        return found, until

    def export(self, now: float) -> dict[str, Any]:
        """Return ``caps``: attempt key -> [requests a minute, seconds since the rate limit]; ``load``: key -> [requests, tokens, in flight], our own alone."""
        with self._lock:
            caps: dict[str, list[float]] = {}
            load: dict[str, list[int]] = {}
            for key, one in self._attempts.items():
                one.leave(floor(now))
                self._give_up(one, now)
                cap = self._cap(one, now)
                if cap is not None and one.cap is not None:
                    caps[key] = [one.cap, max(now - one.capped_at, 0.0)]
                if one.requests or one.flying:
                    load[key] = [one.requests, one.tokens, len(one.flying)]
            return {"caps": caps, "load": load}

    def merge(self, source: str, caps: Mapping[str, tuple[float, float]], load: Mapping[str, tuple[int, int, int]], now: float) -> None:
        """Take another process's caps (of each attempt the one learned last counts) and its load, in place of what it said before.

        Args:
            source: The process.
            caps: attempt key -> (requests a minute, seconds since the rate limit).
            load: attempt key -> (requests and tokens of the last minute, in flight).
            now: The caller's clock, in seconds.
        """
        with self._lock:
            for one in self._attempts.values():
                one.peers.pop(source, None)
            for key, numbers in load.items():
                one = self._attempts.get(key) or self._admit(key)
                one.peers[source] = (now, *numbers)
                self._watch(one)
            for key, (cap, since) in caps.items():
                one = self._attempts.get(key) or self._admit(key)
                if now - since > one.capped_at:
                    one.cap, one.capped_at = cap, now - since
                    one.reached_at = max(one.reached_at, one.capped_at)
                    self._watch(one)
            self.changed()

    def forget_flights(self) -> None:
        """Take nothing as in flight: a fork's child has begun none of its parent's attempts."""
        with self._lock:
            for one in self._attempts.values():
                one.flying.clear()
            self.in_flight = 0

    def _watch(self, one: _Attempt) -> None:
        if one.limited:
            self._watched[one.key] = one

    def _admit(self, key: str) -> _Attempt:
        if len(self._attempts) >= self.settings.max_attempts:
            # a few from the front of the line: the first idle one goes, else the first
            looked = [self._attempts[one] for one, _ in zip(self._attempts, range(_CHANCES), strict=False)]
            gone = next((one for one in looked if one.idle), looked[0])
            self.in_flight -= len(gone.flying)
            del self._attempts[gone.key]
            self._watched.pop(gone.key, None)
        one = self._attempts[key] = _Attempt(key)
        one.stated = self._stated.get(key, _UNLIMITED)
        return one

    def _give_up(self, one: _Attempt, now: float) -> None:
        lost_before = now - self.settings.lost_seconds
        while one.flying:
            ticket = next(iter(one.flying))
            if one.flying[ticket] > lost_before:
                return
            del one.flying[ticket]
            self.in_flight -= 1
            self.lost += 1

    def _load(self, one: _Attempt, now: float) -> Load:
        one.leave(floor(now))
        self._give_up(one, now)
        requests: float = one.requests
        tokens: float = one.tokens
        flying = len(one.flying)
        for source, (at, more, more_tokens, more_flying) in list(one.peers.items()):
            age = max(now - at, 0.0)
            if age >= _MINUTE:
                del one.peers[source]
                continue
            requests += more * (1 - age / _MINUTE)
            tokens += more_tokens * (1 - age / _MINUTE)
            flying += more_flying if age < self.settings.peer_seconds else 0
        return Load(requests, tokens, flying)

    def _cap(self, one: _Attempt, now: float) -> float | None:
        if one.cap is None:
            return None
        if now - one.reached_at >= self.settings.forget_seconds:
            one.cap = None
            return None
        return float(one.cap * self.settings.cap_growth ** (max(now - one.capped_at, 0.0) / _MINUTE))

    def _taken(self, one: _Attempt, now: float) -> Taken | None:
        """Return the limit that has been reached; of several the one that is free again last."""
        load, stated, cap = self._load(one, now), one.stated, self._cap(one, now)
        found = []
        if stated.max_in_flight is not None and load.in_flight >= stated.max_in_flight:
            found.append(Taken("max_in_flight", load.in_flight, stated.max_in_flight, None))
        if stated.requests_per_minute is not None and load.requests >= stated.requests_per_minute:
            found.append(
                Taken("requests_per_minute", load.requests, stated.requests_per_minute, _free(one, now, 1, load.requests - stated.requests_per_minute))
            )
        if stated.tokens_per_minute is not None and load.tokens >= stated.tokens_per_minute:
            found.append(Taken("tokens_per_minute", load.tokens, stated.tokens_per_minute, _free(one, now, 2, load.tokens - stated.tokens_per_minute)))
        if cap is not None and load.requests >= cap:
            one.reached_at = now
            found.append(Taken("learned_requests_per_minute", load.requests, cap, _free(one, now, 1, load.requests - cap)))
        return max(found, key=lambda taken: inf if taken.seconds is None else taken.seconds, default=None)


def _free(one: _Attempt, now: float, column: int, over: float) -> float:
    """Return in how many seconds more than ``over`` of our own will have left the last minute; within a second where peers have taken it."""
    for entry in one.begun:
        over -= entry[column]
        if over < 0:
            return float(max(entry[0] + _MINUTE - now, 0.0))
    return 1.0


def _nothing() -> None:
    """Do nothing: nobody wants to know."""
