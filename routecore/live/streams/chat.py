"""Streams of the chat dialect: chunks with ``choices[].delta``, a last one with ``usage``, then ``[DONE]``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from routecore.live.streams.objects import objects

if TYPE_CHECKING:
    from routecore.live.streams.seen import Seen

__all__ = ["take"]

_SPOKEN = ("content", "tool_calls", "function_call", "reasoning", "reasoning_content", "reasoning_details", "refusal", "audio", "images")


def take(seen: Seen, name: str | None, data: dict[Any, Any]) -> bool:
    """Take one chunk; tell whether it brings output. A role, a filter's result and an empty delta bring none."""
    error = data.get("error")
    if error or data.get("object") == "error" or name == "error":
        seen.take_error(error or data)
    seen.take_names(data.get("id"), data.get("service_tier"))
    seen.take_usage(data.get("usage"))
    groq = data.get("x_groq")
    if isinstance(groq, dict):
        seen.take_usage(groq.get("usage"))
        if groq.get("error"):
            seen.take_error(groq["error"])
    output = False
    for choice in objects(data.get("choices")):
        if choice.get("error"):
            seen.take_error(choice["error"])
        seen.take_reason(choice.get("finish_reason"), choice.get("index"))
        delta = choice.get("delta", choice.get("message"))
        spoken = isinstance(delta, dict) and any(delta.get(key) for key in _SPOKEN)
        output = output or spoken or bool(choice.get("text"))
    return output
