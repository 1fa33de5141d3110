from __future__ import annotations

import threading
from math import inf, nan

import pytest

from routecore.errors import InvalidRequest
from routecore.live.health import ANYBODY, TRANSITIONS, Cooldown, Event, Health, HealthSettings, State
from routecore.live.outcome import Outcome

KEY, SIBLING = "m@p#shared", "m@p#byok:k"
GOOD, BAD = Outcome.success(), Outcome.server(500)


def make(**settings):
    changes = []
    return Health(HealthSettings(**settings), observer=changes.append), changes


def fail(health, now, times=3, outcome=BAD):
    for _ in range(times):
        health.observe(KEY, outcome, now)


def recover(health, now):
    assert health.lease(KEY, now)
    health.observe(KEY, GOOD, now)


def test_every_attempt_is_available_until_something_is_known():
    health, _ = make()
    assert (health.cooling_keys(0.0), health.state(KEY, 0.0)) == (frozenset(), State.AVAILABLE)


@pytest.mark.parametrize("outcome", [Outcome.connection(), Outcome.timeout(), Outcome.server(503)])
def test_three_failures_in_a_row_cool_for_five_seconds(outcome):
    health, changes = make()
    fail(health, 10.0, 2, outcome)
    assert health.cooling_keys(10.0) == frozenset()
    fail(health, 10.0, 1, outcome)
    assert health.cooling_keys(10.0) == {KEY}
    assert (changes[0].event, changes[0].until) == (Event.FAILURES_IN_A_ROW, 15.0)


def test_a_success_between_failures_starts_the_row_again():
    health, _ = make(share=1.0)
    for _ in range(5):
        fail(health, 0.0, 2)
        health.observe(KEY, GOOD, 0.0)
    assert not health.cooling_keys(0.0)


def test_more_than_half_of_five_outcomes_cools_and_exactly_half_does_not():
    health, changes = make(failures_in_a_row=99)
    for outcome in (BAD, GOOD, BAD, GOOD, GOOD, BAD):
        health.observe(KEY, outcome, 0.0)
    assert not health.cooling_keys(0.0)
    health.observe(KEY, BAD, 0.0)
    assert (health.cooling_keys(0.0), changes[0].event) == ({KEY}, Event.FAILING_SHARE)


def test_four_outcomes_are_too_few_to_speak_of_a_share():
    health, _ = make(failures_in_a_row=99)
    fail(health, 0.0, 4)
    assert not health.cooling_keys(0.0)
    fail(health, 0.0, 1)
    assert health.cooling_keys(0.0)


def test_outcomes_of_thirty_seconds_ago_are_out_of_the_share():
    health, _ = make(failures_in_a_row=99)
    fail(health, 0.0, 4)
    fail(health, 30.0, 1)
    assert not health.cooling_keys(30.0)


def test_a_rate_limit_cools_at_once_for_what_the_provider_asks():
    health, changes = make()
    health.observe(KEY, Outcome.rate_limit(42), 100.0)
    assert (health.cooling_keys(141.9), changes[0].until) == ({KEY}, 142.0)
    assert health.view(142.0).due == {KEY}


def test_a_rate_limit_that_does_not_say_cools_for_five_seconds():
    health, changes = make()
    health.observe(KEY, Outcome.rate_limit(), 100.0)
    assert changes[0].until == 105.0


def test_a_retry_after_of_a_week_is_cut_and_counted():
    health, changes = make()
    health.observe(KEY, Outcome.rate_limit(604_800), 0.0)
    assert (changes[0].until, health.counts["retry_after_cut"]) == (3_600.0, 1)


def test_an_unreadable_retry_after_is_counted_and_the_default_stands():
    health, changes = make()
    health.observe(KEY, Outcome.from_http(429, headers={"Retry-After": "soon"}), 0.0)
    assert (changes[0].until, health.counts["retry_after_unreadable"]) == (5.0, 1)


