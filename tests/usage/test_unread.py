"""No count is lost in silence: what nobody read is told, what the total gives away is billed or told, and what was stated is kept."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routecore import InvalidUsage, Usage, cost_case
from routecore.usage.stated import Stated
from routecore.usage.unread import MOST_TOLD

CHAT = {"prompt_tokens": 50, "completion_tokens": 20}


def codes(body, dialect=None):
    return [(odd.code, odd.path, odd.value) for odd in Usage.parse(body, dialect).anomalies]


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"guard_tokens": 7}, "usage.guard_tokens"),
        ({"prompt_tokens_details": {"cached_tokens": 5, "document_tokens": 7}}, "usage.prompt_tokens_details.document_tokens"),
        ({"billing": {"inner": [{"toolCalls": 7}]}}, "usage.billing.inner[0].toolCalls"),
        ({"num_search_results": 7}, "usage.num_search_results"),
        ({"generatedImages": 7}, "usage.generatedImages"),
        ({"video_seconds": 7}, "usage.video_seconds"),
        ({"inputCharacters": 7}, "usage.inputCharacters"),
        ({"loop_iterations": 7}, "usage.loop_iterations"),
    ],
)
def test_a_count_that_no_reader_reads_is_told_with_its_path(more, path):
    assert codes({**CHAT, **more}) == [("unread_count", path, 7)]
    assert codes({**CHAT, **more}, "openai_chat") == [("unread_count", path, 7)]


@pytest.mark.parametrize(
    "more",
    [
        {"guard_tokens": 0}, {"guard_tokens": None}, {"guard_tokens": True}, {"guard_tokens": "7"}, {"note": 7}, {"cost": {"input_tokens_cost": 0.1}},
        {"cost_details": {"tokens_cost": 1}}, {"tokens_per_second": 70.5}, {"max_tokens": 100}, {"context_window_tokens": 8000}, {"queue_time": 0.2},
        {"completion_tokens_details": {"accepted_prediction_tokens": 3, "rejected_prediction_tokens": 1}}, {"prompt_cache_miss_tokens": 50},
    ],
)  # fmt: skip
def test_zeros_texts_money_rates_limits_and_known_details_are_no_lost_counts(more):
    assert codes({**CHAT, **more}) == []


def test_of_many_unread_counts_the_first_are_told_and_the_rest_are_counted():
    odd = codes({**CHAT, **{f"x{number}_tokens": 1 for number in range(1000)}})
    assert len(odd) == MOST_TOLD + 1
    assert odd[-1] == ("unread_count", "usage", f"{1000 - MOST_TOLD} more counts")


def test_strict_reading_refuses_what_would_be_lost():
    with pytest.raises(InvalidUsage, match="guard_tokens"):
        Usage.parse({**CHAT, "guard_tokens": 7}, strict=True)


def test_a_total_that_exceeds_its_parts_is_told_and_never_priced():
    assert codes({**CHAT, "total_tokens": 300}) == [("total_exceeds_parts", "usage.total_tokens", 300)]
    assert codes({"promptTokenCount": 5, "candidatesTokenCount": 1, "totalTokenCount": 90}) == [("total_exceeds_parts", "usage.totalTokenCount", 90)]
    assert Usage.parse({**CHAT, "total_tokens": 300}).completion_tokens == 20
    assert codes({**CHAT, "total_tokens": 72}) == [("total_exceeds_parts", "usage.total_tokens", 72)]


@pytest.mark.parametrize("total", [70, 71, 69, 0, None, "many", True, 70.5])
def test_a_total_that_is_its_parts_but_for_rounding_or_no_total_at_all_says_nothing(total):
    assert codes({**CHAT, "total_tokens": total}) == []


@pytest.mark.parametrize("shape", ["prompt_tokens completion_tokens completion_tokens_details", "input_tokens output_tokens output_tokens_details"])
def test_reasoning_beside_a_smaller_completion_is_billed_where_the_total_proves_it(shape):
    prompt, completion, details = shape.split()
    body = {prompt: 40, completion: 3, "total_tokens": 133, details: {"reasoning_tokens": 90}}
    assert Usage.parse(body) == Usage(text=40, text_out=3, reasoning=90)
    # and an answer that is all reasoning is an answer: not insured
    alone = {prompt: 40, completion: 0, "total_tokens": 130, details: {"reasoning_tokens": 90}}
    answer = cost_case({"pricing": {"prompt": "0.000001", "completion": "0.000002"}, "usage": alone, "finish_reason": None})
    assert (answer["cost"], answer["insured"]) == ("0.00022", False)


def test_the_same_total_beside_a_larger_completion_proves_nothing():
    body = {**CHAT, "total_tokens": 85, "completion_tokens_details": {"reasoning_tokens": 15}}
    assert Usage.parse(body).completion_tokens == 20
    assert codes(body) == [("total_exceeds_parts", "usage.total_tokens", 85)]


@pytest.mark.parametrize(
    ("body", "stated"),
    [
        ({"service_tier": "batch"}, Stated(tier="batch")),
        ({"serviceTier": "FLEX "}, Stated(tier="flex")),
        ({"speed": "fast"}, Stated(tier="fast")),
        ({"trafficType": "ON_DEMAND_PRIORITY"}, Stated(tier="priority")),
        ({"inference_geo": "us"}, Stated(region="us")),
        ({"is_byok": True, "cost": 0.1}, Stated(is_byok=True)),
        ({"service_tier": "standard", "speed": "standard", "inference_geo": "global", "is_byok": False}, None),
        ({"service_tier": 7, "inference_geo": ["us"], "is_byok": "true"}, None),
    ],
)
@pytest.mark.parametrize("counts", [CHAT, {"input_tokens": 9, "output_tokens": 2, "cache_read_input_tokens": 4}])
def test_what_a_usage_states_of_its_bill_is_kept(body, stated, counts):
    assert Usage.parse({**counts, **body}).stated == stated


KEYS = [
    "prompt_tokens", "completion_tokens", "total_tokens", "input_tokens", "output_tokens", "inputTokens", "cachedInputTokens", "promptTokenCount", "iterations",
    "prompt_tokens_details", "input_token_details", "cache_creation", "billed_units", "tokens", "details", "server_tool_use", "plugins", "connectors", "seconds",
    "tokens_prompt", "cached_tokens", "reasoning_tokens", "citation_tokens", "cacheTokensDetails", "promptTokensDetails", "modality", "tokenCount", "service_tier",
]  # fmt: skip
DEEP = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**400), 10**400) | st.floats() | st.decimals() | st.text(max_size=3) | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3) | st.integers() | st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.laws
@given(
    st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), DEEP, max_size=7),
    st.none() | st.sampled_from(["openai_chat", "gemini", "cohere", "langchain", "codex", "mistral"]),
)
def test_any_body_is_read_or_refused_with_its_faults_and_no_count_is_negative(body, dialect):
    try:
        usage = Usage.parse(body, dialect)
    except InvalidUsage as error:
        assert error.faults
        error.to_dict()
        return
    assert all(count >= 0 for count in usage.to_mapping().values())
    [odd.to_dict() for odd in usage.anomalies]


@pytest.mark.parametrize("value", [10**400, -(10**400), Decimal("1E+999999"), Decimal("-1E+999999"), Decimal("1E-999999"), Decimal("sNaN"), float("inf"), -0.5])
def test_a_count_out_of_this_world_is_a_fault_and_never_an_error_from_inside(value):
    for body in ({**CHAT, "prompt_tokens": value}, {"seconds": value}, {**CHAT, "completion_tokens_details": {"reasoning_tokens": value}}):
        answer = cost_case({"pricing": {"prompt": "0.000001", "completion": "0.000002", "second_in": "0.1"}, "usage": body, "finish_reason": "stop"})
        assert "error" not in answer or answer["error"]["type"] == "invalid_usage"
    assert codes({**CHAT, "guard_tokens": value})[0][0] == "unread_count"


def test_a_deep_a_huge_and_a_circular_body_are_read_in_their_stride():
    deep = {"guard_tokens": 1}
    for _ in range(50_000):
        deep = {"a": deep}
    circle = {"guard_tokens": 1}
    circle["more"] = [circle, {"back": circle}]
    for body in (deep, circle, {str(number): {"guard_tokens": 1} for number in range(50_000)}):
        odd = codes({**CHAT, "inside": body})
        assert odd[0][0] == "unread_count"
        assert len(odd) <= MOST_TOLD + 1
        assert all(len(path) < 1000 for _, path, _ in odd)
