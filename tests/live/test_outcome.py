from __future__ import annotations

import json
import pickle
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routecore.errors import OutcomeError
from routecore.live.http_answers import classify
from routecore.live.kinds import Kind
from routecore.live.outcome import Outcome
from routecore.live.retry_after import parse_retry_after

FLAGGED = {"error": {"code": 403, "message": "Your input was flagged", "metadata": {"reasons": ["violence"], "flagged_input": "…"}}}
ITEM = {"error": {"message": "Previous response with id 'resp_1' not found.", "code": "previous_response_not_found"}}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, "success"), (204, "success"), (302, "server"), (400, "caller"), (401, "credential"), (402, "credential"), (403, "credential"),
        (404, "credential"), (405, "caller"), (408, "server"), (409, "caller"), (413, "caller"), (422, "caller"), (429, "rate_limit"),
        (499, "cancelled"), (500, "server"), (502, "server"), (503, "server"), (529, "server"), (599, "server"),
    ],
)  # fmt: skip
def test_a_status_alone_has_a_kind(status, kind):
    assert Outcome.from_http(status).kind == kind


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (403, FLAGGED, "moderation"),
        (403, json.dumps(FLAGGED), "moderation"),
        (403, json.dumps(FLAGGED).encode(), "moderation"),
        (403, {"error": {"message": "Your chosen model requires moderation and your input was flagged"}}, "moderation"),
        (403, {"error": {"message": "The key may not use this model"}}, "credential"),
        (400, {"error": {"code": "content_filter", "message": "The response was filtered"}}, "moderation"),
        (400, {"error": {"status": "INVALID_ARGUMENT", "message": "API key not valid.", "details": [{"reason": "API_KEY_INVALID"}]}}, "credential"),
        (400, {"error": {"message": "max_tokens is too large"}}, "caller"),
        (404, {"error": {"code": "DeploymentNotFound", "message": "The API deployment for this resource does not exist."}}, "credential"),
        (404, ITEM, "caller"),
        (429, FLAGGED, "rate_limit"),
        (200, {"error": {"code": 502, "message": "Upstream overloaded"}}, "server"),
        (200, FLAGGED, "moderation"),
        (200, {"type": "error", "error": {"type": "overloaded_error"}}, "server"),
        (200, {"object": "response", "status": "failed", "error": {"code": "server_error"}}, "server"),
        (200, {"choices": [{"error": {"code": 500}, "message": {"content": "par"}}]}, "server"),
        (200, {"error": None, "choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]}, "success"),
        (200, {"choices": [{"message": {"content": ""}, "finish_reason": None}]}, "server"),
        (200, {"choices": [{"message": {"content": None}, "finish_reason": ""}]}, "server"),
        (200, {"choices": []}, "server"),
        (200, {"choices": [{"message": {"content": ""}, "finish_reason": "stop"}]}, "success"),
        (200, {"choices": [{"message": {"content": None, "tool_calls": [{"id": "1"}]}, "finish_reason": None}]}, "success"),
        (200, {"choices": [{"text": "Hi", "finish_reason": None}]}, "success"),
        (200, {"type": "message", "content": [], "stop_reason": None}, "server"),
        (200, {"type": "message", "content": [], "stop_reason": "end_turn"}, "success"),
        (200, {"type": "message", "content": [{"type": "text", "text": "Hi"}], "stop_reason": None}, "success"),
        (200, {"object": "response", "output": [], "status": None}, "server"),
        (200, {"object": "response", "output": [], "status": "completed"}, "success"),
        (200, {"data": [{"embedding": []}]}, "success"),
        (200, "not json", "success"),
    ],
)
def test_a_body_decides_where_the_status_does_not(status, body, kind):
    assert Outcome.from_http(status, body=body).kind == kind


@given(
    st.integers(100, 599),
    st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)),
)
def test_any_answer_has_a_kind(status, body):
    """Whatever a provider sends, classification gives a kind and does not raise."""
    assert classify(status, body)[0] in Kind


