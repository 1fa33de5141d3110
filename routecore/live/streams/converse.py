"""Streams of Bedrock's Converse. Their frames are binary, so a client hands over events: ``{"contentBlockDelta": {…}}``, or the name and the inside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from routecore.live.streams.seen import Seen

__all__ = ["take"]


def take(seen: Seen, name: str | None, data: dict[Any, Any]) -> bool:
    """Take one event; tell whether it brings output."""
    if name is None and len(data) == 1:
        name, inside = next(iter(data.items()))
        data = inside if isinstance(inside, dict) else {}
    if name == "messageStop":
        # metadata may still come
        seen.take_reason(data.get("stopReason"))
        seen.ended = True
    elif name == "metadata":
        seen.take_usage(data.get("usage"))
        tier = data.get("serviceTier")
        seen.take_names(None, tier.get("type") if isinstance(tier, dict) else None)
    elif name == "contentBlockDelta":
        delta = data.get("delta")
        return isinstance(delta, dict) and any(delta.get(key) for key in ("text", "toolUse", "reasoningContent", "citation", "image"))
    elif name == "contentBlockStart":
        return bool(data.get("start"))
    elif isinstance(name, str) and name.endswith("Exception"):
        seen.take_error({"code": name, "message": data.get("message"), "originalStatusCode": data.get("originalStatusCode")})
    return False
