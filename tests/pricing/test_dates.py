"""Prices with a date, prices of regions, units beyond tokens, a second price for cache reads, and reasoning that is priced like the completion."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routecore import CostTable, InvalidPricing, Pricing, UnpricedUsage, Usage, calculate_cost
from routecore.pricing.instants import instant_at, moment_text, read_moment

BASE = {"prompt": "0.000008", "completion": "0.00002"}


def cost(card, usage, at=None, **context):
    return calculate_cost(card, usage, finish_reason="stop", context={"time_utc": at, **context})


@pytest.mark.parametrize(
    ("bounds", "at", "holds"),
    [
        ({"until": "2026-08-21"}, "2026-08-20T23:59:59.999999Z", True),
        ({"until": "2026-08-21"}, "2026-08-21T00:00:00Z", False),
        ({"from": "2026-08-21"}, "2026-08-21T00:00:00Z", True),
        ({"from": "2026-08-21T12:00:00+02:00"}, "2026-08-21T09:59:59Z", False),
        ({"from": "2026-08-21T12:00:00+02:00"}, "2026-08-21T10:00:00Z", True),
        ({"from": "2026-01-01", "until": "2026-02-01"}, "2026-01-31T23:59:00Z", True),
        ({"from": "2026-01-01", "until": "2026-02-01"}, "2026-02-01T00:00:00Z", False),
        ({"from": "2026-01-01", "weekdays": [1]}, "2026-08-24T00:00:00Z", True),
        ({"from": "2026-01-01", "weekdays": [1]}, "2026-08-25T00:00:00Z", False),
    ],
)
def test_a_card_holds_from_its_date_until_its_date_half_open(bounds, at, holds):
    card = {**BASE, "overrides": [{**bounds, "prompt": "0.000001"}]}
    assert cost(card, {"prompt_tokens": 1000, "completion_tokens": 0}, at).cost == Decimal("0.001" if holds else "0.008")
    assert Pricing.parse(Pricing.parse(card).to_mapping()) == Pricing.parse(card)


def test_without_a_time_a_dated_card_does_not_hold_and_that_is_told():
    breakdown = cost({**BASE, "overrides": [{"until": "2026-08-21", "prompt": "0.000001"}]}, {"prompt_tokens": 1000, "completion_tokens": 0})
    assert (breakdown.cost, [odd.code for odd in breakdown.anomalies]) == (Decimal("0.008"), ["time_unknown"])


@pytest.mark.parametrize("bad", ["2026-13-01", "20260821", "2026-08-21T25:00Z", "soon", 20260821, True, ["2026-08-21"], "2026-W30-1", "0000-01-01", ""])
def test_a_bound_that_is_no_date_is_a_fault(bad):
    with pytest.raises(InvalidPricing, match="from"):
        Pricing.parse({**BASE, "overrides": [{"from": bad, "prompt": "0.1"}]})


def test_a_card_that_ends_before_it_begins_is_a_fault():
    with pytest.raises(InvalidPricing, match="a moment after 'from'"):
        Pricing.parse({**BASE, "overrides": [{"from": "2026-02-01", "until": "2026-02-01T00:00:00Z", "prompt": "0.1"}]})


@pytest.mark.laws
@given(st.datetimes())
def test_a_moment_survives_being_spelt_and_read(moment):
    text = moment.isoformat() + "Z"
    assert read_moment(moment_text(read_moment(text))) == read_moment(text)


@pytest.mark.laws
@given(
    st.lists(st.integers(0, 5 * 86_400), min_size=1, max_size=40),
    st.lists(st.sampled_from(["from", "until", "both", "night", "long"]), min_size=1, max_size=5),
    st.integers(0, 3),
)
def test_a_table_prices_dated_cards_as_the_calculator_does(times, kinds, shift):
    start = 1_787_270_400  # 2026-08-21
    cards = {
        "from": {"from": "2026-08-22", "prompt": "0.000001"}, "until": {"until": f"2026-08-2{2 + shift}", "completion": "0.000003"},
        "both": {"from": "2026-08-21T06:00:00Z", "until": "2026-08-24T18:00:30Z", "prompt_multiplier": 3}, "night": {"utc_start": 2200, "utc_end": 400, "prompt": "0.00001"},
        "long": {"min_prompt_tokens": 500, "completion_multiplier": 2},
    }  # fmt: skip
    pricing = Pricing.parse({**BASE, "overrides": [cards[kind] for kind in kinds]})
    counts = [(index * 97) % 1000 for index in range(len(times))]
    now = [start + one for one in times]
    batch = CostTable([pricing]).costs([0] * len(times), {"text": counts, "text_out": [7] * len(times)}, now=now)
    for place, (count, at) in enumerate(zip(counts, now, strict=True)):
        rates = pricing.ladder_of_default().rates(count, instant_at(at))
        want = Decimal(count * rates.prompt + 7 * rates.completion) / Decimal(10) ** rates.places
        assert batch[place] == pytest.approx(float(want), rel=1e-9)


@pytest.mark.parametrize(
    ("key", "usage"),
    [
        ("second_in", {"second_in": 30}),
        ("second_out", {"second_out": 30}),
        ("character_in", {"character_in": 30}),
        ("character_out", {"character_out": 30}),
        ("page", {"page": 30}),
    ],
)
def test_a_unit_beside_tokens_has_a_price_and_a_count_of_its_name(key, usage):
    breakdown = cost({key: "0.0003"}, usage)
    assert (breakdown.cost, [(line.count, line.unit, line.source) for line in breakdown.lines]) == (Decimal("0.009"), [(30, key.partition("_")[0], key)])
    table = CostTable([Pricing.parse({key: "0.0003"})])
    assert table.total([0], {key: [30]}) == Decimal("0.009")
    # no tier, region or long context touches it
    card = {**BASE, key: "0.0003", "batch_multiplier": "0.5", "overrides": [{"prompt_multiplier": 2, "completion_multiplier": 2}]}
    assert cost(card, usage, served_tier="batch", region_multiplier="1.5").cost == Decimal("0.009")


def test_seconds_without_a_price_are_refused_where_they_are_all_there_is_and_told_beside_tokens():
    with pytest.raises(UnpricedUsage, match=r"30 seconds were used but pricing\.second_in is not known"):
        cost(BASE, {"second_in": 30})
    breakdown = cost(BASE, {"prompt_tokens": 1000, "completion_tokens": 0, "prompt_audio_seconds": 30})
    assert (breakdown.cost, [(odd.code, odd.path) for odd in breakdown.anomalies]) == (Decimal("0.008"), [("unpriced_units", "pricing.second_in")])
    table = CostTable([Pricing.parse(BASE)])
    alone, beside = table.costs([0, 0], {"second_in": [30, 30], "text": [0, 1000]}).tolist()
    assert alone != alone  # noqa: PLR0124 - NaN
    assert beside == pytest.approx(0.008)


def test_a_cache_made_on_purpose_has_a_price_of_its_own():
    usage = {"prompt_tokens": 1000, "completion_tokens": 0, "prompt_tokens_details": {"cached_tokens": 800, "cache_type": "ephemeral"}}
    card = {**BASE, "input_cache_read": "0.0000016"}
    assert cost({**card, "input_cache_read_explicit": "0.0000008"}, usage).item("prompt_cache_read_cost") == Decimal("0.00064")
    assert cost(card, usage).item("prompt_cache_read_cost") == Decimal("0.00128")
    assert cost(BASE, usage).item("prompt_cache_read_cost") == Decimal("0.0064")
    del usage["prompt_tokens_details"]["cache_type"]
    assert cost({**card, "input_cache_read_explicit": "0.0000008"}, usage).item("prompt_cache_read_cost") == Decimal("0.00128")


THINKING = Usage(text_out=100, reasoning=1000)


@pytest.mark.parametrize(
    ("card", "tier", "total"),
    [
        ({"completion": "0.00001", "internal_reasoning": "0.00001", "variants": {"flex": {"completion": "0.000005"}}}, "flex", "0.0055"),
        ({"completion": "0.00001", "internal_reasoning": "0.00001", "overrides": [{"completion": "0.000005"}]}, "default", "0.0055"),
        ({"completion": "0.00001", "internal_reasoning": "0.00001", "overrides": [{"completion_multiplier": 2}]}, "default", "0.022"),
        ({"completion": "0.00001", "internal_reasoning": "0.00001"}, "default", "0.011"),
        ({"completion": "0.00001", "internal_reasoning": "0.00003", "variants": {"flex": {"completion": "0.000005"}}}, "flex", "0.0305"),
        (
            {"completion": "0.00001", "internal_reasoning": "0.00003", "overrides": [{"completion": "0.000005", "internal_reasoning": "0.000005"}]},
            "default",
            "0.0055",
        ),
        ({"completion": "0.00001", "overrides": [{"internal_reasoning": "0.00003"}]}, "default", "0.031"),
    ],
)
def test_reasoning_priced_like_the_completion_of_its_card_is_priced_with_the_completion(card, tier, total):
    assert cost({"prompt": "0", **card}, THINKING, served_tier=tier).cost == Decimal(total)


@pytest.mark.parametrize(("regions", "path"), [([], ""), ({"us": "x"}, ".us"), ({"us": -1}, ".us"), ({"": 1}, ".")])
def test_region_multipliers_are_an_object_of_rates(regions, path):
    with pytest.raises(InvalidPricing) as caught:
        Pricing.parse({**BASE, "region_multipliers": regions})
    assert caught.value.faults[0].path == f"pricing.region_multipliers{path}"


def test_region_multipliers_survive_being_written_out_and_tell_price_lists_apart():
    one = Pricing.parse({**BASE, "region_multipliers": {"US": "1.1"}})
    assert one.to_mapping()["region_multipliers"] == {"us": "1.1"}
    assert Pricing.parse(one.to_mapping()) == one != Pricing.parse(BASE)
