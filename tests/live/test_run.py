from __future__ import annotations

import pytest

from routecore import Catalog, InvalidRequest, Router, RouterSettings, Settings
from routecore.live.kinds import Kind
from routecore.live.outcome import Outcome
from routecore.live.run import Close, Run, Try, Wait
from routecore.live.steps import StepSettings


class Clock:
    def __init__(self):
        self.now = 1_000.0

    def __call__(self):
        return self.now


def rows(count=3, **more):
    return [{"model": "m", "provider": f"p{n}", "pricing": {"prompt": f"0.00000{n + 1}", "completion": "0.000001"}, **more} for n in range(count)]


def start(count=3, *, body=None, catalog=None, **settings):
    clock = Clock()
    router = Router(Catalog.from_mapping({"endpoints": catalog or rows(count)}), clock=clock, entropy=lambda bits: 7)
    asked = {"model": "m", "messages": [], "provider": {"sort": "price"}, "stream": True, **(body or {})}
    return router, clock, router.start(asked, **settings)


def begin(run):
    step = run.next()
    assert isinstance(step, Try)
    return step.attempt


def name(attempt):
    return attempt.endpoint.provider


def hedged(run, seconds):
    """Let the plan ask for a hedge after so many seconds, as ``settings.hedge`` does."""
    begun = run._begin

    def begin_hedged(attempt, now):
        step = begun(attempt, now)
        run._flights[-1].hedge_at = now + seconds
        return step

    run._begin = begin_hedged
    return run


def test_a_run_begins_with_the_plan_s_first_and_waits_while_it_is_in_flight():
    _, _, run = start()
    first = run.next()
    assert (name(first.attempt), first.first_token_seconds, first.total_seconds) == ("p0", 60.0, 600.0)
    assert run.next() == Wait(60.0)


def test_a_served_run_ends_and_says_who_served():
    router, _, run = start()
    first = begin(run)
    assert run.committed(first)
    run.ended(first, Outcome.success(ttft_seconds=0.2))
    assert (run.next(), name(run.served), [outcome.kind for _, outcome in run.outcomes]) == (None, "p0", [Kind.SUCCESS])
    router.tick()
    assert router.facts.stats["m@p0"].samples == 1


def test_a_failure_goes_on_to_the_next_attempt_at_once():
    _, _, run = start()
    run.ended(begin(run), Outcome.server(502))
    assert name(begin(run)) == "p1"


def test_at_the_end_of_the_plan_the_shortest_wait_is_kept():
    _, clock, run = start(2)
    run.ended(begin(run), Outcome.rate_limit(3))
    run.ended(begin(run), Outcome.rate_limit(9))
    assert run.next() == Wait(3.0)
    clock.now += 3
    again = begin(run)
    assert name(again) == "p0"
    run.ended(again, Outcome.success())
    assert run.next() is None
    assert run.served is again


def test_what_answers_rule_out_is_not_tried():
    catalog = [{**row, "context_length": length} for row, length in zip(rows(3), (8_000, 4_000, 32_000), strict=True)]
    _, _, run = start(catalog=catalog)
    run.ended(begin(run), Outcome.unsuitable(400, context_exceeded=True))
    assert name(begin(run)) == "p2"


def test_the_caller_s_fault_stops():
    _, _, run = start()
    run.ended(begin(run), Outcome.caller(400))
    assert (run.next(), run.served) == (None, None)


def test_an_attempt_that_is_out_of_time_is_ended_and_closed_and_the_next_begins():
    _, clock, run = start()
    first = begin(run)
    clock.now += 60
    assert run.next() == Close(first)
    assert [(outcome.kind, outcome.waited_seconds) for _, outcome in run.outcomes] == [(Kind.TIMEOUT, 60.0)]
    assert name(begin(run)) == "p1"
    assert run.committed(first) is False
    run.ended(first, Outcome.success())
    assert len(run.outcomes) == 1


def test_a_commit_that_comes_after_its_time_is_too_late_even_before_anyone_has_looked():
    _, clock, run = start()
    first = begin(run)
    clock.now += 60
    assert run.committed(first) is False


def test_a_call_that_is_told_it_is_too_late_and_gives_up_does_not_end_the_run():
    _, clock, run = start()
    first = begin(run)
    clock.now += 60
    assert run.committed(first) is False
    run.ended(first, Outcome.cancelled())
    assert run.next() == Close(first)
    assert name(begin(run)) == "p1"
    assert run.outcomes[0][1].kind is Kind.TIMEOUT


def test_no_first_token_timeout_holds_after_the_first_output_but_the_total_does():
    _, clock, run = start()
    first = begin(run)
    assert run.committed(first)
    clock.now += 599
    assert run.next() == Wait(1.0)
    clock.now += 1
    assert run.next() == Close(first)
    assert (run.next(), run.served, run.delivered) == (None, None, True)
    assert run.outcomes[0][1].kind is Kind.TIMEOUT


