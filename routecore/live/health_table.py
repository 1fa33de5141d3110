"""What can happen to the health of an attempt, as data: states, events, and one row for each transition.

Source: the platform's documentation, § Availability and Fallback Behavior, and ``docs/decisions/204-health.md``.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

__all__ = ["TRANSITIONS", "Cooldown", "Event", "State", "Transition"]


class State(StrEnum):
    """What an attempt is.

    ``available``; ``cooling``: last in every plan; ``due``: its cooldown is over, and one plan may probe it, while all others still see it cooling;
    ``probing``: that plan has the lease, and all others see it cooling.
    """

    AVAILABLE = "available"
    COOLING = "cooling"
    DUE = "due"
    PROBING = "probing"


class Event(StrEnum):
    """What can move an attempt from one state to another. Single failures that do not add up to one of these move nothing."""

    SUCCESS = "success"
    FAILURE = "failure"
    FAILURES_IN_A_ROW = "failures_in_a_row"
    FAILING_SHARE = "failing_share"
    ASKED_TO_WAIT = "asked_to_wait"
    """A failure that says how long to stay away."""
    RATE_LIMIT = "rate_limit"
    CREDENTIAL = "credential"
    PEER = "peer"
    COOLDOWN_OVER = "cooldown_over"
    LEASE_TAKEN = "lease_taken"
    LEASE_LAPSED = "lease_lapsed"


class Cooldown(StrEnum):
    """How long a transition cools, and what becomes of the backoff."""

    NONE = "none"
    """No cooldown; the backoff stays as it is (only sixty seconds of success bring it down)."""
    BACKOFF = "backoff"
    """For the backoff, which then doubles."""
    RETRY_AFTER = "retry_after"
    """For what the provider asks; if it does not say, for ``rate_limit_seconds``. The backoff stays."""
    RETRY_AFTER_OR_BACKOFF = "retry_after_or_backoff"
    """For what the provider asks, but at least for the cooldown before and for the first backoff, as a probe has just failed; if it does not say, for the
    backoff. The backoff doubles."""
    LONGER_RETRY_AFTER = "longer_retry_after"
    """For what the provider asks, if that ends later than the cooldown under way."""
    CREDENTIAL = "credential"
    """For what the provider asks; if it does not say, for ``credential_cooldown_seconds``, which then doubles. The backoff stays."""


class Transition(NamedTuple):
    """One row of the table."""

    state: State
    event: Event
    to: State
    cooldown: Cooldown


TRANSITIONS: Final = (
    Transition(State.AVAILABLE, Event.FAILURES_IN_A_ROW, State.COOLING, Cooldown.BACKOFF),
    Transition(State.AVAILABLE, Event.FAILING_SHARE, State.COOLING, Cooldown.BACKOFF),
    Transition(State.AVAILABLE, Event.ASKED_TO_WAIT, State.COOLING, Cooldown.RETRY_AFTER),
    Transition(State.AVAILABLE, Event.RATE_LIMIT, State.COOLING, Cooldown.RETRY_AFTER),
    Transition(State.AVAILABLE, Event.CREDENTIAL, State.COOLING, Cooldown.CREDENTIAL),
    Transition(State.AVAILABLE, Event.PEER, State.COOLING, Cooldown.RETRY_AFTER),
    Transition(State.COOLING, Event.ASKED_TO_WAIT, State.COOLING, Cooldown.LONGER_RETRY_AFTER),
    Transition(State.COOLING, Event.RATE_LIMIT, State.COOLING, Cooldown.LONGER_RETRY_AFTER),
    Transition(State.COOLING, Event.PEER, State.COOLING, Cooldown.LONGER_RETRY_AFTER),
    Transition(State.COOLING, Event.COOLDOWN_OVER, State.DUE, Cooldown.NONE),
    Transition(State.DUE, Event.LEASE_TAKEN, State.PROBING, Cooldown.NONE),
    Transition(State.DUE, Event.SUCCESS, State.AVAILABLE, Cooldown.NONE),
    Transition(State.DUE, Event.FAILURE, State.COOLING, Cooldown.BACKOFF),
    Transition(State.DUE, Event.ASKED_TO_WAIT, State.COOLING, Cooldown.RETRY_AFTER_OR_BACKOFF),
    Transition(State.DUE, Event.RATE_LIMIT, State.COOLING, Cooldown.RETRY_AFTER_OR_BACKOFF),
    Transition(State.DUE, Event.CREDENTIAL, State.COOLING, Cooldown.CREDENTIAL),
    Transition(State.DUE, Event.PEER, State.COOLING, Cooldown.RETRY_AFTER),
    Transition(State.PROBING, Event.SUCCESS, State.AVAILABLE, Cooldown.NONE),
    Transition(State.PROBING, Event.FAILURE, State.COOLING, Cooldown.BACKOFF),
    Transition(State.PROBING, Event.ASKED_TO_WAIT, State.COOLING, Cooldown.RETRY_AFTER_OR_BACKOFF),
    Transition(State.PROBING, Event.RATE_LIMIT, State.COOLING, Cooldown.RETRY_AFTER_OR_BACKOFF),
    Transition(State.PROBING, Event.CREDENTIAL, State.COOLING, Cooldown.CREDENTIAL),
    Transition(State.PROBING, Event.LEASE_LAPSED, State.DUE, Cooldown.NONE),
)
"""Everything that can happen. A state and event without a row: nothing happens (a success while cooling is a late answer from before the trouble).

While probing, only the outcome of the plan that holds the lease is an event; another request's says nothing. Outcomes count while ``due``, as a probe may
outlive its lease: an endpoint whose responses take longer than a lease must be able to come back.
"""
