"""The reference answers the documented cases as documented: where it is wrong, comparing with it proves nothing."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from routecore.testing.reference import reference_decide_scenario

VECTORS = Path(__file__).parents[3] / "shared" / "vectors"


def load_cases() -> list[Any]:
    """Return the shared cases, or one skipped stand-in where they are not at hand."""
    if not VECTORS.exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason="no shared vectors beside the repository"))]
    files = [json.loads((VECTORS / name).read_text(encoding="utf-8"))["cases"] for name in ("routing.json", "policies.json")]
    return [pytest.param(case, id=case["name"]) for cases in files for case in cases]


@pytest.mark.parametrize("case", load_cases())
def test_the_reference_holds_every_shared_vector(case: dict[str, Any]) -> None:
    answer, expect = reference_decide_scenario(case["scenario"]), case["expect"]
    if "error" in expect:
        assert {key: answer["error"][key] for key in ("type", "code")} == expect["error"]
        if "relaxations" in expect:
            assert answer["error"]["metadata"]["relaxations"] == expect["relaxations"]
            assert answer["error"]["metadata"]["funnel"] == expect["funnel"]
        return
    assert {rejection["endpoint"]: rejection["rules"] for rejection in answer["rejections"]} == expect["rejections"]
    assert [answer["funnel"], answer["panic"], answer["strategy"]] == [expect["funnel"], expect["panic"], expect["strategy"]]
    assert [answer["sticky"]["status"], answer["sticky"]["reason"]] == expect["sticky"]
    assert len(answer["attempts"]) == len(expect["attempts"])
    for got, want in zip(answer["attempts"], expect["attempts"], strict=True):
        assert (got["endpoint"], got["credential"], got["key_id"]) == (want["endpoint"], want["credential"], want["key_id"])
        assert got["probability"] == pytest.approx(want["probability"], abs=1e-6)
        prices = [None if price is None else Decimal(price) for price in (got["expected_price"], want["expected_price"])]
        assert prices[0] == prices[1]


def scenario(*rows: dict[str, Any], request: dict[str, Any] | None = None, **parts: Any) -> dict[str, Any]:
    """A scenario about model ``m`` with defaults for what a test does not speak of."""
    full = [{"model": "m", "provider": "p", "pricing": {"prompt": "0.000001", "completion": "0.000002"}, **row} for row in rows]
    return {"catalog": {"endpoints": full}, "request": {"model": "m", **(request or {})}, **parts}


def order_of(answer: dict[str, Any]) -> list[str]:
    """``id#credential`` of each attempt, in plan order."""
    return [f"{attempt['endpoint']}#{attempt['key_id'] or attempt['credential']}" for attempt in answer["attempts"]]


def test_the_draw_is_splitmix64_over_candidates_in_ascending_id() -> None:
    # The first output for seed 0 is 0xe220a8397b1dcdaf, about 0.883 of 2^64: of two equal weights it takes the second.
    balance = {"balance": {"price": 2}}
    answer = reference_decide_scenario(scenario({"provider": "a"}, {"provider": "b"}, settings=balance))
    assert order_of(answer) == ["m@b#shared", "m@a#shared"]
    assert [attempt["probability"] for attempt in answer["attempts"]] == [0.5, 1.0]


def test_a_long_context_card_reprices_the_whole_request_strictly_above_its_boundary() -> None:
    card = {"min_prompt_tokens": 200_000, "prompt_multiplier": 2, "completion_multiplier": "1.5"}
    pricing = {"prompt": "0.000001", "completion": "0.000002", "request": "0.01", "discount": "0.5", "overrides": [card]}
    prices = []
    for prompt in (200_000, 200_001):
        context = {"prompt_tokens": prompt, "completion_tokens": 1000}
        answer = reference_decide_scenario(scenario({"pricing": pricing}, context=context))
        prices.append(answer["attempts"][0]["expected_price"])
    assert prices == ["0.106", "0.206501"]


def test_a_sticky_hit_prices_the_pinned_attempts_warm_and_no_others() -> None:
    pricing = {"prompt": "0.000002", "completion": "0", "input_cache_read": "0.000001"}
    context = {"prompt_tokens": 1000, "cached_tokens": 5000, "sticky": "m@b#shared"}
    answer = reference_decide_scenario(scenario({"provider": "a", "pricing": pricing}, {"provider": "b", "pricing": pricing}, context=context))
    assert answer["sticky"] == {"status": "hit", "reason": None}
    assert [(a["provider"], a["expected_price"]) for a in answer["attempts"]] == [("b", "0.001"), ("a", "0.002")]


def test_faults_of_the_catalog_are_told_before_those_of_the_request_and_of_the_block() -> None:
    faulty = scenario({"context_length": -1}, request={"max_tokens": True, "provider": {"zdr": 1, "p95": 2}}, draw=-1)
    answer = reference_decide_scenario(faulty)
    assert (answer["error"]["type"], answer["error"]["param"]) == ("invalid_catalog", "endpoints[0].context_length")
    faulty["catalog"]["endpoints"][0]["context_length"] = None
    answer = reference_decide_scenario(faulty)
    assert answer["error"]["type"] == "invalid_request"
    assert [fault["path"] for fault in answer["error"]["metadata"]["faults"]] == ["max_tokens", "draw"]
    faulty["request"]["max_tokens"], faulty["draw"] = None, None
    answer = reference_decide_scenario(faulty)
    assert answer["error"]["type"] == "invalid_preferences"
    assert {fault["path"] for fault in answer["error"]["metadata"]["faults"]} == {"provider.zdr", "provider.p95"}


def test_relaxations_are_the_minimal_sets_by_size_then_by_sorted_names() -> None:
    rows = ({"provider": "a"}, {"provider": "b", "data_policy": {"retains": False}}, {"provider": "c", "disabled": True})
    request: dict[str, Any] = {"provider": {"only": ["b", "c"], "zdr": True, "max_price": {"prompt": "0.5"}}}
    error = reference_decide_scenario(scenario(*rows, request=request))["error"]
    assert error["metadata"]["relaxations"] == [["max_price"]]
    request["provider"]["ignore"] = ["b"]
    error = reference_decide_scenario(scenario(*rows, request=request))["error"]
    assert error["metadata"]["relaxations"] == [["ignore", "max_price"], ["only", "zdr", "max_price"]]
