"""What a response states of its own bill, and what nobody says: told by the calculator, counted by the log."""

from decimal import Decimal

import pytest

from routecore import Catalog, calculate_cost, price_row, reconcile

CARD = {
    "prompt": "0.000004", "completion": "0.00002", "batch_multiplier": "0.5", "region_multipliers": {"us": "1.1", "EU": "1.05"},
    "variants": {"priority": {"prompt_multiplier": 2, "completion_multiplier": 2}, "flex": {"prompt": "0.000001", "completion": "0.000001"}},
}  # fmt: skip
CATALOG = Catalog.from_mapping({
    "endpoints": [
        {"model": "acme/large", "provider": "amazon-bedrock", "pricing": CARD},
        {"model": "acme/large", "provider": "z.ai", "pricing": {"prompt": "0.000001", "completion": "0.000001"}},
        {"model": "acme/small", "provider": "amazon-bedrock", "pricing": {"prompt": "0.000001", "completion": "0.000002"}},
    ]
})  # fmt: skip
COUNTS = {"prompt_tokens": 1000, "completion_tokens": 50}  # 0.005 at the standing prices


def row(usage=(), **more):
    return {"model": "acme/large", "provider": "amazon-bedrock", "finish_reason": "stop", "usage": {**COUNTS, **dict(usage)}, **more}


def told(breakdown):
    return [(odd.code, odd.path, odd.value) for odd in breakdown.anomalies]


@pytest.mark.parametrize(
    ("usage", "cost"),
    [
        ({"service_tier": "batch"}, "0.0025"),
        ({"service_tier": "priority"}, "0.01"),
        ({"speed": "fast"}, "0.01"),
        ({"service_tier": "flex"}, "0.00105"),
        ({"service_tier": "standard"}, "0.005"),
        ({"inference_geo": "us"}, "0.0055"),
        ({"inference_geo": "EU"}, "0.00525"),
        ({"inference_geo": "global"}, "0.005"),
        ({"inference_geo": "us", "service_tier": "batch"}, "0.00275"),
    ],
)
def test_in_a_log_what_the_usage_states_counts_where_the_row_says_nothing(usage, cost):
    priced = price_row(row(usage), CATALOG)
    assert (priced.cost, told(priced.breakdown)) == (Decimal(cost), [])


def test_the_row_and_its_context_go_before_what_the_usage_states():
    assert price_row(row({"service_tier": "batch"}, service_tier="flex"), CATALOG).cost == Decimal("0.00105")
    priced = price_row(row({"service_tier": "batch"}, context={"served_tier": "default"}), CATALOG)
    assert (priced.cost, told(priced.breakdown)) == (Decimal("0.005"), [("stated_tier_differs", "usage.service_tier", "batch")])


def test_a_region_that_the_card_does_not_know_is_told():
    priced = price_row(row({"inference_geo": "mars"}), CATALOG)
    assert (priced.cost, told(priced.breakdown)) == (Decimal("0.005"), [("unknown_region", "usage.inference_geo", "mars")])


def test_the_calculator_alone_decides_nothing_from_what_is_stated_and_says_so():
    usage = {**COUNTS, "service_tier": "batch", "inference_geo": "us", "is_byok": True}
    breakdown = calculate_cost(CARD, usage, finish_reason="stop")
    assert breakdown.cost == Decimal("0.005")
    assert [code for code, _, _ in told(breakdown)] == ["stated_tier_differs", "stated_region_differs", "stated_byok_differs"]
    context = {"served_tier": "batch", "region_multiplier": "1.1", "is_byok": True}
    assert told(calculate_cost(CARD, usage, finish_reason="stop", context=context)) == []


