"""``routecore conformance``: hold any router, in any language, against named cases, the laws and the reference."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from routecore.cli.options import as_json
from routecore.cli.terminal import Page, print_json
from routecore.testing.conformance import PARTS, check_router
from routecore.testing.levels import LEVELS
from routecore.testing.process import ProcessRouter, RouterProcessError
from routecore.testing.vectors import vectors

if TYPE_CHECKING:
    from routecore.testing.conformance import Check

__all__ = ["conformance"]

EXIT_DIFFERENT = 1
SHOWN_LINES = 12
ASKED_FIRST = {"catalog": {"endpoints": [{"model": "m", "provider": "p"}]}, "request": {"model": "m"}}


@click.command(
    short_help="Hold a router in any language against the rules.",
    epilog="\b\nExamples:\n  routecore conformance --cmd 'node router.js' --level basic\n  routecore conformance --vectors",
)
@click.option("--cmd", "command", help="The router: reads a scenario a line, writes an answer a line, JSON both.")
@click.option("--level", type=click.Choice(LEVELS), default="full", show_default=True, help="How much of the wire the router reads.")
@click.option("--scenarios", type=click.IntRange(1, 100_000), default=50, show_default=True, help="Random scenarios for each law and for the comparison.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the random scenarios.")
@click.option("--part", "parts", type=click.Choice(PARTS), multiple=True, help="Only this part; may be given more than once.")
@click.option("--check", "named", multiple=True, help="Only the check of this name; may be given more than once.")
@click.option("--timeout", "seconds", type=click.FloatRange(0.001), default=10.0, show_default=True, help="Seconds that one answer may take.")
@click.option("--vectors", "only_vectors", is_flag=True, help="Print the named cases with their answers, one a line, and run nothing.")
@as_json
def conformance(
    command: str | None,
    level: str,
    scenarios: int,
    seed: int,
    parts: tuple[str, ...],
    named: tuple[str, ...],
    seconds: float,
    only_vectors: bool,
    machine: bool,
) -> int:
    """Hold a router against named cases, laws and the reference; exit code 1 and what differs, each with a small scenario, if anything does.

    The router is a process: a scenario in the wire form a line on standard input, its answer a line on standard output.
    """
    if only_vectors:
        for one in vectors():
            print(json.dumps(one))
        return 0
    if not command:
        raise click.UsageError("--cmd is missing: the command that starts the router")
    with ProcessRouter(command, seconds) as router:
        try:
            router(ASKED_FIRST)
        except RouterProcessError as error:
            raise click.UsageError(f"the router does not answer: {error}") from error
        found = []
        page = None if machine else Page()
        for check in check_router(router, level=level, scenarios=scenarios, seed=seed, parts=parts or PARTS, named=named):
            found.append(check)
            if page is not None:
                _show(check, page)
    if not found:
        raise click.UsageError(f"no check of the level {level} is named {', '.join(named)}")
    wrong = [check for check in found if not check.holds]
    if page is None:
        print_json({"level": level, "holds": not wrong, "checks": [_as_json(check) for check in found]})
    else:
        page.line("")
        for part in PARTS:
            of_part = [check for check in found if check.part == part]
            if of_part:
                held = sum(check.holds for check in of_part)
                page.line(f"{part}: {held} of {len(of_part)} hold", "bold green" if held == len(of_part) else "bold red")
    return EXIT_DIFFERENT if wrong else 0


def _show(check: Check, page: Page) -> None:
    """Say nothing of what holds: a page is for what differs."""
    if check.first is None:
        return
    page.line(f"{check.part}: {check.name}: {check.held} of {check.tried} scenarios hold", "bold red")
    lines = check.first.words.splitlines()
    for line in lines[:SHOWN_LINES]:
        page.fact(line, indent=2, hanging=4)
    if len(lines) > SHOWN_LINES:
        page.fact(f"and {len(lines) - SHOWN_LINES} lines more", indent=2)
    page.fact("the scenario, to paste:", indent=2)
    page.line(json.dumps(check.first.scenario))


def _as_json(check: Check) -> dict[str, object]:
    first = None if check.first is None else {"words": check.first.words, "scenario": check.first.scenario}
    return {"part": check.part, "name": check.name, "tried": check.tried, "held": check.held, "first": first}
