"""Traces: what was asked, when and by whom, and what was logged of it. Read from files, or made up as they are needed.

A row that does not parse is counted and named (file, line, reason), never silently dropped; ``strict`` stops at the first.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from routecore.errors import Fault, SimulationError
from routecore.simulate.traces.columns import CHUNK_ROWS, Builder, Chunk, Names, TraceFaults
from routecore.simulate.traces.formats import FORMATS, BadRow, Reading, duplicates, recognise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

__all__ = ["Trace", "read_trace", "trace_of"]

_JSON_SUFFIXES: Final = (".jsonl", ".ndjson", ".json")
_LONGEST_VALUE: Final = 120


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
        """Return a trace of chunks that are held in memory."""
        return cls(chunks.__getitem__, len(chunks), sum(map(len, chunks)), names, source=source, faults=faults, assumptions=assumptions)

    def where(self, select: Callable[[Chunk], Any], note: str) -> Trace:
        """Return the rows for which ``select(chunk)`` (a mask) holds, numbered as they are here; ``note`` says so among the assumptions."""
        chunks = [part for chunk in self.chunks() if len(part := chunk.take(np.asarray(select(chunk))))]
        return Trace.of_chunks(chunks, self.names, source=self.source, faults=self.faults, assumptions=(*self.assumptions, note))

    def part(self, index: int, of: int) -> Trace:
        """Return one of ``of`` parts, cut between sessions: every session is whole in one part, and requests keep their numbers."""
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
    """Return a trace of rows given as mappings in the trace's own format. Rows with faults are counted by their place (from 1)."""
    return _collect(((place, dict(row)) for place, row in enumerate(rows, 1)), source, "rows", TraceFaults(strict=strict), Reading(Names(), model))


def read_trace(
    path: str | Path,
    *,
    format: str | None = None,  # noqa: A002 - the wire's word
    model: str | None = None,
    models: Mapping[str, str] | None = None,
    strict: bool = False,
    spread_s: float = 8 * 3600.0,
) -> Trace:
    r"""Read a trace: CSV, JSON Lines or Parquet, also compressed with gzip; its format is told by the names of its columns.

    ``format``: one of ``rows`` (the trace's own), ``azure``, ``mooncake``, ``claude_code``, ``decisions``, where it should not be guessed.
    ``model`` is asked for where a row names none; ``models`` maps the trace's names to the catalog's. ``strict`` raises at the first bad row.
    ``spread_s``: sessions without wall-clock times start within so many seconds.

    Raises ``SimulationError`` for a file that cannot be read at all, and where not one row can.

    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "t.csv"
    >>> _ = file.write_text("timestamp_s,model,prompt_tokens,completion_tokens\n0,a/b,10,5\n1,a/b,-3,5\n")
    >>> trace = read_trace(file)
    >>> len(trace), trace.faults.examples[0].line, trace.faults.examples[0].reason
    (1, 3, "prompt_tokens: '-3' is not a whole number of tokens from 0 to 2**31 - 1")
    """
    path = Path(path)
    if format is not None and format not in FORMATS:
        raise SimulationError([Fault("format", format, f"one of {', '.join(FORMATS)}")])
    reading = Reading(Names(), model, models, spread_s)
    faults = TraceFaults(strict=strict)
    try:
        with ExitStack() as closing:
            records, columns = _open(path, faults, closing)
            found = format or recognise(columns)
            if found is None:
                raise SimulationError([Fault(f"{path.name}: columns", sorted(map(str, columns))[:12], "those of a known trace format")])
            beside = path.parent / "sessions.csv"
            if found == "claude_code" and beside.exists():
                reading.skip_sessions = frozenset(duplicates(beside.read_text(encoding="utf-8").splitlines()))
            trace = _collect(records, path.name, found, faults, reading)
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise SimulationError([Fault(str(path), f"{type(error).__name__}: {error}", "a file that can be read")]) from error
    if not len(trace):
        first = faults.examples[0] if faults.examples else None
        raise SimulationError(
            [Fault(str(path), "no rows" if first is None else f"line {first.line}: {first.reason}", "a trace with at least one row that can be read")]
        )
    return trace


def _collect(records: Iterable[tuple[int, dict[str, Any]]], source: str, format_name: str, faults: TraceFaults, reading: Reading) -> Trace:
    reader = FORMATS[format_name](reading)
    builder = Builder()
    latest = float("-inf")
    for place, (line, record) in enumerate(records):
        try:
            row = reader.row(record, place)
        except BadRow as bad:
            faults.note(source, line, bad.fault)
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
    return Trace.of_chunks(builder.chunks(), reading.names, source=source, faults=faults, assumptions=reading.assumptions)


def _open(path: Path, faults: TraceFaults, closing: ExitStack) -> tuple[Iterator[tuple[int, dict[str, Any]]], Iterable[str]]:
    """Return a file's records with their lines, and the names of its columns."""
    suffixes = [one for one in path.suffixes if one != ".gz"]
    suffix = suffixes[-1] if suffixes else ""
    if suffix == ".parquet":
        return _parquet(path, closing)
    raw = closing.enter_context(path.open("rb"))
    data = closing.enter_context(gzip.GzipFile(fileobj=raw)) if path.suffix == ".gz" else raw
    text = closing.enter_context(io.TextIOWrapper(data, encoding="utf-8-sig", newline=""))
    if suffix in _JSON_SUFFIXES:
        records = _json_lines(text, path.name, faults)
        first = next(records, None)
        return (iter(()), ()) if first is None else (_before(first, records), first[1].keys())
    reader = csv.DictReader(text)
    return _csv_rows(reader, path.name, faults), reader.fieldnames or ()


def _before(first: tuple[int, dict[str, Any]], rest: Iterator[tuple[int, dict[str, Any]]]) -> Iterator[tuple[int, dict[str, Any]]]:
    yield first
    yield from rest


def _csv_rows(reader: csv.DictReader[str], file: str, faults: TraceFaults) -> Iterator[tuple[int, dict[str, Any]]]:
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            faults.note(file, reader.line_num, Fault("row", str(error), "a row of CSV"))
            continue
        if None in row or None in row.values():
            faults.note(file, reader.line_num, Fault("row", "too many or too few cells", f"a row of {len(reader.fieldnames or ())} cells"))
            continue
        yield reader.line_num, dict(row)


def _json_lines(text: Iterable[str], file: str, faults: TraceFaults) -> Iterator[tuple[int, dict[str, Any]]]:
    for line, raw in enumerate(text, 1):
        if not raw.strip():
            continue
        try:
            record = json.loads(raw)
        except (ValueError, RecursionError):
            record = None
        if isinstance(record, dict):
            yield line, record
        else:
            faults.note(file, line, Fault("row", raw.strip()[:_LONGEST_VALUE], "a JSON object on one line"))


def _parquet(path: Path, closing: ExitStack) -> tuple[Iterator[tuple[int, dict[str, Any]]], Iterable[str]]:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise SimulationError([Fault(str(path), "pyarrow is not installed", "a file that can be read here: pip install 'routecore[parquet]'")]) from None
    try:
        file = closing.enter_context(parquet.ParquetFile(path))
    except pa.ArrowInvalid as error:
        raise SimulationError([Fault(str(path), str(error)[:_LONGEST_VALUE], "a Parquet file")]) from error

    def rows() -> Iterator[tuple[int, dict[str, Any]]]:
        line = 0
        for batch in file.iter_batches(batch_size=CHUNK_ROWS):
            for record in batch.to_pylist():
                line += 1
                yield line, record

    return rows(), file.schema_arrow.names
