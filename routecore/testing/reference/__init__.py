"""A slow, literal reading of the routing rules, independent of the engine, to hold the engine (or any gateway) against.

Nothing is imported from the engine, nothing is cached, nothing is clever: for each endpoint every rule is evaluated, the
ranking is one sort by the tuple of passes, the draw is splitmix64 step by step, prices are exact fractions, weights are
computed to 50 digits. ``wire`` and ``slugs`` read values, ``scenario`` reads the wire form part by part, ``price`` the price
card, ``rules`` and ``tiers`` decide who may serve, ``ranking`` in which order, with the ``weights`` of the ``draw``.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from routecore.testing.reference.ranking import cut, expand, rank, sticky_of
from routecore.testing.reference.request import Attempt, Request, price_of, rises
from routecore.testing.reference.rules import failed_rules, funnel_of, relaxations_of
from routecore.testing.reference.scenario import Scenario, read_scenario
from routecore.testing.reference.slugs import slug_matches
from routecore.testing.reference.tiers import tier_rule
from routecore.testing.reference.wire import Refusal, plain_decimal

if TYPE_CHECKING:
    from routecore.testing.reference.catalog import Endpoint

__all__ = ["reference_decide_scenario"]

SUFFIXES = {":floor": "price", ":nitro": "throughput", ":exacto": "exacto"}


def reference_decide_scenario(scenario: object) -> dict[str, Any]:
    """Decide a scenario in its wire form; never raises, errors are answers.

    Args:
        scenario: the mapping with ``catalog``, ``request``, and what else is known; anything else is answered with a fault.

    Returns:
        ``{"attempts": [...], "rejections": [...], ...}``, or ``{"error": {...}}`` of one of the documented types.

    Example:
        >>> row = {"model": "m", "provider": "p", "pricing": {"prompt": "0.000001", "completion": "0.000002"}}
        >>> answer = reference_decide_scenario({"catalog": {"endpoints": [row]}, "request": {"model": "m"}})
        >>> answer["attempts"][0]["endpoint"], answer["attempts"][0]["expected_price"]
        ('m@p', '0.005')
        >>> reference_decide_scenario({"catalog": {"endpoints": []}, "request": {"model": "m"}})["error"]["type"]
        'unknown_model'

    """
    try:
        return _decide(read_scenario(scenario))
    except Refusal as refusal:
        return {"error": refusal.body}


def _decide(scenario: Scenario) -> dict[str, Any]:
    request, unknown = _resolve_models(scenario)
    endpoints = [endpoint for endpoint in scenario.endpoints if endpoint.model in request.models]
    found = {endpoint.id: failed_rules(scenario, endpoint, request.tiers) for endpoint in endpoints}
    failures = {endpoint_id: [rule for rule, _ in fails] for endpoint_id, fails in found.items()}
    funnel = funnel_of(endpoints, failures)
    rejections = [
        {"endpoint": endpoint_id, "rules": failures[endpoint_id], "details": [detail for _, detail in fails]} for endpoint_id, fails in found.items() if fails
    ]
    eligible = [endpoint for endpoint in endpoints if not failures[endpoint.id]]
    if not eligible:
        warnings = _as_json(_warnings_about_names(request, unknown, endpoints) + _warnings_about_data(request, endpoints, eligible))
        raise _nothing_left(request, funnel, rejections, failures, warnings)

    attempts = expand(request, eligible)
    status, reason, attempts = sticky_of(request, attempts)
    panic = all(request.cooling(attempt) for attempt in attempts)
    plan = cut(request, rank(request, attempts, panic=panic))
    return {
        "attempts": [_attempt(request, attempt) for attempt in plan],
        "rejections": rejections,
        "funnel": funnel,
        "strategy": request.strategy,
        "sticky": {"status": status, "reason": reason},
        "panic": panic,
        "warnings": _warnings(request, unknown, endpoints, eligible, plan),
        "draw": scenario.draw,
    }


def _resolve_models(scenario: Scenario) -> tuple[Request, list[tuple[str, str]]]:
    """Read suffixes, drop unknown names; raise ``unknown_model`` if none is known."""
    known = {endpoint.model for endpoint in scenario.endpoints}
    models: list[str] = []
    unknown: list[tuple[str, str]] = []
    suffixes: list[str] = []
    for name, path in scenario.asked.models:
        suffix = next((suffix for suffix in SUFFIXES if name.endswith(suffix)), "")
        bare = name.removesuffix(suffix)
        if name in known:
            models.append(name)
        elif suffix and bare in known:
            models.append(bare)
            suffixes.append(suffix)
        else:
            unknown.append((name, path))
    if not models:
        names = [name for name, _ in unknown]
        near = sorted({near for name in names for near in difflib.get_close_matches(name, sorted(known))})
        message = "the catalog has no model " + ", ".join(names)
        raise Refusal({"message": message, "type": "unknown_model", "param": "model", "code": 404, "metadata": {"near": near}})
    counts = suffixes[0] if suffixes else None
    asked = [endpoint for endpoint in scenario.endpoints if endpoint.model in models]
    sort = scenario.block.sort or (None if counts is None else SUFFIXES[counts])
    return Request(scenario, tuple(dict.fromkeys(models)), sort, tier_rule(scenario.asked.tier, counts, scenario.block, asked)), unknown


def _nothing_left(
    request: Request, funnel: list[dict[str, Any]], rejections: list[dict[str, Any]], failures: dict[str, list[str]], warnings: list[dict[str, Any]]
) -> Refusal:
    relaxations = relaxations_of(failures)
    help_text = " or ".join(str(lifted) for lifted in relaxations) or "nothing that the request could lift"
    return Refusal(
        {
            "message": f"no eligible endpoint for {', '.join(request.models)}; lifting would help: {help_text}",
            "type": "no_eligible_endpoint",
            "param": None,
            "code": 503,
            "metadata": {"funnel": funnel, "rejections": rejections, "relaxations": relaxations, "warnings": warnings},
        }
    )


def _attempt(request: Request, attempt: Attempt) -> dict[str, Any]:
    price = price_of(request, attempt)
    return {
        "endpoint": attempt.endpoint.id,
        "model": attempt.endpoint.model,
        "provider": attempt.endpoint.provider,
        "slug": attempt.endpoint.slug,
        "credential": attempt.credential,
        "key_id": attempt.key_id,
        "service_tier": attempt.endpoint.tier,
        "probability": attempt.probability,
        "expected_price": None if price is None else plain_decimal(price),
    }


def _as_json(warnings: list[tuple[str, str, str]]) -> list[dict[str, Any]]:
    return [{"code": code, "path": path, "message": message} for code, path, message in warnings]


def _warnings(
    request: Request, unknown: list[tuple[str, str]], endpoints: list[Endpoint], eligible: list[Endpoint], plan: list[Attempt]
) -> list[dict[str, Any]]:
    warnings = _warnings_about_names(request, unknown, endpoints)
    if request.scenario.block.require_parameters is None:
        for name, body_key in request.scenario.asked.parameters:
            if name not in plan[0].endpoint.supported_parameters:
                warnings.append(("ignored_parameter", body_key, f"{plan[0].endpoint.id} will ignore {name}"))
    return _as_json(warnings + _warnings_about_data(request, endpoints, eligible))


def _warnings_about_names(request: Request, unknown: list[tuple[str, str]], endpoints: list[Endpoint]) -> list[tuple[str, str, str]]:
    scenario, block = request.scenario, request.scenario.block
    warnings: list[tuple[str, str, str]] = []
    if scenario.asked.models_as_string:
        warnings.append(("models_as_string", "models", "models is a list; a string was taken as its only entry"))
    warnings += [("unknown_model", path, f"the catalog has no model {name!r}") for name, path in unknown]
    warnings += [("display_name", path, f"{written!r} was taken for {slug!r}") for path, written, slug in scenario.display_names]
    for key, entries in (("order", block.order), ("only", block.only), ("ignore", block.ignore)):
        for position, entry in enumerate(entries):
            if not any(slug_matches(entry, endpoint) for endpoint in endpoints):
                warnings.append(("unmatched_slug", f"provider.{key}[{position}]", f"{entry!r} matches no endpoint"))
    return warnings


def _warnings_about_data(request: Request, endpoints: list[Endpoint], eligible: list[Endpoint]) -> list[tuple[str, str, str]]:
    words = "rises with the percentile; only p50 is kept"
    rising = [endpoint for endpoint in endpoints if rises(request.stats_of(endpoint).throughput)]
    warnings = [("rising_throughput", f"stats.{endpoint.id}.throughput", words) for endpoint in rising]
    for endpoint in eligible:
        pricing = endpoint.pricing or {}
        if pricing.get("prompt") is None or pricing.get("completion") is None:
            position = request.scenario.endpoints.index(endpoint)
            warnings.append(("unknown_price", f"endpoints[{position}].pricing", f"{endpoint.id} has no expected price"))
    return warnings
