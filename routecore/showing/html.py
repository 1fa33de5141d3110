"""A sheet as HTML, for notebooks: the same calls, set as paragraphs and tables. No script, no network, no colours of its own, so that it reads in the dark too."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from routecore.showing.sheet import Sheet, clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from routecore.showing.sheet import Column

__all__ = ["HtmlSheet", "View"]

_STYLES: Final = {"": "", "dim": "opacity:.7", "bold": "font-weight:600"}


class HtmlSheet(Sheet):
    """Collects HTML; ``str`` gives one ``<div>``. Text is escaped, and wraps where the page does.

    >>> sheet = HtmlSheet()
    >>> sheet.line("1 < 2", "bold")
    >>> print(sheet)
    <div class="routecore"><div style="font-weight:600">1 &lt; 2</div></div>
    """

    def __str__(self) -> str:
        return f'<div class="routecore">{"".join(self.lines)}</div>'

    def put(self, text: str, style: str) -> None:
        """Take one line as a block of its own; an empty one as some room."""
        shown = _STYLES.get(style, _STYLES["bold"])
        self.lines.append(f'<div style="{shown}">{escape(text)}</div>' if text else '<div style="height:.6em"></div>')

    def heading(self, text: str) -> None:
        """Set a heading."""
        self.lines.append(f'<div style="font-weight:600;margin-top:.8em">{escape(clean(text))}</div>')

    def rule(self, text: str) -> None:
        """Set a heading with a line above it."""
        self.lines.append(f'<hr><div style="font-weight:600">{escape(clean(text))}</div>')

    def paragraph(self, text: str, *, indent: int = 0, hanging: int | None = None, style: str = "") -> None:
        """Set a paragraph, as far to the right as ``indent`` says."""
        deeper = indent if hanging is None else hanging
        shown = _STYLES.get(style, _STYLES["bold"])
        self.lines.append(f'<div style="margin-left:{deeper / 2}em;text-indent:{(indent - deeper) / 2}em;{shown}">{escape(clean(text))}</div>')

    def pairs(self, rows: Iterable[tuple[str, str]], *, indent: int = 2) -> None:
        """Set names with what is said of each, as a table without a heading."""
        self._rows([], [[name, text] for name, text in rows], ["left", "left"], set(), indent)

    def table(self, columns: Sequence[Column], rows: Iterable[Sequence[str]], *, bold: Iterable[int] = ()) -> None:
        """Set a table."""
        self._rows([column.heading for column in columns], [list(row) for row in rows], [column.align for column in columns], set(bold), 2)

    def fits(self, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> bool:  # noqa: ARG002 - a page of HTML scrolls
        """Tell whether there is room for a table: a page of HTML always has some."""
        return True

    def _rows(self, heading: Sequence[str], rows: Sequence[Sequence[str]], aligns: Sequence[str], bold: set[int], indent: int) -> None:
        def cell(tag: str, text: str, align: str, style: str = "") -> str:
            return f'<{tag} style="text-align:{align};vertical-align:top;{style}">{escape(clean(text))}</{tag}>'

        head = "".join(cell("th", text, align) for text, align in zip(heading, aligns, strict=True)) if heading else ""
        body = "".join(
            "<tr>" + "".join(cell("td", text, align, _STYLES["bold"] if number in bold else "") for text, align in zip(row, aligns, strict=True)) + "</tr>"
            for number, row in enumerate(rows)
        )
        self.lines.append(f'<table style="margin-left:{indent / 2}em">{f"<thead><tr>{head}</tr></thead>" if head else ""}<tbody>{body}</tbody></table>')


class View:
    """Something to look at: plain text where it is printed or echoed, HTML in a notebook.

    >>> View(lambda sheet: sheet.line("seen"))
    seen
    """

    def __init__(self, show: Callable[[Sheet], None]) -> None:
        self._show = show

    def __str__(self) -> str:
        sheet = Sheet()
        self._show(sheet)
        return str(sheet)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        sheet = HtmlSheet()
        self._show(sheet)
        return str(sheet)