@pytest.mark.parametrize("body", ["[" * 100_000, b"\xff\xfe", {"error": [[[[]]]]}, "x" * 1_000_000])
def test_a_hostile_body_costs_no_more_than_its_first_part(body):
    assert Outcome.from_http(500, body=body).kind is Kind.SERVER


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0), ("120", 120.0), (" 5 ", 5.0), ("1.5", 1.5),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 7.0), ("Sunday, 06-Nov-94 08:49:37 GMT", 7.0), ("Sun Nov  6 08:49:37 1994", 7.0),
        ("Sun, 06 Nov 1994 08:49:00 GMT", 0.0),
    ],
)  # fmt: skip
def test_retry_after_is_read_in_both_forms(text, seconds):
    assert parse_retry_after(text, unix_now=784_111_770.0) == (seconds, None)


@pytest.mark.parametrize("text", ["", "-1", "nan", "inf", "1e3", "٣", "soon", "a:b", "99:99:99", "Sun, 31 Feb 2020 25:61:61 GMT", "9" * 200, "5, 6"])
def test_a_bad_retry_after_is_left_out_and_named(text):
    outcome = Outcome.from_http(429, headers={"retry-after": text}, unix_now=0.0)
    assert outcome.retry_after_seconds is None
    assert "neither seconds nor an HTTP date" in outcome.problem


@given(st.text())
def test_any_retry_after_is_read_or_named(text):
    """A header never raises; it gives seconds or a reason, never both."""
    seconds, problem = parse_retry_after(text, unix_now=0.0)
    assert (seconds is None) != (problem is None)
    assert seconds is None or 0 <= seconds < inf


def test_a_date_counts_from_the_answer_s_own_date_where_the_time_is_not_given():
    headers = {"RETRY-AFTER": b"Sun, 06 Nov 1994 08:49:37 GMT", "Date": "Sun, 06 Nov 1994 08:49:30 GMT"}
    assert Outcome.from_http(503, headers=headers).retry_after_seconds == 7.0


def test_a_date_without_any_time_to_count_from_is_named():
    outcome = Outcome.from_http(429, headers={"Retry-After": "Sun, 06 Nov 1994 08:49:37 GMT"})
    assert (outcome.retry_after_seconds, "the time now is not known" in outcome.problem) == (None, True)


def test_a_success_has_no_retry_after_and_a_failure_no_first_token():
    assert Outcome.from_http(200, headers={"Retry-After": "5"}).retry_after_seconds is None
    assert Outcome.from_http(500, ttft_seconds=0.5).ttft_seconds is None


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"kind": "rate-limit"}, "kind"), ({"kind": None}, "kind"), ({"kind": "success", "ttft_seconds": "0.5"}, "ttft_seconds"),
        ({"kind": "success", "ttft_seconds": True}, "ttft_seconds"), ({"kind": "success", "total_seconds": []}, "total_seconds"),
        ({"kind": "success", "output_tokens": -1}, "output_tokens"), ({"kind": "success", "output_tokens": 1.5}, "output_tokens"),
        ({"kind": "success", "output_tokens": True}, "output_tokens"), ({"kind": "server", "status": 99}, "status"),
        ({"kind": "server", "status": 600}, "status"), ({"kind": "server", "status": "500"}, "status"),
        ({"kind": "rate_limit", "retry_after_seconds": -1}, "retry_after_seconds"), ({"kind": "rate_limit", "retry_after_seconds": nan}, "retry_after_seconds"),
        ({"kind": "rate_limit", "retry_after_seconds": inf}, "retry_after_seconds"), ({"kind": "server", "retry_after_seconds": 10**400}, "retry_after_seconds"),
        ({"kind": "success", "usage": {"prompt_tokens": "many"}}, "usage.prompt_tokens"), ({"kind": "success", "usage": 7}, "usage"),
        ({"kind": "success", "finish_reason": 7}, "finish_reason"), ({"kind": "success", "served_tier": ["flex"]}, "served_tier"),
        ({"kind": "success", "response_id": "x" * 2_000}, "response_id"), ({"kind": "success", "tool_calls_valid": 1}, "tool_calls_valid"),
        ({"kind": "timeout", "waited_seconds": "9"}, "waited_seconds"), ({"kind": "server", "cools": "everything"}, "cools"),
        ({"kind": "unsuitable", "context_exceeded": None}, "context_exceeded"),
    ],
)  # fmt: skip
def test_a_bad_field_is_named_with_its_value(fields, path):
    with pytest.raises(OutcomeError) as caught:
        Outcome(**fields)
    assert [fault.path for fault in caught.value.faults] == [path]


