"""What a gateway does after a try: go on, retry, or stop. The rule is each kind's row in ``KINDS``, and what answers have ruled out.

Source: the platform's documentation, § Error Handling; ``docs/decisions/206-after-a-try.md``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

import attrs

from routecore.live.kinds import KINDS, Action, Among
from routecore.reading.settings import finite_from

if TYPE_CHECKING:
    from collections.abc import Sequence

    from routecore.catalog.endpoint import Endpoint
    from routecore.live.outcome import Outcome
    from routecore.routing.attempt import Attempt

__all__ = ["Action", "Progress", "Step", "StepSettings", "next_after"]


class Step(NamedTuple):
    """What to do, after how many seconds, why in words, and with which attempt: the one to try ``next`` or to ``retry``.

    ``attempt`` is ``None`` for ``done`` and ``stop``, and where the plan is not known. A loop that goes through the plan by ``for`` may leave it out of
    account as long as no answer rules an attempt out (kinds ``unsuitable`` and ``moderation``).
    """

    action: Action
    seconds: float
    reason: str
    attempt: Attempt | None = None


@attrs.frozen
class StepSettings:
    """How a gateway waits when a plan has come to its end. Raises ``InvalidRequest`` naming every bad setting."""

    WHERE: ClassVar[str] = "settings.steps"

    retry_seconds: float = attrs.field(default=5.0, validator=finite_from(0, "seconds"))
    """A retry waits so long where the provider does not say."""
    max_wait_seconds: float = attrs.field(default=30.0, validator=finite_from(0, "seconds"))
    """A caller is not kept waiting longer: where a retry would, it stops."""


_DEFAULT: Final = StepSettings()


def next_after(outcome: Outcome, *, attempts_left: int, retries_left: int = 1, suited_left: int | None = None, settings: StepSettings = _DEFAULT) -> Step:
    """Return what to do after ``outcome``, for a gateway that keeps its own list of attempts.

    Args:
        outcome: How the try ended.
        attempts_left: Attempts of the list not yet tried.
        retries_left: How often the gateway is still willing to come back once none is left.
        suited_left: How many of those left the answer does not rule out: of another endpoint after ``unsuitable``, of another model after ``moderation``.
            Where it is not given, every one left is after ``unsuitable``, and none after ``moderation``.
        settings: How long to wait.

    Returns:
        The step, without an attempt.

    Example:
        >>> from routecore.live.outcome import Outcome
        >>> next_after(Outcome.server(502), attempts_left=2).action
        <Action.NEXT: 'next'>
        >>> next_after(Outcome.rate_limit(8), attempts_left=0)
        Step(action=<Action.RETRY: 'retry'>, seconds=8.0, reason='rate limited', attempt=None)
        >>> next_after(Outcome.caller(400), attempts_left=2).action
        <Action.STOP: 'stop'>
    """
    row = KINDS[outcome.kind]
    left = attempts_left
    if row.among is not Among.ANY:
        left = (0 if row.among is Among.OTHER_MODEL else attempts_left) if suited_left is None else suited_left
    if left > 0 or row.exhausted is not Action.RETRY:
        return Step(row.left if left > 0 else row.exhausted, 0.0, row.reason)
    if retries_left < 1:
        return Step(Action.STOP, 0.0, f"{row.reason}; no attempt and no retry is left")
    return _retry(row.reason, wait_seconds(outcome, settings), settings)


def wait_seconds(outcome: Outcome, settings: StepSettings = _DEFAULT) -> float:
    """Return how long to wait before a retry: what the answer states, else ``retry_seconds``. A stated wait of 0 counts as none."""
    stated = outcome.retry_after_seconds
    return settings.retry_seconds if stated is None or stated <= 0 else stated


def _retry(reason: str, seconds: float, settings: StepSettings, attempt: Attempt | None = None) -> Step:
    if seconds > settings.max_wait_seconds:
        return Step(Action.STOP, 0.0, f"{reason}; a retry after {seconds:g} s is later than the {settings.max_wait_seconds:g} s that a caller waits")
    return Step(Action.RETRY, seconds, reason, attempt)


class Progress:
    """What a plan has been through: how the attempts that were tried ended, and which ones answers have ruled out. By place, from 0."""

    __slots__ = ("ended", "retried", "ruled_out")

    def __init__(self) -> None:
        self.ended: dict[int, Outcome] = {}
        self.ruled_out: set[int] = set()
        self.retried = False

    def note(self, place: int, outcome: Outcome, attempts: Sequence[Attempt]) -> None:
        """Remember how the attempt at ``place`` ended, and what its answer rules out of ``attempts``, which need not be drawn for other kinds."""
        self.ended[place] = outcome
        among = KINDS[outcome.kind].among
        if among is Among.ANY:
            return
        own = attempts[place].endpoint
        if among is Among.OTHER_MODEL:
            self.ruled_out.update(at for at, one in enumerate(attempts) if one.endpoint.model == own.model)
            return
        self.ruled_out.update(at for at, one in enumerate(attempts) if one.endpoint.id == own.id)
        limit = _limit(own)
        if outcome.context_exceeded and limit is not None:
            short = {at for at, one in enumerate(attempts) if _takes_at_most(one.endpoint, limit)}
            if self.after(place, len(attempts), short) is None:
                # nothing longer is left: another model counts tokens in another way
                short = {at for at in short if attempts[at].endpoint.model == own.model}
            self.ruled_out |= short

    def after(self, place: int, size: int, without: set[int] | frozenset[int] = frozenset()) -> int | None:
        """Return the first place after ``place`` that was neither tried nor ruled out, nor is in ``without``; ``None`` if there is none."""
        for at in range(place + 1, size):
            if at not in self.ended and at not in self.ruled_out and at not in without:
                return at
        return None

    def soonest(self, settings: StepSettings) -> tuple[float, int] | None:
        """Return the shortest wait of a tried attempt that may be retried, and its place; of equal waits the first place. ``None`` if there is none."""
        waits = [
            (wait_seconds(outcome, settings), at)
            for at, outcome in self.ended.items()
            if KINDS[outcome.kind].exhausted is Action.RETRY and at not in self.ruled_out
        ]
        return min(waits, default=None)


def step_of(progress: Progress, place: int, size: int, settings: StepSettings) -> tuple[Step, int | None]:
    """Return the step after the attempt at ``place`` has ended and was noted, and the place of the attempt that it is about, if any.

    The next place that is neither tried nor ruled out; where none is left, once, the tried attempt that may be retried soonest.
    """
    row = KINDS[progress.ended[place].kind]
    if row.left is not Action.NEXT:
        return Step(row.left, 0.0, row.reason), None
    at = progress.after(place, size)
    if at is not None:
        return Step(Action.NEXT, 0.0, row.reason), at
    soonest = progress.soonest(settings)
    if soonest is None:
        return Step(Action.STOP, 0.0, f"{row.reason}; no other attempt is left"), None
    if progress.retried:
        return Step(Action.STOP, 0.0, f"{row.reason}; no attempt and no retry is left"), None
    seconds, at = soonest
    step = _retry(row.reason, seconds, settings)
    if step.action is not Action.RETRY:
        return step, None
    progress.retried = True
    return step, at


def _takes_at_most(endpoint: Endpoint, limit: int) -> bool:
    own = _limit(endpoint)
    return own is not None and own <= limit


def _limit(endpoint: Endpoint) -> int | None:
    """Return how long a prompt the endpoint takes; ``None`` if unknown."""
    known = [limit for limit in (endpoint.context_length, endpoint.max_prompt_tokens) if limit is not None]
    return min(known, default=None)
