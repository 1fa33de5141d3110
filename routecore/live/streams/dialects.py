"""The dialects of streams in one table, and the whole stream read at once where its text is all there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from routecore.live.completions import Completion
from routecore.live.error_facts import parsed
from routecore.live.streams import chat, converse, gemini, messages, responses
from routecore.live.streams.seen import Seen
from routecore.live.streams.sse import Decoder

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DONE", "TAKES", "completion_of", "is_stream", "read_text"]

DONE: Final = "[DONE]"
"""What ends a stream of the chat dialect, and of some gateways in others."""

TAKES: Final[dict[str, Callable[[Seen, str | None, dict[Any, Any]], bool]]] = {
    "chat": chat.take,
    "messages": messages.take,
    "responses": responses.take,
    "gemini": gemini.take,
    "converse": converse.take,
}
"""Each dialect's reader of one event."""

_FIRST: Final = (b"data:", b"event:", b": ", b"id:", b"retry:")


def is_stream(body: object) -> bool:
    """Tell whether a body's text is that of a stream of server-sent events.

    >>> is_stream("data: [DONE]"), is_stream(b'{"choices": []}'), is_stream(None)
    (True, False, False)
    """
    head = body[:64].encode("utf-8", "replace") if isinstance(body, str) else bytes(body[:64]) if isinstance(body, (bytes, bytearray)) else b""
    return head.lstrip().startswith(_FIRST)


def completion_of(seen: Seen) -> Completion:
    """Return what was seen of a stream as a completion."""
    parts: tuple[tuple[object, bool], ...] = tuple((reason, seen.has_output) for reason in seen.reasons.values())
    if not parts and (seen.has_output or seen.blocked is None):
        parts = ((None, seen.has_output),)
    return Completion(parts, seen.usage, seen.served_tier, seen.response_id, blocked=seen.blocked)


def read_text(body: str | bytes | bytearray, dialect: str | None) -> Seen:
    """Read the text of a whole stream; without a dialect, in that of its events."""
    decoder, seen = Decoder(), Seen()
    take = None if dialect is None else TAKES[dialect]
    for name, text in (*decoder.feed(body.encode("utf-8", "replace") if isinstance(body, str) else body), *decoder.flush()):
        if text.strip() == DONE:
            seen.ended = True
            continue
        data = parsed(text)[0]
        if isinstance(data, dict):
            take = take or _take_of(name, data)
            seen.has_output = take(seen, name, data) or seen.has_output
    return seen


def _take_of(name: str | None, data: dict[Any, Any]) -> Callable[[Seen, str | None, dict[Any, Any]], bool]:
    sort = data.get("type", name)
    if isinstance(sort, str) and sort.startswith("response."):
        return responses.take
    if "candidates" in data or "usageMetadata" in data or "promptFeedback" in data:
        return gemini.take
    return messages.take if isinstance(sort, str) and "choices" not in data and "object" not in data else chat.take
