"""What is asked: the only reader of the request's body.

``read(body)`` gives the ``Request``: the models, the raw provider block, and the ``Shape``, which is all that eligibility needs to know of the body.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

from routecore.errors import Fault, InvalidRequest
from routecore.reading.checks import MODEL_EXPECTED, WHOLE_EXPECTED, is_model, whole
from routecore.reading.objects import LONGEST_LIST
from routecore.safe_text import withheld

if TYPE_CHECKING:
    from collections.abc import Callable

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
"""All of them ask for output length; if several are given, the largest counts. A catalog may list any of them as supported."""

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

SUFFIX_SORT: Final = {":floor": "price", ":nitro": "throughput", ":exacto": "exacto"}
"""A model name's suffix -> the sort that it asks for."""
SUFFIX_TIER: Final = {":floor": "flex", ":nitro": "priority"}
"""A model name's suffix -> the service tier that it admits."""
SUFFIX_HINTS: Final = {
    ":free": "':free' names a variant that costs nothing: it is a model of its own, where the catalog has it; 'max_price' of 0 asks for the same.",
    ":online": "':online' would search the web: ask for it with 'web_search_options' in the request body.",
    ":thinking": "':thinking' would reason before answering: ask for it with 'reasoning' in the request body.",
    ":extended": "':extended' names a variant with a longer context: endpoints that are too short for a prompt are left out by themselves.",
    ":beta": "':beta' names a variant served otherwise: ask for a provider with 'order' or 'only' in the provider block.",
}
"""Suffixes of models' names that are no routing here -> what each would mean, and where to ask for it."""

SESSION_ID_LIMIT: Final = 256
NO_MODALITIES: Final[frozenset[str]] = frozenset()
FORMAT_KEYS: Final = frozenset({"response_format", "text"})
SHAPING_KEYS: Final = frozenset({*PARAMETER_OF_KEY, *MAX_TOKENS_KEYS, "text", "tools", "tool_choice", "session_id", "service_tier", "speed"})
"""Body keys beside models, messages and the provider block that eligibility or validation looks at."""
PLAIN_KEYS: Final = frozenset({"model", "models", "messages", "provider", "stream", "user", "input"})


@attrs.frozen(cache_hash=True)
class Shape:
    """What eligibility needs to know of a body. Requests of one shape have one set of eligible endpoints, token counts aside.

    ``parameters`` are of the closed vocabulary; ``tools`` tells whether the request needs tools, ``tools_listed`` whether it lists some, ``tool_choice`` and
    ``max_tokens`` whether it says something of either. ``tier`` is the service tier asked for: ``priority``, ``flex``, ``default``, or ``None``.
    """

    parameters: frozenset[str] = frozenset()
    tools: bool = False
    modalities: frozenset[str] = frozenset()
    tools_listed: bool = False
    tool_choice: bool = False
    max_tokens: bool = False
    tier: str | None = None


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
        shape = self.shape
        if shape.tools_listed:
            body["tools"] = [{"type": "function"}]
        if shape.tool_choice:
            body["tool_choice"] = "auto"
        if shape.max_tokens:
            body["max_tokens"] = self.max_tokens
        if shape.tier is not None:
            body["service_tier"] = shape.tier
        if self.shape.modalities:
            parts = [{"type": kind} for modality in sorted(self.shape.modalities) for kind in [_PART_OF_MODALITY[modality]]]
            body["messages"] = [{"role": "user", "content": parts}]
        return body


def read(body: object, faults: list[Fault] | None = None) -> Request:
    """Read a request body (chat completions, responses or messages dialect). Unknown keys are ignored.

    Args:
        body: the caller's JSON. A value that switches a parameter off (``false``, ``[]``, ``{}``, ``reasoning: {"enabled": false}``) asks for nothing.
        faults: where faults are noted; without a list they are raised. Prompts never stand in one.

    Raises:
        InvalidRequest: with every fault, where ``faults`` is not given.

    >>> request = read({"model": "a/b", "stop_sequences": ["x"], "max_output_tokens": 5, "tools": []})
    >>> request.models, sorted(request.shape.parameters), request.max_tokens, request.shape.tools
    (('a/b',), ['stop'], 5, False)
    """
    noted: list[Fault] = [] if faults is None else faults
    if not isinstance(body, dict):
        noted.append(Fault("request", withheld(body), "an object: the request's body"))
        if faults is None:
            raise InvalidRequest(noted)
        return Request((), (), None, _PLAIN)
    before = len(noted)
    models, paths, as_string = _models(body, noted)
    asked: list[tuple[str, str]] = []
    lengths: list[int] = []
    listed = choice = False
    for key, value in body.items():
        if value is None or key in _PASSED_OVER:
            continue
        if key in PARAMETER_OF_KEY or key == "text":
            asked += asked_in(key, value)
        elif key == "tools":
            listed = not _is_off(value) and not (isinstance(value, str) and not value)
        elif key == "tool_choice":
            choice = not _is_off(value) and not (isinstance(value, str) and value == "none")
        elif key in _CHECKED:
            length = _CHECKED[key](key, value, noted)
            if length is not None:
                lengths.append(length)
    modalities = modalities_of(body)
    tier = tier_of(body)
    if asked or listed or choice or modalities or tier is not None or lengths:
        shape = Shape(frozenset([name for _, name in asked]), listed or choice, modalities, listed, choice, bool(lengths), tier)
    else:
        shape = _PLAIN
    if faults is None and len(noted) != before:
        raise InvalidRequest(noted)
    return Request(models, paths, body.get("provider"), shape, max(lengths, default=0), as_string, tuple(asked))


