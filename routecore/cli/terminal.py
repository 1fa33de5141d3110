"""A page: what a command prints for people, on one stream. Ids stay whole at any width, and nothing that a file holds can drive the terminal."""

from __future__ import annotations

import json
import math
import sys
import textwrap
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, NoReturn

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Column", "Page", "clean", "print_json"]

_CONTROLS: Final = {code: f"\\x{code:02x}" for code in (*range(9), *range(11, 32), *range(127, 160))}
_INDENT: Final = 2
_GAP: Final = 2
_WIDEST_TEXT: Final = 100
"""Running text is not set wider than this: longer lines are hard to read."""


def clean(text: object) -> str:
    r"""Return ``text`` with control characters escaped, so that an id from a file cannot move the cursor or colour the screen.

    >>> clean("a" + chr(27) + "[31mb")
    'a\\x1b[31mb'
    """
    return str(text).translate(_CONTROLS)


class Column(NamedTuple):
    """A column: its heading, its alignment, and whether its cells may be wrapped between words (ids and figures may not)."""

    heading: str
    align: Literal["left", "right"] = "left"
    wraps: bool = False


class _Console(Console):
    """A console that leaves a closed pipe to the caller, who knows how to end."""

    def on_broken_pipe(self) -> NoReturn:
        raise BrokenPipeError


class Page:
    """Prints lines, paragraphs and tables to standard output, or to standard error. No colours where the stream is no terminal."""

    def __init__(self, *, error: bool = False) -> None:
        self.console = _Console(file=sys.stderr if error else sys.stdout, markup=False, highlight=False, emoji=False)

    @property
    def width(self) -> int:
        """Columns for running text."""
        return min(self.console.width, _WIDEST_TEXT)

    def line(self, text: str = "", style: str = "") -> None:
        """Print one line, whatever its length: it is the terminal that wraps it, so that it can be copied whole."""
        self.console.print(Text(clean(text), style=style), soft_wrap=True)

    def heading(self, text: str) -> None:
        """Print a heading after an empty line."""
        self.line()
        self.line(text, "bold")

    def rule(self, text: str) -> None:
        """Print a heading with a line across the page."""
        self.line(f"── {clean(text)} ".ljust(self.width, "─"), "bold")

    def paragraph(self, text: str, *, indent: int = 0, hanging: int | None = None, style: str = "") -> None:
        """Print text wrapped between words; a word that is wider than the page stays whole."""
        first, rest = " " * indent, " " * (indent if hanging is None else hanging)
        wrapped = textwrap.wrap(
            clean(text), self.width, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False, drop_whitespace=True
        )
        for one in wrapped or [""]:
            self.line(one, style)

    def fact(self, text: str, *, indent: int = 0, hanging: int | None = None, style: str = "") -> None:
        """Print something that is looked for, such as a fault: wrapped like a paragraph on a terminal, on one line where it is piped and may be searched."""
        if self.console.is_terminal:
            self.paragraph(text, indent=indent, hanging=hanging, style=style)
        else:
            self.line(" " * indent + text)

    def pairs(self, rows: Iterable[tuple[str, str]], *, indent: int = 2) -> None:
        """Print names with what is said of each, the texts aligned."""
        listed = [(clean(name), text) for name, text in rows]
        widest = max((len(name) for name, _ in listed), default=0)
        for name, text in listed:
            self.fact(f"{name:<{widest}}  {text}", indent=indent, hanging=indent + widest + 2)

    def table(self, columns: Sequence[Column], rows: Iterable[Sequence[str]], *, bold: Iterable[int] = ()) -> None:
        """Print a table as wide as ids and figures need to stay whole; the cells of one wrapping column wrap between words. Rows in ``bold`` stand out.

        Where that is more than the page has, the terminal wraps the lines: nothing is cut.
        """
        listed = [[clean(cell) for cell in row] for row in rows]
        table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="dim")
        widths = self._widths(columns, [[column.heading for column in columns], *listed])
        for column, width in zip(columns, widths, strict=True):
            table.add_column(Text(column.heading), justify=column.align, vertical="top", overflow="fold", width=width)
        standing_out = set(bold)
        for number, row in enumerate(listed):
            table.add_row(*map(Text, row), style="bold" if number in standing_out else "")
        options = self.console.options.update(width=sum(widths) + _GAP * len(widths))
        for one in self.console.render_lines(table, options, pad=False):
            # rich pads cells to the column's width; what is piped need not end in blanks
            text = Text.assemble(*((segment.text, segment.style or "") for segment in one))
            text.rstrip()
            self.console.print(Text(" " * _INDENT) + text, soft_wrap=True)

    def fits(self, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> bool:
        """Tell whether a table of these cells is no wider than the page."""
        widths = self._widths(columns, [[column.heading for column in columns], *rows])
        return sum(widths) + _GAP * (len(widths) - 1) + _INDENT <= self.console.width

    def _widths(self, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> list[int]:
        """Return each column's width: what its widest cell needs; a wrapping column takes what the others leave of the page, its longest word at least."""
        widths = [max(cell_len(row[place]) for row in rows) for place in range(len(columns))]
        for place, column in enumerate(columns):
            if column.wraps:
                others = sum(widths) - widths[place] + _GAP * (len(columns) - 1) + _INDENT
                longest = max(_longest_word(row[place]) for row in rows)
                widths[place] = max(longest, min(widths[place], self.console.width - others))
        return widths


def _longest_word(text: str) -> int:
    return max(map(cell_len, text.split()), default=0)


def print_json(answer: Any) -> None:  # noqa: ANN401 - whatever JSON holds
    """Print a machine's answer to standard output: JSON, indented, one trailing newline."""
    escaped = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
    sys.stdout.write(json.dumps(_finite(answer), indent=2, ensure_ascii=escaped, allow_nan=False) + "\n")


def _finite(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Return the value with NaN and infinities as text: Python reads them from files, JSON has no such numbers."""
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, (list, tuple)) else value
