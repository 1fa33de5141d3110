"""What is asked, by whom, with what estimates: the only reader of the request's body.

``read(body)`` gives the ``Request``: the models, the raw provider block, and the ``Shape``, which is all that eligibility needs to know of the body.
``Context`` holds what the gateway knows beside the body: keys, pin, account, token estimates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

from routecore.checks import (
    BOOL_EXPECTED,
    INTEGER_LIMIT,
    NAME_EXPECTED,
    OBJECT_EXPECTED,
    SLUG_EXPECTED,
    WHOLE_EXPECTED,
    below,
    canonical_key,
    is_name,
    is_slug,
    lower,
    whole,
)
from routecore.errors import Fault, InvalidRequest
from routecore.preferences import Account, read_slugs

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MODALITY_OF_PART", "PARAMETER_OF_KEY", "ByokKey", "Context", "Request", "Shape", "read"]

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
_NO_MODALITIES: Final[frozenset[str]] = frozenset()
_FORMAT_KEYS: Final = frozenset({"response_format", "text"})
_SHAPING_KEYS: Final = frozenset({*PARAMETER_OF_KEY, *MAX_TOKENS_KEYS, "text", "tools", "tool_choice", "session_id"})
"""Body keys beside models, messages and the provider block that eligibility or validation looks at."""
_PLAIN_KEYS: Final = frozenset({"model", "models", "messages", "provider", "stream", "user", "input"})


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
    modalities = _modalities(body)
    shape = _PLAIN if not asked and not tools and not modalities else Shape(frozenset([name for _, name in asked]), tools, modalities)
    if faults is None and len(noted) != before:
        raise InvalidRequest(noted)
    return Request(models, paths, body.get("provider"), shape, max_tokens, as_string, asked)


def fingerprint(body: dict[str, Any]) -> tuple[Any, ...] | None:
    """Return a key under which ``read(body)`` and the parsed provider block may be kept: equal keys are read alike.

    ``None`` where a body is better read in full: it has faults, or an unusual form. The key tells ``1`` from ``True`` and holds no prompt.
    """
    model, models, provider = body.get("model"), body.get("models"), body.get("provider")
    if type(model) is not str:
        return None
    block = None if provider is None else repr(provider)
    extras = _extras(body)
    if extras is None:
        return None
    modalities = _NO_MODALITIES
    messages, items = body.get("messages"), body.get("input")
    if messages is not None or items is not None:
        if (messages is not None and type(messages) is not list) or (items is not None and type(items) is not str and type(items) is not list):
            return None
        modalities = _modalities(body)
    return (model, None if models is None else repr(models), block, extras, modalities)


def _extras(body: dict[str, Any]) -> tuple[Any, ...] | None:
    """Return what of the body's other keys shapes the request, flat; ``None`` where one has a fault."""
    extras: list[Any] | None = None
    for key, value in body.items():
        if key in _PLAIN_KEYS or value is None or key not in _SHAPING_KEYS:
            continue
        if key == "session_id":
            if type(value) is not str or len(value) > SESSION_ID_LIMIT:
                return None
            continue
        extras = [] if extras is None else extras
        extras.append(key)
        if key in MAX_TOKENS_KEYS:
            if type(value) is not int or not 0 <= value < INTEGER_LIMIT:
                return None
            extras.append(value)
        elif key in _FORMAT_KEYS:
            extras.append(tuple(_asked({key: value})))
    return () if extras is None else tuple(extras)


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
        if key not in _SHAPING_KEYS:
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
            asked += tuple(_asked({key: value}))
    return asked, max_tokens, tools


def _asked(body: dict[str, Any]) -> Iterator[tuple[str, str]]:
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


def _modalities(body: dict[str, Any]) -> frozenset[str]:
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
    return frozenset(found) if found else _NO_MODALITIES


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


@attrs.frozen(cache_hash=True)
class ByokKey:
    """A credential of the caller's own: for a provider or one variant, and for some models or (empty) all. ``key_id`` names it in plans and health."""

    slug: str
    key_id: str
    models: frozenset[str] = frozenset()


@attrs.frozen(cache_hash=True)
class Context:
    """What the gateway knows about a request beside its body.

    Token counts are estimates; ``None`` is unknown (ranking then prices a nominal request, and length limits count 0).
    ``sticky`` is the pinned attempt: ``id``, ``id#shared``, ``id#byok`` or ``id#byok:KEY_ID``.
    ``account_id`` keeps one account's pins apart from another's; decisions do not read it.
    """

    byok: tuple[ByokKey, ...] = ()
    byok_only: tuple[str, ...] = ()
    sticky: str | None = None
    account: Account = Account()  # noqa: RUF009 - frozen, so one default may be shared
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int = 0
    native_files: bool = False
    account_id: str | None = None

    @classmethod
    def parse(cls, value: object, path: str = "context", faults: list[Fault] | None = None) -> Context:
        """Read the wire's ``context``; raises ``InvalidRequest``, or notes its faults in ``faults`` where a list is given.

        >>> Context.parse({"byok": ["google-vertex"]}).byok[0].key_id
        'google-vertex'
        """
        noted: list[Fault] = [] if faults is None else faults
        before = len(noted)
        found: dict[str, Any] = {}
        if value is not None and not isinstance(value, dict):
            noted.append(Fault(path, value, OBJECT_EXPECTED))
        elif value:
            for key, item in value.items():
                read_key = _CONTEXT_READERS.get(key) if isinstance(key, str) else None
                if read_key is None:
                    noted.append(Fault(below(path, key), item, f"a key of the context: {', '.join(_CONTEXT_READERS)}"))
                elif item is not None:
                    found[key] = read_key(item, below(path, key), noted)
        if faults is None and noted:
            raise InvalidRequest(noted)
        return cls(**found) if found and len(noted) == before else _NO_CONTEXT

    def to_mapping(self) -> dict[str, Any]:
        """Return the context in the wire form, without what is not given."""
        mapping: dict[str, Any] = {}
        if self.byok:
            mapping["byok"] = [{"slug": key.slug, "key_id": key.key_id, "models": sorted(key.models)} for key in self.byok]
        if self.byok_only:
            mapping["byok_only"] = list(self.byok_only)
        for name in ("sticky", "prompt_tokens", "completion_tokens", "account_id"):
            value = getattr(self, name)
            if value is not None:
                mapping[name] = value
        if self.cached_tokens:
            mapping["cached_tokens"] = self.cached_tokens
        if self.native_files:
            mapping["native_files"] = True
        account = self.account
        policy: dict[str, Any] = {"only": list(account.only), "ignore": list(account.ignore), "deny_training": account.deny_training, "zdr": account.zdr}
        if account.deny_data_collection:
            policy["data_collection"] = "deny"
        policy = {name: value for name, value in policy.items() if value}
        if policy:
            mapping["account"] = policy
        return mapping