def _read_length(key: str, value: object, faults: list[Fault]) -> int | None:
    count = whole(value)
    if count is None:
        faults.append(Fault(key, value, WHOLE_EXPECTED))
    return count


def _check_session(key: str, value: object, faults: list[Fault]) -> None:
    if not isinstance(value, str) or len(value) > SESSION_ID_LIMIT:
        faults.append(Fault(key, withheld(value), f"text of at most {SESSION_ID_LIMIT} characters"))


def _check_messages(key: str, value: object, faults: list[Fault]) -> None:
    if not isinstance(value, (list, tuple)) and not (key == "input" and isinstance(value, str)):
        faults.append(Fault(key, withheld(value), "a list of messages" if key == "messages" else "text, or a list of items"))


_CHECKED: Final[dict[str, Callable[[str, object, list[Fault]], int | None]]] = {
    **dict.fromkeys(MAX_TOKENS_KEYS, _read_length),
    "session_id": _check_session,
    "messages": _check_messages,
    "input": _check_messages,
}
"""Body keys that are checked: only output lengths give something back."""
_PASSED_OVER: Final = frozenset({"model", "models", "provider", "stream", "user", "service_tier", "speed"})
_DEFAULT_WORDS: Final = frozenset({"default", "standard"})


def tier_of(body: dict[str, Any]) -> str | None:
    """Return the service tier that a body asks for; ``None`` for nothing, for ``auto``, which counts as nothing, and for a word that is no tier.

    >>> tier_of({"service_tier": "fast"}), tier_of({"speed": "fast"}), tier_of({"service_tier": "standard"}), tier_of({"service_tier": "auto"})
    ('priority', 'priority', 'default', None)
    """
    word = body.get("service_tier")
    if word is None or (isinstance(word, str) and word == "auto"):
        speed = body.get("speed")
        return "priority" if isinstance(speed, str) and speed == "fast" else None
    if not isinstance(word, str):
        return None
    return "priority" if word in {"priority", "fast"} else "flex" if word == "flex" else "default" if word in _DEFAULT_WORDS else None


def _is_off(value: object) -> bool:
    """Tell a value that switches its key off, whatever the key."""
    return value is False or (isinstance(value, (list, tuple, dict)) and not value)


def _listed(models: object, faults: list[Fault]) -> list[tuple[object, str]]:
    """Return the names in ``models`` with their paths."""
    if isinstance(models, (list, tuple)) and len(models) <= LONGEST_LIST:
        return [(name, f"models[{index}]") for index, name in enumerate(models)]
    if models is not None:
        faults.append(Fault("models", withheld(models), f"a list of model names, of at most {LONGEST_LIST:,} entries"))
    return []


def _models(body: dict[str, Any], faults: list[Fault]) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
    """Return ``model`` and then ``models``, each name once, with the path of its first mention."""
    model, models = body.get("model"), body.get("models")
    found: dict[str, str] = {}
    if model is not None:
        if is_model(model):
            found[model] = "model"
        else:
            faults.append(Fault("model", model, MODEL_EXPECTED))
    as_string = isinstance(models, str)
    listed = [(models, "models")] if as_string else _listed(models, faults)
    for name, path in listed:
        if is_model(name):
            found.setdefault(name, path)
        else:
            faults.append(Fault(path, name, MODEL_EXPECTED))
    if model is None and not models and (models is None or isinstance(models, (list, tuple))):
        faults.append(Fault("model", None, "the name of a model; a request needs 'model' or 'models'"))
    return tuple(found), tuple(found.values()), as_string


def asked_in(key: str, value: object) -> list[tuple[str, str]]:
    """Return (body key, parameter of the vocabulary) if the value of ``key`` asks for one, not where it switches it off.

    >>> asked_in("reasoning_effort", "high"), asked_in("reasoning", {"enabled": False}), asked_in("text", {"format": {"type": "json_schema"}})
    ([('reasoning_effort', 'reasoning')], [], [('text.format', 'structured_outputs')])
    """
    if key == "text":
        if not isinstance(value, dict) or value.get("format") is None:
            return []
        key, value = "text.format", value["format"]
        parameter = "response_format"
    else:
        parameter = PARAMETER_OF_KEY[key]
    if _is_off(value) or (key in _OFF and _OFF[key](value)):
        return []
    if parameter == "response_format" and isinstance(value, dict) and value.get("type") == "json_schema":
        parameter = "structured_outputs"
    return [(key, parameter)]


def _no_reasoning(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    most = value.get("max_tokens")
    return value.get("enabled") is False or value.get("effort") == "none" or (isinstance(most, (int, float)) and not isinstance(most, bool) and most == 0)


def _plain_format(value: object) -> bool:
    return isinstance(value, dict) and value.get("type") == "text"


_OFF: Final = {
    "reasoning_effort": lambda value: isinstance(value, str) and value == "none",
    "reasoning": _no_reasoning,
    "thinking": lambda value: isinstance(value, dict) and value.get("type") == "disabled",
    "response_format": _plain_format,
    "text.format": _plain_format,
}
"""Body key -> whether its value is the word by which its dialect switches it off."""


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
