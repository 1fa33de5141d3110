"""Streams of Gemini: whole answers in small pieces, each with the usage so far. No event says that the stream ends; a finish reason does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from routecore.live.streams.objects import objects

if TYPE_CHECKING:
    from routecore.live.streams.seen import Seen

__all__ = ["take"]


def take(seen: Seen, name: str | None, data: dict[Any, Any]) -> bool:  # noqa: ARG001 - every dialect's signature
    """Take one piece; tell whether it brings output. A part that holds nothing but a signature brings none."""
    if data.get("error"):
        seen.take_error(data["error"])
    seen.take_names(data.get("responseId", data.get("response_id")), None)
    seen.take_usage(data.get("usageMetadata", data.get("usage_metadata")))
    feedback = data.get("promptFeedback", data.get("prompt_feedback"))
    if isinstance(feedback, dict):
        seen.blocked = feedback.get("blockReason", feedback.get("block_reason")) or seen.blocked
    output = False
    for candidate in objects(data.get("candidates")):
        seen.take_reason(candidate.get("finishReason", candidate.get("finish_reason")), candidate.get("index"))
        content = candidate.get("content")
        for part in objects(content.get("parts")) if isinstance(content, dict) else ():
            output = output or any(value for key, value in part.items() if key not in {"thought", "thoughtSignature", "thought_signature"})
    return output
