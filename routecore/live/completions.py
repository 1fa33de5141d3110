"""What a good status brings: a completion of a known dialect, read as far as routing and billing ask, or what is none.

One function a dialect. Each looks at a bounded number of places and keeps no text: how each part ended, whether anything came out, what it says of itself.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DIALECTS", "Completion", "dialect_of", "has_result", "read_completion"]

_MOST_PARTS: Final = 4_096


class Completion(NamedTuple):
    """What a body says. ``parts``: for each choice how it ended, as the provider wrote it, and whether anything came out; empty where there is none.

    ``error``: one that stands inside a choice. ``blocked``: why the prompt was refused. ``usage``: the provider's object. ``tool_calls_valid``: whether every
    tool call has a name and readable arguments; ``None`` without one.
    """

    parts: tuple[tuple[object, bool], ...]
    usage: object = None
    served_tier: object = None
    response_id: object = None
    tool_calls_valid: bool | None = None
    error: object = None
    blocked: object = None


def _objects(value: object) -> list[dict[Any, Any]]:
    return [item for item in value[:_MOST_PARTS] if isinstance(item, dict)] if isinstance(value, (list, tuple)) else []


def _object(value: object) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}


def well_formed(name: object, arguments: object) -> bool:
    """Tell whether a tool call names a tool and its arguments are an object, or the text of one; a call without arguments is one of nothing."""
    if not isinstance(name, str) or not name:
        return False
    if isinstance(arguments, str) and arguments.strip():
        try:
            arguments = json.loads(arguments)
        except (ValueError, RecursionError):
            return False
    return arguments in (None, "") or isinstance(arguments, dict)


def _all(calls: list[bool]) -> bool | None:
    return all(calls) if calls else None


_SPOKEN: Final = ("content", "tool_calls", "function_call", "reasoning", "reasoning_content", "reasoning_details", "refusal", "audio", "images")


def _chat(body: dict[Any, Any]) -> Completion:
    parts, calls, error = [], [], None
    for choice in _objects(body.get("choices")):
        message = _object(choice.get("message"))
        error = error or choice.get("error")
        parts.append((choice.get("finish_reason"), bool(choice.get("text")) or any(message.get(key) for key in _SPOKEN)))
        for call in _objects(message.get("tool_calls")):
            function = _object(call.get("function")) or _object(call.get("custom"))
            calls.append(well_formed(function.get("name"), None if "input" in function else function.get("arguments")))
    return Completion(tuple(parts), body.get("usage"), body.get("service_tier"), body.get("id"), _all(calls), error)


def _messages(body: dict[Any, Any]) -> Completion:
    blocks = _objects(body.get("content"))
    calls = [well_formed(block.get("name"), block.get("input")) for block in blocks if block.get("type") == "tool_use"]
    output = any(block.get("type") != "text" or block.get("text") for block in blocks)
    usage = _object(body.get("usage"))
    return Completion(((body.get("stop_reason"), output),), body.get("usage"), usage.get("service_tier"), body.get("id"), _all(calls))


def _responses(body: dict[Any, Any]) -> Completion:
    items = _objects(body.get("output"))
    calls = [well_formed(item.get("name"), item.get("arguments")) for item in items if item.get("type") == "function_call"]
    status = body.get("status")
    why = _object(body.get("incomplete_details")).get("reason") if status == "incomplete" else None
    # one that runs in the background has been accepted, and says so
    ended = "completed" if status in {"queued", "in_progress"} else why or ("error" if status in {"failed", "cancelled"} else status)
    return Completion(
        ((ended, bool(items) or bool(body.get("output_text"))),), body.get("usage"), body.get("service_tier"), body.get("id"), _all(calls), body.get("error")
    )


def _gemini(body: dict[Any, Any]) -> Completion:
    parts, calls = [], []
    for candidate in _objects(body.get("candidates")):
        inner = _objects(_object(candidate.get("content")).get("parts"))
        parts.append((candidate.get("finishReason", candidate.get("finish_reason")), any(value for part in inner for value in part.values())))
        for part in inner:
            call = part.get("functionCall", part.get("function_call"))
            if isinstance(call, dict):
                calls.append(well_formed(call.get("name"), call.get("args")))
    feedback = _object(body.get("promptFeedback", body.get("prompt_feedback")))
    return Completion(
        tuple(parts),
        body.get("usageMetadata", body.get("usage_metadata")),
        None,
        body.get("responseId", body.get("response_id")),
        _all(calls),
        blocked=feedback.get("blockReason", feedback.get("block_reason")),
    )


def _converse(body: dict[Any, Any]) -> Completion:
    blocks = _objects(_object(_object(body.get("output")).get("message")).get("content"))
    calls = [well_formed(call.get("name"), call.get("input")) for block in blocks if isinstance(call := block.get("toolUse"), dict)]
    tier = _object(body.get("serviceTier")).get("type")
    return Completion(((body.get("stopReason"), any(value for block in blocks for value in block.values())),), body.get("usage"), tier, None, _all(calls))


DIALECTS: Final[dict[str, tuple[Callable[[dict[Any, Any]], Completion], Callable[[dict[Any, Any]], bool]]]] = {
    "chat": (_chat, lambda body: "choices" in body),
    "messages": (_messages, lambda body: body.get("type") == "message" or ("stop_reason" in body and "content" in body)),
    "responses": (_responses, lambda body: body.get("object") == "response"),
    "gemini": (_gemini, lambda body: "candidates" in body or "promptFeedback" in body or "usageMetadata" in body),
    "converse": (_converse, lambda body: "stopReason" in body or isinstance(_object(body.get("output")).get("message"), dict)),
}
"""Each dialect's reader, and how one of its bodies is known."""


def dialect_of(body: dict[Any, Any]) -> str | None:
    """Return the dialect that a whole response is written in; ``None`` if it is none that is known.

    >>> dialect_of({"candidates": []}), dialect_of({"data": []})
    ('gemini', None)
    """
    return next((name for name, (_, known) in DIALECTS.items() if known(body)), None)


def read_completion(body: dict[Any, Any], dialect: str) -> Completion:
    """Return what a whole response says, read in ``dialect``.

    >>> read_completion({"choices": [{"finish_reason": "stop", "message": {"content": "Hi"}}]}, "chat").parts
    (('stop', True),)
    """
    return DIALECTS[dialect][0](body)


_RESULTS: Final = {
    "embeddings": ("data", "embeddings", "embedding", "predictions"),
    "images": ("data", "predictions", "images", "generatedImages", "artifacts"),
    "rerank": ("results", "data", "rankings"),
}


def has_result(body: dict[Any, Any], kind: str) -> bool:
    """Tell whether a body is the result of a call of ``kind``: ``embeddings``, ``images`` and ``rerank`` have their lists, others whatever is an object."""
    places = _RESULTS.get(kind)
    return bool(body) if places is None else any(body.get(place) for place in places)
