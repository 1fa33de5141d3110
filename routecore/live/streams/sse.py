"""Server-sent events from bytes that are cut anywhere. Source: the HTML standard, § 9.2.6, interpreting an event stream."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["Decoder"]

_LINE: Final = re.compile(rb"([^\r\n]*)(\r\n|\n|\r)")
_MARK: Final = b"\xef\xbb\xbf"


class Decoder:
    r"""Turns chunks of a stream into events, ``(name, data)`` each; comments and unknown fields are passed over.

    ``too_long`` says that an event was longer than ``max_bytes``; nothing is read from then on.

    Example:
        >>> decoder = Decoder()
        >>> decoder.feed(b": ping\n\nevent: de"), decoder.feed(b"lta\ndata: 1\ndata: 2\n\n")
        ([], [('delta', '1\n2')])
    """

    __slots__ = ("_buffer", "_data", "_held", "_name", "_started", "_swallow", "max_bytes", "too_long")

    def __init__(self, max_bytes: int = 16_777_216) -> None:
        self.max_bytes = max_bytes
        self.too_long = False
        self._buffer = bytearray()
        self._data: list[str] = []
        self._held = 0
        self._name: str | None = None
        self._started = False
        self._swallow = False

    @property
    def consumed(self) -> bool:
        """Whether anything was fed yet."""
        return self._started or bool(self._buffer)

    def feed(self, chunk: bytes | bytearray | memoryview) -> list[tuple[str | None, str]]:
        """Return the events that ``chunk`` completes."""
        if self.too_long:
            return []
        buffer = self._buffer
        buffer += chunk
        if not self._started:
            if len(buffer) < 3 and _MARK.startswith(buffer):
                return []
            self._started = True
            if buffer.startswith(_MARK):
                del buffer[:3]
        if self._swallow and buffer:
            # the second half of a line end that was cut between its two bytes
            self._swallow = False
            if buffer[0] == 0x0A:
                del buffer[0]
        events: list[tuple[str | None, str]] = []
        start = 0
        for line in _LINE.finditer(buffer):
            start = line.end()
            self._swallow = line[2] == b"\r" and start == len(buffer)
            self._line(line[1].decode("utf-8", "replace"), events)
        del buffer[:start]
        if len(buffer) + self._held > self.max_bytes:
            self.too_long = True
            self._buffer, self._data = bytearray(), []
        return events

    def flush(self) -> list[tuple[str | None, str]]:
        """Return the event that the end of the stream completes: some servers leave out the last empty line."""
        return self.feed(b"\n\n") if self._buffer or self._data else []

    def _line(self, line: str, events: list[tuple[str | None, str]]) -> None:
        if not line:
            if self._data:
                events.append((self._name, "\n".join(self._data)))
            self._name, self._data, self._held = None, [], 0
            return
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            self._data.append(value)
            self._held += len(value)
        elif field == "event":
            self._name = value or None
