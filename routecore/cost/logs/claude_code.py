"""Claude Code's transcripts: one JSON object a line, an assistant's message once for each of its content blocks, all with the message's id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["is_claude_code", "row_of"]

_TYPES: Final = frozenset({"user", "assistant", "system", "summary", "progress", "attachment"})
_MARKS: Final = frozenset({"sessionId", "uuid", "leafUuid", "parentUuid", "snapshot"})
_SYNTHETIC: Final = "<synthetic>"


def is_claude_code(row: Mapping[Any, Any]) -> bool:
    """Tell whether ``row`` is a line of a transcript."""
    return "payload" not in row and not _MARKS.isdisjoint(row) and (row.get("type") in _TYPES or not {"message", "leafUuid", "snapshot"}.isdisjoint(row))


def row_of(row: Mapping[Any, Any]) -> dict[str, Any] | None:
    """Return the row to price, ``None`` for a line that is no answer of a model: what was typed, a summary, an error that the client made up.

    >>> row_of({"type": "assistant", "sessionId": "s", "message": {"id": "msg_1", "model": "claude-x", "usage": {"input_tokens": 2, "output_tokens": 1}}})["id"]
    'msg_1'
    """
    message = row.get("message")
    if row.get("type") not in {"assistant", None} or not isinstance(message, dict) or "usage" not in message:
        return None
    model = message.get("model")
    if model == _SYNTHETIC or row.get("isApiErrorMessage") is True:
        return None
    return {
        "id": message.get("id"), "model": model, "provider": "anthropic", "usage": message["usage"], "usage_format": "anthropic",
        "stop_reason": message.get("stop_reason"), "time_utc": row.get("timestamp"), "cost": row.get("costUSD"),
    }  # fmt: skip
