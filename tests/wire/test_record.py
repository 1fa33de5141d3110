"""Scenarios and decision records: decided again, the plan is identical; and what differs is named."""

from __future__ import annotations

import copy
import json

import pytest

from routecore import Catalog, InvalidRequest, decide_scenario, record, replay
from routecore.version import VERSION
from tests.routing.scenes import ask, row, scene

PLAN = scene(row("p"), row("q"), context={"byok": ["q"]}, stats={"a/b@p": {"latency": {"p50": 1}}}, draw=7)
REFUSED = scene(row("p"), provider={"zdr": True})
FAULTY = scene(row("p"), provider={"zrd": True})
UNREADABLE = {"catalog": 7}


@pytest.mark.parametrize(
    "scenario", [PLAN, REFUSED, FAULTY, UNREADABLE, None, [], {}], ids=["plan", "refused", "faulty", "unreadable", "null", "list", "empty"]
)
def test_a_record_replays_identically_also_after_the_wire(scenario):
    made = record(scenario)
    assert made["answer"] == decide_scenario(scenario)
    for one in (made, json.loads(json.dumps(made))):
        again = replay(one)
        assert (again.identical, again.differences, again.answer) == (True, (), made["answer"])


def test_a_record_is_the_scenario_the_answer_and_the_versions():
    made = record(PLAN)
    assert list(made) == ["scenario", "answer", "versions"]
    assert made["scenario"] == PLAN
    assert made["versions"]["library"] == VERSION
    assert made["versions"]["catalog"] == Catalog.from_mapping(PLAN["catalog"]).version
    assert made["versions"]["facts"].startswith("f-")


def test_a_refused_scenario_has_versions_and_an_unreadable_one_has_none():
    assert record(REFUSED)["versions"]["catalog"].startswith("c-")
    assert record(UNREADABLE)["versions"] == {"library": VERSION, "catalog": None, "facts": None}


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda answer: answer["attempts"][0].update(probability=0.4999), "attempts[0].probability"),
        (lambda answer: answer["attempts"][1].update(expected_price="0.1"), "attempts[1].expected_price"),
        (lambda answer: answer.update(panic=1), "panic"),
        (lambda answer: answer.update(draw=7.0), "draw"),
        (lambda answer: answer["attempts"].pop(), "attempts"),
        (lambda answer: answer.pop("warnings"), "warnings"),
        (lambda answer: answer.update(more=1), "more"),
        (lambda answer: answer["sticky"].update(status="hit"), "sticky.status"),
        (lambda answer: answer["funnel"][0].update(left=9), "funnel[0].left"),
    ],
)
def test_any_difference_is_named_by_its_path(change, path):
    made = copy.deepcopy(record(PLAN))
    change(made["answer"])
    again = replay(made)
    assert not again.identical
    assert [one[0] for one in again.differences] == [path]


def test_a_record_of_another_draw_is_not_identical():
    made = copy.deepcopy(record(PLAN))
    made["scenario"]["draw"] = 8
    assert "draw" in [path for path, _, _ in replay(made).differences]


@pytest.mark.parametrize(
    "value", [None, [], "x", 7, {}, {"scenario": PLAN}, {"answer": {}}, {"scenario": PLAN, "answer": None}, {"scenario": PLAN, "answer": []}]
)
def test_what_is_no_record_is_a_fault(value):
    with pytest.raises(InvalidRequest):
        replay(value)


def test_a_difference_tells_what_was_recorded_and_what_is_now():
    made = copy.deepcopy(record(PLAN))
    made["answer"]["strategy"] = "sort:price"
    assert replay(made).differences == (("strategy", "sort:price", "balance"),)


def test_the_answer_is_that_of_the_documented_example():
    scenario = {
        "catalog": {"endpoints": [{
            "model": "deepseek/deepseek-v3.2", "provider": "deepinfra", "slug": "deepinfra/fp8", "quantization": "fp8", "context_length": 163840,
            "max_output_tokens": 65536, "max_prompt_tokens": None, "supported_parameters": ["tools", "tool_choice", "temperature"], "input_modalities": ["text"],
            "implicit_caching": True, "data_policy": {"trains": False, "retains": False}, "distillable": True, "disabled": False,
            "pricing": {"prompt": "0.00000027", "completion": "0.0000004", "input_cache_read": "0.00000013"},
        }]},
        "stats": {"deepseek/deepseek-v3.2@deepinfra/fp8": {
            "latency": {"p50": 0.8, "p75": 1.1, "p90": 2.0, "p99": 6.0}, "throughput": {"p50": 60, "p75": 48, "p90": 35, "p99": 12}, "samples": 1240, "success_rate": 0.998,
        }},
        "health": {"deepseek/deepseek-v3.2@novita": "cooling"},
        "request": {"model": "deepseek/deepseek-v3.2", "messages": [], "provider": {"sort": "price"}},
        "context": {"byok": ["google-vertex"], "byok_only": [], "sticky": None, "account": {"zdr": False}, "prompt_tokens": 1200, "completion_tokens": 300, "cached_tokens": 0, "native_files": False},
        "settings": {"balance": {"price": 2.0, "throughput": 0.0, "latency": 0.0, "reliability": 0.0}, "min_samples": 1, "sticky": "documented"},
        "draw": 7,
    }  # fmt: skip
    assert decide_scenario(scenario) == {
        "attempts": [{
            "endpoint": "deepseek/deepseek-v3.2@deepinfra/fp8", "model": "deepseek/deepseek-v3.2", "provider": "deepinfra", "slug": "deepinfra/fp8",
            "credential": "shared", "key_id": None, "probability": 1.0, "expected_price": "0.000444",
        }],
        "rejections": [], "funnel": [{"rule": "catalog", "left": 1}], "strategy": "sort:price", "sticky": {"status": "none", "reason": None},
        "panic": False, "warnings": [], "draw": 7,
    }  # fmt: skip


def test_a_scenario_decides_the_same_a_second_time():
    assert ask(row("p")) == ask(row("p"))


def test_a_record_holds_nothing_of_what_a_gateway_keeps_on_its_endpoints():
    scenario = scene(row("p", extra={"base_url": "https://secret.example"}))
    made = record(scenario)
    assert "secret.example" not in json.dumps(made)
    assert replay(made).identical
    assert decide_scenario(scenario) == made["answer"]
