from __future__ import annotations

import json

import pytest

from routecore import Catalog, Router, calculate_cost
from routecore.cost.insurance import is_insured
from routecore.live.kinds import Kind
from routecore.live.outcome import Outcome
from routecore.usage.counts import Usage


def chat(reason="stop", content="Hi", **more):
    return {
        "id": "c1",
        "object": "chat.completion",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": reason}],
        **more,
    }


def messages(reason="end_turn", content=({"type": "text", "text": "Hi"},), **more):
    return {"id": "msg_1", "type": "message", "role": "assistant", "content": list(content), "stop_reason": reason, **more}


def responses(status="completed", output=({"type": "message", "content": [{"type": "output_text", "text": "Hi"}]},), **more):
    return {"id": "resp_1", "object": "response", "status": status, "output": list(output), **more}


def gemini(reason="STOP", parts=({"text": "Hi"},), **more):
    return {"candidates": [{"content": {"role": "model", "parts": list(parts)}, "finishReason": reason}], "responseId": "g1", **more}


def converse(reason="end_turn", content=({"text": "Hi"},), **more):
    return {"output": {"message": {"role": "assistant", "content": list(content)}}, "stopReason": reason, **more}


WHOLE = {"chat": chat, "messages": messages, "responses": responses, "gemini": gemini, "converse": converse}


@pytest.mark.parametrize("dialect", WHOLE)
def test_a_completion_of_a_dialect_is_a_success(dialect):
    body = WHOLE[dialect]()
    for form in (body, json.dumps(body), json.dumps(body).encode()):
        assert Outcome.from_http(200, body=form, dialect=dialect).kind is Kind.SUCCESS
        assert Outcome.from_http(200, body=form).kind is Kind.SUCCESS


@pytest.mark.parametrize("dialect", WHOLE)
def test_a_completion_of_another_dialect_is_none(dialect):
    for other, made in WHOLE.items():
        if other != dialect:
            assert Outcome.from_http(200, body=made(), dialect=dialect).kind is Kind.SERVER


@pytest.mark.parametrize(
    "body",
    [
        '{"choices": [{"message": {"content": "Hel', "<html><body>502 Bad Gateway</body></html>", "not json", "", b"", b"\x1f\x8b\x08\x00", b"\xff\xfe\x00", "null", "7",
        '"ok"', "[]", {}, [], [1, 2], {"choices": []}, {"choices": None}, chat(None, ""), chat("", None), chat("error"), chat("insufficient_system_resource"),
        messages(None, ()), messages(None, ({"type": "text", "text": ""},)), responses(None, ()), responses("cancelled"), gemini(None, ()), gemini("MALFORMED_FUNCTION_CALL"),
        gemini("UNEXPECTED_TOOL_CALL", ()), {"candidates": []}, {"usageMetadata": {"promptTokenCount": 3}}, converse(None, ()), converse("malformed_model_output"),
        {"message": {"role": "assistant", "content": []}, "finish_reason": "ERROR"}, {"finish_reason": "error"},
    ],
)  # fmt: skip
def test_a_200_that_is_no_completion_is_no_success(body):
    outcome = Outcome.from_http(200, body=body)
    assert (outcome.kind, outcome.rule) == ("server", "no_completion")


@pytest.mark.parametrize(
    "body",
    [
        None, chat("stop", ""), chat("content_filter", "half"), chat("content_filter", ""), chat(None, "Hi"), chat(None, None, usage={"completion_tokens": 4}),
        {"choices": [{"text": "Hi", "finish_reason": None}]}, {"choices": [{"message": {"content": None, "tool_calls": [{"id": "1"}]}, "finish_reason": None}]},
        messages("end_turn", ()), messages("refusal", ()), messages(None), responses("completed", ()), responses("queued", ()),
        responses("incomplete", (), incomplete_details={"reason": "content_filter"}), gemini("SAFETY", ()), gemini("RECITATION"), converse("end_turn", ()),
        {"message": {"role": "assistant", "content": "Hi"}, "done": True}, {"text": "Hi", "finish_reason": "COMPLETE"}, [gemini(None), gemini("STOP", ())],
        {"error": None, **chat()},
    ],
)  # fmt: skip
def test_an_answer_that_stops_as_it_says_is_a_success(body):
    assert Outcome.from_http(200, body=body).kind is Kind.SUCCESS


def test_a_blocked_prompt_is_moderation():
    outcome = Outcome.from_http(200, body={"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": {"promptTokenCount": 5}})
    assert (outcome.kind, outcome.usage) == ("moderation", Usage(text=5))