def test_a_stream_that_breaks_after_its_first_output_is_not_repeated():
    _, _, run = start()
    first = begin(run)
    assert run.committed(first)
    run.ended(first, Outcome.server(500))
    assert (run.next(), run.served, run.delivered) == (None, None, True)


@pytest.mark.parametrize("kind", ["timeout", "cancelled"])
def test_how_long_nothing_had_come_is_told_by_the_run_s_clock(kind):
    _, clock, run = start()
    first = begin(run)
    clock.now += 4
    run.ended(first, Outcome(kind))
    assert run.outcomes[0][1].waited_seconds == 4.0


# --- deadline ------------------------------------------------------------------------------------------------------------------------------------


def test_nothing_runs_past_the_deadline():
    """Of 8 s the first leaves the next its 2, which is what an endpoint gets of which nothing is known."""
    _, clock, run = start(deadline_seconds=8)
    first = run.next()
    assert first.first_token_seconds == 6.0
    clock.now += 6
    assert run.next() == Close(first.attempt)
    second = run.next()
    assert second.first_token_seconds == 2.0
    clock.now += 2
    assert run.next() == Close(second.attempt)
    assert (run.next(), run.out_of_time, run.failure()[0]) == (None, True, 504)


def test_an_attempt_that_fails_fast_leaves_its_time_to_the_next():
    _, _, run = start(2, deadline_seconds=8)
    run.ended(begin(run), Outcome.server(500))
    assert run.next().first_token_seconds == 8.0


def test_without_streaming_the_next_keeps_half_of_what_is_left_where_nothing_is_known_of_it():
    _, clock, run = start(2, deadline_seconds=8, body={"stream": False})
    first = run.next()
    assert (first.first_token_seconds, first.total_seconds) == (4.0, 4.0)
    clock.now += 4
    assert run.next() == Close(first.attempt)
    assert run.next().total_seconds == 4.0


def test_the_plan_of_a_run_and_its_record_know_of_the_deadline():
    router, _, run = start(deadline_seconds=8)
    assert run.plan.case.deadline_seconds == 8.0
    assert run.plan.to_scenario()["context"]["deadline_seconds"] == 8.0
    assert router.start(router.prepare({"model": "m"}), deadline_seconds=8).next().total_seconds <= 8.0


def test_a_deadline_of_the_context_is_kept_too():
    clock = Clock()
    router = Router(Catalog.from_mapping({"endpoints": rows(1)}), clock=clock)
    assert router.start({"model": "m", "messages": [], "stream": True}, {"deadline_seconds": 3}).next().first_token_seconds == 3.0


def test_the_deadline_of_a_stream_runs_to_its_first_output_and_else_to_the_end():
    _, clock, run = start(deadline_seconds=8)
    first = begin(run)
    assert run.committed(first)
    clock.now += 100
    assert run.next() == Wait(500.0)
    _, clock, whole = start(1, deadline_seconds=8, body={"stream": False})
    first = whole.next()
    assert (first.first_token_seconds, first.total_seconds) == (8.0, 8.0)
    assert whole.committed(first.attempt)
    clock.now += 8
    assert whole.next() == Close(first.attempt)


def test_the_last_attempt_has_all_that_is_left():
    _, clock, run = start(1, deadline_seconds=100)
    assert run.next().first_token_seconds == 100.0
    assert clock.now == 1_000.0


def test_a_retry_that_would_come_after_the_deadline_is_none():
    _, _, run = start(1, deadline_seconds=8)
    run.ended(begin(run), Outcome.rate_limit(9))
    assert (run.next(), run.out_of_time) == (None, True)
    assert run.failure()[0] == 504


def test_a_deadline_of_0_tries_nothing():
    _, _, run = start(deadline_seconds=0)
    assert (run.next(), run.outcomes, run.failure()[0]) == (None, [], 504)


@pytest.mark.parametrize("deadline", [-1, float("inf"), float("nan"), "8", True])
def test_what_is_no_deadline_is_refused(deadline):
    with pytest.raises(InvalidRequest, match="deadline_seconds"):
        start(deadline_seconds=deadline)


# --- hedge ---------------------------------------------------------------------------------------------------------------------------------------


def test_a_slow_first_is_joined_by_the_next_and_the_first_output_wins():
    _, clock, run = start()
    hedged(run, 2)
    first = begin(run)
    assert run.next() == Wait(2.0)
    clock.now += 2
    second = begin(run)
    assert name(second) == "p1"
    clock.now += 1
    assert run.committed(second)
    assert run.committed(first) is False
    assert run.next() == Close(first)
    assert [(name(one), outcome.kind, outcome.waited_seconds) for one, outcome in run.outcomes] == [("p0", Kind.CANCELLED, 3.0)]
    run.ended(second, Outcome.success())
    assert (run.next(), name(run.served)) == (None, "p1")


