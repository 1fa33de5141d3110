"""Claims about replications: what is the same in all of them, what differs, and how often intervals cover."""

import os

import numpy as np
import pytest

from routecore import Catalog
from routecore.errors import SimulationError
from routecore.simulate import Policy, World, generate, simulate, steady, sweep
from routecore.simulate.engines.closed_loop import run_policy
from routecore.simulate.engines.replicate import seeds_of
from routecore.simulate.world.posterior import Doubt

CATALOG = Catalog.from_mapping(
    {
        "endpoints": [
            {"model": "m", "provider": name, "pricing": {"prompt": price, "completion": price}}
            for name, price in (("a", "0.000001"), ("b", "0.0000012"), ("c", "0.000002"))
        ]
    }
)
LEARNING = World(
    {
        "m@a": steady(ttft={"p50": 0.8, "p90": 3.0}, error_rate=0.03),
        "m@b": steady(ttft={"p50": 0.5, "p90": 1.5}, regimes=[{"kind": "fail", "up_seconds": 120, "down_seconds": 20}]),
        "m@c": steady(ttft={"p50": 0.3, "p90": 0.6}),
    }
)
QUEUES = World({f"m@{name}": steady(ttft={"mean": 1.0}, slots=2) for name in "abc"})
SOAK = int(os.environ.get("ROUTECORE_SOAK", "1"))
"""How many times as many replications as in an ordinary run."""


def traffic(seed, requests=400):
    return generate(requests, ["m"], seed=seed, rate_per_s=4, completion_median=1)


@pytest.mark.slow
@pytest.mark.parametrize("world", [LEARNING, QUEUES], ids=["a router that learns", "queues"])
def test_95_percent_intervals_hold_the_mean_of_other_traffic_and_luck(world):
    names = ("cost_per_request", "ttft_mean", "total_mean")
    policy = Policy("p")
    many = [
        run_policy(traffic(1_000 + one), CATALOG, world, policy, seed=5_000 + one, replicates=0, keep_choices=False).summary.figures()
        for one in range(40 * SOAK)
    ]
    truth = {name: np.mean([one[name] for one in many]) for name in names}
    rounds = 10 * SOAK
    held = 0
    for seed in range(rounds):
        between = simulate(traffic(seed), CATALOG, world, [policy], seed=seed, replications=8).results[0].intervals()
        held += sum(between[name][0] <= truth[name] <= between[name][1] for name in names)
    # 95 % of 30 leave two out; below 24 would be one chance in a thousand, if the figures were independent
    assert held / (rounds * len(names)) >= (0.93 if SOAK > 10 else 0.8)


def test_replications_differ_and_are_the_same_for_any_number_of_processes():
    one, two = (simulate(traffic(1), CATALOG, LEARNING, [Policy("p"), Policy("q", provider={"sort": "price"})], replications=4, processes=n) for n in (1, 2))
    assert one.to_dict() == two.to_dict()
    values = one.results[0].runs.values("ttft_mean")
    assert values.shape == (2, 2)
    assert len(set(values.ravel().tolist())) == 4
    assert one.results[1].changes.compared == 400


def test_a_doubted_world_is_drawn_anew_and_a_certain_one_is_not():
    doubted = World({f"m@{name}": steady(ttft=1.0, doubt=Doubt(latency_sd=0.5)) for name in "abc"})
    parts = simulate(traffic(1), CATALOG, doubted, [Policy("p")], replications=9).results[0].runs.parts("ttft_mean")
    assert parts.world > 0.1
    certain = simulate(traffic(1), CATALOG, QUEUES, [Policy("p")], replications=6).results[0].runs
    assert certain.values("ttft_mean").shape[1] == 2
    assert certain.parts("ttft_mean").world == 0


def test_a_block_changes_one_cause_at_a_time():
    first, luck, world = seeds_of(7, 3, doubted=True)
    assert (first.traffic, first.world) == (luck.traffic, luck.world)
    assert (first.traffic, first.luck) == (world.traffic, world.luck)
    assert len(seeds_of(7, 3, doubted=False)) == 2


