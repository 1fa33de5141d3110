"""Claims about worlds and their distributions."""

import json

import pytest

from routecore import Catalog, Facts, example_facts
from routecore.errors import SimulationError
from routecore.pricing.price_list import Pricing
from routecore.simulate import World, steady, trace_of


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
            # shrunk by some twenty requests
            assert day.error_rate == pytest.approx(1 - one.success_rate, abs=0.02)
        assert day.cache_ttl_s == 60
    assert World.from_mapping(json.loads(json.dumps(world.to_mapping()))) == world


def test_statistics_without_percentiles_take_the_default_and_say_so():
    world = World.from_stats(Facts.from_mapping({"m@p": {"success_rate": 0.9, "samples": 1_000}}), default=steady(ttft=7))
    assert world.endpoints["m@p"].ttft.at(0.5) == 7
    assert world.endpoints["m@p"].error_rate == pytest.approx(0.1, abs=0.001)
    assert world.endpoints["m@p"].assumed == ("latency", "throughput")


def test_a_log_becomes_a_world_of_its_own_samples():
    rows = [
        {"timestamp_s": place, "model": "m", "prompt_tokens": 1, "completion_tokens": 101, "endpoint": "m@p", "ttft_s": 0.5, "total_s": 2.5, "status": status}
        for place, status in enumerate([200] * 80 + [500] * 10 + [429] * 10)
    ]
    day = World.from_log(trace_of(rows)).endpoints["m@p"]
    assert (day.ttft.at(0.5), day.tokens_per_second.at(0.5)) == (0.5, 50.0)
    assert (day.rate_limit_rate, day.error_rate) == (0.1, pytest.approx(10 / 90, abs=1e-3))


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
