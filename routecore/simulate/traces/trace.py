"""Traces: what was asked, when and by whom, and what was logged of it. Read from files, or made up as they are needed.

A row that does not parse is counted and named (file, line, reason), never silently dropped; ``strict`` stops at the first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from routecore.errors import Fault
from routecore.simulate.noise import mix, mixed, poisson_weights
from routecore.simulate.traces.columns import CHUNK_ROWS, Builder, Chunk
from routecore.simulate.traces.faults import TraceFaults
from routecore.simulate.traces.formats import FORMATS, BadRow, Reading
from routecore.simulate.traces.names import Names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

__all__ = ["Trace", "collect", "trace_of"]

_UNREADABLE: Final = (TypeError, AttributeError, ValueError, OverflowError, RecursionError, KeyError)
_LONGEST_ERROR: Final = 120
_MOST_SHIFT: Final = 300.0
_COPY: Final = 1 << 44
"""Added to the numbers of copies, so that each has luck of its own."""


class Trace:
    """Requests in order of time, as chunks of columns that can be gone through any number of times.

    ``source`` says where it comes from, ``assumptions`` what had to be assumed, ``faults`` what could not be read. ``size`` is the number of requests.
    ``make(k)`` gives chunk ``k``: chunks are made when they are needed, so a generated trace of any length takes the memory of one.

    >>> trace = trace_of([{"timestamp_s": 0, "model": "a/b", "prompt_tokens": 10, "completion_tokens": 5}])
    >>> len(trace), trace.names.models
    (1, ['a/b'])
    """

    def __init__(
        self,
        make: Callable[[int], Chunk],
        count: int,
        size: int,
        names: Names,
        *,
        source: str,
        faults: TraceFaults | None = None,
        assumptions: Iterable[str] = (),
    ) -> None:
        self._make = make
        self.count = count
        self.size = size
        self.names = names
        self.source = source
        self.faults = TraceFaults() if faults is None else faults
        self.assumptions = tuple(assumptions)

    def __len__(self) -> int:
        return self.size

    def chunk(self, index: int) -> Chunk:
        """Return chunk ``index``, from 0 to ``count`` - 1."""
        return self._make(index)

    def chunks(self) -> Iterator[Chunk]:
        """Give the chunks in order of time."""
        for index in range(self.count):
            yield self._make(index)

    @classmethod
    def of_chunks(cls, chunks: Sequence[Chunk], names: Names, *, source: str, faults: TraceFaults | None = None, assumptions: Iterable[str] = ()) -> Trace:
        """Return a trace of chunks that are held in memory.

        Args:
            chunks: The rows, in pieces, in order of time.
            names: What the codes of models, sessions and endpoints stand for.
            source: Where they come from, for the report.
            faults: The rows that could not be read.
            assumptions: What was taken for granted on the way.

        Returns:
            The trace.
        """
        return cls(chunks.__getitem__, len(chunks), sum(map(len, chunks)), names, source=source, faults=faults, assumptions=assumptions)

    def where(self, select: Callable[[Chunk], Any], note: str) -> Trace:
        """Return the rows for which ``select(chunk)`` (a mask) holds, numbered as they are here; ``note`` says so among the assumptions.

        Args:
            select: Takes a chunk and returns a mask of its rows.
            note: What was selected, in words.

        Returns:
            Another trace, made chunk by chunk when it is read.
        """
        chunks = [part for chunk in self.chunks() if len(part := chunk.take(np.asarray(select(chunk))))]
        return Trace.of_chunks(chunks, self.names, source=self.source, faults=self.faults, assumptions=(*self.assumptions, note))

    def part(self, index: int, of: int) -> Trace:
        """Return one of ``of`` parts, cut between sessions: every session is whole in one part, and requests keep their numbers.

        Args:
            index: Which part, from 0.
            of: How many there are.

        Returns:
            Another trace, made chunk by chunk when it is read.
        """
        chunks = [part for chunk in self.chunks() if len(part := chunk.take(chunk.units % np.uint64(of) == np.uint64(index)))]
        return Trace.of_chunks(chunks, self.names, source=self.source, faults=self.faults, assumptions=self.assumptions)

    def head(self, requests: int) -> Trace:
        """Return the first ``requests`` requests."""
        chunks: list[Chunk] = []
        left = requests
        for chunk in self.chunks():
            if left <= 0:
                break
            chunks.append(chunk.take(slice(0, left)))
            left -= len(chunks[-1])
        return Trace.of_chunks(
            chunks, self.names, source=self.source, faults=self.faults, assumptions=(*self.assumptions, f"the first {requests:,} requests only")
        )

    def resampled(self, seed: int) -> Trace:
        """Return other traffic like this: every session (or request without one) once, more than once or not at all, as a Poisson count of mean 1 says.

        A copy is a session of its own, moved in time by up to five minutes (a twentieth of the trace at most), so that copies do not arrive in pairs:
        a Poisson stream stays one. All rows are held in memory.
        """
        whole = Chunk.joined(list(self.chunks()))
        units = whole.units
        reach = min(_MOST_SHIFT, float(whole.timestamp_s[-1] - whole.timestamp_s[0]) / 20.0)
        key = mixed(units ^ np.uint64(mix(seed)))
        weights = poisson_weights(key, 4)[:, 0]
        parts = []
        for copy in range(int(weights.max(initial=0))):
            rows = np.flatnonzero(weights > copy)
            part = whole.take(rows)
            if copy:
                luck = mixed(key[rows] + np.uint64(copy))
                at = part.timestamp_s + ((luck >> np.uint64(11)) * 2.0**-53 * 2.0 - 1.0) * reach
                # what would fall off an end comes back in
                first, last = float(whole.timestamp_s[0]), float(whole.timestamp_s[-1])
                part.timestamp_s = np.where(at < first, 2 * first - at, np.where(at > last, 2 * last - at, at))
                part.session = np.where(part.session == 0, np.uint64(0), luck | np.uint64(1))
                part.number = part.number + copy * _COPY
            parts.append(part)
        if not parts:
            return self
        joined = Chunk.joined(parts)
        joined = joined.take(np.argsort(joined.timestamp_s, kind="stable"))
        chunks = [joined.take(slice(start, start + CHUNK_ROWS)) for start in range(0, len(joined), CHUNK_ROWS)]
        return Trace.of_chunks(chunks, self.names, source=self.source, faults=self.faults, assumptions=self.assumptions)

    def to_dict(self) -> dict[str, Any]:
        """Return what the trace is, without its rows."""
        return {
            "source": self.source,
            "requests": self.size,
            "models": len(self.names.models),
            "assumptions": list(self.assumptions),
            "faults": self.faults.to_dict(),
        }

    def __repr__(self) -> str:
        return f"<Trace {self.source}: {self.size:,} requests, {len(self.faults)} rows with faults>"


def trace_of(rows: Iterable[Mapping[str, Any]], *, source: str = "rows", strict: bool = False, model: str | None = None) -> Trace:
    """Return a trace of rows given as mappings in the trace's own format. Rows with faults are counted by their place (from 1).

    Args:
        rows: Each with ``timestamp_s``, ``prompt_tokens``, ``completion_tokens``, and what else is known.
        source: Where they come from, for the report.
        strict: Raise at the first bad row.
        model: What rows without a model ask for.

    Returns:
        The trace.

    Raises:
        SimulationError: With ``strict``, at a bad row.

    Example:
        >>> len(trace_of([{"timestamp_s": 0, "model": "a/b", "prompt_tokens": 10, "completion_tokens": 5}]))
        1
    """
    return collect(((place, dict(row)) for place, row in enumerate(rows, 1)), source, "rows", TraceFaults(strict=strict), Reading(Names(), model))


def collect(records: Iterable[tuple[int, dict[str, Any]]], source: str, format_name: str, faults: TraceFaults, reading: Reading) -> Trace:
    """Return the trace of a file's records, each with its line: rows that cannot be read are noted, and left out."""
    reader = FORMATS[format_name](reading)
    builder = Builder()
    latest = float("-inf")
    for place, (line, record) in enumerate(records):
        try:
            row = reader.row(record, place)
        except BadRow as bad:
            faults.note(source, line, bad.fault)
            continue
        except _UNREADABLE as error:
            # a reader that met what it does not know: one bad row never ends a trace
            faults.note(source, line, Fault("row", f"{type(error).__name__}: {error}"[:_LONGEST_ERROR], f"a row of the format {format_name!r}"))
            continue
        if row is None:
            continue
        at = row["timestamp_s"]
        if at < latest and format_name != "claude_code":
            faults.note(source, line, Fault("timestamp_s", at, "at or after the row before; the row is kept, in its place in time"), dropped=False)
        latest = max(latest, at)
        builder.add(row)
    if reading.skipped:
        reading.assume(f"{reading.skipped:,} requests of {len(reading.skip_sessions)} sessions that are exact duplicates of others were left out")
    make, count, size = builder.built()
    return Trace(make, count, size, reading.names, source=source, faults=faults, assumptions=reading.assumptions)
