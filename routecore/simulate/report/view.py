"""How a report looks in a notebook: its figures as a table, and what was assumed; ``to_html`` has the whole page with its plots."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routecore.showing.sheet import Column

if TYPE_CHECKING:
    from routecore.showing.sheet import Sheet
    from routecore.simulate.report.report import Report

__all__ = ["show_figures"]


def show_figures(report: Report, sheet: Sheet) -> None:
    """Set the figures of every policy side by side, the notes, and everything that was assumed."""
    sheet.line(f"{report.title}: {report.expected:,} requests of {report.trace['source']}{', stopped before the end' if report.partial else ''}", "bold")
    heading, *rows = report.table()
    sheet.table([Column(heading[0]), *(Column(name, "right") for name in heading[1:])], rows)
    if len(report.results) > 1:
        sheet.paragraph(f"In brackets: the paired difference to {report.baseline.name}, ± half of its 95 % interval. ~: the interval holds 0.", style="dim")
    for note in report.notes:
        sheet.fact(note, style="yellow")
    sheet.heading("Where this comes from, and what it assumes")
    for text in (*report.sources, *report.assumptions):
        sheet.fact(f"- {text}", indent=2, hanging=4)
