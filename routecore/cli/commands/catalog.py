"""``routecore catalog``: import a neighbour's endpoint lists, show a catalog."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from routecore.cli.errors import Failure, fault_in_words, sourced
from routecore.cli.figures import count, per_million
from routecore.cli.options import as_json, from_feed
from routecore.cli.reading import FEEDS, STDIN, load_catalog, read_json, shown_name, write_text
from routecore.cli.terminal import Column, Page, print_json
from routecore.errors import RoutecoreError, UnknownModel, jsonable
from routecore.reading.checks import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from routecore.adapters.openrouter import Discount, ImportResult, NegativeStatus, Renamed
    from routecore.catalog.catalog import Catalog, Endpoint

__all__ = ["catalog"]


@click.group(short_help="Import a catalog, or show one.", epilog="\b\nExample: routecore catalog show example --model deepseek/deepseek-v3.2")
def catalog() -> None:
    """Import a catalog from a neighbour's lists, or show one."""


@catalog.command(
    "import",
    short_help="Make a catalog of endpoint lists.",
    epilog="\b\nExample: routecore catalog import endpoints.json --from openrouter -o catalog.json",
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--from", "feed", type=click.Choice(FEEDS), default=FEEDS[0], show_default=True, help="The form of the files.")
@click.option("--providers", multiple=True, metavar="FILE", help="A provider directory with data policies; may be given several times.")
@click.option("--models", multiple=True, metavar="FILE", help="A list of models, for modalities that the files leave out; may be given several times.")
@click.option("--stats", multiple=True, metavar="FILE", help="Answers with live percentiles, of which only those are taken; may be given several times.")
@click.option(
    "--discount",
    type=click.Choice(["leave out", "apply"]),
    default="leave out",
    show_default=True,
    help="A discount is in the listed price already, or comes off it.",
)
@click.option(
    "--negative-status", type=click.Choice(["keep", "disable"]), default="keep", show_default=True, help="What to do with endpoints of a negative status."
)
@click.option(
    "--renamed",
    type=click.Choice(["keep", "refuse"]),
    default="keep",
    show_default=True,
    help="What to do with answers under another model's name than was asked.",
)
@click.option("-o", "--output", metavar="OUT.json", help="Write the catalog here ('-': standard output). Without it only the summary is printed.")
@click.option("--stats-output", metavar="OUT.json", help="Write the feed's statistics here, for --stats.")
@as_json
def import_(
    files: tuple[str, ...],
    feed: str,
    providers: tuple[str, ...],
    models: tuple[str, ...],
    stats: tuple[str, ...],
    discount: Discount,
    negative_status: NegativeStatus,
    renamed: Renamed,
    output: str | None,
    stats_output: str | None,
    machine: bool,
) -> None:
    """Read endpoint lists into a catalog, and say what was odd about them. A file may be gzipped; '-' is standard input."""
    from routecore.adapters.openrouter import import_endpoints

    if sum(file == STDIN for file in (*files, *providers, *models, *stats)) > 1:
        raise click.UsageError("only one file can be '-', standard input")
    names = {"": files, "providers": providers, "models": models, "stats": stats}
    document = _read_all(files, f"a feed of {feed}")
    with _in_files(names):
        result = import_endpoints(
            document,
            providers=_read_all(providers, "a provider directory: JSON with a list under 'data'"),
            models=_read_all(models, "a list of models: JSON with a list under 'data'"),
            stats=_read_all(stats, f"a feed of {feed} with percentiles"),
            discount=discount,
            negative_status=negative_status,
            renamed=renamed,
        )
        made = result.catalog()
    if stats_output is not None:
        write_text(stats_output, _lines("stats", result.stats))
    if output is not None:
        write_text(output, _lines("endpoints", result.catalog_mapping["endpoints"]))
    if machine:
        if output != STDIN:
            answer = {"summary": result.summary(), "version": made.version, "oddities": [one.to_dict() for one in result.oddities]}
            # without a file to write to, the answer is itself a catalog that other commands read
            print_json(answer if output is not None else {**answer, "endpoints": result.catalog_mapping["endpoints"], "stats": result.stats})
        return
    # a catalog on standard output is not to be mixed with words
    _show_import(result, names, Page(error=output == STDIN), output=output, stats_output=stats_output)


def _lines(key: str, rows: list[Any] | dict[str, Any]) -> str:
    """Return ``{key: rows}`` as JSON with one row a line, so that two imports can be compared line by line."""

    def text(value: object) -> str:
        return json.dumps(value, ensure_ascii=False)

    listed = [text(row) for row in rows] if isinstance(rows, list) else [f"{text(name)}: {text(row)}" for name, row in rows.items()]
    opening, closing = "[]" if isinstance(rows, list) else "{}"
    body = "".join(f"\n  {row}{',' if place < len(listed) else ''}" for place, row in enumerate(listed, 1))
    return f'{{"{key}": {opening}{body}\n{closing}}}\n'


def _show_import(result: ImportResult, names: Mapping[str, Sequence[str]], page: Page, *, output: str | None, stats_output: str | None) -> None:
    summary = result.summary()
    page.line(f"{count(summary['endpoints'])} endpoints of {count(summary['models'])} models, from {count(summary['rows_read'])} rows", "bold")
    page.line(f"{count(summary['with_statistics'])} of them with statistics")
    if summary["refused"]:
        page.heading(f"Rows refused: {len(summary['refused'])}")
        for fault in summary["refused"]:
            page.fact(fault_in_words({**fault, "path": _in_file(fault["path"], names)}), indent=2, hanging=6)
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


def _read_all(files: Sequence[str], expected: str) -> Any:  # noqa: ANN401 - whatever the files hold
    """Return the one document, or the list of them; ``None`` without files."""
    documents = [read_json(path, expected) for path in files]
    return None if not documents else documents[0] if len(documents) == 1 else documents


@contextmanager
def _in_files(names: Mapping[str, Sequence[str]]) -> Iterator[None]:
    """Let errors leave as ``Failure`` with the name of the file in each fault's path."""
    try:
        yield
    except RoutecoreError as error:
        body = error.to_dict()
        for fault in body["error"]["metadata"].get("faults", ()):
            fault["path"] = _in_file(fault["path"], names)
        raise Failure(body, {}) from error


def _in_file(path: str, names: Mapping[str, Sequence[str]]) -> str:
    """Return a fault's path with its file before it: ``providers[1].data`` is in the second file of ``--providers``, ``[0].data`` in the first of the feed."""
    root, bracket, rest = path.partition("[")
    index, _, after = rest.partition("]")
    files = names.get(root, ())
    if bracket and len(files) > 1 and index.isdigit():
        return f"{shown_name(files[int(index)])}: {after.removeprefix('.') or 'document'}"
    root = root.partition(".")[0]
    files = names[root] if root and names.get(root) else names[""]
    # of several files of the feed one cannot be told from a path without a number
    return f"{shown_name(files[0])}: {path}" if len(files) == 1 else path


@catalog.command(
    short_help="Show the models of a catalog, or one model's endpoints.", epilog="\b\nExample: routecore catalog show example --model deepseek/deepseek-v3.2"
)
@click.argument("file", metavar="FILE|example")
@from_feed
@click.option("--model", metavar="NAME", help="Show the endpoints of this model.")
@as_json
def show(file: str, feed: str, model: str | None, machine: bool) -> None:
    """Show the models of a catalog, or with --model the endpoints of one. 'example' is the catalog that ships with routecore."""
    known, _ = load_catalog(file, feed)
    with sourced({"catalog": shown_name(file)}):
        if model is not None and model not in known.models:
            raise UnknownModel([model], nearest(model, known.models))
    chosen = list(known) if model is None else [endpoint for _, endpoint in known.rows(model)]
    if machine:
        rounded = [{"path": path, "given": jsonable(given), "used": used} for path, given, used in known.rounded]
        print_json({"version": known.version, "rounded": rounded, "endpoints": [endpoint.to_mapping() for endpoint in chosen]})
    elif model is None:
        _show_models(known, file, Page())
    else:
        _show_endpoints(model, chosen, Page())


def _show_models(known: Catalog, file: str, page: Page) -> None:
    page.line(f"{count(len(known))} endpoints of {count(len(known.models))} models; version {known.version}", "bold")
    page.line()
    rows = []
    for name in sorted(known.models):
        offers = [endpoint for _, endpoint in known.rows(name)]
        prices = [endpoint.pricing for endpoint in offers if endpoint.pricing is not None]
        rows.append([name, count(len(offers)), _span(one.prompt for one in prices), _span(one.completion for one in prices)])
    page.table([Column("model"), Column("endpoints", "right"), Column("prompt", "right"), Column("completion", "right")], rows)
    page.line()
    page.line("Prices are USD per million tokens, the lowest and the highest.")
    for path, given, used in known.rounded:
        page.fact(f"{path}: {given} is finer than a femtodollar; rounded to {used}", hanging=2)
    page.line(f"One model's endpoints: routecore catalog show {file} --model NAME")


def _span(prices: Iterable[int | None]) -> str:
    known = [price for price in prices if price is not None]
    if not known:
        return "?"
    low, high = per_million(min(known)), per_million(max(known))
    return low if low == high else f"{low}–{high}"


def _show_endpoints(model: str, offers: Sequence[Endpoint], page: Page) -> None:
    page.line(f"{model}: {len(offers)} {'endpoint' if len(offers) == 1 else 'endpoints'}", "bold")
    page.line()
    columns = [
        Column("slug"),
        Column("quant."),
        Column("context", "right"),
        Column("output", "right"),
        Column("prompt", "right"),
        Column("compl.", "right"),
        Column("cached", "right"),
    ]
    rows = []
    for one in offers:
        prices = one.pricing
        three = (None, None, None) if prices is None else (prices.prompt, prices.completion, prices.input_cache_read)
        rows.append([one.slug, one.quantization, count(one.context_length), count(one.max_output_tokens), *map(per_million, three)])
    page.table(columns, rows)
    page.line()
    page.paragraph(
        "context, output: tokens at most. prompt, completion, cached (cache reads): USD per million tokens. ?: not known. An endpoint's id is the model, '@' and its slug."
    )
    page.heading("What each one does with prompts, and what it supports")
    for one in offers:
        page.line()
        page.line(f"  {one.id}")
        notes = [_policy(one)]
        if one.disabled:
            notes.append("disabled")
        if one.can_cache:
            notes.append("caches prompts")
        if one.distillable:
            notes.append("may be distilled")
        page.fact("; ".join(notes), indent=6, hanging=8)
        page.fact(f"accepts {', '.join(sorted(one.input_modalities)) or 'nothing that is known'}", indent=6, hanging=8)
        page.fact(f"supports {', '.join(sorted(one.supported_parameters)) or 'no parameter that is known'}", indent=6, hanging=8)
        for text in _more_prices(one):
            page.fact(text, indent=6, hanging=8)


def _policy(endpoint: Endpoint) -> str:
    policy = endpoint.data_policy
    trains = "trains on prompts" if policy.trains else "may train on prompts (not stated)" if policy.may_train else "does not train on prompts"
    retains = "retains them" if policy.retains else "may retain them (not stated)" if policy.may_retain else "does not retain them"
    return f"{trains}, {retains}"


_SHOWN_IN_TABLE = ("prompt", "completion", "input_cache_read")


def _more_prices(endpoint: Endpoint) -> Iterable[str]:
    """Yield what of the price list the table has no room for, as the wire writes it."""
    listed = {} if endpoint.pricing is None else endpoint.pricing.to_mapping()
    more = {key: value for key, value in listed.items() if key not in _SHOWN_IN_TABLE}
    if more:
        yield "more prices, in USD a unit: " + ", ".join(f"{key} {value if isinstance(value, str) else json.dumps(value)}" for key, value in more.items())
