"""``routecore catalog diff``: what changed between two catalogs."""

from __future__ import annotations

import click

from routecore.catalog.diff import diff_catalogs
from routecore.cli.options import as_json, from_feed
from routecore.cli.reading import load_catalog
from routecore.cli.terminal import Page, print_json
from routecore.showing.figures import count

__all__ = ["diff"]

_ALARMED = 1
_SHOWN = 20


@click.command("diff", short_help="Say what changed between two catalogs.", epilog="\b\nExample: routecore catalog diff old.json new.json")
@click.argument("before", metavar="OLD")
@click.argument("after", metavar="NEW")
@from_feed
@as_json
def diff(before: str, after: str, feed: str, machine: bool) -> None:
    """Compare two catalogs, and exit with 1 where the change looks like a mistake: half the endpoints gone, a price a hundred times what it was."""
    found = diff_catalogs(load_catalog(before, feed)[0], load_catalog(after, feed)[0])
    alarms = found.alarms()
    if machine:
        print_json(found.to_dict())
    else:
        page = Page()
        page.line(f"{count(found.before)} endpoints before, {count(found.after)} after", "bold")
        for alarm in alarms:
            page.fact(alarm, indent=2, hanging=4, style="bold red")
        for words, names in (("added", found.added), ("removed", found.removed)):
            if names:
                page.heading(f"{count(len(names))} {words}")
                for name in names[:_SHOWN]:
                    page.line(f"  {name}")
                if len(names) > _SHOWN:
                    page.line(f"  and {count(len(names) - _SHOWN)} more; --json lists them")
        if found.changed:
            page.heading(f"{count(len(found.changed))} fields changed")
            for one in found.changed[:_SHOWN]:
                page.fact(f"{one.endpoint} {one.field}: {_shown(one.before)} -> {_shown(one.after)}", indent=2, hanging=4)
            if len(found.changed) > _SHOWN:
                page.line(f"  and {count(len(found.changed) - _SHOWN)} more; --json lists them")
        if not (found.added or found.removed or found.changed):
            page.line("Nothing changed.")
    if alarms:
        click.get_current_context().exit(_ALARMED)


def _shown(value: object) -> str:
    return "unknown" if value is None else str(value)
