"""What is asked: the only reader of the request's body.

``read(body)`` gives the ``Request``: the models, the raw provider block, and the ``Shape``, which is all that eligibility needs to know of the body.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

from routecore.errors import Fault, InvalidRequest
from routecore.reading.checks import (
    NAME_EXPECTED,
    WHOLE_EXPECTED,
    is_name,
    whole,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MODALITY_OF_PART", "PARAMETER_OF_KEY", "Request", "Shape", "read"]

PARAMETERS: Final = (
    "temperature",
    "top_p",
    "top_k",
    "top_a",
    "min_p",
    "seed",
    "stop",
    "frequency_penalty",
    "presence_penalty",
    "repetition_penalty",
    "logit_bias",
    "logprobs",
    "top_logprobs",
    "response_format",
    "structured_outputs",
    "reasoning",
    "verbosity",
    "web_search_options",
)
"""The closed vocabulary that a catalog's ``supported_parameters`` speaks of. A body key outside it is not checked."""

PARAMETER_OF_KEY: Final = {
    **{name: name for name in PARAMETERS},
    "stop_sequences": "stop",
    "thinking": "reasoning",
    "reasoning_effort": "reasoning",
    "include_reasoning": "reasoning",
}
"""Body key -> parameter, for the three API dialects. ``response_format`` and ``text.format`` are read by their type."""

MAX_TOKENS_KEYS: Final = ("max_tokens", "max_completion_tokens", "max_output_tokens")
"""All of them ask for output length; if several are given, the largest counts."""

MODALITY_OF_PART: Final = {
    "image_url": "image",
    "input_image": "image",
    "image": "image",
    "audio_url": "audio",
    "input_audio": "audio",
    "video_url": "video",
    "input_video": "video",
    "file": "file",
    "input_file": "file",
}
"""Type of a content part -> input modality."""

_PART_OF_MODALITY: Final = {"image": "image_url", "audio": "input_audio", "video": "video_url", "file": "file"}

SUFFIX_SORT: Final = {":floor": "price", ":nitro": "throughput"}
"""A model name's suffix -> the sort that it asks for."""

SESSION_ID_LIMIT: Final = 256
NO_MODALITIES: Final[frozenset[str]] = frozenset()
FORMAT_KEYS: Final = frozenset({"response_format", "text"})
SHAPING_KEYS: Final = frozenset({*PARAMETER_OF_KEY, *MAX_TOKENS_KEYS, "text", "tools", "tool_choice", "session_id"})
"""Body keys beside models, messages and the provider block that eligibility or validation looks at."""
PLAIN_KEYS: Final = frozenset({"model", "models", "messages", "provider", "stream", "user", "input"})


@attrs.frozen(cache_hash=True)
class Shape:
    """What eligibility needs to know of a body. Requests of one shape have one set of eligible endpoints, token counts aside.

    ``parameters`` are of the closed vocabulary; ``tools`` tells whether the body has ``tools`` or ``tool_choice``.
    """

    parameters: frozenset[str] = frozenset()
    tools: bool = False
    modalities: frozenset[str] = frozenset()


_PLAIN: Final = Shape()


@attrs.frozen
class Request:
    """A body, read, without its prompt: the models asked for with their paths, the raw provider block, the shape, the output length asked for (0: none).

    ``asked`` are (body key, parameter) pairs, for the paths of warnings; ``models_as_string`` tells that ``models`` was written as a string.
    """

    models: tuple[str, ...]
    paths: tuple[str, ...]
    provider: object
    shape: Shape
    max_tokens: int = 0
    models_as_string: bool = False
    asked: tuple[tuple[str, str], ...] = ()

    def keys_of(self, parameter: str) -> list[str]:
        """Return the body's keys that ask for ``parameter``, for the paths of warnings."""
        return [key for key, name in self.asked if name == parameter]

    def to_body(self) -> dict[str, Any]:
        """Return a body that decides the same and holds no prompt: content parts by type alone, parameters as ``true``.

        >>> read({"model": "a/b", "messages": [{"role": "user", "content": "secret"}], "stop": "x"}).to_body()
        {'model': 'a/b', 'stop': True}
        """
        body: dict[str, Any] = {}
        listed = [name for name, path in zip(self.models, self.paths, strict=True) if path != "model"]
        if len(listed) != len(self.models):
            body["model"] = self.models[0]
        if listed:
            body["models"] = listed[0] if self.models_as_string else listed
        if self.provider is not None:
            body["provider"] = self.provider
        for key, parameter in self.asked:
            kind = {"type": "json_schema" if parameter == "structured_outputs" else "json_object"}
            if key == "text.format":
                body["text"] = {"format": kind}
            else:
                body[key] = kind if key == "response_format" else True
        if self.shape.tools:
            body["tools"] = []
        if self.max_tokens:
            body["max_tokens"] = self.max_tokens
        if self.shape.modalities:
            parts = [{"type": kind} for modality in sorted(self.shape.modalities) for kind in [_PART_OF_MODALITY[modality]]]
            body["messages"] = [{"role": "user", "content": parts}]
        return body


