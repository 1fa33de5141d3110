"""Claims about worlds and their distributions."""

import json
from statistics import NormalDist

import pytest

from routecore import Catalog, Facts, example_facts
from routecore.errors import SimulationError
from routecore.pricing.price_list import Pricing
from routecore.simulate import Quantiles, World, steady, trace_of
from routecore.simulate.world.distribution import STEPS, lognormal_fit
from routecore.simulate.world.server import Server


def server(behaviour):
    one = Server(0, "m@p", behaviour, None, can_cache=False)
    one.refresh(0.0)
    return one


def test_the_fit_keeps_the_median_and_finds_a_log_normals_own_spread():
    inverse = NormalDist().inv_cdf
    points = [(share, 2.0 * pow(2.718281828459045, 0.7 * inverse(share))) for share in (0.5, 0.75, 0.9, 0.99)]
    assert lognormal_fit(points) == pytest.approx((2.0, 0.7))
    assert lognormal_fit(points[1:]) == pytest.approx((2.0, 0.7))


def test_percentiles_come_back_out_of_the_world_that_they_made():
    behaviour = steady(ttft={"p50": 0.5, "p90": 1.2}, tokens_per_second={"p50": 60, "p90": 30})
    assert behaviour.ttft.at(0.5) == pytest.approx(0.5, rel=0.01)
    assert behaviour.ttft.at(0.9) == pytest.approx(1.2, rel=0.01)
    # 90 % of requests reach the p90 of a throughput
    assert behaviour.tokens_per_second.at(0.1) == pytest.approx(30, rel=0.01)


def test_percentiles_that_fall_where_they_should_rise_give_no_spread():
    assert lognormal_fit([(0.5, 1.0), (0.9, 0.5)]) == (1.0, 0.0)


def test_an_exponential_has_exactly_its_mean_and_an_empirical_its_samples():
    assert Quantiles.exponential(3.0).mean == pytest.approx(3.0, rel=1e-12)
    empirical = Quantiles.empirical([1.0, 2.0, 3.0, 4.0])
    assert [empirical.values.tolist().count(value) for value in (1.0, 2.0, 3.0, 4.0)] == [STEPS / 4] * 4


def test_effects_hold_from_their_start_up_to_not_including_their_end():
    one = server(steady().slow_within(60, 90, factor=10).fail_after(120))
    seen = []
    for now in (0.0, 59.9, 60.0, 89.9, 90.0, 119.9, 120.0, 1e9):
        if now >= one.until:
            one.refresh(now)
        seen.append((one.slow, one.down))
    assert seen == [(1, False), (1, False), (10, False), (10, False), (1, False), (1, False), (1, True), (1, True)]


def test_error_rates_and_refusals_share_the_chance_that_is_left():
    one = server(steady(error_rate=0.5, rate_limit_rate=0.2).errors_within(10, 20, rate=1.0))
    assert (one.refuses / 2**32, one.fails / 2**32) == pytest.approx((0.2, 0.6))
    one.refresh(10.0)
    assert one.fails / 2**32 == pytest.approx(1.0)


def test_a_capacity_refills_evenly_and_holds_a_minutes_worth():
    one = server(steady(capacity_per_minute=2))
    assert [one.admits(0.0) for _ in range(3)] == [True, True, False]
    assert [one.admits(29.0), one.admits(31.0), one.admits(32.0)] == [False, True, False]
    assert [one.admits(1000.0) for _ in range(3)] == [True, True, False]


def test_requests_wait_for_a_slot_in_order_of_arrival():
    one = server(steady(slots=2))
    assert [one.queue(0.0, 10.0), one.queue(1.0, 10.0), one.queue(2.0, 10.0), one.queue(3.0, 1.0)] == [0, 0, 8, 8]


def test_a_world_goes_through_json_unchanged():
    day = (
        steady(
            ttft={"p50": 0.4, "p99": 3},
            tokens_per_second={"mean": 40},
            error_rate=0.01,
            capacity_per_minute=600,
            slots=4,
            cache_ttl_s=3600,
            billed_errors=False,
        )
        .slow_within(60, 90, factor=10)
        .errors_within(5, 6, rate=0.5)
        .limit_within(7, 8, per_minute=0)
        .price_after(50, {"prompt": "0.000001", "completion": "0.000002"})
        .fail_after(120)
    )
    world = World({"m@p": day, "m@q": steady(ttft={"samples": [0.1, 0.2]})}, default=steady(), sources=["by hand"])
    again = World.from_mapping(json.loads(json.dumps(world.to_mapping())))
    assert again == world
    assert isinstance(again.endpoints["m@p"].effects[3].value, Pricing)


