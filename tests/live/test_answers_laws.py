from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from routecore.live.answers import ANSWERS
from routecore.live.kinds import KINDS, Kind, Whose
from routecore.live.outcome import Outcome

KEYS = ("error", "message", "code", "type", "status", "metadata", "raw", "details", "detail", "choices", "candidates", "output", "content", "usage", "errors")
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
ANSWER = st.recursive(
    SCALARS, lambda inner: st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), inner, max_size=4) | st.lists(inner, max_size=3), max_leaves=8
)


@given(st.integers(100, 599), ANSWER | st.binary() | st.text(), st.sampled_from([None, "chat", "messages", "responses", "gemini", "converse"]))
def test_any_answer_has_a_kind(status, body, dialect):
    """Whatever a provider sends, it has a kind, and a status that is not good is no success."""
    outcome = Outcome.from_http(status, body=body, dialect=dialect)
    assert outcome.kind in Kind
    assert 200 <= status < 300 or outcome.kind is not Kind.SUCCESS


@given(st.dictionaries(st.sampled_from(KEYS), ANSWER, max_size=4))
def test_a_body_and_its_text_are_read_alike(body):
    """A gateway may hand over what it parsed, or what it was sent."""
    for status in (200, 400, 429):
        assert Outcome.from_http(status, body=json.dumps(body)) == Outcome.from_http(status, body=json.loads(json.dumps(body)))


# --- echoes --------------------------------------------------------------------------------------------------------------------------------------

BLAMING = [
    "Your credit balance is too low to access the API", "Incorrect API key provided", "API key not valid", "Invalid model", "Insufficient Balance",
    "You have reached your specified API usage limits", "User location is not supported for the API use", "Model Not Exist", "invalid api token",
    "Invocation of model ID x with on-demand throughput isn't supported", "rate_limit_exceeded", "insufficient_quota", "Please try again in 3600s",
    "litellm.AuthenticationError: AnthropicException - Your credit balance is too low", '{"error": {"code": "insufficient_quota"}}', "RESOURCE_EXHAUSTED",
    '{"error": {"type": "authentication_error", "message": "Incorrect API key provided"}}',
]  # fmt: skip
WORDS = st.sampled_from(BLAMING) | st.builds("{} {}".format, st.sampled_from(BLAMING), st.text(max_size=20))
"""What a caller may write who wants a shared key to cool."""

ECHOES = [
    lambda words: {
        "error": {"message": f"Invalid value: '{words}'. Supported values are: 'a' and 'b'.", "type": "invalid_request_error", "code": "invalid_value"}
    },
    lambda words: {"error": {"message": f'"{words}" is not a valid role', "type": "invalid_request_error"}},
    lambda words: {"error": {"message": f"`{words}` is not one of the roles", "type": "invalid_request_error"}},
    lambda words: {"type": "error", "error": {"type": "invalid_request_error", "message": f"messages.0.role: unexpected role '{words}'"}},
    lambda words: {"error": {"code": 400, "status": "INVALID_ARGUMENT", "message": f"Invalid value at 'contents[0].role': {words}"}},
    lambda words: {"detail": [{"type": "string_type", "loc": ["body", "messages"], "msg": "Input should be a valid string", "input": words}]},
    lambda words: {"detail": [{"type": "dict_type", "msg": "Input should be an object", "input": {"error": {"code": "insufficient_quota", "message": words}}}]},
    lambda words: {"error": {"message": "Bad input.", "param": words}, "request": {"error": {"code": "rate_limit_exceeded"}, "message": words}},
    lambda words: {"object": "error", "message": f"unknown field: {words}", "type": "BadRequestError", "param": None, "code": 400},
    lambda words: {"error": f"unexpected token near {words}"},
]


@given(st.sampled_from(ECHOES), WORDS, st.sampled_from([400, 409, 413, 422]))
@example(ECHOES[1], BLAMING[0], 400)
def test_echoed_input_blames_nobody(echo, words, status):
    """Whatever a caller writes, and however a provider repeats it, no endpoint and no key of others cools for it, and no wait is believed."""
    outcome = Outcome.from_http(status, body=echo(words))
    assert KINDS[outcome.kind].whose in {Whose.NOBODY, Whose.CALLER}
    assert outcome.retry_after_seconds is None


@given(st.sampled_from(ECHOES), WORDS)
def test_an_echo_in_a_rate_limit_makes_no_wait(echo, words):
    """A 429 is one; how long to wait is not the caller's to say."""
    outcome = Outcome.from_http(429, body=echo(f"x {words}"))
    assert outcome.kind in {Kind.RATE_LIMIT, Kind.CREDENTIAL}
    assert outcome.cools is None


def test_words_that_blame_are_believed_at_the_start_alone():
    for rule in ANSWERS:
        if rule.message is not None and KINDS[rule.kind].event is not None:
            assert rule.status is not None
            assert 401 not in rule.status


# --- hostile bodies ------------------------------------------------------------------------------------------------------------------------------


def deep(levels):
    body = {}
    for _ in range(levels):
        body = {"error": body, "message": body}
    return body


def cyclic():
    body = {"message": "x"}
    body.update(error=body, metadata={"raw": body}, details=[body], choices=[body], content=[body])
    return body


def nested_text(levels):
    text = '{"code": "x"}'
    for _ in range(levels):
        text = json.dumps({"error": {"message": text}})
    return text


HOSTILE = [
    "[" * 100_000, '{"a":' * 50_000, deep(2_000), cyclic(), nested_text(8), {"error": {"code": 10**400, "status": 10**400, "message": "x"}}, "9" * 100_000,
    '{"error": {"code": ' + "9" * 400 + "}}", {"error": {"code": "\ud800", "message": "\ud800" * 9}}, {"error": {"message": "x" * 5_000_000}},
    {"error": {"details": [{"reason": "x"}] * 1_000_000}}, {"choices": [{"message": {}}] * 100_000}, {"error": {"metadata": {"headers": {str(n): "1" for n in range(99_999)}}}},
    {"error": {"code": float("inf"), "message": float("nan")}}, b"\x00" * 100_000, "\ufeff{}", {("a", "b"): 1, 7: 2, "error": {None: 3}},
    {"candidates": [{"content": {"parts": [{"functionCall": {"name": "f", "args": "[" * 100_000}}]}}]},
    {"error": {"message": "a " + "max_tokens " * 100_000}}, {"error": {"message": "'" * 100_000}},
]  # fmt: skip


@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("status", [200, 400, 429, 500])
def test_a_hostile_body_is_judged_by_its_first_part(status, body):
    outcome = Outcome.from_http(status, [("retry-after", "5")] * 100_000, body)
    assert outcome.kind in Kind
    json.dumps(outcome.to_mapping())


def test_what_holds_itself_is_looked_at_eight_times_at_most():
    looks = []

    class Counting(dict):
        def get(self, key, default=None):
            looks.append(key)
            return super().get(key, default)

    body = Counting(message="x")
    body.update(error=body, innererror=body, details=[body], metadata={"raw": body})
    Outcome.from_http(400, body=body)
    assert len(looks) < 400
