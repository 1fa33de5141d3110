"""Sorts: one fixed order, unknown values last, ties broken in the documented way."""

from __future__ import annotations

import pytest

from tests.routing.scenes import ask, attempts, row, slugs


def with_p50(metric, **values):
    return {f"a/b@{slug}": {metric: {"p50": value}} for slug, value in values.items()}


def test_price_sorts_the_expected_price_lowest_first_and_unknown_last():
    rows = [row("p", price=None), row("q", price=3), row("r", price=0), row("s", price=(1, None)), row("t", price=1)]
    assert slugs(ask(*rows, provider={"sort": "price"})) == ["r", "t", "q", "p", "s"]


def test_price_is_that_of_this_request():
    rows = [row("p", price=(1, 9)), row("q", price=(2, 2))]
    assert slugs(ask(*rows, provider={"sort": "price"}, context={"prompt_tokens": 1000, "completion_tokens": 10})) == ["p", "q"]
    assert slugs(ask(*rows, provider={"sort": "price"}, context={"prompt_tokens": 10, "completion_tokens": 1000})) == ["q", "p"]


def test_price_is_exact_to_the_last_femtodollar():
    rows = [
        row("p", price=None, pricing={"prompt": "0.300000000000001", "completion": "0"}),
        row("q", price=None, pricing={"prompt": "0.3", "completion": "0"}),
    ]
    assert slugs(ask(*rows, provider={"sort": "price"})) == ["q", "p"]
    assert ask(*rows, provider={"sort": "price"})["attempts"][1]["expected_price"] == "900.000000000003"


def test_the_per_request_fee_is_part_of_the_price():
    rows = [row("p", price=1, pricing={"request": "0.01"}), row("q", price=2)]
    assert slugs(ask(*rows, provider={"sort": "price"})) == ["q", "p"]
    assert [one["expected_price"] for one in ask(*rows, provider={"sort": "price"})["attempts"]] == ["0.008", "0.014"]


@pytest.mark.parametrize(("metric", "expected"), [("throughput", ["r", "q", "p", "s", "t"]), ("latency", ["p", "q", "r", "s", "t"])])
def test_throughput_sorts_highest_first_latency_lowest_first_and_unknown_last(metric, expected):
    rows = [row(slug) for slug in "tsrqp"]
    assert slugs(ask(*rows, provider={"sort": metric}, stats=with_p50(metric, p=1, q=2, r=3, s=None))) == expected


def test_a_p50_of_zero_is_a_value_to_sort_by():
    rows = [row("p"), row("q"), row("r")]
    assert slugs(ask(*rows, provider={"sort": "latency"}, stats=with_p50("latency", p=1, q=0))) == ["q", "p", "r"]
    assert slugs(ask(*rows, provider={"sort": "throughput"}, stats=with_p50("throughput", p=0, q=1))) == ["q", "p", "r"]


@pytest.mark.parametrize("metric", ["throughput", "latency"])
@pytest.mark.parametrize(("samples", "known"), [(9, False), (10, True), (None, True)])
def test_a_value_of_fewer_than_min_samples_is_not_known(metric, samples, known):
    stats = {"a/b@q": {metric: {"p50": 1}, "samples": samples}}
    expected = ["q", "p"] if known else ["p", "q"]
    assert slugs(ask(row("p"), row("q"), provider={"sort": metric}, stats=stats, settings={"min_samples": 10})) == expected


@pytest.mark.parametrize("metric", ["throughput", "latency"])
def test_ties_go_to_the_lower_price_unknown_last_and_then_to_the_endpoint_id(metric):
    rows = [row("u", price=None), row("t", price=2), row("s", price=1), row("r", price=1), row("q", price=None), row("p", price=3)]
    stats = with_p50(metric, **dict.fromkeys("pqrstu", 5))
    assert slugs(ask(*rows, provider={"sort": metric}, stats=stats)) == ["r", "s", "t", "p", "q", "u"]
    assert slugs(ask(*rows, provider={"sort": metric})) == ["r", "s", "t", "p", "q", "u"]


def test_ties_of_one_endpoint_go_to_own_keys_in_the_order_of_the_context_and_then_to_shared_capacity():
    context = {"byok": [{"slug": "p", "key_id": "z"}, {"slug": "q", "key_id": "m"}, {"slug": "p", "key_id": "a"}]}
    assert attempts(ask(row("q"), row("p"), provider={"sort": "price"}, context=context)) == ["p:z", "p:a", "q:m", "p", "q"]


def test_own_keys_of_one_price_go_by_endpoint_id_before_the_order_of_keys():
    context = {"byok": [{"slug": "q", "key_id": "1"}, {"slug": "p", "key_id": "2"}]}
    assert attempts(ask(row("q"), row("p"), provider={"sort": "price"}, context=context))[:2] == ["p:2", "q:1"]


@pytest.mark.parametrize("sort", ["price", "throughput", "latency"])
def test_a_sorted_plan_does_not_depend_on_the_draw_or_on_the_order_of_rows(sort):
    rows = [row(f"p{place}", price=place % 3) for place in range(9)]
    plans = {tuple(slugs(ask(*order, provider={"sort": sort}, draw=draw))) for draw in range(5) for order in (rows, rows[::-1])}
    assert len(plans) == 1


def test_an_own_key_ranks_by_the_price_of_its_endpoint():
    context = {"byok": ["p", "q"]}
    answer = ask(row("p", price=2), row("q", price=1), provider={"sort": "price"}, context=context)
    assert [(one["slug"], one["credential"], one["expected_price"]) for one in answer["attempts"]] == [
        ("q", "byok", "0.004"), ("p", "byok", "0.008"), ("q", "shared", "0.004"), ("p", "shared", "0.008"),
    ]  # fmt: skip


def test_a_warm_pin_does_not_change_a_sort_as_a_sort_skips_it():
    rows = [row("p", price=2, implicit_caching=True, pricing={"input_cache_read": "0"}), row("q", price=1)]
    answer = ask(*rows, provider={"sort": "price"}, context={"sticky": "a/b@p", "cached_tokens": 10**6})
    assert (slugs(answer), answer["sticky"]["status"]) == (["q", "p"], "skipped")


def test_a_sort_that_the_block_may_name_has_a_row_and_every_row_may_be_named():
    from routecore.request import preferences
    from routecore.routing.ranking import sorting

    assert set(sorting.SORTS) == set(preferences.SORTS)
