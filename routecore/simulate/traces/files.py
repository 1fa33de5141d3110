"""Traces read from files: CSV, JSON Lines and Parquet, compressed or not."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from routecore.errors import Fault, SimulationError
from routecore.simulate.traces.columns import CHUNK_ROWS
from routecore.simulate.traces.faults import TraceFaults
from routecore.simulate.traces.formats import FORMATS, Reading, duplicates, recognise
from routecore.simulate.traces.names import Names
from routecore.simulate.traces.trace import Trace, collect

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["read_trace"]


_JSON_SUFFIXES: Final = (".jsonl", ".ndjson", ".json")


_LONGEST_VALUE: Final = 120
_LONGEST_ERROR: Final = 200


def read_trace(
    path: str | Path,
    *,
    format: str | None = None,  # noqa: A002 - the wire's word
    model: str | None = None,
    models: Mapping[str, str] | None = None,
    strict: bool = False,
    spread_s: float = 8 * 3600.0,
) -> Trace:
    r"""Read a trace: CSV, JSON Lines or Parquet, also compressed with gzip. Its format is told by the names of its columns.

    Args:
        path: The file.
        format: One of the known formats (``rows``, the trace's own, ``azure``, ``mooncake``, ``claude_code``, ``decisions``, …), where it should not be guessed.
        model: What rows without a model ask for.
        models: The trace's name of a model to the catalog's.
        strict: Raise at the first bad row; else bad rows are counted and told.
        spread_s: Sessions without wall-clock times start within so many seconds.

    Returns:
        The trace, read chunk by chunk.

    Raises:
        SimulationError: The file cannot be read at all, or not one row can.

    Example:
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
            place = _Place(records)
            try:
                trace = collect(place, path.name, found, faults, reading)
            except (OSError, EOFError, zlib.error, _Damaged) as error:
                # what was read so far is not the log: its end is missing
                raise SimulationError([Fault(f"{path}: after line {place.line:,}", _said(error), "a file that is whole")]) from error
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, _Damaged) as error:
        raise SimulationError([Fault(str(path), _said(error), "a file that can be read")]) from error
    if not len(trace):
        first = faults.examples[0] if faults.examples else None
        raise SimulationError(
            [Fault(str(path), "no rows" if first is None else f"line {first.line}: {first.reason}", "a trace with at least one row that can be read")]
        )
    return trace


class _Damaged(Exception):
    """A Parquet file that cannot be read on."""


class _Place:
    """Records as they come, and the line of the last one."""

    def __init__(self, records: Iterable[tuple[int, dict[str, Any]]]) -> None:
        self._records = records
        self.line = 0

    def __iter__(self) -> Iterator[tuple[int, dict[str, Any]]]:
        for line, record in self._records:
            self.line = line
            yield line, record


def _said(error: Exception) -> str:
    return f"{type(error.__cause__ or error).__name__}: {error}"[:_LONGEST_ERROR]


def _open(path: Path, faults: TraceFaults, closing: ExitStack) -> tuple[Iterator[tuple[int, dict[str, Any]]], Iterable[str]]:
    """Return a file's records with their lines, and the names of its columns."""
    suffixes = [one for one in path.suffixes if one != ".gz"]
    suffix = suffixes[-1] if suffixes else ""
    if path.is_dir():
        return _parts(path, closing)
    if suffix == ".parquet":
        return _parquet(path, closing)
    raw = closing.enter_context(path.open("rb"))
    data = closing.enter_context(gzip.GzipFile(fileobj=raw)) if path.suffix == ".gz" else raw
    text = closing.enter_context(io.TextIOWrapper(data, encoding="utf-8-sig", errors="surrogateescape", newline=""))
    if suffix in _JSON_SUFFIXES:
        records = _json_lines(text, path.name, faults)
        first = next(records, None)
        return (iter(()), ()) if first is None else (_before(first, records), first[1].keys())
    reader = csv.DictReader(text)
    return _csv_rows(reader, path.name, faults), reader.fieldnames or ()


def _before(first: tuple[int, dict[str, Any]], rest: Iterator[tuple[int, dict[str, Any]]]) -> Iterator[tuple[int, dict[str, Any]]]:
    yield first
    yield from rest


def _is_text(text: str) -> bool:
    """Tell whether every byte of it was UTF-8: others stand in it as lone surrogates."""
    return text.isascii() or not any("\udc80" <= one <= "\udcff" for one in text)


def _parts(path: Path, closing: ExitStack) -> tuple[Iterator[tuple[int, dict[str, Any]]], Iterable[str]]:
    """Return the records of a folder of Parquet files, in the order of their names, with their lines counted through."""
    files = sorted(path.rglob("*.parquet"))
    if not files:
        raise SimulationError([Fault(str(path), "no .parquet in it", "a trace's file, or a folder of Parquet files")])
    first, columns = _parquet(files[0], closing)

    def rows() -> Iterator[tuple[int, dict[str, Any]]]:
        line = 0
        for place, file in enumerate(files):
            with ExitStack() as inside:
                for _, record in first if place == 0 else _parquet(file, inside)[0]:
                    line += 1
                    yield line, record

    return rows(), columns


def _csv_rows(reader: csv.DictReader[str], file: str, faults: TraceFaults) -> Iterator[tuple[int, dict[str, Any]]]:
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            faults.note(file, reader.line_num, Fault("row", str(error), "a row of CSV"))
            continue
        if any(cell is not None and not _is_text(cell) for cell in row.values() if not isinstance(cell, list)):
            faults.note(file, reader.line_num, Fault("row", "bytes that are no UTF-8", "text"))
            continue
        if None in row or None in row.values():
            faults.note(file, reader.line_num, Fault("row", "too many or too few cells", f"a row of {len(reader.fieldnames or ())} cells"))
            continue
        yield reader.line_num, dict(row)


def _json_lines(text: Iterable[str], file: str, faults: TraceFaults) -> Iterator[tuple[int, dict[str, Any]]]:
    for line, raw in enumerate(text, 1):
        if not raw.strip():
            continue
        if not _is_text(raw):
            faults.note(file, line, Fault("row", "bytes that are no UTF-8", "text"))
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
    except (pa.ArrowException, ValueError) as error:
        raise SimulationError([Fault(str(path), str(error)[:_LONGEST_VALUE], "a Parquet file")]) from error

    def rows() -> Iterator[tuple[int, dict[str, Any]]]:
        line = 0
        try:
            for batch in file.iter_batches(batch_size=CHUNK_ROWS):
                for record in batch.to_pylist():
                    line += 1
                    yield line, record
        except (pa.ArrowException, ValueError) as error:
            raise _Damaged(str(error)) from error

    return rows(), file.schema_arrow.names
