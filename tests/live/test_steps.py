from __future__ import annotations

import pytest

from routecore import Catalog, Router
from routecore.live.outcome import Outcome
from routecore.live.steps import Action, StepSettings, next_after


def router(*rows, **settings):
    """A router over endpoints given as ``model``, ``provider`` and whatever else matters; they come in this order, as the order is asked for."""
    endpoints = [
        {"model": model, "provider": provider, "pricing": {"prompt": f"0.00000{place + 1}", "completion": "0.000001"}, **more}
        for place, (model, provider, more) in enumerate(rows)
    ]
    return Router(Catalog.from_mapping({"endpoints": endpoints}), **settings)


def plan_of(*rows, models=("m",)):
    made = router(*rows)
    return made, made.plan({"models": list(models), "messages": [], "provider": {"sort": "price"}})


def three():
    return plan_of(("m", "p0", {}), ("m", "p1", {}), ("m", "p2", {}))


@pytest.mark.parametrize("kind", ["connection", "timeout", "server", "rate_limit", "credential"])
def test_while_attempts_are_left_an_endpoint_s_failure_goes_on_to_the_next(kind):
    assert next_after(Outcome(kind), attempts_left=1).action is Action.NEXT


@pytest.mark.parametrize("kind", ["moderation", "caller", "cancelled"])
def test_the_caller_s_fault_stops_however_many_attempts_are_left(kind):
    assert next_after(Outcome(kind), attempts_left=9).action is Action.STOP


def test_at_the_end_of_a_plan_a_retry_waits_as_asked_or_five_seconds():
    assert next_after(Outcome.rate_limit(12), attempts_left=0)[:2] == (Action.RETRY, 12.0)
    assert next_after(Outcome.server(500), attempts_left=0)[:2] == (Action.RETRY, 5.0)


def test_a_retry_later_than_a_caller_waits_is_a_stop_that_says_so():
    assert next_after(Outcome.rate_limit(30), attempts_left=0).action is Action.RETRY
    step = next_after(Outcome.rate_limit(31), attempts_left=0)
    assert step.action is Action.STOP
    assert "31 s is later than the 30 s" in step.reason


def test_a_bad_key_is_not_retried_and_no_retry_comes_after_the_last():
    assert next_after(Outcome.credential(401), attempts_left=0).action is Action.STOP
    assert next_after(Outcome.server(500), attempts_left=0, retries_left=0).action is Action.STOP


def test_a_bad_step_setting_is_named():
    with pytest.raises(Exception, match=r"settings\.steps\.retry_seconds"):
        StepSettings(retry_seconds=-1)


# --- the step names its attempt -----------------------------------------------------------------------------------------------------------------


def tried(step):
    return None if step.attempt is None else step.attempt.endpoint.provider


def test_next_names_the_attempt_after_the_one_that_failed():
    made, plan = three()
    step = made.observe(plan.attempts[1], Outcome.server(500), plan)
    assert (step.action, tried(step)) == (Action.NEXT, "p2")


def test_the_first_of_a_plan_knows_its_place_without_iterating():
    made, plan = three()
    assert tried(made.observe(plan.first, Outcome.server(500), plan)) == "p1"


def test_when_all_are_used_up_the_one_with_the_shortest_wait_is_retried():
    made, plan = three()
    steps = [made.observe(one, Outcome.rate_limit(wait)) for one, wait in zip(plan, (20, 3, 9), strict=True)]
    assert [tried(step) for step in steps] == ["p1", "p2", "p1"]
    assert steps[-1][:2] == (Action.RETRY, 3.0)


def test_a_failure_that_states_no_wait_counts_with_the_usual_one():
    made, plan = three()
    steps = [made.observe(one, outcome) for one, outcome in zip(plan, (Outcome.rate_limit(20), Outcome.server(500), Outcome.rate_limit(9)), strict=True)]
    assert (steps[-1].seconds, tried(steps[-1])) == (5.0, "p1")


def test_a_stated_wait_of_0_counts_as_none_stated():
    assert next_after(Outcome.rate_limit(0), attempts_left=0).seconds == 5.0


def test_steps_stop_when_even_the_shortest_wait_is_longer_than_a_caller_waits():
    made, plan = plan_of(("m", "p0", {}), ("m", "p1", {}))
    steps = [made.observe(one, Outcome.rate_limit(wait)) for one, wait in zip(plan, (60, 31), strict=True)]
    assert (steps[-1].action, steps[-1].attempt) == (Action.STOP, None)
    assert "31 s is later than the 30 s" in steps[-1].reason


