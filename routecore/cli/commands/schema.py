"""``routecore schema``: the wire's JSON Schemas, for gateways in other languages."""

from __future__ import annotations

import click

from routecore.cli.terminal import print_json
from routecore.wire.schema import SCHEMAS
from routecore.wire.schema import schema as schema_of

__all__ = ["schema"]


@click.command(short_help="Print a JSON Schema of the wire.", epilog="\b\nExample: routecore schema scenario")
@click.argument("name", type=click.Choice(tuple(SCHEMAS)))
def schema(name: str) -> int:
    """Print the JSON Schema (draft 2020-12) of NAME: what a scenario, an answer, a record, a catalog, a cost case or its answer looks like."""
    print_json(schema_of(name))
    return 0
