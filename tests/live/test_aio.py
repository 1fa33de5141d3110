from __future__ import annotations

import asyncio

import pytest

from routecore import Catalog, Router
from routecore.live.aio import serve
from routecore.live.kinds import Kind
from routecore.live.outcome import Outcome
from tests.live.test_run import hedged, name, rows


def start(count=3, **settings):
    router = Router(Catalog.from_mapping({"endpoints": rows(count)}))
    return router, router.start({"model": "m", "messages": [], "provider": {"sort": "price"}, "stream": True}, **settings)


def kinds(run):
    return [(name(attempt), str(outcome.kind)) for attempt, outcome in run.outcomes]


def test_what_a_client_raises_goes_on_to_the_next():
    _, run = start()

    async def call(step):
        if name(step.attempt) == "p0":
            raise ConnectionRefusedError
        return Outcome.success(total_seconds=0.1)

    assert name(asyncio.run(serve(run, call))) == "p1"
    assert kinds(run) == [("p0", "connection"), ("p1", "success")]


def test_an_attempt_that_hangs_is_cancelled_at_its_deadline():
    _, run = start(1, deadline_seconds=0.05)
    ended = []

    async def call(step):
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(name(step.attempt))

    assert asyncio.run(serve(run, call)) is None
    assert (ended, kinds(run), run.failure()[0]) == (["p0"], [("p0", "timeout")], 504)


def test_the_first_output_wins_and_the_other_is_cancelled():
    _, run = start()
    hedged(run, 0.01)
    closed = []

    async def call(step):
        try:
            if name(step.attempt) == "p0":
                await asyncio.sleep(60)
            assert run.committed(step.attempt)
            return Outcome.success(ttft_seconds=0.01)
        except asyncio.CancelledError:
            closed.append(name(step.attempt))
            raise

    assert name(asyncio.run(serve(run, call))) == "p1"
    assert (closed, kinds(run)) == (["p0"], [("p0", "cancelled"), ("p1", "success")])


def test_a_caller_who_leaves_cancels_what_is_in_flight_and_every_attempt_has_ended():
    _, run = start()
    closed = []

    async def call(step):
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            closed.append(name(step.attempt))
            raise

    async def leave():
        task = asyncio.create_task(serve(run, call))
        await asyncio.sleep(0.02)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(leave())
    assert (closed, kinds(run), run.cancelled) == (["p0"], [("p0", "cancelled")], True)


def test_an_outcome_is_recorded_although_its_task_is_cancelled_while_it_returns():
    _, run = start()

    async def call(step):
        asyncio.current_task().cancel()
        return Outcome.success(total_seconds=0.1)

    assert name(asyncio.run(serve(run, call))) == "p0"
    assert kinds(run) == [("p0", "success")]


def test_a_slip_of_the_gateway_s_own_is_raised_and_cools_nothing():
    router, run = start()

    async def call(step):
        raise KeyError("a slip")

    with pytest.raises(KeyError, match="a slip"):
        asyncio.run(serve(run, call))
    assert kinds(run) == [("p0", "gateway")]
    assert router.facts.cooling == frozenset()


def test_a_run_that_nothing_serves_says_so():
    _, run = start(2)

    async def call(step):
        return Outcome.credential(401)

    assert asyncio.run(serve(run, call)) is None
    assert run.failure()[0] == 502
    assert [outcome.kind for _, outcome in run.outcomes] == [Kind.CREDENTIAL] * 2
