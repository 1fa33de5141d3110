from __future__ import annotations

import pickle
import subprocess
import sys
from math import inf, nan

import pytest

from routecore.errors import InvalidRequest, OutcomeError
from routecore.live.outcome import Outcome
from routecore.live.windows.settings import WindowSettings
from routecore.live.windows.windows import Windows
from routecore.routing.facts import EndpointStats, Percentiles

ONE = WindowSettings(min_samples=1)


def test_p90_latency_is_what_nine_of_ten_requests_do_not_exceed():
    windows = Windows()
    for latency in range(1, 11):
        windows.record("m@p", 0.0, latency=float(latency))
    assert windows.tick(1.0)["m@p"].latency == Percentiles(5.0, 8.0, 9.0, 10.0)


def test_p90_throughput_is_what_nine_of_ten_requests_reach():
    windows = Windows()
    for rate in range(1, 11):
        windows.record("m@p", 0.0, throughput=float(rate))
    assert windows.tick(1.0)["m@p"].throughput == Percentiles(6.0, 3.0, 2.0, 1.0)


def test_fewer_than_min_samples_give_no_percentiles_but_a_count_and_a_rate():
    windows = Windows()
    for _ in range(9):
        windows.record("m@p", 0.0, latency=1.0, throughput=50.0)
    windows.record_failure("m@p", 0.0)
    stats = windows.tick(1.0)["m@p"]
    assert (stats.latency, stats.throughput, stats.samples, stats.success_rate) == (None, None, 10, 0.9)


def test_min_samples_is_asked_of_each_metric():
    windows = Windows(WindowSettings(min_samples=2))
    windows.record("m@p", 0.0, latency=1.0, throughput=50.0)
    windows.record("m@p", 0.0, latency=2.0)
    stats = windows.tick(1.0)["m@p"]
    assert stats.latency is not None
    assert stats.throughput is None


def test_a_sample_stays_until_it_is_five_minutes_old():
    windows = Windows(ONE)
    windows.record("m@p", 0.0, latency=1.0)
    assert "m@p" in windows.tick(300.0)


def test_a_sample_is_gone_within_ten_seconds_of_five_minutes():
    windows = Windows(ONE)
    windows.record("m@p", 0.0, latency=1.0)
    windows.record("m@p", 2.4, latency=1.0)
    assert "m@p" in windows.tick(302.4)
    assert "m@p" not in windows.tick(302.5)


def test_an_idle_endpoint_has_no_statistics_rather_than_zeros():
    windows = Windows(ONE)
    windows.record("m@p", 0.0, latency=1.0)
    windows.record("m@q", 200.0, latency=2.0)
    windows.tick(1.0)
    assert set(windows.tick(400.0)) == {"m@q"}


def test_an_endpoint_that_comes_back_starts_from_its_new_samples():
    windows = Windows(ONE)
    windows.record("m@p", 0.0, latency=9.0)
    windows.tick(1.0)
    windows.tick(400.0)
    windows.record("m@p", 401.0, latency=1.0)
    assert windows.tick(402.0)["m@p"].latency == Percentiles(1.0, 1.0, 1.0, 1.0)


def test_old_samples_leave_from_among_new_ones():
    windows = Windows(ONE)
    windows.record("m@p", 0.0, latency=9.0, throughput=1.0)
    windows.record("m@p", 200.0, latency=1.0, throughput=90.0)
    windows.tick(201.0)
    stats = windows.tick(310.0)["m@p"]
    assert (stats.latency, stats.throughput, stats.samples) == (Percentiles(1.0, 1.0, 1.0, 1.0), Percentiles(90.0, 90.0, 90.0, 90.0), 1)


def test_samples_age_even_if_nobody_ticked_meanwhile():
    windows = Windows(ONE)
    windows.record("m@p", 0.0, latency=9.0)
    windows.record("m@p", 1_000.0, latency=1.0)
    assert windows.tick(1_001.0)["m@p"].samples == 1