def read(body: object, faults: list[Fault] | None = None) -> Request:
    """Read a request body (chat completions, responses or messages dialect). Unknown keys are ignored.

    Raises ``InvalidRequest`` with every fault, or notes them in ``faults`` where a list is given.

    >>> request = read({"model": "a/b", "stop_sequences": ["x"], "max_output_tokens": 5})
    >>> request.models, sorted(request.shape.parameters), request.max_tokens
    (('a/b',), ['stop'], 5)
    """
    noted: list[Fault] = [] if faults is None else faults
    if not isinstance(body, dict):
        noted.append(Fault("request", body, "an object: the request's body"))
        if faults is None:
            raise InvalidRequest(noted)
        return Request((), (), None, _PLAIN)
    before = len(noted)
    models, paths, as_string = _models(body, noted)
    session = body.get("session_id")
    if session is not None and (not isinstance(session, str) or len(session) > SESSION_ID_LIMIT):
        noted.append(Fault("session_id", session, f"text of at most {SESSION_ID_LIMIT} characters"))
    asked, max_tokens, tools = _asked_of(body, noted)
    modalities = modalities_of(body)
    shape = _PLAIN if not asked and not tools and not modalities else Shape(frozenset([name for _, name in asked]), tools, modalities)
    if faults is None and len(noted) != before:
        raise InvalidRequest(noted)
    return Request(models, paths, body.get("provider"), shape, max_tokens, as_string, asked)


def _models(body: dict[str, Any], faults: list[Fault]) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
    """Return ``model`` and then ``models``, each name once, with the path of its first mention."""
    model, models = body.get("model"), body.get("models")
    found: dict[str, str] = {}
    if model is not None:
        if is_name(model):
            found[model] = "model"
        else:
            faults.append(Fault("model", model, NAME_EXPECTED))
    as_string = isinstance(models, str)
    if isinstance(models, str):
        if is_name(models):
            found.setdefault(models, "models")
        else:
            faults.append(Fault("models", models, NAME_EXPECTED))
    elif isinstance(models, (list, tuple)):
        for index, name in enumerate(models):
            if is_name(name):
                found.setdefault(name, f"models[{index}]")
            else:
                faults.append(Fault(f"models[{index}]", name, NAME_EXPECTED))
    elif models is not None:
        faults.append(Fault("models", models, "a list of model names"))
    if model is None and not models and (models is None or isinstance(models, (list, tuple))):
        faults.append(Fault("model", None, "the name of a model; a request needs 'model' or 'models'"))
    return tuple(found), tuple(found.values()), as_string


def _asked_of(body: dict[str, Any], faults: list[Fault]) -> tuple[tuple[tuple[str, str], ...], int, bool]:
    """Return the (body key, parameter) pairs, the output length asked for, and whether tools are; note what cannot be read."""
    asked: tuple[tuple[str, str], ...] = ()
    max_tokens = 0
    tools = False
    for key, value in body.items():
        if value is None:
            continue
        if key not in SHAPING_KEYS:
            if (key == "messages" and not isinstance(value, (list, tuple))) or (key == "input" and not isinstance(value, (str, list, tuple))):
                faults.append(Fault(key, value, "a list of messages" if key == "messages" else "text, or a list of items"))
        elif key in MAX_TOKENS_KEYS:
            count = whole(value)
            if count is None:
                faults.append(Fault(key, value, WHOLE_EXPECTED))
            elif count > max_tokens:
                max_tokens = count
        elif key in {"tools", "tool_choice"}:
            tools = True
        else:
            asked += tuple(asked_in({key: value}))
    return asked, max_tokens, tools


def asked_in(body: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (body key, parameter of the vocabulary) for each parameter that the body asks for; ``null`` does not count."""
    for key, value in body.items():
        if value is None:
            continue
        parameter = PARAMETER_OF_KEY.get(key)
        if parameter is not None:
            yield key, _format(value) if parameter == "response_format" else parameter
        elif key == "text" and isinstance(value, dict) and value.get("format") is not None:
            yield "text.format", _format(value["format"])


def _format(value: object) -> str:
    """Tell structured outputs (``json_schema``) from every other response format."""
    return "structured_outputs" if isinstance(value, dict) and value.get("type") == "json_schema" else "response_format"


def modalities_of(body: dict[str, Any]) -> frozenset[str]:
    """Return the input modalities in ``messages`` and ``input``, nested ``tool_result`` content too."""
    found: set[str] | None = None
    for items in (body.get("messages"), body.get("input")):
        if not isinstance(items, (list, tuple)):
            continue
        for item in items:
            # plain text is the common case, and has no parts to look into
            if type(item) is dict and not (type(item.get("content")) is str and "type" not in item):
                found = set() if found is None else found
                _collect(item, found)
    return frozenset(found) if found else NO_MODALITIES


def _collect(item: dict[str, Any], found: set[str]) -> None:
    """Add the modalities of a message or part and of all parts inside its ``content`` (and a tool's ``output``).

    A stack and not recursion, and each list once: a caller's nesting may be deep, or run in a circle.
    """
    stack: list[object] = [item]
    seen: set[int] = set()
    while stack:
        part = stack.pop()
        if not isinstance(part, dict):
            continue
        kind = part.get("type")
        if isinstance(kind, str) and kind in MODALITY_OF_PART:
            found.add(MODALITY_OF_PART[kind])
        for key in ("content", "output"):
            inner = part.get(key)
            if isinstance(inner, (list, tuple)) and id(inner) not in seen:
                seen.add(id(inner))
                stack.extend(inner)
