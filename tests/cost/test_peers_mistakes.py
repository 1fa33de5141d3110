"""Mistakes that other calculators made in public, each as a claim about this one. The sums are worked by hand beside each."""

from __future__ import annotations

from decimal import Decimal

from routecore.cost.calculate import calculate_cost
from routecore.pricing.price_list import Pricing
from routecore.usage.counts import Usage

CLAUDE = {
    "prompt": "0.000003",
    "completion": "0.000015",
    "input_cache_read": "0.0000003",
    "input_cache_write": "0.00000375",
    "input_cache_write_1h": "0.000006",
    "overrides": [{"min_prompt_tokens": 200_000, "prompt_multiplier": 2, "completion_multiplier": "1.5"}],
}


def price(card, body, *, format=None, reason="stop", **context):  # noqa: A002 - the wire's word
    return calculate_cost(card, Usage.parse(body, format), finish_reason=reason, context=context)


def test_cached_tokens_are_not_billed_twice():
    # 1,000 prompt tokens of which 900 cached: 100 × 3e-6 + 900 × 3e-7, not 1,000 × 3e-6 + 900 × 3e-7
    body = {"prompt_tokens": 1000, "completion_tokens": 0, "prompt_tokens_details": {"cached_tokens": 900}}
    assert price(CLAUDE, body).cost == Decimal("0.00057")


def test_anthropics_cached_tokens_are_not_taken_from_an_input_that_excludes_them():
    # 100 fresh + 900 cached, reported as input_tokens 100: subtracting would make -800
    body = {"input_tokens": 100, "output_tokens": 0, "cache_read_input_tokens": 900}
    assert price(CLAUDE, body).cost == Decimal("0.00057")


def test_one_hour_writes_are_not_billed_at_the_five_minute_rate():
    # 600 × 3.75e-6 + 400 × 6e-6
    parts = {"ephemeral_5m_input_tokens": 600, "ephemeral_1h_input_tokens": 400}
    body = {"input_tokens": 0, "output_tokens": 0, "cache_creation_input_tokens": 1000, "cache_creation": parts}
    assert price(CLAUDE, body).cost == Decimal("0.00465")


def test_the_part_of_a_write_that_no_lifetime_claims_is_not_dropped():
    # 500 written, 100 of them for an hour: 400 × 3.75e-6 + 100 × 6e-6
    details = {"cache_creation_tokens": 500, "cache_creation_token_details": {"ephemeral_1h_input_tokens": 100}}
    body = {"prompt_tokens": 500, "completion_tokens": 0, "prompt_tokens_details": details}
    assert price(CLAUDE, body).cost == Decimal("0.0021")


def test_the_long_context_cliff_counts_cached_and_written_tokens_too():
    # 10 fresh of 250,010 read: all of it at the long-context prices
    body = {"input_tokens": 10, "output_tokens": 1000, "cache_read_input_tokens": 250_000}
    assert price(CLAUDE, body).cost == 10 * Decimal("0.000006") + 250_000 * Decimal("0.0000006") + 1000 * Decimal("0.0000225")


def test_the_long_context_cliff_does_not_count_output():
    body = {"prompt_tokens": 150_000, "completion_tokens": 100_000}
    assert price(CLAUDE, body).cost == 150_000 * Decimal("0.000003") + 100_000 * Decimal("0.000015")


def test_the_long_context_cliff_is_not_marginal():
    # one token more re-prices all of them, the completion too
    body = {"prompt_tokens": 200_001, "completion_tokens": 10}
    assert price(CLAUDE, body).cost == 200_001 * Decimal("0.000006") + 10 * Decimal("0.0000225")
    assert price(CLAUDE, {**body, "prompt_tokens": 200_000}).cost == 200_000 * Decimal("0.000003") + 10 * Decimal("0.000015")


def test_a_priority_request_served_by_the_default_tier_is_billed_as_served():
    card = {"prompt": "0.000001", "completion": "0", "variants": {"priority": {"prompt": "0.000002"}}}
    body = {"prompt_tokens": 1000, "completion_tokens": 1, "service_tier": "priority"}
    assert price(card, body, requested_tier="priority", served_tier="default").cost == Decimal("0.001")
    assert price(card, body, requested_tier="default", served_tier="priority").cost == Decimal("0.002")


def test_audio_without_a_price_is_billed_as_text_and_never_as_nothing():
    body = {"prompt_tokens": 700, "completion_tokens": 0, "prompt_tokens_details": {"audio_tokens": 200}}
    assert price({"prompt": "0.000005"}, body).cost == Decimal("0.0035")


def test_a_missing_cache_price_is_the_prompt_price_and_not_zero():
    body = {"prompt_tokens": 1000, "completion_tokens": 0, "prompt_tokens_details": {"cached_tokens": 900}}
    assert price({"prompt": "0.000001"}, body).cost == Decimal("0.001")


