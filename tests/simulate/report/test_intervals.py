"""Bounds and quantiles, against what is known of them."""

from itertools import pairwise
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routecore.simulate.report.intervals import clopper_pearson, enough_for, student_t
from routecore.simulate.report.replications import Replications
from routecore.simulate.report.summary import rare_bounds, rare_difference


def at_most(k, n, p):
    return sum(comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k + 1))


@given(st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_exact_bounds_leave_two_and_a_half_percent_on_either_side(counts):
    k, n = counts
    low, high = clopper_pearson(k, n)
    assert 0 <= low <= k / n <= high <= 1
    if k:
        assert 1 - at_most(k - 1, n, low) == pytest.approx(0.025, rel=1e-6)
    if k < n:
        assert at_most(k, n, high) == pytest.approx(0.025, rel=1e-6)


@given(st.integers(40, 4_000))
def test_of_what_never_happened_the_bound_is_the_closed_form(n):
    assert clopper_pearson(0, n)[1] == pytest.approx(1 - 0.025 ** (1 / n), rel=1e-9)


@pytest.mark.parametrize(("freedom", "known"), [(1, 12.7062), (2, 4.3027), (5, 2.5706), (10, 2.2281), (30, 2.0423)])
def test_students_quantiles_are_the_tables(freedom, known):
    assert student_t(freedom) == pytest.approx(known, abs=5e-5)


def test_students_quantiles_fall_with_freedom():
    assert all(a > b for a, b in pairwise([student_t(n) for n in (1, 2, 3, 5, 10, 100)]))
    assert student_t(0) == float("inf")


def test_a_percentile_needs_five_samples_beyond_it():
    assert [enough_for(share, n) for share, n in ((0.99, 500), (0.99, 499), (0.9, 50), (0.5, 9))] == [True, False, True, False]


def test_rates_are_never_known_without_doubt_nor_beyond_their_ends():
    assert rare_bounds((1.0, 1.0), 200, 200)[0] == pytest.approx(clopper_pearson(200, 200)[0])
    assert rare_bounds((0.995, 1.005), 199, 200)[1] <= 1
    assert rare_difference({"value": 0.0, "low": 0.0, "high": 0.0}, 300) == {"value": 0.0, "low": -0.01, "high": 0.01}


def runs(values):
    return Replications([[{"x": one} for one in block] for block in values])


def test_luck_alone_is_averaged_away_and_traffic_is_not():
    # pairs that differ by luck alone, blocks that do not differ but for it
    luck = runs([[0.0, 2.0], [2.0, 0.0], [0.0, 2.0], [2.0, 0.0]])
    assert luck.parts("x").luck == pytest.approx(2**0.5)
    assert (luck.parts("x").traffic, luck.least_half("x")) == (0.0, 0.0)
    assert luck.interval("x") == (1.0, 1.0)
    traffic = runs([[0.0, 0.0], [2.0, 2.0], [0.0, 0.0], [2.0, 2.0]])
    assert traffic.parts("x").luck == 0
    assert traffic.parts("x").traffic == pytest.approx((4 / 3) ** 0.5)
    assert traffic.interval("x")[1] > 1 + student_t(3) * (4 / 3) ** 0.5


def test_a_figure_that_most_runs_lack_has_neither_mean_nor_interval():
    some = runs([[None, None], [1.0, None], [None, None]])
    assert (some.mean("x"), some.interval("x"), some.parts("x")) == (None, None, None)


def test_paired_differences_are_taken_run_by_run():
    one, two = runs([[1.0, 2.0], [3.0, 4.0]]), runs([[0.5, 1.5], [2.5, 3.5]])
    difference = one.minus(two)
    assert difference.mean("x") == 0.5
    assert difference.interval("x") == (0.5, 0.5)
