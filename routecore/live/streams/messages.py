"""Streams of the messages dialect: ``message_start`` with the prompt's usage, blocks, ``message_delta`` with the reason and what was written, ``message_stop``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from routecore.live.streams.seen import Seen

__all__ = ["take"]


def take(seen: Seen, name: str | None, data: dict[Any, Any]) -> bool:
    """Take one event; tell whether it brings output. Pings, signatures and the start of a block of text bring none."""
    sort = data.get("type", name)
    if sort == "message_start":
        message = data.get("message")
        if isinstance(message, dict):
            usage = message.get("usage")
            seen.take_names(message.get("id"), usage.get("service_tier") if isinstance(usage, dict) else None)
            seen.take_usage(usage)
            seen.take_reason(message.get("stop_reason"))
    elif sort == "message_delta":
        delta, usage = data.get("delta"), data.get("usage")
        seen.take_usage(usage)
        seen.take_names(None, usage.get("service_tier") if isinstance(usage, dict) else None)
        if isinstance(delta, dict):
            seen.take_reason(delta.get("stop_reason"))
    elif sort == "message_stop":
        seen.ended = True
    elif sort == "error" or (sort is None and data.get("error")):
        seen.take_error(data.get("error") or data)
    elif sort == "content_block_start":
        block = data.get("content_block")
        return isinstance(block, dict) and (block.get("type") not in {"text", "thinking"} or bool(block.get("text") or block.get("thinking")))
    elif sort == "content_block_delta":
        delta = data.get("delta")
        return isinstance(delta, dict) and any(delta.get(key) for key in ("text", "thinking", "partial_json", "citation"))
    return False