def test_a_longer_retry_after_while_cooling_extends_and_a_shorter_one_does_not():
    health, changes = make()
    health.observe(KEY, Outcome.rate_limit(20), 0.0)
    health.observe(KEY, Outcome.rate_limit(5), 1.0)
    assert len(changes) == 1
    health.observe(KEY, Outcome.rate_limit(60), 2.0)
    assert (len(changes), health.view(30.0).due, health.view(62.0).due) == (2, frozenset(), {KEY})


@pytest.mark.parametrize("outcome", [Outcome.rate_limit(), Outcome.credential(401), BAD])
def test_trouble_of_one_attempt_leaves_its_sibling_alone(outcome):
    health, _ = make(failures_in_a_row=1)
    health.observe(KEY, outcome, 0.0)
    assert health.cooling_keys(0.0) == {KEY}
    assert health.state(SIBLING, 0.0) is State.AVAILABLE


@pytest.mark.parametrize("outcome", [Outcome.moderation(), Outcome.caller(400), Outcome.caller(422), Outcome.cancelled()])
def test_a_caller_s_fault_never_cools_anything_however_often(outcome):
    health, changes = make(failures_in_a_row=1, share_least=1)
    fail(health, 0.0, 1_000, outcome)
    assert (health.cooling_keys(0.0), changes, len(health)) == (frozenset(), [], 0)


def test_a_caller_s_fault_between_failures_does_not_break_the_row():
    health, _ = make()
    fail(health, 0.0, 2)
    health.observe(KEY, Outcome.caller(400), 0.0)
    fail(health, 0.0, 1)
    assert health.cooling_keys(0.0)


def test_cooldowns_double_up_to_five_minutes():
    health, changes = make()
    fail(health, 0.0)
    now, lengths = 0.0, [5.0]
    for _ in range(8):
        now = changes[-1].until
        assert health.lease(KEY, now)
        health.observe(KEY, BAD, now)
        lengths.append(changes[-1].until - now)
    assert lengths == [5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 300.0, 300.0]


@pytest.mark.parametrize(("calm", "expected"), [(59.9, 10.0), (60.0, 5.0)])
def test_sixty_seconds_of_success_bring_the_backoff_back_to_five(calm, expected):
    health, changes = make()
    fail(health, 0.0)
    recover(health, 5.0)
    health.observe(KEY, GOOD, 5.0 + calm / 2)
    fail(health, 5.0 + calm)
    assert changes[-1].until - changes[-1].now == expected


def test_a_failure_within_the_sixty_seconds_starts_them_again():
    health, changes = make()
    fail(health, 0.0)
    recover(health, 5.0)
    health.observe(KEY, BAD, 60.0)
    health.observe(KEY, GOOD, 61.0)
    fail(health, 100.0)
    assert changes[-1].until - changes[-1].now == 10.0


