"""How a plan looks on a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from routecore.cli.errors import show_funnel
from routecore.cli.figures import amounts, count, per_million, percent
from routecore.cli.terminal import Column
from routecore.cli.words import SKIPPED, STRATEGIES
from routecore.request.context import NOMINAL_COMPLETION_TOKENS, NOMINAL_PROMPT_TOKENS
from routecore.routing.ranking.passes import PASSES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routecore.cli.terminal import Page
    from routecore.routing.explain import Why
    from routecore.routing.plan import Plan

__all__ = ["show_explanation", "show_plan"]

_EFFECTS: Final = {one.name: one.effect for one in PASSES}


def show_plan(plan: Plan, page: Page, *, explain: bool = False) -> None:
    """Print what to try in which order, what was rejected in short (or the whole of it), and the warnings."""
    case, attempts = plan.case, plan.attempts
    page.line(f"Plan for {', '.join(case.pool.models)}", "bold")
    page.paragraph(f"{plan.strategy}: {STRATEGIES[plan.strategy]}")
    for text in _notes(plan):
        page.fact(text)
    page.line()
    prices = amounts([one.expected_price for one in attempts])
    columns, cells = [Column("try", "right"), Column("endpoint")], [[str(place), one.endpoint.id] for place, one in enumerate(attempts, 1)]
    if any(one.key_id is not None for one in attempts):
        columns.append(Column("own key"))
        cells = [[*row, one.key_id or "–"] for row, one in zip(cells, attempts, strict=True)]
    if _drawn(plan):
        columns.append(Column("chance", "right"))
        cells = [[*row, percent(one.probability)] for row, one in zip(cells, attempts, strict=True)]
    columns.append(Column("USD/request", "right"))
    rows = [[*row, price] for row, price in zip(cells, prices, strict=True)]
    page.table(columns, rows, bold=[0])
    page.line()
    page.paragraph(_legend(plan), style="dim")
    if explain:
        if len(plan.funnel) > 1:
            show_funnel([{"rule": rule, "left": left} for rule, left in plan.funnel], page)
    elif plan.rejections:
        removed = ", ".join(f"{rule} {before - left}" for (_, before), (rule, left) in zip(plan.funnel, plan.funnel[1:], strict=False))
        page.paragraph(f"{len(plan.rejections)} of {plan.funnel[0][1]} endpoints rejected ({removed}); --explain says why.")
    if plan.warnings:
        page.heading("Warnings")
        for one in plan.warnings:
            page.fact(f"{one.path}: {one.message} [{one.code}]", indent=2, hanging=4, style="yellow")


def _drawn(plan: Plan) -> bool:
    """Whether chance had a part in the order, so that probabilities say something."""
    return any(one.probability < 1 for one in plan.attempts)


def _legend(plan: Plan) -> str:
    case = plan.case
    prompt = NOMINAL_PROMPT_TOKENS if case.prompt_tokens is None else case.prompt_tokens
    completion = NOMINAL_COMPLETION_TOKENS if case.completion_tokens is None else case.completion_tokens
    nominal = " (nominal: the context has no estimate)" if case.prompt_tokens is None and case.completion_tokens is None else ""
    price = f"USD/request: expected price of {prompt:,} prompt and {completion:,} completion tokens{nominal}."
    if not _drawn(plan):
        return price
    return f"chance: how likely this place was drawn so, among those left; 100 % where nothing was drawn. {price} Drawn with {plan.draw} (--draw)."


def _notes(plan: Plan) -> Iterator[str]:
    """Yield what is out of the ordinary about the whole plan."""
    if plan.panic:
        yield "panic: every attempt is cooling down after failures, so health moved nothing"
    if plan.sticky.status == "hit":
        yield f"session: the pin to {plan.case.sticky} was followed"
    elif plan.sticky.status == "skipped":
        yield f"session: the pin to {plan.case.sticky} was not followed: {SKIPPED.get(str(plan.sticky.reason), str(plan.sticky.reason))}"
    if plan.ranking.cut is not None:
        yield (
            f"cut: allow_fallbacks is false, so only the {plan.ranking.cut} attempt is kept"
            if plan.ranking.cut == "first"
            else (f"cut: allow_fallbacks is false, so only the {plan.ranking.cut} is kept")
        )


def show_explanation(plan: Plan, page: Page) -> None:
    """Print of every endpoint of the asked models what put it where it is, and what would put it first."""
    page.heading("Why each endpoint stands where it stands")
    page.paragraph(
        "Under each endpoint stand its list prices in USD per million tokens and, where measured, the median seconds to the first token, "
        "the median output tokens per second, and the share of requests that succeeded. Then what decided its place, beside the same of the endpoint "
        "that is first. Each change that is offered was tried by deciding again with it alone.",
        style="dim",
    )
    placed = dict.fromkeys(one.endpoint.id for one in plan.attempts)
    rejected = {one.endpoint.id for one in plan.rejections}
    cut = [endpoint.id for _, endpoint in plan.case.pool.rows if endpoint.id not in placed and endpoint.id not in rejected]
    decided: dict[str, None] = {}
    for endpoint_id in (*placed, *cut):
        why = plan.why(endpoint_id)
        decided[why.decided_by] = None
        page.line()
        page.line(f"  {'cut ' if why.place is None else f'{why.place:>3}.'} {endpoint_id}", "bold" if why.place == 1 else "")
        page.fact(_facts(plan, endpoint_id), indent=7, hanging=9, style="dim")
        for reason in why.reasons:
            _show_reason(reason, page)
        _show_changes(why, page)
    if rejected:
        page.heading("Rejected endpoints, and every filter that each one fails")
        for one in plan.rejections:
            page.line()
            page.line(f"       {one.endpoint.id}")
            page.pairs(zip(one.rules, one.details, strict=True), indent=7)
            _show_changes(plan.why(one.endpoint.id), page)
    passes = [(name, _EFFECTS[name]) for name in _EFFECTS if name in decided]
    if passes:
        page.heading("What ranks before the strategy here, the strongest first")
        page.pairs(passes)


def _show_reason(reason: str, page: Page) -> None:
    """Print a reason; what is said of the first endpoint stands on a line of its own."""
    mine, bracket, first = reason.partition(" (first: ")
    page.fact(mine, indent=7, hanging=9)
    if bracket:
        page.fact(f"first: {first.removesuffix(')')}", indent=9, hanging=11, style="dim")


def _show_changes(why: Why, page: Page) -> None:
    """Print what would put an endpoint first, by whose it is to change."""
    for whose, opening in (("caller", "would be first"), ("operator", "would be first, if the operator allows it,"), ("chance", "would be first")):
        words = [change.words for change in why.changes if change.whose == whose]
        link = "by" if whose == "chance" else "with"
        offered = [text if text.startswith("without") else f"{link} {text}" for text in words]
        if offered:
            page.fact(f"{opening} {', or '.join(offered)}", indent=7, hanging=9)


def _facts(plan: Plan, endpoint_id: str) -> str:
    """Return what is known of an endpoint: list prices, and live statistics."""
    endpoint = plan.case.catalog[endpoint_id]
    pricing, stats = endpoint.pricing, plan.case.facts.stats.get(endpoint_id)
    parts = ["prices not known" if pricing is None else f"{per_million(pricing.prompt)} in, {per_million(pricing.completion)} out"]
    if stats is None:
        return f"{parts[0]}; no live statistics"
    if stats.latency is not None and stats.latency.p50 is not None:
        parts.append(f"{stats.latency.p50:g} s")
    if stats.throughput is not None and stats.throughput.p50 is not None:
        parts.append(f"{stats.throughput.p50:g} tok/s")
    if stats.success_rate is not None:
        of = "" if stats.samples is None else f" of {count(stats.samples)}"
        parts.append(f"{percent(stats.success_rate)}{of} succeeded")
    elif stats.samples is not None:
        parts.append(f"{count(stats.samples)} samples")
    return "; ".join(parts)
