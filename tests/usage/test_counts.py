"""Usage: six dialects become one set of disjoint counts; what cannot be is clamped and told, what is no count is refused."""

from __future__ import annotations

import copy
import pickle
from decimal import Decimal

import pytest

from routecore.errors import InvalidUsage
from routecore.usage.counts import Usage
from routecore.usage.report import Anomaly

SHAPES = {
    "openai_chat": {
        "prompt_tokens": 1000,
        "completion_tokens": 100,
        "prompt_tokens_details": {"cached_tokens": 400, "cache_write_tokens": 100, "audio_tokens": 50},
        "completion_tokens_details": {"reasoning_tokens": 30},
    },
    "openai_responses": {
        "input_tokens": 1000,
        "output_tokens": 100,
        "input_tokens_details": {"cached_tokens": 400, "cache_write_tokens": 100, "audio_tokens": 50},
        "output_tokens_details": {"reasoning_tokens": 30},
    },
    "xai_chat": {
        "prompt_tokens": 1000,
        "completion_tokens": 70,
        "prompt_tokens_details": {"cached_tokens": 400, "cache_write_tokens": 100, "audio_tokens": 50},
        "completion_tokens_details": {"reasoning_tokens": 30},
    },
}


@pytest.mark.parametrize("name", SHAPES)
def test_inclusive_dialects_give_the_same_disjoint_counts(name):
    assert Usage.parse(SHAPES[name], name) == Usage(text=450, cached=400, written_5m=100, audio=50, text_out=70, reasoning=30)


def test_anthropic_and_bedrock_exclude_the_cache_from_their_input():
    anthropic = {
        "input_tokens": 5, "output_tokens": 9, "cache_read_input_tokens": 90, "cache_creation_input_tokens": 30,
        "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20}, "output_tokens_details": {"thinking_tokens": 4},
    }  # fmt: skip
    bedrock = {
        "inputTokens": 5, "outputTokens": 9, "cacheReadInputTokens": 90, "cacheWriteInputTokens": 30, "totalTokens": 134,
        "cacheDetails": [{"ttl": "5m", "inputTokens": 10}, {"ttl": "1h", "inputTokens": 20}],
    }  # fmt: skip
    want = Usage(text=5, cached=90, written_5m=10, written_1h=20, text_out=5, reasoning=4)
    assert Usage.parse(anthropic) == want
    assert Usage.parse(bedrock) == want._replace(text_out=9, reasoning=0)


def test_gemini_adds_thoughts_and_tool_use_and_counts_documents_as_images():
    body = {
        "promptTokenCount": 345, "cachedContentTokenCount": 230, "candidatesTokenCount": 51, "thoughtsTokenCount": 7, "toolUsePromptTokenCount": 10,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 87}, {"modality": "DOCUMENT", "tokenCount": 258}],
        "cacheTokensDetails": [{"modality": "TEXT", "tokenCount": 58}, {"modality": "DOCUMENT", "tokenCount": 172}],
        "candidatesTokensDetails": [{"modality": "AUDIO", "tokenCount": 11}],
    }  # fmt: skip
    want = Usage(text=39, cached=58, cached_image=172, image=86, text_out=40, reasoning=7, audio_out=11)
    assert Usage.parse(body) == want
    snake = {
        "prompt_token_count": 345, "cached_content_token_count": 230, "candidates_token_count": 51, "thoughts_token_count": 7,
        "tool_use_prompt_token_count": 10,
        "prompt_tokens_details": [{"modality": "TEXT", "token_count": 87}, {"modality": "DOCUMENT", "token_count": 258}],
        "cache_tokens_details": [{"modality": "TEXT", "token_count": 58}, {"modality": "DOCUMENT", "token_count": 172}],
        "candidates_tokens_details": [{"modality": "AUDIO", "token_count": 11}],
    }  # fmt: skip
    assert Usage.parse(snake) == Usage.parse(snake, "gemini") == want


def test_the_platforms_sample_is_read_as_documented_and_its_total_is_not_priced():
    body = {
        "completion_tokens": 450, "completion_tokens_details": {"reasoning_tokens": 218}, "input_tokens": 0, "output_tokens": 0, "prompt_tokens": 163,
        "prompt_tokens_details": {"cached_tokens": 151, "text_tokens": 163}, "total_tokens": 831, "ttft": 0, "server_tool_use": {"web_search_requests": ""},
    }  # fmt: skip
    odd = Anomaly("total_exceeds_parts", "usage.total_tokens", 831, 613)
    want = Usage(text=12, cached=151, text_out=232, reasoning=218, anomalies=[odd])
    assert Usage.parse(body) == Usage.parse(body, "platform") == Usage.parse(body, "openai_chat") == want