def test_negative_counts_make_no_negative_cost():
    body = {"prompt_tokens": -1000, "completion_tokens": -5, "prompt_tokens_details": {"cached_tokens": -3}}
    breakdown = price(CLAUDE, body)
    assert breakdown.cost == 0
    assert len(breakdown.anomalies) == 3


def test_more_cached_than_prompt_tokens_make_no_negative_cost():
    body = {"prompt_tokens": 100, "completion_tokens": 0, "prompt_tokens_details": {"cached_tokens": 900}}
    assert price(CLAUDE, body).cost == 100 * Decimal("0.0000003")


def test_cached_audio_is_billed_once_at_its_own_rate():
    # 1,000 = 400 text + 300 cached text + 100 cached audio + 200 audio
    card = {"prompt": "0.000001", "completion": "0", "input_cache_read": "0.0000002", "audio": "0.000003", "input_audio_cache": "0.0000004"}
    details = {"cached_tokens": 400, "audio_tokens": 300, "cached_tokens_details": {"audio_tokens": 100, "text_tokens": 300}}
    body = {"prompt_tokens": 1000, "completion_tokens": 0, "prompt_tokens_details": details}
    assert price(card, body).cost == Decimal("0.0004") + Decimal("0.00006") + Decimal("0.00004") + Decimal("0.0006")


def test_tool_use_prompt_tokens_are_billed():
    # Gemini: 209 prompt + 286 of tool results, 206 candidates + 131 thoughts
    body = {"promptTokenCount": 209, "toolUsePromptTokenCount": 286, "candidatesTokenCount": 206, "thoughtsTokenCount": 131, "totalTokenCount": 832}
    assert price({"prompt": "0.00000125", "completion": "0.00001"}, body).cost == Decimal("0.00398875")


def test_an_off_peak_window_crosses_midnight():
    card = {"prompt": "0.00000027", "completion": 0, "overrides": [{"utc_start": 1630, "utc_end": 30, "prompt": "0.000000135"}]}
    body = {"prompt_tokens": 100_000_000, "completion_tokens": 0}
    costs = [price(card, body, time_utc=f"2025-06-02T{time}:00Z").cost for time in ("16:29", "16:30", "23:59", "00:00", "00:29", "00:30")]
    assert costs == [27, Decimal("13.5"), Decimal("13.5"), Decimal("13.5"), Decimal("13.5"), 27]


def test_reasoning_tokens_inside_the_completion_are_not_added_to_it():
    body = {"prompt_tokens": 17, "completion_tokens": 977, "completion_tokens_details": {"reasoning_tokens": 768}}
    assert price({"prompt": "0.00000005", "completion": "0.0000004"}, body).cost == Decimal("0.00039165")


def test_reasoning_tokens_beside_the_completion_are_not_lost():
    body = {"prompt_tokens": 32, "completion_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 226}}
    card = {"prompt": "0", "completion": "0.0000005"}
    assert price(card, body, format="xai_chat").cost == 235 * Decimal("0.0000005")


def test_text_that_the_details_understate_is_billed_by_the_total():
    body = {"prompt_tokens": 0, "completion_tokens": 100, "completion_tokens_details": {"reasoning_tokens": 20, "text_tokens": 17}}
    assert price({"completion": "0.000002", "internal_reasoning": "0.000004"}, body).cost == 80 * Decimal("0.000002") + 20 * Decimal("0.000004")


def test_a_price_of_zero_is_a_price_and_not_a_missing_one():
    card = {"prompt": "0.000001", "completion": "0", "input_cache_read": "0"}
    body = {"prompt_tokens": 1000, "completion_tokens": 500, "prompt_tokens_details": {"cached_tokens": 1000}}
    assert price(card, body).cost == 0


def test_a_byok_charge_never_adds_the_providers_bill_to_the_fee():
    body = {"prompt_tokens": 1000, "completion_tokens": 0}
    assert price(CLAUDE, body, is_byok=True, byok_fee_rate="0.05").cost == Decimal("0.00015")


def test_prices_written_as_text_are_not_read_as_binary_floats():
    body = {"prompt_tokens": 3, "completion_tokens": 0}
    assert price({"prompt": "0.1"}, body).cost == Decimal("0.3")
    tenth = 0.1
    assert 3 * tenth != 0.3


def test_a_misspelt_condition_does_not_make_a_card_unconditional():
    faults = []
    Pricing.parse({"prompt": 1, "overrides": [{"min_prompt_token": 200_000, "prompt": 2}]}, faults=faults)
    assert [fault.path for fault in faults] == ["pricing.overrides[0].min_prompt_token"]