def measured(stream):
    """A router that has measured both endpoints, and hedges: the first's p90 is 2 s and its p99 10 s, the second answers in half a second."""
    clock = Clock()
    settings = RouterSettings(decision=Settings(min_samples=10, hedge=True))
    router = Router(Catalog.from_mapping({"endpoints": rows(2)}), settings, clock=clock)
    for attempt, times in zip(router.plan({"model": "m", "provider": {"sort": "price"}}).attempts, ((1.0, 2.0, 10.0), (0.5, 0.5, 0.5)), strict=True):
        for place in range(100):
            router.observe(
                attempt, Outcome.success(ttft_seconds=times[0] if place < 60 else times[1] if place < 95 else times[2], total_seconds=20.0, output_tokens=100)
            )
    router.tick()
    return router, clock, router.start({"model": "m", "messages": [], "provider": {"sort": "price"}, "stream": stream})


def test_a_router_that_hedges_begins_the_next_at_the_first_s_p95():
    router, clock, run = measured(stream=True)
    first = begin(run)
    wait = run.next().seconds
    assert 2.0 < wait < 10.0
    clock.now += wait
    second = begin(run)
    assert run.committed(second)
    run.ended(second, Outcome.success(ttft_seconds=0.5, total_seconds=2.0))
    assert (run.next(), run.next(), name(run.served)) == (Close(first), None, "p1")
    assert router.facts.cooling == frozenset()


def test_an_answer_that_comes_whole_is_not_hedged_by_the_time_of_a_first_token():
    _, clock, run = measured(stream=False)
    begin(run)
    wait = run.next()
    clock.now += 10
    assert (type(wait), type(run.next())) == (Wait, Wait)


def test_never_more_than_two_are_in_flight():
    _, clock, run = start()
    hedged(run, 2)
    begin(run)
    clock.now += 2
    begin(run)
    clock.now += 2
    assert isinstance(run.next(), Wait)


def test_where_one_of_two_fails_the_other_takes_its_place_and_then_the_plan_goes_on():
    _, clock, run = start()
    hedged(run, 2)
    first = begin(run)
    clock.now += 2
    second = begin(run)
    run.ended(second, Outcome.server(500))
    assert isinstance(run.next(), Wait)
    run.ended(first, Outcome.rate_limit(1))
    assert name(begin(run)) == "p2"


def test_the_last_failure_of_two_still_has_its_retry():
    _, clock, run = start(2)
    hedged(run, 2)
    first = begin(run)
    clock.now += 2
    second = begin(run)
    run.ended(second, Outcome.server(500))
    run.ended(first, Outcome.rate_limit(1))
    assert run.next() == Wait(1.0)
    clock.now += 1
    assert name(begin(run)) == "p0"


def test_a_caller_s_fault_told_by_one_closes_the_other():
    _, clock, run = start()
    hedged(run, 2)
    first = begin(run)
    clock.now += 2
    second = begin(run)
    run.ended(second, Outcome.caller(400))
    assert run.next() == Close(first)
    assert (run.next(), run.failure()[0]) == (None, 400)


# --- cancel --------------------------------------------------------------------------------------------------------------------------------------


def test_a_caller_who_leaves_ends_what_is_in_flight():
    router, clock, run = start()
    first = begin(run)
    clock.now += 5
    run.cancel()
    assert run.next() == Close(first)
    assert (run.next(), run.cancelled, run.failure()[0]) == (None, True, 499)
    assert [(outcome.kind, outcome.waited_seconds) for _, outcome in run.outcomes] == [(Kind.CANCELLED, 5.0)]
    assert router.facts.cooling == frozenset()


def test_a_stream_cancelled_after_its_first_token_tells_that_latency():
    _, clock, run = start()
    first = begin(run)
    clock.now += 2
    assert run.committed(first)
    clock.now += 5
    run.cancel()
    assert [(outcome.ttft_seconds, outcome.waited_seconds) for _, outcome in run.outcomes] == [(2.0, None)]


def test_a_cancelled_run_begins_nothing():
    _, _, run = start()
    run.cancel()
    assert run.next() is None


def test_attempts_may_be_told_of_by_those_of_the_plan():
    _, _, run = start()
    begin(run)
    assert run.committed(run.plan.attempts[0])
    run.ended(run.plan.attempts[0], Outcome.success())
    assert run.next() is None


def test_a_run_takes_estimates_and_sessions_as_a_plan_does():
    clock = Clock()
    router = Router(Catalog.from_mapping({"endpoints": rows(2, context_length=100)}), clock=clock)
    with pytest.raises(Exception, match="no eligible endpoint"):
        router.start({"model": "m", "messages": []}, prompt_tokens=1_000)
    assert isinstance(router.start({"model": "m", "messages": []}, session_id="s"), Run)


def test_a_run_keeps_the_router_s_own_step_settings():
    router = Router(Catalog.from_mapping({"endpoints": rows(1)}), RouterSettings(steps=StepSettings(retry_seconds=1)), clock=Clock())
    run = router.start({"model": "m", "messages": []})
    run.ended(begin(run), Outcome.server(500))
    assert run.next() == Wait(1.0)
