"""The kinds of outcome: what each says, whose fault it is, what comes next, and what it does to health. One row a kind, in ``KINDS``."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

from routecore.live.health_table import Event

__all__ = ["COOLS", "FAILURES", "KINDS", "NEUTRAL", "Action", "Among", "Kind", "KindRow", "Whose"]


class Kind(StrEnum):
    """How a try of an attempt ended. The values are the wire's.

    >>> Kind("rate_limit") is Kind.RATE_LIMIT
    True
    """

    SUCCESS = "success"
    CONNECTION = "connection"
    TIMEOUT = "timeout"
    SERVER = "server"
    RATE_LIMIT = "rate_limit"
    CREDENTIAL = "credential"
    UNSUITABLE = "unsuitable"
    MODERATION = "moderation"
    CALLER = "caller"
    CANCELLED = "cancelled"
    GATEWAY = "gateway"


class Whose(StrEnum):
    """Whose fault an outcome is. Only an ``endpoint`` or a ``key`` cools; what is nobody's, the caller's or the gateway's own leaves no trace."""

    NOBODY = "nobody"
    ENDPOINT = "endpoint"
    KEY = "key"
    CALLER = "caller"
    GATEWAY = "gateway"


class Action(StrEnum):
    """``done``: served. ``next``: try another attempt of the plan now. ``retry``: one again, after a wait. ``stop``: answer the caller with the error."""

    DONE = "done"
    NEXT = "next"
    RETRY = "retry"
    STOP = "stop"


class Among(StrEnum):
    """Which of the attempts that are left an outcome leaves worth a try."""

    ANY = "any"
    OTHER_ENDPOINT = "other_endpoint"
    """Not the same endpoint with another key: the request does not fit there."""
    OTHER_MODEL = "other_model"
    """Not the same model elsewhere: its hosts look at the same input in the same way."""


class KindRow(NamedTuple):
    """One row: a kind, what it means, whose fault it is, what to do while suitable attempts are left (``left``, of those ``among``) and when none is
    (``exhausted``), why in words, OpenTelemetry's ``error.type`` (``None`` for a success), and the event it is to health (``None``: none at all).
    """  # noqa: D205 - the columns are the sentence

    kind: Kind
    meaning: str
    whose: Whose
    left: Action
    among: Among
    exhausted: Action
    reason: str
    error_type: str | None
    event: Event | None


_ROWS: Final = (
    KindRow(
        Kind.SUCCESS, "a completion was served",
        Whose.NOBODY, Action.DONE, Among.ANY, Action.DONE, "served", None, Event.SUCCESS,
    ),
    KindRow(
        Kind.CONNECTION, "no connection, or it broke",
        Whose.ENDPOINT, Action.NEXT, Among.ANY, Action.RETRY, "no connection", "connection", Event.FAILURE,
    ),
    KindRow(
        Kind.TIMEOUT, "the gateway gave up waiting",
        Whose.ENDPOINT, Action.NEXT, Among.ANY, Action.RETRY, "no answer in time", "timeout", Event.FAILURE,
    ),
    KindRow(
        Kind.SERVER, "the provider failed, or answered with what is no completion",
        Whose.ENDPOINT, Action.NEXT, Among.ANY, Action.RETRY, "the provider failed", "500", Event.FAILURE,
    ),
    KindRow(
        Kind.RATE_LIMIT, "too many requests or tokens",
        Whose.ENDPOINT, Action.NEXT, Among.ANY, Action.RETRY, "rate limited", "429", Event.RATE_LIMIT,
    ),
    KindRow(
        Kind.CREDENTIAL, "the key is bad, out of credit, or may not use this deployment",
        Whose.KEY, Action.NEXT, Among.ANY, Action.STOP, "the key was refused", "401", Event.CREDENTIAL,
    ),
    KindRow(
        Kind.UNSUITABLE, "this request does not fit this endpoint",
        Whose.NOBODY, Action.NEXT, Among.OTHER_ENDPOINT, Action.STOP, "the request does not fit this endpoint", "unsuitable", None,
    ),
    KindRow(
        Kind.MODERATION, "the input was flagged",
        Whose.CALLER, Action.NEXT, Among.OTHER_MODEL, Action.STOP, "the input was flagged", "403", None,
    ),
    KindRow(
        Kind.CALLER, "the request itself is at fault",
        Whose.CALLER, Action.STOP, Among.ANY, Action.STOP, "the request is at fault: no other endpoint would change that", "400", None,
    ),
    KindRow(
        Kind.CANCELLED, "the caller went away, or a hedge lost its race",
        Whose.CALLER, Action.STOP, Among.ANY, Action.STOP, "the caller went away", "cancelled", None,
    ),
    KindRow(
        Kind.GATEWAY, "the gateway's own: no free connection, a spent budget",
        Whose.GATEWAY, Action.STOP, Among.ANY, Action.STOP, "the gateway itself could not send the request", "gateway", None,
    ),
)  # fmt: skip

KINDS: Final = {row.kind: row for row in _ROWS}
"""Every kind's row. Steps, health, windows, metrics and the documentation look nothing else up: a new kind is a member above and a row here."""

COOLS: Final = ("key", "attempt", "nothing")
"""What an answer may cool where that is not its kind's usual."""

FAILURES: Final = frozenset(row.kind for row in _ROWS if row.event in {Event.FAILURE, Event.RATE_LIMIT})
"""Kinds that count against the endpoint's success rate. A bad credential is the key's fault, not the endpoint's."""

NEUTRAL: Final = frozenset(row.kind for row in _ROWS if row.event is None)
"""Kinds that say nothing about the endpoint: they change no health and no statistics."""
