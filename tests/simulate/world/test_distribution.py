"""Claims about distributions: percentiles are kept, tails are named, crossing is refused."""

from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routecore.errors import SimulationError
from routecore.simulate import Quantiles, steady
from routecore.simulate.world.distribution import SLOWEST_INDEX, STEPS, TAIL_INDEX, crossing, of_percentiles

SHARES = {"p50": 0.5, "p75": 0.75, "p90": 0.9, "p99": 0.99}


@st.composite
def percentiles(draw):
    names = draw(st.lists(st.sampled_from(list(SHARES)), min_size=2, unique=True).map(lambda one: sorted(one, key=list(SHARES).index)))
    level, found = draw(st.floats(0.05, 5)), {}
    for name in names:
        level *= draw(st.floats(1, 4))
        found[name] = level
    return found


@given(percentiles())
def test_every_percentile_that_is_given_is_kept_and_values_never_fall(given_ones):
    found = of_percentiles(given_ones, falling=False)
    values = np.array(found.values)
    assert (np.diff(values) >= 0).all()
    for name, value in given_ones.items():
        # between the two table values around the share
        place = int(SHARES[name] * STEPS)
        assert values[max(place - 2, 0)] <= value * (1 + 1e-9)
        assert value <= values[min(place + 1, STEPS - 1)] * (1 + 1e-9)


@given(percentiles())
def test_a_throughput_is_the_time_of_a_token_turned_over(given_ones):
    slow = {name: 1.0 / value for name, value in given_ones.items()}
    values = np.array(of_percentiles(slow, falling=True).values)
    assert (np.diff(values) >= 0).all()
    for name, value in slow.items():
        place = int((1.0 - SHARES[name]) * STEPS)
        assert values[max(place - 2, 0)] * (1 - 1e-9) <= value <= values[min(place + 2, STEPS - 1)] * (1 + 1e-9)


def test_between_percentiles_the_logarithm_runs_straight_over_the_normal_quantile():
    shape = Quantiles.lognormal(2.0, 0.7)
    exact = {name: 2.0 * np.exp(0.7 * z) for name, z in (("p50", 0.0), ("p75", 0.6744897501960817), ("p90", 1.2815515655446004))}
    found = of_percentiles(exact, falling=False)
    inside = slice(STEPS // 2, int(0.9 * STEPS))
    assert np.allclose(found.values[inside], shape.values[inside])


@pytest.mark.parametrize(("falling", "index"), [(False, TAIL_INDEX), (True, SLOWEST_INDEX)])
def test_beyond_the_last_percentile_the_tail_is_the_named_pareto(falling, index):
    given_ones = {"p50": 1.0, "p90": 0.5} if falling else {"p50": 1.0, "p90": 2.0}
    values = [1 / value for value in reversed(of_percentiles(given_ones, falling=True).values)] if falling else of_percentiles(given_ones, falling=False).values
    far, near = values[STEPS - 1], values[STEPS - 11]
    # equally likely values 1 / 8192 and 21 / 8192 from the end
    assert log(far / near) == pytest.approx(log(21) / index, rel=1e-6)


def test_percentiles_that_are_all_one_value_stay_that_value():
    assert set(of_percentiles({"p50": 0.5, "p99": 0.5}, falling=False).values) == {0.5}


def test_percentiles_come_back_out_of_the_world_that_they_made():
    behaviour = steady(ttft={"p50": 0.5, "p75": 0.6, "p90": 3.0, "p99": 3.1}, tokens_per_second={"p50": 60, "p90": 30})
    assert [behaviour.ttft.at(share) for share in (0.5, 0.75, 0.9, 0.99)] == pytest.approx([0.5, 0.6, 3.0, 3.1], rel=0.01)
    # 90 % of requests reach the p90 of a throughput
    assert behaviour.tokens_per_second.at(0.1) == pytest.approx(30, rel=0.01)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [("ttft", {"p50": 1.0, "p90": 0.5}, r"p90 \(0.5\) below p50 \(1\)"), ("tokens_per_second", {"p50": 30, "p99": 60}, r"p99 \(60\) above p50 \(30\)")],
)
def test_percentiles_that_cross_are_refused_and_named(field, value, said):
    with pytest.raises(SimulationError, match=said):
        steady(**{field: value})
    assert crossing({"p50": 1.0, "p75": 1.0}, falling=False) is None


def test_an_exponential_has_exactly_its_mean_and_an_empirical_its_samples():
    assert Quantiles.exponential(3.0).mean == pytest.approx(3.0, rel=1e-12)
    empirical = Quantiles.empirical([1.0, 2.0, 3.0, 4.0])
    assert [empirical.values.tolist().count(value) for value in (1.0, 2.0, 3.0, 4.0)] == [STEPS / 4] * 4
