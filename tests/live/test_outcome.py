from __future__ import annotations

import json
import pickle
from math import inf, nan

import pytest

from routecore.errors import OutcomeError
from routecore.live.outcome import Outcome


def test_a_failure_has_no_first_token():
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


def test_a_detail_that_is_no_text_can_be_written_down():
    assert "ValueError" in json.dumps(Outcome.server(502, detail=ValueError("x")).to_mapping())


def test_all_bad_fields_come_in_one_error():
    with pytest.raises(OutcomeError) as caught:
        Outcome("?", ttft_seconds="x", status=0, output_tokens=-1)
    assert [fault.path for fault in caught.value.faults] == ["kind", "ttft_seconds", "output_tokens", "status"]


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


def test_outcomes_are_values():
    one = Outcome.rate_limit(5, detail="x")
    assert one == Outcome.rate_limit(5.0, detail="x") != Outcome.rate_limit(6)
    assert len({one, Outcome.rate_limit(5.0, detail="x")}) == 1
    assert pickle.loads(pickle.dumps(one)) == one
    assert json.loads(json.dumps(one.to_mapping())) == {"kind": "rate_limit", "status": 429, "retry_after_seconds": 5.0, "detail": "x"}
