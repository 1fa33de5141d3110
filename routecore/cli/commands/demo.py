"""``routecore demo``: on one screen what the library is for; with ``--all`` every documented feature, each with a request whose plan shows it."""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Any, Final

import click

from routecore.cli.errors import Failure, show_error, sourced
from routecore.cli.reading import check_writable, write_text
from routecore.cli.terminal import Column, Page
from routecore.cost.calculate import calculate_cost
from routecore.errors import RoutecoreError
from routecore.routing.decide import decide
from routecore.routing.plan_view import MEANINGS, REMOVES, plan_table, show_why
from routecore.showing.figures import amounts, count, exact, percent
from routecore.simulate.report.page import check_charts
from routecore.wire.examples import example_catalog, example_facts, example_requests, read_example
from routecore.wire.scenario import plan_scenario

if TYPE_CHECKING:
    from routecore.catalog.catalog import Catalog
    from routecore.routing.facts import Facts
    from routecore.routing.plan import Plan
    from routecore.simulate.report.report import Report

__all__ = ["demo"]

_REQUEST: Final[dict[str, Any]] = {
    "model": "deepseek/deepseek-v3.2",
    "provider": {"sort": "price", "zdr": True, "preferred_min_throughput": {"p90": 40}},
}
_CONTEXT: Final[dict[str, Any]] = {"prompt_tokens": 12_000, "completion_tokens": 500}
_USAGE: Final = {"prompt_tokens": 11_874, "completion_tokens": 462}
_WHAT_IF: Final = 2_000
_SHOWN_ATTEMPTS: Final = 4
_VERDICT: Final = (
    ("cost_per_request", "USD a request", ("cheaper", "dearer")),
    ("ttft_p50", "seconds to the first token, median", ("quicker to the first token", "slower to the first token")),
    ("total_p50", "seconds to the last token, median", ("quicker to the last", "slower to the last")),
    ("success_rate", "served", ("less often served", "more often served")),
)
"""The figures of the verdict: name, words, and how less and more of it read."""


@click.command(
    short_help="Show on one screen what the library is for.",
    epilog="\b\nExamples:\n  routecore demo\n  routecore demo --all\n  routecore demo --report report.html",
)
@click.option("--all", "whole", is_flag=True, help="The tour: a request for every documented feature, and its plan.")
@click.option("--report", "report_file", metavar="OUT.html", help="Write the page of the what-if, to open in a browser.")
def demo(whole: bool, report_file: str | None) -> None:
    """Show on one screen what the library is for: a request, its plan with reasons, its bill, and a what-if; with --all every documented feature."""
    if report_file is not None:
        check_writable(report_file)
        with sourced({}):
            check_charts()
    page = Page()
    known, facts = example_catalog(), example_facts()
    if whole:
        _show_tour(known, page)
    else:
        _show_screen(known, facts, page)
    report = _what_if(known, facts)
    _show_verdict(report, page)
    if report_file is not None:
        write_text(report_file, report.to_html())
    page.line()
    page.line("Next", "bold")
    name = _name()
    page.line(f"  {name} plan --catalog example --stats example --model z-ai/glm-4.7 --explain")
    if not whole:
        page.line(f"  {name} demo --all                   the tour: {len(example_requests())} features, a plan each")
    needs = "" if find_spec("vl_convert") else " (needs: pip install 'routecore[report]')"
    page.line(f"  {report_file or f'{name} demo --report report.html'}    the what-if as a page, to open in a browser{needs if report_file is None else ''}")


def _name() -> str:
    """Return what to type: the command's name, or its path where the shell would not find it."""
    path = Path(sys.argv[0])
    return str(path) if path.name == "routecore" and which("routecore") is None else "routecore"


def _show_screen(known: Catalog, facts: Facts, page: Page) -> None:
    """Print one request from its plan to its bill."""
    plan = decide(known, _REQUEST, facts, context=_CONTEXT)
    model = _REQUEST["model"]
    page.paragraph(
        f"{len(plan.case.pool.rows)} providers serve {model}, at different prices, speeds and data policies. Each request must go to one of them, "
        "with fallbacks for when it fails. routecore decides which, says why, and knows what it costs.",
        style="bold",
    )
    page.heading(f"One request, with a prompt of {_CONTEXT['prompt_tokens']:,} tokens")
    page.line(f"  {json.dumps(_REQUEST)}")
    page.heading(f"Its plan: {MEANINGS[plan.strategy]}, of those that retain no prompts")
    _show_table(plan, page)
    page.line(f"  {_funnel(plan)}", "dim")
    cheaper = min(plan.attempts[1:], key=lambda one: one.quote if one.quote is not None else float("inf"))
    page.heading("Why not the cheaper one?")
    show_why(plan.why(cheaper.endpoint.id), plan, page)
    page.heading("The bill, once the answer is there")
    bill = calculate_cost(plan.first.endpoint.pricing, _USAGE, finish_reason="stop")
    for line in bill.lines:
        page.line(f"  {line.count:>6,} {line.what} tokens × {exact(line.unit_price.scaleb(6))} USD/Mtok = {exact(line.amount)} USD")
    page.line(f"  {exact(bill.cost)} USD charged, exact to the last digit")


