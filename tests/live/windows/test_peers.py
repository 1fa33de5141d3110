"""Exports and what is made of them: whose they are, how old, and what is refused."""

from __future__ import annotations

import base64
import struct
import zlib

import pytest

from routecore import InvalidRequest, Outcome, WindowSettings
from routecore.live.windows.windows import Windows

ONE = WindowSettings(min_samples=1)


def measured(source, count=20, now=0.0):
    windows = Windows(ONE, source=source)
    for _ in range(count):
        windows.record("m@p", now, latency=0.5)
    return windows


def samples(windows, now):
    stats = windows.tick(now).get("m@p")
    return 0 if stats is None else stats.samples


def test_four_workers_that_exchange_both_ways_for_eight_rounds_count_twenty_samples():
    workers = [measured("one"), *(Windows(ONE, source=name) for name in ("two", "three", "four"))]
    for step in range(8):
        for here in workers:
            for there in workers:
                here.merge(there.export(float(step)), float(step))
    assert [samples(worker, 8.0) for worker in workers] == [20, 20, 20, 20]


def test_an_export_that_comes_twice_late_or_out_of_order_changes_nothing():
    there, here = measured("there"), Windows(ONE)
    first = there.export(1.0)
    there.record("m@p", 10.0, latency=0.5)
    second = there.export(11.0)
    for exported in (second, first, second, first):
        here.merge(exported, 12.0)
        assert samples(here, 12.0) == 21


def test_a_period_exported_while_it_ran_is_replaced_by_what_it_came_to():
    there, here = measured("there"), Windows(ONE)
    here.merge(there.export(1.0), 1.0)
    there.record("m@p", 2.0, latency=0.5)
    here.merge(there.export(2.0), 2.0)
    assert samples(here, 3.0) == 21


def test_a_process_s_own_export_adds_nothing():
    windows = measured("one")
    windows.merge(windows.export(1.0), 1.0)
    assert samples(windows, 2.0) == 20


def test_samples_of_another_process_keep_their_age():
    there, here = measured("there"), Windows(ONE)
    here.merge(there.export(200.0), 5_000.0)
    assert (samples(here, 5_099.0), samples(here, 5_110.0)) == (20, 0)


def test_the_transport_s_delay_makes_samples_older():
    there, here = measured("there"), Windows(ONE)
    here.merge(there.export(100.0), 5_000.0, delay_seconds=150.0)
    assert (samples(here, 5_049.0), samples(here, 5_060.0)) == (20, 0)


def test_one_quick_export_dates_those_that_come_late():
    there, here = measured("there"), Windows(ONE)
    late = there.export(1.0)
    here.merge(late, 251.0)
    assert samples(here, 400.0) == 20
    here.merge(there.export(300.0), 300.0)
    assert samples(here, 310.0) == 0
    here.merge(late, 320.0)
    assert samples(here, 320.0) == 0


def test_a_source_whose_clock_was_set_back_is_dated_anew():
    there, here = Windows(ONE, source="there"), Windows(ONE)
    here.merge(there.export(10_000.0), 0.0)
    there.record("m@p", 400.0, latency=0.5)
    here.merge(there.export(401.0), 10.0)
    assert samples(here, 11.0) == 1


def test_a_merged_window_goes_by_all_samples_together():
    there, here = Windows(ONE, source="there"), Windows(ONE)
    for index in range(100):
        there.observe("m@p", Outcome.success(ttft_seconds=0.1 + index / 1_000, total_seconds=2.0, output_tokens=100), 0.0)
    for _ in range(99):
        here.observe("m@p", Outcome.success(ttft_seconds=9.0), 0.0)
    for _ in range(60):
        there.observe("m@p", Outcome.cancelled(waited_seconds=5.0), 0.0)
    here.merge(there.export(1.0), 1.0)
    stats = here.tick(1.0)["m@p"]
    # 199 events and 60 waits of 5 s: after the hundred fast ones 159 of 259 are still there, and the rest ends at 9 s
    assert (stats.samples, stats.latency.p50) == (199, 9.0)
    assert stats.throughput.p50 == pytest.approx(99 / (2.0 - 0.15), rel=0.01)


def test_every_child_of_a_fork_exports_under_a_name_of_its_own(monkeypatch):
    windows = measured("one")
    before = windows.source
    monkeypatch.setattr("os.getpid", lambda: 424_242)
    assert windows.source != before


@pytest.mark.parametrize("part", ["source", "sequence", "until", "period_seconds"])
def test_an_export_without_a_name_a_number_or_a_time_is_refused(part):
    exported = measured("there").export(1.0)
    del exported[part]
    with pytest.raises(InvalidRequest, match=f"export.{part}"):
        Windows(ONE).merge(exported, 1.0)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"slices": None}, "slices"),
        ({"slices": [7]}, r"slices\[0\]"),
        ({"slices": [{"period": 0, "successes": 1, "rate_limits": 1}]}, r"slices\[0\].rate_limits"),
        ({"slices": [{"period": 0, "failures": 1, "tool_errors": 1}]}, r"slices\[0\].tool_errors"),
        ({"slices": [{"period": 0, "failures": 19}]}, "successes"),
        ({"cached": [[0, 10, 11]]}, "cached"),
        ({"cached": [[0, 10]]}, "cached"),
    ],
)
def test_an_export_that_does_not_add_up_is_refused(change, path):
    exported = measured("there").export(1.0)
    exported["endpoints"]["m@p"] |= change
    with pytest.raises(InvalidRequest, match=path):
        Windows(ONE).merge(exported, 1.0)


def test_a_text_that_unpacks_to_more_than_a_histogram_holds_is_refused():
    body = b"\x02" * 50_000_000
    header = struct.pack(">iiiiqqd", 0x1C849313, len(body), 0, 3, 1, 86_400_000_000, 1.0)
    packed = zlib.compress(header + body)
    text = base64.b64encode(struct.pack(">ii", 0x1C849314, len(packed)) + packed).decode()
    assert len(text) < 100_000
    exported = measured("there").export(1.0)
    exported["endpoints"]["m@p"]["slices"][0]["latency_microseconds"] = text
    with pytest.raises(InvalidRequest, match="latency_microseconds"):
        Windows(ONE).merge(exported, 1.0)


@pytest.mark.parametrize("delay", [-1.0, float("nan"), float("inf")])
def test_a_delay_that_is_none_is_refused(delay):
    with pytest.raises(InvalidRequest, match="delay_seconds"):
        Windows(ONE).merge(measured("there").export(1.0), 1.0, delay)
