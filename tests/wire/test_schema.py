"""The wire's JSON Schemas: what is right validates, what is wrong does not, and they know every name that the code reads."""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path

import pytest

from routecore import cost_case, decide_scenario, record
from routecore.testing.generate import random_scenario
from routecore.testing.reference import reference_decide_scenario
from routecore.testing.vectors import vectors
from routecore.wire.examples import read_example
from routecore.wire.schema import SCHEMAS, schema

jsonschema = pytest.importorskip("jsonschema")
SHARED = Path(__file__).parents[3] / "shared" / "vectors"
VALIDATORS = {name: jsonschema.Draft202012Validator(schema(name)) for name in SCHEMAS}
SCENARIO = {
    "catalog": {"endpoints": [{"model": "a/b", "provider": "p", "pricing": {"prompt": "0.000001", "completion": 2e-6}}]},
    "request": {"model": "a/b", "provider": {"sort": "price", "order": ["p"]}},
    "context": {"byok": ["p", {"slug": "p", "key_id": "k"}], "account": {"zdr": False}},
    "stats": {"a/b@p": {"latency": {"p50": 1}, "success_rate": 0.9}},
    "health": {"a/b@p": "full"},
    "settings": {"balance": {"price": 2}, "strategy": "balance"},
    "draw": 2**64 - 1,
}


def faults(name, value):
    return [f"{'.'.join(map(str, one.absolute_path))}: {one.message}" for one in VALIDATORS[name].iter_errors(value)]


def shared(kind, key):
    if not SHARED.exists():
        pytest.skip("no shared vectors beside the repository")
    return json.loads((SHARED / f"{kind}.json").read_text(encoding="utf-8"))[key]


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_a_schema_and_json(name):
    jsonschema.Draft202012Validator.check_schema(schema(name))
    assert json.loads(json.dumps(schema(name))) == schema(name)


@pytest.mark.parametrize("kind", ["routing", "policies"])
def test_every_routing_vector_and_its_answer_validate(kind):
    for case in shared(kind, "cases"):
        assert faults("scenario", case["scenario"]) == [], case["name"]
        assert faults("answer", reference_decide_scenario(case["scenario"])) == [], case["name"]
        assert faults("record", json.loads(json.dumps(record(case["scenario"])))) == [], case["name"]


def test_every_cost_vector_and_its_answer_validate():
    for one in shared("cost", "vectors"):
        case = {key: one[key] for key in ("pricing", "usage", "usage_format", "finish_reason", "context")}
        assert faults("cost_case", case) == [], one["id"]
        assert faults("cost_answer", cost_case(case)) == [], one["id"]


def test_random_scenarios_and_their_answers_validate():
    for seed in range(150):
        scenario = random_scenario(random.Random(seed))
        assert faults("scenario", scenario) == [], seed
        assert faults("answer", decide_scenario(scenario)) == [], seed


def test_the_named_cases_validate_but_for_the_one_that_is_meant_to_be_wrong():
    for one in vectors():
        assert bool(faults("scenario", one["scenario"])) == (one["answer"].get("error", {}).get("code") == 400), one["name"]
        assert faults("answer", one["answer"]) == [], one["name"]


def test_the_example_catalog_validates():
    assert faults("catalog", read_example("catalog")) == []


WRONG = [
    ("catalog.endpoints.0.model", None),
    ("catalog.endpoints.0.pricing.prompt", "-1"),
    ("catalog.endpoints.0.pricing.promt", "1"),
    ("catalog.endpoints.0.tier", "cheap"),
    ("catalog.endpoints.0.context_length", 1.5),
    ("request.provider.order", "p"),
    ("request.provider.zrd", True),
    ("request.provider.sort", "cost"),
    ("context.account.only", []),
    ("context.byok.1.keyid", "k"),
    ("context.api", "telepathy"),
    ("stats.a/b@p.success_rate", 1.5),
    ("health.a/b@p", "tired"),
    ("settings.strategy", "luck"),
    ("settings.balance.price", 101),
    ("draw", 2**64),
    ("draw", True),
]


@pytest.mark.parametrize(("path", "value"), WRONG)
def test_what_is_wrong_does_not_validate_and_is_a_fault_of_the_decision_too(path, value):
    assert faults("scenario", SCENARIO) == []
    broken = copy.deepcopy(SCENARIO)
    holder = broken
    *way, last = path.split(".")
    for place in way:
        holder = holder[int(place) if isinstance(holder, list) else place]
    holder[last] = value
    assert faults("scenario", broken) != []
    assert reference_decide_scenario(broken)["error"]["code"] == 400


@pytest.mark.parametrize("key", ["attempts", "funnel", "strategy", "sticky", "panic", "warnings", "draw", "rejections"])
def test_an_answer_without_a_part_does_not_validate(key):
    answer = reference_decide_scenario(SCENARIO)
    del answer[key]
    assert faults("answer", answer) != []
