"""``routecore catalog lint``: what looks wrong in a catalog, and in what is used with it."""

from __future__ import annotations

from pathlib import Path

import click

from routecore.cli.options import as_json, from_feed
from routecore.cli.reading import load_catalog, load_stats, read_json
from routecore.cli.terminal import Page, print_json
from routecore.showing.figures import count
from routecore.wire.lint import lint

__all__ = ["lint_"]

_FOUND = 1


@click.command(
    "lint", short_help="Say what looks wrong in a catalog.", epilog="\b\nExample: routecore catalog lint example --stats example --provider block.json"
)
@click.argument("file", metavar="FILE|example")
@from_feed
@click.option("--stats", metavar="FILE|example", help="Statistics of the endpoints, to be looked at as well.")
@click.option("--provider", "blocks", multiple=True, metavar="FILE", help="A provider block that is used with the catalog; may be given several times.")
@as_json
def lint_(file: str, feed: str, stats: str | None, blocks: tuple[str, ...], machine: bool) -> None:
    """Look for dead slugs, prices and times in wrong units, filters that drop what is unknown, and policies that contradict each other."""
    catalog, measured = load_catalog(file, feed)
    given = measured if stats is None else load_stats(stats)["stats"]
    read = {Path(path).name: read_json(path, "a provider block: a JSON object") for path in blocks}
    # a whole body is as good as its block
    findings = lint(catalog, stats=given, blocks={name: block.get("provider", block) if isinstance(block, dict) else {} for name, block in read.items()})
    if machine:
        print_json({"findings": [one.to_dict() for one in findings]})
    else:
        page = Page()
        page.line(f"{count(len(findings))} {'finding' if len(findings) == 1 else 'findings'} in {count(len(catalog))} endpoints", "bold")
        for one in findings:
            page.fact(f"{one.where}: {one.problem}", indent=2, hanging=4)
            page.fact(f"{one.remedy} ({one.lint})", indent=6, hanging=8)
    if findings:
        click.get_current_context().exit(_FOUND)
