"""Logs as four writers write them, row by row; and a response that is told more than once."""

import csv
import io
import json
from decimal import Decimal

import pytest

from routecore import Catalog, LogTotals, UnpriceableRow, price_log
from routecore.cost.log import price_row
from routecore.cost.logs.rows import log_rows

PRICES = {"prompt": "0.000001", "completion": "0.000004", "input_cache_read": "0.0000001", "input_cache_write": "0.00000125"}
CATALOG = Catalog.from_mapping({
    "endpoints": [
        {"model": "claude-x", "provider": "anthropic", "pricing": PRICES},
        {"model": "openai/gpt-5", "provider": "openai", "pricing": PRICES},
        {"model": "acme/large", "provider": "google-ai-studio", "pricing": PRICES},
        {"model": "acme/large:free", "provider": "google-ai-studio", "pricing": {"prompt": "0", "completion": "0"}},
    ]
})  # fmt: skip


def totals(lines):
    made = LogTotals()
    for number, row in log_rows(lines):
        made.add(UnpriceableRow(number, row) if isinstance(row, Exception) else price_row(row, CATALOG, line=number))
    return made


def text(*rows):
    return [json.dumps(row) for row in rows]


def message(output, stop=None, id="msg_1", **more):  # noqa: A002 - the wire's word
    usage = {"input_tokens": 4, "cache_read_input_tokens": 1000, "cache_creation_input_tokens": 200, "output_tokens": output, "service_tier": "standard"}
    inner = {"id": id, "type": "message", "role": "assistant", "model": "claude-x", "stop_reason": stop, "usage": usage}
    return {"type": "assistant", "uuid": f"u{output}", "sessionId": "s", "requestId": "r", "timestamp": "2026-11-02T10:00:00.000Z", "message": inner, **more}


def test_a_transcript_of_claude_code_counts_each_message_once_as_its_last_block_tells_it():
    lines = text(
        {"type": "summary", "summary": "talk", "leafUuid": "x"},
        {"type": "user", "uuid": "a", "sessionId": "s", "message": {"role": "user", "content": "hi"}},
        message(2),
        message(2),
        message(300, stop="end_turn"),
        {"type": "assistant", "uuid": "c", "sessionId": "s", "message": {"model": "<synthetic>", "usage": {"input_tokens": 9, "output_tokens": 9}}},
        message(50, stop="tool_use", id="msg_2"),
        {
            "type": "assistant",
            "uuid": "b",
            "sessionId": "s",
            "isApiErrorMessage": True,
            "message": {"model": "<synthetic>", "usage": {"input_tokens": 0, "output_tokens": 0}},
        },
    )
    found = totals(lines)
    # 2 × (4 + 200 × 1.25 + 1000 × 0.1) + 350 × 4, in millionths
    assert (found.cost, found.requests, found.folded) == (Decimal("0.002108"), 2, 2)


def test_a_session_of_codex_is_priced_by_its_turns_and_a_repeated_event_is_none():
    def event(last, total, **more):
        return {
            "timestamp": "2026-11-02T10:00:00Z",
            "type": "event_msg",
            "payload": {"type": "token_count", "info": {"last_token_usage": last, "total_token_usage": total}, **more},
        }

    first = {"input_tokens": 1000, "cached_input_tokens": 800, "output_tokens": 50, "reasoning_output_tokens": 20, "total_tokens": 1050}
    second = {"input_tokens": 3000, "cached_input_tokens": 1800, "output_tokens": 90, "reasoning_output_tokens": 30, "total_tokens": 3090}
    lines = text(
        {"type": "session_meta", "payload": {"id": "x", "model_provider": "openai"}},
        {"type": "turn_context", "payload": {"model": "gpt-5"}},
        {"type": "event_msg", "payload": {"type": "token_count", "info": None}},
        event(first, first),
        event(first, first, rate_limits={"primary": {"used_percent": 5}}),
        {"type": "response_item", "payload": {"type": "message"}},
        # an older writer tells only the running total
        {"type": "event_msg", "payload": {"type": "token_count", "info": {"total_token_usage": second}}},
    )
    found = totals(lines)
    assert (found.requests, found.cost) == (2, Decimal("0.00174"))  # (200 + 80 + 200) + (1000 + 100 + 160) in millionths
    assert found.rows()[0]["model"] == "openai/gpt-5"


def openrouter(**more):
    return {
        "generation_id": "gen-1", "created_at": "2026-11-02 10:00:00.123", "cost_total": "0.0012", "byok_usage_inference": "0", "tokens_prompt": "1000",
        "tokens_completion": "100", "tokens_reasoning": "0", "tokens_cached": "0", "model_permaslug": "acme/large-20260910", "provider_name": "Google AI Studio",
        "variant": "standard", "cancelled": "false", "finish_reason_normalized": "stop", **more,
    }  # fmt: skip


