"""Options that several commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from routecore.adapters.feeds import FEEDS

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["as_json", "from_feed"]


def as_json(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--json``."""
    return click.option("--json", "machine", is_flag=True, help="Print the answer, or the error, as JSON.")(command)


def from_feed(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--from``: the form of a catalog file."""
    text = "The form of the catalog file: routecore's own, or a feed that is imported on the way."
    return click.option("--from", "feed", type=click.Choice(("routecore", *FEEDS)), default="routecore", show_default=True, help=text)(command)
