"""``routecore demo``: the example catalog, the documented requests, their plans and why."""

from __future__ import annotations

import json

import click

from routecore.cli.errors import Failure, show_error
from routecore.cli.reading import write_text
from routecore.cli.terminal import Page
from routecore.cli.views.whatif import show_report
from routecore.errors import RoutecoreError
from routecore.routing.decide import decide
from routecore.routing.plan_view import show_explanation, show_plan
from routecore.wire.examples import example_catalog, example_facts, example_requests, read_example

__all__ = ["demo"]

_REQUESTS = 2_000
_MODEL = "z-ai/glm-4.7"


@click.command(short_help="Plan the documented requests on the example catalog.", epilog="\b\nExample: routecore demo --no-explain")
@click.option("--explain/--no-explain", default=True, show_default=True, help="Say why each endpoint stands where it stands.")
@click.option("--report", "report_file", metavar="OUT.html", help="Write the page of the what-if at the end, to open in a browser.")
def demo(explain: bool, report_file: str | None) -> None:
    """Plan the documented requests on the example catalog, and say why; then ask what another policy would have come to."""
    page = Page()
    known, facts = example_catalog(), example_facts()
    about = read_example("catalog")
    page.line(f"The example catalog: {len(known)} endpoints of {len(known.models)} models, as of {about['date']}", "bold")
    page.paragraph(about["about"])
    page.paragraph(read_example("stats")["about"])
    requests = example_requests()
    draw = read_example("requests").get("draw", 0)
    for number, one in enumerate(requests, 1):
        page.line()
        page.rule(f"{number} of {len(requests)}: {one['title']}")
        page.paragraph(one["says"])
        page.paragraph(f"request: {json.dumps(one['request'], ensure_ascii=False)}", hanging=9, style="dim")
        if one["context"]:
            page.paragraph(f"context: {json.dumps(one['context'], ensure_ascii=False)}", hanging=9, style="dim")
        page.line()
        try:
            found = decide(known, one["request"], facts, context=one["context"], draw=draw)
        except RoutecoreError as error:
            # here an error is part of the show, and belongs on the same page
            show_error(Failure(error.to_dict(), {"catalog": "example"}), page)
            continue
        show_plan(found, page, explain=explain)
        if explain:
            show_explanation(found, page)
    _ask_what_if(page, report_file)


def _ask_what_if(page: Page, report_file: str | None) -> None:
    """Run a few minutes of made-up traffic under two policies, and print what came of it."""
    from routecore.simulate.engines.simulate import simulate
    from routecore.simulate.policy import Policy
    from routecore.simulate.traces.generate import generate
    from routecore.simulate.world.behaviour import steady
    from routecore.simulate.world.world import World

    page.line()
    page.rule("What if the cheapest always came first?")
    page.paragraph("Made-up traffic of agents, half of it in sessions, through the real router on virtual time: now under the balance, then sorted by price.")
    page.line()
    trace = generate(_REQUESTS, [_MODEL], seed=1, session_share=0.5)
    world = World.from_stats(example_facts(), default=steady(), sources=["the example's made-up statistics"])
    policies = [Policy("balance"), Policy("cheapest", provider={"sort": "price"})]
    report = simulate(trace, example_catalog(), world, policies, sources=["catalog: example"])
    show_report(report, page)
    page.line()
    if report_file is None:
        page.line("The same with plots, to open in a browser: routecore demo --report report.html")
    else:
        write_text(report_file, report.to_html())
        page.line(f"The same with plots, to open in a browser: {report_file}")