def test_the_other_pair_of_totals_counts_only_where_the_chat_pair_says_nothing():
    assert Usage.parse({"prompt_tokens": 0, "completion_tokens": 0, "input_tokens": 5, "output_tokens": 7}) == Usage(text=5, text_out=7)
    assert Usage.parse({"prompt_tokens": 9, "completion_tokens": 1, "input_tokens": 5, "output_tokens": 7}) == Usage(text=9, text_out=1)


def test_deepseeks_hit_tokens_are_cache_reads():
    assert Usage.parse({"prompt_tokens": 563, "completion_tokens": 1, "prompt_cache_hit_tokens": 512, "prompt_cache_miss_tokens": 51}).cached == 512


def test_writes_are_found_inside_the_prompts_details_too():
    details = {"cached_tokens": 0, "cache_creation_input_tokens": 80, "cache_creation": {"ephemeral_5m_input_tokens": 80}, "cache_type": "ephemeral"}
    assert Usage.parse({"prompt_tokens": 100, "completion_tokens": 0, "prompt_tokens_details": details}) == Usage(text=20, written_5m=80)


def test_several_names_of_one_count_count_once_and_a_difference_is_told():
    body = {"prompt_tokens": 100, "completion_tokens": 0, "prompt_tokens_details": {"cached_tokens": 40}, "prompt_cache_hit_tokens": 50}
    usage = Usage.parse(body)
    assert (usage.cached, [anomaly.code for anomaly in usage.anomalies]) == (40, ["conflicting"])


@pytest.mark.parametrize("blank", [None, "", 0])
def test_absent_null_and_empty_are_zero(blank):
    body = {"prompt_tokens": 5, "completion_tokens": blank, "prompt_tokens_details": None, "completion_tokens_details": "", "server_tool_use": blank or None}
    assert Usage.parse(body) == Usage(text=5)
    assert Usage.parse({}) == Usage.parse({}, "anthropic") == Usage()


def test_whole_floats_are_counts_as_json_does_not_tell_them_apart():
    assert Usage.parse({"prompt_tokens": 1e3, "completion_tokens": Decimal(2)}) == Usage(text=1000, text_out=2)


@pytest.mark.parametrize(
    "body",
    [
        None, [], "usage", 7, True, {"a": 1}, {"total_tokens": 5}, {"cost": 0.1}, {1: 2},
        {"prompt_tokens": True}, {"prompt_tokens": 1.5}, {"prompt_tokens": "12"}, {"prompt_tokens": " "}, {"prompt_tokens": float("nan")},
        {"prompt_tokens": float("inf")}, {"prompt_tokens": -float("inf")}, {"prompt_tokens": 2**63}, {"prompt_tokens": -(2**63)}, {"prompt_tokens": [1]},
        {"prompt_tokens": 1, "prompt_tokens_details": [1]}, {"prompt_tokens": 1, "prompt_tokens_details": "x"},
        {"prompt_tokens": 1, "prompt_tokens_details": {"cached_tokens": False}}, {"prompt_tokens": Decimal("sNaN")},
        {"promptTokenCount": 1, "promptTokensDetails": {"TEXT": 1}}, {"promptTokenCount": 1, "promptTokensDetails": [1]},
        {"input_tokens": 5, "output_tokens": 1, "cache_read_input_tokens": 3, "cache_creation_input_tokens": 0, "input_tokens_details": {"cached_tokens": 3}},
        {"inputTokens": 100, "outputTokens": 5, "cachedInputTokens": 90},
        {"input_tokens": 2**62, "output_tokens": 0, "cache_read_input_tokens": 2**62},
    ],
)  # fmt: skip
def test_what_is_no_usage_is_refused_and_never_priced_by_guess(body):
    with pytest.raises(InvalidUsage):
        Usage.parse(body)


def test_a_body_of_another_dialect_than_told_is_refused_and_not_read_as_zeros():
    with pytest.raises(InvalidUsage):
        Usage.parse({"input_tokens": 100, "output_tokens": 5, "total_tokens": 105}, "openai_chat")


@pytest.mark.parametrize("name", ["openai", "", 7, ["openai_chat"], True])
def test_an_unknown_format_is_refused(name):
    with pytest.raises(InvalidUsage) as caught:
        Usage.parse({"prompt_tokens": 1}, name)
    assert caught.value.param == "usage_format"


def test_all_faults_of_a_usage_are_raised_at_once():
    with pytest.raises(InvalidUsage) as caught:
        Usage.parse({"prompt_tokens": "1", "completion_tokens": True, "prompt_tokens_details": {"audio_tokens": 0.5}})
    assert [fault.path for fault in caught.value.faults] == ["usage.prompt_tokens", "usage.completion_tokens", "usage.prompt_tokens_details.audio_tokens"]


