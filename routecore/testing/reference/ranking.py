"""Ranking: the pin, the passes as one tuple, the sort, the cut."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from routecore.testing.reference.draw import rank_by_draw
from routecore.testing.reference.facts import same_id
from routecore.testing.reference.price import can_cache
from routecore.testing.reference.request import Attempt, Request, known_percentiles, names_attempt, price_of, shrunk_rates
from routecore.testing.reference.rules import credentials_of, key_matches
from routecore.testing.reference.slugs import slug_matches

if TYPE_CHECKING:
    from routecore.testing.reference.catalog import Endpoint

__all__ = ["cut", "expand", "rank", "sticky_of"]


def expand(request: Request, eligible: list[Endpoint]) -> list[Attempt]:
    """Turn each endpoint into an attempt for each credential that it may be tried with."""
    return [Attempt(endpoint, *credential) for endpoint in eligible for credential in credentials_of(request.scenario.context, endpoint)]


# The pin -------------------------------------------------------------------------------------------------------------


def sticky_of(request: Request, attempts: list[Attempt]) -> tuple[str, str | None, list[Attempt]]:
    """Return status, reason, and the attempts with the pinned ones marked (none unless the status is ``hit``)."""
    scenario = request.scenario
    pin = scenario.context.sticky
    if scenario.settings.sticky == "off":
        return "none", None, attempts
    if pin is None:
        return "none", scenario.context.no_pin, attempts
    block = scenario.block
    explicit = bool(block.order) or request.explicit_sort is not None
    if scenario.settings.sticky != "compatible":
        explicit = explicit or bool(block.only) or bool(block.ignore)
    if explicit:
        return "skipped", "explicit_preferences", attempts
    pinned = [attempt for attempt in attempts if names_attempt(same_id(pin), attempt)]
    marked = [replace(attempt, pinned=attempt in pinned) for attempt in attempts]
    reason = _reason_to_skip(request, marked)
    return ("hit", None, marked) if reason is None else ("skipped", reason, attempts)


def _reason_to_skip(request: Request, attempts: list[Attempt]) -> str | None:
    pinned = [attempt for attempt in attempts if attempt.pinned]
    if not pinned:
        return "ineligible"
    endpoint = pinned[0].endpoint
    if not can_cache(endpoint.pricing, implicit_caching=endpoint.implicit_caching):
        return "no_cache"
    if all(request.cooling(attempt) for attempt in pinned):
        return "cooling"
    if request.scenario.settings.sticky == "economic":
        warm = price_of(request, pinned[0])
        others = [price_of(request, attempt) for attempt in attempts if not attempt.pinned and not request.cooling(attempt)]
        known = [price for price in others if price is not None]
        if warm is not None and known and warm > min(known):
            return "uneconomic"
    return None


# The passes ----------------------------------------------------------------------------------------------------------


def passes(request: Request, attempt: Attempt, *, panic: bool) -> tuple[int, ...]:
    """Places in passes 9 to 2, the most significant first; the tier stands after the order."""
    endpoint, block = attempt.endpoint, request.scenario.block
    byok = attempt.credential == "byok"
    matched = any(key_matches(key, endpoint) for key in request.scenario.context.byok)
    position = next((i for i, entry in enumerate(block.order) if slug_matches(entry, endpoint)), len(block.order))
    in_order = position < len(block.order)
    ignores = any(name not in endpoint.supported_parameters for name, _ in request.scenario.asked.parameters)

    health = {"available": 0, "full": 1, "cooling": 2}[request.health_of(attempt)] if not panic else 0
    model = request.models.index(endpoint.model) if block.partition == "model" else 0
    parameters = 1 if block.require_parameters is None and ignores else 0
    credential = 0 if byok and (in_order or not block.order) else 1
    sticky = 0 if attempt.pinned else 1
    tier = 1 if request.tiers.priority_first and endpoint.tier != "priority" else 0
    own = 0 if byok else 1 if matched and not block.order and request.sort is None else 2
    return (health, model, parameters, credential, _threshold(request, endpoint), sticky, position, tier, own)


def _threshold(request: Request, endpoint: Endpoint) -> int:
    """Meets all cutoffs (0) < not known (1) < fails one (2)."""
    latency, throughput = known_percentiles(request, endpoint)
    place = 0
    for percentile, cutoff in request.scenario.block.preferred_max_latency.items():
        value = latency.get(percentile)
        place = max(place, 1 if value is None else 2 if value > cutoff else 0)
    for percentile, cutoff in request.scenario.block.preferred_min_throughput.items():
        value = throughput.get(percentile)
        place = max(place, 1 if value is None else 2 if value < cutoff else 0)
    return place


def rank(request: Request, attempts: list[Attempt], *, panic: bool) -> list[Attempt]:
    """Order the attempts: one sort by the tuple of passes, or place by place by the draw."""
    if request.sort is None:
        return rank_by_draw(request, attempts, {attempt.by_name: passes(request, attempt, panic=panic) for attempt in attempts})
    eligible = list(dict.fromkeys(attempt.endpoint for attempt in attempts))
    rates = shrunk_rates(request, eligible, [request.stats_of(endpoint).rates.get("tool_error_rate") for endpoint in eligible])
    steps = {endpoint.id: 0 if rate is None else int(100 * rate) for endpoint, rate in zip(eligible, rates, strict=True)}
    return sorted(attempts, key=lambda attempt: (passes(request, attempt, panic=panic), _sort_place(request, attempt, steps)))


def _sort_place(request: Request, attempt: Attempt, steps: dict[str, int]) -> tuple[object, ...]:
    """Place in the strategy; ``steps``: whole percent of wrong tool calls, by endpoint."""
    latency, throughput = known_percentiles(request, attempt.endpoint)
    price = price_of(request, attempt)
    by_price = (price is None, price or 0)
    ties = (by_price, attempt.endpoint.id, attempt.credential != "byok", attempt.key_place)
    if request.sort == "price":
        return ties
    if request.sort == "latency":
        seconds = latency.get("p50")
        return (seconds is None, seconds or 0, *ties)
    speed = throughput.get("p50")
    by_speed = (speed is None, -(speed or 0), *ties)
    if request.sort == "exacto":
        return (steps[attempt.endpoint.id] if request.scenario.asked.offers_tools else 0, *by_speed)
    return by_speed


# The cut -------------------------------------------------------------------------------------------------------------


def cut(request: Request, plan: list[Attempt]) -> list[Attempt]:
    """``allow_fallbacks: false`` without ``order`` leaves the first attempt, of each model where models are ranked one by one."""
    block = request.scenario.block
    if block.allow_fallbacks or block.order:
        return plan
    if block.partition == "none" or len(request.models) == 1:
        return plan[:1]
    kept: list[Attempt] = []
    for attempt in plan:
        if attempt.endpoint.model not in [other.endpoint.model for other in kept]:
            kept.append(attempt)
    return kept
