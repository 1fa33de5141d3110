"""Closed forms of an endpoint at work: queues, other customers, capacity."""

from math import factorial

import numpy as np
import pytest

from routecore.simulate import steady
from routecore.simulate.world.server import Server


def server(behaviour):
    one = Server(0, "m@p", behaviour, None, can_cache=False)
    one.refresh(0.0)
    return one


def mean_wait(one, rate, count, seed=1):
    """Own requests, Poisson at ``rate`` a second, each of an exponential second."""
    random = np.random.default_rng(seed)
    at = np.cumsum(random.exponential(1 / rate, count))
    waits = []
    for moment, seconds in zip(at.tolist(), random.exponential(1.0, count).tolist(), strict=True):
        assert one.admits(moment)
        waits.append(one.wait(moment))
        one.occupy(moment, seconds)
    return float(np.mean(waits))


def erlang_c(load, slots):
    """The mean wait of M/M/c with services of a second."""
    last = load**slots / factorial(slots) * slots / (slots - load)
    return last / (sum(load**k / factorial(k) for k in range(slots)) + last) / (slots - load)


@pytest.mark.parametrize(("own", "others", "slots"), [(0.5, 0.0, 1), (1.0, 1.0, 3), (0.2, 2.0, 3)])
def test_waits_are_those_of_the_closed_form_with_other_customers_in_the_queue(own, others, slots):
    behaviour = steady(ttft={"mean": 1.0}, slots=slots, background_per_minute=60 * others, background_tokens=1)
    assert mean_wait(server(behaviour), own, 60_000) == pytest.approx(erlang_c(own + others, slots), rel=0.08)


def test_other_customers_take_their_part_of_the_capacity():
    alone, shared = server(steady(capacity_per_minute=60)), server(steady(capacity_per_minute=60, background_per_minute=90))
    at = np.cumsum(np.random.default_rng(2).exponential(2.0, 20_000)).tolist()
    assert sum(map(alone.admits, at)) / len(at) > 0.99
    # 90 and 30 a minute ask for 60 places: half of each get one
    assert sum(map(shared.admits, at)) / len(at) == pytest.approx(0.5, abs=0.02)


def test_requests_wait_for_a_slot_in_order_of_arrival():
    one, seen = server(steady(slots=2)), []
    for moment, seconds in ((0.0, 10.0), (1.0, 10.0), (2.0, 10.0), (3.0, 1.0)):
        seen.append(one.wait(moment))
        one.occupy(moment, seconds)
    assert seen == [0, 0, 8, 8]


def test_a_capacity_refills_evenly_and_holds_a_minutes_worth():
    one = server(steady(capacity_per_minute=2))
    assert [one.admits(0.0) for _ in range(3)] == [True, True, False]
    assert [one.admits(29.0), one.admits(31.0), one.admits(32.0)] == [False, True, False]
    assert [one.admits(1000.0) for _ in range(3)] == [True, True, False]


def test_effects_hold_from_their_start_up_to_not_including_their_end():
    one = server(steady().slow_within(60, 90, factor=10).fail_after(120))
    seen = []
    for now in (0.0, 59.9, 60.0, 89.9, 90.0, 119.9, 120.0, 1e9):
        if now >= one.until:
            one.refresh(now)
        seen.append((one.slow, one.down))
    assert seen == [(1, False), (1, False), (10, False), (10, False), (1, False), (1, False), (1, True), (1, True)]


def test_error_rates_and_refusals_share_the_chance_that_is_left():
    one = server(steady(error_rate=0.5, rate_limit_rate=0.2).errors_within(10, 20, rate=1.0))
    assert (one.refuses / 2**32, one.fails / 2**32) == pytest.approx((0.2, 0.6))
    one.refresh(10.0)
    assert one.fails / 2**32 == pytest.approx(1.0)
