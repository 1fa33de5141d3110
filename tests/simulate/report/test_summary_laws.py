"""Laws of summaries: adding up is associative and commutative, and cutting a trace between sessions changes nothing."""

import pickle

import numpy as np
import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given
from hypothesis import strategies as st

from routecore.errors import SimulationError
from routecore.simulate.noise import poisson_weights
from routecore.simulate.report.durations import HIGHEST_US, Durations, buckets_of, edges_of
from routecore.simulate.report.summary import FIGURES, MONEY, Summary, difference

IDS = ["m@p", "m@q", "m@r"]
REQUEST = st.tuples(
    st.integers(1, 6),  # unit
    st.floats(0, 10_000),
    st.booleans(),
    st.booleans(),
    st.integers(0, 4),
    st.integers(-1, 2),
    st.integers(-1, 2),
    st.integers(0, HIGHEST_US),
    st.integers(0, HIGHEST_US),
    *[st.integers(0, 2**70)] * len(MONEY),
    *[st.integers(0, 2**31)] * 3,
)
NAMES = (
    "unit",
    "at_s",
    "served",
    "first_served",
    "attempts",
    "endpoint",
    "first",
    "ttft_us",
    "total_us",
    *MONEY,
    "prompt_tokens",
    "cached_tokens",
    "completion_tokens",
)


def summary_of(requests):
    found = Summary(replicates=8)
    if requests:
        found.add(dict(zip(NAMES, zip(*requests, strict=True), strict=True)), IDS)
    found.rejections = {"zdr": len(requests)} if requests else {}
    return found


REQUESTS = st.lists(REQUEST, max_size=12)


@given(REQUESTS, REQUESTS, REQUESTS)
def test_merging_is_associative_and_commutative_and_the_empty_summary_changes_nothing(one, two, three):
    a, b, c = map(summary_of, (one, two, three))
    assert a.merge(b).merge(c) == a.merge(b.merge(c))
    assert a.merge(b) == b.merge(a)
    assert a.merge(summary_of([])) == a


@given(REQUESTS)
def test_a_summary_of_parts_cut_between_sessions_is_the_summary_of_the_whole(requests):
    parts = [[one for one in requests if one[0] % 3 == part] for part in range(3)]
    merged = summary_of(parts[0]).merge(summary_of(parts[1])).merge(summary_of(parts[2]))
    assert merged == summary_of(requests)
    assert merged.figures() == summary_of(requests).figures()


@given(REQUESTS)
def test_sums_of_money_are_exact_whatever_their_size(requests):
    found = summary_of(requests)
    for place, name in enumerate(MONEY):
        assert found.money[name] == sum(one[9 + place] for one in requests)
    assert sum(row.charged for row in found.by_endpoint.values()) == sum(one[9] for one in requests if one[5] >= 0)


@given(st.lists(st.integers(0, HIGHEST_US), min_size=1, max_size=50))
def test_buckets_are_hdrs_own_and_hold_their_values(values):
    buckets = buckets_of(np.array(values))
    low, width = edges_of(buckets)
    assert (low <= values).all()
    assert (np.array(values) < low + width).all()
    histogram = HdrHistogram(1, HIGHEST_US, 3)
    assert [histogram._counts_index_for(value) for value in values] == buckets.tolist()


@given(st.lists(st.floats(0, 80_000), min_size=1, max_size=60), st.sampled_from([0.5, 0.9, 0.99]))
def test_a_quantile_is_the_nearest_rank_to_a_thousandth(values, share):
    durations = Durations()
    durations.add(np.array(values))
    exact = sorted(values)[max(int(np.ceil(share * len(values))), 1) - 1]
    assert durations.at(share) == pytest.approx(exact, rel=0.001, abs=2e-6)


def test_durations_are_read_back_by_the_public_decoder():
    durations = Durations()
    durations.add(np.array([0.1, 0.2, 0.3, 4.0]))
    decoded = HdrHistogram.decode(durations.encoded())
    assert decoded.total_count == 4
    assert decoded.get_value_at_percentile(50) == pytest.approx(200_000, rel=0.001)


def test_a_summary_survives_pickling():
    one = summary_of([(1, 0.0, True, True, 1, 0, 0, 5, 9, *[10**14] * len(MONEY), 1, 0, 1)])
    assert pickle.loads(pickle.dumps(one)) == one


def test_summaries_of_other_buckets_do_not_merge():
    with pytest.raises(SimulationError, match="same bucket_s"):
        Summary(bucket_s=1).merge(Summary(bucket_s=2))


def test_a_units_weight_is_the_same_wherever_it_is_counted():
    units = np.arange(1, 1001, dtype=np.uint64)
    whole = poisson_weights(units, 200)
    np.testing.assert_array_equal(poisson_weights(units[500:], 200), whole[500:])
    assert whole.mean() == pytest.approx(1, abs=0.01)
    assert whole.var() == pytest.approx(1, abs=0.02)


def drawn(seed, shift=0.0, rows=600, sessions=60):
    random = np.random.default_rng(seed)
    own = random.lognormal(0, 0.5, sessions)[np.arange(rows) % sessions]
    cost = (own * random.lognormal(0, 0.3, rows) * 1e12 + shift * 1e12).astype(np.int64)
    found = Summary()
    ttft = (random.lognormal(0, 0.5, rows) * 1e6).astype(np.int64)
    columns = {name: np.zeros(rows, np.int64) for name in NAMES}
    columns.update(
        unit=(np.arange(rows) % sessions + 1 + seed * 1000).astype(np.uint64),
        served=np.ones(rows, bool),
        first_served=np.ones(rows, bool),
        ttft_us=ttft,
        total_us=ttft,
        charged=cost,
    )
    found.add(columns, IDS)
    return found


def test_the_95_percent_interval_covers_the_mean_of_the_population_of_sessions():
    true = float(np.exp(0.125) * np.exp(0.045)) / 1000
    covered = 0
    for seed in range(200):
        low, high = drawn(seed).intervals()["cost_per_request"]
        covered += low <= true <= high
    assert 0.88 <= covered / 200 <= 0.99


def test_a_paired_difference_is_much_sharper_than_two_intervals():
    one, two = drawn(1), drawn(1, shift=0.01)
    paired = difference(one, two)["cost_per_request"]
    assert paired["value"] == pytest.approx(1e-5, rel=1e-3)
    alone = one.intervals()["cost_per_request"]
    assert paired["high"] - paired["low"] < (alone[1] - alone[0]) / 100
    assert paired["low"] > 0


def test_every_figure_has_an_interval_and_a_difference():
    one = drawn(1)
    assert set(one.figures()) == set(one.intervals()) == set(difference(one, one)) == set(FIGURES)
    assert one.intervals()["ttft_p90"][0] < one.figures()["ttft_p90"] < one.intervals()["ttft_p90"][1]


def test_the_quantiles_of_replicates_lie_around_the_figure_itself():
    one = drawn(3, rows=6_000, sessions=6_000)
    figures, replicas = one.figures(), one.resampled()
    for name in ("ttft_p50", "ttft_p90", "total_p50", "total_p90"):
        assert replicas[name].mean() == pytest.approx(figures[name], rel=0.01)
        assert 0 < replicas[name].std() < 0.05 * figures[name]
