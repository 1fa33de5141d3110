"""A million usages over 500 endpoints with long-context tiers, beside numpy written out by hand, and what it takes in memory.

The floor gets its tables of rates ready-made and checks nothing. Both must agree to 1e-9, and with the scalar path on a sample, before they are timed.
"""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.harness import Row, compare, interleaved
from routecore.cost.calculate import calculate_cost
from routecore.cost.table import CostTable
from routecore.pricing.price_list import Pricing
from routecore.usage.counts import Usage

if TYPE_CHECKING:
    from numpy.typing import NDArray

COLUMNS = ("text", "cached", "written_5m", "text_out", "reasoning")
PRICES = ("prompt", "input_cache_read", "input_cache_write", "completion", "completion")


def cards(draw: np.random.Generator, count: int) -> list[dict[str, Any]]:
    """Make price lists: a third have one long-context card, a tenth have two, the rest none."""
    made = []
    for number in range(count):
        prompt = int(draw.integers(50, 6000))
        card: dict[str, Any] = {
            "prompt": f"{prompt}e-9",
            "completion": f"{5 * prompt}e-9",
            "input_cache_read": f"{prompt}e-10",
            "input_cache_write": f"{125 * prompt}e-11",
        }
        if number % 10 == 0:
            card["overrides"] = [{"min_prompt_tokens": 32_000, "prompt_multiplier": 2}, {"min_prompt_tokens": 128_000, "prompt_multiplier": 3}]
        elif number % 3 == 0:
            card["overrides"] = [{"min_prompt_tokens": 200_000, "prompt_multiplier": 2, "completion_multiplier": "1.5"}]
        made.append(card)
    return made


def run(quick: bool = False) -> list[Row]:  # noqa: FBT001, FBT002 - the registry's signature
    rows, endpoints, rounds = (200_000, 500, 5) if quick else (1_000_000, 500, 15)
    draw = np.random.default_rng(5)
    pricings = [Pricing.parse(card) for card in cards(draw, endpoints)]
    endpoint = draw.integers(0, endpoints, rows)
    usage = {
        "text": draw.integers(0, 150_000, rows),
        "cached": draw.integers(0, 150_000, rows),
        "written_5m": draw.integers(0, 5_000, rows),
        "text_out": draw.integers(1, 4_000, rows),
        "reasoning": draw.integers(0, 4_000, rows),
    }
    table = CostTable(pricings)
    first, breaks, rates = _floor_tables(pricings)

    def floor() -> NDArray[np.float64]:
        read = usage["text"] + usage["cached"] + usage["written_5m"]
        row = first[endpoint]
        for step in breaks:
            row = row + (read > step[endpoint])
        total = rates[0][row] * usage["text"]
        for position in range(1, len(COLUMNS)):
            total += rates[position][row] * usage[COLUMNS[position]]
        return total

    _check(table, pricings, endpoint, usage, floor())
    peak = _peak_megabytes(table, endpoint, usage)
    times = interleaved({"costs": lambda: table.costs(endpoint, usage), "floor": floor, "total": lambda: table.total(endpoint, usage)}, rounds)
    thousands = f"{rows:,} usages"
    note = f"{peak:.1f} MB beyond the input at the peak, of which {rows * 8 / 1e6:.1f} are the result"
    return [
        *compare("costs", times, thousands, floors=["floor"], title="batch costs", note=note),
        compare("total", times, thousands, floors=["floor"], title="batch total, exact")[0],
    ]


def _floor_tables(pricings: list[Pricing]) -> tuple[NDArray[np.int64], list[NDArray[np.int64]], NDArray[np.float64]]:
    """Return the number of each endpoint's first row of rates, its steps, and the rates themselves, in USD."""
    first, rows = [], []
    most = max(len(pricing.overrides) for pricing in pricings)
    breaks = np.full((most, len(pricings)), np.iinfo(np.int64).max)
    for index, pricing in enumerate(pricings):
        first.append(len(rows))
        steps = [0]
        for number, card in enumerate(pricing.overrides):
            assert card.min_prompt_tokens is not None
            breaks[number, index] = card.min_prompt_tokens
            steps.append(card.min_prompt_tokens + 1)
        for step in steps:
            active = pricing.ladder_of_default().rates(step, None)
            rows.append([getattr(active, name) / 10**active.places for name in PRICES])
    return np.array(first), list(breaks), np.ascontiguousarray(np.array(rows).T)


def _check(table: CostTable, pricings: list[Pricing], endpoint: NDArray[np.int64], usage: dict[str, NDArray[np.int64]], floor: NDArray[np.float64]) -> None:
    """Stop unless the table, the floor and the scalar path agree."""
    costs = table.costs(endpoint, usage)
    if not np.allclose(costs, floor, rtol=1e-9, atol=0):
        raise SystemExit("the floor disagrees with the table")
    some = np.arange(0, len(endpoint), max(len(endpoint) // 500, 1))
    exact = [
        calculate_cost(pricings[endpoint[row]], Usage(**{name: int(column[row]) for name, column in usage.items()}), finish_reason="stop").cost for row in some
    ]
    if any(abs(float(want) - got) > 1e-9 * got for want, got in zip(exact, costs[some], strict=True)):
        raise SystemExit("the table disagrees with the scalar path")
    if table.total(endpoint[some], {name: column[some] for name, column in usage.items()}) != sum(exact):
        raise SystemExit("the table's total is not the sum of the scalar path's charges")


def _peak_megabytes(table: CostTable, endpoint: NDArray[np.int64], usage: dict[str, NDArray[np.int64]]) -> float:
    tracemalloc.start()
    try:
        table.costs(endpoint, usage)
        table.total(endpoint, usage)
        return tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()
