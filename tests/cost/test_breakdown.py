"""The breakdown: items, discounts, the caller's own keys, insurance, display tiers, and what the wire shows of them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from routecore.cost.calculate import calculate_cost
from routecore.cost.context import CostContext
from routecore.cost.insurance import normal_finish_reason
from routecore.errors import InvalidRequest, InvalidUsage, UnpricedUsage
from routecore.pricing.money import format_usd
from routecore.usage.counts import Usage
from routecore.wire.cost_case import cost_case

CARD = {
    "prompt": "0.000003",
    "completion": "0.000015",
    "input_cache_read": "0.0000003",
    "input_cache_write": "0.00000375",
    "input_cache_write_1h": "0.000006",
    "web_search": "0.01",
    "request": "0.001",
}
SIXTEEN = {
    "prompt_cost", "completion_cost", "prompt_cache_read_cost", "prompt_cache_write_cost", "prompt_cache_write_5_min", "prompt_cache_write_1_h",
    "reasoning_cost", "image_cost", "audio_cost", "video_cost", "native_web_search_cost", "plugin_web_search_cost", "tools_cost", "discount_rate",
    "is_byok", "byok_cost",
}  # fmt: skip


def cost(usage, card=None, reason="stop", **context):
    return calculate_cost(CARD if card is None else card, usage, finish_reason=reason, context=context)


def test_the_documented_sample_response_costs_what_it_says():
    card = {"prompt": "0.0000002", "completion": "0.0000005", "input_cache_read": "0.00000005"}
    answer = cost_case({
        "pricing": card,
        "usage": {
            "completion_tokens": 450, "completion_tokens_details": {"reasoning_tokens": 218}, "input_tokens": 0, "output_tokens": 0, "prompt_tokens": 163,
            "prompt_tokens_details": {"cached_tokens": 151, "text_tokens": 163}, "total_tokens": 831, "ttft": 0,
        },
        "finish_reason": "stop",
    })  # fmt: skip
    details = answer["cost_details"]
    assert set(details) == SIXTEEN
    assert answer["cost"] == answer["list_cost"] == "0.00023495"
    assert (details["prompt_cost"], details["prompt_cache_read_cost"], details["completion_cost"]) == ("0.0000024", "0.00000755", "0.000225")
    assert (details["discount_rate"], details["is_byok"], details["reasoning_cost"]) == ("1", False, "0")
    assert format_usd(Decimal(answer["cost"])) == "0.000235"


def test_the_write_total_is_the_sum_of_both_lifetimes():
    details = cost(Usage(written_5m=100, written_1h=10)).to_dict()["cost_details"]
    assert (details["prompt_cache_write_5_min"], details["prompt_cache_write_1_h"], details["prompt_cache_write_cost"]) == ("0.000375", "0.00006", "0.000435")


def test_reasoning_is_completion_unless_it_has_a_price_of_its_own():
    assert cost(Usage(text_out=1, reasoning=9)).item("completion_cost") == Decimal("0.00015")
    own = cost(Usage(text_out=1, reasoning=9), {**CARD, "internal_reasoning": "0.00002"})
    assert (own.item("completion_cost"), own.item("reasoning_cost")) == (Decimal("0.000015"), Decimal("0.00018"))
    free = cost(Usage(text_out=1, reasoning=9), {**CARD, "internal_reasoning": 0})
    assert (free.item("completion_cost"), free.item("reasoning_cost")) == (Decimal("0.000015"), 0)


def test_images_are_billed_by_number_only_where_they_were_not_reported_as_tokens():
    card = {**CARD, "image": "0.01", "image_token": "0.000002", "image_output": "0.04"}
    assert cost(Usage(images=3), card).item("image_cost") == Decimal("0.03")
    assert cost(Usage(images=3, image=100), card).item("image_cost") == Decimal("0.0002")
    assert cost(Usage(images=3, cached_image=100), card).item("image_cost") == 0
    assert cost(Usage(images_out=2), card).item("image_cost") == Decimal("0.08")


def test_searches_without_a_price_cost_nothing_and_are_told():
    breakdown = cost(Usage(text=1, text_out=1, searches=2, tool_calls=3), {"prompt": 0, "completion": 0, "web_search": "0.01"})
    assert breakdown.cost == Decimal("0.02")
    assert [(anomaly.code, anomaly.path, anomaly.value) for anomaly in breakdown.anomalies] == [("unpriced_calls", "pricing.tool_call", 3)]


@pytest.mark.parametrize(
    ("usage", "card", "path", "tokens"),
    [
        (Usage(text=5), {"completion": 1}, "pricing.prompt", 5),
        (Usage(cached=5, written_1h=2), {"completion": 1}, "pricing.prompt", 7),
        (Usage(audio=5), {"completion": 1}, "pricing.prompt", 5),
        (Usage(text_out=5), {"prompt": 1}, "pricing.completion", 5),
        (Usage(reasoning=5), {"prompt": 1}, "pricing.completion", 5),
        (Usage(image_out=5), {"prompt": 1}, "pricing.completion", 5),
    ],
)
def test_tokens_without_a_price_are_never_free(usage, card, path, tokens):
    with pytest.raises(UnpricedUsage) as caught:
        cost(usage, card)
    assert (caught.value.path, caught.value.tokens) == (path, tokens)


def test_a_price_that_is_missing_for_no_token_is_no_fault():
    assert cost(Usage(text=5), {"prompt": 1}).cost == 5
    assert cost(Usage(), {}).cost == 0
    assert cost(Usage(cached=5), {"input_cache_read": 1}).cost == 5


def test_what_would_need_an_unknown_price_is_told_as_unknown():
    breakdown = cost(Usage(cached=5), {"input_cache_read": 1})
    assert breakdown.uncached_list_cost is breakdown.cache_savings is None
    assert breakdown.to_dict()["uncached_list_cost"] is None


def test_the_discount_rate_is_the_product_of_what_endpoint_and_account_leave():
    breakdown = cost(Usage(text=1000), {"prompt": "0.001", "discount": "0.25"}, discount_rate="0.9")
    assert (breakdown.list_cost, breakdown.discount_rate, breakdown.cost) == (1, Decimal("0.675"), Decimal("0.675"))
    assert breakdown.upstream_cost == Decimal("0.75")


def test_with_the_callers_own_key_the_account_pays_the_fee_and_nothing_else():
    breakdown = cost(Usage(text=1000), {"prompt": "0.001", "discount": "0.25"}, is_byok=True, byok_fee_rate="0.05", discount_rate="0.9")
    assert (breakdown.cost, breakdown.byok_cost, breakdown.upstream_cost) == (Decimal("0.0375"), Decimal("0.75"), Decimal("0.75"))
    assert cost(Usage(text=1000), is_byok=True).cost == 0


@pytest.mark.parametrize("reason", [None, "", "  ", "FINISH_REASON_UNSPECIFIED"])
def test_no_output_and_a_blank_finish_reason_is_insured(reason):
    breakdown = cost(Usage(text=1000, searches=1), reason=reason)
    assert breakdown.insured
    assert (breakdown.cost, breakdown.upstream_cost, breakdown.item("native_web_search_cost")) == (0, Decimal("0.014"), Decimal("0.01"))


@pytest.mark.parametrize("reason", ["error", " ERROR\n", "Error", "failed", "MALFORMED_FUNCTION_CALL"])
def test_an_error_is_insured_also_with_output(reason):
    assert cost(Usage(text=1000, text_out=50), reason=reason).cost == 0


@pytest.mark.parametrize("reason", ["stop", "length", "content_filter", "tool_calls", "end_turn", "MAX_TOKENS", "SAFETY", "tool_use", "eos", "error_toxic"])
def test_other_finish_reasons_are_charged_even_without_output(reason):
    assert cost(Usage(text=1000), reason=reason).cost == Decimal("0.004")


@pytest.mark.parametrize("usage", [Usage(text=5, reasoning=1), Usage(text=5, image_out=1), Usage(text=5, images_out=1), Usage(text=5, audio_out=1)])
def test_output_of_any_kind_is_output(usage):
    assert not cost(usage, {**CARD, "image_output": 0}, reason=None).insured


def test_embeddings_and_rerank_have_no_completion_by_nature_and_are_charged():
    for kind in ("embeddings", "rerank"):
        assert cost(Usage(text=1000), reason=None, kind=kind).cost == Decimal("0.004")


def test_an_insured_response_with_the_callers_own_key_still_tells_what_the_provider_bills():
    breakdown = cost(Usage(text=1000), reason=None, is_byok=True, byok_fee_rate="0.05")
    assert (breakdown.cost, breakdown.byok_cost) == (0, Decimal("0.004"))


def test_cache_savings_are_negative_where_writes_cost_more_than_reads_saved():
    assert cost(Usage(cached=1000)).cache_savings == Decimal("0.0027")
    assert cost(Usage(written_5m=1000)).cache_savings == Decimal("-0.00075")


def test_cached_audio_is_dearer_uncached_by_the_audio_price():
    card = {"prompt": "0.000001", "audio": "0.000003", "input_audio_cache": "0.0000004", "completion": 0}
    breakdown = cost(Usage(cached_audio=1000), card)
    assert (breakdown.item("prompt_cache_read_cost"), breakdown.uncached_list_cost) == (Decimal("0.0004"), Decimal("0.003"))


def test_the_region_multiplies_tokens_only_and_is_part_of_the_list_cost():
    breakdown = cost(Usage(text=1000, cached=1000, searches=1), region_multiplier="1.1")
    assert breakdown.list_cost == Decimal("0.003") * Decimal("1.1") + Decimal("0.0003") * Decimal("1.1") + Decimal("0.011")


def test_the_batch_shorthand_and_the_region_both_apply():
    breakdown = cost(Usage(text=1000), {"prompt": "0.001", "batch_multiplier": "0.5"}, served_tier="batch", region_multiplier="1.1")
    assert breakdown.cost == Decimal("0.55")


def test_a_usage_with_anomalies_is_refused_when_strict_also_if_it_was_read_before():
    usage = Usage.parse({"prompt_tokens": -1, "completion_tokens": 1})
    assert cost(usage).anomalies
    with pytest.raises(InvalidUsage):
        cost(usage, strict=True)


def test_a_tier_that_nobody_knows_is_the_default_one_and_told():
    breakdown = cost(Usage(text=1), served_tier="turbo")
    assert breakdown.cost == cost(Usage(text=1)).cost
    assert [anomaly.code for anomaly in breakdown.anomalies] == ["unknown_tier"]


@pytest.mark.parametrize(("tier", "price"), [("fast", 4), ("Priority", 4), (" flex ", 2), ("standard", 3), ("default", 3), (None, 3), ("batch", 3)])
def test_the_served_tier_picks_the_card(tier, price):
    card = {"prompt": 3, "variants": {"priority": {"prompt": 4}, "flex": {"prompt": 2}}}
    assert cost(Usage(text=1), card, served_tier=tier).cost == price


def test_a_timed_card_without_a_time_does_not_hold_and_is_told():
    card = {"prompt": 2, "overrides": [{"utc_start": 0, "utc_end": 0, "prompt": 1}, {"min_prompt_tokens": 9, "weekdays": [1], "prompt": 1}]}
    breakdown = cost(Usage(text=1), card)
    assert breakdown.cost == 2
    assert [(anomaly.code, anomaly.path) for anomaly in breakdown.anomalies] == [("time_unknown", "pricing.overrides[0]")]
    assert cost(Usage(text=1), card, time_utc="2026-03-01T00:00:00Z").anomalies == ()


def test_times_with_an_offset_are_converted_and_times_without_one_are_utc():
    card = {"prompt": 2, "overrides": [{"utc_start": 0, "utc_end": 100, "prompt": 1}]}
    assert cost(Usage(text=1), card, time_utc="2026-03-01T02:30:00+02:00").cost == 1
    assert cost(Usage(text=1), card, time_utc="2026-03-01T00:30:00").cost == 1
    assert cost(Usage(text=1), card, time_utc="2026-03-01T00:30:00-01:00").cost == 2


def test_the_cards_that_applied_are_named():
    card = {"prompt": 1, "overrides": [{"prompt": 2}, {"min_prompt_tokens": 9, "prompt": 3}], "variants": {"flex": {"prompt": 4}}, "batch_multiplier": "0.5"}
    assert cost(Usage(text=1), card).cards == ("overrides[0]",)
    assert cost(Usage(text=10), card, served_tier="flex").cards == ("overrides[0]", "overrides[1]", "variants.flex")
    assert cost(Usage(text=1), card, served_tier="batch").cards == ("overrides[0]", "batch_multiplier")


def test_every_line_of_the_bill_is_count_times_price_and_names_its_source():
    card = {**CARD, "overrides": [{"min_prompt_tokens": 10, "prompt_multiplier": 2}]}
    breakdown = cost(Usage(text=12, cached=100, text_out=4, searches=2), card)
    assert [(line.what, line.count, format(line.unit_price, "f"), line.source) for line in breakdown.lines] == [
        ("fresh prompt", 12, "0.000006", "overrides[0].prompt_multiplier"),
        ("completion", 4, "0.000015", "completion"),
        ("cache read", 100, "0.0000006", "overrides[0].prompt_multiplier"),
        ("native web search", 2, "0.01", "web_search"),
        ("request", 1, "0.001", "request"),
    ]
    assert all(line.count * line.unit_price == line.amount for line in breakdown.lines)
    assert sum(line.amount for line in breakdown.lines) == breakdown.list_cost


@pytest.mark.parametrize(
    ("context", "path"),
    [
        ([], "context"),
        ({"is_byk": True}, "context.is_byk"),
        ({"is_byok": 1}, "context.is_byok"),
        ({"is_byok": "true"}, "context.is_byok"),
        ({"byok_fee_rate": "-1"}, "context.byok_fee_rate"),
        ({"discount_rate": float("nan")}, "context.discount_rate"),
        ({"region_multiplier": True}, "context.region_multiplier"),
        ({"served_tier": 7}, "context.served_tier"),
        ({"time_utc": "yesterday"}, "context.time_utc"),
        ({"time_utc": 1772323200}, "context.time_utc"),
        ({"time_utc": "0001-01-01T00:00:00+23:59"}, "context.time_utc"),
        ({"kind": "chatt"}, "context.kind"),
        ({"strict": None, "kind": 3}, "context.kind"),
    ],
)
def test_what_is_wrong_with_a_context_is_named(context, path):
    with pytest.raises(InvalidRequest) as caught:
        CostContext.parse(context)
    assert caught.value.param == path


def test_what_was_asked_for_does_not_change_the_bill():
    assert cost(Usage(text=1), requested_tier="priority") == cost(Usage(text=1))


def test_providers_spellings_of_a_finish_reason_are_one():
    assert {normal_finish_reason(reason) for reason in ("stop", "end_turn", "STOP", "COMPLETE", "completed", "stop_sequence")} == {"stop"}
    assert {normal_finish_reason(reason) for reason in ("tool_calls", "function_call", "tool_use")} == {"tool_calls"}
    with pytest.raises(InvalidRequest):
        normal_finish_reason(7)
