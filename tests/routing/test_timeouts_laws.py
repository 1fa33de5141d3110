"""Times: what an attempt may take, with and without a deadline."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routecore import decide_scenario
from tests.routing.scenes import plan, row

seconds = st.floats(0.01, 100)
latencies = st.one_of(st.none(), st.tuples(seconds, seconds, seconds).map(sorted))


def scene(known, **context):
    stats = {f"a/b@p{place}": {"latency": dict(zip(("p50", "p90", "p99"), one, strict=True))} for place, one in enumerate(known) if one is not None}
    rows = [row(f"p{place}", price=place + 1) for place in range(len(known))]
    return {"provider": {"sort": "price"}, "stats": stats, "context": context}, rows


@pytest.mark.laws
@given(st.lists(latencies, min_size=1, max_size=5), st.floats(0, 200))
def test_times_never_exceed_what_is_left_and_the_last_attempt_gets_all_of_it(known, deadline):
    parts, rows = scene(known, deadline_seconds=deadline)
    left = deadline
    times = plan(*rows, **parts).times
    for one in times:
        assert 0 <= one.first_token <= left + 1e-9
        assert one.total <= left + 1e-9
        last, left = left, left - one.first_token
    assert times[-1].first_token == pytest.approx(last)


@pytest.mark.laws
@given(st.lists(latencies, min_size=1, max_size=5), st.floats(0, 100), st.floats(0, 100))
def test_a_longer_deadline_never_shortens_a_timeout(known, deadline, more):
    found = []
    for one in (deadline, deadline + more):
        parts, rows = scene(known, deadline_seconds=one)
        found.append([times.first_token for times in plan(*rows, **parts).times])
    assert all(longer >= shorter - 1e-9 for shorter, longer in zip(*found, strict=True))


@pytest.mark.parametrize(("p99", "timeout"), [(0.5, 2), (4, 6), (39, 58.5), (50, 60), (None, 60)])
def test_without_a_deadline_a_timeout_is_half_as_long_again_as_the_p99_within_its_bounds(p99, timeout):
    found = plan(row("p"), stats={"a/b@p": {"latency": {"p50": 0.1, "p99": p99}}}).first
    assert found.first_token_timeout_seconds == timeout


@pytest.mark.parametrize(("deadline", "expected"), [(20, (6, 14)), (9, (6, 3)), (7, (4, 3)), (6, (3, 3)), (4, (3, 1)), (2, (2, 0))])
def test_an_attempt_leaves_the_next_its_p90_but_takes_its_own_unless_the_deadline_forces_it(deadline, expected):
    stats = {"a/b@p": {"latency": {"p50": 1, "p90": 3, "p99": 4}}, "a/b@q": {"latency": {"p50": 1, "p90": 3, "p99": 4}}}
    found = plan(row("p"), row("q", price=9), provider={"sort": "price"}, stats=stats, context={"deadline_seconds": deadline})
    assert tuple(one.first_token_timeout_seconds for one in found) == expected
    assert found.first.first_token_timeout_seconds == expected[0]


def test_a_hedge_starts_at_p95_where_the_next_is_likelier_to_answer_in_what_is_left():
    stats = {"a/b@p": {"latency": {"p50": 1, "p90": 1, "p99": 9}}, "a/b@q": {"latency": {"p50": 1, "p90": 2, "p99": 3}}}
    rows, parts = [row("p"), row("q", price=9)], {"provider": {"sort": "price"}, "stats": stats}
    assert [one.hedge_after_seconds for one in plan(*rows, **parts)] == [None, None]
    assert [one.hedge_after_seconds for one in plan(*rows, settings={"hedge": True}, **parts)] == [pytest.approx(9 ** (5 / 9)), None]
    stats["a/b@q"]["latency"]["p50"] = 8
    assert plan(*rows, settings={"hedge": True}, **parts).first.hedge_after_seconds is None


def test_times_stand_in_the_answer_where_the_request_or_the_settings_say_something_of_time():
    scenario = {"catalog": {"endpoints": [row("p")]}, "request": {"model": "a/b"}}
    assert "first_token_timeout_seconds" not in decide_scenario(scenario)["attempts"][0]
    for more in ({"context": {"deadline_seconds": 5}}, {"settings": {"hedge": True}}, {"settings": {"timeouts": {"most": 30}}}):
        answer = decide_scenario({**scenario, **more})["attempts"][0]
        assert answer["first_token_timeout_seconds"] in {5, 60, 30}
        assert answer["hedge_after_seconds"] is None
