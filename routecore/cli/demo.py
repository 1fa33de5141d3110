"""``routecore demo``: the example catalog, the documented requests, their plans and why."""

from __future__ import annotations

import json

import click

from routecore.cli.errors import Failure, show_error
from routecore.cli.page import Page
from routecore.cli.plan_view import show_explanation, show_plan
from routecore.decision import decide
from routecore.errors import RoutecoreError
from routecore.examples import example_catalog, example_facts, example_requests, read_example

__all__ = ["demo"]


@click.command(short_help="Plan the documented requests on the example catalog.", epilog="\b\nExample: routecore demo --no-explain")
@click.option("--explain/--no-explain", default=True, show_default=True, help="Say why each endpoint stands where it stands.")
def demo(explain: bool) -> None:
    """Plan the documented requests on the example catalog, and say why."""
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
