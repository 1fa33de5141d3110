from __future__ import annotations

import threading

import pytest

from routecore.live.outcome import Outcome
from routecore.live.threads import serve
from tests.live.test_aio import kinds, start
from tests.live.test_run import hedged, name


def test_what_a_client_raises_goes_on_to_the_next():
    _, run = start()

    def call(step):
        if name(step.attempt) == "p0":
            raise ConnectionRefusedError
        return Outcome.success(total_seconds=0.1)

    assert name(serve(run, call)) == "p1"
    assert kinds(run) == [("p0", "connection"), ("p1", "success")]


def test_an_attempt_that_hangs_is_left_behind_at_its_deadline_and_told_that_nobody_listens():
    _, run = start(1, deadline_seconds=0.05)
    release, late = threading.Event(), []

    def call(step):
        release.wait(10)
        late.append(run.committed(step.attempt))
        return Outcome.success()

    assert serve(run, call) is None
    assert (kinds(run), run.failure()[0]) == ([("p0", "timeout")], 504)
    release.set()
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and thread.daemon and "attempt" in thread.name:
            thread.join(10)
    assert (late, kinds(run)) == ([False], [("p0", "timeout")])


def test_the_first_output_wins():
    _, run = start()
    hedged(run, 0.01)
    release = threading.Event()

    def call(step):
        if name(step.attempt) == "p0":
            release.wait(10)
        return Outcome.success(ttft_seconds=0.01) if run.committed(step.attempt) else Outcome.cancelled()

    assert name(serve(run, call)) == "p1"
    release.set()
    assert kinds(run) == [("p0", "cancelled"), ("p1", "success")]


def test_a_slip_of_the_gateway_s_own_is_raised_on_the_caller_s_thread():
    _, run = start()

    def call(step):
        raise KeyError("a slip")

    with pytest.raises(KeyError, match="a slip"):
        serve(run, call)
    assert kinds(run) == [("p0", "gateway")]