def test_a_key_of_the_callers_own_that_the_usage_states_makes_the_fee_the_cause():
    priced = price_row(row({"is_byok": True, "cost": 0.00025}), CATALOG)
    assert priced.breakdown.context.is_byok
    assert (priced.reconciliation.cause, priced.reconciliation.explanation[:31]) == ("byok", "the reported figure is a fee of")
    # without the context too: a discount of 95 % would be a wrong cause, named with certainty
    alone = calculate_cost(CARD, {**COUNTS, "is_byok": True}, finish_reason="stop")
    assert reconcile(alone, 0.00025).cause == "byok"
    assert reconcile(calculate_cost(CARD, COUNTS, finish_reason="stop"), 0.00025).cause == "discount"


@pytest.mark.parametrize("name", ["Amazon Bedrock", "amazon bedrock", "AMAZON-BEDROCK", "amazon_bedrock", "Amazon.Bedrock"])
def test_a_providers_display_name_is_its_slug(name):
    assert price_row(row(provider=name), CATALOG).endpoint.id == "acme/large@amazon-bedrock"
    assert price_row(row(provider="Z.AI"), CATALOG).endpoint.provider == "z.ai"


@pytest.mark.parametrize(
    ("usage", "reason", "code"),
    [
        ({}, "stop", "no_usage"),
        ({"prompt_tokens": 0, "completion_tokens": 0}, "stop", "no_usage"),
        ({}, "error", None),
        ({}, None, None),
        (COUNTS, "stop", None),
    ],
)
def test_a_priced_answer_without_any_usage_is_told_and_an_insured_one_is_not_priced(usage, reason, code):
    breakdown = calculate_cost(CARD, usage, finish_reason=reason)
    assert [odd.code for odd in breakdown.anomalies] == ([code] if code else [])


@pytest.mark.parametrize(
    ("usage", "where", "value"),
    [
        ({"cost": 0.005}, {}, "0.005"),
        ({}, {"cost": "0.005"}, "0.005"),
        ({"cost": {"total_cost": 0.005, "input_tokens_cost": 0.004}}, {}, "0.005"),
        ({"cost": {"input_tokens_cost": 0.004, "output_tokens_cost": 0.001, "currency": "USD"}}, {}, "0.005"),
        ({"cost_in_usd_ticks": 50_000_000}, {}, "0.005"),
        ({"cost": 0.3}, {"cost": Decimal("0.005")}, "0.005"),
    ],
)
def test_a_reported_cost_is_read_in_any_form(usage, where, value):
    found = price_row(row(usage, **where), CATALOG).reconciliation
    assert (found.reported, found.cause) == (Decimal(value), "none")


@pytest.mark.parametrize("cost", ["much", True, -1, [0.005], {"total_cost": "x"}, {"a_cost": "x"}, {}, float("nan")])
def test_an_unreadable_reported_cost_is_an_anomaly_and_the_row_is_priced(cost):
    priced = price_row(row(cost=cost), CATALOG)
    assert (priced.cost, priced.reconciliation, [odd.code for odd in priced.anomalies]) == (Decimal("0.005"), None, ["unreadable_cost"])


def test_a_pass_of_another_model_is_billed_at_that_models_price():
    usage = {
        "input_tokens": 1000, "output_tokens": 50, "iterations": [
            {"type": "message", "input_tokens": 1000, "output_tokens": 50}, {"type": "advisor_message", "model": "acme/small", "input_tokens": 2000, "output_tokens": 100},
        ],
    }  # fmt: skip
    priced = price_row({**row(), "usage": usage, "cost": "0.0072"}, CATALOG)
    assert [one.endpoint.model for one in priced.passes] == ["acme/small"]
    assert (priced.breakdown.cost, priced.cost, priced.reconciliation.cause) == (Decimal("0.005"), Decimal("0.0072"), "none")
    # a model that the catalog does not have is priced like the row's, and told
    usage["iterations"][1]["model"] = "acme/unheard-of"
    unknown = price_row({**row(), "usage": usage}, CATALOG)
    assert (unknown.cost, [odd.code for odd in unknown.anomalies]) == (Decimal("0.015"), ["unknown_model"])
