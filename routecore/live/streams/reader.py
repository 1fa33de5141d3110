"""The reader of a streamed response: bytes or events in, what routing and billing ask out. It keeps no text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from routecore.errors import Fault, OutcomeError
from routecore.live.answers import DEFAULT
from routecore.live.completions import Completion
from routecore.live.error_facts import parsed
from routecore.live.http import ended, stated
from routecore.live.kinds import Kind
from routecore.live.outcome import Outcome
from routecore.live.streams.dialects import DONE, TAKES, completion_of
from routecore.live.streams.seen import Seen
from routecore.live.streams.sse import Decoder

if TYPE_CHECKING:
    from routecore.live.answers import Answers

__all__ = ["StreamEvent", "StreamReader"]

_LONGEST_WHOLE: Final = 16_777_216


class StreamEvent(NamedTuple):
    """One event: its ``name``, if it has one, and its ``data``, parsed where it is JSON, else as text (``[DONE]``).

    ``output``: whether it brings something of the answer; ``first_token``: whether it is the first that does; ``error``: whether it says that the stream failed.
    """

    name: str | None
    data: object
    output: bool = False
    first_token: bool = False
    error: bool = False


class StreamReader:
    r"""Reads one streamed response, whatever pieces it comes in.

    Args:
        dialect: ``chat``, ``messages``, ``responses`` or ``gemini``, of which bytes may be fed; ``converse``, of which events are.
        max_event_bytes: An event that is longer makes the stream unreadable; nothing is kept of it.

    Raises:
        OutcomeError: The dialect is none of these.

    Example:
        >>> reader = StreamReader("chat")
        >>> [event.output for event in reader.feed(b'data: {"choices": [{"delta": {"role": "assistant"}}]}\n\ndata: {"choi')]
        [False]
        >>> [event.first_token for event in reader.feed(b'ces": [{"delta": {"content": "Hi"}, "finish_reason": "stop"}]}\n\n')]
        [True]
        >>> _ = reader.feed(b'data: {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 1}}\n\ndata: [DONE]\n\n')
        >>> outcome = reader.outcome(ttft_seconds=0.2, total_seconds=0.5)
        >>> outcome.kind.value, outcome.finish_reason, outcome.usage
        ('success', 'stop', Usage(text=3, text_out=1))
    """

    __slots__ = ("_decoder", "_seen", "_take", "_whole", "dialect", "unreadable")

    def __init__(self, dialect: str, *, max_event_bytes: int = 16_777_216) -> None:
        take = TAKES.get(dialect) if isinstance(dialect, str) else None
        if take is None:
            raise OutcomeError([Fault("dialect", dialect, f"one of {', '.join(TAKES)}")])
        self.dialect = dialect
        self.unreadable = 0
        """Events whose data was no JSON object."""
        self._take = take
        self._decoder = Decoder(max_event_bytes)
        self._seen = Seen()
        self._whole: bytearray | None = None

    def feed(self, chunk: bytes | bytearray | memoryview) -> list[StreamEvent]:
        """Return the events that ``chunk`` completes. A body that is plain JSON, as of a server that does not stream, is kept until ``outcome``."""
        if self._whole is None and not self._decoder.consumed and bytes(chunk[:64]).lstrip()[:1] in {b"{", b"["}:
            self._whole = bytearray()
        if self._whole is not None:
            if len(self._whole) <= _LONGEST_WHOLE:
                self._whole += chunk
            return []
        return [self._text(name, data) for name, data in self._decoder.feed(chunk)]

    def feed_event(self, name: str | None, data: object) -> StreamEvent:
        """Take one event that a client has already cut out, its data parsed or as text; return it as ``feed`` would.

        Args:
            name: The event's name, where it has one.
            data: Its data, parsed or as text.

        Returns:
            The event, as ``feed`` would return it.
        """
        return self._text(name, data) if isinstance(data, str) else self._event(name, data)

    def _text(self, name: str | None, data: str) -> StreamEvent:
        if data.strip() == DONE:
            self._seen.ended = True
            return StreamEvent(name, DONE)
        return self._event(name, parsed(data)[0])

    def _event(self, name: str | None, data: object) -> StreamEvent:
        if not isinstance(data, dict):
            self.unreadable += 1
            return StreamEvent(name, data)
        seen = self._seen
        failed, spoken = seen.error is not None, seen.has_output
        output = self._take(seen, name if isinstance(name, str) else None, data)
        seen.has_output = seen.has_output or output
        return StreamEvent(name, data, output, output and not spoken, seen.error is not None and not failed)

    @property
    def has_output(self) -> bool:
        """Whether anything of the answer has come: text, thought, a tool call, an image. Comments, pings and roles are none."""
        return self._seen.has_output

    @property
    def first_token(self) -> bool:
        """Whether the first token has come; the event that brought it said so."""
        return self._seen.has_output

    @property
    def ended(self) -> bool:
        """Whether the stream said that it is over: its last event, or a finish reason."""
        return self._seen.ended or bool(self._seen.reasons)

    @property
    def failed(self) -> bool:
        """Whether the stream carried an error."""
        return self._seen.error is not None

    @property
    def usage(self) -> dict[str, Any] | None:
        """The usage so far, its parts joined, in the provider's own form; ``None`` while none was seen."""
        return self._seen.usage

    @property
    def finish_reason(self) -> str | None:
        """How the answer ended (of several choices the first), as the provider wrote it."""
        reasons = self._seen.reasons
        return reasons[min(reasons)] if reasons else None

    @property
    def served_tier(self) -> str | None:
        """The service tier that the response says served it."""
        return self._seen.served_tier

    @property
    def response_id(self) -> str | None:
        """The response's own id."""
        return self._seen.response_id

    def outcome(
        self,
        *,
        status: int = 200,
        headers: object = None,
        ttft_seconds: float | None = None,
        total_seconds: float | None = None,
        unix_now: float | None = None,
        answers: Answers = DEFAULT,
    ) -> Outcome:
        """Return how the stream ended. Call it when no more bytes come.

        An error event is what its code states; a stream that ended before it said so is a failing provider's (``stream_cut``); one that is no completion is no
        success (as ``Outcome.from_http`` has it). Where no usage was seen, ``problem`` says so: the bill then has an anomaly, and is not $0.

        Args:
            status: The status that the stream came with.
            headers: Its headers: a mapping, or pairs.
            ttft_seconds: From sending to the event whose ``first_token`` is true.
            total_seconds: From sending to the end.
            unix_now: As in ``Outcome.from_http``.
            answers: The table of answers; ``router.answers`` is a router's own.

        Returns:
            The outcome, with usage, tier, finish reason and id where they were seen.
        """
        times = {"ttft_seconds": ttft_seconds, "total_seconds": total_seconds, "unix_now": unix_now, "answers": answers}
        if self._whole is not None:
            return Outcome.from_http(status, headers, bytes(self._whole), self.dialect, **times)  # type: ignore[arg-type] # each has its type above
        for name, data in self._decoder.flush():
            self._text(name, data)
        seen = self._seen
        if not 200 <= status < 300 or seen.error is not None:
            return Outcome.from_http(status, headers, seen.error, total_seconds=total_seconds, unix_now=unix_now, answers=answers).replace(**self._known())
        if not self.ended and seen.blocked is None:
            why = "an event was too long" if self._decoder.too_long else "the stream was cut before it said that it ends"
            return Outcome(Kind.SERVER, status=status, detail=why, rule="stream_cut", total_seconds=total_seconds).replace(**self._known())
        found = ended(status, completion_of(seen), answers)
        if found["kind"] is Kind.SUCCESS:
            found["ttft_seconds"] = ttft_seconds
            if seen.usage is None:
                found["problem"] = "no usage in the stream"
        else:
            found.pop("output_tokens", None)
        return Outcome(status=status, total_seconds=total_seconds, **found)

    def _known(self) -> dict[str, Any]:
        """What a stream that failed had said of itself before."""
        found = stated(Completion((), self._seen.usage, self._seen.served_tier, self._seen.response_id), {})
        return {name: value for name, value in found.items() if name != "output_tokens"}
