"""``routecore plan``: decide one request and print the plan, with reasons where they are asked for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from routecore.cli.errors import UnreadableFile, sourced
from routecore.cli.options import as_json, from_feed
from routecore.cli.reading import STDIN, load_catalog, load_stats, read_json, shown_name, write_text
from routecore.cli.terminal import Page, print_json
from routecore.cli.views.plan import show_explanation, show_plan
from routecore.wire.record import record
from routecore.wire.scenario import plan_scenario

if TYPE_CHECKING:
    from routecore.routing.plan import Plan

__all__ = ["plan"]

_SCENARIO = "a scenario: JSON with 'catalog' and 'request'"
_PARTS = {
    "health": "health states: JSON, endpoint id -> 'cooling' or 'available'",
    "context": "a context: JSON with byok, account, prompt_tokens and the like",
    "settings": "settings: JSON with balance, min_samples, sticky and the like",
}
"""Parts of a scenario that have an option of their own, and what their file holds."""


@click.command(
    short_help="Decide one request and print the plan.",
    epilog="\b\nExamples:\n  routecore plan scenario.json --explain\n  routecore plan --catalog example --stats example --model z-ai/glm-4.7 --explain",
)
@click.argument("scenario", required=False)
@click.option("--catalog", "catalog_file", metavar="FILE", help="The catalog; 'example' is the one that ships with routecore.")
@from_feed
@click.option("--request", "request_file", metavar="FILE", help="The body of the request, as the caller sends it.")
@click.option("--model", metavar="NAME", help="Ask for this model, in place of --request.")
@click.option("--stats", "stats_file", metavar="FILE", help="Latency, throughput and success rate of endpoints; 'example': made-up ones for the example.")
@click.option("--health", "health_file", metavar="FILE", help="Which endpoints are cooling down.")
@click.option("--context", "context_file", metavar="FILE", help="The account's keys and policy, token estimates, the session's pin.")
@click.option("--settings", "settings_file", metavar="FILE", help="The operator's settings, such as the weights of the balance.")
@click.option("--draw", type=int, help="The 64-bit number to draw with; the same number gives the same plan.  [default: 0, or the scenario's]")
@click.option("--explain", is_flag=True, help="Say of every endpoint why it stands where it stands, and what would put it first.")
@click.option("--record", "record_file", metavar="OUT.json", help="Write the decision record, for routecore replay.")
@as_json
def plan(
    scenario: str | None,
    catalog_file: str | None,
    feed: str,
    request_file: str | None,
    model: str | None,
    draw: int | None,
    explain: bool,
    record_file: str | None,
    machine: bool,
    **parts: str | None,
) -> None:
    """Decide one request and print the plan: which endpoints to try, in which order, and why.

    Takes a SCENARIO file with everything in it, or a catalog and a request in files of their own. A file named '-' is standard input.
    """
    named = {name: file for name in ("stats", *_PARTS) if (file := parts[f"{name}_file"]) is not None}
    if scenario is not None:
        given = [f"--{name}" for name, value in {"catalog": catalog_file, "request": request_file, "model": model, **named}.items() if value is not None]
        if given:
            raise click.UsageError(f"a scenario has everything in it: leave out {', '.join(given)}, or leave out SCENARIO")
        decided, sources = _whole(scenario), dict.fromkeys(("catalog", "request"), shown_name(scenario))
    else:
        decided, sources = _compose(catalog_file, feed, request_file, model, named)
    if draw is not None and isinstance(decided, dict):
        decided = {**decided, "draw": draw}
        sources["draw"] = "--draw"
    try:
        with sourced(sources):
            found = plan_scenario(decided)
    finally:
        if record_file is not None:
            _write_record(record_file, decided)
    _print(found, explain=explain, machine=machine)
    if record_file is not None and not machine and record_file != STDIN:
        Page().line(f"\ndecision record written to {record_file}; decide it again with: routecore replay {record_file}")


def _whole(file: str) -> Any:  # noqa: ANN401 - whatever the file holds
    """Return the scenario of a file; a file that is plainly one part of a scenario is told what it is."""
    decided = read_json(file, _SCENARIO)
    if isinstance(decided, dict) and "catalog" not in decided:
        name = shown_name(file)
        if "endpoints" in decided:
            raise UnreadableFile(name, "is a catalog alone", _SCENARIO, hint=f"routecore plan --catalog {file} --request body.json")
        if "model" in decided or "models" in decided:
            raise UnreadableFile(name, "is a request alone", _SCENARIO, hint=f"routecore plan --catalog example --request {file}")
    return decided


def _compose(catalog_file: str | None, feed: str, request_file: str | None, model: str | None, named: dict[str, str]) -> tuple[Any, dict[str, str]]:
    """Return the scenario that the files make together, and which file each part is from."""
    if catalog_file is None:
        raise click.UsageError("name a SCENARIO file, or a catalog and a request (routecore plan --catalog example --request body.json)")
    if (request_file is None) == (model is None):
        raise click.UsageError("--catalog needs a request: name its file with --request, or just a model with --model")
    if sum(file == STDIN for file in (catalog_file, request_file, *named.values())) > 1:
        raise click.UsageError("only one file can be '-', standard input")
    catalog, stats = load_catalog(catalog_file, feed)
    request = {"model": model} if request_file is None else read_json(request_file, "the body of a request: JSON with a 'model'")
    decided: dict[str, Any] = {"catalog": catalog, "request": request}
    sources = {"catalog": shown_name(catalog_file), "request": "--model" if request_file is None else shown_name(request_file)}
    if stats:
        decided["stats"] = stats
        sources["stats"] = shown_name(catalog_file)
    for name, file in named.items():
        decided.update(load_stats(file) if name == "stats" else {name: read_json(file, _PARTS[name])})
        sources[name] = shown_name(file)
    return decided, sources


def _write_record(path: str, decided: Any) -> None:  # noqa: ANN401 - whatever the scenario file held
    """Write the decision record of a scenario; a failed decision has one too."""
    if isinstance(decided, dict) and hasattr(decided.get("catalog"), "to_mapping"):
        decided = {**decided, "catalog": decided["catalog"].to_mapping()}
    write_text(path, json.dumps(record(decided), ensure_ascii=False) + "\n")


def _print(found: Plan, *, explain: bool, machine: bool) -> None:
    if machine:
        answer = found.to_dict()
        if explain:
            answer["why"] = [found.why(endpoint.id).to_dict() for _, endpoint in found.case.pool.rows]
        print_json(answer)
        return
    page = Page()
    show_plan(found, page, explain=explain)
    if explain:
        show_explanation(found, page)
