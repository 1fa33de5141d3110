"""Reading a log of usages line by line, with a progress bar where there is a terminal to show it on."""

from __future__ import annotations

import gzip
import sys
import zlib
from contextlib import ExitStack
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, cast

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from routecore.cli.errors import UnreadableFile
from routecore.cli.reading import STDIN, problem_of, shown_name
from routecore.cli.terminal import Page
from routecore.cost.log import UnpriceableRow, price_row
from routecore.cost.log_totals import LogTotals
from routecore.cost.logs.rows import log_rows
from routecore.errors import RoutecoreError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from io import RawIOBase

    from routecore.catalog.catalog import Catalog
    from routecore.cost.log import PricedRow

__all__ = ["price_file"]

_LOG: Final = "a log: one JSON object a line, or what Claude Code, Codex, OpenRouter or LiteLLM write"
_GZIP: Final = b"\x1f\x8b"
_EVERY: Final = 512


def price_file(path: str, catalog: Catalog) -> LogTotals:
    """Return the totals of a log file. A line that is no JSON is a row that could not be priced; empty lines are passed over.

    Raises ``UnreadableFile`` if the file cannot be read at all, has no line in it, or is no log: not one of its rows has a usage.
    """
    totals = LogTotals()
    rows = 0
    is_log = False
    try:
        with ExitStack() as opened:
            raw = _buffered(sys.stdin.buffer) if path == STDIN else _buffered(opened.enter_context(Path(path).open("rb")))
            size = None if path == STDIN else Path(path).stat().st_size
            lines: Iterable[bytes] = opened.enter_context(cast("BufferedReader", gzip.GzipFile(fileobj=raw))) if raw.peek(2)[:2] == _GZIP else raw
            bar = _progress()
            if bar.console.is_terminal:
                opened.enter_context(bar)
            task = bar.add_task("pricing", total=size, rows=0)
            for number, row in log_rows(lines):
                if number % _EVERY == 0:
                    bar.update(task, completed=raw.tell() if size is not None else 0, rows=number)
                rows += 1
                is_log = is_log or (isinstance(row, dict) and "usage" in row)
                totals.add(_price(row, number, catalog))
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise UnreadableFile(shown_name(path), problem_of(error), _LOG) from error
    if not rows:
        raise UnreadableFile(shown_name(path), "is empty, or has no answer of a model in it", _LOG)
    if not is_log:
        raise UnreadableFile(shown_name(path), "is no log: none of its rows has a usage", _LOG)
    return totals


def _buffered(stream: BinaryIO) -> BufferedReader:
    """Return a stream that can be looked into without taking anything away; files and the usual standard input are such."""
    return stream if isinstance(stream, BufferedReader) else BufferedReader(cast("RawIOBase", stream))


def _price(row: object, number: int, catalog: Catalog) -> PricedRow | UnpriceableRow:
    if isinstance(row, RoutecoreError):
        return UnpriceableRow(number, row)
    try:
        return price_row(row, catalog, line=number)
    except RoutecoreError as error:
        return UnpriceableRow(number, error)


def _progress() -> Progress:
    columns = (TextColumn("pricing"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TextColumn("{task.fields[rows]:,} rows"), TimeRemainingColumn())
    return Progress(*columns, console=Page(error=True).console, transient=True)
