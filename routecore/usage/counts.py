"""What a response used, as disjoint counts: every token in exactly one class, whatever dialect reported it.

``Usage.parse`` reads what providers send. The usual shapes take a short way that reads each number once; everything else (aliases, overlaps, impossible
counts) takes the careful way through ``usage_report``. Both give the same usage: a property test holds them together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from routecore.errors import Fault, InvalidUsage
from routecore.pricing.money import as_count
from routecore.usage.formats import FORMATS, read_report, recognise
from routecore.usage.report import COUNT_EXPECTED, Anomaly, Report, split

if TYPE_CHECKING:
    from typing import Self

__all__ = ["Anomaly", "Usage"]


class _Counts(NamedTuple):
    text: int = 0
    cached: int = 0
    cached_audio: int = 0
    cached_image: int = 0
    written_5m: int = 0
    written_1h: int = 0
    audio: int = 0
    image: int = 0
    video: int = 0
    text_out: int = 0
    reasoning: int = 0
    audio_out: int = 0
    image_out: int = 0
    video_out: int = 0
    images: int = 0
    images_out: int = 0
    searches: int = 0
    plugin_searches: int = 0
    tool_calls: int = 0
    anomalies: tuple[Anomaly, ...] = ()


class Usage(_Counts):
    """Disjoint counts of one response. Immutable, hashable, equal by value.

    In: ``text``, ``cached``, ``cached_audio``, ``cached_image``, ``written_5m``, ``written_1h``, ``audio``, ``image``, ``video`` tokens.
    Out: ``text_out``, ``reasoning``, ``audio_out``, ``image_out``, ``video_out`` tokens.
    By number: ``images`` (in), ``images_out``, ``searches`` (native), ``plugin_searches``, ``tool_calls`` (server-side).
    ``anomalies`` tells what the provider reported that cannot be, and what was used instead.

    Raises ``InvalidUsage`` for a count that is no whole number from 0 to 2**63 - 1.

    >>> Usage.parse({"prompt_tokens": 163, "completion_tokens": 450, "prompt_tokens_details": {"cached_tokens": 151}})
    Usage(text=12, cached=151, text_out=450)
    """

    __slots__ = ()

    def __new__(cls, **counts: Any) -> Self:  # noqa: ANN401 - counts are checked below, anomalies pass through
        """Build a usage by hand, from disjoint counts."""
        anomalies = tuple(counts.pop("anomalies", ()))
        for name, value in counts.items():
            number = as_count(value) if name in cls._fields else None
            if number is None:
                expected = f"{COUNT_EXPECTED}, not negative, below 2**63" if name in cls._fields else "a class of tokens"
                raise InvalidUsage([Fault(f"usage.{name}", value, expected)])
            counts[name] = number
        values = [counts.get(name, 0) for name in cls._fields[:-1]]
        return tuple.__new__(cls, (*values, anomalies))

    @property
    def prompt_tokens(self) -> int:
        """Everything read: fresh, cached and written tokens of every modality. The count that long-context cards compare."""
        return sum(self[:9])

    @property
    def completion_tokens(self) -> int:
        """Everything written by the model: text, reasoning and other modalities."""
        return sum(self[9:14])

    @property
    def has_output(self) -> bool:
        """Whether there was output of any kind: a token, or an image."""
        return bool(self[9] or self[10] or self[11] or self[12] or self[13] or self[15])

    def impossible(self) -> InvalidUsage:
        """Return the error that strict reading raises: every anomaly as a fault."""
        return InvalidUsage(Fault(odd.path, odd.value, f"possible ({odd.code}; {odd.used} would be used)") for odd in self.anomalies)

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True) if value)
        return f"Usage({given})"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle and copy by the counts, without checking them again."""
        return _usage, (tuple(self),)

    def to_mapping(self) -> dict[str, int]:
        """Return the counts that are not 0, by name."""
        return {name: getattr(self, name) for name in self._fields[:-1] if getattr(self, name)}

    @classmethod
    def parse(cls, body: object, format: str | None = None, *, strict: bool = False, path: str = "usage") -> Usage:  # noqa: A002 - the wire's word
        """Return the usage that a provider's ``body`` reports.

        ``format`` is one of ``openai_chat``, ``openai_responses``, ``anthropic``, ``gemini``, ``bedrock_converse``, ``xai_chat`` and ``platform``; without it
        the format is recognised from the keys (never ``xai_chat``, whose keys are OpenAI's and whose completion excludes reasoning).
        Absent, null and ``""`` are 0, and ``{}`` is all zeros; ``total_tokens`` is never priced. Impossible counts are clamped and told in ``anomalies``.

        Raises ``InvalidUsage`` with every fault: a bool, NaN, fraction, infinity or text where a count belongs; a body that is no object or of no known
        shape; with ``strict``, impossible counts too.

        >>> Usage.parse({"input_tokens": 3, "output_tokens": 5, "cache_read_input_tokens": 90, "cache_creation_input_tokens": 7})
        Usage(text=3, cached=90, written_5m=7, text_out=5)
        >>> Usage.parse({"prompt_tokens": 10, "completion_tokens": 0, "prompt_tokens_details": {"cached_tokens": 50}})
        Usage(cached=10, anomalies=(Anomaly('exceeds_total', 'usage.prompt_tokens_details.cached_tokens', 50, 10),))
        """
        if type(body) is dict and (format is None or type(format) is str):
            short = _SHORT.get(format)
            if short is not None:
                usage = short(body)
                if usage is not None:
                    return usage
        return _parse_carefully(body, format, strict=strict, path=path)


