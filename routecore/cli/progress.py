"""A progress bar with the time left, where there is a terminal to show it on."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from routecore.cli.terminal import Page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["told_progress"]


@contextmanager
def told_progress(what: str) -> Iterator[Callable[[int, int | None], None]]:
    """Give a function to tell (done, total) to; ``total`` is ``None`` where it is not known. Nothing is drawn where standard error is no terminal."""
    console = Page(error=True).console
    if not console.is_terminal:
        yield lambda done, total: None
        return
    columns = (TextColumn(what), BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