def test_exactly_one_of_many_threads_gets_the_lease():
    health, _ = make()
    fail(health, 0.0)
    barrier, taken = threading.Barrier(8), []

    def plan():
        barrier.wait()
        taken.append(health.lease(KEY, 5.0))

    threads = [threading.Thread(target=plan) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [False] * 7 + [True]


def test_others_see_a_probed_attempt_cooling():
    health, _ = make()
    fail(health, 0.0)
    assert health.lease(KEY, 5.0)
    view = health.view(6.0)
    assert (view.cooling, view.due, health.state(KEY, 6.0)) == ({KEY}, frozenset(), State.PROBING)


def test_there_is_no_lease_before_the_cooldown_ends_or_for_the_available():
    health, _ = make()
    assert not health.lease(KEY, 0.0)
    fail(health, 0.0)
    assert not health.lease(KEY, 4.9)


def test_a_lease_without_an_outcome_is_given_back_after_thirty_seconds():
    health, changes = make()
    fail(health, 0.0)
    assert health.lease(KEY, 5.0)
    assert not health.lease(KEY, 34.9)
    assert health.lease(KEY, 35.0)
    assert [change.event for change in changes[1:]] == [Event.COOLDOWN_OVER, Event.LEASE_TAKEN, Event.LEASE_LAPSED, Event.LEASE_TAKEN]


def test_a_lease_given_back_by_hand_may_be_taken_at_once():
    health, _ = make()
    fail(health, 0.0)
    assert health.lease(KEY, 5.0)
    health.release(KEY, 6.0)
    assert health.lease(KEY, 6.0)


def test_a_success_while_cooling_is_a_late_answer_and_opens_nothing():
    health, _ = make()
    fail(health, 0.0)
    health.observe(KEY, GOOD, 1.0)
    assert health.cooling_keys(1.0) == {KEY}


def test_failures_while_cooling_are_late_answers_and_double_nothing():
    health, changes = make()
    fail(health, 0.0, 50)
    assert (len(changes), changes[0].until) == (1, 5.0)


def test_a_probe_that_outlives_its_lease_still_closes_with_a_success():
    health, changes = make()
    fail(health, 0.0)
    assert health.lease(KEY, 5.0)
    health.observe(KEY, GOOD, 50.0)
    assert not health.cooling_keys(50.0)
    assert [change.event for change in changes[-2:]] == [Event.LEASE_LAPSED, Event.SUCCESS]


@pytest.mark.parametrize("outcome", [BAD, Outcome.rate_limit()])
def test_a_failure_after_the_cooldown_doubles_with_or_without_a_lease(outcome):
    health, changes = make()
    fail(health, 0.0)
    health.observe(KEY, outcome, 6.0)
    assert (changes[-1].until, health.view(6.0).due) == (16.0, frozenset())


def test_after_a_probe_s_success_earlier_failures_do_not_count():
    health, _ = make()
    fail(health, 0.0)
    recover(health, 5.0)
    fail(health, 6.0, 2)
    assert not health.cooling_keys(6.0)


def test_after_a_probe_s_success_earlier_successes_do_not_count_either():
    health, changes = make(failures_in_a_row=99)
    for _ in range(10):
        health.observe(KEY, GOOD, 0.0)
    health.observe(KEY, Outcome.rate_limit(), 0.0)
    recover(health, 5.0)
    fail(health, 6.0, 4)
    assert changes[-1].event is Event.FAILING_SHARE


def test_a_stated_wait_of_a_server_cools_at_once_and_is_cut_as_any():
    health, changes = make()
    fail(health, 0.0, 1, Outcome("server", status=503, retry_after_seconds=100))
    assert (changes[-1].event, changes[-1].until) == (Event.ASKED_TO_WAIT, 100.0)
    fail(health, 1.0, 1, Outcome("server", status=503, retry_after_seconds=1e6))
    assert changes[-1].until == 3_601.0


@pytest.mark.parametrize("outcome", [Outcome.rate_limit(0), Outcome.rate_limit(0.0)])
def test_a_stated_wait_of_nothing_counts_as_none_stated(outcome):
    health, changes = make()
    health.observe(KEY, outcome, 0.0)
    assert changes[-1].until == 5.0


@pytest.mark.parametrize(("asked", "until"), [(0.01, 25.0), (7.0, 25.0), (30.0, 45.0)])
def test_a_probe_that_fails_waits_at_least_as_long_as_the_cooldown_before_it(asked, until):
    health, changes = make()
    health.observe(KEY, Outcome.rate_limit(5), 0.0)
    assert health.lease(KEY, 5.0)
    health.observe(KEY, Outcome.rate_limit(10), 5.0)
    assert health.lease(KEY, 15.0)
    health.observe(KEY, Outcome.rate_limit(asked), 15.0)
    assert changes[-1].until == until


def test_a_probe_that_fails_waits_at_least_the_first_backoff():
    health, changes = make()
    health.observe(KEY, Outcome.rate_limit(0.01), 0.0)
    assert changes[-1].until == 0.01
    assert health.lease(KEY, 1.0)
    health.observe(KEY, Outcome.rate_limit(0.01), 1.0)
    assert changes[-1].until == 6.0


def test_a_refused_key_cools_for_five_minutes_doubling_to_an_hour():
    health, changes = make()
    now, lengths = 0.0, []
    for _ in range(6):
        health.observe(KEY, Outcome.credential(401), now)
        lengths.append(changes[-1].until - now)
        now = changes[-1].until
        assert health.lease(KEY, now)
    assert lengths == [300.0, 600.0, 1_200.0, 2_400.0, 3_600.0, 3_600.0]


def test_a_dead_key_fails_once_and_not_once_a_model():
    keys = {"m@p#byok:k", "n@p#byok:k"}
    health = Health(siblings=lambda key: keys if key in keys else ())
    health.observe("m@p#byok:k", Outcome("credential", cools="key"), 0.0)
    assert health.cooling_keys(1.0) == keys
    assert health.lease("n@p#byok:k", 300.0)
    health.observe("n@p#byok:k", Outcome("credential", cools="key"), 300.0)
    assert health.cooling_keys(301.0) == keys
    assert not health.view(301.0).due


def test_a_deployment_that_a_key_may_not_use_cools_alone():
    health = Health(siblings=lambda key: {"m@p#shared", "n@p#shared"})
    health.observe("m@p#shared", Outcome("credential", status=404, cools="attempt"), 0.0)
    assert health.cooling_keys(1.0) == {"m@p#shared"}


def test_an_answer_that_cools_nothing_cools_nothing():
    health = Health()
    for _ in range(5):
        health.observe(KEY, Outcome("server", cools="nothing"), 0.0)
    assert not health.cooling_keys(1.0)


def test_only_the_holder_s_outcome_ends_a_lease():
    health, _ = make()
    fail(health, 0.0)
    mine = object()
    assert health.lease(KEY, 5.0, mine)
    for other in (None, object()):
        for outcome in (GOOD, BAD, Outcome.caller(400)):
            health.observe(KEY, outcome, 6.0, other)
        health.release(KEY, 6.0, other)
    assert health.state(KEY, 6.0) is State.PROBING
    health.observe(KEY, GOOD, 7.0, mine)
    assert health.state(KEY, 7.0) is State.AVAILABLE


def test_an_outcome_of_nobody_known_may_be_the_holder_s():
    health, _ = make()
    fail(health, 0.0)
    assert health.lease(KEY, 5.0, object())
    health.observe(KEY, GOOD, 7.0, ANYBODY)
    assert health.state(KEY, 7.0) is State.AVAILABLE


def test_the_same_retry_after_again_is_no_transition():
    health, changes = make()
    health.observe(KEY, Outcome.rate_limit(20), 0.0)
    health.observe(KEY, Outcome.rate_limit(20), 0.0)
    assert len(changes) == 1


def test_a_rate_limit_while_probing_waits_as_asked_and_doubles_the_backoff():
    health, changes = make()
    fail(health, 0.0)
    assert health.lease(KEY, 5.0)
    health.observe(KEY, Outcome.rate_limit(7), 5.0)
    assert changes[-1].until == 12.0
    assert health.lease(KEY, 12.0)
    health.observe(KEY, BAD, 12.0)
    assert changes[-1].until == 32.0


def test_a_view_is_the_same_object_until_something_changes():
    health, _ = make()
    first = health.view(0.0)
    health.observe(KEY, GOOD, 1.0)
    assert health.view(2.0) is first
    fail(health, 3.0)
    second = health.view(3.0)
    assert (second.until, second.epoch) == (8.0, first.epoch + 1)
    assert health.view(7.9) is second
    assert health.view(8.0).epoch == second.epoch + 1


def test_the_observer_hears_every_transition_and_the_table_holds_it():
    health, changes = make()
    fail(health, 0.0)
    health.lease(KEY, 5.0)
    health.observe(KEY, BAD, 6.0)
    health.lease(KEY, 16.0)
    health.observe(KEY, GOOD, 17.0)
    known = {(row.state, row.event, row.to) for row in TRANSITIONS}
    assert [(change.before, change.event, change.after) in known for change in changes] == [True] * 7
    assert [a.after for a in changes[:-1]] == [b.before for b in changes[1:]]
    assert changes[-1].to_mapping() == {
        "key": KEY, "now": 17.0, "before": "probing", "event": "success", "after": "available", "until": None, "detail": None,
    }  # fmt: skip


def test_an_observer_may_call_back():
    seen = []
    health = Health(observer=lambda change: seen.append(health.cooling_keys(change.now)))
    fail(health, 0.0)
    assert seen == [{KEY}]


def test_an_observer_that_raises_fails_no_request_and_is_counted():
    def observer(_change):
        raise RuntimeError

    health = Health(observer=observer)
    fail(health, 0.0)
    assert (health.cooling_keys(0.0), health.counts["observer_errors"]) == ({KEY}, 1)


def test_attempts_are_bounded_and_cooling_ones_are_the_last_to_be_forgotten():
    health, _ = make(max_attempts=10)
    fail(health, 0.0)
    for index in range(1_000):
        health.observe(f"m@x{index}#shared", GOOD, 0.001 * index)
    assert len(health) == 10
    health, _ = make(max_attempts=10)
    health.observe(KEY, Outcome.rate_limit(600), 0.0)
    for index in range(1_000):
        health.observe(f"m@x{index}#shared", GOOD, 40.0 * index / 100)
    assert health.cooling_keys(400.0) == {KEY}
    assert health.counts["forgotten"] == 991


def test_a_flood_of_bad_keys_stays_bounded():
    health, _ = make(max_attempts=10)
    for index in range(1_000):
        health.observe(f"m@p#byok:{index}", Outcome.credential(401), 0.0)
    assert (len(health), len(health.cooling_keys(0.0)), health.counts["forgotten"]) == (10, 10, 990)


def test_the_table_has_one_row_for_a_state_and_event():
    pairs = [(row.state, row.event) for row in TRANSITIONS]
    assert len(pairs) == len(set(pairs))


def test_only_a_lease_leads_to_probing_and_only_a_success_after_the_cooldown_to_available():
    assert {row.event for row in TRANSITIONS if row.to is State.PROBING} == {Event.LEASE_TAKEN}
    assert {(row.state, row.event) for row in TRANSITIONS if row.to is State.AVAILABLE} == {(State.PROBING, Event.SUCCESS), (State.DUE, Event.SUCCESS)}
    assert all(row.cooldown is not Cooldown.NONE for row in TRANSITIONS if row.to is State.COOLING)


def test_every_bad_setting_is_named_at_once():
    with pytest.raises(InvalidRequest) as caught:
        HealthSettings(failures_in_a_row=0, share_seconds=nan, cooldown_seconds=-1, share=1.5, factor=0.5, lease_seconds=inf, max_attempts=True)
    paths = {fault.path.removeprefix("settings.health.") for fault in caught.value.faults}
    assert paths == {"failures_in_a_row", "share_seconds", "cooldown_seconds", "share", "factor", "lease_seconds", "max_attempts"}


def test_outcomes_of_many_threads_never_break_the_books():
    health, changes = make()
    keys = [f"m@{index}#shared" for index in range(5)]

    def work(seed):
        for index in range(3_000):
            now = index * 0.05
            key = keys[(index + seed) % 5]
            health.observe(key, (GOOD, BAD, Outcome.rate_limit(1), BAD)[(index * 7 + seed) % 4], now)
            for due in health.view(now).due:
                health.lease(due, now)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {change.key for change in changes} == set(keys)
    # by then every cooldown and every lease has run out
    view = health.view(1e9)
    assert view.cooling == view.due == {key for key in keys if health.state(key, 1e9) is State.DUE}
    leases = sum(change.event is Event.LEASE_TAKEN for change in changes)
    assert leases == sum(change.before is State.PROBING for change in changes), "every lease ends exactly once"