_tuple_new: Final = tuple.__new__


def _usage(values: tuple[Any, ...]) -> Usage:
    return _tuple_new(Usage, values)


def _parse_carefully(body: object, format: str | None, *, strict: bool, path: str) -> Usage:  # noqa: A002 - the wire's word
    """Read any body of any format, and say everything that is wrong with it."""
    if isinstance(body, Usage):
        return body
    if format is not None and (not isinstance(format, str) or format not in FORMATS):
        where = f"{path}_format" if path == "usage" else f"{path}.format"
        raise InvalidUsage([Fault(where, format, f"one of {', '.join(FORMATS)}")])
    if not isinstance(body, dict):
        raise InvalidUsage([Fault(path, body, "an object: the usage that a provider reported")])
    name = format or (recognise(body) if body else "openai_chat")
    if name is None:
        raise InvalidUsage([Fault(path, body, f"a usage of a known shape; say its format: one of {', '.join(FORMATS)}")])
    report = Report(body, path)
    read_report(report, name)
    if report.faults:
        raise InvalidUsage(report.faults)
    usage: Usage = _tuple_new(Usage, (*split(report), tuple(report.anomalies)))
    if strict and usage.anomalies:
        raise usage.impossible()
    return usage


# keys that the short way does not read; a body with one of them takes the careful way
_CHAT_EXTRAS: Final = frozenset({
    "prompt_cache_hit_tokens", "cache_read_input_tokens", "cached_tokens", "cache_creation_input_tokens", "cache_creation", "server_tool_use",
    "web_search_requests", "num_search_queries", "plugin_web_search_requests", "input_tokens", "output_tokens",
})  # fmt: skip
_NO_EFFECT: Final = frozenset({"text_tokens", "accepted_prediction_tokens", "rejected_prediction_tokens"})


def _short_chat(body: dict[str, Any]) -> Usage | None:  # noqa: C901, PLR0912 - the short way is short because it is one function
    """Return the usage of an ordinary chat body, or ``None`` where anything asks for the careful way."""
    prompt, completion = body.get("prompt_tokens"), body.get("completion_tokens")
    if type(prompt) is not int or type(completion) is not int or not _CHAT_EXTRAS.isdisjoint(body):
        return None
    cached = written = reasoning = 0
    details = body.get("prompt_tokens_details")
    if details is not None:
        if type(details) is not dict:
            return None
        for key, value in details.items():
            if value is None:
                continue
            if type(value) is not int:
                return None
            if value:
                if key == "cached_tokens":
                    cached = value
                elif key == "cache_write_tokens":
                    written = value
                elif key not in _NO_EFFECT:
                    return None
    details = body.get("completion_tokens_details")
    if details is not None:
        if type(details) is not dict:
            return None
        for key, value in details.items():
            if value is None:
                continue
            if type(value) is not int:
                return None
            if value:
                if key == "reasoning_tokens":
                    reasoning = value
                elif key not in _NO_EFFECT:
                    return None
    text, text_out = prompt - cached - written, completion - reasoning
    # negative anywhere, or past the wire's integers: the careful way says so
    if text < 0 or text_out < 0 or cached < 0 or written < 0 or reasoning < 0 or prompt >= _LIMIT or completion >= _LIMIT:
        return None
    return _tuple_new(Usage, (text, cached, 0, 0, written, 0, 0, 0, 0, text_out, reasoning, 0, 0, 0, 0, 0, 0, 0, 0, ()))


def _short_anthropic(body: dict[str, Any]) -> Usage | None:
    """Return the usage of an ordinary messages body, or ``None`` where anything asks for the careful way."""
    get = body.get
    text, out = get("input_tokens"), get("output_tokens")
    cached, written = get("cache_read_input_tokens", 0), get("cache_creation_input_tokens", 0)
    if type(text) is not int or type(out) is not int or type(cached) is not int or type(written) is not int:
        return None
    if not _MESSAGES_EXTRAS.isdisjoint(body):
        return None
    hour = 0
    parts = get("cache_creation")
    if parts is not None:
        if type(parts) is not dict:
            return None
        five, hour = parts.get("ephemeral_5m_input_tokens", 0), parts.get("ephemeral_1h_input_tokens", 0)
        if type(five) is not int or type(hour) is not int or five < 0 or five + hour > written:
            return None
    if text < 0 or out < 0 or cached < 0 or hour < 0 or written < hour or text + cached + written >= _LIMIT or out >= _LIMIT:
        return None
    return _tuple_new(Usage, (text, cached, 0, 0, written - hour, hour, 0, 0, 0, out, 0, 0, 0, 0, 0, 0, 0, 0, 0, ()))


_MESSAGES_EXTRAS: Final = frozenset({
    "server_tool_use", "output_tokens_details", "web_search_requests", "num_search_queries", "plugin_web_search_requests", "prompt_tokens",
    "completion_tokens",
})  # fmt: skip


def _short_any(body: dict[str, Any]) -> Usage | None:
    """Recognise the two commonest dialects by a key that no other has."""
    if "prompt_tokens" in body:
        return _short_chat(body)
    # input_tokens_details would make it the other dialect, whose total includes the cache
    if "cache_read_input_tokens" in body and "input_tokens_details" not in body and "input_token_details" not in body:
        return _short_anthropic(body)
    return None


_LIMIT: Final = 2**63
_SHORT: Final = {None: _short_any, "openai_chat": _short_chat, "platform": _short_chat, "infron": _short_chat, "anthropic": _short_anthropic}