def test_a_given_answer_never_changes():
    windows = Windows(ONE)
    windows.record("m@p", 0.0, latency=1.0)
    first = windows.tick(1.0)
    windows.record("m@p", 1.0, latency=2.0)
    windows.record("m@q", 1.0, latency=2.0)
    windows.tick(2.0)
    assert (set(first), first["m@p"].samples) == ({"m@p"}, 1)


def test_a_given_answer_stays_as_it_was_for_what_is_asked_of_it_later():
    windows = Windows(ONE)
    windows.record("m@p", 0.0, latency=1.0)
    first = windows.tick(1.0)
    windows.record("m@p", 1.0, latency=2.0)
    windows.tick(2.0)
    windows.tick(400.0)
    assert (first["m@p"].samples, first["m@p"].latency.p99) == (1, 1.0)


def test_an_answer_reads_like_the_dictionary_it_stands_for():
    windows = Windows(ONE)
    for name in ("m@a", "m@b"):
        windows.record(name, 0.0, latency=1.0)
    windows.tick(1.0)
    windows.record("m@b", 200.0, latency=2.0)
    view = windows.tick(310.0)
    one = EndpointStats(Percentiles(2.0, 2.0, 2.0, 2.0), None, 1, 1.0, 0.0, 0.0)
    assert (len(view), list(view), dict(view), view == {"m@b": one}) == (1, ["m@b"], {"m@b": one}, True)
    assert (view.get("m@a"), view.get("m@x", 7), view["m@b"] is view["m@b"]) == (None, 7, True)
    assert ("m@a" in view, "m@b" in view, 7 in view) == (False, True, False)
    assert pickle.loads(pickle.dumps(view)) == view
    with pytest.raises(KeyError):
        view["m@a"]


def test_the_same_answer_comes_back_while_nothing_changes():
    windows = Windows(ONE)
    windows.record("m@p", 0.0, latency=1.0)
    assert windows.tick(1.0) is windows.tick(5.0)


def test_values_are_plain_python_numbers():
    windows = Windows(ONE)
    windows.record("m@p", 0.0, latency=1.0, throughput=3.0)
    stats = windows.tick(1.0)["m@p"]
    assert {type(value) for value in (*stats.latency, *stats.throughput)} == {float}
    assert (type(stats.samples), type(stats.success_rate)) == (int, float)


@pytest.mark.parametrize(("value", "reason"), [(nan, "nan"), (-0.1, "negative"), (inf, "infinite"), (-inf, "infinite"), (3_600.1, "absurd")])
def test_an_implausible_latency_is_refused_and_counted_while_its_success_counts(value, reason):
    windows = Windows(ONE)
    windows.record("m@p", 0.0, latency=value)
    stats = windows.tick(1.0)["m@p"]
    assert (windows.refused[reason], sum(windows.refused.values())) == (1, 1)
    assert (stats.latency, stats.samples, stats.success_rate) == (None, 1, 1.0)


@pytest.mark.parametrize(("value", "reason"), [(nan, "nan"), (-0.1, "negative"), (inf, "infinite"), (100_000.1, "absurd")])
def test_an_implausible_throughput_is_refused_and_counted_while_its_latency_counts(value, reason):
    windows = Windows(ONE)
    windows.record("m@p", 0.0, latency=1.0, throughput=value)
    stats = windows.tick(1.0)["m@p"]
    assert (windows.refused[reason], stats.throughput, stats.latency.p50) == (1, None, 1.0)


def test_zero_and_the_limits_themselves_are_plausible():
    windows = Windows(ONE)
    windows.record("m@p", 0.0, latency=0.0, throughput=0.0)
    windows.record("m@p", 0.0, latency=3_600.0, throughput=100_000.0)
    stats = windows.tick(1.0)["m@p"]
    assert (stats.latency.p50, stats.latency.p99, stats.throughput.p50, stats.throughput.p99) == (0.0, 3_600.0, 100_000.0, 0.0)
    assert not any(windows.refused.values())


