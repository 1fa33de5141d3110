"""The wire: every case, however hostile, is answered by a breakdown or by one of four errors."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from routecore.wire.cost_case import cost_case

TYPES = {"invalid_pricing", "invalid_usage", "invalid_request", "unpriced_usage"}
GOOD = {"pricing": {"prompt": "0.000001", "completion": "0.000002"}, "usage": {"prompt_tokens": 10, "completion_tokens": 5}, "finish_reason": "stop"}
VECTORS = Path(__file__).resolve().parents[3] / "shared" / "vectors" / "cost.json"


class Evil:
    """Raises wherever it is looked at."""

    def __repr__(self):
        raise ValueError("no")

    __str__ = __repr__


HOSTILE = [
    None, True, 0, -1, 1.5, float("nan"), float("inf"), "", "x", "\ud800", "1" * 10_000, 10**5000, [], [[]], {}, {"": ""}, {1: 2}, {None: None}, (), b"x", Evil(),
    Decimal("sNaN"), Decimal("-Infinity"), object, {"a": {"b": {"c": {"d": {"e": {"f": {"g": 1}}}}}}},
]  # fmt: skip


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("key", ["pricing", "usage", "usage_format", "finish_reason", "context"])
def test_any_value_in_any_part_is_answered(key, value):
    answer = cost_case({**GOOD, key: value})
    assert "cost" in answer or answer["error"]["type"] in TYPES
    json.dumps(answer).encode()


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: type(value).__name__)
def test_any_value_at_any_depth_is_answered(value):
    cards = [{"prompt": 1, "completion": 1, key: value} for key in ("image", "discount", "batch_multiplier", "overrides", "variants", "cache_read_multiplier")]
    cards += [{"prompt": 1, "completion": 1, "overrides": [{key: value}]} for key in ("prompt", "min_prompt_tokens", "inclusive", "utc_start", "weekdays", "x")]
    cards += [{"prompt": 1, "completion": 1, "overrides": [value], "variants": {"flex": value, "batch": {"overrides": value}}}]
    bodies = [{"prompt_tokens": 1, key: value} for key in ("completion_tokens", "prompt_tokens_details", "cache_creation", "server_tool_use", "input_tokens")]
    bodies += [{"prompt_tokens": 9, "prompt_tokens_details": {key: value}} for key in ("cached_tokens", "cached_tokens_details", "images", "text_tokens")]
    bodies += [{"promptTokenCount": 9, "promptTokensDetails": [{"modality": value, "tokenCount": value}]}, {"inputTokens": value, "cacheDetails": [value]}]
    contexts = [{key: value} for key in ("served_tier", "time_utc", "is_byok", "byok_fee_rate", "region_multiplier", "kind", "strict", "requested_tier")]
    cases = [{**GOOD, "pricing": card} for card in cards]
    cases += [{**GOOD, "usage": body} for body in bodies] + [{**GOOD, "context": context} for context in contexts]
    for case in cases:
        answer = cost_case(case)
        assert "cost" in answer or answer["error"]["type"] in TYPES, case
        json.dumps(answer).encode()


@pytest.mark.parametrize("case", HOSTILE, ids=lambda value: type(value).__name__)
def test_a_case_that_is_no_case_is_answered(case):
    assert cost_case(case)["error"]["type"] in TYPES


@pytest.mark.parametrize(
    ("part", "kind", "param"),
    [
        ({"pricing": {"promt": 1}}, "invalid_pricing", "pricing.promt"),
        ({"pricing": None}, "invalid_pricing", "pricing"),
        ({"usage": None}, "invalid_usage", "usage"),
        ({"usage": {"prompt_tokens": True}}, "invalid_usage", "usage.prompt_tokens"),
        ({"usage_format": "x"}, "invalid_usage", "usage_format"),
        ({"finish_reason": 7}, "invalid_request", "finish_reason"),
        ({"context": {"is_byok": "no"}}, "invalid_request", "context.is_byok"),
        ({"pricing": {"prompt": 1}}, "unpriced_usage", "pricing.completion"),
        ({"usage": {"prompt_tokens": -1}, "context": {"strict": True}}, "invalid_usage", "usage.prompt_tokens"),
    ],
)
def test_the_error_says_whose_fault_and_where(part, kind, param):
    error = cost_case({**GOOD, **part})["error"]
    assert (error["type"], error["param"], error["code"]) == (kind, param, 400)
    assert error["metadata"]["faults"]


def test_other_keys_of_a_case_are_ignored():
    assert cost_case({**GOOD, "id": "x", "note": None}) == cost_case(GOOD)


def test_a_case_is_not_changed_by_its_answer():
    case = json.loads(json.dumps(GOOD))
    cost_case(case)
    assert case == GOOD


@pytest.mark.skipif(not VECTORS.exists(), reason="the vectors are not beside this checkout")
def test_all_vectors_hold():
    wrong = []
    for case in json.loads(VECTORS.read_text())["vectors"]:
        answer = cost_case({key: case[key] for key in ("pricing", "usage", "usage_format", "finish_reason", "context")})
        want = case["expected"]
        if Decimal(answer["cost"]) != Decimal(want["total"]) or Decimal(answer["list_cost"]) != Decimal(want["list_cost"]):
            wrong.append(case["id"])
    assert wrong == []
