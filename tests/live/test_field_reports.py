"""Situations from users' reports that end in an outcome, a wait or a step. Each stands for a kind, which the other tests of this folder hold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from routecore import Catalog, Router
from routecore.live.outcome import Outcome

REPORTS = Path(__file__).resolve().parents[3] / "shared" / "cases" / "field_reports.json"
CASES = {case["id"]: case for case in json.loads(REPORTS.read_text(encoding="utf-8"))["cases"]} if REPORTS.is_file() else {}
HEALTH = sorted(name for name, case in CASES.items() if case["area"] == "health")


def given(case):
    """The answer of a case: status, headers and body."""
    asked = case["input"]
    if case["id"] == "http-200-empty-converse":
        return 200, None, asked
    if case["id"] == "http-200-finish-error":
        return 200, None, {"choices": [{"message": {"content": "par"}, "finish_reason": asked["finish_reason"]}]}
    if case["id"] == "quota-429":
        return 429, None, {"error": {"message": "…", "type": asked["code"], "code": asked["code"]}}
    if case["id"] == "wait-gemini-body":
        return 429, None, {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "…", "details": asked["details"]}}
    if case["id"] == "wait-retry-after-ms":
        return 429, asked, None
    if case["id"] == "wait-529-retry-after":
        return 529, {"retry-after": asked["retry-after"]}, None
    return asked["status"], asked.get("headers"), asked["body"]


def fresh(providers=("p1", "p2")):
    rows = [
        {"model": "m", "provider": name, "pricing": {"prompt": f"0.00000{place}", "completion": "0.000001"}, "implicit_caching": True}
        for place, name in enumerate(providers, 1)
    ]
    now = [1_000.0]
    return Router(Catalog.from_mapping({"endpoints": rows}), clock=lambda: now[0]), now


BODY = {"model": "m", "messages": [{"role": "user", "content": "Hello"}], "provider": {"sort": "price"}}


@pytest.mark.skipif(not CASES, reason="the reports are not beside this checkout")
@pytest.mark.parametrize("name", HEALTH)
def test_a_report_s_situation_comes_out_right(name):
    case = CASES[name]
    expected = case["expected"]
    outcome = Outcome.from_http(*given(case))
    if expected.replace(".", "").isdigit():
        assert outcome.retry_after_seconds == float(expected)
        return
    router, now = fresh()
    if expected == "stop":
        router, now = fresh(["p1"])
        assert router.observe(next(iter(router.plan(BODY))), outcome).action == "stop"
    elif expected == "p2":
        router.observe(next(iter(router.plan(BODY))), outcome)
        now[0] += 30
        assert router.plan(BODY).first.endpoint.provider == "p2"
    elif expected == "[]":
        router.observe(next(iter(router.plan(BODY))), outcome)
        assert router.facts.cooling == frozenset()
    else:
        kind, action = expected.split(", ")[:2]
        assert outcome.kind == kind
        assert router.observe(next(iter(router.plan(BODY))), outcome).action == action.removeprefix("then ")
