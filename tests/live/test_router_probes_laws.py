"""Probes, clocks, forks, pins elsewhere, hooks and drains: what a router promises beside its decisions."""

from __future__ import annotations

import os
import pickle
import threading
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routecore import Catalog, Context, InvalidRequest, Outcome, Router, RouterSettings
from routecore.live.pins import GuardedPins, Pin, PinWrite, read_entry

PROVIDERS = tuple("pqrstuvw")
BODY = {"model": "a/b", "provider": {"sort": "price"}}


def catalog(providers=PROVIDERS):
    rows = [
        {"model": "a/b", "provider": name, "implicit_caching": True, "pricing": {"prompt": f"0.00000{index + 1}", "completion": "0.000002"}}
        for index, name in enumerate(providers)
    ]
    return Catalog.from_mapping({"endpoints": rows})


class Clock:
    def __init__(self, now=1_000.0):
        self.now = now

    def __call__(self):
        return self.now


def cool(router, *names, seconds=20.0):
    for attempt in router.plan(BODY).attempts:
        if attempt.endpoint.provider in names:
            router.observe(attempt, Outcome.rate_limit(seconds))


# --- probes -------------------------------------------------------------------------------------------------------------------------------------------------


@given(st.sets(st.sampled_from(PROVIDERS), min_size=1), st.integers(1, 4), st.lists(st.sampled_from(["success", "caller", "rate_limit", "lost"]), max_size=6))
@settings(max_examples=100, deadline=None)
def test_the_best_due_endpoint_is_tried_within_a_minute_of_plans_whatever_else_is_due(due, every, others):
    clock = Clock()
    router = Router(catalog(), clock=clock)
    cool(router, *due)
    clock.now += 21.0
    best = min(due, key=PROVIDERS.index)
    # where a healthy one stands before it, a due one is a fallback, and needs no probe
    stands_first = PROVIDERS.index(best) == 0 or all(name in due for name in PROVIDERS[: PROVIDERS.index(best)])
    end = clock.now + 60.0
    tried = set()
    while clock.now < end:
        plan = router.plan(BODY)
        tried.add(plan.first.endpoint.provider)
        kind = others.pop() if others and plan.first.endpoint.provider != best else "success"
        if kind != "lost":
            router.observe(next(iter(plan)), Outcome(kind))
        clock.now += every
    assert best in tried or not stands_first


def test_of_many_due_the_one_that_would_come_first_is_probed_by_the_first_plan():
    clock = Clock()
    router = Router(catalog(), clock=clock)
    cool(router, *PROVIDERS)
    clock.now += 21.0
    assert [router.plan(BODY).first.endpoint.provider for _ in range(4)] == list("pqrs")


def test_a_recovered_second_choice_stands_at_its_place():
    clock = Clock()
    router = Router(catalog(), clock=clock)
    cool(router, "q", "r")
    assert [one.endpoint.provider for one in router.plan(BODY).attempts][-2:] == ["q", "r"]
    clock.now += 21.0
    assert [one.endpoint.provider for one in router.plan(BODY).attempts] == list(PROVIDERS)


def test_while_one_plan_probes_the_others_see_it_cooling():
    clock = Clock()
    router = Router(catalog(), clock=clock)
    cool(router, "p")
    clock.now += 21.0
    probe = router.plan(BODY)
    other = router.plan(BODY)
    assert (probe.first.endpoint.provider, other.attempts[-1].endpoint.provider) == ("p", "p")
    router.observe(next(iter(probe)), Outcome.success())
    assert router.plan(BODY).first.endpoint.provider == "p"


@pytest.mark.parametrize("outcome", [Outcome.caller(400), Outcome.success(), Outcome.server(500)])
def test_another_request_s_outcome_hands_out_no_second_lease(outcome):
    clock = Clock()
    router = Router(catalog(), clock=clock)
    earlier = next(iter(router.plan(BODY)))
    cool(router, "p")
    clock.now += 21.0
    assert router.plan(BODY).first.endpoint.provider == "p"
    router.observe(earlier, outcome)
    assert router.plan(BODY).first.endpoint.provider == "q"


