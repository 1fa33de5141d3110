"""``routecore demo``: the example catalog, the documented requests, their plans and why."""

from __future__ import annotations

import click

from routecore.cli import screen
from routecore.cli.plan import show_plan
from routecore.decision import decide
from routecore.errors import RoutecoreError
from routecore.examples import example_catalog, example_facts, example_requests, read_example


@click.command(epilog="Example: routecore demo --explain")
@click.option("--explain/--no-explain", default=True, show_default=True, help="Say why each endpoint stands where it stands.")
def demo(explain: bool) -> None:
    """Plan the documented requests on the example catalog."""
    known, facts = example_catalog(), example_facts()
    about = read_example("catalog")
    screen.say(f"{len(known)} endpoints of {len(known.models)} models ({about['date']}). {about['about']}")
    screen.say(read_example("stats")["about"])
    for number, one in enumerate(example_requests(), 1):
        screen.say()
        screen.say(f"── {number}. {one['title']} " + "─" * max(60 - len(one["title"]), 3), "bold")
        screen.say(one["says"])
        screen.say(f"request: {screen.jsonl(one['request'])}")
        if one["context"]:
            screen.say(f"context: {screen.jsonl(one['context'])}")
        screen.say()
        try:
            made = decide(known, one["request"], facts, context=one["context"], draw=7)
        except RoutecoreError as error:
            screen.show_error(error, to_stdout=True)
            continue
        show_plan(made, explain=explain)
