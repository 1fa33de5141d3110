"""Streams of the responses dialect: ``response.…`` events, of which ``completed``, ``incomplete`` and ``failed`` carry the whole response."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from routecore.live.streams.seen import Seen

__all__ = ["take"]

_ENDS = frozenset({"response.completed", "response.incomplete", "response.failed", "response.cancelled"})
_SILENT = frozenset({"message", "reasoning"})
"""Items whose text comes in events of its own."""


def take(seen: Seen, name: str | None, data: dict[Any, Any]) -> bool:
    """Take one event; tell whether it brings output: a delta that is not empty, or an item that is neither text nor thought."""
    sort = data.get("type", name)
    response = data.get("response")
    if isinstance(response, dict):
        seen.take_names(response.get("id"), response.get("service_tier"))
        seen.take_usage(response.get("usage"))
        if sort in _ENDS:
            _end(seen, response)
    if sort == "error" or (sort is None and data.get("error")):
        seen.take_error(data.get("error") or data)
    if not isinstance(sort, str):
        return False
    if sort.endswith(".delta"):
        return bool(data.get("delta"))
    if sort == "response.output_item.added":
        item = data.get("item")
        return isinstance(item, dict) and item.get("type") not in _SILENT
    return False


def _end(seen: Seen, response: dict[Any, Any]) -> None:
    seen.ended = True
    status = response.get("status")
    if response.get("error") or status == "failed":
        seen.take_error(response.get("error") or {"code": "server_error"})
    details = response.get("incomplete_details")
    reason = details.get("reason") if isinstance(details, dict) else None
    seen.take_reason("error" if status in {"failed", "cancelled"} else reason or status)
    seen.has_output = seen.has_output or bool(response.get("output"))
