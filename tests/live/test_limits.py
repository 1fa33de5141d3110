"""Load, stated limits, and capacity learned from rate limits."""

from __future__ import annotations

from random import Random

import pytest

from routecore import Catalog, Context, Limits, LimitSettings, Outcome, Router, Stated

KEY = "m@p#shared"


def begun(limits, count, now, tokens=0):
    return [limits.begin(KEY, now, tokens) for _ in range(count)]


def test_requests_and_tokens_count_for_a_minute_and_flights_until_they_end():
    limits = Limits()
    tickets = begun(limits, 3, 100.0, tokens=50)
    assert limits.load(KEY, 159.9) == (3, 150, 3)
    limits.end(KEY, tickets[0])
    limits.end(KEY, tickets[0])
    assert limits.load(KEY, 160.0) == (0, 0, 2)


@pytest.mark.parametrize(
    ("stated", "name", "free"),
    [
        (Stated(requests_per_minute=3), "requests_per_minute", 60.0),
        (Stated(tokens_per_minute=30), "tokens_per_minute", 60.0),
        (Stated(max_in_flight=3), "max_in_flight", None),
    ],
)
def test_an_attempt_is_full_exactly_at_its_limit(stated, name, free):
    limits = Limits()
    limits.state({KEY: stated})
    begun(limits, 2, 100.0, tokens=10)
    assert limits.look(100.0)[0] == {}
    begun(limits, 1, 100.0, tokens=10)
    (taken,) = limits.look(100.0)[0].values()
    assert (taken.limit, taken.load, taken.most, taken.seconds) == (name, taken.most, taken.most, free)


def test_whoever_looks_is_told_when_a_limit_is_reached_and_when_it_is_free_again():
    limits, told = Limits(), []
    limits.state({KEY: Stated(max_in_flight=2)})
    limits.changed = lambda: told.append(1)
    first, second = begun(limits, 2, 100.0)
    assert len(told) == 1
    limits.look(100.0)
    limits.end(KEY, first)
    assert len(told) == 2
    limits.look(100.0)
    limits.end(KEY, second)
    assert len(told) == 2


def test_a_full_minute_is_looked_at_again_when_the_oldest_request_leaves():
    limits = Limits()
    limits.state({KEY: Stated(requests_per_minute=2)})
    limits.begin(KEY, 100.0)
    limits.begin(KEY, 130.0)
    found, until = limits.look(130.0)
    assert (found[KEY].seconds, until) == (30.0, 160.0)
    assert limits.look(160.0)[0] == {}


def test_of_two_limits_the_one_that_is_free_again_last_is_told():
    limits = Limits()
    limits.state({KEY: Stated(requests_per_minute=1, max_in_flight=1)})
    begun(limits, 1, 100.0)
    assert limits.look(100.0)[0][KEY].limit == "max_in_flight"


def test_a_lost_attempt_is_given_up_after_ten_minutes():
    limits = Limits()
    begun(limits, 2, 100.0)
    assert limits.load(KEY, 699.9).in_flight == 2
    assert (limits.load(KEY, 700.0).in_flight, limits.lost, limits.in_flight) == (0, 2, 0)


def test_a_rate_limit_sets_the_cap_to_nine_tenths_of_the_load_and_it_grows_five_percent_a_minute():
    limits = Limits()
    begun(limits, 100, 100.0)
    limits.rate_limited(KEY, 100.0)
    assert limits.cap(KEY, 100.0) == 90.0
    assert limits.cap(KEY, 220.0) == pytest.approx(90.0 * 1.05**2)
    assert limits.look(100.0)[0][KEY].limit == "learned_requests_per_minute"


def test_with_few_requests_a_rate_limit_is_no_sign_of_capacity():
    limits = Limits()
    begun(limits, 9, 100.0)
    limits.rate_limited(KEY, 100.0)
    assert limits.cap(KEY, 100.0) is None
    begun(limits, 1, 100.0)
    limits.rate_limited(KEY, 100.0)
    assert limits.cap(KEY, 100.0) == 9.0


def test_a_cap_that_demand_has_not_reached_for_ten_minutes_is_forgotten():
    limits = Limits()
    begun(limits, 20, 100.0)
    limits.rate_limited(KEY, 100.0)
    assert limits.cap(KEY, 699.9) is not None
    assert limits.cap(KEY, 700.0) is None