def test_policies_are_paired_so_that_equal_ones_do_not_differ():
    report = simulate(traffic(2), CATALOG, LEARNING, [Policy("p"), Policy("same")], replications=4)
    change = report.differences()["same"]
    assert {name: one["value"] for name, one in change.items() if one["value"] is not None} == dict.fromkeys(
        [name for name, one in change.items() if one["value"] is not None], 0.0
    )
    # nothing in 400 requests leaves three in 400 open
    assert change["success_rate"]["high"] == pytest.approx(3 / round(report.results[0].summary.counts["requests"] / 4), rel=0.01)


def test_a_precision_is_reached_or_what_stands_in_its_way_is_said():
    easy = simulate(traffic(3), CATALOG, World({}, default=steady(ttft=0.5)), [Policy("p", provider={"sort": "price"})], precision=0.9)
    assert (easy.results[0].runs.count, easy.notes) == (12, [])
    hard = simulate(traffic(3), CATALOG, LEARNING, [Policy("p")], precision=1e-4)
    assert any("however many replications" in one for one in hard.notes)
    late = simulate(traffic(3, 200), CATALOG, LEARNING, [Policy("p")], precision=0.02, enough=lambda: True)
    assert late.results[0].runs.count == 12


def test_one_run_says_that_its_spread_is_one_runs():
    alone = simulate(traffic(4), CATALOG, LEARNING, [Policy("p")])
    assert alone.spread == "one run"
    assert any("no 95 % interval" in one for one in alone.assumptions)
    assert alone.table()[0][0] == "± spread of one run"
    assert simulate(traffic(4), CATALOG, LEARNING, [Policy("p")], replications=4).table()[0][0] == "± 95 %, over replications"


def test_a_sweep_may_be_replicated():
    report = sweep(traffic(5), CATALOG, LEARNING, Policy("p"), "balance.price", [0, 4], replications=4)
    assert [one.value for one in report.results] == [0, 4]
    assert report.spread == "replications"


def test_other_traffic_is_like_the_trace_and_keeps_sessions_whole():
    trace = generate(20_000, ["m"], seed=1, rate_per_s=20, session_share=0.5)
    other = trace.resampled(3)
    assert len(other) == pytest.approx(len(trace), rel=0.05)
    whole, again = ([chunk for chunk in one.chunks()] for one in (trace, other))
    turns = {
        key: int(count) for chunk in [np.concatenate([one.session for one in whole])] for key, count in zip(*np.unique(chunk, return_counts=True), strict=True)
    }
    sessions = np.concatenate([one.session for one in again])
    numbers = np.concatenate([one.number for one in again])
    assert len(np.unique(numbers)) == len(numbers)
    for key, count in zip(*np.unique(sessions, return_counts=True), strict=True):
        if key in turns and key:
            assert count == turns[key]
    at = np.concatenate([one.timestamp_s for one in again])
    assert (np.diff(at) >= 0).all()
    # no pairs: the gaps are a Poisson stream's, as they were
    assert (np.diff(at) < 1e-6).mean() < 0.001


@pytest.mark.parametrize(("given", "said"), [({"replications": 1}, "replications"), ({"replications": True}, "replications"), ({"precision": 2}, "precision")])
def test_numbers_that_cannot_be_are_refused_before_anything_runs(given, said):
    with pytest.raises(SimulationError, match=said):
        simulate(traffic(1), CATALOG, QUEUES, [Policy("p")], **given)


def test_a_replicated_run_that_is_stopped_keeps_whole_blocks():
    def stop(done, _):
        if done > 3_000:
            raise KeyboardInterrupt

    report = simulate(traffic(1, 5_000), CATALOG, QUEUES, [Policy("p")], replications=20, progress=stop)
    assert report.partial
    assert report.results[0].runs.count in (0, 2)