def test_observe_reads_time_to_first_token_and_the_rate_after_it():
    windows = Windows(ONE)
    windows.observe("m@p", Outcome.success(ttft_seconds=0.5, total_seconds=2.5, output_tokens=101), 0.0)
    stats = windows.tick(1.0)["m@p"]
    assert (stats.latency.p50, stats.throughput.p50) == (0.5, 50.0)


def test_a_response_that_did_not_stream_has_no_latency_in_a_window_of_first_tokens():
    windows = Windows(ONE)
    windows.observe("m@p", Outcome.success(total_seconds=2.5, output_tokens=101), 0.0)
    stats = windows.tick(1.0)["m@p"]
    assert (stats.latency, stats.throughput, stats.samples) == (None, None, 1)


def test_in_total_mode_first_tokens_are_not_looked_at():
    windows = Windows(WindowSettings(latency="total", min_samples=1))
    windows.observe("m@p", Outcome.success(ttft_seconds=0.5, total_seconds=2.0, output_tokens=100), 0.0)
    stats = windows.tick(1.0)["m@p"]
    assert (stats.latency.p50, stats.throughput.p50) == (2.0, 50.0)


def test_a_total_before_the_first_token_is_refused_as_a_rate():
    windows = Windows(ONE)
    windows.observe("m@p", Outcome.success(ttft_seconds=2.0, total_seconds=1.0, output_tokens=10), 0.0)
    stats = windows.tick(1.0)["m@p"]
    assert (stats.latency.p50, stats.throughput, windows.refused["negative"]) == (2.0, None, 1)


@pytest.mark.parametrize("tokens", [None, 0, 1])
def test_fewer_than_two_tokens_have_no_rate(tokens):
    windows = Windows(ONE)
    windows.observe("m@p", Outcome.success(ttft_seconds=0.5, total_seconds=2.5, output_tokens=tokens), 0.0)
    assert windows.tick(1.0)["m@p"].throughput is None
    assert not any(windows.refused.values())


def test_failures_of_the_endpoint_lower_its_rate_and_other_kinds_leave_no_trace():
    windows = Windows(ONE)
    windows.observe("m@p", Outcome.success(ttft_seconds=0.5), 0.0)
    for outcome in (Outcome.connection(), Outcome.timeout(), Outcome.server(500), Outcome.rate_limit()):
        windows.observe("m@p", outcome, 0.0)
    for outcome in (Outcome.credential(401), Outcome.moderation(), Outcome.caller(400), Outcome.cancelled()):
        windows.observe("m@p", outcome, 0.0)
    stats = windows.tick(1.0)["m@p"]
    assert (stats.samples, stats.success_rate) == (5, 0.2)


def test_endpoints_outside_the_catalog_are_bounded_and_counted():
    windows = Windows(WindowSettings(max_unlisted=2, min_samples=1), listed=["m@a"])
    for name in ("m@x", "m@y", "m@z", "m@a"):
        windows.record(name, 0.0, latency=1.0)
    assert set(windows.tick(1.0)) == {"m@x", "m@y", "m@a"}
    assert windows.refused["unlisted"] == 1


def test_room_for_unlisted_endpoints_comes_back_when_their_samples_have_left():
    windows = Windows(WindowSettings(max_unlisted=1, min_samples=1))
    windows.record("m@x", 0.0, latency=1.0)
    windows.tick(1.0)
    windows.tick(400.0)
    windows.record("m@y", 401.0, latency=1.0)
    assert set(windows.tick(402.0)) == {"m@y"}


def test_a_catalog_swap_keeps_statistics_by_id():
    windows = Windows(WindowSettings(max_unlisted=0, min_samples=1), listed=["m@a", "m@b"])
    windows.record("m@a", 0.0, latency=1.0)
    windows.list_endpoints(["m@b"])
    windows.record("m@a", 1.0, latency=2.0)
    assert windows.tick(2.0)["m@a"].samples == 2


