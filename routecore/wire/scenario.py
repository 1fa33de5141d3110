"""Scenarios and decision records: JSON in, JSON out, and the replay of what was decided.

A scenario is everything one decision is made from; a decision record is the scenario, the answer, and the versions of catalog, facts and library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from routecore.catalog.catalog import Catalog
from routecore.errors import CatalogError, Fault, InvalidRequest, RoutecoreError
from routecore.request.body import read
from routecore.request.context import Context
from routecore.request.preferences import Preferences
from routecore.request.settings import Settings
from routecore.routing.decide import check_draw, read_now
from routecore.routing.facts import Facts
from routecore.routing.plan import Plan
from routecore.routing.solve import pose, solve
from routecore.safe_text import withheld

if TYPE_CHECKING:
    from routecore.routing.case import Case

__all__ = ["decide_scenario", "plan_scenario"]


def plan_scenario(scenario: object) -> Plan:
    """Return the plan of a scenario in the wire form.

    Raises, in this order, ``CatalogError``; ``InvalidRequest`` for request, context, stats, health, settings and draw together; ``InvalidPreferences``;
    ``UnknownModel``; ``NoEligibleEndpoint``.
    """
    case, draw = read_scenario(scenario)
    return Plan(solve(case), draw)


def read_scenario(scenario: object) -> tuple[Case, int]:
    """Read a scenario into the case that it describes and its draw; raises as ``plan_scenario`` does, short of ``NoEligibleEndpoint``."""
    if not isinstance(scenario, dict):
        raise InvalidRequest([Fault("scenario", withheld(scenario), "an object with 'catalog' and 'request'")])
    if scenario.get("catalog") is None:
        raise CatalogError([Fault("catalog", None, "an object with 'endpoints'")])
    raw = scenario["catalog"]
    catalog = raw if isinstance(raw, Catalog) else Catalog.from_mapping(raw)
    faults: list[Fault] = []
    request = read(scenario.get("request"), faults)
    context = Context.parse(scenario.get("context"), faults=faults, providers=catalog)
    facts = Facts.from_mapping(scenario.get("stats"), scenario.get("health"), faults)
    settings = Settings.parse(scenario.get("settings"), faults=faults)
    draw = scenario.get("draw")
    draw = 0 if draw is None else draw
    check_draw(draw, faults)
    now = read_now(scenario.get("now"), faults)
    if faults:
        raise InvalidRequest(faults)
    return pose(catalog, request, Preferences.parse(request.provider, providers=catalog), context, facts, settings, now), draw


def decide_scenario(scenario: object) -> dict[str, Any]:
    """Return the answer to a scenario: a plan, or the platform's error body. Never raises, whatever it is given.

    Args:
        scenario: An object with ``catalog`` and ``request``, and if they are known ``context``, ``stats``, ``health``, ``settings``, ``now`` and ``draw``.

    Returns:
        The plan as ``Plan.to_dict`` gives it, or ``{"error": {...}}``.

    Example:
        >>> answer = decide_scenario({"catalog": {"endpoints": [{"model": "a/b", "provider": "p"}]}, "request": {"model": "a/b"}})
        >>> answer["attempts"][0]["endpoint"], answer["strategy"]
        ('a/b@p', 'balance')
        >>> decide_scenario({"catalog": {"endpoints": []}, "request": {"model": "a/b"}})["error"]["type"]
        'unknown_model'
    """
    try:
        return plan_scenario(scenario).to_dict()
    except RoutecoreError as error:
        return error.to_dict()
    except Exception as error:  # noqa: BLE001 - objects that no JSON holds may raise anything when they are looked at
        return InvalidRequest([Fault("scenario", f"{type(error).__name__}: {error}", "a scenario that can be read")]).to_dict()
