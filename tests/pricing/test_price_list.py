"""Price lists: what they refuse, which cards hold, what a card does to a price it does not name."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from routecore.errors import InvalidPricing
from routecore.pricing.classes import PRICES
from routecore.pricing.price_list import Pricing, expected_price

SONNET = {
    "prompt": "0.000003",
    "completion": "0.000015",
    "overrides": [{"min_prompt_tokens": 200_000, "prompt_multiplier": 2, "completion_multiplier": "1.5"}],
}


def rates(card, read=0, *, tier="default", at=None):
    """The active rates in USD, by price name."""
    row = Pricing.parse(card).ladder(tier).rates(read, at)
    return {name: Decimal(value) / Decimal(10) ** row.places for name in PRICES if (value := getattr(row, name)) is not None}


@pytest.mark.parametrize(
    ("card", "path"),
    [
        (None, "pricing"),
        ([], "pricing"),
        ("0.1", "pricing"),
        ({"promt": "0.1"}, "pricing.promt"),
        ({"promt": None}, "pricing.promt"),
        ({1: "0.1"}, "pricing.<int>"),
        ({"prompt": "-1"}, "pricing.prompt"),
        ({"prompt": True}, "pricing.prompt"),
        ({"prompt": float("nan")}, "pricing.prompt"),
        ({"prompt": "1e-16"}, "pricing.prompt"),
        ({"image": {"a": 1}}, "pricing.image"),
        ({"discount": "1.01"}, "pricing.discount"),
        ({"discount": "-0.1"}, "pricing.discount"),
        ({"prompt_multiplier": 2}, "pricing.prompt_multiplier"),
        ({"cache_read_multiplier": "x"}, "pricing.cache_read_multiplier"),
        ({"batch_multiplier": False}, "pricing.batch_multiplier"),
        ({"overrides": {}}, "pricing.overrides"),
        ({"overrides": [7]}, "pricing.overrides[0]"),
        ({"overrides": [{}, {"min_promt_tokens": 1}]}, "pricing.overrides[1].min_promt_tokens"),
        ({"overrides": [{"min_prompt_tokens": -1}]}, "pricing.overrides[0].min_prompt_tokens"),
        ({"overrides": [{"min_prompt_tokens": 1.5}]}, "pricing.overrides[0].min_prompt_tokens"),
        ({"overrides": [{"inclusive": 1}]}, "pricing.overrides[0].inclusive"),
        ({"overrides": [{"utc_start": 2400}]}, "pricing.overrides[0].utc_start"),
        ({"overrides": [{"utc_start": 1260}]}, "pricing.overrides[0].utc_start"),
        ({"overrides": [{"utc_end": "24:00"}]}, "pricing.overrides[0].utc_end"),
        ({"overrides": [{"utc_end": "٠٠٣٠"}]}, "pricing.overrides[0].utc_end"),
        ({"overrides": [{"weekdays": [0]}]}, "pricing.overrides[0].weekdays"),
        ({"overrides": [{"weekdays": [True]}]}, "pricing.overrides[0].weekdays"),
        ({"overrides": [{"weekdays": "1"}]}, "pricing.overrides[0].weekdays"),
        ({"overrides": [{"discount": "0.1"}]}, "pricing.overrides[0].discount"),
        ({"variants": []}, "pricing.variants"),
        ({"variants": {"turbo": {}}}, "pricing.variants.turbo"),
        ({"variants": {"flex": 1}}, "pricing.variants.flex"),
        ({"variants": {"flex": {"min_prompt_tokens": 1}}}, "pricing.variants.flex.min_prompt_tokens"),
        ({"variants": {"flex": {"overrides": [{"x": 1}]}}}, "pricing.variants.flex.overrides[0].x"),
    ],
)
def test_what_is_wrong_with_a_price_list_is_named_by_its_path(card, path):
    with pytest.raises(InvalidPricing) as caught:
        Pricing.parse(card)
    assert caught.value.param == path


def test_all_faults_of_a_price_list_are_raised_at_once():
    with pytest.raises(InvalidPricing) as caught:
        Pricing.parse({"prompt": "x", "completion": -1, "typo": 1, "overrides": [{"typo": 1}]})
    assert [fault.path for fault in caught.value.faults] == ["pricing.prompt", "pricing.completion", "pricing.typo", "pricing.overrides[0].typo"]


def test_null_is_a_missing_price_and_zero_is_a_price():
    card = Pricing.parse({"prompt": None, "completion": 0, "overrides": None, "variants": None, "discount": None})
    assert (card.prompt, card.completion) == (None, 0)


def test_a_missing_cache_price_is_the_active_prompt_price():
    assert rates(SONNET, 200_001)["input_cache_read"] == Decimal("0.000006") == rates(SONNET, 200_001)["input_cache_write_1h"]


def test_a_missing_one_hour_write_price_is_the_five_minute_one():
    assert rates({"prompt": "0.000001", "input_cache_write": "0.00000125"})["input_cache_write_1h"] == Decimal("0.00000125")


def test_cached_audio_and_image_without_a_price_are_read_at_the_cache_price():
    found = rates({"prompt": "0.000001", "input_cache_read": "0.0000001", "audio": "0.000003", "image_token": "0.000002"})
    assert found["input_audio_cache"] == found["input_image_cache"] == Decimal("0.0000001")


@pytest.mark.parametrize(("read", "price"), [(200_000, "0.000003"), (200_001, "0.000006")])
def test_the_threshold_is_strict(read, price):
    assert rates(SONNET, read)["prompt"] == Decimal(price)


@pytest.mark.parametrize(("read", "price"), [(199_999, "0.000003"), (200_000, "0.000006")])
def test_an_inclusive_threshold_holds_at_its_own_count(read, price):
    card = {**SONNET, "overrides": [{"min_prompt_tokens": 200_000, "inclusive": True, "prompt_multiplier": 2}]}
    assert rates(card, read)["prompt"] == Decimal(price)


def test_cache_multipliers_stack_with_the_long_context_card():
    card = {**SONNET, "cache_read_multiplier": "0.1", "cache_write_multiplier": "1.25", "cache_write_1h_multiplier": 2}
    found = rates(card, 300_000)
    assert (found["input_cache_read"], found["input_cache_write"], found["input_cache_write_1h"]) == tuple(
        Decimal(price) for price in ("0.0000006", "0.0000075", "0.000012")
    )


def test_a_prompt_multiplier_spares_what_the_same_or_a_later_card_names():
    card = {
        "prompt": "0.000001",
        "input_cache_read": "0.0000001",
        "audio": "0.000002",
        "overrides": [{"prompt_multiplier": 2, "input_cache_read": "0.0000005"}, {"audio": "0.000009"}],
    }
    found = rates(card)
    assert (found["prompt"], found["input_cache_read"], found["audio"]) == (Decimal("0.000002"), Decimal("0.0000005"), Decimal("0.000009"))


def test_two_multipliers_of_one_class_do_not_stack():
    card = {"prompt": "0.000001", "overrides": [{"prompt_multiplier": 2}, {"min_prompt_tokens": 10, "prompt_multiplier": 3}]}
    assert rates(card, 11)["prompt"] == Decimal("0.000003")


def test_of_a_price_and_a_multiplier_the_later_card_wins():
    first_price = {"prompt": "0.000001", "overrides": [{"prompt": "0.000005"}, {"prompt_multiplier": 2}]}
    first_multiplier = {"prompt": "0.000001", "overrides": [{"prompt_multiplier": 2}, {"prompt": "0.000005"}]}
    assert rates(first_price)["prompt"] == Decimal("0.000002")
    assert rates(first_multiplier)["prompt"] == Decimal("0.000005")


def test_a_later_cache_multiplier_wins_over_an_earlier_cache_price_and_moves_with_the_prompt():
    card = {
        "prompt": "0.000001",
        "input_cache_read": "0.0000009",
        "overrides": [{"input_cache_read": "0.0000005"}, {"cache_read_multiplier": "0.2"}, {"min_prompt_tokens": 9, "prompt_multiplier": 2}],
    }
    assert rates(card)["input_cache_read"] == Decimal("0.0000002")
    assert rates(card, 10)["input_cache_read"] == Decimal("0.0000004")


def test_in_one_card_the_price_wins_over_the_multiplier():
    card = {
        "prompt": "0.000001",
        "cache_read_multiplier": "0.9",
        "input_cache_read": "0.0000001",
        "overrides": [{"prompt": "0.000003", "prompt_multiplier": 9}],
    }
    found = rates(card)
    assert (found["prompt"], found["input_cache_read"]) == (Decimal("0.000003"), Decimal("0.0000009"))


def test_a_completion_multiplier_moves_reasoning_and_modalities_but_no_input():
    card = {
        "prompt": "0.000001",
        "completion": "0.000002",
        "internal_reasoning": "0.000003",
        "image_output_token": "0.000004",
        "overrides": [{"completion_multiplier": 2}],
    }
    found = rates(card)
    assert (found["prompt"], found["completion"], found["internal_reasoning"], found["image_output_token"], found["audio_output"]) == tuple(
        Decimal(price) for price in ("0.000001", "0.000004", "0.000006", "0.000008", "0.000004")
    )


def test_multipliers_leave_requests_images_searches_and_tools_alone():
    card = {"request": "0.01", "image": "0.02", "web_search": "0.03", "tool_call": "0.04", "overrides": [{"prompt_multiplier": 5, "completion_multiplier": 5}]}
    found = rates(card)
    assert [found[name] for name in ("request", "image", "web_search", "tool_call")] == [Decimal(price) for price in ("0.01", "0.02", "0.03", "0.04")]


def test_a_multiplier_may_make_a_price_finer_than_a_femtodollar_and_it_stays_exact():
    assert rates({"prompt": "1e-15", "cache_read_multiplier": "0.1"})["input_cache_read"] == Decimal("1e-16")


def test_a_variants_named_price_wins_over_the_standing_overrides():
    card = {**SONNET, "variants": {"flex": {"prompt": "0.000001"}}}
    found = rates(card, 300_000, tier="flex")
    assert (found["prompt"], found["completion"]) == (Decimal("0.000001"), Decimal("0.0000225"))


def test_a_variants_own_overrides_replace_the_standing_ones_and_multiply_its_prices():
    card = {**SONNET, "variants": {"flex": {"prompt": "0.000001", "overrides": [{"min_prompt_tokens": 100, "prompt_multiplier": 3}]}}}
    found = rates(card, 300_000, tier="flex")
    assert (found["prompt"], found["completion"]) == (Decimal("0.000003"), Decimal("0.000015"))


def test_a_price_missing_in_a_variant_is_the_standard_one():
    assert rates({"prompt": "0.000001", "completion": "0.000002", "variants": {"batch": {"prompt": "0.0000005"}}}, tier="batch")["completion"] == Decimal(
        "0.000002"
    )


def test_the_batch_multiplier_halves_tokens_only_and_only_without_a_batch_card():
    card = {**SONNET, "request": "0.01", "batch_multiplier": "0.5"}
    assert rates(card, 300_000, tier="batch")["prompt"] == Decimal("0.000003")
    assert rates(card, tier="batch")["request"] == Decimal("0.01")
    assert rates({**card, "variants": {"batch": {"prompt": "0.000002"}}}, tier="batch")["completion"] == Decimal("0.000015")
    assert rates(card, tier="flex")["prompt"] == Decimal("0.000003")


@pytest.mark.parametrize("empty", [{}, None, {"prompt": None}, {"overrides": []}])
def test_an_empty_card_of_a_tier_is_none_and_an_empty_list_of_its_cards_too(empty):
    card = {**SONNET, "batch_multiplier": "0.5", "variants": {"batch": empty, "flex": {"completion": "0.000001", "overrides": []}}}
    assert rates(card, 300_000, tier="batch")["prompt"] == Decimal("0.000003")
    assert rates(card, 300_000, tier="flex")["prompt"] == Decimal("0.000006")


@pytest.mark.parametrize(
    ("window", "inside", "outside"),
    [
        ({"utc_start": 900, "utc_end": 1700}, [540, 1019], [539, 1020]),
        ({"utc_start": "1630", "utc_end": 30}, [990, 1439, 0, 29], [989, 30]),
        ({"utc_start": 1000, "utc_end": 0}, [600, 1439], [599, 0]),
        ({"utc_start": 1000}, [600, 1439], [599, 0]),
        ({"utc_end": 1000}, [0, 599], [600, 1439]),
        ({"utc_start": 1200, "utc_end": 1200}, [0, 719, 720, 1439], []),
        ({"utc_start": 0, "utc_end": 0}, [0, 1439], []),
    ],
)
def test_windows_are_half_open_and_may_wrap_midnight(window, inside, outside):
    card = {"prompt": "0.000002", "overrides": [{**window, "prompt": "0.000001"}]}
    assert [rates(card, at=(minute, 3))["prompt"] for minute in inside] == [Decimal("0.000001")] * len(inside)
    assert [rates(card, at=(minute, 3))["prompt"] for minute in outside] == [Decimal("0.000002")] * len(outside)


def test_the_weekday_is_that_of_the_instant_also_past_midnight():
    card = {"prompt": "0.000002", "overrides": [{"utc_start": 2200, "utc_end": 600, "weekdays": [5], "prompt": "0.000001"}]}
    assert rates(card, at=(60, 5))["prompt"] == Decimal("0.000001")
    assert rates(card, at=(60, 6))["prompt"] == Decimal("0.000002")


def test_without_a_time_a_timed_card_does_not_hold():
    assert rates({"prompt": "0.000002", "overrides": [{"utc_start": 0, "utc_end": 0, "prompt": "0.000001"}]})["prompt"] == Decimal("0.000002")


def test_price_lists_are_equal_by_value_survive_the_wire_pickle_and_copy():
    card = {
        **SONNET,
        "discount": 0.25,
        "batch_multiplier": "0.50",
        "cache_read_multiplier": "0.1",
        "variants": {"flex": {"prompt": "1e-7", "overrides": [{"utc_start": 5, "utc_end": "0730", "weekdays": [7, 1], "prompt_multiplier": 3}]}},
    }
    pricing = Pricing.parse(card)
    pickled = pickle.loads(pickle.dumps(pricing))
    for twin in (Pricing.parse(pricing.to_mapping()), pickled, copy.deepcopy(pricing)):
        assert twin == pricing
        assert hash(twin) == hash(pricing)
    assert pricing != Pricing.parse({**card, "discount": 0.2})


def test_a_price_list_cannot_be_changed():
    pricing = Pricing.parse(SONNET)
    with pytest.raises(AttributeError):
        pricing.prompt = 0
    with pytest.raises(TypeError):
        Pricing()


def test_a_number_equal_to_a_bool_is_not_taken_from_the_texts_that_were_read():
    read = Pricing.reader(faults := [])
    assert read({"prompt": "1"}, "p").prompt == read({"prompt": 1}, "p").prompt == read({"prompt": 1.0}, "p").prompt
    assert read({"prompt": True}, "p") is None
    assert [fault.path for fault in faults] == ["p.prompt"]


def test_the_expected_price_has_the_tier_the_fee_the_cache_and_the_discount():
    card = {**SONNET, "cache_read_multiplier": "0.1", "request": "0.01", "discount": "0.5"}
    # (200,001 - 100,000) × 6e-6 + 100,000 × 6e-7 + 1,000 × 22.5e-6 + 0.01, half of it
    assert expected_price(card, 200_001, 1000, cached_tokens=100_000) == Decimal("0.346253")


def test_the_cheapest_endpoint_of_a_long_prompt_is_not_that_of_a_short_one():
    flat = {"prompt": "0.000004", "completion": "0.000015"}
    assert expected_price(SONNET, 150_000, 1000) < expected_price(flat, 150_000, 1000)
    assert expected_price(SONNET, 250_000, 1000) > expected_price(flat, 250_000, 1000)


@pytest.mark.parametrize("card", [{"prompt": "0.1"}, {"completion": "0.1"}, {}])
def test_without_a_prompt_or_a_completion_price_there_is_no_expected_price(card):
    assert expected_price(card, 0, 0) is None


def test_a_quote_knows_the_weekday_of_its_instant():
    card = {"prompt": "0.000002", "completion": "0", "overrides": [{"weekdays": [7], "prompt": "0.000001"}]}
    sunday = datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()
    quotes = [Pricing.parse(card).quote_femtodollars(1, 0, 0, sunday + day * 86_400) for day in range(7)]
    assert quotes == [10**9, *[2 * 10**9] * 6]


def test_the_expected_price_knows_the_time():
    card = {"prompt": "0.000002", "completion": "0", "overrides": [{"utc_start": 0, "utc_end": 100, "prompt": "0.000001"}]}
    at = datetime(2026, 3, 1, 0, 59, 59, tzinfo=UTC)
    assert expected_price(card, 1000, 0, time_utc=at) == Decimal("0.001")
    assert expected_price(card, 1000, 0) == Decimal("0.002")


def test_cached_tokens_beyond_the_prompt_count_as_the_prompt():
    assert expected_price({"prompt": "0.000002", "completion": "0", "input_cache_read": "0.000001"}, 10, 0, cached_tokens=99) == Decimal("0.00001")
