"""The answer to a caller whom nothing served: the right status, the shortest wait, and no word of any upstream's."""

from __future__ import annotations

import json
from math import ceil
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from routecore.errors import Fault, InvalidRequest
from routecore.live.kinds import FAILURES, Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from routecore.live.outcome import Outcome
    from routecore.routing.attempt import Attempt

__all__ = ["failure", "failure_event"]

DIALECTS: Final = ("chat", "messages", "responses")


class _Words(NamedTuple):
    """What a status is called: an error's type, and a message."""

    type: str
    message: str


_WORDS: Final = {
    400: _Words("invalid_request_error", "The request cannot be served as it is."),
    401: _Words("authentication_error", "Your own key was refused by the provider."),
    402: _Words("billing_error", "Your own account at the provider is out of credit."),
    403: _Words("permission_error", "The request was refused."),
    404: _Words("not_found_error", "What was asked for was not found."),
    413: _Words("request_too_large", "The request is too large."),
    429: _Words("rate_limit_error", "Every provider of this model is rate limited at the moment."),
    499: _Words("api_error", "The request was cancelled."),
    502: _Words("api_error", "No provider of this model accepted the gateway's credentials."),
    503: _Words("api_error", "No provider of this model could answer at the moment."),
    504: _Words("timeout_error", "No provider of this model answered in time."),
}
_MESSAGES: Final = {
    Kind.UNSUITABLE: "The request does not fit any endpoint of this model.",
    Kind.MODERATION: "The input was flagged.",
    Kind.CALLER: "The request is at fault; no other endpoint would change that.",
    Kind.GATEWAY: "The gateway could not send the request.",
}
_TOO_LONG: Final = "The prompt is longer than any endpoint of this model takes."
_RETRYABLE: Final = frozenset({429, 503, 504})


class _Judged(NamedTuple):
    status: int
    kind: Kind
    code: str
    message: str


def _judge(outcomes: Sequence[tuple[Attempt, Outcome]], *, cancelled: bool, out_of_time: bool) -> _Judged:
    """Choose the outcome that the caller is told: the last one that stopped the run, else what all of them come to."""
    if cancelled:
        return _Judged(499, Kind.CANCELLED, "cancelled", _WORDS[499].message)
    lost = [(attempt, outcome) for attempt, outcome in outcomes if outcome.kind is not Kind.CANCELLED]
    if lost and lost[-1][1].kind in {Kind.CALLER, Kind.MODERATION, Kind.GATEWAY}:
        return _own(lost[-1][1])
    if out_of_time:
        return _Judged(504, Kind.TIMEOUT, "timeout", _WORDS[504].message)
    kinds = {outcome.kind for _, outcome in lost}
    passing = kinds & FAILURES
    if passing:
        status, kind = (429, Kind.RATE_LIMIT) if passing == {Kind.RATE_LIMIT} else (504, Kind.TIMEOUT) if passing == {Kind.TIMEOUT} else (503, Kind.SERVER)
        return _Judged(status, kind, str(kind), _WORDS[status].message)
    for kind in (Kind.MODERATION, Kind.UNSUITABLE):
        told = next((outcome for _, outcome in reversed(lost) if outcome.kind is kind), None)
        if told is not None:
            return _own(told)
    refused = next((outcome for attempt, outcome in lost if outcome.kind is Kind.CREDENTIAL and attempt.key_id is not None), None)
    if refused is not None:
        status = _stated(refused, 401)
        return _Judged(status, Kind.CREDENTIAL, "credential", _WORDS.get(status, _WORDS[401]).message)
    if Kind.CREDENTIAL in kinds:
        return _Judged(502, Kind.CREDENTIAL, "credential", _WORDS[502].message)
    return _Judged(503, Kind.SERVER, "server", _WORDS[503].message)


