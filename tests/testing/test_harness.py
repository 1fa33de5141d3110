"""The harness: what is asserted of one plan, what a failure shows, the state machine on an adapter that goes stale, the plugin."""

from __future__ import annotations

import copy
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from routecore.testing import laws
from routecore.testing.generate import random_scenario
from routecore.testing.harness import assert_plan_is_the_references, assert_plan_laws, assert_router_laws, pasted
from routecore.testing.machine import RouterMachine
from routecore.testing.reference import reference_decide_scenario

SCENARIO = {
    "catalog": {"endpoints": [{"model": "m", "provider": "p"}, {"model": "m", "provider": "q"}]},
    "request": {"model": "m", "provider": {"ignore": ["q"]}},
}
QUICK = settings(max_examples=4, stateful_step_count=6, deadline=None, database=None, derandomize=True, phases=[Phase.generate])


def scenario_in(error):
    return json.loads(str(error.value).rpartition("The scenario, to paste:\n")[2])


def without_ignore(scenario):
    other = copy.deepcopy(scenario)
    (other["request"].get("provider") or {}).pop("ignore", None)
    return reference_decide_scenario(other)


def test_the_references_plans_obey_the_laws_of_one_plan():
    for seed in range(60):
        scenario = random_scenario(random.Random(seed))
        assert_plan_laws(scenario, reference_decide_scenario(scenario))
        assert_plan_is_the_references(scenario, reference_decide_scenario(scenario))


def test_a_plan_that_breaks_a_law_is_told_with_its_scenario():
    with pytest.raises(AssertionError, match="law_never_a_forbidden_endpoint: m@q is in the request's ignore") as error:
        assert_plan_laws(SCENARIO, without_ignore(SCENARIO))
    assert scenario_in(error) == SCENARIO


def test_a_plan_is_taken_as_an_object_too():
    class Plan:
        def to_dict(self):
            return without_ignore(SCENARIO)

    with pytest.raises(AssertionError, match="differs from the reference"):
        assert_plan_is_the_references(SCENARIO, Plan())


def test_the_scenario_of_a_router_that_breaks_a_law_is_made_small():
    large = {**SCENARIO, "stats": {"m@p": {"samples": 3}}, "draw": 9, "context": {"prompt_tokens": 5}}
    with pytest.raises(AssertionError, match="is in the request's ignore") as error:
        assert_router_laws(without_ignore, large, [laws.law_never_a_forbidden_endpoint])
    small = scenario_in(error)
    assert set(small) == {"catalog", "request"}
    assert len(small["catalog"]["endpoints"]) == 1


def test_what_json_cannot_hold_is_shown_as_it_is():
    assert pasted({"draw": float("nan")}) == "{'draw': nan}"


class Adapter(RouterMachine):
    """An adapter that hands on what it was told, and decides as the reference does."""

    most_endpoints = 2

    def load(self, catalog):
        self.told = {"catalog": catalog}

    def learn_stats(self, stats):
        self.told["stats"] = stats

    def learn_health(self, health):
        self.told["health"] = health

    def configure(self, settings):
        self.told["settings"] = settings

    def plan(self, request, context, draw):
        return reference_decide_scenario({**self.told, "request": request, "context": context, "draw": draw})


class Stale(Adapter):
    """It keeps what it was told first of everything but the catalog."""

    def learn_stats(self, stats):
        self.told.setdefault("stats", {})

    def learn_health(self, health):
        self.told.setdefault("health", {})

    def configure(self, settings):
        self.told.setdefault("settings", {})


class Forgetful(Adapter):
    """It loads a catalog once."""

    def load(self, catalog):
        if not hasattr(self, "told"):
            super().load(catalog)


def test_an_adapter_that_hands_on_what_it_is_told_passes():
    run_state_machine_as_test(Adapter, settings=QUICK)


@pytest.mark.parametrize("machine", [Stale, Forgetful])
def test_an_adapter_that_goes_stale_is_found(machine):
    with pytest.raises(AssertionError, match="The scenario, to paste:"):
        run_state_machine_as_test(machine, settings=settings(QUICK, max_examples=100, stateful_step_count=10))


PLUGIN = ("-p", "routecore.testing.plugin", "-p", "no:cacheprovider", "--routecore-level", "basic", "--routecore-scenarios", "4")


@pytest.fixture
def suite(tmp_path):
    (tmp_path / "shop.py").write_text(
        "from routecore.testing.reference import reference_decide_scenario as good\n"
        "def bad(scenario):\n"
        "    block = {**(scenario['request'].get('provider') or {}), 'ignore': None}\n"
        "    return good({**scenario, 'request': {**scenario['request'], 'provider': block}})\n"
    )
    (tmp_path / "test_shop.py").write_text("def test_conforms(routecore_check):\n    routecore_check()\n")

    def run(*options):
        places = os.pathsep.join([str(Path(__file__).parents[2]), str(tmp_path)])
        command = [sys.executable, "-m", "pytest", "-q", *PLUGIN, *options]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False, env={**os.environ, "PYTHONPATH": places})

    return run


def test_the_plugin_runs_a_test_for_each_check(suite):
    done = suite("--routecore-router", "shop:good")
    assert done.returncode == 0, done.stdout
    assert "24 passed" in done.stdout


def test_the_plugin_fails_what_differs_and_shows_the_scenario(suite):
    done = suite("--routecore-router", "shop:bad")
    assert done.returncode == 1
    assert "vectors: a variant's slug names that endpoint alone" in done.stdout
    assert "The scenario, to paste:" in done.stdout


def test_the_plugin_says_that_no_router_was_given(suite):
    assert "no router: give --routecore-router MODULE:NAME" in suite().stdout
