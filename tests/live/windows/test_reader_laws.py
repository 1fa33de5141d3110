"""Laws of the windows. The naive side sorts lists and counts."""

from __future__ import annotations

from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from routecore.live.windows.settings import WindowSettings
from routecore.live.windows.windows import Windows

RANKS = (50, 75, 90, 99)
LATENCIES = st.floats(min_value=0.0, max_value=3_600.0)
RATES = st.floats(min_value=0.0, max_value=100_000.0)
IDS = st.sampled_from([f"m@p{index}" for index in range(40)])
SAMPLES = st.lists(st.tuples(IDS, LATENCIES, RATES), min_size=1, max_size=300)


def nearest_rank(values, percent, *, best_is_least):
    """The value that at least ``percent`` % of the samples do at least as well as, and no worse one than needed."""
    ordered = sorted(values, reverse=not best_is_least)
    return ordered[ceil(len(ordered) * percent / 100 - 1e-9) - 1]


def by_endpoint(samples):
    found = {}
    for endpoint_id, latency, rate in samples:
        latencies, rates = found.setdefault(endpoint_id, ([], []))
        latencies.append(latency)
        rates.append(rate)
    return found


@given(SAMPLES)
def test_every_percentile_is_the_nearest_rank_of_its_own_endpoint_s_samples(samples):
    """What a tick gives equals what sorting each endpoint's samples gives, to the last digit."""
    windows = Windows(WindowSettings(min_samples=1))
    for endpoint_id, latency, rate in samples:
        windows.record(endpoint_id, 0.0, latency=latency, throughput=rate)
    stats = windows.tick(1.0)
    expected = by_endpoint(samples)
    assert set(stats) == set(expected)
    for endpoint_id, (latencies, rates) in expected.items():
        one = stats[endpoint_id]
        assert tuple(one.latency) == tuple(nearest_rank(latencies, rank, best_is_least=True) for rank in RANKS)
        assert tuple(one.throughput) == tuple(nearest_rank(rates, rank, best_is_least=False) for rank in RANKS)


@given(SAMPLES, st.lists(st.floats(min_value=0.0, max_value=100.0), max_size=5))
def test_when_ticks_fall_does_not_matter(samples, moments):
    """Any ticks in between leave the last tick's answer as it would be without them."""
    often, once = (Windows(WindowSettings(min_samples=1)) for _ in range(2))
    at = sorted(moments)
    for index, (endpoint_id, latency, rate) in enumerate(samples):
        now = 100.0 * index / len(samples)
        while at and at[0] <= now:
            often.tick(at.pop(0))
        for windows in (often, once):
            windows.record(endpoint_id, now, latency=latency, throughput=rate)
    assert often.tick(350.0) == once.tick(350.0)


@given(SAMPLES)
def test_throughput_never_rises_and_latency_never_falls_from_p50_to_p99(samples):
    """A higher percentile promises more requests, and so never more."""
    windows = Windows(WindowSettings(min_samples=1))
    for endpoint_id, latency, rate in samples:
        windows.record(endpoint_id, 0.0, latency=latency, throughput=rate)
    for one in windows.tick(1.0).values():
        assert list(one.latency) == sorted(one.latency)
        assert list(one.throughput) == sorted(one.throughput, reverse=True)


@given(st.lists(st.tuples(st.floats(min_value=1e-6, max_value=3_600.0), st.floats(min_value=1e-6, max_value=100_000.0)), min_size=6, max_size=300))
def test_a_histogram_s_percentiles_are_within_one_percent_of_the_exact_ones(samples):
    """Past the exact limit an endpoint's percentiles stay within 0.8 % of the nearest rank."""
    windows = Windows(WindowSettings(min_samples=1, exact_samples=5))
    for latency, rate in samples:
        windows.record("m@p", 0.0, latency=latency, throughput=rate)
    one = windows.tick(1.0)["m@p"]
    for found, values, least in ((one.latency, [pair[0] for pair in samples], True), (one.throughput, [pair[1] for pair in samples], False)):
        for value, rank in zip(found, RANKS, strict=True):
            exact = nearest_rank(values, rank, best_is_least=least)
            assert abs(value - exact) <= 0.008 * exact


@given(
    st.lists(st.tuples(IDS, st.floats(min_value=0.001, max_value=3_600.0), st.floats(min_value=1.0, max_value=100_000.0)), min_size=1, max_size=200),
    st.integers(1, 4),
)
def test_exports_of_several_processes_add_up_to_one_window_of_all_samples(samples, processes):
    """However samples are spread over processes, merging their exports gives the percentiles of all within 1 %, and the exact counts."""
    parts = [Windows(WindowSettings(min_samples=1)) for _ in range(processes)]
    whole, merged = (Windows(WindowSettings(min_samples=1)) for _ in range(2))
    for index, (endpoint_id, latency, rate) in enumerate(samples):
        whole.record(endpoint_id, 0.0, latency=latency, throughput=rate)
        parts[index % processes].record(endpoint_id, 0.0, latency=latency, throughput=rate)
    for part in parts:
        merged.merge(part.export(1.0), 1.0)
    expected, found = whole.tick(2.0), merged.tick(2.0)
    assert set(found) == set(expected)
    for endpoint_id, one in expected.items():
        other = found[endpoint_id]
        assert (other.samples, other.success_rate) == (one.samples, one.success_rate)
        for value, exact in zip((*other.latency, *other.throughput), (*one.latency, *one.throughput), strict=True):
            assert abs(value - exact) <= 0.01 * exact