def _read_byok(value: object, path: str, faults: list[Fault]) -> tuple[ByokKey, ...]:
    if not isinstance(value, (list, tuple)):
        faults.append(Fault(path, value, "a list of keys: slugs, or objects with slug, models and key_id"))
        return ()
    keys: list[ByokKey] = []
    seen: dict[str, int] = {}
    for index, item in enumerate(value):
        where = f"{path}[{index}]"
        key = _read_key(item, where, faults)
        if key is not None:
            keys.append(key)
        # a key_id that is given twice is one, also where an entry has other faults
        key_id = _key_id(item)
        if key_id is not None:
            earlier = seen.setdefault(key_id, index)
            if earlier != index:
                faults.append(Fault(f"{where}.key_id" if isinstance(item, dict) else where, key_id, f"a key_id of its own: {path}[{earlier}] has it already"))
    return tuple(keys)


def _key_id(item: object) -> str | None:
    """Return the key_id that an entry has, ``None`` where it cannot be read."""
    found: object = item
    if isinstance(item, dict):
        given = item.get("key_id")
        found = item.get("slug") if given is None else given
    return found if isinstance(found, str) and is_slug(found) else None


def _read_key(item: object, path: str, faults: list[Fault]) -> ByokKey | None:
    if isinstance(item, str):
        if is_slug(item):
            return ByokKey(lower(item), item)
        faults.append(Fault(path, item, SLUG_EXPECTED))
        return None
    if not isinstance(item, dict):
        faults.append(Fault(path, item, "a slug, or an object with slug, models and key_id"))
        return None
    before = len(faults)
    for name, extra in item.items():
        if name not in {"slug", "models", "key_id"}:
            faults.append(Fault(below(path, name), extra, "a key of a BYOK entry: slug, models or key_id"))
    slug, models, key_id = item.get("slug"), item.get("models"), item.get("key_id")
    if not is_slug(slug):
        faults.append(Fault(f"{path}.slug", slug, SLUG_EXPECTED))
    if key_id is not None and not is_slug(key_id):
        faults.append(Fault(f"{path}.key_id", key_id, NAME_EXPECTED))
    if models is not None and not isinstance(models, (list, tuple)):
        faults.append(Fault(f"{path}.models", models, "a list of model names"))
    elif models is not None:
        faults.extend(Fault(f"{path}.models[{index}]", name, NAME_EXPECTED) for index, name in enumerate(models) if not is_name(name))
    if len(faults) != before:
        return None
    assert isinstance(slug, str)
    return ByokKey(lower(slug), slug if key_id is None else str(key_id), frozenset(models or ()))


def _read_providers(value: object, path: str, faults: list[Fault]) -> tuple[str, ...]:
    return read_slugs(value, path, faults)


def _read_count(value: object, path: str, faults: list[Fault]) -> int:
    count = whole(value)
    if count is None:
        faults.append(Fault(path, value, WHOLE_EXPECTED))
    return count or 0


def _read_flag(value: object, path: str, faults: list[Fault]) -> bool:
    if value is not True and value is not False:
        faults.append(Fault(path, value, BOOL_EXPECTED))
    return value is True


def _read_pin(value: object, path: str, faults: list[Fault]) -> str | None:
    if not isinstance(value, str):
        faults.append(Fault(path, value, "an endpoint id, or one with '#shared', '#byok' or '#byok:KEY_ID'"))
        return None
    return canonical_key(value)


def _read_account_id(value: object, path: str, faults: list[Fault]) -> str | None:
    if not isinstance(value, str) or not 0 < len(value) <= SESSION_ID_LIMIT:
        faults.append(Fault(path, value, f"text of 1 to {SESSION_ID_LIMIT} characters"))
        return None
    return value


_CONTEXT_READERS: Final[dict[str, Any]] = {
    "byok": _read_byok,
    "byok_only": _read_providers,
    "sticky": _read_pin,
    "account": Account.parse,
    "prompt_tokens": _read_count,
    "completion_tokens": _read_count,
    "cached_tokens": _read_count,
    "native_files": _read_flag,
    "account_id": _read_account_id,
}
_NO_CONTEXT: Final = Context()