def csv_of(*rows):
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().splitlines()


def test_openrouters_export_names_its_model_by_a_snapshot_its_provider_by_a_display_name_and_its_variant():
    found = totals(csv_of(openrouter(), openrouter(generation_id="gen-2", variant="free", cost_total="0")))
    assert {(row["model"], row["cost"]) for row in found.rows()} == {("acme/large", "0.0014"), ("acme/large:free", "0")}
    assert found.to_dict()["reconciliation"] == {"none": 1, "unexplained": 1}


def test_a_record_of_one_generation_is_a_row_in_its_envelope():
    record = {"data": {
        "id": "gen-9", "model": "acme/large", "provider_name": "Google AI Studio", "native_tokens_prompt": 1000, "native_tokens_completion": 100,
        "native_tokens_cached": 400, "tokens_prompt": 900, "tokens_completion": 80, "total_cost": 0.00104, "usage": 0.00104, "is_byok": False, "finish_reason": "stop",
    }}  # fmt: skip
    assert totals(text(record)).to_dict()["reconciliation"] == {"none": 1}


def spend(**more):
    return {
        "request_id": "req-1", "call_type": "acompletion", "spend": 0.0014, "model": "gpt-5", "custom_llm_provider": "openai", "prompt_tokens": 1000,
        "completion_tokens": 100, "total_tokens": 1100, "startTime": "2026-11-02T10:00:00+00:00", "cache_hit": "False", "metadata": {"status": "success"}, **more,
    }  # fmt: skip


def test_litellms_spend_logs_keep_the_cache_in_their_metadata_and_their_own_cache_costs_nothing():
    further = {"additional_usage_values": {"prompt_tokens_details": {"cached_tokens": 500}, "cache_read_input_tokens": 500}}
    lines = json.dumps(
        [spend(), spend(request_id="req-2", metadata=further, spend=0.00095), spend(request_id="req-3", cache_hit="True", spend=0.0)]
    ).splitlines()
    found = totals(lines)
    assert (found.requests, found.to_dict()["reconciliation"]) == (2, {"none": 2})
    failed = totals(text(spend(metadata={"status": "failure"}, completion_tokens=0, spend=0)))
    assert failed.to_dict()["total"]["insured"] == 1


def test_a_line_that_cannot_be_read_is_named_and_the_others_are_priced():
    found = totals(["{", *text(spend()), "nonsense", "[" * 100_000, '{"model": "\\ud800"}'])
    assert found.requests == 0 or [row.line for row in found.unpriceable] != []
    found = totals([*text(spend()), "nonsense\x1b[2J", "[" * 100_000])
    assert (found.requests, [row.line for row in found.unpriceable]) == (1, [2, 3])


def test_a_row_of_csv_with_other_columns_than_its_header_is_named():
    lines = csv_of(openrouter())
    found = totals([lines[0], "a,b", '"', lines[1]])
    assert (found.requests, [row.line for row in found.unpriceable]) == (1, [2, 3])


def responses(*rows):
    made = LogTotals()
    for found in price_log(rows, CATALOG):
        made.add(found)
    return made


def answer(completion, reason="stop", **more):
    return {
        "id": "resp-1",
        "model": "claude-x",
        "provider": "anthropic",
        "finish_reason": reason,
        "usage": {"prompt_tokens": 100, "completion_tokens": completion},
        **more,
    }


def test_rows_of_one_response_are_one_response_the_last_whole_one_counts():
    found = responses(answer(1), answer(5), answer(9), answer(7, reason=None))
    assert (found.cost, found.requests, found.folded) == (Decimal("0.000136"), 1, 3)
    assert found.to_dict()["folded"] == 3


def test_rows_without_an_id_and_of_other_models_are_each_a_response():
    assert responses(answer(1, id=None), answer(1, id=None), answer(1), answer(1, id="resp-2"), answer(1, model="openai/gpt-5", provider="openai")).folded == 0


@pytest.mark.parametrize("cut", range(5))
def test_a_response_that_two_parts_of_a_log_tell_is_counted_once_when_they_are_merged(cut):
    rows = [answer(1, cost=0.1), answer(5), answer(9, cost="0.000136"), answer(3, id="resp-2")]
    whole, priced = responses(*rows), list(price_log(rows, CATALOG))
    left, right = LogTotals(), LogTotals()
    for number, found in enumerate(priced):
        (left if number < cut else right).add(found)
    assert left.merge(right) == whole == right.merge(left)
    assert whole.causes == {"none": 1}
