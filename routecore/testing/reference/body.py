"""Reading the request's body: models, parameters in three dialects, tokens asked, modalities.

The body is the caller's whole request. Only what routing speaks of is looked at; all else is ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from routecore.testing.reference.wire import Reader, is_list

__all__ = ["Asked", "read_body"]

PARAMETERS = (
    "temperature", "top_p", "top_k", "top_a", "min_p", "seed", "stop", "frequency_penalty", "presence_penalty",
    "repetition_penalty", "logit_bias", "logprobs", "top_logprobs", "response_format", "structured_outputs", "reasoning",
    "verbosity", "web_search_options",
)  # fmt: skip
ALIASES = {"stop_sequences": "stop", "thinking": "reasoning", "reasoning_effort": "reasoning", "include_reasoning": "reasoning"}
TOKEN_LIMITS = ("max_tokens", "max_completion_tokens", "max_output_tokens")
MODALITY_OF = {
    "image_url": "image", "input_image": "image", "image": "image",
    "input_audio": "audio", "audio_url": "audio",
    "video_url": "video", "input_video": "video",
    "file": "file", "input_file": "file",
}  # fmt: skip
LONGEST_SESSION_ID = 256


@dataclass(frozen=True)
class Asked:
    """What the body asks for. ``models``: names with the path each came from; ``parameters``: name to the body key that asks for it."""

    models: tuple[tuple[str, str], ...]
    models_as_string: bool = False
    parameters: tuple[tuple[str, str], ...] = ()
    max_tokens: int = 0
    tools: bool = False
    modalities: frozenset[str] = frozenset()


def read_body(body: Mapping[Any, Any], reader: Reader) -> Asked:
    """Read the body; faults go to ``reader``."""
    models, as_string = _read_models(body, reader)
    limits = [reader.whole(body[key], key) for key in TOKEN_LIMITS if body.get(key) is not None]
    session = body.get("session_id")
    if session is not None and not (isinstance(session, str) and len(session) <= LONGEST_SESSION_ID):
        reader.fault("session_id", session, f"text of at most {LONGEST_SESSION_ID} characters")
    if body.get("messages") is not None:
        reader.items(body["messages"], "messages")
    if body.get("input") is not None and not isinstance(body["input"], str):
        reader.items(body["input"], "input")
    return Asked(
        models=models,
        models_as_string=as_string,
        parameters=_read_parameters(body),
        max_tokens=max([limit for limit in limits if limit is not None], default=0),
        tools=body.get("tools") is not None or body.get("tool_choice") is not None,
        modalities=_modalities(body.get("messages")) | _modalities(body.get("input")),
    )


def _read_models(body: Mapping[Any, Any], reader: Reader) -> tuple[tuple[tuple[str, str], ...], bool]:
    named: list[tuple[str, str]] = []
    before = len(reader.faults)
    if body.get("model") is not None:
        model = reader.name(body["model"], "model")
        if model is not None:
            named.append((model, "model"))
    models = body.get("models")
    as_string = isinstance(models, str)
    if isinstance(models, str):
        only = reader.name(models, "models")
        if only is not None:
            named.append((only, "models"))
    elif models is not None:
        for position, entry in enumerate(reader.items(models, "models") or []):
            name = reader.name(entry, f"models[{position}]")
            if name is not None:
                named.append((name, f"models[{position}]"))
    if not named and len(reader.faults) == before:
        reader.fault("model", body.get("model"), "the name of a model, here or in models")
    once: dict[str, str] = {}
    for name, path in named:
        once.setdefault(name, path)
    return tuple(once.items()), as_string


def _read_parameters(body: Mapping[Any, Any]) -> tuple[tuple[str, str], ...]:
    """Return the parameters that the body asks for, each with the body key that asks for it."""
    asked: list[tuple[str, str]] = []
    for key, value in body.items():
        if value is None:
            continue
        if key == "response_format":
            asked.append((_format_parameter(value), key))
        elif key == "text":
            if isinstance(value, Mapping) and value.get("format") is not None:
                asked.append((_format_parameter(value["format"]), "text.format"))
        elif key in PARAMETERS:
            asked.append((key, key))
        elif key in ALIASES:
            asked.append((ALIASES[key], key))
    return tuple(asked)


def _format_parameter(value: object) -> str:
    if isinstance(value, Mapping) and value.get("type") == "json_schema":
        return "structured_outputs"
    return "response_format"


def _modalities(content: object) -> frozenset[str]:
    """Find every modality in messages or input, however deep the content is nested; what is no object is no part."""
    found: set[str] = set()
    left = [content]
    while left:
        parts = left.pop()
        for part in parts if is_list(parts) else [parts]:  # type: ignore[attr-defined]
            if isinstance(part, Mapping):
                kind = part.get("type")
                if isinstance(kind, str) and kind in MODALITY_OF:
                    found.add(MODALITY_OF[kind])
                left.append(part.get("content"))
    return frozenset(found)