def _own(outcome: Outcome) -> _Judged:
    """Return how a caller is told of what is his own, nobody's or the gateway's."""
    kind = outcome.kind
    if kind is Kind.UNSUITABLE:
        code = "context_length_exceeded" if outcome.context_exceeded else "unsuitable"
        return _Judged(400, kind, code, _TOO_LONG if outcome.context_exceeded else _MESSAGES[kind])
    if kind is Kind.MODERATION:
        return _Judged(_stated(outcome, 403), kind, "content_filter", _MESSAGES[kind])
    return _Judged(_stated(outcome, 400 if kind is Kind.CALLER else 503), kind, "invalid_request" if kind is Kind.CALLER else "gateway", _MESSAGES[kind])


def _stated(outcome: Outcome, default: int) -> int:
    """Return an outcome's status where it is an error's: one that stood inside a 200 has none."""
    return outcome.status if outcome.status is not None and 400 <= outcome.status <= 599 else default


def _wait(outcomes: Sequence[tuple[Attempt, Outcome]]) -> float | None:
    waits = [outcome.retry_after_seconds for _, outcome in outcomes if outcome.kind in FAILURES]
    return min((wait for wait in waits if wait is not None and wait > 0), default=None)


def _error(judged: _Judged) -> dict[str, Any]:
    words = _WORDS.get(judged.status) or _WORDS[400 if judged.status < 500 else 503]
    return {"message": judged.message, "type": words.type, "param": None, "code": judged.code}


def _check(dialect: object) -> None:
    if dialect not in DIALECTS:
        raise InvalidRequest([Fault("dialect", dialect, f"one of {', '.join(DIALECTS)}")])


def failure(
    outcomes: Sequence[tuple[Attempt, Outcome]], dialect: str, *, cancelled: bool = False, out_of_time: bool = False
) -> tuple[int, dict[str, str], dict[str, Any]]:
    """Return status, headers and body for a caller whom none of the attempts served.

    - The caller's own fault and flagged input keep their status; what fits no endpoint is 400.
    - A shared key's 401, 402 or 403 is 502, as it is none of the caller's; a caller's own key's passes.
    - 429 where every failure that may pass is a rate limit, 504 where each is a timeout or the deadline is over, else 503.

    Args:
        outcomes: Every attempt that ended, with its outcome, in that order.
        dialect: ``chat``, ``messages`` or ``responses``.
        cancelled: The caller has left (499).
        out_of_time: The deadline is over.

    Raises:
        InvalidRequest: The dialect is none of these.
    """
    _check(dialect)
    judged = _judge(outcomes, cancelled=cancelled, out_of_time=out_of_time)
    headers = {"x-should-retry": "true" if judged.status in _RETRYABLE else "false"}
    wait = _wait(outcomes)
    if wait is not None and judged.status in _RETRYABLE:
        headers["retry-after"] = str(max(ceil(wait), 1))
        headers["retry-after-ms"] = str(ceil(wait * 1_000))
    error = _error(judged)
    if dialect == "messages":
        return judged.status, headers, {"type": "error", "error": {"type": error["type"], "message": error["message"]}}
    return judged.status, headers, {"error": error}


def failure_event(outcomes: Sequence[tuple[Attempt, Outcome]], dialect: str, *, cancelled: bool = False, out_of_time: bool = False) -> bytes:
    """Return the same as an event for a stream that is open already. Arguments and errors as ``failure``'s."""
    _check(dialect)
    error = _error(_judge(outcomes, cancelled=cancelled, out_of_time=out_of_time))
    if dialect == "chat":
        return f"data: {json.dumps({'error': error})}\n\n".encode()
    if dialect == "messages":
        return f"event: error\ndata: {json.dumps({'type': 'error', 'error': {'type': error['type'], 'message': error['message']}})}\n\n".encode()
    told = {"type": "error", "code": error["code"], "message": error["message"], "param": None, "sequence_number": 0, "error": error}
    return f"event: error\ndata: {json.dumps(told)}\n\n".encode()
