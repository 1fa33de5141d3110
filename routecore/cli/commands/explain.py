"""``routecore explain``: why one endpoint stands where it stands, or why it is not in the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from routecore.cli.decision import decision_options, read_decision
from routecore.cli.errors import sourced
from routecore.cli.options import as_json
from routecore.cli.terminal import Page, print_json
from routecore.reading.checks import nearest
from routecore.routing.plan_view import show_why
from routecore.wire.scenario import plan_scenario

if TYPE_CHECKING:
    from routecore.routing.plan import Plan

__all__ = ["explain"]


@click.command(
    short_help="Say why one endpoint stands where it stands.",
    epilog="\b\nExamples:\n  routecore explain z-ai/glm-4.7@z-ai --catalog example --stats example\n  routecore explain novita/fp8 scenario.json",
)
@click.argument("endpoint")
@decision_options
@as_json
def explain(endpoint: str, machine: bool, **named: Any) -> None:  # noqa: ANN401 - the options of a decision
    """Decide one request and say of one ENDPOINT where it stands, what decided that, and which change would put it first.

    ENDPOINT is an id (model@slug) or a slug of the asked model. SCENARIO and the options are those of routecore plan; without --request and --model,
    the model of the id is asked for.
    """
    model, at, _ = endpoint.rpartition("@")
    if at and named["scenario"] is None and named["request_file"] is None and named["model"] is None:
        named["model"] = model
    if not at and named["scenario"] is None and named["request_file"] is None and named["model"] is None:
        raise click.UsageError(f"{endpoint!r} names no model: name the endpoint by its id (model@slug), or ask with --model or --request")
    decided, sources = read_decision(**named)
    with sourced(sources):
        found = plan_scenario(decided)
    why = found.why(_id_of(endpoint, found))
    if machine:
        print_json(why.to_dict())
        return
    page = Page()
    page.line(f"{'not in the plan' if why.place is None else f'place {why.place} of {len(found)}'}; {found.strategy}; first: {found.first.endpoint.id}", "bold")
    page.line()
    show_why(why, found, page)


def _id_of(endpoint: str, plan: Plan) -> str:
    """Return the id that is meant: an id, or the slug of one endpoint of the asked models."""
    ids = [one.id for _, one in plan.case.pool.rows]
    meant = [one.id for _, one in plan.case.pool.rows if endpoint in (one.id, one.slug)] or [
        one.id for _, one in plan.case.pool.rows if endpoint == one.provider
    ]
    if len(meant) == 1:
        return meant[0]
    if meant:
        raise click.UsageError(f"{endpoint!r} is several endpoints: {', '.join(meant)}")
    near = nearest(endpoint, ids) or [one.id for _, one in plan.case.pool.rows if one.slug in nearest(endpoint, [row.slug for _, row in plan.case.pool.rows])]
    hint = f"did you mean {', '.join(near)}?" if near else f"there are {', '.join(ids)}"
    raise click.UsageError(f"the asked models have no endpoint {endpoint!r}; {hint}")
