"""``routecore plan``: decide one request and print the plan, with reasons where they are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from routecore.catalog.catalog import Catalog
from routecore.cli.decision import decision_options, read_decision
from routecore.cli.errors import sourced
from routecore.cli.options import as_json
from routecore.cli.reading import STDIN, check_writable, write_text
from routecore.cli.terminal import Page, json_text, print_json
from routecore.errors import RoutecoreError
from routecore.routing.plan_view import show_explanation, show_plan
from routecore.wire.record import record
from routecore.wire.scenario import plan_scenario, read_scenario

if TYPE_CHECKING:
    from routecore.routing.plan import Plan

__all__ = ["plan"]


@click.command(
    short_help="Decide one request and print the plan.",
    epilog="\b\nExamples:\n  routecore plan scenario.json --explain\n  routecore plan --catalog example --stats example --model z-ai/glm-4.7 --explain",
)
@decision_options
@click.option("--explain", is_flag=True, help="Say of every endpoint why it stands where it stands, and what would put it first.")
@click.option("--record", "record_file", metavar="OUT.json", help="Write the decision record, for routecore replay.")
@as_json
def plan(explain: bool, record_file: str | None, machine: bool, **named: Any) -> None:  # noqa: ANN401 - the options of a decision
    """Decide one request and print the plan: which endpoints to try, in which order, and why.

    Takes a SCENARIO file with everything in it, or a catalog and a request in files of their own. A file named '-' is standard input.
    """
    if record_file is not None:
        check_writable(record_file)
    decided, sources = read_decision(**named)
    try:
        with sourced(sources):
            found = plan_scenario(decided)
    finally:
        if record_file is not None:
            write_text(record_file, json_text(record(_looked_at(decided))) + "\n")
    _print(found, explain=explain, machine=machine)
    if record_file is not None and not machine and record_file != STDIN:
        page = Page()
        page.line()
        page.line(f"decision record written to {record_file}; decide it again with: routecore replay {record_file}")


def _looked_at(decided: Any) -> Any:  # noqa: ANN401 - whatever the scenario file held
    """Return the part of a scenario that the decision looked at, as a router's own records have it: the asked models' rows, statistics and health."""
    if not isinstance(decided, dict):
        return decided
    catalog: Any = decided.get("catalog")
    mapping: Any = catalog.to_mapping() if isinstance(catalog, Catalog) else catalog
    try:
        pool = read_scenario(decided)[0].pool
    except RoutecoreError:
        # the fault may lie anywhere, and near names of models come from the whole catalog
        return {**decided, "catalog": mapping}
    models, ids = {endpoint.model for _, endpoint in pool.rows}, set(pool.ids)
    kept = {**decided, "catalog": {**mapping, "endpoints": [row for row in mapping["endpoints"] if row["model"] in models]}}
    for part in ("stats", "health"):
        if isinstance(decided.get(part), dict):
            kept[part] = {key: value for key, value in decided[part].items() if key in ids or key.rpartition("#")[0] in ids or key.partition("#")[0] in ids}
    return kept


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
