"""One request from plan to answer, without I/O: the run owns the deadline, the hedge, who answers first, and the final error.

A loop of asyncio (``live/aio.py``), of threads (``live/threads.py``) or of a simulator asks ``next`` what to do, and tells ``committed`` and ``ended`` what
has happened. Nothing here waits, and the only clock is the router's. Source: ``docs/decisions/231-the-run.md``.
"""

from __future__ import annotations

import threading
from collections import deque
from math import inf
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from routecore.live.failure import failure, failure_event
from routecore.live.kinds import KINDS, Action, Kind
from routecore.live.live_plan import LiveAttempt
from routecore.live.outcome import Outcome
from routecore.routing.timeouts import times_of

if TYPE_CHECKING:
    from routecore.live.live_plan import LivePlan
    from routecore.live.router import Router
    from routecore.live.steps import Step
    from routecore.routing.attempt import Attempt

__all__ = ["Close", "Run", "Try", "Wait"]

_CENSORED: Final = frozenset({Kind.TIMEOUT, Kind.CANCELLED})


class Try(NamedTuple):
    """Begin this attempt. It has ``first_token_seconds`` to its first output and ``total_seconds`` in all; the run keeps watch over both."""

    attempt: Attempt
    first_token_seconds: float
    total_seconds: float


class Close(NamedTuple):
    """Stop what this attempt is doing: it lost its race, is out of time, or the caller has left. The run has ended it; ``ended`` need not be called."""

    attempt: Attempt


class Wait(NamedTuple):
    """Do nothing until something happens, at most for so many seconds; then ask again."""

    seconds: float


class _Flight:
    """An attempt under way."""

    __slots__ = ("attempt", "began", "end_by", "first_at", "first_by", "hedge_at")

    def __init__(self, attempt: LiveAttempt, began: float, first_by: float, end_by: float, hedge_at: float) -> None:
        self.attempt = attempt
        self.began = began
        self.first_by = first_by
        self.end_by = end_by
        self.first_at: float | None = None
        self.hedge_at = hedge_at


