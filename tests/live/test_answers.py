from __future__ import annotations

import json
from collections import Counter

import pytest

from routecore.errors import InvalidRequest, OutcomeError
from routecore.live.answers import ANSWERS, AnswerRule, Answers
from routecore.live.kinds import Kind
from routecore.live.outcome import Outcome
from tests.live.answer_bodies import FAILURES, anthropic, google, openai, openrouter

PROVIDERS = {"openai", "azure", "anthropic", "gemini", "vertex", "bedrock", "groq", "mistral", "xai", "openrouter", "deepseek", "cohere", "vllm", "ollama"}


@pytest.mark.parametrize(("provider", "status", "headers", "body", "rule", "kind"), FAILURES)
def test_what_a_provider_sends_is_read_by_the_row_that_is_meant(provider, status, headers, body, rule, kind):
    outcome = Outcome.from_http(status, headers, body)
    assert (outcome.kind, outcome.rule) == (kind, rule)


@pytest.mark.parametrize(("provider", "status", "headers", "body", "rule", "kind"), FAILURES)
def test_text_and_bytes_are_read_like_what_they_parse_to(provider, status, headers, body, rule, kind):
    if body is None or isinstance(body, str):
        return
    assert (
        Outcome.from_http(status, headers, json.dumps(body))
        == Outcome.from_http(status, headers, json.dumps(body).encode())
        == Outcome.from_http(status, headers, body)
    )


def test_every_row_has_a_real_body():
    assert {rule.name for rule in ANSWERS} == {rule for _, _, _, _, rule, _ in FAILURES}
    assert len({rule.name for rule in ANSWERS}) == len(ANSWERS)


def test_every_provider_has_three_failures_at_least():
    seen = Counter(provider for provider, *_ in FAILURES)
    assert all(seen[provider] >= 3 for provider in PROVIDERS)


@pytest.mark.parametrize("status", [*range(100, 200), *range(300, 600)])
def test_every_status_without_a_body_has_a_row(status):
    assert Outcome.from_http(status).kind is not Kind.SUCCESS


def test_what_cools_a_whole_key_is_what_speaks_of_the_key():
    key = Outcome.from_http(401)
    deployment = Outcome.from_http(404)
    assert (key.cools, deployment.cools) == ("key", "attempt")


def test_only_a_prompt_too_long_asks_for_a_longer_endpoint():
    assert Outcome.from_http(400, body=openai("…", "context_length_exceeded")).context_exceeded
    assert not Outcome.from_http(400, body=openai("…", "unsupported_parameter")).context_exceeded


# --- an error inside a good status ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (openrouter(502, "Upstream overloaded"), "server"),
        (openrouter(429, "Rate limit exceeded"), "rate_limit"),
        (openrouter(402, "Insufficient credits"), "credential"),
        (openrouter(403, "Input was flagged", reasons=["violence"], flagged_input="…"), "moderation"),
        (openrouter(400, "bad input"), "caller"),
        (anthropic("overloaded_error", "Overloaded"), "server"),
        (anthropic("rate_limit_error", "slow down"), "rate_limit"),
        (anthropic("invalid_request_error", "prompt is too long"), "unsuitable"),
        ({"object": "response", "status": "failed", "error": {"code": "rate_limit_exceeded", "message": "Please try again in 1s"}}, "rate_limit"),
        ({"object": "response", "status": "failed", "error": {"code": "server_error"}}, "server"),
        ({"object": "response", "status": "failed", "error": None}, "server"),
        (google(503, "UNAVAILABLE", "overloaded"), "server"),
        ([google(429, "RESOURCE_EXHAUSTED", "…")], "rate_limit"),
        ({"object": "error", "message": "max_tokens must be at least 1, got -3", "type": "BadRequestError", "code": 400}, "unsuitable"),
        ({"code": 500, "message": "internal error"}, "server"),
        ({"error": "something broke"}, "server"),
        ({"error": {"message": "something broke", "code": "odd"}}, "server"),
        ({"choices": [{"error": {"code": 502, "message": "x"}, "finish_reason": "error", "message": {"content": "par"}}]}, "server"),
        ({"choices": [{"error": {"code": 429, "message": "x"}, "message": {"content": ""}}]}, "rate_limit"),
        ({"choices": [{"error": "flagged by moderation", "message": {"content": ""}}]}, "server"),
    ],
)
def test_an_error_inside_a_200_is_read_as_the_status_that_its_code_states(body, kind):
    assert Outcome.from_http(200, body=body).kind == kind


# --- operators' rows -----------------------------------------------------------------------------------------------------------------------------


def test_an_operator_s_row_goes_before_ours():
    table = Answers([AnswerRule("ours-is-busy", status=503, message="scaling up", kind="rate_limit", cools="nothing")])
    outcome = Outcome.from_http(503, body={"message": "Scaling up, wait"}, answers=table)
    assert (outcome.kind, outcome.rule, outcome.cools) == ("rate_limit", "ours-is-busy", "nothing")
    assert Outcome.from_http(503, body={"message": "other"}, answers=table).kind is Kind.SERVER


def test_an_operator_may_count_a_finish_reason_as_a_failure():
    table = Answers([AnswerRule("cut-short", finish="length", kind="server")])
    body = {"choices": [{"message": {"content": "half"}, "finish_reason": "LENGTH"}]}
    assert (Outcome.from_http(200, body=body).kind, Outcome.from_http(200, body=body, answers=table).kind) == ("success", "server")


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"kind": "oops"}, ".kind"), ({}, ".kind"), ({"kind": "server", "status": "500"}, ".status"), ({"kind": "server", "message": "("}, ".message"),
        ({"kind": "server", "cools": "all"}, ".cools"), ({"kind": "server", "code": 3}, ".code"), ({"kind": "server", "type": [None]}, ".type"),
    ],
)  # fmt: skip
def test_a_bad_row_is_named(fields, path):
    with pytest.raises(InvalidRequest) as caught:
        AnswerRule("mine", **fields)
    assert [fault.path for fault in caught.value.faults] == [f"settings.answers['mine']{path}"]


def test_what_is_no_row_is_refused():
    with pytest.raises(InvalidRequest, match="an AnswerRule"):
        Answers([{"name": "x"}])


# --- bad input -----------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [True, "200", 99, 600, None, 200.0])
def test_what_is_no_status_is_refused(status):
    with pytest.raises(OutcomeError, match="status"):
        Outcome.from_http(status)


def test_what_is_no_dialect_is_refused_by_name():
    with pytest.raises(OutcomeError) as caught:
        Outcome.from_http(200, dialect="latin", kind=7)
    assert [fault.path for fault in caught.value.faults] == ["dialect", "kind"]


def test_upstream_words_stand_in_no_outcome():
    outcome = Outcome.from_http(400, body=openai("a secret of the caller's"))
    assert "secret" not in repr(outcome)
