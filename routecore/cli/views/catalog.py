"""How the import of a catalog looks on a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routecore.cli.errors import fault_in_words
from routecore.cli.reading import STDIN
from routecore.cli.terminal import Column
from routecore.showing.figures import count

if TYPE_CHECKING:
    from collections.abc import Callable

    from routecore.adapters.imported import ImportResult
    from routecore.cli.terminal import Page

__all__ = ["show_import"]


def show_import(result: ImportResult, in_file: Callable[[str], str], page: Page, *, output: str | None, stats_output: str | None) -> None:
    """Print what was imported, which rows were refused, and what was odd; ``in_file`` puts the file's name before a fault's path."""
    summary = result.summary()
    page.line(f"{count(summary['endpoints'])} endpoints of {count(summary['models'])} models, from {count(summary['rows_read'])} rows", "bold")
    page.line(f"{count(summary['with_statistics'])} of them with statistics")
    policies = summary["data_policies"]
    if policies["unknown"]:
        page.fact(f"of {count(policies['unknown'])} of them {policies['note'].replace('policies=', '--policies')}", hanging=2)
    if summary["refused"]:
        page.heading(f"Rows refused: {len(summary['refused'])}")
        for fault in summary["refused"]:
            page.fact(fault_in_words({**fault, "path": in_file(fault["path"])}), indent=2, hanging=6)
    if summary["oddities"]:
        page.heading("What was odd, and what was done about it")
        page.table(
            [Column("rows", "right"), Column("field"), Column("done", wraps=True)],
            ([count(one["rows"]), one["field"], one["done"]] for one in summary["oddities"]),
        )
        page.line("  --json lists every row of these")
    page.line()
    if output is None:
        page.line("Nothing was written: name a file with -o OUT.json to keep the catalog.")
    elif output != STDIN:
        page.line(f"Catalog written to {output}; look at it with: routecore catalog show {output}")
    if stats_output is not None:
        page.line(f"Statistics written to {stats_output}, for: routecore plan --stats {stats_output}")
    elif result.stats:
        page.line("The statistics were not written: name a file with --stats-output OUT.json to keep them.")