@pytest.mark.parametrize(
    ("bad", "path"),
    [
        ({"ttft": -1}, "ttft"),
        ({"ttft": {"p95": 1}}, "ttft"),
        ({"tokens_per_second": {"p50": 0}}, "tokens_per_second"),
        ({"ttft": {"samples": []}}, "ttft"),
        ({"ttft": float("nan")}, "ttft"),
        ({"ttft": True}, "ttft"),
        ({"error_rate": 1.1}, "error_rate"),
        ({"slots": 1.5}, "slots"),
        ({"slots": 0}, "slots"),
        ({"capacity_per_minute": 0}, "capacity_per_minute"),
        ({"cache_ttl_s": float("inf")}, "cache_ttl_s"),
        ({"capacty": 7}, "capacty"),
        ({"effects": "fail"}, "effects"),
        ({"effects": [{"kind": "explode"}]}, "effects[0]"),
        ({"effects": [{"kind": "slow", "from": 9, "to": 3, "factor": 2}]}, "effects[0].to"),
        ({"effects": [{"kind": "slow", "from": 0}]}, "effects[0].factor"),
        ({"effects": [{"kind": "fail", "form": 3}]}, "effects[0].form"),
        ({"effects": [{"kind": "price", "from": 0, "pricing": {"prompt": "-1"}}]}, "effects[0].pricing.prompt"),
        (7, "m@p"),
    ],
)
def test_every_fault_of_a_world_is_named_with_its_path(bad, path):
    with pytest.raises(SimulationError) as caught:
        World.from_mapping({"endpoints": {"m@p": bad, "m@q": {"error_rate": 2}}})
    paths = [fault.path for fault in caught.value.faults]
    assert any(path in one for one in paths)
    assert any("m@q" in one for one in paths)


def test_a_bad_effect_is_refused_where_it_is_made():
    with pytest.raises(SimulationError, match="to: 60 is not a number of seconds above 90"):
        steady().slow_within(90, 60, factor=2)
    with pytest.raises(SimulationError, match="factor"):
        steady().slow_after(90, factor=0)


def test_a_snapshot_of_statistics_becomes_a_world_with_its_medians_and_failures():
    facts = example_facts()
    world = World.from_stats(facts, cache_ttl_s=60)
    for endpoint_id, one in facts.stats.items():
        day = world.endpoints[endpoint_id]
        if one.latency is not None and one.latency.p50:
            assert day.ttft.at(0.5) == pytest.approx(one.latency.p50, rel=0.01)
        if one.success_rate is not None:
            assert day.error_rate == pytest.approx(1 - one.success_rate)
        assert day.cache_ttl_s == 60
    assert World.from_mapping(json.loads(json.dumps(world.to_mapping()))) == world


def test_statistics_without_percentiles_take_the_default():
    world = World.from_stats(Facts.from_mapping({"m@p": {"success_rate": 0.9}}), default=steady(ttft=7))
    assert world.endpoints["m@p"].ttft.at(0.5) == 7
    assert world.endpoints["m@p"].error_rate == pytest.approx(0.1)


def test_a_log_becomes_a_world_of_its_own_samples():
    rows = [
        {"timestamp_s": place, "model": "m", "prompt_tokens": 1, "completion_tokens": 101, "endpoint": "m@p", "ttft_s": 0.5, "total_s": 2.5, "status": status}
        for place, status in enumerate([200] * 80 + [500] * 10 + [429] * 10)
    ]
    day = World.from_log(trace_of(rows)).endpoints["m@p"]
    assert (day.ttft.at(0.5), day.tokens_per_second.at(0.5)) == (0.5, 50.0)
    assert (day.rate_limit_rate, day.error_rate) == (0.1, pytest.approx(10 / 90))


def test_a_world_says_which_endpoints_it_lacks():
    catalog = Catalog.from_mapping({"endpoints": [{"model": "m", "provider": name} for name in "pqr"]})
    with pytest.raises(SimulationError) as caught:
        World({"m@p": steady()}).check(catalog, ["m"])
    assert [fault.path for fault in caught.value.faults] == ["world.endpoints.m@q", "world.endpoints.m@r"]
    World({}, default=steady()).check(catalog, ["m"])


def test_a_file_that_is_no_world_is_refused(tmp_path):
    path = tmp_path / "w.json"
    path.write_text("{", encoding="utf-8")
    for one in (path, tmp_path / "absent.json"):
        with pytest.raises(SimulationError):
            World.load(one)
