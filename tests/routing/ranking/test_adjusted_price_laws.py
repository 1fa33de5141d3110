"""The adjusted price: its published example, and the laws of its shares."""

from __future__ import annotations

from itertools import pairwise
from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routecore import decide_scenario
from routecore.request.settings import AdjustedPrice
from routecore.routing.ranking.adjusted_price import read_tokens, share_logs
from tests.routing.scenes import plan, row

PUBLISHED = {"budget": (0.98, 92, 35), "fast": (1.32, 125, 34), "slow-start": (0.84, 59, 22), "balanced": (1.54, 77, 7), "unreliable": (2.06, 83, 2)}
ADJUSTED = {"strategy": "adjusted_price"}


def shares(*rows, **parts):
    """Return each endpoint's share of first picks."""
    found = plan(*rows, settings={**ADJUSTED, **parts.pop("settings", {})}, **parts)
    group = found.ranking.groups[0]
    return {
        found.ranking.field.candidates[position].endpoint.slug: weight / group.opening_running[-1]
        for position, weight in zip(group.positions, group.opening, strict=True)
    }


def test_the_published_example_comes_out_within_one_point():
    stats = {f"a/b@{name}": {"throughput": {"p50": speed}} for name, (_, speed, _) in PUBLISHED.items()}
    rows = [row(name, price=(0, price)) for name, (price, _, _) in PUBLISHED.items()]
    found = shares(*rows, stats=stats, context={"prompt_tokens": 0, "completion_tokens": 1_000_000})
    assert found == {name: pytest.approx(share / 100, abs=0.01) for name, (_, _, share) in PUBLISHED.items()}


# --- laws -------------------------------------------------------------------------------------------------------------------------------------

prices = st.floats(0.0001, 1000)
rates = st.one_of(st.none(), st.floats(0, 1))
constants = st.builds(
    AdjustedPrice,
    edge=st.floats(0, 3),
    width=st.floats(0.01, 1),
    fade=st.floats(0, 5),
    floor=st.floats(0, 1),
)


@pytest.mark.laws
@given(st.lists(prices, min_size=1, max_size=8), constants)
def test_shares_add_up_to_1_and_none_is_below_the_floor(totals, settings):
    found = [exp(one) for one in share_logs(totals, settings)]
    assert sum(found) == pytest.approx(1)
    assert min(found) >= min(settings.floor, 0.5 / len(found)) * (1 - 1e-9)


@pytest.mark.laws
@given(st.lists(prices, min_size=2, max_size=8), constants)
def test_who_costs_less_never_gets_less(totals, settings):
    ordered = sorted(totals)
    found = share_logs(ordered, settings)
    assert all(before >= after - 1e-9 for before, after in pairwise(found))
    assert all(abs(one - other) < 1e-9 for (a, one), (b, other) in pairwise(zip(ordered, found, strict=True)) if a == b)


@pytest.mark.laws
@given(st.lists(prices, min_size=2, max_size=6), constants, st.floats(0.01, 1))
def test_an_endpoint_that_becomes_cheaper_never_loses_share(totals, settings, factor):
    before = share_logs(totals, settings)[0]
    after = share_logs([totals[0] * factor, *totals[1:]], settings)[0]
    assert after >= before - 1e-9


@pytest.mark.laws
@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 90), st.integers(1, 5), rates), min_size=2, max_size=5))
def test_one_factor_on_all_prices_and_time_values_changes_nothing(endpoints):
    stats = {
        f"a/b@p{place}": {"throughput": {"p50": speed}, "latency": {"p50": wait}, "error_rate": errors}
        for place, (_, speed, wait, errors) in enumerate(endpoints)
    }
    found = [
        shares(
            *(row(f"p{place}", price=price * factor) for place, (price, _, _, _) in enumerate(endpoints)),
            stats=stats,
            settings={"adjusted_price": {"time_value": 0.36 * factor, "first_token_value": 0.36 * factor}},
        )
        for factor in (1, 8)
    ]
    assert found[0] == pytest.approx(found[1])


@pytest.mark.laws
@given(st.tuples(st.integers(1, 9), st.integers(1, 90), st.integers(1, 5)), st.tuples(st.integers(1, 9), st.integers(1, 90), st.integers(1, 5)))
def test_an_endpoint_that_is_better_in_every_input_never_gets_less(one, other):
    better = (min(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]))
    worse = (max(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]))
    stats = {f"a/b@{slug}": {"throughput": {"p50": speed}, "latency": {"p50": wait}} for slug, (_, speed, wait) in (("p", better), ("q", worse))}
    found = shares(row("p", price=better[0]), row("q", price=worse[0]), stats=stats)
    assert found["p"] >= found["q"] - 1e-12


# --- inputs -----------------------------------------------------------------------------------------------------------------------------------


def test_failures_count_as_so_many_prices():
    # one endpoint knows its errors, the other takes the mean: both cost 8 % more at 1 % of errors
    why = plan(
        row("p", price=(0, 1)), row("q", price=(0, 2)), settings=ADJUSTED, context={"completion_tokens": 1_000_000}, stats={"a/b@p": {"error_rate": 0.01}}
    ).why("a/b@p")
    assert "price 1 + errors 0.08" in f"{why.reasons}"


@pytest.mark.parametrize(("prompt", "share", "tokens"), [(1000, 0.29, 290), (3, 0.5, 1), (10**15, 0.1, 10**14), (7, 1, 7), (7, 0.0, 0)])
def test_tokens_read_from_cache_are_counted_by_the_shares_decimal_text(prompt, share, tokens):
    assert read_tokens(prompt, share) == tokens


def test_a_success_rate_gives_the_error_rate_that_is_not_given():
    rows = [row("p", price=1), row("q", price=1)]
    assert shares(*rows, stats={"a/b@p": {"success_rate": 0.75}}) == pytest.approx(shares(*rows, stats={"a/b@p": {"error_rate": 0.25}}))


def test_the_strategy_is_named_and_a_sort_goes_before_it():
    rows = [row("p"), row("q")]
    for name in ("balance", "inverse_square_price", "adjusted_price"):
        assert plan(*rows, settings={"strategy": name}).strategy == name
        assert plan(*rows, settings={"strategy": name}, provider={"sort": "price"}).strategy == "sort:price"


@pytest.mark.parametrize(
    ("key", "value"), [("width", 0), ("floor", 1.5), ("edge", -1), ("fade", "1"), ("time_value", True), ("first_token_value", float("nan")), ("egde", 1)]
)
def test_a_constant_that_is_none_is_a_fault(key, value):
    scenario = {"catalog": {"endpoints": [row("p")]}, "request": {"model": "a/b"}, "settings": {"adjusted_price": {key: value}}}
    assert decide_scenario(scenario)["error"]["param"] == f"settings.adjusted_price.{key}"
