"""How much of the wire a router reads: what is left in a scenario of each level, and the laws that speak of it.

``basic``: models, ``order``, ``only``, ``ignore``, ``allow_fallbacks``, ``sort: price``, disabled endpoints, prices of tokens, the
draw. ``documented``: all of routing.md. ``full``: policies, limits, tiers and prices in time too.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from routecore.testing import laws
from routecore.testing.dice import SeededDice
from routecore.testing.generate import make_scenario

if TYPE_CHECKING:
    import random

    from routecore.testing.dice import Mapping

__all__ = ["LEVELS", "basic", "laws_of", "scenario_of"]

LEVELS = ("basic", "documented", "full")
_ROW = ("model", "provider", "slug", "disabled", "pricing")
_PRICES = ("prompt", "completion")
_BODY = ("model", "models", "provider")
_BLOCK = ("order", "only", "ignore", "allow_fallbacks")
_SUFFIXES = (":floor", ":nitro", ":exacto")
_BASIC_LAWS = (
    laws.law_subset,
    laws.law_permutation,
    laws.law_prefix,
    laws.law_determinism,
    laws.law_permuting_the_catalog,
    laws.law_adding_an_ineligible_endpoint,
    laws.law_never_a_forbidden_endpoint,
    laws.law_relaxations,
    laws.law_probabilities,
    laws.law_frequencies,
    laws.law_documented_answer,
)
_OF_POLICIES = (
    laws.law_api_is_spoken,
    laws.law_affinity_stays,
    laws.law_tiers_are_opt_in,
    laws.law_flex_is_never_dearer,
    laws.law_tiers_change_no_other_rule,
    laws.law_full_is_never_removed,
    laws.law_equal_shares,
    laws.law_adjusted_shares,
    laws.law_scale_invariance,
    laws.law_better_gets_no_less,
    laws.law_a_cheaper_endpoint_never_loses,
    laws.law_traffic_caps,
)


def laws_of(level: str) -> list[Any]:
    """The laws that a router of this level is held against; comparing with the reference is a check of its own."""
    if level == "basic":
        return list(_BASIC_LAWS)
    known = [law for law in laws.LAWS if law is not laws.law_equals_the_reference]
    return known if level == "full" else [law for law in known if law not in _OF_POLICIES]


def scenario_of(level: str, rng: random.Random) -> Mapping:
    """Make a random scenario of a level; one seed gives scenarios of the three levels that have much in common.

    >>> import random
    >>> sorted(scenario_of("basic", random.Random(1)))
    ['catalog', 'draw', 'request']
    """
    dice = SeededDice(rng)
    if level == "basic":
        return basic(make_scenario(dice, extras=False))
    return make_scenario(dice, extras=level == "full")


def basic(scenario: Mapping) -> Mapping:
    """Leave in a scenario what a basic router reads."""
    rows = [{key: copy.deepcopy(row[key]) for key in _ROW if key in row} for row in scenario["catalog"]["endpoints"]]
    for row in rows:
        if row.get("pricing") is not None:
            row["pricing"] = {key: row["pricing"][key] for key in _PRICES if key in row["pricing"]}
    body = {key: copy.deepcopy(scenario["request"][key]) for key in _BODY if key in scenario["request"]}
    for key in ("model", "models"):
        if key in body:
            known = {row["model"] for row in rows}
            body[key] = _bare(body[key], known) if isinstance(body[key], str) else [_bare(name, known) for name in body[key]]
    block = body.pop("provider", None) or {}
    kept = {key: value for key, value in block.items() if key in _BLOCK}
    if block.get("sort") in ("price", {"by": "price"}):
        kept["sort"] = "price"
    if kept:
        body["provider"] = kept
    body["messages"] = [{"role": "user", "content": "hello"}]
    return {"catalog": {"endpoints": rows}, "request": body, "draw": scenario.get("draw", 0)}


def _bare(model: str, known: set[str]) -> str:
    return model.rpartition(":")[0] if model not in known and model.endswith(_SUFFIXES) else model
