"""Claims about what is not known of a world."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routecore import Facts
from routecore.errors import SimulationError
from routecore.simulate import World, steady, trace_of
from routecore.simulate.world.posterior import DAYS, Doubt, posteriors

counts = st.dictionaries(
    st.sampled_from([f"m{n}@{p}" for n in range(3) for p in "pqr"]), st.integers(0, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=1
)


@given(counts)
def test_nobody_is_perfect_or_hopeless_for_lack_of_samples_and_days_differ(given_counts):
    for key, (a, b) in posteriors(given_counts).items():
        assert 0 < a / (a + b) < 1
        assert a + b <= DAYS
        # shrunk towards the others, never past them
        asked = sum(n for _, n in given_counts.values())
        market = (sum(k for k, _ in given_counts.values()) + 0.5) / (asked + 1)
        rates = [k / n for k, n in given_counts.values() if n] + [market]
        assert min(rates) - 1e-9 <= a / (a + b) <= max(rates) + 1e-9, key


def test_many_samples_speak_for_themselves_and_few_for_their_provider():
    found = posteriors({"m@good": (0, 20), "n@good": (1, 5_000), "m@bad": (0, 20), "n@bad": (1_000, 5_000)})
    mean = {key: a / (a + b) for key, (a, b) in found.items()}
    assert mean["n@bad"] == pytest.approx(0.2, rel=0.02)
    assert mean["m@good"] < 0.01
    assert mean["m@bad"] > 0.05


def test_sampled_worlds_have_the_means_and_spreads_of_their_doubts():
    world = World({"m@p": steady(ttft=1.0, error_rate=0.1, doubt=Doubt((4.0, 36.0), None, 0.3, 0.0))})
    drawn = [world.sampled(seed).endpoints["m@p"] for seed in range(800)]
    rates = np.array([one.error_rate for one in drawn])
    assert rates.mean() == pytest.approx(0.1, abs=0.006)
    assert rates.std() == pytest.approx((0.1 * 0.9 / 41) ** 0.5, rel=0.1)
    assert np.std([np.log(one.ttft.at(0.5)) for one in drawn]) == pytest.approx(0.3, rel=0.1)
    assert {one.tokens_per_second.at(0.5) for one in drawn} == {60.0}
    assert not world.sampled(1).doubted


def test_endpoints_that_the_default_stands_for_draw_each_its_own():
    world = World({}, default=steady(doubt=Doubt(latency_sd=0.5)))
    drawn = world.sampled(3, ["m@p", "m@q"])
    assert drawn.of("m@p").ttft.at(0.5) != drawn.of("m@q").ttft.at(0.5)


def test_a_snapshot_without_failures_is_not_taken_for_perfect_and_says_what_it_assumes():
    facts = Facts.from_mapping({"m@p": {"success_rate": 1, "samples": 20}, "m@q": {"success_rate": 0.9, "samples": 900, "latency": {"p50": 0.5, "p90": 1}}})
    world = World.from_stats(facts)
    assert 0 < world.endpoints["m@p"].error_rate < 0.1
    assert world.endpoints["m@p"].assumed == ("latency", "throughput")
    assert world.endpoints["m@q"].assumed == ("throughput",)
    assert world.endpoints["m@p"].doubt.latency_sd > world.endpoints["m@q"].doubt.latency_sd
    assert any("1 of 2 endpoints have no latency" in one for one in world.sources)
    assert World.from_mapping(world.to_mapping()) == world


def test_a_snapshot_whose_percentiles_cross_is_refused():
    with pytest.raises(SimulationError, match=r"stats.m@p.latency: .* p90 \(1\) below p50 \(2\)"):
        World.from_stats(Facts.from_mapping({"m@p": {"latency": {"p50": 2, "p90": 1}}}))


def test_the_prompt_tokens_that_are_in_no_cache_are_fitted_where_rows_tell():
    random = np.random.default_rng(1)
    rows = [
        {
            "timestamp_s": place, "model": "m", "prompt_tokens": fresh + 500, "cached_prefix_tokens": 500, "completion_tokens": 1, "endpoint": "m@p",
            "ttft_s": 0.2 * float(np.exp(0.3 * random.standard_normal())) + fresh / 4_000, "total_s": 60, "status": 200,
        }
        for place, fresh in enumerate(random.integers(0, 20_000, 600).tolist())
    ]  # fmt: skip
    day = World.from_log(trace_of(rows)).endpoints["m@p"]
    assert day.prefill_tokens_per_second == pytest.approx(4_000, rel=0.05)
    assert day.ttft.at(0.5) == pytest.approx(0.2, rel=0.15)
    flat = World.from_log(trace_of([{**row, "ttft_s": 0.2 + 0.01 * (place % 7)} for place, row in enumerate(rows)])).endpoints["m@p"]
    assert flat.prefill_tokens_per_second is None


@pytest.mark.parametrize("wrong", [7, {"errors": [1]}, {"errors": [0, 1]}, {"latency_sd": -1}, {"speed": 1}, {"errors": ["a", 1]}])
def test_a_doubt_that_cannot_be_is_named(wrong):
    with pytest.raises(SimulationError, match="doubt"):
        steady(doubt=wrong)
