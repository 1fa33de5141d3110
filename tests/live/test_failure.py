from __future__ import annotations

import json

import pytest

from routecore.errors import InvalidRequest
from routecore.live.failure import failure, failure_event
from routecore.live.outcome import Outcome


class Shared:
    key_id = None


class Own:
    key_id = "k"


def told(*outcomes, whose=Shared, dialect="chat", **facts):
    return failure([(whose, outcome) for outcome in outcomes], dialect, **facts)


@pytest.mark.parametrize(
    ("outcomes", "status"),
    [
        ([Outcome.caller(422)], 422), ([Outcome.caller(None)], 400), ([Outcome.from_http(200, body={"error": {"code": 400}})], 400), ([Outcome.moderation()], 403),
        ([Outcome("moderation", status=400)], 400), ([Outcome.unsuitable(404)], 400), ([Outcome.credential(401)], 502), ([Outcome.credential(402)], 502),
        ([Outcome.credential(403)], 502), ([Outcome.credential(404)], 502), ([Outcome.rate_limit()], 429), ([Outcome.rate_limit(), Outcome.rate_limit()], 429),
        ([Outcome.rate_limit(), Outcome.credential(401)], 429), ([Outcome.rate_limit(), Outcome.server(500)], 503), ([Outcome.server(500)], 503),
        ([Outcome.connection()], 503), ([Outcome.timeout()], 504), ([Outcome.timeout(), Outcome.server(500)], 503), ([Outcome.server(500), Outcome.caller(400)], 400),
        ([Outcome.unsuitable(400), Outcome.server(500)], 503), ([Outcome.credential(401), Outcome.unsuitable(400)], 400), ([Outcome.gateway()], 503),
        ([Outcome.cancelled(), Outcome.rate_limit()], 429), ([], 503),
    ],
)  # fmt: skip
def test_the_status_fits_what_happened(outcomes, status):
    assert told(*outcomes)[0] == status


@pytest.mark.parametrize("status", [401, 402, 403])
def test_a_caller_s_own_key_s_refusal_passes(status):
    assert told(Outcome.credential(status), whose=Own)[0] == status


def test_a_rate_limit_carries_the_shortest_wait_and_asks_to_come_back():
    _, headers, _ = told(Outcome.rate_limit(20), Outcome.rate_limit(2.5), Outcome.rate_limit())
    assert headers == {"x-should-retry": "true", "retry-after": "3", "retry-after-ms": "2500"}


def test_a_fault_that_stays_asks_not_to_come_back():
    for outcome in (Outcome.caller(400), Outcome.unsuitable(), Outcome.moderation(), Outcome.credential(401)):
        assert told(outcome)[1] == {"x-should-retry": "false"}


def test_each_dialect_has_its_own_body():
    chat = told(Outcome.rate_limit(2))[2]
    assert chat == {
        "error": {"message": "Every provider of this model is rate limited at the moment.", "type": "rate_limit_error", "param": None, "code": "rate_limit"}
    }
    assert told(Outcome.rate_limit(2), dialect="responses")[2] == chat
    assert told(Outcome.rate_limit(2), dialect="messages")[2] == {"type": "error", "error": {"type": "rate_limit_error", "message": chat["error"]["message"]}}


def test_a_prompt_too_long_is_told_by_the_code_that_clients_know():
    assert told(Outcome.unsuitable(400, context_exceeded=True))[2]["error"]["code"] == "context_length_exceeded"


def test_no_word_of_an_upstream_s_is_told():
    outcome = Outcome.from_http(400, body={"error": {"message": "SECRET", "code": "SECRET"}})
    for dialect in ("chat", "messages", "responses"):
        assert "secret" not in str(told(outcome, dialect=dialect)).lower()
        assert b"secret" not in failure_event([(Shared, outcome)], dialect).lower()


def test_the_deadline_and_a_caller_s_leaving_are_told():
    assert told(Outcome.server(500), out_of_time=True)[0] == 504
    assert told(Outcome.caller(400), out_of_time=True)[0] == 400
    assert told(Outcome.server(500), cancelled=True)[0] == 499


def test_an_event_is_one_of_its_dialect():
    chat = failure_event([(Shared, Outcome.server(500))], "chat")
    assert json.loads(chat.removeprefix(b"data: "))["error"]["code"] == "server"
    keys = {"messages": {"type", "error"}, "responses": {"type", "code", "message", "param", "sequence_number", "error"}}
    for dialect, expected in keys.items():
        name, data = failure_event([(Shared, Outcome.server(500))], dialect).decode().split("\n", 1)
        told = json.loads(data.removeprefix("data: "))
        assert (name, told["type"], set(told)) == ("event: error", "error", expected)


def test_what_is_no_dialect_is_refused():
    for make in (failure, failure_event):
        with pytest.raises(InvalidRequest, match="dialect"):
            make([], "gemini")