@pytest.mark.parametrize("seconds", [0, 0.01])
def test_a_wait_of_next_to_nothing_does_not_make_an_endpoint_every_request_s_first_try(seconds):
    clock = Clock()
    router = Router(catalog(), clock=clock)
    tries = Counter()
    for _ in range(600):
        for attempt in router.plan(BODY):
            tries[attempt.endpoint.provider] += 1
            if attempt.endpoint.provider != "p":
                router.observe(attempt, Outcome.success())
                break
            router.observe(attempt, Outcome.rate_limit(seconds))
        clock.now += 0.1
    assert tries["p"] <= 20


# --- clocks -------------------------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("jumps", [(-3_600.0,), (3_600.0, -3_600.0), (-1e9, 1e9), (1.5, -1.5)])
def test_a_clock_that_jumps_freezes_nothing(jumps):
    clock = Clock(10_000.0)
    router = Router(catalog(), clock=clock)
    cool(router, "p", seconds=2.0)
    for jump in jumps:
        clock.now += jump
        router.tick()
    clock.now += 3.0
    probe = next(iter(router.plan(BODY)))
    assert probe.endpoint.provider == "p"
    router.observe(probe, Outcome.success())
    for _ in range(20):
        router.observe(next(iter(router.plan(BODY))), Outcome.success(ttft_seconds=0.5))
    clock.now += 5.0
    router.plan(BODY)
    assert router.facts.stats["a/b@p"].samples >= 20
    for _ in range(62):
        clock.now += 5.0
        router.tick()
    assert not router.facts.stats


@pytest.mark.parametrize("start", [-1e6, 0.0, 1.7e9])
def test_virtual_clocks_may_start_anywhere(start):
    router = Router(catalog(), clock=Clock(start))
    router.observe(next(iter(router.plan(BODY))), Outcome.success(ttft_seconds=0.5))
    router.tick()
    assert router.facts.stats["a/b@p"].samples == 1


# --- processes ----------------------------------------------------------------------------------------------------------------------------------------------


def in_child(work):
    """Run ``work`` in a child of a fork and return the text that it gives; a child that hangs gives nothing."""
    import select
    import signal

    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writer, work().encode())
        finally:
            os._exit(0)
    os.close(writer)
    ready, _, _ = select.select([reader], [], [], 20.0)
    text = os.read(reader, 65_536).decode() if ready else ""
    os.close(reader)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return text


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_children_of_a_fork_draw_anew_and_hang_on_no_lock():
    router = Router(catalog())
    stop = threading.Event()

    def load():
        while not stop.is_set():
            for attempt in router.plan({"model": "a/b", "session_id": "s"}):
                router.observe(attempt, Outcome.rate_limit())
            router.tick()

    threads = [threading.Thread(target=load) for _ in range(3)]
    for thread in threads:
        thread.start()

    def work():
        drawn = [str(router.plan({"model": "a/b"}).draw) for _ in range(5)]
        for attempt in router.plan({"model": "a/b", "session_id": "s"}):
            router.observe(attempt, Outcome.success(ttft_seconds=0.1))
        router.tick()
        return ",".join([*drawn, router.windows.source])

    try:
        told = [in_child(work) for _ in range(12)]
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert all(told)
    assert len(set(told)) == len(told)
    assert len({text.split(",")[0] for text in told}) == len(told)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_child_knows_what_its_parent_measured_and_exports_its_own_alone():
    clock = Clock()
    router = Router(catalog(), clock=clock)
    for _ in range(20):
        router.observe(next(iter(router.plan(BODY))), Outcome.success(ttft_seconds=0.5))

    def work():
        router.observe(next(iter(router.plan(BODY))), Outcome.success(ttft_seconds=0.5))
        router.tick()
        exported = router.windows.export(clock.now)["endpoints"]["a/b@p"]["successes"]
        return f"{router.facts.stats['a/b@p'].samples} {exported} {router.limits.in_flight}"

    assert in_child(work) == "21 1 0"


