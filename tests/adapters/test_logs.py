"""Structured logs: a line of JSON each, whatever is in it, and nothing of what callers or providers wrote."""

from __future__ import annotations

import json
import logging

import pytest

from routecore import Catalog, Outcome, Router
from routecore.adapters.logs import JsonFormatter, RouterLog

CATALOG = Catalog.from_mapping({"endpoints": [{"model": "a/b", "provider": "p"}, {"model": "a/b", "provider": "q"}]})
WRITTEN = "please do not log me"


@pytest.fixture
def lines(caplog):
    caplog.set_level(logging.DEBUG, "routecore")
    return lambda: [(record.levelname, json.loads(JsonFormatter().format(record))) for record in caplog.records]


def test_an_outcome_is_a_line_with_its_endpoint_and_its_plan(lines):
    log = RouterLog()
    plan = Router(CATALOG).plan({"model": "a/b", "provider": {"order": ["q"]}})
    log.outcome(plan.first, Outcome.rate_limit(3), plan)
    ((level, line),) = lines()
    assert level == "INFO"
    assert {key: line[key] for key in ("event", "endpoint", "outcome", "status", "retry_after_seconds", "attempts")} == {
        "event": "outcome", "endpoint": "a/b@q", "outcome": "rate_limit", "status": 429, "retry_after_seconds": 3.0, "attempts": 2,
    }  # fmt: skip


def test_what_callers_and_providers_wrote_is_in_no_line(lines):
    log = RouterLog()
    router = Router(CATALOG, on_health=log.health)
    plan = router.plan({"model": "a/b", "messages": [{"role": "user", "content": WRITTEN}]})
    outcome = Outcome.rate_limit(30, detail=WRITTEN)
    router.observe(plan.first, outcome)
    log.outcome(plan.first, outcome, plan)
    assert WRITTEN not in json.dumps(lines())
    assert [line["event"] for _, line in lines()] == ["health", "outcome"]


def test_an_attempt_that_starts_to_cool_is_a_warning(lines):
    router = Router(CATALOG, on_health=RouterLog().health)
    router.observe(router.plan({"model": "a/b"}).first, Outcome.rate_limit(30))
    ((level, line),) = lines()
    assert (level, line["after"]) == ("WARNING", "cooling")


def test_a_success_costs_nothing_where_nobody_listens(caplog):
    caplog.set_level(logging.INFO, "routecore")
    RouterLog().outcome(None, Outcome.success())
    assert caplog.records == []


def test_a_decision_record_is_logged_whole(lines):
    router = Router(CATALOG, on_decision=RouterLog().decision)
    record = router.plan({"model": "a/b"}).to_record()
    ((_, line),) = lines()
    assert line["record"]["scenario"]["catalog"] == record["scenario"]["catalog"]


@pytest.mark.parametrize("value", [float("nan"), {1, 2}, object(), b"x", "\ud800", {"a": float("inf")}], ids=lambda value: type(value).__name__)
def test_a_line_is_json_whatever_the_fields_hold(value):
    record = logging.LogRecord("routecore", logging.INFO, "", 0, "event", (), None)
    record.routecore = {"value": value}
    line = JsonFormatter().format(record)
    assert "\n" not in line
    json.loads(line, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
