"""The pure function: same arguments, same plan; what it takes and what it raises first."""

from __future__ import annotations

import copy
import json
import pickle
from fractions import Fraction

import pytest

from routecore import (
    Catalog,
    CatalogError,
    Context,
    Facts,
    InvalidPreferences,
    InvalidRequest,
    NoEligibleEndpoint,
    RoutecoreError,
    Settings,
    UnknownModel,
    decide,
    decide_scenario,
)
from routecore.request.body import read
from tests.routing.scenes import ask, error, faults, plan, row, scene, slugs

CATALOG = Catalog.from_mapping({"endpoints": [row("p", price=1), row("q", price=2, supported_parameters=["tools", "seed"]), row("r", "c/d", price=3)]})
BODY = {"model": "a/b", "provider": {"preferred_max_latency": 2}, "seed": 7}
CONTEXT = {"byok": ["q"], "prompt_tokens": 100, "sticky": "a/b@p"}
SETTINGS = {"balance": {"price": 2}, "sticky": "economic"}
STATS = {"a/b@p": {"latency": {"p50": 1}}}


# --- purity -----------------------------------------------------------------------------------------------------------------------------------


def test_the_same_arguments_give_the_same_plan_byte_for_byte():
    parts = {"context": CONTEXT, "settings": SETTINGS, "draw": 5}
    answers = {json.dumps(decide(CATALOG, BODY, Facts.from_mapping(STATS), **parts).to_dict()) for _ in range(5)}
    fresh = Catalog.from_mapping(CATALOG.to_mapping())
    answers.add(json.dumps(decide(fresh, copy.deepcopy(BODY), Facts.from_mapping(STATS), **parts).to_dict()))
    answers.add(json.dumps(decide_scenario({"catalog": CATALOG.to_mapping(), "request": BODY, "stats": STATS, **parts})))
    assert len(answers) == 1


def test_nothing_that_is_given_is_changed():
    scenario = scene(
        row("p"), row("q"), provider={"order": ["Q"], "max_price": {"prompt": "5"}}, stats={"a/b@p": {"throughput": {"p50": 1, "p90": 5}}}, context=CONTEXT
    )
    before = copy.deepcopy(scenario)
    decide_scenario(scenario)
    assert scenario == before


def test_raw_and_parsed_arguments_decide_alike():
    facts = Facts.from_mapping(STATS)
    raw = decide(CATALOG, BODY, facts, context=CONTEXT, settings=SETTINGS, draw=3)
    assert decide(CATALOG, read(BODY), facts, context=Context.parse(CONTEXT), settings=Settings.parse(SETTINGS), draw=3) == raw


def test_everything_but_catalog_and_request_may_be_left_out():
    assert decide(CATALOG, {"model": "c/d"}).to_dict() == decide_scenario({"catalog": CATALOG.to_mapping(), "request": {"model": "c/d"}})
    nulls = dict.fromkeys(("stats", "health", "context", "settings", "draw"))
    assert decide_scenario({"catalog": CATALOG.to_mapping(), "request": {"model": "c/d"}, **nulls})["draw"] == 0


def test_the_order_of_keys_decides_nothing():
    one = scene(row("p"), row("q"), provider={"sort": "price", "zdr": False}, body={"seed": 1, "stop": "x"}, context={"prompt_tokens": 5, "byok": ["p"]})
    other = json.loads(json.dumps(one, sort_keys=True))
    assert decide_scenario(one) == decide_scenario(other)


def test_a_plan_is_not_changed_by_changing_what_it_was_made_from():
    body = {"model": "a/b", "provider": {"order": ["q"]}}
    found = decide(CATALOG, body)
    before = found.to_dict()
    body["provider"]["order"][0] = "p"
    body["model"] = "c/d"
    assert found.to_dict() == before
    assert found.why("a/b@p").decided_by == "order"


def test_unknown_parts_of_a_scenario_and_unknown_body_keys_are_ignored():
    plain = scene(row("p"))
    assert decide_scenario({**plain, "comment": 7, "later": "x"}) == decide_scenario(plain)
    assert ask(row("p"), body={"zzz": object, "temprature": 1}) == ask(row("p"))


