"""From an HTTP answer to the kind of its outcome. Reads the status, then only as much of the body as decides whose fault it is.

Providers differ in where they put the reason of a 403 or a 404, so the rules ask for evidence in the texts of the error object and not for one
provider's exact form. Where nothing decides, the reading is taken that leaves the caller another attempt.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from routecore.live.kinds import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["classify"]

_OK: Final = range(200, 300)
_LONGEST_BODY: Final = 65_536
_MOST_TEXTS: Final = 32
_CALLER_GONE: Final = 499

_BY_STATUS: Final[dict[int, Kind]] = {
    401: Kind.CREDENTIAL,
    402: Kind.CREDENTIAL,
    408: Kind.SERVER,
    429: Kind.RATE_LIMIT,
    _CALLER_GONE: Kind.CANCELLED,
}

# Phrases, not words: a model's name or a quoted prompt may hold any single word.
_FLAGGED: Final = (
    "flagged", "moderation", "content_filter", "content filter", "content_policy", "content policy", "content management policy",
    "responsibleaipolicy", "safety system", "safety_violation", "prohibited_content", "usage policy", "usage policies",
)  # fmt: skip
_ABOUT_THE_KEY: Final = ("api_key_invalid", "invalid_api_key", "api key not valid", "invalid api key", "incorrect api key", "api key expired")
_ABOUT_AN_ITEM: Final = (
    "previous_response", "response with id", "file_id", "file with id", "no such file", "conversation with id", "vector_store", "vector store",
    "thread with id", "item with id", "batch with id",
)  # fmt: skip


def classify(status: int, body: object = None) -> tuple[Kind, str | None]:
    """Return the kind of an HTTP answer, and the reason in words (``None`` for a success).

    - 2xx: ``success``; ``server`` where the body carries an error or an empty completion without finish reason.
    - 408, 5xx, 1xx and 3xx: ``server``. 429: ``rate_limit``. 401, 402: ``credential``. 499: ``cancelled``.
    - 403: ``moderation`` where the body says that the input was flagged, else ``credential``.
    - 404: ``caller`` where the body names an item of the request's (an earlier response, a file), else ``credential``: the deployment is not there.
    - any other 4xx: ``moderation`` where flagged, ``credential`` where the body says that the key is not valid, else ``caller``.

    ``body`` is the parsed JSON, or its text or bytes (read up to 64 KiB), or ``None`` where unknown (a stream).

    >>> classify(403, {"error": {"message": "Your input was flagged", "code": 403}})
    (<Kind.MODERATION: 'moderation'>, 'HTTP 403: the input was flagged')
    >>> classify(200, {"error": {"message": "upstream overloaded", "code": 502}})[0]
    <Kind.SERVER: 'server'>
    """
    read = _parsed(body)
    if status in _OK:
        return _classify_ok(status, read)
    texts = list(_texts(read))
    if status not in _BY_STATUS and 400 <= status < 500 and _speaks_of(texts, _FLAGGED):
        return Kind.MODERATION, f"HTTP {status}: the input was flagged"
    if status in _BY_STATUS:
        return _BY_STATUS[status], f"HTTP {status}"
    if status == 403:
        return Kind.CREDENTIAL, "HTTP 403: not about the input"
    if status == 404:
        if _speaks_of(texts, _ABOUT_AN_ITEM):
            return Kind.CALLER, "HTTP 404: an item of the request was not found"
        return Kind.CREDENTIAL, "HTTP 404: the deployment was not found"
    if 400 <= status < 500:
        if _speaks_of(texts, _ABOUT_THE_KEY):
            return Kind.CREDENTIAL, f"HTTP {status}: the key is not valid"
        return Kind.CALLER, f"HTTP {status}"
    return Kind.SERVER, f"HTTP {status}"


def _classify_ok(status: int, body: object) -> tuple[Kind, str | None]:
    if not isinstance(body, dict):
        return Kind.SUCCESS, None
    failed = body.get("type") == "error" or body.get("status") == "failed"
    if body.get("error") or failed:
        if _speaks_of(list(_texts(body.get("error"))), _FLAGGED):
            return Kind.MODERATION, f"HTTP {status} that carries an error: the input was flagged"
        return Kind.SERVER, f"HTTP {status} that carries an error"
    for choice in _choices(body):
        error = choice.get("error")
        if error:
            if _speaks_of(list(_texts(error)), _FLAGGED):
                return Kind.MODERATION, f"HTTP {status}: a choice carries an error: the input was flagged"
            return Kind.SERVER, f"HTTP {status}: a choice carries an error"
    if _is_empty(body):
        return Kind.SERVER, f"HTTP {status}: an empty completion without finish reason"
    return Kind.SUCCESS, None


def _choices(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    choices = body.get("choices")
    return [choice for choice in choices if isinstance(choice, dict)] if isinstance(choices, list) else []


def _is_empty(body: Mapping[str, Any]) -> bool:
    """Tell whether a whole response, of any of the three dialects, has neither output nor a finish reason."""
    if "choices" in body:
        return not any(choice.get("finish_reason") or _has_output(choice) for choice in _choices(body))
    if body.get("type") == "message" or ("stop_reason" in body and "content" in body):
        return not body.get("content") and not body.get("stop_reason")
    if body.get("object") == "response":
        return not body.get("output") and not body.get("output_text") and not body.get("status")
    return False


def _has_output(choice: Mapping[str, Any]) -> bool:
    message = choice.get("message")
    if not isinstance(message, dict):
        return bool(choice.get("text"))
    spoken = ("content", "tool_calls", "function_call", "reasoning", "reasoning_content", "reasoning_details", "refusal", "audio", "images")
    return any(message.get(key) for key in spoken)


def _parsed(body: object) -> object:
    if isinstance(body, (bytes, bytearray)):
        body = bytes(body[:_LONGEST_BODY]).decode("utf-8", "replace")
    if isinstance(body, str):
        try:
            return json.loads(body[:_LONGEST_BODY])
        except (ValueError, RecursionError):
            # no JSON, or cut short: the words may still tell
            return body[:_LONGEST_BODY]
    return body


def _texts(value: object) -> Iterator[str]:
    """Give the keys and texts of an error object, breadth first, in lower case; at most 32, so that a hostile body costs little."""
    queue: list[object] = [value]
    found = 0
    for index in range(4 * _MOST_TEXTS):
        if index >= len(queue) or found >= _MOST_TEXTS:
            return
        item = queue[index]
        if isinstance(item, str):
            found += 1
            yield item[:_LONGEST_BODY].lower()
        elif isinstance(item, dict):
            # a filter's own name as a key says little: Azure lists every filter, flagged or not
            queue.extend(list(item.values())[:_MOST_TEXTS])
            if item.get("reasons") and "flagged_input" in item:
                yield "flagged"
        elif isinstance(item, list):
            queue.extend(item[:_MOST_TEXTS])


def _speaks_of(texts: list[str], phrases: tuple[str, ...]) -> bool:
    return any(phrase in text for text in texts for phrase in phrases)