@pytest.mark.parametrize(
    ("body", "usage", "code", "path"),
    [
        ({"prompt_tokens": -5, "completion_tokens": 3}, Usage(text_out=3), "negative", "usage.prompt_tokens"),
        (
            {"prompt_tokens": 10, "completion_tokens": 0, "prompt_tokens_details": {"cached_tokens": 50}},
            Usage(cached=10),
            "exceeds_total",
            "usage.prompt_tokens_details.cached_tokens",
        ),
        (
            {"prompt_tokens": 100, "completion_tokens": 0, "prompt_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 60}},
            Usage(cached=60, written_5m=40),
            "exceeds_total",
            "usage.prompt_tokens_details.cache_write_tokens",
        ),
        (
            {"prompt_tokens": 0, "completion_tokens": 10, "completion_tokens_details": {"reasoning_tokens": 50}},
            Usage(reasoning=10),
            "exceeds_total",
            "usage.completion_tokens_details.reasoning_tokens",
        ),
        (
            {
                "input_tokens": 1,
                "output_tokens": 0,
                "cache_creation_input_tokens": 30,
                "cache_creation": {"ephemeral_5m_input_tokens": 25, "ephemeral_1h_input_tokens": 20},
            },
            Usage(text=1, written_5m=10, written_1h=20),
            "split_exceeds_total",
            "usage.cache_creation.ephemeral_5m_input_tokens",
        ),
    ],
)
def test_impossible_counts_are_clamped_and_told_or_refused_when_strict(body, usage, code, path):
    found = Usage.parse(body)
    assert found._replace(anomalies=()) == usage
    assert [(anomaly.code, anomaly.path) for anomaly in found.anomalies] == [(code, path)]
    with pytest.raises(InvalidUsage) as caught:
        Usage.parse(body, strict=True)
    assert caught.value.param == path


def test_a_split_smaller_than_its_total_leaves_the_rest_at_five_minutes():
    details = {"cache_creation_tokens": 500, "cache_creation_token_details": {"ephemeral_1h_input_tokens": 100}}
    assert Usage.parse({"prompt_tokens": 1000, "completion_tokens": 0, "prompt_tokens_details": details}) == Usage(text=500, written_5m=400, written_1h=100)


def test_a_split_without_its_total_is_the_total():
    body = {"input_tokens": 1, "output_tokens": 0, "cache_creation": {"ephemeral_5m_input_tokens": 25, "ephemeral_1h_input_tokens": 20}}
    assert Usage.parse(body) == Usage(text=1, written_5m=25, written_1h=20)


def test_cached_tokens_are_text_first_and_then_the_modality_that_they_must_be():
    body = {"prompt_tokens": 100, "completion_tokens": 10, "prompt_tokens_details": {"cached_tokens": 90, "image_tokens": 80}}
    assert Usage.parse(body) == Usage(cached=20, cached_image=70, image=10, text_out=10)


def test_cached_tokens_that_must_be_video_are_read_at_the_cache_price():
    body = {"prompt_tokens": 10, "completion_tokens": 0, "prompt_tokens_details": {"cached_tokens": 6, "video_tokens": 8}}
    assert Usage.parse(body) == Usage(cached=6, video=4)


def test_written_tokens_are_text_first_and_then_the_modality_that_they_must_be():
    body = {"prompt_tokens": 100, "completion_tokens": 0, "prompt_tokens_details": {"cached_tokens": 10, "cache_write_tokens": 50, "audio_tokens": 70}}
    assert Usage.parse(body) == Usage(cached=10, written_5m=50, audio=40)


def test_joint_counts_say_how_cached_tokens_and_modalities_overlap():
    details = {"cached_tokens": 400, "audio_tokens": 300, "cached_tokens_details": {"audio_tokens": 100, "text_tokens": 300}}
    assert Usage.parse({"prompt_tokens": 1000, "completion_tokens": 0, "prompt_tokens_details": details}) == Usage(
        text=400, cached=300, cached_audio=100, audio=200
    )


def test_xai_is_never_guessed_as_its_keys_are_openais():
    body = SHAPES["xai_chat"]
    assert Usage.parse(body).text_out == 40
    assert Usage.parse(body, "xai_chat").text_out == 70


def test_searches_and_tool_calls_are_counted_by_number():
    body = {
        "input_tokens": 1,
        "output_tokens": 1,
        "server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 9, "tool_calls": 3, "plugin_web_search_requests": 4},
    }
    assert Usage.parse(body) == Usage(text=1, text_out=1, searches=2, plugin_searches=4, tool_calls=3)


def test_a_usage_built_by_hand_is_checked():
    for counts in ({"text": -1}, {"text": True}, {"text": 0.5}, {"words": 1}):
        with pytest.raises(InvalidUsage):
            Usage(**counts)


def test_usages_pickle_copy_and_compare_by_value():
    usage = Usage.parse({"prompt_tokens": 10, "completion_tokens": 0, "prompt_tokens_details": {"cached_tokens": 50}})
    pickled = pickle.loads(pickle.dumps(usage))
    assert pickled == copy.deepcopy(usage) == usage
    assert type(copy.copy(usage)) is Usage
    assert hash(copy.deepcopy(usage)) == hash(usage)