# --- prices -----------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("context", "price"),
    [
        ({}, "0.005"),
        ({"prompt_tokens": 1200, "completion_tokens": 300}, "0.0018"),
        ({"prompt_tokens": 1200}, "0.0032"),
        ({"completion_tokens": 300}, "0.0036"),
        ({"prompt_tokens": 0, "completion_tokens": 0}, "0"),
        ({"prompt_tokens": 0}, "0.002"),
    ],
)
def test_each_missing_estimate_is_nominal_and_a_given_zero_is_zero(context, price):
    assert ask(row("p", price=(1, 2)), context=context)["attempts"][0]["expected_price"] == price


def test_max_tokens_is_no_estimate_of_the_completion():
    assert ask(row("p", price=(1, 2)), body={"max_tokens": 5})["attempts"][0]["expected_price"] == "0.005"


def test_a_discount_counts_in_the_expected_price():
    assert ask(row("p", price=(1, 2), pricing={"discount": 0.5}))["attempts"][0]["expected_price"] == "0.0025"


@pytest.mark.parametrize("tokens", [2**63 - 1, 10**15])
def test_prices_of_enormous_requests_are_exact(tokens):
    answer = ask(row("p", price=None, pricing={"prompt": "999999.999999999999999", "completion": "0"}), context={"prompt_tokens": tokens})
    shown = answer["attempts"][0]["expected_price"]
    assert Fraction(shown) == Fraction(999_999_999_999_999_999_999 * tokens, 10**15)
    assert set(shown) <= set("0123456789.")


# --- models -----------------------------------------------------------------------------------------------------------------------------------


def test_an_empty_catalog_knows_no_model():
    assert error(ask(), "unknown_model")["metadata"] == {"near": []}


@pytest.mark.parametrize("name", ["A/B", "a/B", "a/b ", "a"])
def test_a_models_name_is_exact(name):
    assert "error" in ask(row("p"), model=name)


def test_near_names_are_those_of_every_unknown_model_each_once():
    rows = [row("p", name) for name in ("openai/gpt-5", "openai/gpt-5-mini", "deepseek/deepseek-v3")]
    body = error(ask(*rows, model="openai/gpt5", body={"models": ["openai/gpt-55", "deepseek/deepseek-v33"]}), "unknown_model")
    assert set(body["metadata"]["near"]) == {"openai/gpt-5", "openai/gpt-5-mini", "deepseek/deepseek-v3"}
    assert len(body["metadata"]["near"]) == 3


# --- the order of faults ----------------------------------------------------------------------------------------------------------------------

BAD = {
    "catalog": {"endpoints": [{"model": ""}]},
    "request": {"model": "", "max_tokens": -1, "provider": {"zrd": 1}},
    "context": {"prompt_tokens": -1},
    "stats": {"a/b@p": {"samples": -1}},
    "health": {"a/b@p": "hot"},
    "settings": {"min_samples": -1},
    "draw": -1,
}
INVALID_REQUEST = ["model", "max_tokens", "context.prompt_tokens", "stats.a/b@p.samples", "health.a/b@p", "settings.min_samples", "draw"]


def test_catalog_faults_come_first_and_alone():
    assert faults(decide_scenario(BAD), "invalid_catalog") == ["endpoints[0].model", "endpoints[0].provider"]


def test_then_come_request_context_stats_health_settings_and_draw_all_together():
    assert faults(decide_scenario({**BAD, "catalog": CATALOG.to_mapping()}), "invalid_request") == INVALID_REQUEST


@pytest.mark.parametrize("part", ["context", "stats", "health", "settings", "draw"])
def test_a_fault_of_any_part_comes_before_those_of_the_provider_block(part):
    scenario = {"catalog": CATALOG.to_mapping(), "request": {"model": "u/v", "provider": {"zrd": 1}}, part: BAD[part]}
    assert error(decide_scenario(scenario), "invalid_request")


