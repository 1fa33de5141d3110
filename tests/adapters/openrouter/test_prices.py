"""What the importer makes of a feed's prices: each claim is a row's ``pricing`` and what was said about it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routecore import CatalogError, Pricing, calculate_cost
from routecore.adapters.oddities import Oddities
from routecore.adapters.openrouter import import_endpoints
from routecore.adapters.openrouter.prices import read_pricing
from routecore.pricing.classes import PRICES
from tests.adapters.openrouter.openrouter_feeds import answer, oddities, only_row


def read(**pricing):
    """Return the prices that come over beside a plain prompt and completion, and what was noted."""
    odd = Oddities()
    read = read_pricing({"prompt": "0.000001", "completion": "0.000002", **pricing}, "row", odd, take_discount=False)
    return {key: value for key, value in read.items() if key not in {"prompt", "completion"}}, [(one.field, one.done) for one in odd.noted]


@pytest.mark.parametrize("price", ["-1", -1, -1.0, Decimal(-1), "-0.000001", "-1e-9", -5])
def test_a_negative_price_is_unknown_and_never_free(price):
    row = only_row(answer({"pricing": {"completion": price}}))
    assert "completion" not in row["pricing"]
    assert oddities(answer({"pricing": {"completion": price}})) == [("pricing.completion", price)]


@pytest.mark.parametrize("price", ["NaN", float("nan"), Decimal("sNaN"), "-abc", "-", "", "1e9", True, [], {}, "0.1.2", " 1", 10**400])
def test_what_is_no_price_is_unknown_and_not_called_negative(price):
    prices, noted = read(request=price)
    assert prices == {}
    assert noted == [("pricing.request", "no price: unknown, which is not free")]


@pytest.mark.parametrize("price", ["1e-20", "0.0000000000000004"])
def test_a_price_that_would_round_to_nothing_is_unknown_and_not_free(price):
    prices, noted = read(request=price)
    assert prices == {}
    assert [field for field, _ in noted] == ["pricing.request"]


def test_a_price_given_as_a_number_is_read_by_its_shortest_form():
    assert read(request=1e-06, image=2)[0] == {"request": "0.000001", "image": "2"}


def test_zero_prices_are_kept_and_said_but_for_the_two_that_mean_no_separate_charge():
    zero = dict.fromkeys(("request", "image", "web_search", "input_cache_read", "internal_reasoning", "input_cache_write", "input_cache_write_1h"), "0")
    prices, noted = read(**zero)
    assert set(zero) - set(prices) == {"internal_reasoning", "input_cache_write"}
    assert set(prices.values()) == {"0"}
    assert {field for field, done in noted if done == "free: kept as 0"} == {f"pricing.{key}" for key in prices}
    assert {field for field, done in noted if "no separate charge" in done} == {"pricing.internal_reasoning", "pricing.input_cache_write"}


def test_reasoning_without_a_charge_of_its_own_is_billed_as_completion_and_not_free():
    pricing = only_row(answer({"pricing": {"internal_reasoning": "0"}}))["pricing"]
    usage = {"prompt_tokens": 0, "completion_tokens": 1000, "completion_tokens_details": {"reasoning_tokens": 1000}}
    assert calculate_cost(Pricing.parse(pricing), usage, finish_reason="stop").cost == Decimal("0.002")


@pytest.mark.parametrize("key", ["prompt", "completion"])
@pytest.mark.parametrize("how", ["missing", "null"])
def test_a_missing_price_is_unknown_and_said(key, how):
    document = answer()
    pricing = document["data"]["endpoints"][0]["pricing"]
    pricing[key] = None
    if how == "missing":
        del pricing[key]
    assert key not in only_row(document)["pricing"]
    assert oddities(document) == [(f"pricing.{key}", None)]


@pytest.mark.parametrize("pricing", [None, [], "free"])
def test_no_prices_at_all_are_unknown_and_said(pricing):
    document = answer()
    document["data"]["endpoints"][0]["pricing"] = pricing
    assert "pricing" not in only_row(document)
    assert oddities(document) == [("pricing", pricing)]


def test_an_image_price_of_the_size_of_a_token_price_is_kept_and_doubted():
    assert read(image="0.000001")[1][0][0] == "pricing.image"
    assert read(image="0.005") == ({"image": "0.005"}, [])
    assert read(image_output="0.00003")[1][0][0] == "pricing.image_output"
    assert read(image_output="0.039") == ({"image_output": "0.039"}, [])


@pytest.mark.parametrize("discount", [0, 0.0, "0", None])
def test_no_discount_is_no_oddity(discount):
    assert read(discount=discount) == ({}, [])


@pytest.mark.parametrize("discount", [1.01, -0.1, "a third", True, float("nan"), []])
def test_a_discount_that_is_no_share_is_left_out_whatever_was_asked(discount):
    document = answer({"pricing": {"discount": discount}})
    assert "discount" not in only_row(document, discount="apply")["pricing"]
    assert [field for field, _ in oddities(document, discount="apply")] == ["pricing.discount"]


def test_a_discount_that_is_applied_comes_off_the_expected_price():
    document = answer({"pricing": {"discount": 0.25}})
    priced = {how: import_endpoints(document, discount=how).catalog().endpoints[0].pricing.quote_femtodollars(1000, 0) for how in ("apply", "leave out")}
    assert priced["apply"] * 4 == priced["leave out"] * 3


def test_a_conditional_card_comes_over_and_prices_a_long_prompt():
    card = {"min_prompt_tokens": 200000, "prompt": "0.000002", "completion": "0.000003"}
    row = only_row(answer({"pricing": {"overrides": [card]}}))
    assert row["pricing"]["overrides"] == [card]
    pricing = Pricing.parse(row["pricing"])
    assert pricing.quote_femtodollars(200_000, 0) == 200_000 * 10**9
    assert pricing.quote_femtodollars(200_001, 0) == 200_001 * 2 * 10**9


def test_a_card_of_some_days_and_hours_comes_over_with_iso_weekdays():
    card = {"utc_days": ["Saturday", "sunday"], "utc_start": "1630", "utc_end": "0030", "prompt": "0.0000005"}
    assert read(overrides=[card])[0]["overrides"] == [{"weekdays": [6, 7], "utc_start": "1630", "utc_end": "0030", "prompt": "0.0000005"}]


@pytest.mark.parametrize(
    "card",
    [
        {"min_prompt_tokens": "many", "prompt": "0.1"},
        {"min_tokens": 200000, "prompt": "0.1"},
        {"utc_days": ["someday"], "prompt": "0.1"},
        {"utc_days": [], "prompt": "0.1"},
        {"utc_days": "monday", "prompt": "0.1"},
        {"min_prompt_tokens": 5, "prompt": "-1"},
        {"min_prompt_tokens": 5, "prompt": "dear"},
        "0.1",
    ],
)
def test_a_card_that_cannot_be_read_whole_is_left_out_whole_and_said(card):
    good = {"min_prompt_tokens": 10, "prompt": "0.1"}
    prices, noted = read(overrides=[card, good])
    assert prices["overrides"] == [good]
    assert noted
    assert all(field.startswith("pricing.overrides[0]") for field, _ in noted)


def test_overrides_that_are_no_list_are_left_out_and_said():
    assert read(overrides={"prompt": "0.1"})[1] == [("pricing.overrides", "no list of price cards: left out")]


def test_a_zero_that_means_no_separate_charge_does_not_cost_its_card():
    assert read(overrides=[{"min_prompt_tokens": 5, "prompt": "0.1", "internal_reasoning": "0"}])[0]["overrides"] == [{"min_prompt_tokens": 5, "prompt": "0.1"}]


@pytest.mark.parametrize("option", ["discount", "negative_status", "renamed"])
def test_an_option_that_does_not_exist_is_an_error_and_not_a_default(option):
    with pytest.raises(CatalogError) as caught:
        import_endpoints(answer(), **{option: "aply"})
    assert caught.value.param == option


ANY = st.none() | st.booleans() | st.integers() | st.floats() | st.decimals() | st.text(max_size=6) | st.sampled_from(["0", "-1", "1e-30", "0.000001", "1e5"])
CARDS = st.dictionaries(
    st.sampled_from(["prompt", "completion", "min_prompt_tokens", "utc_start", "utc_days", "weekdays", "x"]), ANY | st.lists(ANY, max_size=2)
)


@given(st.dictionaries(st.sampled_from([*PRICES, "discount", "x"]), ANY, max_size=6), st.none() | st.lists(CARDS | ANY, max_size=2), st.booleans())
def test_whatever_the_prices_are_what_comes_over_is_a_price_card(pricing, overrides, take):
    """Law: the result of reading any ``pricing`` parses as a price card."""
    Pricing.parse(read_pricing({**pricing, "overrides": overrides}, "row", Oddities(), take_discount=take))


@given(st.dictionaries(st.sampled_from([*PRICES, "x", "y"]), ANY.filter(lambda value: value is not None), max_size=8))
def test_every_price_comes_over_or_is_named(pricing):
    """Law: every key of the feed's prices is in the result or in the oddities."""
    odd = Oddities()
    prices = read_pricing(pricing, "row", odd, take_discount=False)
    assert set(pricing) <= set(prices) | {one.field.removeprefix("pricing.") for one in odd.noted}
