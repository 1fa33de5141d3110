"""The short way to the counts of the usual bodies: each number is read once; anything unusual is left to the careful way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from routecore.reading.checks import INTEGER_LIMIT
from routecore.usage.fields import TAIL
from routecore.usage.stated import USUAL

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SHORT_WAYS"]

# all that the short way reads, or may pass over; a body with any other key takes the careful way, which tells what nobody has read
_CHAT_KEYS: Final = frozenset({
    "prompt_tokens", "completion_tokens", "total_tokens", "prompt_tokens_details", "completion_tokens_details", "cost", "cost_details", "is_byok",
    "prompt_cache_miss_tokens", "queue_time", "prompt_time", "completion_time", "total_time",
})  # fmt: skip
_MESSAGES_KEYS: Final = frozenset({
    "input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "cache_creation", "service_tier", "inference_geo", "speed",
})  # fmt: skip
_NO_EFFECT: Final = frozenset({"text_tokens", "accepted_prediction_tokens", "rejected_prediction_tokens"})


def _short_chat(body: dict[str, Any]) -> tuple[Any, ...] | None:  # noqa: C901, PLR0912 - the short way is short because it is one function
    """Return the counts of an ordinary chat body, or ``None`` where anything asks for the careful way."""
    prompt, completion = body.get("prompt_tokens"), body.get("completion_tokens")
    if type(prompt) is not int or type(completion) is not int:
        return None
    cached = written = reasoning = 0
    known = 2
    total = body.get("total_tokens")
    if total is not None:
        # one that is more than its parts tells of something
        if total != prompt + completion:
            return None
        known = 3
    details = body.get("prompt_tokens_details")
    if details is not None:
        known += 1
        if type(details) is not dict:
            return None
        for key, value in details.items():
            if value is None:
                continue
            if type(value) is not int:
                return None
            if value:
                if key == "cached_tokens":
                    cached = value
                elif key == "cache_write_tokens":
                    written = value
                elif key not in _NO_EFFECT:
                    return None
    details = body.get("completion_tokens_details")
    if details is not None:
        known += 1
        if type(details) is not dict:
            return None
        for key, value in details.items():
            if value is None:
                continue
            if type(value) is not int:
                return None
            if value:
                if key == "reasoning_tokens":
                    reasoning = value
                elif key not in _NO_EFFECT:
                    return None
    # more keys than were read: either all of them may be passed over, or somebody has to look; and a bill may be stated to be another's
    if len(body) != known and (not _CHAT_KEYS.issuperset(body) or body.get("is_byok")):
        return None
    text, text_out = prompt - cached - written, completion - reasoning
    # negative anywhere, or past the wire's integers: the careful way says so
    if text < 0 or text_out < 0 or cached < 0 or written < 0 or reasoning < 0 or prompt >= INTEGER_LIMIT or completion >= INTEGER_LIMIT:
        return None
    return (text, cached, 0, 0, written, 0, 0, 0, 0, text_out, reasoning) + TAIL  # noqa: RUF005 - a third faster


def _short_anthropic(body: dict[str, Any]) -> tuple[Any, ...] | None:
    """Return the counts of an ordinary messages body, or ``None`` where anything asks for the careful way."""
    get = body.get
    text, out = get("input_tokens"), get("output_tokens")
    cached, written = get("cache_read_input_tokens"), get("cache_creation_input_tokens")
    if type(text) is not int or type(out) is not int or type(cached) is not int or type(written) is not int:
        return None
    parts = get("cache_creation")
    # more keys than are read here: all of them may be passed over, if what they state is the usual, or somebody has to look
    if len(body) != (4 if parts is None else 5) and not _is_usual(body):
        return None
    hour = 0
    if parts is not None:
        if type(parts) is not dict:
            return None
        five, hour = parts.get("ephemeral_5m_input_tokens", 0), parts.get("ephemeral_1h_input_tokens", 0)
        if type(five) is not int or type(hour) is not int or five < 0 or five + hour > written:
            return None
    if text < 0 or out < 0 or cached < 0 or hour < 0 or written < hour or text + cached + written >= INTEGER_LIMIT or out >= INTEGER_LIMIT:
        return None
    return (text, cached, 0, 0, written - hour, hour, 0, 0, 0, out, 0) + TAIL  # noqa: RUF005 - a third faster


def _is_usual(body: dict[str, Any]) -> bool:
    if not _MESSAGES_KEYS.issuperset(body):
        return False
    try:
        return body.get("service_tier") in USUAL and body.get("inference_geo") in USUAL and body.get("speed") in USUAL
    except TypeError:
        # a list where a word belongs states nothing, and the careful way knows
        return False


def _short_any(body: dict[str, Any]) -> tuple[Any, ...] | None:
    """Recognise the two commonest dialects by a key that no other has."""
    if "prompt_tokens" in body:
        return _short_chat(body)
    # input_tokens_details would make it the other dialect, whose total includes the cache
    if "cache_read_input_tokens" in body and "input_tokens_details" not in body and "input_token_details" not in body:
        return _short_anthropic(body)
    return None


SHORT_WAYS: Final[dict[str | None, Callable[[dict[str, Any]], tuple[Any, ...] | None]]] = {
    None: _short_any, "openai_chat": _short_chat, "platform": _short_chat, "infron": _short_chat, "anthropic": _short_anthropic,
}  # fmt: skip
"""Format, or ``None`` for a body whose format was not told, to the way that reads it: all counts in order, or ``None``."""
