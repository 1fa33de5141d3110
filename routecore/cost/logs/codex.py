"""Codex's session files: one JSON object a line, the model in the context of each turn, the usage in events of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Codex", "is_codex"]

_TYPES: Final = frozenset({"session_meta", "turn_context", "event_msg", "response_item", "compacted", "world_state", "token_usage_record"})
_COUNTS: Final = ("input_tokens", "cached_input_tokens", "cache_write_input_tokens", "output_tokens", "reasoning_output_tokens", "total_tokens")


def is_codex(row: Mapping[Any, Any]) -> bool:
    """Tell whether ``row`` is a line of a session file."""
    return row.get("type") in _TYPES and isinstance(row.get("payload"), dict)


class Codex:
    """Reads one session: remembers its model, its provider and its running total."""

    __slots__ = ("_model", "_provider", "_total")

    def __init__(self) -> None:
        self._model: object = None
        self._provider: object = "openai"
        self._total: dict[str, Any] | None = None

    def row_of(self, row: Mapping[Any, Any]) -> dict[str, Any] | None:
        """Return the row to price, ``None`` for a line without a usage, or with one that was told before.

        >>> session = Codex()
        >>> session.row_of({"type": "turn_context", "payload": {"model": "gpt-5"}})
        >>> usage = {"input_tokens": 30, "cached_input_tokens": 20, "output_tokens": 5}
        >>> event = {"type": "event_msg", "payload": {"type": "token_count", "info": {"last_token_usage": usage, "total_token_usage": usage}}}
        >>> session.row_of(event)["model"], session.row_of(event)
        ('gpt-5', None)
        """
        payload = row["payload"]
        if payload.get("model_provider"):
            self._provider = payload["model_provider"]
        if payload.get("model"):
            self._model = payload["model"]
        # the record of one response, by its id, where the file has them
        if row["type"] == "token_usage_record":
            return self._row(row, payload.get("usage"), payload.get("response_id"))
        info = payload.get("info")
        if payload.get("type") != "token_count" or not isinstance(info, dict):
            return None
        total, last = info.get("total_token_usage"), info.get("last_token_usage")
        before = self._total
        if isinstance(total, dict):
            if total == before:
                # limits that changed are told with the same counts once more
                return None
            self._total = total
        if last is None and isinstance(total, dict):
            last = _difference(total, before or {})
        return self._row(row, last, None)

    def _row(self, row: Mapping[Any, Any], usage: object, response_id: object) -> dict[str, Any]:
        return {
            "id": response_id, "model": self._model, "provider": self._provider, "usage": usage, "usage_format": "codex", "finish_reason": "stop",
            "time_utc": row.get("timestamp"),
        }  # fmt: skip


def _difference(total: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """Return the usage of one turn from running totals; what is no number stays, for the reader of usages to refuse."""
    return {
        key: total[key] - before[key] if type(total[key]) is int and type(before.get(key)) is int else total[key] for key in _COUNTS if key in total
    }  # fmt: skip
