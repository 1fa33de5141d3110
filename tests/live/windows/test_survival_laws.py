"""Kaplan and Meier's percentiles against their definition in whole fractions, and codec against codec."""

from __future__ import annotations

from fractions import Fraction
from math import isnan

import numpy as np
from hdrh.histogram import HdrHistogram
from hypothesis import given, settings
from hypothesis import strategies as st

from routecore.live.windows.hdr import HIGHEST_LATENCY, HIGHEST_THROUGHPUT, decode, encode
from routecore.live.windows.survival import best_ranks, survival_ranks

RANKS = (50, 75, 90, 99)
# few distinct values, so that events and waits meet
SECONDS = st.sampled_from([0.0, 0.1, 0.2, 0.5, 1.0, 3.0]) | st.floats(0, 100, allow_nan=False)


def naive_survival(events: list[float], waits: list[float]) -> list[float | None]:
    """Walk all moments; at each event that many of those still there have ended."""
    found: list[float | None] = [None] * len(RANKS)
    left = Fraction(1)
    for moment in sorted(set(events)):
        there = sum(one >= moment for one in events) + sum(one >= moment for one in waits)
        left *= Fraction(there - events.count(moment), there)
        for place, rank in enumerate(RANKS):
            if found[place] is None and left <= Fraction(100 - rank, 100):
                found[place] = moment
    return found


@given(st.lists(SECONDS, max_size=60), st.lists(SECONDS, max_size=60))
@settings(max_examples=400, deadline=None)
def test_survival_is_exactly_what_whole_fractions_give(events, waits):
    found = survival_ranks(np.array(events), np.ones(len(events), np.int64), np.array(waits), np.ones(len(waits), np.int64))
    assert [None if isnan(one) else one for one in found] == naive_survival(events, waits)


@given(st.lists(st.tuples(SECONDS, st.integers(1, 5)), min_size=1, max_size=30), st.lists(st.tuples(SECONDS, st.integers(1, 5)), max_size=30))
@settings(max_examples=200, deadline=None)
def test_a_value_counted_often_is_as_many_values(events, waits):
    def columns(pairs):
        return np.array([value for value, _ in pairs]), np.array([count for _, count in pairs], np.int64)

    spread = [[value for value, count in pairs for _ in range(count)] for pairs in (events, waits)]
    found = survival_ranks(*columns(events), *columns(waits))
    assert [None if isnan(one) else one for one in found] == naive_survival(*spread)


@given(st.lists(SECONDS, min_size=1, max_size=200))
@settings(max_examples=200, deadline=None)
def test_without_waits_it_is_the_nearest_rank(events):
    ordered = sorted(events)
    found = survival_ranks(np.array(events), np.ones(len(events), np.int64), np.zeros(0), np.zeros(0, np.int64))
    assert found == [ordered[-(-len(ordered) * rank // 100) - 1] for rank in RANKS]
    best = sorted(events, reverse=True)
    assert best_ranks(np.array(events), np.ones(len(events), np.int64)) == [best[-(-len(best) * rank // 100) - 1] for rank in RANKS]


@given(
    st.lists(st.tuples(st.integers(0, 4_000) | st.integers(0, HIGHEST_LATENCY), st.integers(1, 1_000)), max_size=60),
    st.sampled_from([HIGHEST_LATENCY, HIGHEST_THROUGHPUT]),
)
@settings(max_examples=150, deadline=None)
def test_the_library_reads_what_is_written_and_what_it_writes_is_read(pairs, highest):
    units = np.array([min(value, highest) for value, _ in pairs], np.int64)
    counts = np.array([count for _, count in pairs], np.int64)
    theirs = HdrHistogram(1, highest, 3)
    for value, count in zip(units.tolist(), counts.tolist(), strict=True):
        theirs.record_value(value, count)
    text = encode(units, counts, highest)
    read = HdrHistogram.decode(text.encode("ascii"))
    assert list(read.counts) == list(theirs.counts)
    ours, other = decode(text, highest), decode(theirs.encode().decode("ascii"), highest)
    assert ours is not None
    assert other is not None
    assert [part.tolist() for part in ours] == [part.tolist() for part in other]
    assert int(ours[1].sum()) == int(counts.sum())


@given(st.text(max_size=40) | st.binary(max_size=200).map(lambda data: __import__("base64").b64encode(data).decode()), st.integers(0, 80), st.integers(0, 255))
@settings(max_examples=300, deadline=None)
def test_a_damaged_text_is_none_or_a_histogram_of_bounded_size(text, place, octet):
    assert decode(text, HIGHEST_LATENCY) is None
    whole = bytearray(encode(np.array([5, 70_000, 9_000_000]), np.array([1, 2, 3]), HIGHEST_LATENCY).encode())
    whole[place % len(whole)] = octet
    found = decode(whole.decode("latin-1"), HIGHEST_LATENCY)
    assert found is None or len(found[0]) <= 28_000
