"""A log's lines, whoever wrote it, as the rows that ``price_row`` reads: JSON lines, one JSON list, or CSV with a header."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any, Final

from routecore.cost.logs import claude_code, litellm, openrouter
from routecore.cost.logs.codex import Codex, is_codex
from routecore.errors import Fault, InvalidRequest
from routecore.safe_text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from routecore.errors import RoutecoreError

__all__ = ["LogRows", "log_rows"]

_SHOWN_LINE: Final = 80


class LogRows:
    """Turns the rows of one log into rows to price; it remembers what a session's lines say for those that follow."""

    __slots__ = ("_codex",)

    def __init__(self) -> None:
        self._codex = Codex()

    def row_of(self, row: object) -> object:
        """Return the row to price; ``None`` for one that is no answer of a model. A row of no known writer is one already.

        >>> LogRows().row_of({"model": "a/b", "usage": {}})
        {'model': 'a/b', 'usage': {}}
        """
        if not isinstance(row, dict):
            return row
        # a record of one generation comes in an envelope
        inner = row.get("data")
        if isinstance(inner, dict) and "usage" not in row and openrouter.is_openrouter(inner):
            row = inner
        if is_codex(row):
            return self._codex.row_of(row)
        if claude_code.is_claude_code(row):
            return claude_code.row_of(row)
        if litellm.is_litellm(row):
            return litellm.row_of(row)
        return openrouter.row_of(row) if "usage_format" not in row and openrouter.is_openrouter(row) else row


def log_rows(lines: Iterable[bytes | str]) -> Iterator[tuple[int, object]]:
    """Give (line, row to price) for every answer in a log; a line that cannot be read comes as the ``RoutecoreError`` that says why.

    Args:
        lines: The log's lines, as bytes in UTF-8 or as text: JSON objects one a line, one JSON list, or CSV with a header. Empty lines are passed over.

    Yields:
        The number of the line (of a JSON list: of the entry), counted from 1, and what ``price_row`` takes, or an error in its place.

    Example:
        >>> [(line, row["usage"]) for line, row in log_rows(['{"model": "a/b", "usage": {"prompt_tokens": 1}}'])]
        [(1, {'prompt_tokens': 1})]
    """
    numbered = ((number, text) for number, line in enumerate(lines, 1) if (text := _text(line)).strip())
    first = next(numbered, None)
    if first is None:
        return
    reader = LogRows()
    head = first[1].lstrip("\ufeff \t")
    rows: Iterator[tuple[int, object]]
    if head.startswith("[") or head.strip() == "{":
        rows = _whole(head, [text for _, text in numbered])
    elif not head.startswith("{") and {"generation_id", "tokens_prompt"} & set(head.strip().split(",")):
        rows = _csv(first[0], head, numbered)
    else:
        rows = ((number, _object(text)) for number, text in _chained((first[0], head), numbered))
    for number, row in rows:
        made = row if isinstance(row, InvalidRequest) else reader.row_of(row)
        if made is not None:
            yield number, made


def _chained(first: tuple[int, str], rest: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    yield first
    yield from rest


def _text(line: bytes | str) -> str:
    return line if isinstance(line, str) else line.decode("utf-8", "backslashreplace")


def _object(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        return _unreadable(text, error)


def _unreadable(text: str, error: Exception) -> RoutecoreError:
    shown = printable(text.strip()[: _SHOWN_LINE + 1])
    shown = shown if len(shown) <= _SHOWN_LINE else f"{shown[:_SHOWN_LINE]}…"
    reason = f"column {error.colno}: {error.msg}" if isinstance(error, json.JSONDecodeError) else str(error).partition(";")[0]
    return InvalidRequest([Fault("row", shown, f"JSON ({reason})")])


def _whole(head: str, rest: list[str]) -> Iterator[tuple[int, object]]:
    """Read a log that is one JSON value: a list of rows, or an object that holds one under ``data``."""
    text = "\n".join([head, *rest])
    found = _object(text)
    listed: Any = found.get("data") if isinstance(found, dict) and isinstance(found.get("data"), list) else found
    yield from enumerate(listed if isinstance(listed, list) else [listed], 1)


def _csv(number: int, head: str, rest: Iterator[tuple[int, str]]) -> Iterator[tuple[int, object]]:
    names = next(csv.reader([head]))
    for line, text in rest:
        try:
            values = next(csv.reader([text], strict=True))
        except csv.Error as error:
            yield line, InvalidRequest([Fault("row", printable(text.strip()[:_SHOWN_LINE]), f"a row of CSV ({error})")])
            continue
        if len(values) != len(names):
            yield line, InvalidRequest([Fault("row", printable(text.strip()[:_SHOWN_LINE]), f"{len(names)} values, as the header of line {number} has")])
            continue
        yield line, dict(zip(names, values, strict=True))