def _show_table(plan: Plan, page: Page, most: int | None = None) -> None:
    """Print the attempts, each with what gave it its place; of a long plan the first."""
    columns, rows = plan_table(plan, page, reasons=True)
    page.table(columns, rows[:most], bold=[0])
    if most is not None and len(rows) > most:
        page.line(f"  … and {len(rows) - most} more", "dim")


def _funnel(plan: Plan) -> str:
    """Return what each filter removed, in one line."""
    steps = [f"{before - left} {REMOVES.get(rule, rule)} ({rule})" for (_, before), (rule, left) in zip(plan.funnel, plan.funnel[1:], strict=False)]
    asked = plan.funnel[0][1]
    return f"{asked} endpoints; none removed" if not steps else f"{asked} endpoints; removed: {'; '.join(steps)}"


def _show_tour(known: Catalog, page: Page) -> None:
    """Print every documented request with its plan, or with the error that answers it."""
    about, requests = read_example("catalog"), example_requests()
    page.line(f"The example catalog: {count(len(known))} endpoints of {len(known.models)} models, as of {about['date']}", "bold")
    page.paragraph(f"{about['about']} {read_example('stats')['about']}")
    page.paragraph("USD/request: the expected price of the request. chance: how likely this place was drawn so, among those left.", style="dim")
    draw, stats = read_example("requests")["draw"], read_example("stats")["stats"]
    for number, one in enumerate(requests, 1):
        page.line()
        page.rule(f"{number} of {len(requests)}: {one['title']}")
        page.paragraph(one["says"])
        for part in ("request", "context", "health"):
            if one.get(part):
                page.paragraph(f"{part}: {json.dumps(one[part], ensure_ascii=False)}", hanging=9, style="dim")
        page.line()
        scenario: dict[str, Any] = {"catalog": known, "stats": stats, "draw": draw}
        scenario.update({part: one[part] for part in ("request", "context", "health") if part in one})
        try:
            plan = plan_scenario(scenario)
        except RoutecoreError as error:
            # here an error is part of the show, and belongs on the same page
            show_error(Failure(error.to_dict(), {"catalog": "example"}), page)
            continue
        _show_table(plan, page, _SHOWN_ATTEMPTS)
        page.paragraph(_funnel(plan), indent=2, hanging=4, style="dim")


def _what_if(known: Catalog, facts: Facts) -> Report:
    """Replay made-up traffic with the request's threshold, and without it."""
    from routecore.simulate.engines.simulate import simulate
    from routecore.simulate.policy import Policy
    from routecore.simulate.traces.generate import generate
    from routecore.simulate.world.behaviour import steady
    from routecore.simulate.world.world import World

    trace = generate(_WHAT_IF, [_REQUEST["model"]], seed=1, session_share=0.5)
    world = World.from_stats(facts, default=steady(), sources=["the example's made-up statistics"])
    wishes: dict[str, Any] = _REQUEST["provider"]
    without = {key: value for key, value in wishes.items() if key != "preferred_min_throughput"}
    policies = [Policy("as it is", provider=wishes), Policy("without the threshold", provider=without)]
    return simulate(trace, known, world, policies, sources=["catalog: example"])


def _show_verdict(report: Report, page: Page) -> None:
    """Print what the change would come to: money, time and success, before and after."""
    before, after = (one.summary.figures() for one in report.results)
    changes = report.differences()[report.results[1].name]
    page.heading(f"What if the threshold were dropped? {report.expected:,} made-up requests through the real router, on virtual time")
    rows, verdict = [], []
    for name, words, units in _VERDICT:
        old, new, found = before[name], after[name], changes[name]
        assert old is not None
        assert new is not None
        low, high = found["low"], found["high"]
        nothing = old == new or low is None or high is None or low <= 0 <= high
        told = [percent(old), percent(new)] if name == "success_rate" else amounts([Decimal(repr(value)) for value in (old, new)])
        rows.append([words, *told, "none that can be told" if nothing else f"{new / old - 1:+.1%}"])
        if not nothing:
            verdict.append(f"{abs(new / old - 1):.0%} {units[new > old]}")
    page.table([Column(""), Column("as it is", "right"), Column("without", "right"), Column("change", "right")], rows)
    page.line(f"  So: {', '.join(verdict)}; the rest may be chance.", "bold")
