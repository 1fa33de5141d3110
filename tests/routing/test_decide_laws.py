"""The laws of routing, on random scenarios, of the engine."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings

from routecore import decide_scenario
from routecore.testing import laws
from routecore.testing.generate import random_scenario
from routecore.testing.hostile import random_hostile_scenario
from routecore.testing.strategies import hostile_scenarios, scenarios

if TYPE_CHECKING:
    from collections.abc import Callable

QUICK = [law for law in laws.LAWS if law is not laws.law_frequencies]
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def name_of(law: Callable[..., None]) -> str:
    return law.__name__.removeprefix("law_")


@pytest.mark.parametrize("law", QUICK, ids=name_of)
@given(scenario=scenarios())
@settings(unhurried, max_examples=40)
def test_the_engine_obeys_the_law(law: Callable[..., None], scenario: dict[str, Any]) -> None:
    law(decide_scenario, scenario)


def test_drawn_frequencies_match_the_stated_probabilities() -> None:
    for seed in range(25):
        laws.law_frequencies(decide_scenario, random_scenario(random.Random(seed)))


def test_the_engine_equals_the_reference_on_a_thousand_random_scenarios() -> None:
    for seed in range(1000):
        laws.law_equals_the_reference(decide_scenario, random_scenario(random.Random(f"equal {seed}")))


def test_hostile_input_is_answered_with_a_plan_or_a_documented_error() -> None:
    for seed in range(500):
        laws.law_documented_answer(decide_scenario, random_hostile_scenario(random.Random(seed)))


@given(scenario=hostile_scenarios())
@settings(unhurried, max_examples=100)
def test_no_hostile_scenario_makes_the_engine_raise(scenario: Any) -> None:
    laws.law_documented_answer(decide_scenario, scenario)


def test_the_engine_finds_the_same_faults_as_the_reference_in_hostile_json() -> None:
    for seed in range(500):
        laws.law_equals_the_reference(decide_scenario, random_hostile_scenario(random.Random(seed), json_only=True))