class Run:
    """The way of one request through its plan. Made by ``Router.start``; safe to call from any thread.

    ``plan``: the plan. ``outcomes``: every attempt that ended, with its outcome, in that order. ``served``: the attempt whose answer is the caller's.

    Example:
        >>> from routecore import Outcome, Router, example_catalog
        >>> router = Router(example_catalog())
        >>> run = router.start({"model": "meta-llama/llama-3.3-70b-instruct", "messages": []}, deadline_seconds=8)
        >>> first = run.next().attempt
        >>> run.ended(first, Outcome.server(502))
        >>> second = run.next().attempt
        >>> run.committed(second), run.ended(second, Outcome.success(ttft_seconds=0.3))
        (True, None)
        >>> run.next() is None, run.served == second
        (True, True)
    """

    def __init__(self, router: Router, plan: LivePlan, *, stream: bool, deadline_seconds: float | None = None) -> None:
        self._router = router
        self._lock = threading.RLock()
        self._stream = stream
        # a hedge comes after a slow first token; where the answer comes whole, only a router that measures whole answers knows what is slow
        self._hedges = stream or plan.case.settings.latency == "total"
        self.plan = plan
        self.outcomes: list[tuple[Attempt, Outcome]] = []
        self.served: Attempt | None = None
        self.answers = router.answers
        self._now = router.clock
        asked = plan.case.deadline_seconds if deadline_seconds is None else deadline_seconds
        self._deadline = inf if asked is None else self._now() + asked
        self._flights: list[_Flight] = []
        self._closing: deque[Attempt] = deque()
        # what to begin, and when: the plan's first at once
        self._pending: tuple[LiveAttempt, float] | None = (plan.at(0), -inf)
        self._winner: _Flight | None = None
        self.cancelled = False
        self.out_of_time = False

    # --- what to do ---------------------------------------------------------------------------------------------------------------------------

    def next(self) -> Try | Close | Wait | None:
        """Return what to do now; ``None`` once nothing is in flight and nothing will be. Never ``None`` while an attempt is in flight."""
        with self._lock:
            now = self._now()
            self._expire(now)
            if self._closing:
                return Close(self._closing.popleft())
            if self._pending is not None and now >= self._pending[1]:
                return self._begin(self._pending[0], now)
            hedge = self._hedge(now)
            if hedge is not None:
                return self._begin(hedge, now)
            if not self._flights and self._pending is None:
                return None
            return Wait(max(self._soonest() - now, 0.0))

    def committed(self, attempt: Attempt) -> bool:
        """Tell that the first output of ``attempt`` is here; return whether its answer is the caller's.

        ``False``: another one was first, or the run has ended this attempt: stop, and close. It may be asked again at any time, for instance at every chunk.
        """
        with self._lock:
            flight = self._find(attempt)
            if flight is None:
                return False
            if self._winner is None:
                now = self._now()
                if now >= min(flight.first_by, flight.end_by):
                    # too late, although nobody has looked at the clock yet
                    self._expire(now)
                    return False
                flight.first_at = now
                self._win(flight, now)
            return self._winner is flight

    def ended(self, attempt: Attempt, outcome: Outcome) -> None:
        """Tell how an attempt ended. Only the first call for each attempt counts; what the run itself has ended stays so.

        A timeout or a cancelled attempt that does not say how long nothing had come is told by the run's own clock.

        Args:
            attempt: The attempt.
            outcome: How it ended.
        """
        with self._lock:
            flight = self._find(attempt)
            if flight is None:
                return
            now = self._now()
            if outcome.kind in _CENSORED and flight.first_at is None and outcome.waited_seconds is None and outcome.ttft_seconds is None:
                outcome = outcome.replace(waited_seconds=now - flight.began)
            self._end(flight, outcome, now)

    def cancel(self) -> None:
        """Tell that the caller has left. What is in flight has ended; go on with ``next`` until it has given every ``Close``."""
        with self._lock:
            now = self._now()
            self.cancelled = True
            self._pending = None
            for flight in list(self._flights):
                self._close(flight, now, "the caller went away")

    # --- what it came to ----------------------------------------------------------------------------------------------------------------------

    @property
    def delivered(self) -> bool:
        """Whether output has gone to the caller: from then on a failure is an event of the open stream (``failure_event``), not a status."""
        return self._winner is not None and self._stream

    def failure(self, dialect: str = "chat") -> tuple[int, dict[str, str], dict[str, Any]]:
        """Return status, headers and body of the answer to a caller whom nothing served, in the dialect ``chat``, ``messages`` or ``responses``.

        No text of an upstream's is in it. ``retry-after`` is the shortest wait that any attempt stated; ``x-should-retry`` tells SDKs whether to come back.
        """
        return failure(self.outcomes, dialect, cancelled=self.cancelled, out_of_time=self.out_of_time)

    def failure_event(self, dialect: str = "chat") -> bytes:
        """Return the failure as the last event of a stream that is open already, in the dialect ``chat``, ``messages`` or ``responses``."""
        return failure_event(self.outcomes, dialect, cancelled=self.cancelled, out_of_time=self.out_of_time)

    # --- inside -------------------------------------------------------------------------------------------------------------------------------

    def _find(self, attempt: Attempt) -> _Flight | None:
        same = next((flight for flight in self._flights if flight.attempt is attempt), None)
        if same is not None or any(one is attempt for one, _ in self.outcomes):
            return same
        # another object for the same place, as ``plan.attempts`` gives
        return next((flight for flight in self._flights if flight.attempt.key == attempt.key), None)

    def _begin(self, attempt: LiveAttempt, now: float) -> Try:
        self._pending = None
        self._router.begin(attempt)
        left = self._deadline - now
        after = self.plan.after(attempt.place)
        # what is left now, and not what the plan reckoned with: those before may have failed faster
        times = times_of(self.plan.case, [one.endpoint.id for one in (attempt, after) if one is not None], None if left == inf else left)[0]
        whole = self._whole(attempt)
        if self._stream:
            # the deadline runs to the first output; what follows has the time that the attempt would have without one
            end_by = now + max(whole, times.first_token)
            first_by = now + min(times.first_token, left)
        else:
            # one time to the end, of which the next keeps what it would take, or half
            kept = 0.0 if after is None or left == inf else min(self._whole(after), left / 2)
            first_by = end_by = now + min(left - kept, left if after is None and left < inf else whole)
        hedge_at = inf if times.hedge_after is None or not self._hedges else now + times.hedge_after
        self._flights.append(_Flight(attempt, now, first_by, end_by, hedge_at))
        return Try(attempt, first_by - now, end_by - now)

    def _whole(self, attempt: LiveAttempt) -> float:
        """Return how long an attempt may take in all where there is no deadline."""
        return times_of(self.plan.case, (attempt.endpoint.id, attempt.endpoint.id), inf)[0].total

    def _hedge(self, now: float) -> LiveAttempt | None:
        """Return the attempt to begin beside one that is slow, if there is one: never more than two are in flight."""
        if self._winner is not None or len(self._flights) != 1 or self._pending is not None or now < self._flights[0].hedge_at:
            return None
        self._flights[0].hedge_at = inf
        return self.plan.after(self._flights[0].attempt.place)

    def _soonest(self) -> float:
        """Return when time alone will change something."""
        times = [flight.end_by if flight is self._winner else min(flight.first_by, flight.end_by) for flight in self._flights]
        if self._pending is not None:
            times.append(self._pending[1])
        elif self._winner is None and len(self._flights) == 1:
            times.append(self._flights[0].hedge_at)
        return min(times)

    def _expire(self, now: float) -> None:
        """End what is out of time."""
        for flight in list(self._flights):
            limit = flight.end_by if flight is self._winner else min(flight.first_by, flight.end_by)
            if now >= limit and flight in self._flights:
                self._closing.append(flight.attempt)
                waited = now - flight.began if flight.first_at is None else None
                self._end(flight, Outcome.timeout("out of time", waited_seconds=waited), now)
        if now >= self._deadline and self._winner is None and (self._pending is not None or self._flights):
            self._pending = None
            self.out_of_time = True

    def _win(self, flight: _Flight, now: float) -> None:
        """Make one attempt the caller's; all others have lost, and nothing else begins."""
        self._winner = flight
        self._pending = None
        for other in list(self._flights):
            if other is not flight:
                self._close(other, now, "another attempt was first")

    def _close(self, flight: _Flight, now: float, why: str) -> None:
        self._closing.append(flight.attempt)
        first = None if flight.first_at is None else flight.first_at - flight.began
        self._record(flight, Outcome.cancelled(why, waited_seconds=now - flight.began if first is None else None, ttft_seconds=first))

    def _record(self, flight: _Flight, outcome: Outcome, *, last: bool = False) -> Step:
        """Note how an attempt ended, in the plan and the router. Only of the ``last`` one in flight is the step asked for that comes next."""
        self._flights.remove(flight)
        self.outcomes.append((flight.attempt, outcome))
        return self._router.observe(flight.attempt, outcome, self.plan, delivered=not last)

    def _end(self, flight: _Flight, outcome: Outcome, now: float) -> None:
        """Take how an attempt ended, and decide what comes next."""
        stops = KINDS[outcome.kind].left is not Action.NEXT
        # another one in flight takes its place; and once part of the answer is with the caller nothing is repeated
        last = not stops and flight is not self._winner and len(self._flights) == 1
        step = self._record(flight, outcome, last=last)
        if outcome.kind is Kind.SUCCESS:
            if self._winner is None:
                self._win(flight, now)
            self.served = flight.attempt
        elif stops and flight is not self._winner:
            # the caller's fault, or the gateway's: no other attempt would change it
            for other in list(self._flights):
                self._close(other, now, "the request has stopped")
        elif last and step.attempt is not None:
            at = now + step.seconds
            if at < self._deadline:
                assert isinstance(step.attempt, LiveAttempt)
                self._pending = (step.attempt, at)
            else:
                self.out_of_time = True