@pytest.mark.parametrize(
    ("kind", "body", "outcome"),
    [
        ("embeddings", {"data": [{"embedding": [0.1]}]}, "success"), ("embeddings", {"data": []}, "server"), ("embeddings", {"embeddings": [[0.1]]}, "success"),
        ("embeddings", [[0.1, 0.2]], "success"), ("embeddings", [], "server"), ("images", {"data": [{"b64_json": "x"}]}, "success"), ("images", {"created": 1}, "server"),
        ("rerank", {"results": [{"index": 0}]}, "success"), ("rerank", {"results": []}, "server"), ("moderation", {"results": []}, "success"), ("moderation", {}, "server"),
    ],
)  # fmt: skip
def test_what_completes_nothing_is_judged_by_its_result(kind, body, outcome):
    assert Outcome.from_http(200, body=body, kind=kind).kind == outcome


def test_an_answer_says_its_usage_tier_reason_and_id():
    outcome = Outcome.from_http(200, body=chat(usage={"prompt_tokens": 9, "completion_tokens": 4}, service_tier="flex"), ttft_seconds=0.1, total_seconds=1)
    assert (outcome.usage, outcome.output_tokens, outcome.served_tier) == (Usage(text=9, text_out=4), 4, "flex")
    assert (outcome.finish_reason, outcome.response_id, outcome.ttft_seconds, outcome.total_seconds) == ("stop", "c1", 0.1, 1.0)
    assert Outcome.from_http(200, body=messages(usage={"input_tokens": 3, "output_tokens": 1, "service_tier": "priority"})).served_tier == "priority"
    assert Outcome.from_http(200, body=gemini(usageMetadata={"promptTokenCount": 3, "candidatesTokenCount": 1})).usage == Usage(text=3, text_out=1)
    assert Outcome.from_http(200, body=responses()).response_id == "resp_1"
    assert Outcome.from_http(200, body=chat(usage={"prompt_tokens": "many"})).problem == "the usage cannot be read"


@pytest.mark.parametrize(
    ("body", "valid"),
    [
        (chat(), None),
        (
            chat(content=None)
            | {"choices": [{"message": {"tool_calls": [{"function": {"name": "f", "arguments": '{"a": 1}'}}]}, "finish_reason": "tool_calls"}]},
            True,
        ),
        ({"choices": [{"message": {"tool_calls": [{"function": {"name": "f", "arguments": '{"a": '}}]}, "finish_reason": "tool_calls"}]}, False),
        ({"choices": [{"message": {"tool_calls": [{"function": {"name": "", "arguments": "{}"}}]}, "finish_reason": "tool_calls"}]}, False),
        (messages("tool_use", ({"type": "tool_use", "name": "f", "input": {}},)), True),
        (messages("tool_use", ({"type": "tool_use", "name": "f", "input": "x"},)), False),
        (responses(output=({"type": "function_call", "name": "f", "arguments": ""},)), True),
        (gemini(parts=({"functionCall": {"name": "f", "args": {"a": 1}}},)), True),
        (converse("tool_use", ({"toolUse": {"name": "f", "input": [1]}},)), False),
    ],
)
def test_tool_calls_are_told_to_be_well_formed_or_not(body, valid):
    assert Outcome.from_http(200, body=body).tool_calls_valid is valid


REASONS = [
    None,
    "",
    "stop",
    "length",
    "content_filter",
    "tool_calls",
    "error",
    "insufficient_system_resource",
    "MALFORMED_FUNCTION_CALL",
    "eos",
    "SAFETY",
    "end_turn",
]


@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize("tokens", [0, 4])
def test_a_completion_is_a_failure_exactly_when_the_bill_insures_it(reason, tokens):
    usage = {"prompt_tokens": 10, "completion_tokens": tokens}
    outcome = Outcome.from_http(200, body=chat(reason, "Hi" if tokens else "", usage=usage))
    insured = calculate_cost({"prompt": "0.000001", "completion": "0.000001"}, usage, finish_reason=reason).insured
    assert insured == is_insured(reason, "generation", has_output=tokens > 0)
    assert (outcome.kind is Kind.SERVER) == insured


def test_a_200_that_is_no_completion_pins_no_session():
    endpoints = [{"model": "m", "provider": name, "pricing": {"prompt": "0.000001", "completion": "0.000001"}, "implicit_caching": True} for name in ("p", "q")]
    router = Router(Catalog.from_mapping({"endpoints": endpoints}))
    body = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}
    plan = router.plan(body)
    step = router.observe(next(iter(plan)), Outcome.from_http(200, body=chat("error", "par")))
    assert (step.action, router.plan(body).sticky.status) == ("next", "none")
    router.observe(step.attempt, Outcome.from_http(200, body=chat()))
    assert router.plan(body).sticky.status == "hit"
