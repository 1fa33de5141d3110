"""From an HTTP answer to an outcome's fields: is it a completion, and if not, whose fault is it.

A good status is looked at for what it brings (``completions``); everything else for what it says (``error_facts``), by the table (``answers``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from routecore.cost.insurance import is_insured
from routecore.errors import Fault, InvalidUsage, OutcomeError
from routecore.live.answers import DEFAULT
from routecore.live.completions import DIALECTS, dialect_of, has_result, read_completion
from routecore.live.error_facts import error_facts, error_in, parsed
from routecore.live.kinds import KINDS, Kind
from routecore.live.streams.dialects import completion_of, is_stream, read_text
from routecore.live.waits import headers_of, stated_wait
from routecore.usage.counts import Usage

if TYPE_CHECKING:
    from routecore.live.answers import Answers
    from routecore.live.completions import Completion

__all__ = ["ended", "judge", "stated"]

GENERATION: Final = "generation"
LONGEST_NAME: Final = 1_024
_LONGEST_ERROR: Final = 262_144
_NO_COMPLETION: Final = "no completion"


def judge(
    status: object, headers: object, body: object, dialect: object, kind: object, *, answers: Answers = DEFAULT, unix_now: float | None = None
) -> dict[str, Any]:
    """Return the fields of the outcome of an HTTP answer, ``kind`` among them. Raises ``OutcomeError`` for a status, dialect or kind that is none."""
    faults = []
    if isinstance(status, bool) or not isinstance(status, int) or not 100 <= status <= 599:
        faults.append(Fault("status", status, "an HTTP status from 100 to 599"))
    if dialect is not None and not (isinstance(dialect, str) and dialect in DIALECTS):
        faults.append(Fault("dialect", dialect, f"one of {', '.join(DIALECTS)}"))
    if not (isinstance(kind, str) and kind):
        faults.append(Fault("kind", kind, "text such as 'generation' or 'embeddings'"))
    if faults:
        raise OutcomeError(faults)
    assert isinstance(status, int)
    assert isinstance(dialect, str | None)
    assert isinstance(kind, str)
    if 200 <= status < 300:
        found = {"status": status, **_good(status, headers, body, dialect, kind, answers, unix_now)}
    else:
        found = _error(status, headers, parsed(body, _LONGEST_ERROR)[0], answers, unix_now, f"HTTP {status}")
    return found


def _error(status: int, headers: object, body: object, answers: Answers, unix_now: float | None, what: str) -> dict[str, Any]:
    """Return the fields for an error that is to be read as ``status``, or as the inner one where it is relayed or came with a good status."""
    named = headers_of(headers)
    facts = error_facts(body, named)
    read_as = status
    if 200 <= status < 300:
        read_as = facts.stated_status() or 500
    elif facts.relayed and facts.status is not None:
        read_as = facts.status
    rule = answers.rule(read_as, facts)
    found: dict[str, Any] = {
        "kind": rule.kind, "status": status, "rule": rule.name, "cools": rule.cools, "context_exceeded": rule.context, "detail": f"{what}: {rule.name}",
    }  # fmt: skip
    if KINDS[rule.kind].event is not None:
        message = facts.messages[0] if rule.kind is Kind.RATE_LIMIT and facts.messages else None
        found["retry_after_seconds"], found["problem"] = stated_wait(named, facts.objects, message, unix_now=unix_now)
    return found


def _good(status: int, headers: object, body: object, dialect: str | None, kind: str, answers: Answers, unix_now: float | None) -> dict[str, Any]:
    if body is None:
        return {"kind": Kind.SUCCESS}
    if is_stream(body):
        assert isinstance(body, (str, bytes, bytearray))
        return _streamed(status, headers, body, dialect, answers, unix_now)
    read, readable = parsed(body)
    if isinstance(read, list):
        # Gemini answers in lists: a stream that is not one of events, and errors
        entries = [entry for entry in read[:4_096] if isinstance(entry, dict)]
        failed = next((entry for entry in entries if error_in(entry)), None)
        if failed is None and kind != GENERATION and read:
            return {"kind": Kind.SUCCESS}
        read = failed if failed is not None else _joined(entries)
    if not readable or not isinstance(read, dict) or not read:
        return _none(status, "no JSON object" if not readable or not isinstance(read, dict) else "an empty object")
    if error_in(read):
        return _error(status, headers, read, answers, unix_now, f"HTTP {status} that carries an error")
    if kind != GENERATION:
        return {"kind": Kind.SUCCESS, **stated(None, read)} if has_result(read, kind) else _none(status, f"no result of {kind}")
    known = dialect_of(read)
    if dialect is not None and known != dialect:
        return _none(status, f"no answer of dialect {dialect}")
    if known is None:
        reason = read.get("finish_reason")
        if isinstance(reason, str) and is_insured(reason, GENERATION, has_output=True):
            return {**_none(status, "the finish reason says so"), **stated(None, read)}
        return {"kind": Kind.SUCCESS, **stated(None, read)}
    completion = read_completion(read, known)
    if completion.error:
        error = completion.error if isinstance(completion.error, dict) else {"message": completion.error}
        return _error(status, headers, {"error": error}, answers, unix_now, f"HTTP {status} with an error in a choice")
    return ended(status, completion, answers)


def _streamed(status: int, headers: object, body: str | bytes | bytearray, dialect: str | None, answers: Answers, unix_now: float | None) -> dict[str, Any]:
    """Judge a stream whose whole text is there."""
    seen = read_text(body, dialect)
    if seen.error is not None:
        return _error(status, headers, seen.error, answers, unix_now, f"HTTP {status} with an error in its stream")
    if not seen.ended and not seen.reasons and seen.blocked is None:
        return _none(status, "the stream was cut before it said that it ends")
    return ended(status, completion_of(seen), answers)


def _joined(entries: list[dict[Any, Any]]) -> dict[Any, Any] | None:
    """Return a list of chunks as one answer: what each brings, and what the last says of the whole."""
    if not entries or not all(dialect_of(entry) == "gemini" for entry in entries):
        return None
    candidates = [one for entry in entries for one in entry.get("candidates") or () if isinstance(one, dict)]
    return {**{key: value for entry in entries for key, value in entry.items()}, "candidates": candidates}


def ended(status: int, completion: Completion, answers: Answers) -> dict[str, Any]:
    """Judge a completion by how it ended: no success where the bill insures it, or where an operator says so."""
    says = stated(completion, {})
    usage = says.get("usage")
    if not completion.parts:
        if completion.blocked:
            return {"kind": Kind.MODERATION, "rule": "prompt_blocked", "detail": f"HTTP {status}: the prompt was blocked", **says}
        return {**_none(status, "nothing in it"), **says}
    ended = [(reason if isinstance(reason, str) else None, output or (usage is not None and usage.has_output)) for reason, output in completion.parts]
    if all(is_insured(reason, GENERATION, has_output=output) for reason, output in ended):
        reasons = {reason for reason, _ in ended if reason}
        return {**_none(status, "the finish reason says so" if reasons else "no output and no finish reason"), **says}
    for reason, _ in ended:
        rule = None if reason is None else answers.finish_rule(reason)
        if rule is not None:
            return {
                "kind": rule.kind, "rule": rule.name, "cools": rule.cools, "context_exceeded": rule.context,
                "detail": f"HTTP {status}: {rule.name}", **says,
            }  # fmt: skip
    return {"kind": Kind.SUCCESS, **says}


def _none(status: int, why: str) -> dict[str, Any]:
    return {"kind": Kind.SERVER, "rule": "no_completion", "detail": f"HTTP {status} that is {_NO_COMPLETION}: {why}"}


def stated(completion: Completion | None, body: dict[Any, Any]) -> dict[str, Any]:
    """Return what an answer says of itself: usage, tier, finish reason, id; what is not in the form that it should be is left out."""
    found: dict[str, Any] = {}
    usage = body.get("usage") if completion is None else completion.usage
    if isinstance(usage, dict) and usage:
        try:
            found["usage"] = Usage.parse(usage)
            found["output_tokens"] = found["usage"].completion_tokens
        except InvalidUsage:
            found["problem"] = "the usage cannot be read"
    if completion is None:
        return found
    reasons = [reason for reason, _ in completion.parts if isinstance(reason, str)]
    named = (("finish_reason", reasons[0] if reasons else None), ("served_tier", completion.served_tier), ("response_id", completion.response_id))
    found.update((name, value) for name, value in named if isinstance(value, str) and 0 < len(value) <= LONGEST_NAME)
    if completion.tool_calls_valid is not None:
        found["tool_calls_valid"] = completion.tool_calls_valid
    return found
