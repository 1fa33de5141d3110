"""A page of a user's code, for type checkers: ``mypy --strict`` and ``pyright`` read it; ``tests/house/test_public_names.py`` runs it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, assert_type

import routecore
from routecore import (
    Action,
    Attempt,
    Catalog,
    CostBreakdown,
    Endpoint,
    Facts,
    FaultyInput,
    InvalidPreferences,
    LiveAttempt,
    LivePlan,
    MemoryPins,
    NoEligibleEndpoint,
    Outcome,
    Plan,
    Router,
    RouterSettings,
    Step,
    Usage,
    Why,
    calculate_cost,
    decide,
    decide_scenario,
)
from routecore.simulate import Policy, Report, Trace, World, batch, generate, simulate, sweep

if TYPE_CHECKING:
    from routecore import PinStore

BODY = {"model": "z-ai/glm-4.7", "provider": {"sort": "price"}}


def decides() -> None:
    """Decide once, and read the plan."""
    catalog = routecore.example_catalog()
    assert_type(catalog, Catalog)
    plan = decide(catalog, BODY, routecore.example_facts(), context={"prompt_tokens": 12_000})
    assert_type(plan, Plan)
    first = plan.attempts[0]
    assert_type(first, Attempt)
    assert_type(first.endpoint, Endpoint)
    assert_type(first.probability, float)
    assert_type(first.expected_price, Decimal | None)
    assert_type(plan.why(first.endpoint.id), Why)
    facts: Facts = routecore.example_facts()
    print(plan.strategy, len(facts.stats))
    answer = decide_scenario({"catalog": {"endpoints": []}, "request": BODY})
    print(answer["error"])


def is_billed(endpoint: Endpoint) -> None:
    """Price a response at an endpoint's prices, as the documentation writes it."""
    usage = Usage.parse({"prompt_tokens": 10, "completion_tokens": 2})
    assert_type(usage, Usage)
    breakdown = calculate_cost(endpoint.pricing, usage, finish_reason="stop")
    assert_type(breakdown, CostBreakdown)
    assert_type(breakdown.cost, Decimal)


def runs() -> None:
    """Run the loop of a gateway."""
    store: PinStore = MemoryPins()
    router = Router(routecore.example_catalog(), settings=RouterSettings(), pins=store)
    plan = router.plan(BODY, prompt_tokens=12_000)
    assert_type(plan, LivePlan)
    for attempt in plan:
        assert_type(attempt, LiveAttempt)
        step = router.observe(attempt, Outcome.success(ttft_seconds=0.4, total_seconds=3.1, output_tokens=180))
        assert_type(step, Step)
        if step.action is Action.DONE:
            break


def fails() -> None:
    """Catch what may be raised."""
    try:
        decide(routecore.example_catalog(), {"model": "z-ai/glm-4.7", "provider": {"only": ["nobody"]}})
    except NoEligibleEndpoint as error:
        print(error.funnel, error.rejections)
    try:
        decide(routecore.example_catalog(), {"model": "z-ai/glm-4.7", "provider": {"sort": "cheap"}})
    except InvalidPreferences as error:
        assert_type(error.faults[0].path, str)
        base: FaultyInput = error
        print(base)


def asks_what_if() -> None:
    """Replay traffic under two policies."""
    catalog, world = routecore.example_catalog(), World.from_stats(routecore.example_facts())
    trace = generate(50, ["z-ai/glm-4.7"])
    assert_type(trace, Trace)
    policies = [Policy("default"), Policy("cheapest", provider={"sort": "price"})]
    assert_type(simulate(trace, catalog, world, policies), Report)
    assert_type(batch(trace, catalog, world, policies), Report)
    print(sweep)


def main() -> None:
    """Run the page."""
    decides()
    is_billed(routecore.example_catalog().endpoints[0])
    runs()
    fails()
    asks_what_if()


if __name__ == "__main__":
    main()
