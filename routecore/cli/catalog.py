"""``routecore catalog``: import a neighbour's endpoint list, show a catalog."""

from __future__ import annotations

import json

import click

from routecore.cli import screen
from routecore.cli.files import read_catalog, read_json, write_text
from routecore.errors import RoutecoreError


@click.group(epilog="Example: routecore catalog show example --model deepseek/deepseek-v3.2")
def catalog() -> None:
    """Import a catalog, or show one."""


@catalog.command("import", epilog="Example: routecore catalog import endpoints.json --from openrouter -o catalog.json")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--from", "kind", type=click.Choice(["openrouter"]), default="openrouter", show_default=True, help="The files' format.")
@click.option("--providers", help="A provider directory with data policies (JSON).", metavar="FILE")
@click.option("--discount", type=click.Choice(["apply", "leave out"]), default="apply", show_default=True, help="Whether the feed's discount is taken off.")
@click.option(
    "--negative-status", type=click.Choice(["keep", "disable"]), default="keep", show_default=True, help="What becomes of endpoints with a negative status."
)
@click.option("-o", "--output", help="Write the catalog here; without, only the summary is shown.", metavar="OUT.json")
@click.option("--stats-output", help="Write the feed's statistics here.", metavar="OUT.json")
@click.option("--json", "as_json", is_flag=True, help="Print the summary, every oddity and (without -o) the catalog as JSON.")
def import_(  # noqa: PLR0917 - one parameter an option
    files: tuple[str, ...], kind: str, providers: str | None, discount: str, negative_status: str, output: str | None, stats_output: str | None, as_json: bool
) -> None:
    """Read endpoint lists into a catalog, and say what was odd about them."""
    del kind
    from routecore.adapters.openrouter import import_endpoints, read_policies

    try:
        policies = None if providers is None else read_policies(read_json(providers))
        documents = [read_json(path) for path in files]
        result = import_endpoints(documents[0] if len(documents) == 1 else documents, policies=policies, discount=discount, negative_status=negative_status)  # type: ignore[arg-type]
        made = result.catalog()
        if output is not None:
            write_text(output, json.dumps(result.catalog_mapping, ensure_ascii=False, indent=1) + "\n")
        if stats_output is not None:
            write_text(stats_output, json.dumps({"stats": result.stats}, ensure_ascii=False, indent=1) + "\n")
    except RoutecoreError as error:
        screen.fail(error, as_json=as_json)
        return
    summary = result.summary()
    if as_json:
        answer = {"summary": summary, "version": made.version, "oddities": [one.to_dict() for one in result.oddities]}
        screen.print_json(answer if output is not None else {**answer, "catalog": result.catalog_mapping, "stats": result.stats})
        return
    screen.say(
        f"{summary['rows_read']} rows read: {summary['endpoints']} endpoints of {summary['models']} models, {summary['with_statistics']} with statistics; {made.version}"
    )
    screen.say()
    if summary["refused"]:
        screen.table(
            "Rows that could not be endpoints", ("at", "value", "expected"), ((one["path"], one["value"], one["expected"]) for one in summary["refused"])
        )
    if summary["oddities"]:
        screen.table(
            "What was odd, and what was done", ("rows", "field", "done"), ((one["rows"], one["field"], one["done"]) for one in summary["oddities"]), right=(0,)
        )
    if output is None:
        screen.say("Nothing was written; -o OUT.json writes the catalog.")


@catalog.command(epilog="Example: routecore catalog show example")
@click.argument("file", metavar="FILE|example")
@click.option("--from", "kind", type=click.Choice(["routecore", "openrouter"]), default="routecore", show_default=True, help="The file's format.")
@click.option("--model", help="Show this model's endpoints.", metavar="NAME")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def show(file: str, kind: str, model: str | None, as_json: bool) -> None:
    """Show a catalog: its models, or one model's endpoints."""
    from routecore.checks import nearest
    from routecore.errors import UnknownModel

    try:
        known = read_catalog(file, kind)
        if model is not None and model not in known.models:
            raise UnknownModel([model], nearest(model, known.models))
    except RoutecoreError as error:
        screen.fail(error, as_json=as_json)
        return
    chosen = [endpoint for endpoint in known if model is None or endpoint.model == model]
    if as_json:
        screen.print_json({"version": known.version, "endpoints": [endpoint.to_mapping() for endpoint in chosen]})
        return
    screen.say(f"{len(known)} endpoints of {len(known.models)} models; {known.version}")
    screen.say()
    if model is None:
        rows = []
        for name in known.models:
            offers = [endpoint for _, endpoint in known.rows(name)]
            prices = [endpoint.pricing.completion for endpoint in offers if endpoint.pricing is not None and endpoint.pricing.completion is not None]
            span = "–" if not prices else screen.per_mtok(min(prices)) + ("" if min(prices) == max(prices) else f" to {screen.per_mtok(max(prices))}")
            rows.append((name, len(offers), span))
        screen.table("Models", ("model", "endpoints", "completion, USD/Mtok"), rows, right=(1, 2))
        return
    rows = []
    for endpoint in chosen:
        pricing, policy = endpoint.pricing, endpoint.data_policy
        stated = {True: "yes", False: "no", None: "unknown"}
        rows.append(
            (
                endpoint.slug + (" (disabled)" if endpoint.disabled else ""),
                endpoint.quantization,
                "–" if endpoint.context_length is None else endpoint.context_length,
                screen.per_mtok(None if pricing is None else pricing.prompt),
                screen.per_mtok(None if pricing is None else pricing.completion),
                screen.per_mtok(None if pricing is None else pricing.input_cache_read),
                f"{stated[policy.trains]} / {stated[policy.retains]}",
            )
        )
    screen.table(
        f"{model} (prices in USD per million tokens)",
        ("slug", "quant.", "context", "prompt", "completion", "cache read", "trains / retains"),
        rows,
        right=(2, 3, 4, 5),
    )
