"""What an error answer says that machines can read: codes, types, the error's own words, and whether another gateway only relays it.

Providers echo what callers send: into messages, into a validation error's ``input``. So only the places are read where providers put words of their own,
never the whole body; and how far a message may be believed is the table's matter (``routecore/live/answers.py``).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["ErrorFacts", "error_facts", "error_in", "parsed"]

_LONGEST_ERROR: Final = 262_144
"""Of a body that is an error so many characters are read: those that tell whose fault it is come first."""
_LONGEST_MESSAGE: Final = 4_096
_LONGEST_CODE: Final = 128
_MOST_LAYERS: Final = 8
_MOST_ENTRIES: Final = 16

STATUS_OF: Final[dict[str, int]] = {
    # OpenAI, Anthropic and those that speak like them
    "rate_limit_exceeded": 429, "rate_limit_error": 429, "rate_limited": 429, "insufficient_quota": 429, "too_many_requests": 429, "tokens": 429,
    "requests": 429, "invalid_api_key": 401, "authentication_error": 401, "permission_error": 403, "permission_denied": 403, "billing_error": 402,
    "not_found_error": 404, "model_not_found": 404, "request_too_large": 413, "timeout_error": 504, "overloaded_error": 529, "api_error": 500,
    "server_error": 500, "internal_error": 500, "internal_server_error": 500, "invalid_request_error": 400, "invalid_prompt": 400, "content_filter": 400,
    "context_length_exceeded": 400, "bio_policy": 400, "misalignment_policy_violation": 400, "image_content_policy_violation": 400, "invalid_image": 400,
    "invalid_image_format": 400, "invalid_base64_image": 400, "invalid_image_url": 400, "image_too_large": 400, "image_too_small": 400,
    "image_parse_error": 400, "invalid_image_mode": 400, "image_file_too_large": 400, "unsupported_image_media_type": 400, "empty_image_file": 400,
    "failed_to_download_image": 400, "image_file_not_found": 400,
    # Google's canonical codes
    "invalid_argument": 400, "failed_precondition": 400, "out_of_range": 400, "unauthenticated": 401, "not_found": 404, "already_exists": 409,
    "aborted": 409, "resource_exhausted": 429, "cancelled": 499, "unknown": 500, "internal": 500, "data_loss": 500, "unimplemented": 501,
    "unavailable": 503, "deadline_exceeded": 504,
    # Bedrock's exceptions
    "validationexception": 400, "servicequotaexceededexception": 400, "accessdeniedexception": 403, "resourcenotfoundexception": 404,
    "modeltimeoutexception": 408, "modelerrorexception": 424, "modelstreamerrorexception": 424, "throttlingexception": 429,
    "modelnotreadyexception": 429, "internalserverexception": 500, "serviceunavailableexception": 503,
}  # fmt: skip
"""The status that an error's code or type stands for, where it comes without one: inside a 200, or mid-stream."""

_RELAYED_TYPES: Final = frozenset({"upstream_error", "provider_error", "bad_response_status_code"})
_RELAYED_WORDS: Final = ("provider returned error", "litellm.", "upstream error")
_WRAPPER: Final = re.compile(
    r"(?:litellm\.\w{1,64}: |\w{1,64}exception(?: \w{1,64})? - |error code: \d{3} - |an error occurred \(\w{1,64}\) when calling the \w{1,64} operation: )*",
    re.IGNORECASE,
)
"""What clients and gateways put before a provider's own words."""


class ErrorFacts(NamedTuple):
    """What an error says. ``codes`` and ``types`` in lower case; ``messages`` the error's own words, innermost first, without what relays put before them.

    ``status``: the inner status, where the error states one of its own. ``objects``: the error objects, outermost first. ``relayed``: it is another's error.
    """

    codes: frozenset[str]
    types: frozenset[str]
    messages: tuple[str, ...]
    status: int | None
    objects: tuple[dict[Any, Any], ...]
    relayed: bool

    def stated_status(self) -> int | None:
        """Return the status that the error states by number or by name; ``None`` where it does neither."""
        if self.status is not None:
            return self.status
        return next((STATUS_OF[word] for word in (*sorted(self.codes), *sorted(self.types)) if word in STATUS_OF), None)


def parsed(body: object, limit: int | None = None) -> tuple[object, bool]:
    """Return a body as parsed JSON where it is text or bytes, and whether it could be read; text that is no JSON comes back as it is.

    ``limit`` cuts text that is longer. Numbers of thousands of digits and nesting beyond the parser's depth cannot be read.

    >>> parsed(b'{"a": 1}'), parsed("{"), parsed(None)
    (({'a': 1}, True), ('{', False), (None, True))
    """
    if isinstance(body, (bytes, bytearray, memoryview)):
        raw = bytes(body if limit is None else body[:limit])
        try:
            body = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            if limit is None:
                return None, False
            body = raw.decode("utf-8", "replace")
    if isinstance(body, str):
        text = body if limit is None else body[:limit]
        try:
            return json.loads(text), True
        except (ValueError, RecursionError):
            return text, False
    return body, True


