"""The laws of costs, on random price lists and usages. Each test is one law."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from routecore.catalog.catalog import Catalog
from routecore.cost.calculate import calculate_cost
from routecore.cost.log import price_log
from routecore.cost.log_totals import LogTotals
from routecore.cost.table import CostTable
from routecore.errors import UnpricedUsage
from routecore.pricing.price_list import Pricing
from routecore.usage.counts import Usage
from routecore.wire.cost_case import cost_case
from tests.cost.cost_cards import COUNTS, TOKENS, Literal, contexts, price_lists, usages

reasons = st.sampled_from([None, "", " ", "stop", "length", "error", " Error", "tool_calls", "content_filter", "end_turn"])
relaxed = settings(deadline=None)


def total(numbers):
    with localcontext() as context:
        context.prec = 2000
        return sum(numbers, Decimal(0))


@relaxed
@given(price_lists(), usages, contexts())
def test_the_items_add_up_to_the_list_cost_exactly(card, usage, context):
    breakdown = calculate_cost(card, usage, finish_reason="stop", context=context)
    answer = breakdown.to_dict()
    details = answer["cost_details"]
    skipped = {"prompt_cache_write_5_min", "prompt_cache_write_1_h", "discount_rate", "is_byok", "byok_cost"}
    items = [Decimal(value) for key, value in details.items() if key not in skipped] + [Decimal(answer["request_cost"])]
    assert total(items) == Decimal(answer["list_cost"]) == breakdown.list_cost
    assert total(line.amount for line in breakdown.lines) == breakdown.list_cost


@relaxed
@given(price_lists(complete=False), usages, contexts(), reasons)
def test_the_wires_text_says_what_the_properties_say(card, usage, context, reason):
    try:
        breakdown = calculate_cost(card, usage, finish_reason=reason, context=context)
    except UnpricedUsage:
        return
    answer = breakdown.to_dict()
    details = answer["cost_details"]
    for name in ("cost", "list_cost", "discounted_cost", "uncached_list_cost", "cache_savings", "upstream_cost"):
        assert (None if answer[name] is None else Decimal(answer[name])) == getattr(breakdown, name)
    for name in ("prompt_cost", "prompt_cache_write_cost", "image_cost", "tools_cost"):
        assert Decimal(details[name]) == breakdown.item(name)
    assert (Decimal(details["byok_cost"]), Decimal(details["discount_rate"])) == (breakdown.byok_cost, breakdown.discount_rate)
    assert (details["is_byok"], answer["insured"], tuple(answer["cards"])) == (breakdown.is_byok, breakdown.insured, breakdown.cards)


@relaxed
@given(price_lists(complete=False), usages, contexts())
def test_the_list_cost_is_that_of_the_rules_read_literally(card, usage, context):
    instant = None if context["time_utc"] is None else datetime.fromisoformat(context["time_utc"])
    want = Literal(card, context["served_tier"], usage.prompt_tokens, instant).list_cost(usage, context["region_multiplier"])
    try:
        got = Fraction(calculate_cost(card, usage, finish_reason="stop", context=context).list_cost)
    except UnpricedUsage:
        got = None
    assert got == want


@relaxed
@given(price_lists(), usages, contexts(), reasons)
def test_the_charge_is_never_more_than_the_list_cost_nor_negative(card, usage, context, reason):
    breakdown = calculate_cost(card, usage, finish_reason=reason, context=context)
    assert 0 <= breakdown.cost <= breakdown.list_cost
    assert breakdown.discounted_cost <= breakdown.upstream_cost <= breakdown.list_cost


@relaxed
@given(price_lists(), usages, st.sampled_from(COUNTS), st.integers(1, 1000))
def test_the_cost_is_monotone_in_every_count_within_a_tier(card, usage, name, more):
    pricing = Pricing.parse({**card, "overrides": []})
    # an image reported as tokens is not billed by number any more: that is no growth of one count
    assume(not ((name in {"image", "cached_image"} and usage.images) or (name == "image_out" and usage.images_out)))
    larger = usage._replace(**{name: getattr(usage, name) + more})
    assert calculate_cost(pricing, larger, finish_reason="stop").list_cost >= calculate_cost(pricing, usage, finish_reason="stop").list_cost


@relaxed
@given(price_lists(), usages, contexts(), st.integers(0, 10**7))
def test_more_cached_tokens_never_cost_more_where_reads_are_cheaper(card, usage, context, moved):
    moved = min(moved, usage.text)
    warmer = usage._replace(text=usage.text - moved, cached=usage.cached + moved)
    cold = calculate_cost(card, usage, finish_reason="stop", context=context)
    assume(cold.rates.input_cache_read <= cold.rates.prompt)
    assert calculate_cost(card, warmer, finish_reason="stop", context=context).list_cost <= cold.list_cost


@relaxed
@given(price_lists(), usages, contexts(), reasons)
def test_a_response_is_insured_exactly_when_the_rule_says_so(card, usage, context, reason):
    output = any(getattr(usage, name) for name in ("text_out", "reasoning", "audio_out", "image_out", "video_out", "images_out"))
    word = (reason or "").strip().lower()
    expected = context["kind"] == "generation" and (word == "error" or (not output and not word))
    breakdown = calculate_cost(card, usage, finish_reason=reason, context=context)
    assert breakdown.insured == expected
    assert not (breakdown.insured and breakdown.cost)


@relaxed
@given(price_lists(), usages, contexts())
def test_the_display_tiers_differ_by_the_cache_and_the_discount_alone(card, usage, context):
    breakdown = calculate_cost(card, usage, finish_reason="stop", context=context)
    flat = usage._replace(
        text=usage.text + usage.cached + usage.cached_explicit + usage.written_5m + usage.written_1h, cached=0, cached_explicit=0, written_5m=0, written_1h=0,
        audio=usage.audio + usage.cached_audio, cached_audio=0, image=usage.image + usage.cached_image, cached_image=0,
    )  # fmt: skip
    assert breakdown.uncached_list_cost == calculate_cost(card, flat, finish_reason="stop", context=context).list_cost
    assert total([breakdown.list_cost, breakdown.cache_savings]) == breakdown.uncached_list_cost
    with localcontext() as wide:
        wide.prec = 2000
        assert breakdown.discounted_cost == breakdown.list_cost * breakdown.discount_rate


@relaxed
@given(price_lists(), st.integers(0, 100), st.integers(0, 100), st.integers(0, 100))
def test_ranking_and_billing_share_one_price(card, prompt, completion, cached):
    cached = min(cached, prompt)
    quote = Pricing.parse(card).quote_femtodollars(prompt, completion, cached)
    billed = calculate_cost(card, Usage(text=prompt - cached, cached=cached, text_out=completion), finish_reason="stop").upstream_cost
    assert Fraction(quote) == Fraction(billed) * 10**15


@relaxed
@given(price_lists(complete=False))
def test_a_price_list_survives_the_wire(card):
    pricing = Pricing.parse(card)
    twin = Pricing.parse(pricing.to_mapping())
    assert twin == pricing
    assert twin.to_mapping() == pricing.to_mapping()


@relaxed
@given(st.data())
def test_the_table_equals_the_scalar_path(data):
    cards = [Pricing.parse(card) for card in data.draw(st.lists(price_lists(), min_size=1, max_size=4))]
    rows = data.draw(st.lists(st.tuples(st.integers(0, len(cards) - 1), usages, st.integers(0, 4 * 10**9), st.booleans()), max_size=8))
    # the table has no columns for which the count by number depends on another one
    rows = [(index, usage._replace(images=0, images_out=0), now, insured) for index, usage, now, insured in rows]
    tier = data.draw(st.sampled_from(["default", "batch", "flex"]))
    region = data.draw(st.sampled_from(["1", "1.1"]))
    table = CostTable(cards, tier=tier, region_multiplier=region)
    index = np.array([row[0] for row in rows], np.int64)
    columns = {name: np.array([getattr(row[1], name) for row in rows], np.int64) for name in COUNTS}
    now, insured = np.array([row[2] for row in rows], np.float64), np.array([row[3] for row in rows], np.bool_)
    exact = []
    for number, usage, second, covered in rows:
        moment = datetime.fromtimestamp(second, tz=None).astimezone().isoformat()
        context = {"served_tier": tier, "region_multiplier": region, "time_utc": moment, "discount_rate": "0.9"}
        exact.append(Decimal(0) if covered else calculate_cost(cards[number], usage, finish_reason="stop", context=context).cost)
    costs = table.costs(index, columns, now=now, insured=insured, discount_rate="0.9")
    np.testing.assert_allclose(costs, [float(cost) for cost in exact], rtol=1e-9, atol=0)
    assert table.total(index, columns, now=now, insured=insured, discount_rate="0.9") == total(exact)


CATALOG = Catalog.from_mapping({
    "endpoints": [
        {"model": "a/b", "provider": "p", "pricing": {"prompt": "1e-15", "completion": "0.000002", "cache_read_multiplier": "0.123", "discount": "0.07"}},
        {"model": "a/b", "provider": "q", "pricing": {"prompt": "0.000001"}},
        {"model": "a/c", "provider": "p", "pricing": {"prompt": "0.0000031", "completion": "0.7", "overrides": [{"min_prompt_tokens": 9, "prompt_multiplier": 2}]}},
    ]
})  # fmt: skip
log_rows = st.fixed_dictionaries({
    "endpoint": st.sampled_from(["a/b@p", "a/b@q", "a/c@p", "z"]),
    "usage": st.fixed_dictionaries({"prompt_tokens": st.integers(-1, 50), "completion_tokens": st.integers(0, 5)}),
    "finish_reason": st.sampled_from(["stop", None]),
})  # fmt: skip


@relaxed
@given(st.lists(log_rows, max_size=12), st.randoms(use_true_random=False), st.integers(0, 12))
def test_the_total_of_a_log_is_the_sum_of_its_rows_in_any_order_and_partition(rows, random, cut):
    def totals(priced):
        found = LogTotals()
        for row in priced:
            found.add(row)
        return found

    priced = list(price_log(rows, CATALOG))
    whole = totals(priced)
    charged = [row.breakdown.cost for row in priced if hasattr(row, "breakdown")]
    assert whole.cost == total(charged)
    shuffled = list(priced)
    random.shuffle(shuffled)
    left, right = totals(shuffled[:cut]), totals(shuffled[cut:])
    assert left.merge(right) == right.merge(left) == LogTotals().merge(whole)
    assert whole.requests + len(whole.unpriceable) == len(rows)


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=4), st.sampled_from(["0.1", "stop", "1h"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["prompt", "overrides", "prompt_tokens", "cached_tokens", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@relaxed
@given(st.dictionaries(st.sampled_from(["pricing", "usage", "usage_format", "finish_reason", "context"]), json_values))
def test_every_case_is_answered(case):
    answer = cost_case(case)
    assert "cost" in answer or answer["error"]["type"] in {"invalid_pricing", "invalid_usage", "invalid_request", "unpriced_usage"}


def test_every_token_class_is_priced_by_the_literal_reading_too():
    assert len(TOKENS) == 14
