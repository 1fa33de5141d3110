"""Thresholds: meets all cutoffs, not known, fails one; nobody is removed."""

from __future__ import annotations

import pytest

from tests.routing.scenes import ask, row, slugs

LATENCY, THROUGHPUT = "preferred_max_latency", "preferred_min_throughput"


def place(stats, block, **parts):
    """Return 0, 1 or 2: whether the endpoint stands with those that meet, that are not known, or that fail."""
    others = {"a/b@meets": {"latency": dict.fromkeys(("p50", "p75", "p90", "p99"), 0), "throughput": dict.fromkeys(("p50", "p75", "p90", "p99"), 10**9)}}
    others["a/b@z-fails"] = {"latency": dict.fromkeys(("p50", "p75", "p90", "p99"), 10**9), "throughput": dict.fromkeys(("p50", "p75", "p90", "p99"), 0)}
    for one in others.values():
        one["samples"] = 10**6
    # cheapest wins inside one place, so that the subject's neighbours tell its place
    rows = [row("meets", price=2), row("x", price=1), row("y-unknown", price=2), row("z-fails", price=2)]
    found = slugs(ask(*rows, provider={"sort": "price", **block}, stats={**others, "a/b@x": stats}, **parts))
    assert [slug for slug in found if slug != "x"] == ["meets", "y-unknown", "z-fails"]
    return found.index("x")


@pytest.mark.parametrize(("value", "expected"), [(1.999999, 0), (2, 0), (2.000001, 2), (0, 0), (None, 1)])
@pytest.mark.parametrize("percentile", ["p50", "p75", "p90", "p99"])
def test_a_latency_equal_to_its_cutoff_meets_it(percentile, value, expected):
    assert place({"latency": {percentile: value}}, {LATENCY: {percentile: 2}}) == expected


@pytest.mark.parametrize(("value", "expected"), [(49.99999, 2), (50, 0), (50.00001, 0), (0, 2), (None, 1)])
@pytest.mark.parametrize("percentile", ["p50", "p75", "p90", "p99"])
def test_a_throughput_equal_to_its_cutoff_meets_it(percentile, value, expected):
    assert place({"throughput": {percentile: value}}, {THROUGHPUT: {percentile: 50}}) == expected


def test_a_plain_number_is_a_cutoff_at_p50():
    assert place({"latency": {"p50": 2, "p99": 99}}, {LATENCY: 2}) == 0
    assert place({"latency": {"p75": 1}}, {LATENCY: 2}) == 1
    assert place({"throughput": {"p50": 50, "p99": 1}}, {THROUGHPUT: 50}) == 0


@pytest.mark.parametrize(
    ("latency", "expected"),
    [
        ({"p50": 1, "p90": 2}, 0),
        ({"p50": 1, "p90": 2.1}, 2),
        ({"p50": 1.1, "p90": 2}, 2),
        ({"p50": 1}, 1),
        ({"p90": 2}, 1),
        ({"p50": 1.1}, 2),
        ({"p90": 2.1}, 2),
        ({}, 1),
    ],
)
def test_one_failed_cutoff_outweighs_any_unknown(latency, expected):
    assert place({"latency": latency}, {LATENCY: {"p50": 1, "p90": 2}}) == expected


@pytest.mark.parametrize(
    ("stats", "expected"),
    [
        ({"latency": {"p50": 1}, "throughput": {"p50": 50}}, 0),
        ({"latency": {"p50": 2}, "throughput": {"p50": 50}}, 2),
        ({"latency": {"p50": 1}, "throughput": {"p50": 49}}, 2),
        ({"latency": {"p50": 1}}, 1),
        ({"throughput": {"p50": 50}}, 1),
        ({"throughput": {"p50": 49}}, 2),
        ({"latency": {"p50": 2}}, 2),
        ({}, 1),
    ],
)
def test_cutoffs_of_both_metrics_count_together(stats, expected):
    assert place(stats, {LATENCY: 1, THROUGHPUT: 50}) == expected


@pytest.mark.parametrize(("samples", "expected"), [(9, 1), (10, 2), (None, 2), (0, 1)])
def test_a_percentile_of_fewer_than_min_samples_is_not_known(samples, expected):
    assert place({"latency": {"p50": 9}, "samples": samples}, {LATENCY: 1}, settings={"min_samples": 10}) == expected
    assert place({"throughput": {"p50": 9}, "samples": samples}, {THROUGHPUT: 10}, settings={"min_samples": 10}) == expected


def test_by_default_one_sample_is_enough_and_none_is_not():
    assert place({"latency": {"p50": 9}, "samples": 1}, {LATENCY: 1}) == 2
    assert place({"latency": {"p50": 9}, "samples": 0}, {LATENCY: 1}) == 1
    assert place({"latency": {"p50": 9}, "samples": 0}, {LATENCY: 1}, settings={"min_samples": 0}) == 2


def test_of_a_throughput_that_rises_only_p50_is_known():
    assert place({"throughput": {"p50": 50, "p90": 60}}, {THROUGHPUT: {"p90": 10}}) == 1
    assert place({"throughput": {"p50": 50, "p90": 60}}, {THROUGHPUT: {"p50": 50}}) == 0


def test_a_cutoff_of_zero_is_a_cutoff():
    assert place({"latency": {"p50": 0.001}}, {LATENCY: 0}) == 2
    assert place({"latency": {"p50": 0}}, {LATENCY: 0}) == 0
    stats = {"a/b@q": {"throughput": {"p50": 0}}}
    assert slugs(ask(row("p", price=1), row("q", price=2), provider={"sort": "price", THROUGHPUT: 0}, stats=stats)) == ["q", "p"]


def test_nobody_is_removed():
    rows = [row("p"), row("q")]
    stats = {"a/b@p": {"latency": {"p50": 9}}, "a/b@q": {"latency": {"p50": 9}}}
    answer = ask(*rows, provider={LATENCY: 1, "sort": "price"}, stats=stats)
    assert (slugs(answer), answer["rejections"]) == (["p", "q"], [])


def test_with_no_cutoff_nothing_moves():
    stats = {"a/b@p": {"latency": {"p50": 9}}}
    assert slugs(ask(row("p", price=1), row("q", price=2), provider={"sort": "price", LATENCY: {}, THROUGHPUT: None}, stats=stats)) == ["p", "q"]
