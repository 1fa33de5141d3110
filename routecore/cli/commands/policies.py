"""``routecore policies``: the policies that have a name, with formula, constants and source."""

from __future__ import annotations

from typing import Final, NamedTuple

import click

from routecore.cli.options import as_json
from routecore.cli.terminal import Page, print_json
from routecore.request.settings import NAMED_SETTINGS

__all__ = ["policies"]

_DRAWN: Final = "price^-a × throughput^b × latency^-c × success^d, drawn in proportion"


class _Told(NamedTuple):
    formula: str
    source: str


_TOLD: Final = {
    "balance": _Told(_DRAWN, "the documented balance; its exponents are a decision (docs/decisions/006)"),
    "studied": _Told(_DRAWN, "the exponents that the what-if study would choose (docs/explanation/what-if-study.md)"),
    "inverse_square_price": _Told("price^-2, drawn in proportion", "OpenRouter's long-published rule"),
    "adjusted_price": _Told(
        "what a good result costs in USD: price × (1 + penalties × rates) + time × its value; shares fall past an edge",
        "OpenRouter's default of 2026, described by it and fitted to its figure (docs/explanation/adjusted-price.md)",
    ),
}


def _constants(name: str) -> dict[str, float]:
    settings = NAMED_SETTINGS[name].to_mapping()
    if name == "adjusted_price":
        found: dict[str, float] = settings["adjusted_price"]
        return found
    weights = NAMED_SETTINGS[name].exponents
    return {"price": weights.price, "throughput": weights.throughput, "latency": weights.latency, "reliability": weights.reliability}


@click.command(short_help="List the policies that have a name.", epilog="\b\nExample: routecore policies")
@as_json
def policies(*, machine: bool) -> int:
    """List every named policy with its formula, its constants and where they come from. 'routecore whatif --policy NAME' runs it."""
    rows = [{"name": name, "formula": _TOLD[name].formula, "constants": _constants(name), "source": _TOLD[name].source} for name in NAMED_SETTINGS]
    if machine:
        print_json({"policies": rows})
        return 0
    page = Page()
    for row in rows:
        page.heading(str(row["name"]))
        constants = ", ".join(f"{key} {value:g}" for key, value in _constants(str(row["name"])).items())
        page.pairs([("formula", str(row["formula"])), ("constants", constants), ("source", str(row["source"]))])
    return 0
