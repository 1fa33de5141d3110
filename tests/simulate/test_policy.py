from __future__ import annotations

import json
import pickle

import pytest

from routecore import Catalog
from routecore.errors import SimulationError
from routecore.simulate import Policy

ROWS = [{"model": "a/b", "provider": "p", "pricing": {"prompt": "0.000001", "completion": "0.000002"}}, {"model": "a/b", "provider": "q"}]
CATALOG = Catalog.from_mapping({"endpoints": ROWS})


def faults(**parts):
    with pytest.raises(SimulationError) as caught:
        Policy(**{"name": "p", **parts})
    return [fault.path for fault in caught.value.faults]


def test_every_fault_of_a_policy_is_told_at_once():
    assert faults(
        name="",
        provider={"sort": "prize", "only": "x"},
        settings={"stiky": 1},
        health={"share": 2},
        windows={"size": 1},
        context={"byokk": []},
        catalog={"ad": []},
        estimates="all",
        timeout_s=0,
        what=1,
    ) == [
        "policy.what",
        "policy.name",
        "policy.provider.sort",
        "policy.provider.only",
        "policy.settings.stiky",
        "policy.context.byokk",
        "policy.estimates",
        "policy.timeout_s",
        "settings.health.share",
        "policy.windows.size",
        "policy.catalog.ad",
    ]


@pytest.mark.parametrize("part", ["provider", "settings", "health", "windows", "pins", "steps", "context", "catalog"])
@pytest.mark.parametrize("value", [7, "x", [1], True])
def test_a_part_of_the_wrong_type_is_a_fault_with_its_path(part, value):
    assert faults(**{part: value})[0].startswith(f"policy.{part}")


@pytest.mark.parametrize("value", [0, -1, float("nan"), "x", True])
def test_a_tick_that_is_no_time_is_a_fault(value):
    assert faults(tick_seconds=value) == ["settings.tick_seconds"]


def test_a_request_s_own_keys_stand_above_the_policy_s():
    policy = Policy("p", provider={"sort": "price", "ignore": ["x"]})
    assert policy.block({"sort": "latency", "zdr": None}) == {"sort": "latency", "ignore": ["x"]}
    assert policy.block(None) == {"sort": "price", "ignore": ["x"]}
    assert Policy("p").block(None) is None


def test_one_exponent_moves_and_the_others_stay():
    moved = Policy("p").having("balance.price", 3).settings.balance
    stated = Policy("p", settings={"balance": {"latency": 1}}).having("settings.balance.price", 3).settings.balance
    assert (moved.price, moved.throughput, moved.latency, moved.reliability) == (
        3.0,
        *[getattr(Policy("p").settings.balance, name) for name in ("throughput", "latency", "reliability")],
    )
    assert (stated.price, stated.throughput, stated.latency) == (3.0, 0.0, 1.0)


def test_a_changed_policy_is_named_after_its_change_and_leaves_the_first_alone():
    policy = Policy("p", health={"cooldown_seconds": 7.0})
    other = policy.having("health.cooldown_seconds", 9.0)
    assert (other.name, other.router_settings.health.cooldown_seconds) == ("p health.cooldown_seconds=9", 9.0)
    assert policy.router_settings.health.cooldown_seconds == 7.0


def test_the_catalog_s_changes_are_made_in_order():
    policy = Policy("p", catalog={"remove": ["a/b@q"], "prices": {"a/b@P": {"completion": "0.000009"}}, "add": [{"model": "a/b", "provider": "r"}]})
    routed = policy.catalog_of(CATALOG)
    assert [one.id for one in routed] == ["a/b@p", "a/b@r"]
    assert routed["a/b@p"].pricing.to_mapping() == {"prompt": "0.000001", "completion": "0.000009"}
    assert policy.catalog_of(CATALOG) is routed
    assert Policy("p").catalog_of(CATALOG) is CATALOG
    assert [one.id for one in Policy("p", catalog={"replace": {"endpoints": ROWS[:1]}}).catalog_of(CATALOG)] == ["a/b@p"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"remove": ["a/b@x", 7]}, r"remove\[0\].*remove\[1\]"),
        ({"prices": {"a/b@x": {"prompt": "1"}}}, "prices.a/b@x"),
        ({"prices": {"a/b@p": {"prompt": "one"}}}, "prompt"),
        ({"add": [{"model": "a/b", "provider": "p"}]}, "a/b@p"),
    ],
)
def test_a_change_that_the_catalog_cannot_take_is_refused(changes, told):
    with pytest.raises(SimulationError, match=told):
        Policy("p", catalog=changes).catalog_of(CATALOG)


def test_a_policy_s_prices_must_be_cards():
    assert faults(catalog={"prices": {"a/b@p": 1}}) == ["policy.catalog.prices.a/b@p"]


def test_a_policy_comes_back_from_json_pickle_and_file(tmp_path):
    policy = Policy("p", provider={"sort": "price"}, settings={"sticky": "off"}, health="off", timeout_s=3)
    assert Policy.from_mapping(json.loads(json.dumps(policy.to_mapping()))) == policy
    assert pickle.loads(pickle.dumps(policy)) == policy
    file = tmp_path / "named.json"
    file.write_text(json.dumps({"settings": {"sticky": "off"}}))
    assert Policy.load(file).name == "named"


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "[" * 100_000])
def test_a_file_that_is_no_policy_is_refused(tmp_path, text):
    file = tmp_path / "p.json"
    file.write_text(text)
    with pytest.raises(SimulationError):
        Policy.load(file)
    with pytest.raises(SimulationError):
        Policy.load(tmp_path / "missing.json")