def test_a_cap_that_demand_reaches_is_kept():
    limits = Limits()
    begun(limits, 20, 100.0)
    limits.rate_limited(KEY, 100.0)
    begun(limits, 40, 400.0)
    assert limits.look(400.0)[0]
    assert limits.cap(KEY, 999.0) is not None


def test_an_attempt_that_never_answers_a_rate_limit_has_no_cap():
    limits = Limits()
    begun(limits, 10_000, 100.0)
    assert (limits.cap(KEY, 101.0), limits.look(101.0)[0]) == (None, {})


def test_attempts_are_bounded_and_idle_ones_go_first():
    limits = Limits(LimitSettings(max_attempts=10))
    limits.begin("busy", 0.0)
    for index in range(100):
        limits.end(f"k{index}", limits.begin(f"k{index}", 0.0))
        limits.load(f"k{index}", 100.0)
    assert limits.load("busy", 10.0).in_flight == 1


# --- in a router --------------------------------------------------------------------------------------------------------------------------------------------


def router_of(rows, clock):
    return Router(Catalog.from_mapping({"endpoints": rows}), clock=lambda: clock[0], entropy=Random(1).getrandbits)


def test_a_full_attempt_goes_after_the_available_ones_and_comes_back_when_one_ends():
    rows = [{"model": "m", "provider": "p", "limits": {"max_in_flight": 1}}, {"model": "m", "provider": "q"}]
    router = router_of(rows, [100.0])
    body = {"model": "m", "provider": {"order": ["p"]}}
    first = next(iter(router.plan(body)))
    plan = router.plan(body)
    assert (plan.first.endpoint.provider, plan.panic) == ("q", False)
    assert "max_in_flight" in str(plan.case.facts.full["m@p#shared"])
    router.observe(first, Outcome.success())
    assert router.plan(body).first.endpoint.provider == "p"


def test_a_key_s_own_limits_hold_for_its_attempts():
    router = router_of([{"model": "m", "provider": "p"}, {"model": "m", "provider": "q"}], [100.0])
    context = Context.parse({"byok": [{"slug": "p", "key_id": "k", "limits": {"max_in_flight": 1}}]})
    assert next(iter(router.plan({"model": "m"}, context))).key == "m@p#byok:k"
    assert router.plan({"model": "m"}, context).attempts[-1].key == "m@p#byok:k"


class Bounded:
    """An endpoint that serves so many requests in any minute, and answers 429 beyond."""

    def __init__(self, capacity):
        self.capacity = capacity
        self.served_at = []

    def ask(self, now):
        self.served_at = [at for at in self.served_at if at > now - 60.0]
        if len(self.served_at) >= self.capacity:
            return False
        self.served_at.append(now)
        return True


def drive(router, clock, world, minutes, per_minute, log):
    for _ in range(int(minutes * per_minute)):
        clock[0] += 60.0 / per_minute
        for attempt in router.plan({"model": "m", "provider": {"order": ["p", "q"]}}):
            name = attempt.endpoint.provider
            good = world[name].ask(clock[0])
            log.append((clock[0], name, good))
            router.observe(attempt, Outcome.success(ttft_seconds=0.1) if good else Outcome.rate_limit())
            if good:
                break


def share_of(log, name, since):
    mine = [good for at, one, good in log if one == name and at > since]
    return sum(mine), len(mine)


def test_an_endpoint_below_demand_serves_nine_tenths_of_what_it_can_with_few_rate_limits_and_follows_when_it_can_twice_as_much():
    clock = [0.0]
    rows = [{"model": "m", "provider": "p"}, {"model": "m", "provider": "q"}]
    router = router_of(rows, clock)
    world, log = {"p": Bounded(60), "q": Bounded(10_000)}, []
    drive(router, clock, world, 10, 180, log)
    start = clock[0]
    drive(router, clock, world, 10, 180, log)
    served, asked = share_of(log, "p", start)
    assert served >= 0.9 * 60 * 10
    assert asked - served <= 0.05 * asked
    assert router.limits.cap("m@q#shared", clock[0]) is None
    world["p"].capacity = 120
    drive(router, clock, world, 15, 180, log)
    start = clock[0]
    drive(router, clock, world, 5, 180, log)
    assert share_of(log, "p", start)[0] >= 0.9 * 120 * 5
    # everything that capacity allows was served
    assert sum(good for _, _, good in log) >= 0.999 * 180 * 40
