"""The table: a million usages at once, by the same rules, with exact totals."""

from __future__ import annotations

import tracemalloc
from decimal import Decimal

import numpy as np
import pytest

from routecore.cost.table import CostTable
from routecore.errors import InvalidPricing, InvalidUsage
from routecore.pricing.price_list import Pricing

TIERED = Pricing.parse({
    "prompt": "0.000003", "completion": "0.000015", "request": "0.01",
    "overrides": [{"min_prompt_tokens": 200_000, "prompt_multiplier": 2}, {"min_prompt_tokens": 500_000, "inclusive": True, "prompt": "0.000009"}],
})  # fmt: skip
FLAT = Pricing.parse({"prompt": "0.000001", "completion": "0.000002", "discount": "0.5"})
NIGHT = Pricing.parse(
    {"prompt": 2, "completion": 0, "overrides": [{"utc_start": 2200, "utc_end": 200, "prompt": 1}, {"min_prompt_tokens": 5, "weekdays": [7], "prompt": 7}]}
)


def test_every_endpoint_has_its_own_steps_and_each_is_as_strict_as_its_card():
    table = CostTable([FLAT, TIERED])
    text = [200_001, 200_000, 200_001, 499_999, 500_000]
    costs = table.costs([0, 1, 1, 1, 1], {"text": text})
    np.testing.assert_allclose(costs, [0.1000005, 0.61, 1.210006, 3.009994, 4.51], rtol=1e-12)


def test_what_was_read_counts_for_the_step_and_output_does_not():
    table = CostTable([TIERED])
    costs = table.costs([0, 0], {"text": 1, "cached": [200_000, 0], "text_out": [0, 200_001]})
    np.testing.assert_allclose(costs, [200_001 * 6e-6 + 0.01, 3e-6 + 200_001 * 15e-6 + 0.01], rtol=1e-12)


def test_timed_cards_hold_at_their_time_and_never_without_one():
    table = CostTable([FLAT, NIGHT])
    saturday_night, sunday_noon, monday = 1772316000, 1772366400, 1772452800  # 2026-02-28 22:00, 03-01 12:00, 03-02 12:00
    index, text = [1, 1, 1, 1, 1], [3, 3, 9, 9, 3]
    now = [saturday_night, sunday_noon, sunday_noon, monday, monday]
    assert table.costs(index, {"text": text}, now=now).tolist() == [3, 6, 63, 18, 6]
    assert table.costs(index, {"text": text}).tolist() == [6, 6, 18, 18, 6]
    assert table.total(index, {"text": text}, now=now) == 96


def test_insured_rows_cost_nothing():
    table = CostTable([FLAT])
    assert table.costs([0, 0], {"text": [10, 10]}, insured=[True, False]).tolist() == [0, pytest.approx(0.000005, rel=1e-12)]
    assert table.total([0, 0], {"text": [10, 10]}, insured=[True, False]) == Decimal("0.000005")


def test_totals_are_exact_where_floats_are_not():
    table = CostTable([Pricing.parse({"prompt": "0.1", "completion": "1e-15"})])
    index = np.zeros(300_000, np.int64)
    assert table.total(index, {"text": 1, "text_out": 1}) == Decimal("30000.0000000003")
    assert table.total([0, 0], {"text": [2**62, 2**62]}) == Decimal(2**63) / 10
    assert table.totals(index[:3], {"text": 1}, discount_rate="0.333333333333333333") == [Decimal("0.0999999999999999999")]


def test_tokens_without_a_price_are_not_a_number_and_have_no_total():
    table = CostTable([Pricing.parse({"prompt": 1})])
    costs = table.costs([0, 0], {"text": [1, 1], "text_out": [0, 5]})
    assert costs[0] == 1
    assert np.isnan(costs[1])
    with pytest.raises(InvalidUsage):
        table.total([0, 0], {"text": [1, 1], "text_out": [0, 5]})


def test_no_rows_cost_nothing():
    table = CostTable([FLAT])
    assert table.costs([], {"text": []}).tolist() == []
    assert table.total([], {}) == 0
    assert len(CostTable([])) == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ([1], {"text": [1]}),
        ([-1], {"text": [1]}),
        ([0.5], {"text": [1]}),
        ([[0]], {"text": [1]}),
        ([0], {"text": [1, 2]}),
        ([0], {"text": [-1]}),
        ([0], {"text": [1.5]}),
        ([0], {"text": [True]}),
        ([0], {"words": [1]}),
    ],
)
def test_columns_that_do_not_fit_are_refused(arguments):
    with pytest.raises(InvalidUsage):
        CostTable([FLAT]).costs(*arguments)


@pytest.mark.parametrize("options", [{"now": [float("nan")]}, {"now": [1, 2]}, {"insured": [1]}, {"insured": [True, False]}, {"discount_rate": -1}])
def test_options_that_do_not_fit_are_refused(options):
    with pytest.raises(InvalidUsage):
        CostTable([FLAT]).costs([0], {"text": [1]}, **options)


def test_what_is_no_price_list_is_refused():
    with pytest.raises(InvalidPricing):
        CostTable([{"prompt": 1}])
    with pytest.raises(InvalidPricing):
        CostTable([FLAT], region_multiplier="x")


def test_memory_beyond_the_result_does_not_grow_with_the_rows():
    table = CostTable([FLAT, TIERED])
    rows = 400_000
    index, text = np.zeros(rows, np.int64), np.full(rows, 300_000)
    tracemalloc.start()
    table.costs(index, {"text": text, "text_out": text})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak - rows * 8 < 4_000_000
