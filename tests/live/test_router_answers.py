from __future__ import annotations

import pytest

from routecore import AnswerRule, Catalog, InvalidRequest, Outcome, Router, RouterSettings
from routecore.live.health_table import State

NOW = 1_000.0


def router(**settings):
    rows = [
        {"model": model, "provider": provider, "pricing": {"prompt": "0.000001", "completion": "0.000001"}}
        for model, provider in (("a", "p"), ("b", "p"), ("a", "q"))
    ]
    now = [NOW]
    made = Router(Catalog.from_mapping({"endpoints": rows}), RouterSettings(**settings), clock=lambda: now[0], wall_clock=lambda: 784_111_770.0)
    return made, now


def fail(made, outcome, provider="p", context=None):
    plan = made.plan({"model": "a", "messages": [], "provider": {"only": [provider]}}, context)
    return made.observe(next(iter(plan)), outcome)


def test_a_dead_key_fails_once_and_not_once_a_model():
    made, _ = router()
    fail(made, Outcome.from_http(401))
    assert made.facts.cooling == {"a@p#shared", "b@p#shared"}


def test_another_key_at_that_provider_and_that_key_elsewhere_stay():
    made, _ = router()
    fail(made, Outcome.from_http(401), context={"byok": [{"slug": "p", "key_id": "k"}]})
    assert made.facts.cooling == {"a@p#byok:k", "b@p#byok:k"}


def test_a_deployment_that_is_not_there_cools_itself_alone():
    made, _ = router()
    fail(made, Outcome.from_http(404))
    assert made.facts.cooling == {"a@p#shared"}


def test_a_refused_key_cools_for_five_minutes_doubling_to_an_hour():
    made, now = router()
    for seconds in (300, 600, 1_200, 2_400, 3_600, 3_600):
        made.health.observe("a@p#shared", Outcome.from_http(401), now[0])
        assert made.health.state("a@p#shared", now[0] + seconds - 1) is State.COOLING
        now[0] += seconds
        assert made.health.state("a@p#shared", now[0]) is State.DUE


def test_a_failing_provider_s_wait_cools_at_once_and_up_to_health_s_own_limit():
    made, now = router()
    made.health.observe("a@p#shared", Outcome.from_http(529, {"retry-after": "60"}), now[0])
    assert made.health.state("a@p#shared", now[0] + 59) is State.COOLING
    assert made.health.state("a@p#shared", now[0] + 60) is State.DUE
    made.health.observe("a@q#shared", Outcome.from_http(503, {"retry-after": "86400"}), now[0])
    assert made.health.state("a@q#shared", now[0] + 3_600) is State.DUE


def test_a_wait_that_is_over_cools_as_if_none_were_stated():
    made, now = router()
    made.health.observe("a@p#shared", Outcome.rate_limit(0), now[0])
    assert made.health.state("a@p#shared", now[0] + 4) is State.COOLING


def test_an_operator_s_row_may_keep_an_answer_from_cooling_anything():
    made, _ = router(answers=[AnswerRule("warming up", status=429, message="warming", kind="rate_limit", cools="nothing")])
    step = fail(made, made.outcome(429, body={"message": "Warming up"}))
    assert (step.action, made.facts.cooling) == ("retry", frozenset())
    fail(made, made.outcome(429, body={"message": "Slow down"}))
    assert made.facts.cooling == {"a@p#shared"}


def test_a_router_s_outcome_counts_moments_from_its_own_wall_clock():
    made, _ = router()
    assert made.outcome(429, {"Retry-After": "Sun, 06 Nov 1994 08:49:37 GMT"}).retry_after_seconds == 7.0


def test_bad_rows_of_an_operator_s_are_named():
    with pytest.raises(InvalidRequest, match="an AnswerRule"):
        RouterSettings(answers=["429"])
    with pytest.raises(InvalidRequest, match="an AnswerRule"):
        RouterSettings(answers=7)
