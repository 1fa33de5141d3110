"""How a plan looks on a sheet: what to try in which order, why each endpoint stands where it stands, and what was left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from routecore.request.context import NOMINAL_COMPLETION_TOKENS, NOMINAL_PROMPT_TOKENS
from routecore.request.settings import STRATEGIES
from routecore.routing.ranking.passes import PASSES
from routecore.routing.ranking.sorting import SORTS
from routecore.routing.rules import RULES
from routecore.showing.figures import amounts, count, per_million, percent
from routecore.showing.sheet import Column

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from routecore.routing.explain import Why
    from routecore.routing.plan import Plan
    from routecore.showing.sheet import Sheet

__all__ = ["MEANINGS", "REMOVES", "SKIPPED", "plan_table", "show_explanation", "show_funnel", "show_plan", "show_rejections", "show_why"]

REMOVES: Final = {rule.name: rule.removes for rule in RULES}
"""Every hard filter: which endpoints it removes."""

MEANINGS: Final = STRATEGIES | {f"sort:{name}": sort.meaning for name, sort in SORTS.items()}
"""Every strategy, those of a sort too: what comes first."""

SKIPPED: Final = {
    "explicit_preferences": "the request chooses providers itself",
    "ineligible": "the pinned endpoint may not serve this request",
    "no_cache": "the pinned endpoint does not cache prompts",
    "cooling": "the pinned endpoint is cooling down after failures",
    "uneconomic": "another endpoint is cheaper even with a cold cache",
}
"""Why a session's pin was not followed."""

_EFFECTS: Final = {one.name: one.effect for one in PASSES}


def show_plan(plan: Plan, sheet: Sheet, *, explain: bool = False) -> None:
    """Set what to try in which order, what was rejected in short (with ``explain``: filter by filter), and the warnings."""
    models = plan.case.pool.models
    sheet.line(f"Plan for {', '.join(models)}", "bold")
    sheet.paragraph(f"{plan.strategy}: {MEANINGS[plan.strategy]}" if plan.strategy in MEANINGS else plan.strategy)
    for text in _notes(plan):
        sheet.fact(text)
    sheet.line()
    sheet.table(*plan_table(plan, sheet), bold=[0])
    sheet.line()
    sheet.paragraph(_legend(plan), style="dim")
    if explain:
        if len(plan.funnel) > 1:
            show_funnel([{"rule": rule, "left": left} for rule, left in plan.funnel], sheet)
    elif plan.rejections:
        removed = ", ".join(f"{rule} {before - left}" for (_, before), (rule, left) in zip(plan.funnel, plan.funnel[1:], strict=False))
        sheet.paragraph(f"{len(plan.rejections)} of {plan.funnel[0][1]} endpoints rejected ({removed}); --explain, in Python plan.explain(), says why.")
    if plan.warnings:
        sheet.heading("Warnings")
        for one in plan.warnings:
            sheet.fact(f"{one.path}: {one.message} [{one.code}]", indent=2, hanging=4, style="yellow")


def plan_table(plan: Plan, sheet: Sheet, *, reasons: bool = False) -> tuple[list[Column], list[list[str]]]:
    """Return columns and rows of the table of attempts: ids, or slugs where one model's ids do not fit the sheet."""
    attempts = plan.attempts
    figures: list[tuple[Column, list[str]]] = []
    if any(one.key_id is not None for one in attempts):
        figures.append((Column("own key"), [one.key_id or "–" for one in attempts]))
    if _drawn(plan):
        figures.append((Column("chance", "right"), [percent(one.probability) for one in attempts]))
    figures.append((Column("USD/request", "right"), amounts([one.expected_price for one in attempts])))
    if reasons:
        figures.append((Column("why here", wraps=True), [plan.why(one.endpoint.id).sides[-1].words for one in attempts]))

    def table(names: Sequence[str], heading: str) -> tuple[list[Column], list[list[str]]]:
        columns = [Column("try", "right"), Column(heading), *(column for column, _ in figures)]
        return columns, [[str(place + 1), name, *(cells[place] for _, cells in figures)] for place, name in enumerate(names)]

    columns, rows = table([one.endpoint.id for one in attempts], "endpoint")
    if len(plan.case.pool.models) == 1 and not (sheet.fits(columns, rows) and not reasons):
        # the model stands above: where there is little room, its name need not stand in every row
        columns, rows = table([one.endpoint.slug for one in attempts], "slug")
    return columns, rows


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
    return f"chance: how likely this place was drawn so, among those left; 100 % where nothing was drawn. {price} Drawn with {plan.draw}."


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


