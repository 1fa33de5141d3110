"""Claims about the search for a policy, and about what would flip a choice."""

import pytest

from routecore import Catalog
from routecore.errors import SimulationError
from routecore.simulate import Policy, World, generate, read_limit, steady, tornado, tune

CATALOG = Catalog.from_mapping(
    {
        "endpoints": [
            {"model": "m", "provider": name, "pricing": {"prompt": price, "completion": price}} for name, price in (("cheap", "1e-6"), ("dear", "3e-6"))
        ]
    }
)
WORLD = World({"m@cheap": steady(ttft=4.0), "m@dear": steady(ttft=0.2)})
TRACE = generate(80, ["m"], rate_per_s=1)


def test_the_best_within_the_limits_is_found_and_the_better_half_runs_on():
    grid = {"provider.sort": ["price", "latency"], "balance.price": [0, 2]}
    free = tune(TRACE, CATALOG, WORLD, Policy("p"), grid, replications=8)
    assert "provider.sort=price" in free.best
    assert free.rounds == ((4, 4), (2, 8))
    bound = tune(TRACE, CATALOG, WORLD, Policy("p"), grid, subject=[read_limit("ttft<=1s")], replications=4)
    assert "provider.sort=latency" in bound.best
    assert tune(TRACE, CATALOG, WORLD, Policy("p"), grid, subject=[read_limit("ttft<=0.01s")], replications=4).best is None


def test_the_assumption_that_would_flip_the_choice_is_told_first_by_its_swing():
    policies = [Policy("price", provider={"sort": "price"}), Policy("fast", provider={"sort": "latency"})]
    rows = tornado(TRACE, CATALOG, WORLD, policies, objective="ttft")
    assert [abs(row["swing"]) for row in rows] == sorted((abs(row["swing"]) for row in rows), reverse=True)
    assert rows[0]["assumption"].startswith("latency of m@cheap")
    assert not any(row["flips"] for row in rows)


@pytest.mark.parametrize("text", ["", "total.p90", "total.p91<=6s", "cost<=x", "cost<=1e", "cost=1"])
def test_a_limit_that_spells_nothing_is_refused(text):
    with pytest.raises(SimulationError):
        read_limit(text)


def test_a_search_over_nothing_is_refused():
    with pytest.raises(SimulationError, match="parameters"):
        tune(TRACE, CATALOG, WORLD, Policy("p"), {})