# --- pins elsewhere -----------------------------------------------------------------------------------------------------------------------------------------


class Elsewhere:
    in_process = False

    def __getattr__(self, name):
        raise AssertionError(name)


def test_a_store_behind_a_socket_is_never_asked_and_its_entries_are_handed_over():
    router = Router(catalog(), pins=Elsewhere())
    body = {"model": "a/b", "session_id": "s1"}
    store = {}
    (key,) = router.pin_keys(body)
    attempt = next(iter(router.plan(body, pin=[store.get(key)])))
    router.observe(attempt, Outcome.success())
    write = attempt.plan.pin_write(attempt)
    assert (write.key, write.attempt, write.ttl_seconds) == (key, attempt.key, 300.0)
    store[write.key] = write.entry
    for _ in range(10):
        plan = router.plan(body, pin=[store.get(one) for one in router.pin_keys(body)])
        assert (plan.sticky.status, plan.first.key) == ("hit", attempt.key)
    assert router.plan(body).sticky.status == "none"


def test_of_several_models_the_first_with_an_entry_counts():
    rows = [{"model": model, "provider": "p", "implicit_caching": True} for model in ("a/b", "c/d")]
    router = Router(Catalog.from_mapping({"endpoints": rows}))
    body = {"models": ["a/b", "c/d"], "session_id": "s"}
    assert len(router.pin_keys(body)) == 2
    plan = router.plan(body, pin=[None, "c/d@p#shared"])
    assert (plan.sticky.status, plan.case.sticky) == ("hit", "c/d@p#shared")


@pytest.mark.parametrize("pin", [None, [], [None], b"7|a/b@p#shared", 7])
def test_no_entry_and_one_of_another_version_are_no_pin(pin):
    assert Router(catalog()).plan({"model": "a/b", "session_id": "s"}, pin=pin).sticky.status == "none"


@pytest.mark.parametrize("entry", [Pin("a/b@p#shared", 1.0), "a/b@p#shared", PinWrite(b"", "a/b@p#shared", 1.0).entry, "1|a/b@p#shared"])
def test_an_entry_is_read_in_any_form(entry):
    assert read_entry(entry) == "a/b@p#shared"


def test_without_a_conversation_there_is_nothing_to_ask_for():
    router = Router(catalog())
    assert router.pin_keys({"model": "a/b"}) == []
    plan = router.plan({"model": "a/b"}, pin=[])
    assert plan.sticky.reason == "unidentifiable"
    assert plan.pin_write(plan.first) is None


class Failing:
    def __init__(self):
        self.calls = 0
        self.broken = True

    def get(self, key, now):
        self.calls += 1
        if self.broken:
            raise ConnectionError
        return Pin("a/b@p#shared", now + 1)

    def put(self, key, pin, now):
        self.get(key, now)

    def delete(self, key):
        self.calls += 1


def test_a_store_that_keeps_failing_is_left_alone_and_asked_again():
    store = Failing()
    guarded = GuardedPins(store, failures_in_a_row=2, open_seconds=5.0)
    for _ in range(2):
        with pytest.raises(ConnectionError):
            guarded.get(b"k", 100.0)
    assert [guarded.get(b"k", 100.0 + step) for step in range(5)] == [None] * 5
    assert (store.calls, guarded.skipped) == (2, 5)
    with pytest.raises(ConnectionError):
        guarded.get(b"k", 105.0)
    assert guarded.get(b"k", 106.0) is None
    store.broken = False
    assert guarded.get(b"k", 110.0).attempt == "a/b@p#shared"
    assert guarded.get(b"k", 110.1).attempt == "a/b@p#shared"


def test_a_slow_store_counts_as_failing():
    store, clock = Failing(), Clock(0.0)
    store.broken = False
    guarded = GuardedPins(store, failures_in_a_row=1, slow_seconds=0.05, clock=clock)
    plain, store.get = store.get, lambda key, now: (setattr(clock, "now", clock.now + 1.0), plain(key, now))[1]
    assert guarded.get(b"k", 0.0) is not None
    assert guarded.get(b"k", 1.0) is None


