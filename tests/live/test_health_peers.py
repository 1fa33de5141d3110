"""What processes tell each other of health, and that nothing they say counts twice."""

from __future__ import annotations

import json

import pytest

from routecore import InvalidRequest, Outcome
from routecore.live.health import Health
from routecore.live.health_table import State

KEY = "m@p#shared"


def told(health, now):
    return json.loads(json.dumps(health.export(now)))


def cooling(source="there", seconds=20.0, now=0.0):
    health = Health(source=source)
    health.observe(KEY, Outcome.rate_limit(seconds), now)
    return health


def test_a_peer_s_cooldown_cools_here_for_the_time_that_is_left():
    here = Health()
    here.merge(told(cooling(), 5.0), 1_005.0)
    assert (here.cooling_keys(1_019.0), here.view(1_020.0).due) == ({KEY}, {KEY})


def test_the_transport_s_delay_is_taken_off():
    here = Health()
    here.merge(told(cooling(), 5.0), 1_005.0, delay_seconds=10.0)
    assert (here.state(KEY, 1_009.0), here.state(KEY, 1_010.0)) == (State.COOLING, State.DUE)


def test_what_was_told_is_not_told_on():
    here = Health(source="here")
    here.merge(told(cooling(), 5.0), 5.0)
    assert here.export(6.0)["cooldowns"] == {}


def test_a_peer_s_cooldown_doubles_no_backoff():
    here = Health()
    here.merge(told(cooling(), 5.0), 5.0)
    for _ in range(3):
        here.observe(KEY, Outcome.server(500), 20.0)
    assert here.view(20.0).until == 25.0


def test_a_cooldown_that_a_probe_has_ended_here_is_not_begun_again():
    there, here = cooling(seconds=100.0), Health()
    first = told(there, 5.0)
    here.merge(first, 5.0)
    here.observe(KEY, Outcome.success(), 101.0)
    assert here.state(KEY, 101.0) is State.AVAILABLE
    here.merge(first, 102.0)
    assert here.state(KEY, 102.0) is State.AVAILABLE


def test_an_export_that_tells_a_known_cooldown_again_changes_nothing():
    there, here = cooling(seconds=300.0), Health()
    here.merge(told(there, 1.0), 1.0)
    late = told(there, 50.0)
    here.observe(KEY, Outcome.success(), 1.0)
    for exported in (late, told(there, 60.0), late):
        before = here.view(61.0)
        here.merge(exported, 61.0)
        assert here.view(61.0).until == before.until == 300.0


def test_a_longer_cooldown_told_later_counts():
    there, here = cooling(seconds=20.0), Health()
    here.merge(told(there, 1.0), 1.0)
    there.observe(KEY, Outcome.rate_limit(200.0), 2.0)
    here.merge(told(there, 3.0), 3.0)
    assert here.view(4.0).until == 202.0


def test_a_process_s_own_export_says_nothing_to_it():
    health = cooling()
    before = health.view(6.0)
    health.merge(told(health, 5.0), 6.0)
    assert health.view(6.0) is before


def test_load_is_own_plus_peers_so_that_processes_share_one_limit():
    from routecore.live.limits import Stated

    workers = [Health(source=f"w{index}") for index in range(4)]
    for worker in workers:
        worker.limits.state({KEY: Stated(requests_per_minute=40)})
        for _ in range(10):
            worker.limits.begin(KEY, 100.0)
    assert not any(worker.view(100.0).full for worker in workers)
    for here in workers:
        for there in workers:
            here.merge(told(there, 100.0), 100.0)
            here.merge(told(there, 100.0), 100.0)
    for worker in workers:
        assert worker.limits.load(KEY, 100.0).requests == 40
        assert worker.view(100.0).full[KEY].limit == "requests_per_minute"


def test_a_learned_cap_is_passed_on_and_the_later_one_counts():
    there, here = Health(source="there"), Health(source="here")
    for _ in range(100):
        there.limits.begin(KEY, 0.0)
    there.limits.rate_limited(KEY, 0.0)
    here.merge(told(there, 30.0), 30.0)
    assert here.limits.cap(KEY, 30.0) == there.limits.cap(KEY, 30.0) == pytest.approx(90 * 1.05**0.5)
    for _ in range(10):
        here.limits.begin(KEY, 61.0)
    here.limits.rate_limited(KEY, 61.0)
    learned = here.limits.cap(KEY, 61.0)
    here.merge(told(there, 62.0), 62.0)
    assert here.limits.cap(KEY, 61.0) == learned


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"format": "x"}, "export"),
        ({"source": ""}, "export.source"),
        ({"sequence": -1}, "export.sequence"),
        ({"now": float("nan")}, "export.now"),
        ({"cooldowns": []}, "export.cooldowns"),
        ({"cooldowns": {KEY: -1}}, "export.cooldowns"),
        ({"cooldowns": {KEY: "x"}}, "export.cooldowns"),
        ({"caps": {KEY: [1]}}, "export.caps"),
        ({"load": {KEY: [1, 2, None]}}, "export.load"),
    ],
)
def test_an_export_with_a_fault_is_named_and_nothing_of_it_is_taken(change, path):
    here = Health()
    exported = told(cooling(), 5.0) | change
    with pytest.raises(InvalidRequest, match=path):
        here.merge(exported, 5.0)
    assert not here.cooling_keys(6.0)
