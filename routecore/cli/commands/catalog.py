"""``routecore catalog``: import a neighbour's lists, show a catalog, check it, compare two."""

from __future__ import annotations

from typing import Final

from routecore.cli.group import listed

__all__ = ["COMMANDS", "catalog"]

COMMANDS: Final = {
    "import": "routecore.cli.commands.catalog_import:import_",
    "diff": "routecore.cli.commands.catalog_diff:diff",
    "lint": "routecore.cli.commands.catalog_lint:lint_",
    "show": "routecore.cli.commands.catalog_show:show",
}
"""The commands below ``catalog``: a new one is a file and a row."""


@listed(COMMANDS, short_help="Import, check, compare or show catalogs.", epilog="\b\nExample: routecore catalog show example --model deepseek/deepseek-v3.2")
def catalog() -> None:
    """Import a catalog from a neighbour's lists, check it, compare two, or show one."""
