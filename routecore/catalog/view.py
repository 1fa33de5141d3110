"""How a catalog looks on a sheet: its models with their spans of prices, or one model's endpoints."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from routecore.showing.figures import count, per_million
from routecore.showing.sheet import Column

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from routecore.catalog.catalog import Catalog
    from routecore.catalog.endpoint import Endpoint
    from routecore.showing.sheet import Sheet

__all__ = ["show_endpoints", "show_models"]


def show_models(known: Catalog, sheet: Sheet) -> None:
    """Set every model with its number of endpoints and its span of prices."""
    sheet.line(f"{count(len(known))} endpoints of {count(len(known.models))} models; version {known.version}", "bold")
    sheet.line()
    rows = []
    for name in sorted(known.models):
        offers = [endpoint for _, endpoint in known.rows(name)]
        prices = [endpoint.pricing for endpoint in offers if endpoint.pricing is not None]
        rows.append([name, count(len(offers)), _span(one.prompt for one in prices), _span(one.completion for one in prices)])
    sheet.table([Column("model"), Column("endpoints", "right"), Column("prompt", "right"), Column("completion", "right")], rows)
    sheet.line()
    sheet.line("Prices are USD per million tokens, the lowest and the highest.")
    for path, given, used in known.rounded:
        sheet.fact(f"{path}: {given} is finer than a femtodollar; rounded to {used}", hanging=2)


def _span(prices: Iterable[int | None]) -> str:
    known = [price for price in prices if price is not None]
    if not known:
        return "?"
    low, high = per_million(min(known)), per_million(max(known))
    return low if low == high else f"{low}–{high}"


def show_endpoints(model: str, offers: Sequence[Endpoint], sheet: Sheet) -> None:
    """Set one model's endpoints: limits, prices, what each does with prompts, and what it supports."""
    sheet.line(f"{model}: {len(offers)} {'endpoint' if len(offers) == 1 else 'endpoints'}", "bold")
    sheet.line()
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
    sheet.table(columns, rows)
    sheet.line()
    sheet.paragraph(
        "context, output: tokens at most. prompt, completion, cached (cache reads): USD per million tokens. ?: not known. An endpoint's id is the model, '@' and its slug."
    )
    sheet.heading("What each one does with prompts, and what it supports")
    for one in offers:
        sheet.line()
        sheet.line(f"  {one.id}")
        notes = [_policy(one)]
        if one.disabled:
            notes.append("disabled")
        if one.can_cache:
            notes.append("caches prompts")
        if one.distillable:
            notes.append("may be distilled")
        sheet.fact("; ".join(notes), indent=6, hanging=8)
        sheet.fact(f"accepts {', '.join(sorted(one.input_modalities)) or 'nothing that is known'}", indent=6, hanging=8)
        sheet.fact(f"supports {', '.join(sorted(one.supported_parameters)) or 'no parameter that is known'}", indent=6, hanging=8)
        for text in _more_prices(one):
            sheet.fact(text, indent=6, hanging=8)


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
