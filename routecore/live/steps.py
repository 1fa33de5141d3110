"""What a gateway does after a try: go on, retry, or stop. The rule is ``AFTER``, a table of one row a kind."""

from __future__ import annotations

from enum import StrEnum
from math import inf
from typing import TYPE_CHECKING, Final, NamedTuple

import attrs

from routecore.errors import Fault, InvalidRequest
from routecore.live.kinds import Kind

if TYPE_CHECKING:
    from routecore.live.outcome import Outcome

__all__ = ["AFTER", "Action", "Step", "StepSettings", "next_after"]


class Action(StrEnum):
    """``done``: served. ``next``: try the plan's next attempt now. ``retry``: the same attempt, after a wait. ``stop``: answer the caller with the error."""

    DONE = "done"
    NEXT = "next"
    RETRY = "retry"
    STOP = "stop"


class Step(NamedTuple):
    """What to do, after how many seconds, and why in words."""

    action: Action
    seconds: float
    reason: str


class After(NamedTuple):
    """One row of the table: what to do while attempts are left, and when none is."""

    attempts_left: Action
    exhausted: Action
    reason: str


AFTER: Final = {
    Kind.SUCCESS: After(Action.DONE, Action.DONE, "served"),
    Kind.CONNECTION: After(Action.NEXT, Action.RETRY, "no connection"),
    Kind.TIMEOUT: After(Action.NEXT, Action.RETRY, "no answer in time"),
    Kind.SERVER: After(Action.NEXT, Action.RETRY, "the provider failed"),
    Kind.RATE_LIMIT: After(Action.NEXT, Action.RETRY, "rate limited"),
    Kind.CREDENTIAL: After(Action.NEXT, Action.STOP, "the key was refused"),
    Kind.MODERATION: After(Action.STOP, Action.STOP, "the input was flagged: no other endpoint would change that"),
    Kind.CALLER: After(Action.STOP, Action.STOP, "the request is at fault: no other endpoint would change that"),
    Kind.CANCELLED: After(Action.STOP, Action.STOP, "the caller went away"),
}


@attrs.frozen
class StepSettings:
    """How a gateway waits when a plan has come to its end. Raises ``InvalidRequest`` naming every bad setting."""

    retry_seconds: float = 5.0
    """A retry waits so long where the provider does not say."""
    max_wait_seconds: float = 30.0
    """A caller is not kept waiting longer: where a retry would, it stops."""

    def __attrs_post_init__(self) -> None:
        faults = [
            Fault(f"settings.steps.{name}", value, "a finite number of seconds, 0 or more")
            for name, value in (("retry_seconds", self.retry_seconds), ("max_wait_seconds", self.max_wait_seconds))
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < inf
        ]
        if faults:
            raise InvalidRequest(faults)


_DEFAULT: Final = StepSettings()


def next_after(outcome: Outcome, *, attempts_left: int, retries_left: int = 1, settings: StepSettings = _DEFAULT) -> Step:
    """Return what to do after ``outcome``.

    ``attempts_left``: attempts of the plan not yet tried. ``retries_left``: how often the gateway is still willing to come back once none is left.
    Source: the platform's documentation, § Error Handling; ``docs/decisions/206-after-a-try.md``.

    >>> from routecore.live.outcome import Outcome
    >>> next_after(Outcome.server(502), attempts_left=2).action
    <Action.NEXT: 'next'>
    >>> next_after(Outcome.rate_limit(8), attempts_left=0)
    Step(action=<Action.RETRY: 'retry'>, seconds=8.0, reason='rate limited')
    >>> next_after(Outcome.caller(400), attempts_left=2).action
    <Action.STOP: 'stop'>
    """
    row = AFTER[outcome.kind]
    action = row.attempts_left if attempts_left > 0 else row.exhausted
    if action is not Action.RETRY:
        return Step(action, 0.0, row.reason)
    if retries_left < 1:
        return Step(Action.STOP, 0.0, f"{row.reason}; no attempt and no retry is left")
    seconds = settings.retry_seconds if outcome.retry_after_seconds is None else outcome.retry_after_seconds
    if seconds > settings.max_wait_seconds:
        return Step(Action.STOP, 0.0, f"{row.reason}; a retry after {seconds:g} s is later than the {settings.max_wait_seconds:g} s that a caller waits")
    return Step(Action.RETRY, seconds, row.reason)
