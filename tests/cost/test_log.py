"""Whole logs, credits, plans and reconciliation."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace

import pytest

from routecore.catalog.catalog import Catalog
from routecore.cost.calculate import calculate_cost
from routecore.cost.credits import purchase_fee
from routecore.cost.log import PricedRow, UnpriceableRow, price_log, price_row
from routecore.cost.log_totals import LogTotals
from routecore.cost.reconcile import reconcile
from routecore.errors import InvalidRequest
from routecore.pricing.price_list import Pricing
from routecore.routing.attempt import Attempt
from routecore.routing.decide import decide
from routecore.routing.expected_cost import expected_cost
from routecore.usage.counts import Usage

PRICES = {"prompt": "0.000001", "completion": "0.000002", "input_cache_read": "0.0000001"}
CATALOG = Catalog.from_mapping({
    "endpoints": [
        {"model": "a/b", "provider": "p", "pricing": PRICES},
        {"model": "a/b", "provider": "p", "slug": "p/fp8", "pricing": {"prompt": "0.0000005", "completion": "0.000001"}},
        {"model": "a/b", "provider": "q", "slug": "q/eu", "pricing": PRICES},
        {"model": "a/c", "provider": "p"},
        {"model": "a/d", "provider": "r", "pricing": PRICES},
    ]
})  # fmt: skip
USAGE = {"prompt_tokens": 1000, "completion_tokens": 100}


def row(**parts):
    return {"model": "a/b", "provider": "p", "usage": USAGE, "finish_reason": "stop", **parts}


@pytest.mark.parametrize(
    ("parts", "endpoint"),
    [
        ({}, "a/b@p"),
        ({"provider": "P"}, "a/b@p"),
        ({"provider": "p/fp8"}, "a/b@p/fp8"),
        ({"slug": "p/fp8"}, "a/b@p/fp8"),
        ({"provider": None, "slug": "q/eu"}, "a/b@q/eu"),
        ({"provider": "q"}, "a/b@q/eu"),
        ({"endpoint": "a/b@q/eu"}, "a/b@q/eu"),
        ({"model": "a/d", "provider": None}, "a/d@r"),
    ],
)
def test_a_row_is_priced_at_the_endpoint_that_it_names(parts, endpoint):
    assert price_row(row(**parts), CATALOG).endpoint.id == endpoint


@pytest.mark.parametrize(
    ("parts", "param"),
    [
        ({"provider": None}, "provider"),
        ({"provider": "z"}, "provider"),
        ({"slug": 7}, "slug"),
        ({"model": "z/z"}, "model"),
        ({"model": None}, "model"),
        ({"endpoint": "a/b@z"}, "endpoint"),
        ({"model": "a/c"}, "endpoint"),
        ({"usage": None}, "usage"),
        ({"usage": {"prompt_tokens": "x"}}, "usage.prompt_tokens"),
        ({"context": 7}, "context"),
        ({"finish_reason": 7}, "finish_reason"),
    ],
)
def test_a_row_that_cannot_be_priced_is_named_and_never_guessed(parts, param):
    (found,) = price_log([row(**parts)], CATALOG, first_line=4)
    assert isinstance(found, UnpriceableRow)
    assert (found.line, found.to_dict()["param"]) == (4, param)


def test_a_response_body_is_a_row():
    body = {
        "model": "a/b", "provider": "p", "created": 1773372917, "usage": USAGE, "cost": 0.0012, "cost_details": {"is_byok": False},
        "choices": [{"finish_reason": "stop"}], "service_tier": "default",
    }  # fmt: skip
    priced = price_row(body, CATALOG)
    assert isinstance(priced, PricedRow)
    assert priced.breakdown.cost == Decimal("0.0012")
    assert priced.breakdown.context.instant is not None
    assert priced.reconciliation.cause == "none"


def test_a_response_of_gemini_and_one_of_cohere_are_rows_too():
    gemini = {
        "modelVersion": "a/b", "provider": "p", "usageMetadata": {"promptTokenCount": 1000, "candidatesTokenCount": 100}, "candidates": [{"finishReason": "STOP"}],
    }  # fmt: skip
    cohere = {"model": "a/b", "provider": "p", "meta": {"billed_units": {"input_tokens": 1000, "output_tokens": 100}}, "finish_reason": "COMPLETE"}
    assert [price_row(body, CATALOG).cost for body in (gemini, cohere)] == [Decimal("0.0012")] * 2
    empty = {**gemini, "usageMetadata": {"promptTokenCount": 1000}, "candidates": [{"finishReason": "FINISH_REASON_UNSPECIFIED"}]}
    assert price_row(empty, CATALOG).breakdown.insured


def test_a_log_keeps_its_bad_lines_and_the_reader_may_pass_its_own():
    bad = InvalidRequest([])
    kinds = [type(found) for found in price_log([row(), "x", bad, row()], CATALOG)]
    assert kinds == [PricedRow, UnpriceableRow, UnpriceableRow, PricedRow]


def test_totals_are_by_model_and_provider_the_dearest_first():
    totals = LogTotals()
    for found in price_log([row(), row(slug="p/fp8"), row(provider="q"), row(provider="q"), row(finish_reason=None, usage={"prompt_tokens": 7}), 0], CATALOG):
        totals.add(found)
    shown = totals.to_dict()
    assert [(group["provider"], group["requests"], group["cost"]) for group in shown["groups"]] == [("q", 2, "0.0024"), ("p", 3, "0.0018")]
    assert (shown["total"]["cost"], shown["total"]["requests"], shown["total"]["insured"], shown["total"]["insured_cost"]) == ("0.0042", 5, 1, "0.000007")
    assert [found["line"] for found in shown["unpriceable"]] == [6]


@pytest.mark.parametrize(
    ("amount", "plan", "fee", "total"),
    [
        (50, "payg", "2.85", "52.85"),
        ("100", "enterprise", "3.00", "103.00"),
        (Decimal("0.10"), "payg", "0.36", "0.46"),  # 0.005 + 0.35 = 0.355: a half goes up
        ("0.3", "payg", "0.37", "0.67"),  # 0.015 + 0.35 = 0.365
        (10_000_000, "payg", "500000.35", "10500000.35"),
        (0, "payg", "0.00", "0.00"),
        (19.99, "enterprise", "0.60", "20.59"),
    ],
)
def test_the_purchase_fee_is_to_the_cent_half_up(amount, plan, fee, total):
    bought = purchase_fee(amount, plan)
    assert (str(bought.fee), str(bought.total)) == (fee, total)
    assert bought.credits + bought.fee == bought.total


@pytest.mark.parametrize(
    ("amount", "plan"), [(-1, "payg"), (True, "payg"), (float("nan"), "payg"), ("1e3", "payg"), ("0.001", "payg"), (50, "free"), (10**9, "payg")]
)
def test_an_impossible_purchase_is_refused(amount, plan):
    with pytest.raises(InvalidRequest):
        purchase_fee(amount, plan)


def attempt(name, prices, *, key=None, tokens=(1000, 100)):
    pricing = Pricing.parse(prices)
    return Attempt(SimpleNamespace(id=name, pricing=pricing), name, key, 1.0, pricing.quote_femtodollars(*tokens))


def test_a_plan_costs_each_attempt_by_the_chance_that_those_before_it_failed():
    plan = [attempt("x", PRICES), attempt("y", {"prompt": "0.000002", "completion": "0.000004"})]
    cost = expected_cost(plan, {"x": {"success_rate": 0.9}, "y": {"success_rate": 0.5}}, prompt_tokens=1000, completion_tokens=100)
    assert cost.charged == Decimal("0.9") * Decimal("0.0012") + Decimal("0.05") * Decimal("0.0024")
    # failures bill their prompt upstream, and are insured
    assert cost.upstream == cost.charged + Decimal("0.1") * Decimal("0.001") + Decimal("0.05") * Decimal("0.002")
    assert cost.failure == Decimal("0.05")


def test_attempts_behind_one_that_never_fails_cost_nothing():
    plan = [attempt("x", PRICES), attempt("y", {})]
    assert expected_cost(plan, {}).charged == Decimal("0.0012")
    assert expected_cost(plan, {"x": {"success_rate": 0.5}}).unpriced == ("y",)


def test_an_attempt_with_the_callers_own_key_is_charged_its_fee():
    plan = [attempt("x", PRICES, key="k")]
    cost = expected_cost(plan, {"x": {"success_rate": 1}}, byok_fee_rate="0.05")
    assert (cost.charged, cost.upstream) == (Decimal("0.00006"), Decimal("0.0012"))


def test_a_success_rate_that_is_no_share_is_refused():
    with pytest.raises(InvalidRequest):
        expected_cost([attempt("x", PRICES)], {"x": {"success_rate": 1.5}})


CLAUDE = {
    "prompt": "0.000003", "completion": "0.000015", "input_cache_read": "0.0000003", "input_cache_write": "0.00000375", "input_cache_write_1h": "0.000006",
    "web_search": "0.01", "discount": "0.1", "variants": {"flex": {"prompt": "0.0000011"}},
    "overrides": [{"min_prompt_tokens": 5000, "prompt_multiplier": 2}],
}  # fmt: skip
# 0.003 fresh + 0.00021 read + 0.0004875 and 0.00102 written + 0.0015 completion + 0.01 search = 0.0162175, less 10 %
CHARGED = Decimal("0.01459575")
MIXED = Usage(text=1000, cached=700, written_5m=130, written_1h=170, text_out=90, reasoning=10, searches=1)


@pytest.mark.parametrize(
    ("reported", "cause"),
    [
        ("0.014595750", "none"),
        (0.01459575, "none"),
        ("0.014596", "rounding"),
        ("0.0146", "rounding"),
        (0.014595750000000002, "rounding"),
        (CHARGED + 700 * Decimal("0.000003") * Decimal("0.9"), "cache_counted_twice"),
        (CHARGED + 700 * Decimal("0.0000027") * Decimal("0.9"), "cache_not_discounted"),
        (CHARGED - 170 * Decimal("0.00000225") * Decimal("0.9"), "write_ttl"),
        (CHARGED - 1000 * Decimal("0.0000019") * Decimal("0.9"), "other_tier"),
        (CHARGED / Decimal("0.9"), "discount"),
        (CHARGED / Decimal("0.9") * Decimal("0.8"), "discount"),
        (CHARGED + 10 * Decimal("0.000015") * Decimal("0.9"), "reasoning"),
        (CHARGED - Decimal("0.009"), "calls"),
        ("0", "byok"),
        ("0.123", "unexplained"),
        ("0.02", "unexplained"),
    ],
)
def test_a_difference_has_a_named_cause_or_is_unexplained(reported, cause):
    breakdown = calculate_cost(CLAUDE, MIXED, finish_reason="stop")
    assert breakdown.cost == CHARGED
    found = reconcile(breakdown, reported)
    assert (found.cause, found.difference) == (cause, found.reported - found.computed)


def test_long_context_and_insurance_are_causes_too():
    breakdown = calculate_cost(CLAUDE, Usage(text=5001, text_out=1), finish_reason="stop")
    assert reconcile(breakdown, (5001 * Decimal("0.000003") + Decimal("0.000015")) * Decimal("0.9")).cause == "long_context"
    insured = calculate_cost(CLAUDE, Usage(text=1000))
    assert reconcile(insured, "0.0027").cause == "insurance"


def test_a_reported_figure_that_is_no_amount_is_refused():
    breakdown = calculate_cost(CLAUDE, MIXED, finish_reason="stop")
    for value in (None, "x", True, float("nan"), -1):
        with pytest.raises(InvalidRequest):
            reconcile(breakdown, value)


def test_a_plan_of_the_engine_has_an_expected_cost():
    catalog = Catalog.from_mapping({
        "endpoints": [
            {"model": "a/b", "provider": "p", "pricing": PRICES},
            {"model": "a/b", "provider": "q", "pricing": {"prompt": "0.000002", "completion": "0.000004"}},
        ]
    })  # fmt: skip
    plan = decide(catalog, {"model": "a/b", "messages": [], "provider": {"sort": "price"}}, context={"prompt_tokens": 1000, "completion_tokens": 100})
    cost = expected_cost(plan, {"a/b@p": {"success_rate": 0.9}})
    assert (cost.charged, cost.upstream) == (Decimal("0.00132"), Decimal("0.00142"))


def test_own_keys_reasoning_prices_and_empty_answers_are_causes_too():
    own = calculate_cost(CLAUDE, Usage(text=1000, text_out=1), finish_reason="stop", context={"is_byok": True, "byok_fee_rate": "0.05"})
    assert (own.byok_cost, own.cost) == (Decimal("0.0027135"), Decimal("0.000135675"))
    assert reconcile(own, "0.0027135").cause == reconcile(own, "0.002849175").cause == "byok"
    thinking = calculate_cost({**CLAUDE, "internal_reasoning": "0.00003"}, Usage(text=1000, reasoning=100), finish_reason="stop")
    assert reconcile(thinking, (Decimal("0.003") + 100 * Decimal("0.000015")) * Decimal("0.9")).cause == "reasoning"
    empty = calculate_cost(CLAUDE, Usage(text=1000), finish_reason="stop")
    assert reconcile(empty, 0).cause == "insurance"
    assert reconcile(calculate_cost({"prompt": 1}, Usage(text=1), finish_reason="stop"), "0.77").to_dict() == {
        "reported": "0.77",
        "computed": "1",
        "difference": "-0.23",
        "cause": "discount",
        "explanation": "the reported figure is the list cost less 23 %; the breakdown used a discount rate of 1",
    }