def test_then_comes_the_provider_block_and_then_the_model():
    assert faults(ask(row("p"), model="u/v", provider={"zrd": 1}), "invalid_preferences") == ["provider.zrd"]
    assert error(ask(row("p"), model="u/v", provider={"only": ["zz"]}), "unknown_model")
    assert error(ask(row("p"), provider={"only": ["zz"]}), "no_eligible_endpoint")


def test_decide_raises_what_the_wire_says():
    with pytest.raises(InvalidRequest) as caught:
        decide(CATALOG, BAD["request"], context=BAD["context"], settings=BAD["settings"], draw=-1)
    assert [fault.path for fault in caught.value.faults] == ["model", "max_tokens", "context.prompt_tokens", "settings.min_samples", "draw"]
    with pytest.raises(InvalidPreferences):
        decide(CATALOG, {"model": "u/v", "provider": {"zrd": 1}})
    with pytest.raises(UnknownModel):
        decide(CATALOG, {"model": "u/v"})
    with pytest.raises(NoEligibleEndpoint):
        decide(CATALOG, {"model": "a/b", "provider": {"only": ["zz"]}})
    with pytest.raises(CatalogError):
        Catalog.from_mapping(BAD["catalog"])


@pytest.mark.parametrize("value", [None, [], "x", 7, True, {}])
def test_a_scenario_that_is_none_is_answered(value):
    answer = decide_scenario(value)
    assert error(answer, "invalid_catalog" if value == {} else "invalid_request")["param"] == ("catalog" if value == {} else "scenario")


@pytest.mark.parametrize("request_", [None, [], "x", 7])
def test_a_request_that_is_no_object_is_a_fault_of_the_request(request_):
    assert faults(decide_scenario({"catalog": CATALOG.to_mapping(), "request": request_}), "invalid_request") == ["request"]


def test_a_fault_on_the_wire_shows_what_json_cannot_hold_as_text():
    odd = {"a": float("nan"), "b": {1, 2}, "c": object, "d": b"x", "e": float("inf"), "f": 10**30, 7: "\ud800"}
    body = error(ask(row("p"), provider={"zdr": odd}), "invalid_preferences")
    value = body["metadata"]["faults"][0]["value"]
    assert (value["a"], value["e"], value["d"]) == ("nan", "inf", "b'x'")
    assert all(isinstance(one, str) for one in value.values())
    json.dumps(body, allow_nan=False, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    "cause",
    [
        lambda: decide(CATALOG, {}),
        lambda: decide(CATALOG, {"model": "a/b", "provider": {"zrd": {1, 2}}}),
        lambda: decide(CATALOG, {"model": "u/v"}),
        lambda: decide(CATALOG, {"model": "a/b", "provider": {"only": ["zz"]}}),
        lambda: Catalog.from_mapping(None),
    ],
)
def test_every_error_is_one_of_the_tree_and_crosses_processes(cause):
    with pytest.raises(RoutecoreError) as caught:
        cause()
    again = pickle.loads(pickle.dumps(caught.value))
    assert type(again) is type(caught.value)
    assert str(again) == str(caught.value)
    assert again.to_dict()["error"]["type"] == caught.value.type


def test_a_plan_needs_no_more_than_the_asked_models():
    assert slugs(ask(row("p"), row("q", "c/d"), body={"models": ["c/d"]}, model=None)) == ["q"]
    assert plan(row("p"), row("q", "c/d")).case.pool.models == ("a/b",)


TIMED = Catalog.from_mapping({"endpoints": [row("p", price=(1, 0), pricing={"overrides": [{"utc_start": "0600", "utc_end": "1200", "prompt": "0.000003"}]})]})


@pytest.mark.parametrize(
    ("now", "price"),
    [(None, "0.003"), (0, "0.003"), (6 * 3600 - 1, "0.003"), (6 * 3600, "0.009"), (12 * 3600 - 1, "0.009"), (12 * 3600, "0.003"), (30 * 3600, "0.009")],
)
def test_a_price_of_certain_hours_holds_in_them_and_without_a_time_it_does_not(now, price):
    for context in (None, {"prompt_tokens": 3000, "completion_tokens": 1000}):
        assert decide(TIMED, {"model": "a/b"}, context=context, now=now).first.to_dict()["expected_price"] == price