def show_funnel(funnel: Sequence[dict[str, Any]], sheet: Sheet) -> None:
    """Set how many endpoints each filter left; ``funnel`` is the wire's."""
    sheet.heading("Filters")
    rows, before = [], None
    for step in funnel:
        removed = "" if before is None else f"-{before - step['left']}"
        meaning = "endpoints of the asked models" if step["rule"] == "catalog" else REMOVES.get(step["rule"], "")
        rows.append([step["rule"], removed, str(step["left"]), meaning])
        before = step["left"]
    sheet.table([Column("filter"), Column("removed", "right"), Column("left", "right"), Column("what it removes", wraps=True)], rows)


def show_rejections(rejections: Sequence[dict[str, Any]], sheet: Sheet) -> None:
    """Set each endpoint that may not serve, with every filter that it fails; ``rejections`` are the wire's."""
    sheet.heading("Rejected endpoints")
    for one in rejections:
        sheet.line(f"  {one['endpoint']}")
        sheet.pairs(zip(one["rules"], one["details"], strict=True), indent=6)


def show_explanation(plan: Plan, sheet: Sheet) -> None:
    """Set of every endpoint of the asked models what put it where it is, and what would put it first."""
    sheet.heading("Why each endpoint stands where it stands")
    sheet.paragraph(
        "Under each endpoint stand its list prices in USD per million tokens and, where measured, the median seconds to the first token, "
        "the median output tokens per second, and the share of requests that succeeded. Then what decided its place, beside the same of the endpoint "
        "that is first. Each change that is offered was tried by deciding again with it alone.",
        style="dim",
    )
    placed = dict.fromkeys(one.endpoint.id for one in plan.attempts)
    rejected = dict.fromkeys(one.endpoint.id for one in plan.rejections)
    cut = [endpoint.id for _, endpoint in plan.case.pool.rows if endpoint.id not in placed and endpoint.id not in rejected]
    decided: dict[str, None] = {}
    for endpoint_id in (*placed, *cut):
        why = plan.why(endpoint_id)
        decided[why.decided_by] = None
        sheet.line()
        show_why(why, plan, sheet)
    if rejected:
        sheet.heading("Rejected endpoints, and every filter that each one fails")
        for endpoint_id in rejected:
            sheet.line()
            show_why(plan.why(endpoint_id), plan, sheet)
    passes = [(name, _EFFECTS[name]) for name in _EFFECTS if name in decided]
    if passes:
        sheet.heading("What ranks before the strategy here, the strongest first")
        sheet.pairs(passes)


def show_why(why: Why, plan: Plan, sheet: Sheet) -> None:
    """Set one endpoint: its place, what is known of it, what decided, and what would put it first."""
    rejection = next((one for one in plan.rejections if one.endpoint.id == why.endpoint_id), None)
    where = "    " if rejection is not None else "cut " if why.place is None else f"{why.place:>3}."
    sheet.line(f"  {where} {why.endpoint_id}", "bold" if why.place == 1 else "")
    if rejection is not None:
        sheet.pairs(zip(rejection.rules, rejection.details, strict=True), indent=7)
    else:
        sheet.fact(_facts(plan, why.endpoint_id), indent=7, hanging=9, style="dim")
        for side in why.sides:
            sheet.fact(side.words, indent=7, hanging=9)
            if side.first is not None:
                sheet.fact(f"first: {side.first}", indent=9, hanging=11, style="dim")
    for whose, opening in (("caller", "to be first"), ("operator", "to be first, if the operator allows it"), ("chance", "to be first")):
        words = [change.words for change in why.changes if change.whose == whose]
        if words:
            sheet.fact(f"{opening}: {'; or '.join(words)}", indent=7, hanging=9)


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
