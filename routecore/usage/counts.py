"""What a response used, as disjoint counts: every token in exactly one class, whatever dialect reported it.

``Usage.parse`` reads what providers send. The usual shapes take a short way that reads each number once; everything else (aliases, overlaps, impossible
counts) takes the careful way through ``usage.report``. Both give the same usage: a property test holds them together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from routecore.errors import Fault, InvalidUsage
from routecore.reading.checks import whole
from routecore.usage.fields import NAMES, TAIL, Counts, all_counts, completion_counts, is_plain, prompt_counts
from routecore.usage.formats.table import FORMATS, read_report, recognise
from routecore.usage.report import COUNT_EXPECTED, Reported, split
from routecore.usage.short_ways import SHORT_WAYS
from routecore.usage.stated import read_stated

if TYPE_CHECKING:
    from typing import Self

__all__ = ["Usage", "plain_usage"]


class Usage(Counts):
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
        anomalies, stated = tuple(counts.pop("anomalies", ())), counts.pop("stated", None)
        for name, value in counts.items():
            number = whole(value) if name in NAMES else None
            if number is None:
                expected = f"{COUNT_EXPECTED}, not negative, below 2**63" if name in NAMES else "a class of tokens"
                raise InvalidUsage([Fault(f"usage.{name}", value, expected)])
            counts[name] = number
        values = tuple(counts.get(name, 0) for name in NAMES)
        return tuple.__new__(cls, (*values, anomalies, is_plain(values), stated))

    @property
    def prompt_tokens(self) -> int:
        """Everything read: fresh, cached and written tokens of every modality. The count that long-context cards compare."""
        return sum(prompt_counts(self))

    @property
    def completion_tokens(self) -> int:
        """Everything written by the model: text, reasoning and other modalities."""
        return sum(completion_counts(self))

    @property
    def has_output(self) -> bool:
        """Whether there was output of any kind: a token, an image, a second, a character."""
        return any(completion_counts(self)) or bool(self.images_out or self.second_out or self.character_out)

    @property
    def cached_tokens(self) -> int:
        """Everything read from a cache, of every modality."""
        return self.cached + self.cached_explicit + self.cached_audio + self.cached_image

    def impossible(self) -> InvalidUsage:
        """Return the error that strict reading raises: every anomaly as a fault."""
        return InvalidUsage(Fault(odd.path, odd.value, f"possible ({odd.code}; {odd.used} would be used)") for odd in self.anomalies)

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True) if value and name != "plain")
        return f"Usage({given})"

    def _replace(self, **counts: Any) -> Self:  # noqa: ANN401 - as the constructor's
        """Return a copy with other counts, checked as the constructor checks them."""
        return type(self)(**{**{name: value for name, value in zip(self._fields, self, strict=True) if name != "plain"}, **counts})

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle and copy by the counts, without checking them again."""
        return _usage, (tuple(self),)

    def to_mapping(self) -> dict[str, int]:
        """Return the counts that are not 0, by name."""
        return {name: count for name, count in zip(NAMES, all_counts(self), strict=True) if count}

    @classmethod
    def parse(cls, body: object, format: str | None = None, *, strict: bool = False, path: str = "usage") -> Usage:  # noqa: A002 - the wire's word
        """Return the usage that a provider's ``body`` reports.

        ``format`` is one of ``openai_chat``, ``openai_responses``, ``anthropic``, ``gemini``, ``bedrock_converse``, ``xai_chat`` and ``platform``; without it
        the format is recognised from the keys (never ``xai_chat``, whose keys are OpenAI's and whose completion excludes reasoning).
        Absent, null and ``""`` are 0, and ``{}`` is all zeros; ``total_tokens`` is never priced. Impossible counts are clamped and told in ``anomalies``.

        Raises ``InvalidUsage`` with every fault: a bool, NaN, fraction, infinity or text where a count belongs; a body that is no object or of no known
        shape; with ``strict``, impossible counts too.

        Args:
            body: What the provider reported.
            format: The shape of the body, where it should not be recognised.
            strict: Whether impossible counts are faults.
            path: What the paths of faults begin with.

        Returns:
            Disjoint counts, and every anomaly.

        Example:
            >>> Usage.parse({"input_tokens": 3, "output_tokens": 5, "cache_read_input_tokens": 90, "cache_creation_input_tokens": 7})
            Usage(text=3, cached=90, written_5m=7, text_out=5)
            >>> Usage.parse({"prompt_tokens": 10, "completion_tokens": 0, "prompt_tokens_details": {"cached_tokens": 50}})
            Usage(cached=10, anomalies=(Anomaly('exceeds_total', 'usage.prompt_tokens_details.cached_tokens', 50, 10),))
        """
        if type(body) is dict and (format is None or type(format) is str):
            short = SHORT_WAYS.get(format)
            if short is not None:
                counts = short(body)
                if counts is not None:
                    return _tuple_new(cls, counts)
        return _parse_carefully(body, format, strict=strict, path=path)


_tuple_new: Final = tuple.__new__


def _usage(values: tuple[Any, ...]) -> Usage:
    return _tuple_new(Usage, values)


def plain_usage(text: int, cached: int, written_5m: int, written_1h: int, text_out: int, reasoning: int) -> Usage:
    """Return a usage of text, cache and reasoning alone. For callers whose counts are checked already: a bad one goes through.

    >>> plain_usage(12, 151, 0, 0, 450, 218)
    Usage(text=12, cached=151, text_out=450, reasoning=218)
    """
    return _tuple_new(Usage, (text, cached, 0, 0, written_5m, written_1h, 0, 0, 0, text_out, reasoning, *TAIL))


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
    report = Reported(body, path)
    read_report(report, name)
    if report.faults:
        raise InvalidUsage(report.faults)
    counts = split(report)
    usage: Usage = _tuple_new(Usage, (*counts, tuple(report.anomalies), is_plain(counts), read_stated(body)))
    if strict and usage.anomalies:
        raise usage.impossible()
    return usage
