"""The settings: what the operator may choose, and every fault of it."""

from __future__ import annotations

import math

import pytest

from routecore import BalanceWeights, InvalidRequest, Settings
from tests.routing.scenes import ask, error, faults, row


def test_a_missing_exponent_of_a_given_balance_is_0():
    assert Settings.parse({"balance": {"price": 2}}).balance == BalanceWeights.inverse_square_price()
    assert Settings.parse({"balance": {"price": None}}).balance == BalanceWeights(0, 0, 0, 0)


def test_the_default_balance_is_the_documented_one():
    assert BalanceWeights() == BalanceWeights(price=1, throughput=0.5, latency=0.5, reliability=2)
    assert Settings.parse({"balance": None}).balance == BalanceWeights()


def test_an_exponent_of_exactly_100_is_accepted():
    assert Settings.parse({"balance": {"price": 100}}).balance.price == 100


@pytest.mark.parametrize("value", [100.0000001, 101, -1, -0.5, math.nan, math.inf, True, "2", [], {}])
@pytest.mark.parametrize("name", ["price", "throughput", "latency", "reliability"])
def test_an_exponent_is_a_number_from_0_to_100(name, value):
    assert faults(ask(row(), settings={"balance": {name: value}}), "invalid_request") == [f"settings.balance.{name}"]


@pytest.mark.parametrize("value", [-1, math.nan, 101, math.inf])
def test_balance_weights_refuse_what_the_wire_refuses(value):
    with pytest.raises(InvalidRequest):
        BalanceWeights(price=value)


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ([], "settings"),
        (7, "settings"),
        ({"balance": []}, "settings.balance"),
        ({"balance": 2}, "settings.balance"),
        ({"balance": {"speed": 1}}, "settings.balance.speed"),
        ({"min_samples": -1}, "settings.min_samples"),
        ({"min_samples": 0.5}, "settings.min_samples"),
        ({"min_samples": True}, "settings.min_samples"),
        ({"sticky": "on"}, "settings.sticky"),
        ({"sticky": True}, "settings.sticky"),
        ({"deny_means": "all"}, "settings.deny_means"),
        ({"latency": "p50"}, "settings.latency"),
        ({"stiky": "off"}, "settings.stiky"),
    ],
)
def test_a_bad_setting_is_a_fault_of_the_request(value, path):
    assert faults(ask(row(), settings=value), "invalid_request") == [path]
    with pytest.raises(InvalidRequest):
        Settings.parse(value)


def test_a_misspelt_setting_is_told_the_right_one():
    assert "did you mean 'sticky'?" in error(ask(row(), settings={"stiky": "off"}), "invalid_request")["message"]


def test_settings_read_back_from_their_own_mapping():
    given = Settings.parse({"balance": {"price": 3, "latency": 1}, "min_samples": 5, "sticky": "economic", "deny_means": "training", "latency": "total"})
    assert Settings.parse(given.to_mapping()) == given
    assert Settings.parse(Settings().to_mapping()) == Settings()


@pytest.mark.parametrize("fields", [{"min_samples": -1}, {"sticky": "on"}, {"deny_means": ""}, {"latency": None}])
def test_settings_built_by_hand_refuse_what_the_wire_refuses(fields):
    with pytest.raises(InvalidRequest):
        Settings(**fields)
