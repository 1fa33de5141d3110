"""Named policies: the table has each, and a name stands where a file may."""

from __future__ import annotations

import pytest

from routecore import SimulationError, decide, example_catalog, example_facts
from routecore.request.settings import NAMED_SETTINGS
from routecore.simulate import Policy, World, batch, generate, simulate
from tests.cli.command_line import run

BODY = {"model": "z-ai/glm-4.7"}


def test_every_named_policy_is_listed_with_formula_constants_and_source():
    rows = run("policies", "--json").answer["policies"]
    assert [row["name"] for row in rows] == list(NAMED_SETTINGS)
    assert all(row["formula"] and row["constants"] and row["source"] for row in rows)


def test_a_name_stands_where_a_policys_file_may():
    traffic = ("--generate", "200", "--model", "z-ai/glm-4.7", "--catalog", "example", "--from-stats", "example")
    answer = run("whatif", *traffic, "--policy", "balance", "--policy", "adjusted_price", "--json").answer
    assert {"balance", "adjusted_price"} <= set(str(answer).replace("'", " ").split())


def test_an_unknown_name_says_which_there_are():
    with pytest.raises(SimulationError, match="balance, studied, inverse_square_price, adjusted_price"):
        Policy.named("cheapest")


@pytest.mark.parametrize("name", NAMED_SETTINGS)
def test_both_engines_draw_a_named_policy_as_decide_says(name):
    catalog, facts = example_catalog(), example_facts()
    policy = Policy.named(name)
    plan = decide(catalog, BODY, facts, context={"prompt_tokens": 1_000, "completion_tokens": 400}, settings=policy.settings)
    stated = {one.endpoint.id: 0.0 for one in plan.attempts}
    for draw in range(400):
        first = decide(
            catalog, BODY, facts, context={"prompt_tokens": 1_000, "completion_tokens": 400}, settings=policy.settings, draw=draw * 0x9E3779B97F4A7C15 % 2**64
        ).first
        stated[first.endpoint.id] = first.probability
    trace = generate(3_000, ["z-ai/glm-4.7"], seed=3)
    report = batch(trace, catalog, World.from_stats(facts), [policy])
    shares = report.results[0].summary.shares
    # token counts differ from row to row, so the shares are near, not equal: 4 points are more than four standard errors and what prices move
    assert all(abs(shares.get(name, 0.0) - chance) < 0.04 for name, chance in stated.items() if chance)
    assert simulate(generate(50, ["z-ai/glm-4.7"], seed=3), catalog, World.from_stats(facts), [policy]).results[0].name == policy.name