def test_a_record_into_a_log_let_go_of_is_taken_over_by_the_next_tick():
    windows = Windows(ONE)
    windows.record("m@x", 0.0, latency=1.0)
    held = windows._logs["m@x"]
    windows.tick(1.0)
    windows.tick(400.0)
    assert "m@x" not in windows._logs
    held.mark(400.0, 2.5)
    held.add_latency(7.0)
    assert windows.tick(401.0)["m@x"].latency.p50 == 7.0
    windows.record("m@x", 402.0, latency=9.0)
    assert windows.tick(403.0)["m@x"].samples == 2


def test_a_busy_endpoint_becomes_a_histogram_within_one_percent_and_an_exact_log_again_after_an_idle_window():
    windows = Windows(WindowSettings(exact_samples=100, min_samples=1))
    for index in range(1_000):
        windows.record("m@p", 0.0, latency=0.001 * (index + 1), throughput=index + 1.0)
    windows.record_failure("m@p", 0.0)
    stats = windows.tick(1.0)["m@p"]
    assert windows._logs["m@p"].sketch is not None
    assert stats.latency.p90 == pytest.approx(0.9, rel=0.008)
    assert stats.throughput.p90 == pytest.approx(101, rel=0.008)
    assert (stats.samples, stats.success_rate) == (1_001, 1_000 / 1_001)
    windows.record("m@p", 100.0, latency=5.0)
    assert windows.tick(101.0)["m@p"].samples == 1_002
    assert windows.tick(303.0)["m@p"].samples == 1
    assert "m@p" not in windows.tick(500.0)
    windows.record("m@p", 501.0, latency=0.123456789)
    assert windows.tick(502.0)["m@p"].latency.p50 == 0.123456789


def test_over_all_endpoints_the_largest_logs_become_histograms():
    windows = Windows(WindowSettings(max_samples=6_000, min_samples=1))
    for index in range(5_000):
        windows.record("m@big", 0.0, latency=1.0 + index)
    for _ in range(2_000):
        windows.record("m@small", 0.0, latency=1.0)
    windows.tick(1.0)
    assert windows._logs["m@big"].sketch is not None
    assert windows._logs["m@small"].sketch is None


def test_without_a_tick_an_endpoint_stops_taking_records_and_says_so():
    windows = Windows(ONE)
    windows._most_unread = 10
    for index in range(20):
        windows.record("m@p", 3.0 * index, latency=1.0)
    assert windows.refused["full"] == 14
    windows.tick(60.0)
    windows.tick(400.0)
    windows.record("m@p", 401.0, latency=1.0)
    assert windows.tick(402.0)["m@p"].samples == 1


def test_an_export_adds_up_in_another_process():
    first, second = Windows(ONE), Windows(ONE)
    for index in range(100):
        first.record("m@p", 10.0, latency=0.1 + index / 100, throughput=10.0 + index)
        second.record("m@p", 77.0, latency=2.0 + index / 100, throughput=200.0 + index)
    first.record_failure("m@p", 10.0)
    first.record("m@q", 10.0)
    second.merge(first.export(11.0), 78.0)
    stats = second.tick(79.0)
    assert stats["m@p"].latency.p50 == pytest.approx(0.1 + 99 / 100, rel=0.001)
    assert stats["m@p"].throughput.p50 == pytest.approx(200.0, rel=0.001)
    assert (stats["m@p"].samples, stats["m@p"].success_rate) == (201, 200 / 201)
    assert (stats["m@q"].samples, stats["m@q"].latency) == (1, None)


def test_other_tools_read_an_export():
    from hdrh.histogram import HdrHistogram

    windows = Windows(ONE)
    for index in range(1, 1_001):
        windows.record("m@p", 0.0, latency=index / 1_000, throughput=float(index))
    exported = windows.export(1.0)["endpoints"]["m@p"]
    total = HdrHistogram(1, 86_400_000_000, 3)
    assert total.decode_and_add(exported["latency_microseconds"]) is None
    assert (total.get_total_count(), total.get_value_at_percentile(90)) == (1_000, pytest.approx(900_000, rel=0.001))
    rates = HdrHistogram.decode(exported["throughput_millitokens_per_second"])
    assert rates.get_value_at_percentile(10) == pytest.approx(100_000, rel=0.001)


