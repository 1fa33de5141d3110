"""A sheet: headings, running text and tables, set as plain text. Ids stay whole at any width, and nothing that a file holds can drive a terminal."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Final, Literal, NamedTuple
from unicodedata import combining, east_asian_width

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["WIDTH", "Column", "Sheet", "cell_len", "clean"]

WIDTH: Final = 100
"""Running text is not set wider than this: longer lines are hard to read."""
_INDENT: Final = 2
_GAP: Final = 2
_DRIVING: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
"""Controls, marks that turn or hide text, line ends of any kind, and halves of a character: what moves a cursor, forges a line, or cannot be written."""


def clean(text: object) -> str:
    r"""Return ``text`` as one line without anything that drives a terminal: control and bidirectional characters, line ends and lone surrogates as escapes.

    >>> clean("a" + chr(27) + "[31mb"), clean("two" + chr(10) + "lines"), clean(chr(0x202E) + "txt")
    ('a\\x1b[31mb', 'two\\nlines', '\\u202etxt')
    """
    return _DRIVING.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), str(text))


def cell_len(text: str) -> int:
    """Return how many columns of a terminal a text takes: East Asian wide characters take two, marks that combine take none.

    >>> cell_len("abc"), cell_len("日本語"), cell_len("e" + chr(0x301))
    (3, 6, 1)
    """
    if text.isascii():
        return len(text)
    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)


class Column(NamedTuple):
    """A column: its heading, its alignment, and whether its cells may be wrapped between words (ids and figures may not)."""

    heading: str
    align: Literal["left", "right"] = "left"
    wraps: bool = False


class Sheet:
    """Collects lines of plain text; ``str`` gives them. ``width`` is how many columns there are.

    >>> sheet = Sheet(40)
    >>> sheet.table([Column("id"), Column("USD", "right")], [["a", "1.00"], ["bc", "10.00"]])
    >>> print(sheet)
      id    USD
      a    1.00
      bc  10.00
    """

    def __init__(self, width: int = WIDTH) -> None:
        self.width = width
        self.lines: list[str] = []

    def put(self, text: str, style: str) -> None:  # noqa: ARG002 - plain text has no styles
        """Take one finished line. ``style`` is ``""``, ``dim``, ``bold`` or a colour."""
        self.lines.append(text)

    @property
    def keeps_facts_whole(self) -> bool:
        """Whether a fact stays on one line, to be searched for, and is not wrapped."""
        return False

    def __str__(self) -> str:
        return "\n".join(self.lines)

    def line(self, text: str = "", style: str = "") -> None:
        """Set one line, whatever its length, so that it can be copied whole."""
        self.put(clean(text), style)

    def heading(self, text: str) -> None:
        """Set a heading after an empty line."""
        self.line()
        self.line(text, "bold")

    def rule(self, text: str) -> None:
        """Set a heading with a line across the sheet."""
        self.line(f"── {clean(text)} ".ljust(min(self.width, WIDTH), "─"), "bold")

    def paragraph(self, text: str, *, indent: int = 0, hanging: int | None = None, style: str = "") -> None:
        """Set text wrapped between words; a word that is wider than the sheet stays whole."""
        first, rest = " " * indent, " " * (indent if hanging is None else hanging)
        for one in _wrapped(clean(text), min(self.width, WIDTH), first, rest):
            self.line(one, style)

    def fact(self, text: str, *, indent: int = 0, hanging: int | None = None, style: str = "") -> None:
        """Set something that is looked for, such as a fault: wrapped like a paragraph, or on one line where it may be searched for."""
        if self.keeps_facts_whole:
            self.line(" " * indent + text, style)
        else:
            self.paragraph(text, indent=indent, hanging=hanging, style=style)

    def pairs(self, rows: Iterable[tuple[str, str]], *, indent: int = _INDENT) -> None:
        """Set names with what is said of each, the texts aligned."""
        listed = [(clean(name), text) for name, text in rows]
        widest = max((cell_len(name) for name, _ in listed), default=0)
        for name, text in listed:
            self.fact(f"{_padded(name, widest, 'left')}  {text}", indent=indent, hanging=indent + widest + 2)

    def table(self, columns: Sequence[Column], rows: Iterable[Sequence[str]], *, bold: Iterable[int] = ()) -> None:
        """Set a table as wide as ids and figures need to stay whole; the cells of one wrapping column wrap between words. Rows in ``bold`` stand out.

        Where that is more than the sheet has, lines are longer than it: nothing is cut.
        """
        listed = [[clean(cell) for cell in row] for row in rows]
        widths = self._widths(columns, [[column.heading for column in columns], *listed])
        standing_out = set(bold)
        if any(column.heading for column in columns):
            self._row(columns, widths, [column.heading for column in columns], "dim")
        for number, row in enumerate(listed):
            self._row(columns, widths, row, "bold" if number in standing_out else "")

    def fits(self, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> bool:
        """Tell whether a table of these cells is no wider than the sheet."""
        widths = self._widths(columns, [[column.heading for column in columns], *rows])
        return sum(widths) + _GAP * (len(widths) - 1) + _INDENT <= self.width

    def _row(self, columns: Sequence[Column], widths: Sequence[int], row: Sequence[str], style: str) -> None:
        cells = [_wrapped(cell, width) if column.wraps else [cell] for cell, column, width in zip(row, columns, widths, strict=True)]
        for number in range(max(map(len, cells))):
            parts = [
                _padded(cell[number] if number < len(cell) else "", width, column.align) for cell, column, width in zip(cells, columns, widths, strict=True)
            ]
            self.line((" " * _INDENT + (" " * _GAP).join(parts)).rstrip(), style)

    def _widths(self, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> list[int]:
        """Return each column's width: what its widest cell needs; a wrapping column takes what the others leave of the sheet, its longest word at least."""
        widths = [max(cell_len(clean(row[place])) for row in rows) for place in range(len(columns))]
        for place, column in enumerate(columns):
            if column.wraps:
                others = sum(widths) - widths[place] + _GAP * (len(columns) - 1) + _INDENT
                longest = max(max(map(cell_len, row[place].split()), default=0) for row in rows)
                widths[place] = max(longest, min(widths[place], self.width - others))
        return widths


def _padded(text: str, width: int, align: Literal["left", "right"]) -> str:
    blanks = " " * (width - cell_len(text))
    return blanks + text if align == "right" else text + blanks


def _wrapped(text: str, width: int, first: str = "", rest: str = "") -> list[str]:
    return textwrap.wrap(text, max(width, 1), initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False) or [""]