# --- hooks and drains ---------------------------------------------------------------------------------------------------------------------------------------


def test_the_hook_hears_every_outcome_and_what_it_raises_fails_no_request():
    heard = []

    def hook(*told):
        heard.append(told)
        raise ValueError

    router = Router(catalog(), on_outcome=hook)
    plan = router.plan(BODY)
    attempt, outcome = next(iter(plan)), Outcome.success()
    assert router.observe(attempt, outcome).action == "done"
    router.observe(plan.attempts[1], outcome)
    assert heard == [(attempt, outcome, plan), (plan.attempts[1], outcome, None)]
    assert next(one.value for one in router.metrics() if one.name == "routecore.hook.errors") == 2


def test_a_draining_router_hands_out_nothing_and_tells_when_the_last_attempt_has_ended():
    router = Router(catalog())
    plan = iter(router.plan(BODY))
    first = next(plan)
    drained = router.drain()
    with pytest.raises(InvalidRequest, match="draining"):
        router.plan(BODY)
    assert (drained.done, drained.wait(0)) == (False, False)
    router.observe(first, Outcome.server(500))
    second = next(plan)
    assert not drained.wait(0)
    router.observe(second, Outcome.success())
    assert (drained.done, drained.wait(0), router.drain() is drained) == (True, True, True)


def test_an_attempt_counts_as_in_flight_from_the_moment_it_is_given_until_it_is_observed_once():
    clock = Clock()
    router = Router(catalog(), clock=clock)
    attempt = next(iter(router.plan(BODY, prompt_tokens=100, completion_tokens=11)))
    assert router.limits.load(attempt.key, clock.now) == (1, 111, 1)
    router.begin(attempt)
    assert router.limits.load(attempt.key, clock.now).in_flight == 1
    router.observe(attempt, Outcome.success())
    assert router.limits.load(attempt.key, clock.now) == (1, 111, 0)
    router.observe(attempt, Outcome.success())
    assert router.limits.load(attempt.key, clock.now) == (2, 111, 0)
    lost = next(iter(router.plan(BODY)))
    clock.now += 600.0
    assert (router.limits.load(lost.key, clock.now).in_flight, router.limits.lost) == (0, 1)


def test_a_plan_is_pickled_without_its_prompt_and_still_pins():
    router = Router(catalog())
    body = {"model": "a/b", "messages": [{"role": "user", "content": "a very secret prompt"}]}
    plan = router.plan(body)
    data = pickle.dumps(plan)
    assert b"secret prompt" not in data
    again = pickle.loads(data)
    assert [one.key for one in again] == [one.key for one in plan.attempts]
    assert again.pin_write(again.first) == plan.pin_write(plan.first)


def test_another_context_than_the_prepared_one_is_a_fault():
    router = Router(catalog())
    context = Context.parse({"account_id": "acme"})
    prepared = router.prepare(BODY, context)
    assert router.plan(prepared, context).to_dict() == router.plan(prepared).to_dict() == router.plan(prepared, {"account_id": "acme"}).to_dict()
    for other in (Context(), {"byok": ["p"]}, Context.parse({"account_id": "other"})):
        with pytest.raises(InvalidRequest, match="prepared with"):
            router.plan(prepared, other)


# --- memory -------------------------------------------------------------------------------------------------------------------------------------------------


def test_a_full_cache_forgets_its_oldest_bodies_and_counts_bytes():
    router = Router(catalog(), RouterSettings(max_prepared=8, max_prepared_bytes=40_000))
    for index in range(100):
        router.plan({"model": "a/b", "provider": {"ignore": [f"x{index}"]}})
        assert len(router._prepared) <= 8
        assert router._prepared.size <= 40_000
    before = next(one.value for one in router.metrics() if one.name == "routecore.cache.misses")
    router.plan({"model": "a/b", "provider": {"ignore": ["x99"]}})
    assert next(one.value for one in router.metrics() if one.name == "routecore.cache.misses") == before
