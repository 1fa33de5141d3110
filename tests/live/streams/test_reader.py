from __future__ import annotations

import json

import pytest

from routecore.errors import OutcomeError
from routecore.live.answers import AnswerRule, Answers
from routecore.live.kinds import Kind
from routecore.live.outcome import Outcome
from routecore.live.streams.reader import StreamReader
from routecore.usage.counts import Usage


def sse(*events, end="\n\n"):
    """Events as a provider writes them: data alone, or a name and data."""
    lines = []
    for event in events:
        name, data = event if isinstance(event, tuple) else (None, event)
        lines.append((f"event: {name}\n" if name else "") + f"data: {data if isinstance(data, str) else json.dumps(data)}")
    return (end.join(lines) + end).encode()


def named(*events):
    return sse(*((event["type"], event) for event in events))


def delta(content="Hi", reason=None, index=0, **more):
    return {
        "id": "c1",
        "object": "chat.completion.chunk",
        "choices": [{"index": index, "delta": content if isinstance(content, dict) else {"content": content}, "finish_reason": reason}],
        **more,
    }


CHAT = sse(
    {"id": "c1", "choices": [], "prompt_filter_results": []},
    delta({"role": "assistant", "content": ""}),
    delta("Hel"), delta("lo", service_tier="flex"), delta({}, "stop"),
    {"id": "c1", "choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 4}}},
    "[DONE]",
)  # fmt: skip
MESSAGES = named(
    {
        "type": "message_start",
        "message": {
            "id": "msg_1",
            "type": "message",
            "usage": {"input_tokens": 25, "cache_read_input_tokens": 1000, "output_tokens": 1, "service_tier": "priority"},
        },
    },
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "ping"},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 15}},
    {"type": "message_stop"},
)
RESPONSES = named(
    {"type": "response.created", "response": {"id": "resp_1", "status": "in_progress", "service_tier": "auto"}},
    {"type": "response.output_item.added", "item": {"type": "message", "content": []}},
    {"type": "response.output_text.delta", "delta": "Hello"},
    {
        "type": "response.completed",
        "response": {
            "id": "resp_1",
            "object": "response",
            "status": "completed",
            "service_tier": "default",
            "output": [{"type": "message"}],
            "usage": {"input_tokens": 7, "output_tokens": 3},
        },
    },
)
GEMINI = sse(
    {"candidates": [{"content": {"parts": [{"text": "Hel"}]}}], "usageMetadata": {"promptTokenCount": 6, "candidatesTokenCount": 1}, "responseId": "g1"},
    {
        "candidates": [{"content": {"parts": [{"text": "lo"}]}, "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 6, "candidatesTokenCount": 2, "thoughtsTokenCount": 5},
    },
    end="\r\n\r\n",
)
WHOLE = {
    "chat": (CHAT, "stop", "flex", "c1", Usage(text=5, cached=4, text_out=2)),
    "messages": (MESSAGES, "end_turn", "priority", "msg_1", Usage(text=25, cached=1000, text_out=15)),
    "responses": (RESPONSES, "completed", "default", "resp_1", Usage(text=7, text_out=3)),
    "gemini": (GEMINI, "STOP", None, "g1", Usage(text=6, text_out=2, reasoning=5)),
}


def read(dialect, *chunks):
    reader = StreamReader(dialect)
    return reader, [event for chunk in chunks for event in reader.feed(chunk)]


@pytest.mark.parametrize("dialect", WHOLE)
def test_a_whole_stream_is_a_success_that_says_what_it_was(dialect):
    stream, reason, tier, response_id, usage = WHOLE[dialect]
    reader, events = read(dialect, stream)
    outcome = reader.outcome(ttft_seconds=0.5, total_seconds=2.0)
    assert (outcome.kind, outcome.finish_reason, outcome.served_tier, outcome.response_id) == ("success", reason, tier, response_id)
    assert outcome.usage.to_mapping() == usage.to_mapping()
    assert (outcome.output_tokens, outcome.ttft_seconds, outcome.total_seconds, outcome.problem) == (usage.completion_tokens, 0.5, 2.0, None)
    assert sum(event.first_token for event in events) == 1
    assert reader.has_output
    assert reader.first_token
    assert reader.ended


@pytest.mark.parametrize("dialect", WHOLE)
def test_a_stream_that_is_cut_before_it_says_so_is_a_failing_provider_s(dialect):
    stream = WHOLE[dialect][0]
    text = stream.decode()
    cut = text.index("Hel") + 3
    reader, _ = read(dialect, text[:cut].encode())
    outcome = reader.outcome()
    assert (outcome.kind, outcome.rule) == ("server", "stream_cut")


def test_a_role_a_ping_a_comment_and_an_empty_delta_are_no_output():
    reader, events = read("chat", b": OPENROUTER PROCESSING\n\n", sse(delta({"role": "assistant"}), delta(""), delta(None)))
    assert [event.output for event in events] == [False, False, False]
    assert not reader.has_output
    reader, _ = read("messages", MESSAGES[: MESSAGES.index(b"content_block_delta") - 8])
    assert not reader.has_output


@pytest.mark.parametrize(
    ("dialect", "event"),
    [
        ("chat", delta({"reasoning_content": "hm"})), ("chat", delta({"tool_calls": [{"index": 0}]})), ("chat", {"choices": [{"text": "Hi"}]}),
        ("messages", {"type": "content_block_delta", "delta": {"type": "thinking_delta", "thinking": "hm"}}),
        ("messages", {"type": "content_block_start", "content_block": {"type": "tool_use", "name": "f"}}),
        ("messages", {"type": "content_block_delta", "delta": {"type": "input_json_delta", "partial_json": "{"}}),
        ("responses", {"type": "response.reasoning_summary_text.delta", "delta": "hm"}), ("responses", {"type": "response.output_item.added", "item": {"type": "function_call"}}),
        ("gemini", {"candidates": [{"content": {"parts": [{"functionCall": {"name": "f"}}]}}]}), ("gemini", {"candidates": [{"content": {"parts": [{"text": "hm", "thought": True}]}}]}),
        ("converse", {"contentBlockDelta": {"delta": {"text": "Hi"}}}), ("converse", {"contentBlockStart": {"start": {"toolUse": {"name": "f"}}}}),
    ],
)  # fmt: skip
def test_thought_tools_and_text_are_output(dialect, event):
    reader = StreamReader(dialect)
    seen = reader.feed_event(event.get("type"), event)
    assert (seen.output, seen.first_token, reader.has_output) == (True, True, True)
    assert not reader.feed_event(event.get("type"), event).first_token


@pytest.mark.parametrize(
    ("dialect", "event", "kind"),
    [
        ("chat", {"error": {"code": 502, "message": "Provider disconnected"}, "choices": [{"delta": {"content": ""}, "finish_reason": "error"}]}, "server"),
        ("chat", {"error": {"message": "slow down", "code": "rate_limit_exceeded"}}, "rate_limit"),
        ("chat", {"object": "error", "message": "max_tokens must be at least 1, got -3", "code": 400}, "unsuitable"),
        ("chat", {"x_groq": {"error": {"code": "tool_use_failed"}}}, "server"),
        ("chat", {"choices": [{"error": {"code": 429}}]}, "rate_limit"),
        ("messages", {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, "server"),
        ("messages", {"type": "error", "error": {"type": "rate_limit_error", "message": "…"}}, "rate_limit"),
        ("responses", {"type": "error", "code": "rate_limit_exceeded", "message": "Please try again in 2s", "sequence_number": 3}, "rate_limit"),
        ("responses", {"type": "error", "error": {"type": "tokens", "code": "rate_limit_exceeded", "message": "…"}}, "rate_limit"),
        ("responses", {"type": "response.failed", "response": {"status": "failed", "error": {"code": "server_error", "message": "…"}}}, "server"),
        ("responses", {"type": "response.failed", "response": {"status": "failed", "error": None}}, "server"),
        ("gemini", {"error": {"code": 503, "status": "UNAVAILABLE", "message": "overloaded"}}, "server"),
        ("gemini", {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "details": [{"retryDelay": "9s"}]}}, "rate_limit"),
        ("converse", {"throttlingException": {"message": "slow down"}}, "rate_limit"),
        ("converse", {"modelStreamErrorException": {"message": "…", "originalStatusCode": 500}}, "server"),
        ("converse", {"validationException": {"message": "Input is too long for requested model."}}, "unsuitable"),
    ],
)  # fmt: skip
def test_an_error_in_the_middle_of_a_stream_is_a_failure(dialect, event, kind):
    reader = StreamReader(dialect)
    assert reader.feed_event(event.get("type"), event).error
    assert reader.failed
    assert reader.outcome().kind == kind


def test_a_failed_stream_says_what_it_had_used():
    start = {"type": "message_start", "message": {"id": "msg_1", "usage": {"input_tokens": 25, "output_tokens": 1}}}
    reader, _ = read("messages", named(start, {"type": "error", "error": {"type": "overloaded_error"}}))
    outcome = reader.outcome(total_seconds=3)
    assert (outcome.kind, outcome.usage, outcome.response_id, outcome.total_seconds) == ("server", Usage(text=25, text_out=1), "msg_1", 3.0)


def test_a_stream_of_converse_comes_as_events():
    reader = StreamReader("converse")
    for event in (
        {"messageStart": {"role": "assistant"}}, {"contentBlockDelta": {"delta": {"text": "Hi"}}}, {"messageStop": {"stopReason": "end_turn"}},
        {"metadata": {"usage": {"inputTokens": 5, "outputTokens": 2}, "serviceTier": {"type": "flex"}}},
    ):  # fmt: skip
        reader.feed_event(None, event)
    outcome = reader.outcome()
    assert (outcome.kind, outcome.finish_reason, outcome.served_tier, outcome.usage) == ("success", "end_turn", "flex", Usage(text=5, text_out=2))


def test_usage_that_was_never_seen_is_said_and_is_none():
    reader, _ = read("chat", sse(delta("Hi", "stop"), "[DONE]"))
    outcome = reader.outcome()
    assert (outcome.kind, outcome.usage, outcome.problem) == ("success", None, "no usage in the stream")


@pytest.mark.parametrize(
    ("dialect", "stream"),
    [
        ("chat", sse("[DONE]")), ("chat", sse(delta("half", "error"), "[DONE]")), ("chat", sse(delta("", "insufficient_system_resource"), "[DONE]")),
        ("messages", named({"type": "message_start", "message": {}}, {"type": "message_stop"})), ("gemini", sse({"candidates": [{"finishReason": "MALFORMED_FUNCTION_CALL"}]})),
        ("chat", b"<html>502 Bad Gateway</html>"), ("chat", b""), ("chat", b'{"choices": [{"mess'), ("chat", b"{}"),
        ("responses", named({"type": "response.completed", "response": {"status": "cancelled"}})),
    ],
)  # fmt: skip
def test_a_stream_that_is_no_completion_is_no_success(dialect, stream):
    reader, _ = read(dialect, stream)
    assert reader.outcome().kind is Kind.SERVER


def test_a_server_that_does_not_stream_is_read_whole():
    body = json.dumps(
        {"id": "c9", "choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 1, "completion_tokens": 1}}
    ).encode()
    reader, events = read("chat", body[:9], body[9:])
    assert events == []
    assert (reader.outcome().kind, reader.outcome().response_id) == ("success", "c9")
    reader, _ = read("chat", b'{"error": {"code": "rate_limit_exceeded"}}')
    assert reader.outcome().kind is Kind.RATE_LIMIT


@pytest.mark.parametrize("dialect", WHOLE)
def test_the_text_of_a_whole_stream_is_read_like_the_stream(dialect):
    stream = WHOLE[dialect][0]
    plain = read(dialect, stream)[0].outcome()
    for body in (stream, stream.decode()):
        for named in (dialect, None):
            outcome = Outcome.from_http(200, body=body, dialect=named)
            assert (outcome.kind, outcome.usage, outcome.finish_reason) == (plain.kind, plain.usage, plain.finish_reason)
    assert Outcome.from_http(200, body=stream[: len(stream) // 3]).kind is Kind.SERVER
    assert Outcome.from_http(200, body=sse({"error": {"code": "rate_limit_exceeded"}}), dialect=dialect).kind is Kind.RATE_LIMIT


def test_a_blocked_prompt_is_moderation():
    reader, _ = read("gemini", sse({"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 4}}))
    assert reader.outcome().kind is Kind.MODERATION


def test_a_stated_stop_with_an_answer_is_a_success():
    for dialect, stream in (("chat", sse(delta("half", "content_filter"), "[DONE]")), ("gemini", sse({"candidates": [{"finishReason": "SAFETY"}]}))):
        assert read(dialect, stream)[0].outcome().kind is Kind.SUCCESS


def test_an_operator_s_finish_reasons_hold_for_streams_too():
    reader, _ = read("chat", sse(delta("half", "length"), "[DONE]"))
    assert reader.outcome(answers=Answers([AnswerRule("cut-short", finish="length", kind="server")])).rule == "cut-short"


def test_the_last_event_counts_without_its_empty_line():
    reader, _ = read("chat", sse(delta("Hi", "stop")) + b"data: [DONE]")
    assert reader.outcome().kind is Kind.SUCCESS


def test_several_choices_fail_only_together():
    stream = sse(delta("Hi", "stop", 0), delta("", "error", 1), "[DONE]")
    assert read("chat", stream)[0].outcome().kind is Kind.SUCCESS
    assert read("chat", sse(delta("a", "error", 0), delta("b", "error", 1)))[0].outcome().kind is Kind.SERVER


def test_an_event_beyond_the_limit_makes_the_stream_unreadable_and_is_not_kept():
    reader = StreamReader("chat", max_event_bytes=1_000)
    for _ in range(100):
        reader.feed(b"data: " + b"x" * 100)
    outcome = reader.outcome()
    assert (outcome.kind, outcome.detail) == ("server", "an event was too long")
    assert len(reader._decoder._buffer) == 0


@pytest.mark.parametrize("data", ["7", "null", "[1]", "no json", '"text"', "[" * 9_999, '{"choices": 7}', '{"choices": [7, {"delta": 7}], "usage": 7}'])
def test_odd_data_ends_no_reader(data):
    for dialect in ("chat", "messages", "responses", "gemini"):
        reader, _ = read(dialect, sse(data))
        assert reader.outcome().kind is Kind.SERVER


def test_what_is_no_dialect_is_refused():
    for dialect in ("latin", None, ["chat"]):
        with pytest.raises(OutcomeError, match="dialect"):
            StreamReader(dialect)
