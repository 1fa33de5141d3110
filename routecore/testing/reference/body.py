"""Reading the request's body: models, parameters in three dialects, tokens asked, modalities.

The body is the caller's whole request. Only what routing speaks of is looked at; all else is ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from routecore.testing.reference.tiers import tier_word
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
    """What the body asks for.

    ``models``: names with the path each came from. ``parameters``: name to the body key that asks for it. ``required_too``: what
    else must be supported where ``require_parameters`` is true. ``tools``: tools must be supported; ``offers_tools``: some are
    offered. ``tier``: the tier's word, as ``tier_word`` gives it.
    """

    models: tuple[tuple[str, str], ...]
    models_as_string: bool = False
    parameters: tuple[tuple[str, str], ...] = ()
    required_too: tuple[str, ...] = ()
    max_tokens: int = 0
    tools: bool = False
    offers_tools: bool = False
    modalities: frozenset[str] = frozenset()
    tier: str | None = None


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
    tools = not _is_off(body.get("tools"))
    tool_choice = not _is_off(body.get("tool_choice")) and body["tool_choice"] != "none"
    required_too = [name for name, asked in (("tool_choice", tool_choice), ("max_tokens", limits != [])) if asked]
    return Asked(
        models=models,
        models_as_string=as_string,
        parameters=_read_parameters(body),
        required_too=tuple(required_too),
        max_tokens=max([limit for limit in limits if limit is not None], default=0),
        tools=tools or tool_choice,
        offers_tools=tools,
        modalities=_modalities(body.get("messages")) | _modalities(body.get("input")),
        tier=tier_word(body.get("service_tier"), body.get("speed")),
    )


def _read_models(body: Mapping[Any, Any], reader: Reader) -> tuple[tuple[tuple[str, str], ...], bool]:
    named: list[tuple[str, str]] = []
    before = len(reader.faults)
    if body.get("model") is not None:
        model = reader.name(body["model"], "model", at=True)
        if model is not None:
            named.append((model, "model"))
    models = body.get("models")
    as_string = isinstance(models, str)
    if isinstance(models, str):
        only = reader.name(models, "models", at=True)
        if only is not None:
            named.append((only, "models"))
    elif models is not None:
        for position, entry in enumerate(reader.items(models, "models") or []):
            name = reader.name(entry, f"models[{position}]", at=True)
            if name is not None:
                named.append((name, f"models[{position}]"))
    if not named and len(reader.faults) == before:
        reader.fault("model", body.get("model"), "the name of a model, here or in models")
    once: dict[str, str] = {}
    for name, path in named:
        once.setdefault(name, path)
    return tuple(once.items()), as_string


def _is_off(value: object) -> bool:
    """Null is nothing, and ``false``, ``[]`` and ``{}`` switch any parameter off."""
    return value is None or value is False or (is_list(value) and len(value) == 0) or (isinstance(value, Mapping) and len(value) == 0)  # type: ignore[arg-type]


def _asks_nothing(key: str, value: object) -> bool:
    """Say whether the value of a body's key switches what the key speaks of off."""
    inside: Mapping[Any, Any] = value if isinstance(value, Mapping) else {}
    if _is_off(value):
        return True
    if key == "reasoning_effort":
        return value == "none"
    if key == "reasoning":
        budget = inside.get("max_tokens")
        no_budget = isinstance(budget, (int, float)) and not isinstance(budget, bool) and budget == 0
        return inside.get("enabled") is False or inside.get("effort") == "none" or no_budget
    if key == "thinking":
        return inside.get("type") == "disabled"
    return key == "response_format" and inside.get("type") == "text"


def _read_parameters(body: Mapping[Any, Any]) -> tuple[tuple[str, str], ...]:
    """Return the parameters that the body asks for, each with the body key that asks for it."""
    asked: list[tuple[str, str]] = []
    for key, value in body.items():
        if key == "text":
            wanted = value.get("format") if isinstance(value, Mapping) else None
            if not _asks_nothing("response_format", wanted):
                asked.append((_format_parameter(wanted), "text.format"))
        elif key == "response_format":
            if not _asks_nothing(key, value):
                asked.append((_format_parameter(value), key))
        elif (key in PARAMETERS or key in ALIASES) and not _asks_nothing(key, value):
            asked.append((ALIASES.get(key, key), key))
    return tuple(asked)


def _format_parameter(value: object) -> str:
    if isinstance(value, Mapping) and value.get("type") == "json_schema":
        return "structured_outputs"
    return "response_format"


def _modalities(content: object) -> frozenset[str]:
    """Find every modality in messages or input, however deep the content is nested; what is no object is no part.

    The ``content`` of a part is looked into (tool results have parts too), and the ``output`` of a tool's answer.
    """
    found: set[str] = set()
    seen: set[int] = set()
    left = [content]
    while left:
        parts = left.pop()
        for part in parts if is_list(parts) else [parts]:  # type: ignore[attr-defined]
            if isinstance(part, Mapping) and id(part) not in seen:
                seen.add(id(part))
                kind = part.get("type")
                if isinstance(kind, str) and kind in MODALITY_OF:
                    found.add(MODALITY_OF[kind])
                left += [part.get("content"), part.get("output")]
    return frozenset(found)
