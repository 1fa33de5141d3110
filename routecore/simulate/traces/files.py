"""Traces read from files: CSV, JSON Lines and Parquet, compressed or not."""

from __future__ import annotations

import csv
import gzip
import io
import json
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
            trace = collect(records, path.name, found, faults, reading)
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise SimulationError([Fault(str(path), f"{type(error).__name__}: {error}", "a file that can be read")]) from error
    if not len(trace):
        first = faults.examples[0] if faults.examples else None
        raise SimulationError(
            [Fault(str(path), "no rows" if first is None else f"line {first.line}: {first.reason}", "a trace with at least one row that can be read")]
        )
    return trace


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
