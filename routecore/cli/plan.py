"""``routecore plan``: a scenario, or a catalog and a request, in; the plan, and on request its explanation, out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from routecore.cli import screen
from routecore.cli.files import UnreadableFile, read_catalog, read_object, write_text
from routecore.errors import RoutecoreError
from routecore.records import plan_scenario, record

if TYPE_CHECKING:
    from routecore.plan import Plan


@click.command(epilog="Example: routecore plan --catalog example --request body.json --explain")
@click.argument("scenario", required=False, metavar="[SCENARIO.json]")
@click.option("--catalog", help="A catalog file, or 'example' for the one that ships with the library.", metavar="FILE")
@click.option("--from", "kind", type=click.Choice(["routecore", "openrouter"]), default="routecore", help="The catalog file's format.", show_default=True)
@click.option("--request", help="The request's body (JSON); '-' for standard input.", metavar="BODY.json")
@click.option("--stats", help="Statistics by endpoint id (JSON), or 'example'.", metavar="FILE")
@click.option("--context", help="The context: keys, pin, account, estimates (JSON).", metavar="FILE")
@click.option("--settings", help="Settings (JSON).", metavar="FILE")
@click.option("--draw", type=click.IntRange(0, 2**64 - 1), help="The 64-bit integer to draw with; the scenario's, or 0.")
@click.option("--explain", is_flag=True, help="Say for each endpoint why it stands where it stands, and what would put it first.")
@click.option("--record", "record_to", help="Write the decision record here, to be replayed.", metavar="OUT.json")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def plan(  # noqa: PLR0917 - one parameter an option
    scenario: str | None,
    catalog: str | None,
    kind: str,
    request: str | None,
    stats: str | None,
    context: str | None,
    settings: str | None,
    draw: int | None,
    explain: bool,
    record_to: str | None,
    as_json: bool,
) -> None:
    """Plan one request: which endpoints to try, in which order, and why.

    Give a scenario file ('-' for standard input), or --catalog and --request.
    """
    try:
        described = _described(scenario, catalog, kind, request, stats, context, settings, draw)
        made = plan_scenario(described)
        if record_to is not None:
            serial = {**described, "catalog": made.case.catalog.to_mapping()}
            write_text(record_to, screen.jsonl(record(serial)) + "\n")
    except RoutecoreError as error:
        screen.fail(error, as_json=as_json)
        return
    if as_json:
        answer = made.to_dict()
        if explain:
            answer["why"] = [made.why(endpoint_id).to_dict() for endpoint_id in made.case.pool.ids]
        screen.print_json(answer)
    else:
        show_plan(made, explain=explain)


def _described(
    scenario: str | None,
    catalog: str | None,
    kind: str,
    request: str | None,
    stats: str | None,
    context: str | None,
    settings: str | None,
    draw: int | None,
) -> dict[str, Any]:
    """Return the scenario that the arguments describe."""
    if scenario is not None:
        if catalog or request or stats or context or settings:
            raise click.UsageError("give a scenario file, or --catalog and --request (with --stats, --context, --settings), not both")
        described = read_object(scenario)
    else:
        if catalog is None or request is None:
            raise click.UsageError("give a scenario file, or both --catalog and --request")
        described = {"catalog": read_catalog(catalog, kind), "request": read_object(request)}
        if stats is not None:
            described["stats"] = read_stats(stats)
        for name, path in (("context", context), ("settings", settings)):
            if path is not None:
                described[name] = read_object(path)
    if draw is not None:
        described["draw"] = draw
    return described


def read_stats(path: str) -> dict[str, Any]:
    """Return statistics by endpoint id, from a file of them or with them under ``stats``, or the example's."""
    if path == "example":
        from routecore.examples import read_example

        return dict(read_example("stats")["stats"])
    found = read_object(path)
    inner = found.get("stats", found)
    if not isinstance(inner, dict):
        raise UnreadableFile(path, "'stats' is no object of statistics by endpoint id")
    return inner


def show_plan(plan: Plan, *, explain: bool) -> None:
    """Print a plan for people."""
    sticky = plan.sticky.status + (f" ({plan.sticky.reason})" if plan.sticky.reason else "")
    names = ", ".join(plan.case.pool.models)
    panic = "; every attempt is cooling (panic)" if plan.panic else ""
    screen.say(f"{names}: {len(plan)} {'attempt' if len(plan) == 1 else 'attempts'} by {plan.strategy}, draw {plan.draw}, sticky {sticky}{panic}")
    screen.say()
    screen.table(
        "Attempts, in the order in which to try them",
        ("#", "endpoint", "credential", "drawn with", "expected USD"),
        (
            (
                place,
                one.endpoint.id,
                one.credential if one.key_id is None else f"byok:{one.key_id}",
                screen.percent(one.probability),
                screen.usd(one.expected_price),
            )
            for place, one in enumerate(plan.attempts, 1)
        ),
        right=(0, 3, 4),
    )
    if plan.rejections:
        screen.table("Endpoints left, rule by rule", ("after", "left"), plan.funnel, right=(1,))
        screen.table(
            "Not in the plan",
            ("endpoint", "rule", "why"),
            (
                (one.endpoint.id if not number else "", rule, detail)
                for one in plan.rejections
                for number, (rule, detail) in enumerate(zip(one.rules, one.details, strict=True))
            ),
        )
    if plan.warnings:
        screen.table("Warnings", ("code", "at", "message"), plan.warnings)
    if explain:
        show_why(plan)


def show_why(plan: Plan) -> None:
    """Print why each endpoint stands where it stands, in plan order, then those that are not in the plan."""
    placed = list(dict.fromkeys(one.endpoint.id for one in plan.attempts))
    others = [plan.case.pool.ids[index] for index in plan.case.pool.catalog_order if plan.case.pool.ids[index] not in set(placed)]
    rows = []
    for endpoint_id in (*placed, *others):
        why = plan.why(endpoint_id)
        changes = "; ".join(change.words for change in why.changes) or ("" if why.place == 1 else "no single change")
        rows.append(
            (
                "–" if why.place is None else why.place,
                endpoint_id.partition("@")[2] if len(plan.case.pool.models) == 1 else endpoint_id,
                "\n".join(why.reasons),
                changes,
            )
        )
    screen.table("Why, and what would put it first (tried by deciding again)", ("#", "endpoint", "why there", "first with"), rows, right=(0,))
