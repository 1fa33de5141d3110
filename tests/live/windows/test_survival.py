"""Percentiles over waits that were cut short: what leaving early and leaving late says."""

from __future__ import annotations

import pytest

from routecore import Outcome, WindowSettings
from routecore.live.windows.windows import Windows

ONE = WindowSettings(min_samples=1)


def p50(windows, now=1.0):
    stats = windows.tick(now).get("m@p")
    return None if stats is None or stats.latency is None else stats.latency.p50


def test_two_hundred_callers_who_left_after_ten_seconds_leave_no_fast_endpoint():
    windows = Windows(ONE)
    for _ in range(20):
        windows.observe("m@p", Outcome.success(ttft_seconds=0.1), 0.0)
    for _ in range(200):
        windows.observe("m@p", Outcome.cancelled(waited_seconds=10.0), 0.0)
    stats = windows.tick(1.0)["m@p"]
    assert (stats.latency, stats.samples, stats.success_rate) == (None, 20, 1.0)


def test_a_caller_who_leaves_after_a_tenth_of_a_second_proves_nothing():
    windows = Windows(ONE)
    for seconds in (1.0, 2.0, 3.0):
        windows.observe("m@p", Outcome.success(ttft_seconds=seconds), 0.0)
    for _ in range(1_000):
        windows.observe("m@p", Outcome.cancelled(waited_seconds=0.1), 0.0)
    assert tuple(windows.tick(1.0)["m@p"].latency) == (2.0, 3.0, 3.0, 3.0)


def test_a_percentile_past_the_last_event_is_unknown_and_the_earlier_ones_stand():
    windows = Windows(ONE)
    for seconds in (1.0, 2.0, 3.0):
        windows.observe("m@p", Outcome.success(ttft_seconds=seconds), 0.0)
    windows.observe("m@p", Outcome.cancelled(waited_seconds=9.0), 0.0)
    assert tuple(windows.tick(1.0)["m@p"].latency) == (2.0, 3.0, None, None)


def test_a_timeout_is_a_failure_and_a_wait():
    windows = Windows(ONE)
    windows.observe("m@p", Outcome.success(ttft_seconds=1.0), 0.0)
    windows.observe("m@p", Outcome.timeout(waited_seconds=30.0), 0.0)
    stats = windows.tick(1.0)["m@p"]
    assert (tuple(stats.latency), stats.samples, stats.success_rate) == ((1.0, None, None, None), 2, 0.5)


def test_a_cancelled_stream_that_had_its_first_token_is_a_full_latency_sample():
    windows = Windows(ONE)
    windows.observe("m@p", Outcome.cancelled(ttft_seconds=0.4, waited_seconds=3.0), 0.0)
    stats = windows.tick(1.0)["m@p"]
    assert (stats.latency.p99, stats.samples) == (0.4, 1)


def test_where_whole_responses_are_measured_a_first_token_ends_no_wait():
    windows = Windows(WindowSettings(min_samples=1, latency="total"))
    windows.observe("m@p", Outcome.success(total_seconds=2.0), 0.0)
    windows.observe("m@p", Outcome.cancelled(ttft_seconds=0.4, waited_seconds=3.0), 0.0)
    assert tuple(windows.tick(1.0)["m@p"].latency) == (2.0, None, None, None)


def test_a_wait_leaves_the_window_with_its_period():
    windows = Windows(ONE)
    windows.observe("m@p", Outcome.cancelled(waited_seconds=9.0), 0.0)
    windows.observe("m@p", Outcome.success(ttft_seconds=1.0), 200.0)
    assert (p50(windows, 201.0), p50(windows, 299.0), p50(windows, 310.0)) == (1.0, 1.0, 1.0)
    assert tuple(windows.tick(310.0)["m@p"].latency) == (1.0, 1.0, 1.0, 1.0)


def test_waits_alone_make_no_statistics():
    windows = Windows(ONE)
    windows.observe("m@p", Outcome.cancelled(waited_seconds=9.0), 0.0)
    assert "m@p" not in windows.tick(1.0)


@pytest.mark.parametrize(("value", "reason"), [(float("nan"), "nan"), (-1.0, "negative"), (float("inf"), "infinite"), (3_601.0, "absurd")])
def test_an_implausible_wait_is_refused_and_counted(value, reason):
    windows = Windows(ONE)
    windows.record_wait("m@p", 0.0, value)
    assert windows.refused[reason] == 1


def test_rate_limits_stand_apart_from_other_failures():
    windows = Windows(ONE)
    for outcome in (*[Outcome.success(ttft_seconds=0.1)] * 6, Outcome.server(500), Outcome.rate_limit(), Outcome.rate_limit(), Outcome.connection()):
        windows.observe("m@p", outcome, 0.0)
    stats = windows.tick(1.0)["m@p"]
    assert (stats.samples, stats.success_rate, stats.error_rate, stats.rate_limit_rate) == (10, 0.6, 0.25, 0.2)


def test_of_nothing_but_rate_limits_the_error_rate_is_not_known():
    windows = Windows(ONE)
    windows.observe("m@p", Outcome.rate_limit(), 0.0)
    stats = windows.tick(1.0)["m@p"]
    assert (stats.error_rate, stats.rate_limit_rate) == (None, 1.0)


def test_a_request_s_tool_calls_count_once():
    windows = Windows(ONE)
    for valid in (True, True, True, False, None):
        windows.observe("m@p", Outcome.success(ttft_seconds=0.1, tool_calls_valid=valid), 0.0)
    assert windows.tick(1.0)["m@p"].tool_error_rate == 0.25
    windows.observe("m@p", Outcome.success(ttft_seconds=0.1), 200.0)
    assert windows.tick(310.0)["m@p"].tool_error_rate is None


def test_the_cached_share_is_that_of_the_tokens_of_thirty_minutes():
    windows = Windows(ONE)
    for minute, usage in enumerate(({"prompt_tokens": 300}, {"prompt_tokens": 100, "prompt_tokens_details": {"cached_tokens": 80}})):
        windows.observe("m@p", Outcome.success(ttft_seconds=0.1, usage=usage), minute * 60.0)
    windows.observe("m@p", Outcome.success(ttft_seconds=0.1), 1_790.0)
    assert windows.tick(1_799.0)["m@p"].cached_share == 0.2
    assert windows.tick(1_810.0)["m@p"].cached_share == 0.8
    assert windows.tick(1_900.0)["m@p"].cached_share is None