def test_a_plan_is_gone_through_once_more_at_most():
    made, plan = plan_of(("m", "p0", {}))
    again = made.observe(plan.first, Outcome.server(500), plan)
    assert (again.action, tried(again)) == (Action.RETRY, "p0")
    assert made.observe(again.attempt, Outcome.server(500), plan).action is Action.STOP


def test_a_refused_key_at_the_end_goes_back_to_one_that_was_only_busy():
    made, plan = plan_of(("m", "p0", {}), ("m", "p1", {}))
    steps = [made.observe(one, outcome) for one, outcome in zip(plan, (Outcome.rate_limit(2), Outcome.credential(401)), strict=True)]
    assert (steps[-1].action, steps[-1].seconds, tried(steps[-1])) == (Action.RETRY, 2.0, "p0")


def test_after_the_first_byte_nothing_is_repeated():
    made, plan = three()
    step = made.observe(plan.first, Outcome.server(500), plan, delivered=True)
    assert (step.action, step.attempt) == (Action.STOP, None)
    assert made.observe(plan.first, Outcome.success(), plan, delivered=True).action is Action.DONE
    assert made.observe(plan.first, Outcome.server(500), delivered=True).action is Action.STOP


# --- what answers rule out ----------------------------------------------------------------------------------------------------------------------


def keyed(*providers):
    """A plan whose providers each have two keys of the caller's."""
    made = router(*(("m", provider, {}) for provider in providers))
    byok = [{"slug": provider, "key_id": f"{provider}-{key}"} for provider in providers for key in ("k1", "k2")]
    return made, made.plan({"model": "m", "messages": [], "provider": {"sort": "price"}}, {"byok": byok})


def test_what_does_not_fit_an_endpoint_is_not_tried_there_with_another_key():
    made, plan = keyed("p0", "p1")
    assert [one.endpoint.provider for one in plan][:2] == ["p0", "p0"]
    step = made.observe(plan.first, Outcome.unsuitable(400), plan)
    assert (step.action, tried(step)) == (Action.NEXT, "p1")


def test_a_prompt_too_long_goes_to_an_endpoint_with_a_longer_or_unknown_limit():
    made, plan = plan_of(
        ("m", "p0", {"context_length": 8_192}), ("m", "p1", {"context_length": 8_192}), ("m", "p2", {"context_length": 32_768}), ("m", "p3", {})
    )
    too_long = Outcome.unsuitable(400, context_exceeded=True)
    first = made.observe(plan.first, too_long, plan)
    assert tried(first) == "p2"
    assert tried(made.observe(first.attempt, too_long)) == "p3"


def test_a_longest_endpoint_that_is_still_too_short_goes_to_the_next_model_and_then_stops():
    rows = (("a", "p0", {"context_length": 8_192}), ("a", "p1", {"context_length": 4_096}), ("b", "p2", {"context_length": 4_096}))
    made, plan = plan_of(*rows, models=("a", "b"))
    too_long = Outcome.unsuitable(400, context_exceeded=True)
    first = made.observe(plan.first, too_long, plan)
    assert (first.action, tried(first)) == (Action.NEXT, "p2")
    assert made.observe(first.attempt, too_long).action is Action.STOP


def test_flagged_input_goes_to_the_next_model_s_first_and_without_one_stops():
    made, plan = plan_of(("a", "p0", {}), ("a", "p1", {}), ("b", "p2", {}), models=("a", "b"))
    step = made.observe(plan.first, Outcome.moderation(), plan)
    assert (step.action, tried(step)) == (Action.NEXT, "p2")
    assert made.observe(step.attempt, Outcome.moderation()).action is Action.STOP


def test_what_was_ruled_out_stays_so_for_later_failures():
    made, plan = plan_of(("m", "p0", {"context_length": 8_192}), ("m", "p1", {"context_length": 32_768}), ("m", "p2", {"context_length": 8_192}))
    first = made.observe(plan.first, Outcome.unsuitable(400, context_exceeded=True), plan)
    again = made.observe(first.attempt, Outcome.server(500))
    assert (again.action, tried(again)) == (Action.RETRY, "p1")


def test_what_blames_nobody_cools_nothing():
    made, plan = three()
    for outcome in (Outcome.unsuitable(400), Outcome.moderation(), Outcome.caller(400), Outcome.cancelled(), Outcome.gateway()):
        for _ in range(5):
            made.observe(plan.first, outcome, plan)
    assert made.facts.cooling == frozenset()


def test_without_a_plan_unsuitable_goes_on_and_moderation_stops():
    assert next_after(Outcome.unsuitable(), attempts_left=1).action is Action.NEXT
    assert next_after(Outcome.unsuitable(), attempts_left=1, suited_left=0).action is Action.STOP
    assert next_after(Outcome.moderation(), attempts_left=1, suited_left=1).action is Action.NEXT
