"""Reading a log of usages line by line, with a progress bar where there is a terminal to show it on."""

from __future__ import annotations

import gzip
import json
import sys
from contextlib import ExitStack
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from routecore.cli.errors import UnreadableFile
from routecore.cli.reading import STDIN, problem_of, shown_name
from routecore.cli.terminal import Page
from routecore.cost.log import UnpriceableRow, price_row
from routecore.cost.log_totals import LogTotals
from routecore.errors import Fault, InvalidRequest, RoutecoreError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from io import RawIOBase

    from routecore.catalog.catalog import Catalog
    from routecore.cost.log import PricedRow

__all__ = ["price_file"]

_LOG: Final = "a log: one JSON object a line"
_GZIP: Final = b"\x1f\x8b"
_EVERY: Final = 512
_SHOWN_LINE: Final = 80


def price_file(path: str, catalog: Catalog) -> LogTotals:
    """Return the totals of a log file. A line that is no JSON is a row that could not be priced; empty lines are passed over.

    Raises ``UnreadableFile`` if the file cannot be read at all, or has no line in it.
    """
    totals = LogTotals()
    rows = 0
    try:
        with ExitStack() as opened:
            raw = _buffered(sys.stdin.buffer) if path == STDIN else _buffered(opened.enter_context(Path(path).open("rb")))
            size = None if path == STDIN else Path(path).stat().st_size
            lines: Iterable[bytes] = opened.enter_context(cast("BufferedReader", gzip.GzipFile(fileobj=raw))) if raw.peek(2)[:2] == _GZIP else raw
            bar = _progress()
            if bar.console.is_terminal:
                opened.enter_context(bar)
            task = bar.add_task("pricing", total=size, rows=0)
            for number, line in enumerate(lines, 1):
                if number % _EVERY == 0:
                    bar.update(task, completed=raw.tell() if size is not None else 0, rows=number)
                if line.strip():
                    rows += 1
                    totals.add(_price_line(line, number, catalog))
    except (OSError, EOFError, ValueError) as error:
        raise UnreadableFile(shown_name(path), problem_of(error), _LOG) from error
    if not rows:
        raise UnreadableFile(shown_name(path), "is empty", _LOG)
    return totals


def _buffered(stream: BinaryIO) -> BufferedReader:
    """Return a stream that can be looked into without taking anything away; files and the usual standard input are such."""
    return stream if isinstance(stream, BufferedReader) else BufferedReader(cast("RawIOBase", stream))


def _price_line(line: bytes, number: int, catalog: Catalog) -> PricedRow | UnpriceableRow:
    try:
        row: Any = json.loads(line)
    except (ValueError, RecursionError) as error:
        text = line.decode("utf-8", "backslashreplace").strip()
        shown = text if len(text) <= _SHOWN_LINE else f"{text[:_SHOWN_LINE]}…"
        reason = f"column {error.colno}: {error.msg}" if isinstance(error, json.JSONDecodeError) else str(error).partition(";")[0]
        return UnpriceableRow(number, InvalidRequest([Fault("row", shown, f"JSON ({reason})")]))
    try:
        return price_row(row, catalog, line=number)
    except RoutecoreError as error:
        return UnpriceableRow(number, error)


def _progress() -> Progress:
    columns = (TextColumn("pricing"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TextColumn("{task.fields[rows]:,} rows"), TimeRemainingColumn())
    return Progress(*columns, console=Page(error=True).console, transient=True)