def test_exports_since_the_last_one_hold_every_sample_once():
    windows = Windows(ONE)
    since, counted = 0.0, 0
    for step in range(40):
        windows.record("m@p", step * 1.7, latency=1.0)
        exported = windows.export(step * 1.7, since=since)
        since = exported["until"]
        counted += exported["endpoints"].get("m@p", {"successes": 0})["successes"]
    counted += windows.export(200.0, since=since)["endpoints"]["m@p"]["successes"]
    assert counted == 40


def test_a_merge_of_another_kind_of_latency_is_refused():
    exported = Windows(WindowSettings(latency="total")).export(0.0)
    with pytest.raises(InvalidRequest, match="never mix"):
        Windows().merge(exported, 0.0)


@pytest.mark.parametrize(
    "change",
    [
        {"latency_microseconds": "no histogram"},
        {"latency_microseconds": 7},
        {"latency_microseconds": "AAAA"},
        {"throughput_millitokens_per_second": None},
        {"successes": -1},
        {"successes": 1},
        {"failures": True},
    ],
)
def test_an_export_with_a_fault_is_named_and_nothing_of_it_is_merged(change):
    source, target = Windows(ONE), Windows(ONE)
    for _ in range(2):
        source.record("m@a", 0.0, latency=1.0)
        source.record("m@b", 0.0, latency=1.0)
    exported = source.export(1.0)
    exported["endpoints"]["m@b"] |= change
    with pytest.raises(InvalidRequest, match=f"export.endpoints.m@b.{next(iter(change))}"):
        target.merge(exported, 1.0)
    assert not target.tick(2.0)


@pytest.mark.parametrize("exported", [None, [], {}, {"format": "hdrhistogram-v2"}, {"format": "v1", "endpoints": {}}])
def test_what_is_no_export_is_refused(exported):
    with pytest.raises(InvalidRequest):
        Windows().merge(exported, 0.0)


def test_every_bad_setting_is_named_at_once():
    with pytest.raises(InvalidRequest) as caught:
        WindowSettings(seconds=0, latency="p50", min_samples=0, exact_samples=1.5, max_unlisted=-1, max_latency_seconds=nan)
    paths = [fault.path.removeprefix("settings.windows.") for fault in caught.value.faults]
    assert paths == ["seconds", "latency", "min_samples", "exact_samples", "max_unlisted", "max_latency_seconds"]


@pytest.mark.parametrize("now", [nan, inf, -inf])
def test_a_time_that_is_none_is_refused(now):
    windows = Windows()
    with pytest.raises(OutcomeError, match="now"):
        windows.record("m@p", now, latency=1.0)


@pytest.mark.parametrize("start", [-1_000.0, 0.0, 1.7e9])
def test_the_zero_of_the_clock_does_not_matter(start):
    windows = Windows(ONE)
    windows.record("m@p", start, latency=1.0)
    assert "m@p" in windows.tick(start + 299.0)
    assert "m@p" not in windows.tick(start + 310.0)


def test_a_window_of_another_length_slides_in_finer_steps():
    windows = Windows(WindowSettings(seconds=12.0, min_samples=1))
    windows.record("m@p", 0.0, latency=1.0)
    assert "m@p" in windows.tick(12.0)
    assert "m@p" not in windows.tick(12.2)


def test_recording_loads_no_numpy():
    code = (
        "import sys, routecore.live.windows.windows as w; x = w.Windows(); x.record('m@p', 0.0, latency=1.0);"
        "assert not {'numpy', 'hdrh'} & set(sys.modules); x.tick(1.0); assert 'numpy' in sys.modules and 'hdrh' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
