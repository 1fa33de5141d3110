"""How a catalog, and an import of one, look on a page."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from routecore.cli.errors import fault_in_words
from routecore.cli.figures import count, per_million
from routecore.cli.reading import STDIN
from routecore.cli.terminal import Column

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from routecore.adapters.imported import ImportResult
    from routecore.catalog.catalog import Catalog
    from routecore.catalog.endpoint import Endpoint
    from routecore.cli.terminal import Page

__all__ = ["show_endpoints", "show_import", "show_models"]


def show_import(result: ImportResult, in_file: Callable[[str], str], page: Page, *, output: str | None, stats_output: str | None) -> None:
    """Print what was imported, which rows were refused, and what was odd; ``in_file`` puts the file's name before a fault's path."""
    summary = result.summary()
    page.line(f"{count(summary['endpoints'])} endpoints of {count(summary['models'])} models, from {count(summary['rows_read'])} rows", "bold")
    page.line(f"{count(summary['with_statistics'])} of them with statistics")
    policies = summary["data_policies"]
    if policies["unknown"]:
        page.fact(f"of {count(policies['unknown'])} of them {policies['note'].replace('policies=', '--policies')}", hanging=2)
    if summary["refused"]:
        page.heading(f"Rows refused: {len(summary['refused'])}")
        for fault in summary["refused"]:
            page.fact(fault_in_words({**fault, "path": in_file(fault["path"])}), indent=2, hanging=6)
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


def show_models(known: Catalog, file: str, page: Page) -> None:
    """Print every model with its number of endpoints and its span of prices."""
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


def show_endpoints(model: str, offers: Sequence[Endpoint], page: Page) -> None:
    """Print one model's endpoints: limits, prices, what each does with prompts, and what it supports."""
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