def error_in(body: object) -> bool:
    """Tell whether a parsed body that came with a good status carries an error all the same."""
    if not isinstance(body, dict):
        return False
    if body.get("error") or body.get("type") == "error" or body.get("object") == "error":
        return True
    if (body.get("object") == "response" and body.get("status") == "failed") or body.get("success") is False:
        return True
    code = body.get("error_code")
    if isinstance(code, (str, int)) and code not in {"", "0", 0}:
        # Baidu's and FastChat's; 0 is no error
        return True
    status = _number(body.get("code")) or _number(body.get("status"))
    return status is not None and isinstance(body.get("message"), str)


def error_facts(body: object, headers: Mapping[str, str]) -> ErrorFacts:
    """Read an error body (parsed, or text) and the headers' exception name. Costs a bounded number of looks, whatever the body is.

    >>> facts = error_facts({"error": {"message": "Rate limit reached", "type": "tokens", "code": "rate_limit_exceeded"}}, {})
    >>> facts.codes, facts.types, facts.messages
    (frozenset({'rate_limit_exceeded'}), frozenset({'tokens'}), ('rate limit reached',))
    """
    codes: set[str] = set()
    types: set[str] = set()
    messages: list[str] = []
    objects: list[dict[Any, Any]] = []
    status: int | None = None
    relayed = False
    exception = headers.get("x-amzn-errortype")
    if exception is not None:
        _add(codes, exception.partition(":")[0])
    for layer in _layers(body):
        if isinstance(layer, str):
            relayed = _say(messages, layer) or relayed
            continue
        objects.append(layer)
        for key in ("code", "status", "reason", "__type"):
            _add(codes, layer.get(key))
        for key in ("type", "error_type"):
            _add(types, layer.get(key))
        # the innermost number counts: a gateway relays another's error under a status of its own
        status = _number(layer.get("code")) or _number(layer.get("status")) or status
        if layer.get("originalStatusCode") is not None:
            codes.add("modelerrorexception")
        metadata = layer.get("metadata")
        if isinstance(metadata, dict):
            _add(types, metadata.get("error_type"))
            if metadata.get("reasons") or "flagged_input" in metadata:
                codes.add("flagged")
            relayed = relayed or bool(metadata.get("raw") or metadata.get("provider_name"))
    codes.discard("error")
    types.discard("error")
    relayed = relayed or not types.isdisjoint(_RELAYED_TYPES) or not codes.isdisjoint(_RELAYED_TYPES)
    return ErrorFacts(frozenset(codes), frozenset(types), tuple(reversed(messages)), status, tuple(objects), relayed)


def _layers(body: object) -> Iterator[dict[Any, Any] | str]:
    """Give an answer's error objects and messages, outermost first: at most eight objects, so that one that holds itself ends too."""
    queue: list[object] = [body[0] if isinstance(body, list) and body else body]
    objects = 0
    while queue:
        item = queue.pop(0)
        if isinstance(item, str):
            inner = parsed(item, _LONGEST_ERROR)[0] if item.lstrip()[:1] in {"{", "["} else None
            if isinstance(inner, (dict, list)) and objects < _MOST_LAYERS:
                queue.insert(0, inner[0] if isinstance(inner, list) and inner else inner)
            else:
                yield item
        elif isinstance(item, dict) and objects < _MOST_LAYERS:
            objects += 1
            yield item
            queue[:0] = _inside(item)


def _inside(layer: dict[Any, Any]) -> list[object]:
    """Return where an error object may hold a message or another error."""
    found: list[object] = [layer.get("message"), layer.get("error"), layer.get("innererror"), layer.get("inner_error")]
    response = layer.get("response")
    if isinstance(response, dict) and "error" in response:
        # the last event of a Responses stream
        found.append(response["error"])
    for key in ("details", "errors", "detail"):
        entries = layer.get(key)
        if isinstance(entries, str):
            found.append(entries)
        elif isinstance(entries, list):
            # of a validation error only what the validator says, never the ``input`` that it shows
            found.extend(_said(entry) for entry in entries[:_MOST_ENTRIES])
    metadata = layer.get("metadata")
    if isinstance(metadata, dict):
        found.append(metadata.get("raw"))
    return found


def _said(entry: object) -> object:
    if not isinstance(entry, dict):
        return entry if isinstance(entry, str) else None
    return {key: entry[key] for key in ("reason", "code", "type", "message") if isinstance(entry.get(key), str)} | (
        {"message": entry["msg"]} if isinstance(entry.get("msg"), str) else {}
    )


def _say(messages: list[str], text: str) -> bool:
    """Take a message without what relays put before it; tell whether a relay put something there."""
    words = text[:_LONGEST_MESSAGE].strip().replace("’", "'")
    start = _WRAPPER.match(words)
    own = words[start.end() :] if start is not None else words
    if own and len(messages) < _MOST_ENTRIES:
        messages.append(own.lower())
    return words.lower().startswith(_RELAYED_WORDS)


def _add(found: set[str], value: object) -> None:
    """Take a code, without a namespace: text, or a number that is no HTTP status."""
    if isinstance(value, int) and not isinstance(value, bool) and 600 <= value < 10**9:
        value = str(value)
    if isinstance(value, str) and 0 < len(value) <= _LONGEST_CODE and not (len(value) == 3 and value.isdigit()) and len(found) < 64:
        found.add(value.rpartition("#")[2].strip().lower())


def _number(value: object) -> int | None:
    """Return a number that is an HTTP status of an error, else ``None``."""
    if isinstance(value, str) and len(value) == 3 and value.isascii() and value.isdigit():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 400 <= value <= 599:
        return value
    return None