def test_what_is_known_of_an_answer_is_carried_and_can_be_written_down():
    outcome = Outcome.success(
        usage={"prompt_tokens": 9, "completion_tokens": 2}, served_tier="flex", finish_reason="stop", tool_calls_valid=True, response_id="r1"
    )
    assert json.loads(json.dumps(outcome.to_mapping())) == {
        "kind": "success", "usage": {"text": 9, "text_out": 2}, "served_tier": "flex", "finish_reason": "stop", "tool_calls_valid": True, "response_id": "r1",
    }  # fmt: skip
    assert pickle.loads(pickle.dumps(outcome)) == outcome
    assert outcome != Outcome.success()


def test_all_bad_fields_come_in_one_error():
    with pytest.raises(OutcomeError) as caught:
        Outcome("?", ttft_seconds="x", status=0, output_tokens=-1)
    assert [fault.path for fault in caught.value.faults] == ["kind", "ttft_seconds", "output_tokens", "status"]


@pytest.mark.parametrize("status", [True, "200", 99, 600, None])
def test_what_is_no_status_is_refused(status):
    with pytest.raises(OutcomeError, match="status"):
        Outcome.from_http(status)


@pytest.mark.parametrize("value", [nan, -1.0, inf, 1e9])
def test_an_implausible_time_fails_no_outcome_as_the_windows_count_it(value):
    assert Outcome.success(ttft_seconds=value).ttft_seconds is value


def test_ints_are_times_too_even_those_beyond_any_float():
    assert Outcome.success(ttft_seconds=1, total_seconds=10**400).total_seconds == inf


@pytest.mark.parametrize(
    ("ttft", "total", "tokens", "rate"), [(0.5, 2.5, 101, 50.0), (0.5, 0.5, 10, None), (None, 2.0, 10, None), (0.5, None, 10, None), (0.5, 2.0, 1, None)]
)
def test_throughput_is_tokens_after_the_first_over_the_time_after_the_first(ttft, total, tokens, rate):
    assert Outcome.success(ttft_seconds=ttft, total_seconds=total, output_tokens=tokens).tokens_per_second == rate


def test_exceptions_of_clients_are_classified_by_what_they_are():
    class ReadTimeout(Exception):
        pass

    class ConnectError(Exception):
        pass

    class CancelledError(BaseException):
        pass

    kinds = [Outcome.from_exception(error()).kind for error in (ReadTimeout, ConnectError, CancelledError, TimeoutError, OSError)]
    assert kinds == [Kind.TIMEOUT, Kind.CONNECTION, Kind.CANCELLED, Kind.TIMEOUT, Kind.CONNECTION]


def test_outcomes_are_values():
    one = Outcome.rate_limit(5, detail="x")
    assert one == Outcome.rate_limit(5.0, detail="x") != Outcome.rate_limit(6)
    assert len({one, Outcome.rate_limit(5.0, detail="x")}) == 1
    assert pickle.loads(pickle.dumps(one)) == one
    assert json.loads(json.dumps(one.to_mapping())) == {"kind": "rate_limit", "status": 429, "retry_after_seconds": 5.0, "detail": "x"}
