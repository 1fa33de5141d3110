"""What the importer makes of a feed's live figures, in the answer itself and in captures beside it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routecore import CatalogError, Facts, decide
from routecore.adapters.oddities import Oddities
from routecore.adapters.openrouter import import_endpoints
from routecore.adapters.openrouter.stats import read_statistics
from tests.adapters.openrouter.openrouter_feeds import DATA, answer

ID = "a/b@p/fp8"


def read(**raw):
    odd = Oddities()
    return read_statistics(raw, "row", odd), [(one.field, one.value) for one in odd.noted]


def test_milliseconds_become_seconds_with_the_digits_of_the_feed():
    assert read(latency_last_30m={"p50": 814.5, "p75": 1760.25, "p90": 3894.1})[0]["latency"] == {"p50": 0.8145, "p75": 1.76025, "p90": 3.8941}


def test_latency_that_falls_keeps_its_p50_alone_and_says_so():
    measured, noted = read(latency_last_30m={"p50": 900, "p75": 1000, "p90": 800})
    assert measured["latency"] == {"p50": 0.9}
    assert [field for field, _ in noted] == ["latency_last_30m"]


def test_throughput_that_rises_anywhere_keeps_its_p50_alone():
    assert read(throughput_last_30m={"p50": 50, "p75": 40, "p90": 41})[0]["throughput"] == {"p50": 50.0}


def test_equal_percentiles_neither_rise_nor_fall():
    assert read(throughput_last_30m={"p50": 50, "p99": 50}, latency_last_30m={"p50": 500, "p99": 500}) == (
        {"throughput": {"p50": 50.0, "p99": 50.0}, "latency": {"p50": 0.5, "p99": 0.5}},
        [],
    )


def test_rising_throughput_without_a_p50_says_nothing():
    assert read(throughput_last_30m={"p75": 40, "p90": 50})[0] == {}


@pytest.mark.parametrize("value", ["900", -1, True, float("nan"), []])
def test_a_percentile_that_is_no_number_is_unknown_and_said(value):
    measured, noted = read(latency_last_30m={"p50": value, "p90": 2000})
    assert measured == {"latency": {"p90": 2.0}}
    assert noted[0][0] == "latency_last_30m.p50"


def test_percentiles_that_are_no_object_are_unknown_and_said():
    assert read(latency_last_30m=814) == ({}, [("latency_last_30m", 814)])


def test_the_uptime_of_five_minutes_counts_before_that_of_thirty():
    assert read(uptime_last_5m=97.5, uptime_last_30m=99)[0] == {"success_rate": 0.975}
    assert read(uptime_last_5m=None, uptime_last_30m=99)[0] == {"success_rate": 0.99}


def test_an_uptime_of_0_is_a_success_rate_of_0():
    assert read(uptime_last_5m=0, uptime_last_30m=99)[0] == {"success_rate": 0.0}


def test_the_uptime_of_a_day_is_no_live_figure_and_said_where_it_is_the_only_one():
    assert read(uptime_last_1d=99.9) == ({}, [("uptime_last_1d", 99.9)])
    assert read(uptime_last_1d=99.9, uptime_last_30m=98)[1] == []


@pytest.mark.parametrize("share", [100.1, -1, "99", True])
def test_an_uptime_that_is_no_percentage_is_unknown_and_said(share):
    assert read(uptime_last_5m=share, uptime_last_30m=99) == ({"success_rate": 0.99}, [("uptime_last_5m", share)])


def test_a_capture_beside_the_feed_replaces_its_figures_one_by_one():
    feed = answer({"uptime_last_5m": 99, "latency_last_30m": {"p50": 900}}, {"tag": "q", "uptime_last_5m": 98})
    capture = answer({"latency_last_30m": {"p50": 700}, "throughput_last_30m": {"p50": 40}})
    stats = import_endpoints(feed, stats=capture).stats
    assert stats == {ID: {"latency": {"p50": 0.7}, "throughput": {"p50": 40.0}, "success_rate": 0.99}, "a/b@q": {"success_rate": 0.98}}


def test_a_capture_of_an_endpoint_that_was_not_imported_is_named_and_left_out():
    result = import_endpoints(answer(), stats=[answer({"tag": "q", "uptime_last_5m": 98}, {"tag": 7})])
    assert result.stats == {}
    assert [(one.path, one.value) for one in result.oddities] == [("stats[0].data.endpoints[0]", "a/b@q"), ("stats[0].data.endpoints[1].tag", 7)]


def test_a_capture_adds_no_endpoint_and_changes_no_price():
    feed = answer()
    capture = answer({"pricing": {"prompt": "0.1"}, "uptime_last_5m": 98}, {"tag": "q"})
    assert import_endpoints(feed, stats=capture).catalog_mapping == import_endpoints(feed).catalog_mapping


def test_twins_get_the_figures_of_their_own_number():
    feed = answer({}, {})
    capture = answer({"uptime_last_5m": 98}, {"uptime_last_5m": 97})
    assert import_endpoints(feed, stats=capture).stats == {ID: {"success_rate": 0.98}, f"{ID}#2": {"success_rate": 0.97}}


def test_a_source_of_statistics_that_is_none_is_an_error_that_names_it():
    with pytest.raises(CatalogError) as caught:
        import_endpoints(answer(), stats={"history": []})
    assert caught.value.param == "stats"


def test_uptime_reaches_the_balance():
    stats = import_endpoints(answer({"uptime_last_5m": 40}, {"tag": "q", "uptime_last_5m": 100})).stats
    catalog = import_endpoints(answer({}, {"tag": "q"})).catalog()
    weights = {attempt.endpoint.slug: attempt.probability for attempt in decide(catalog, {"model": "a/b"}, Facts.from_mapping(stats))[:1]}
    (slug, probability) = next(iter(weights.items()))
    assert (probability > 0.5) == (slug == "q")


NUMBERS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4)
PERCENTILES = st.dictionaries(st.sampled_from(["p50", "p75", "p90", "p99", "p95"]), NUMBERS) | NUMBERS


@given(PERCENTILES, PERCENTILES, NUMBERS, NUMBERS)
def test_whatever_the_figures_are_what_comes_over_are_facts_that_do_not_rise(latency, throughput, five, thirty):
    """Law: any figures of a feed read as facts, none of which the facts themselves have to mend."""
    measured, _ = read(latency_last_30m=latency, throughput_last_30m=throughput, uptime_last_5m=five, uptime_last_30m=thirty)
    assert not Facts.from_mapping({ID: measured}).rising


@pytest.mark.skipif(not DATA.is_dir(), reason="the real captures are not part of the project")
def test_a_real_capture_joins_its_own_answer():
    document = json.loads((DATA / "openrouter_live_stats" / "kimi-k3_endpoints_20260825.json").read_text())
    bare = json.loads(json.dumps(document))
    for endpoint in bare["data"]["endpoints"]:
        for key in ("latency_last_30m", "throughput_last_30m", "uptime_last_5m", "uptime_last_30m"):
            endpoint[key] = None
    assert import_endpoints(bare, stats=document).stats == import_endpoints(document).stats
