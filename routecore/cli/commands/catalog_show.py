"""``routecore catalog show``: the models of a catalog, or the endpoints of one."""

from __future__ import annotations

import click

from routecore.catalog.view import show_endpoints, show_models
from routecore.cli.errors import sourced
from routecore.cli.options import as_json, from_feed
from routecore.cli.reading import load_catalog, shown_name
from routecore.cli.terminal import Page, print_json
from routecore.errors import UnknownModel
from routecore.reading.checks import nearest
from routecore.safe_text import jsonable

__all__ = ["show"]


@click.command(
    "show",
    short_help="Show the models of a catalog, or one model's endpoints.",
    epilog="\b\nExample: routecore catalog show example --model deepseek/deepseek-v3.2",
)
@click.argument("file", metavar="FILE|example")
@click.argument("named", required=False, metavar="[MODEL]")
@from_feed
@click.option("--model", metavar="NAME", help="Show the endpoints of this model.")
@as_json
def show(file: str, named: str | None, feed: str, model: str | None, machine: bool) -> None:
    """Show the models of a catalog, or the endpoints of one MODEL. 'example' is the catalog that ships with routecore."""
    if named is not None and model is not None:
        raise click.UsageError("the model is named twice: as an argument, and with --model")
    model = named if model is None else model
    known, _ = load_catalog(file, feed)
    with sourced({"catalog": shown_name(file)}):
        if model is not None and model not in known.models:
            raise UnknownModel([model], nearest(model, known.models) or [name for name in known.models if model.lower() in name.lower()][:5])
    chosen = list(known) if model is None else [endpoint for _, endpoint in known.rows(model)]
    if machine:
        rounded = [{"path": path, "given": jsonable(given), "used": used} for path, given, used in known.rounded]
        print_json({"version": known.version, "rounded": rounded, "endpoints": [endpoint.to_mapping() for endpoint in chosen]})
    elif model is None:
        page = Page()
        show_models(known, page)
        page.line(f"One model's endpoints: routecore catalog show {file} MODEL")
    else:
        show_endpoints(model, chosen, Page())
