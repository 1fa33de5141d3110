"""``cost_case`` never raises, whatever a case holds, and its answer goes through JSON."""

import json
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from routecore import Catalog, LogTotals, UnpriceableRow, cost_case, price_log
from routecore.pricing.classes import PRICES

JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**400), 10**400)
    | st.floats()
    | st.decimals()
    | st.text(max_size=4)
    | st.sampled_from(["\ud800", "\u202e\n", "1e9999"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4) | st.integers(), inner, max_size=3),
    max_leaves=8,
)
AMOUNTS = st.sampled_from(["0", "0.000002", 3e-06, 1, "1e-15"])
CARDS = st.dictionaries(
    st.sampled_from(
        [*PRICES, "prompt_multiplier", "completion_multiplier", "min_prompt_tokens", "utc_start", "utc_end", "weekdays", "from", "until", "overrides", "x"]
    ),
    AMOUNTS | JUNK | st.sampled_from(["2026-01-01", 1200, [1, 7]]),
    max_size=4,
)
PRICING = st.dictionaries(
    st.sampled_from([*PRICES, "discount", "batch_multiplier", "cache_read_multiplier", "region_multipliers", "overrides", "variants"]),
    AMOUNTS | JUNK | st.lists(CARDS, max_size=2) | st.dictionaries(st.sampled_from(["batch", "flex", "us", "x"]), CARDS | AMOUNTS, max_size=2),
    max_size=5,
)
USAGE = st.dictionaries(
    st.sampled_from(
        [
            "prompt_tokens",
            "completion_tokens",
            "total_tokens",
            "prompt_tokens_details",
            "reasoning_tokens",
            "cost",
            "service_tier",
            "seconds",
            "is_byok",
            "iterations",
        ]
    ),
    st.integers(0, 10**6) | JUNK,
    max_size=5,
)
CONTEXT = st.dictionaries(
    st.sampled_from(
        ["served_tier", "time_utc", "is_byok", "byok_fee_rate", "discount_rate", "region_multiplier", "kind", "strict", "requested_tier", "servd_tier"]
    ),
    JUNK | st.sampled_from(["batch", "2026-03-01T00:29:59Z", "0.5", True, "rerank"]),
    max_size=5,
)
CASES = st.fixed_dictionaries(
    {},
    optional={
        "pricing": PRICING | JUNK,
        "usage": USAGE | JUNK,
        "usage_format": JUNK | st.sampled_from(["openai_chat", "cohere"]),
        "finish_reason": JUNK,
        "context": CONTEXT | JUNK,
    },
)
TYPES = {"invalid_pricing", "invalid_usage", "invalid_request", "unpriced_usage"}


@pytest.mark.laws
@given(CASES | JUNK)
@example({"pricing": {"prompt": Decimal("1E+999999")}, "usage": {"prompt_tokens": Decimal("-1E+999999")}, "context": {"discount_rate": Decimal("1E-999999")}})
@example({"pricing": {"prompt": 10**400, "completion": "9" * 5000}, "usage": {"prompt_tokens": 10**400}})
def test_a_case_is_answered_with_a_bill_or_with_a_fault_of_the_documented_types(case):
    answer = cost_case(case)
    json.dumps(answer)
    assert ("cost" in answer) != (answer.get("error", {}).get("type") in TYPES)
    if "cost" in answer:
        assert Decimal(answer["cost"]) >= 0


ROWS = st.fixed_dictionaries(
    {"model": st.just("a/b") | JUNK, "provider": st.just("p") | JUNK, "usage": USAGE | JUNK},
    optional={"cost": JUNK, "id": JUNK | st.just("r"), "context": CONTEXT | JUNK, "created": JUNK, "finish_reason": JUNK | st.just("stop"), "service_tier": JUNK,
              "cost_details": JUNK, "choices": JUNK, "endpoint": JUNK, "slug": JUNK, "variant": JUNK, "status": JUNK, "usage_format": JUNK},
)  # fmt: skip
CATALOG = Catalog.from_mapping(
    {"endpoints": [{"model": "a/b", "provider": "p", "pricing": {"prompt": "0.000001", "completion": "0.000002", "second_in": "0.1"}}]}
)


@pytest.mark.laws
@given(st.lists(ROWS | JUNK, max_size=4))
def test_a_row_of_a_log_is_priced_or_named_and_the_totals_go_through_json(rows):
    totals = LogTotals()
    for line, found in enumerate(price_log(rows, CATALOG), 1):
        assert found.line == line
        if isinstance(found, UnpriceableRow):
            json.dumps(found.to_dict())
        totals.add(found)
    assert totals.requests + totals.folded + len(totals.unpriceable) == len(rows)
    json.dumps(totals.to_dict())


def nested(depth):
    found = {}
    for _ in range(depth):
        found = {"a": found}
    return found


CIRCLE = {"prompt": 1}
CIRCLE["overrides"] = [CIRCLE]
CIRCLE["usage"] = CIRCLE
MANY = 20_000
PRICES_TWO = {"prompt": "0.000001", "completion": "0.000002"}
COUNTS = {"prompt_tokens": 5, "completion_tokens": 2}


@pytest.mark.parametrize(
    "case",
    [
        {"pricing": PRICES_TWO, "usage": COUNTS, "context": {f"served_tie{number}": 1 for number in range(MANY)}},
        {"pricing": {f"promp{number}": 1 for number in range(MANY)}, "usage": COUNTS},
        {"pricing": {**PRICES_TWO, "overrides": [{"min_prompt_tokens": number, "prompt": "0.1"} for number in range(MANY)]}, "usage": COUNTS},
        {"pricing": PRICES_TWO, "usage": {**COUNTS, **{f"x{number}_tokens": 1 for number in range(MANY)}}},
        {"pricing": PRICES_TWO, "usage": {"input_tokens": 1, "iterations": [{"input_tokens": -1}] * MANY}},
        {"pricing": nested(MANY), "usage": nested(MANY), "context": nested(MANY)},
        {"pricing": PRICES_TWO, "usage": {**COUNTS, "more": nested(MANY)}},
        CIRCLE,
        {"pricing": CIRCLE, "usage": CIRCLE, "context": CIRCLE},
    ],
    ids=["context keys", "price keys", "cards", "counts", "passes", "deep", "deep usage", "circle", "circles"],
)
def test_a_huge_a_deep_and_a_circular_case_is_answered_with_what_goes_through_json(case):
    answer = cost_case(case)
    assert len(json.dumps(answer)) < 250 * MANY
    assert "cost" in answer or answer["error"]["type"] in TYPES
