"""Usage laws: what a dialect writes is read back, the short way reads as the careful one does, and nothing is lost, doubled or negative."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routecore.errors import InvalidUsage
from routecore.usage.counts import Usage, _parse_carefully

relaxed = settings(deadline=None)
counts = st.one_of(st.just(0), st.integers(0, 50), st.integers(0, 10**9))


def usages(*names):
    return st.fixed_dictionaries(dict.fromkeys(names, counts)).map(lambda given: Usage(**given))


TEXT = ("text", "cached", "written_5m", "written_1h", "text_out")
CHAT = (
    *TEXT,
    "cached_audio",
    "cached_image",
    "audio",
    "image",
    "video",
    "reasoning",
    "audio_out",
    "image_out",
    "video_out",
    "searches",
    "plugin_searches",
    "tool_calls",
)


def chat_body(usage, prompt="prompt", completion="completion"):
    """Write a usage as OpenAI's dialects do: totals that include their details."""
    return {
        f"{prompt}_tokens": usage.prompt_tokens,
        f"{completion}_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        f"{prompt}_tokens_details": {
            "cached_tokens": usage.cached + usage.cached_audio + usage.cached_image,
            "cached_tokens_details": {"text_tokens": usage.cached, "audio_tokens": usage.cached_audio, "image_tokens": usage.cached_image},
            "cache_creation_tokens": usage.written_5m + usage.written_1h,
            "cache_creation_token_details": {"ephemeral_5m_input_tokens": usage.written_5m, "ephemeral_1h_input_tokens": usage.written_1h},
            "audio_tokens": usage.audio + usage.cached_audio,
            "image_tokens": usage.image + usage.cached_image,
            "video_tokens": usage.video,
        },
        f"{completion}_tokens_details": {
            "reasoning_tokens": usage.reasoning,
            "audio_tokens": usage.audio_out,
            "image_tokens": usage.image_out,
            "video_tokens": usage.video_out,
        },
        "server_tool_use": {
            "web_search_requests": usage.searches,
            "plugin_web_search_requests": usage.plugin_searches,
            "tool_calls": usage.tool_calls,
        },
    }


@relaxed
@given(usages(*CHAT))
def test_chat_and_responses_read_back_what_they_write(usage):
    assert Usage.parse(chat_body(usage)) == Usage.parse(chat_body(usage), "openai_chat") == usage
    responses = chat_body(usage, "input", "output")
    assert Usage.parse(responses) == Usage.parse(responses, "openai_responses") == usage


@relaxed
@given(usages(*CHAT))
def test_xai_reads_back_a_completion_without_its_reasoning(usage):
    body = chat_body(usage)
    body["completion_tokens"] -= usage.reasoning
    assert Usage.parse(body, "xai_chat") == usage


@relaxed
@given(usages(*CHAT))
def test_the_platform_reads_back_its_own_shape(usage):
    body = {**chat_body(usage), "input_tokens": 0, "output_tokens": 0, "ttft": 0}
    assert Usage.parse(body) == Usage.parse(body, "platform") == usage


@relaxed
@given(usages(*TEXT, "reasoning", "searches"))
def test_anthropic_reads_back_an_input_without_its_cache(usage):
    body = {
        "input_tokens": usage.text,
        "output_tokens": usage.completion_tokens,
        "cache_read_input_tokens": usage.cached,
        "cache_creation_input_tokens": usage.written_5m + usage.written_1h,
        "cache_creation": {"ephemeral_5m_input_tokens": usage.written_5m, "ephemeral_1h_input_tokens": usage.written_1h},
        "output_tokens_details": {"thinking_tokens": usage.reasoning},
        "server_tool_use": {"web_search_requests": usage.searches},
    }
    assert Usage.parse(body) == Usage.parse(body, "anthropic") == usage


@relaxed
@given(usages(*TEXT))
def test_bedrock_reads_back_an_input_without_its_cache(usage):
    body = {
        "inputTokens": usage.text,
        "outputTokens": usage.text_out,
        "cacheReadInputTokens": usage.cached,
        "cacheWriteInputTokens": usage.written_5m + usage.written_1h,
        "cacheDetails": [{"ttl": "5m", "inputTokens": usage.written_5m}, {"ttl": "1h", "inputTokens": usage.written_1h}],
    }
    assert Usage.parse(body) == Usage.parse(body, "bedrock_converse") == usage


@relaxed
@given(usages("text", "cached", "cached_audio", "cached_image", "audio", "image", "video", "text_out", "reasoning", "audio_out", "image_out"), counts)
def test_gemini_reads_back_its_modalities_thoughts_and_tool_use(usage, tool_use):
    def listed(**tokens):
        return [{"modality": name.upper(), "tokenCount": number} for name, number in tokens.items()]

    body = {
        "promptTokenCount": usage.prompt_tokens,
        "cachedContentTokenCount": usage.cached + usage.cached_audio + usage.cached_image,
        "candidatesTokenCount": usage.completion_tokens - usage.reasoning,
        "thoughtsTokenCount": usage.reasoning,
        "toolUsePromptTokenCount": tool_use,
        "promptTokensDetails": listed(
            text=usage.text + usage.cached, audio=usage.audio + usage.cached_audio, document=usage.image + usage.cached_image, video=usage.video
        ),
        "cacheTokensDetails": listed(text=usage.cached, audio=usage.cached_audio, image=usage.cached_image),
        "candidatesTokensDetails": listed(text=usage.text_out, audio=usage.audio_out, image=usage.image_out),
    }
    assert Usage.parse(body) == Usage.parse(body, "gemini") == usage._replace(text=usage.text + tool_use)


odd = st.one_of(st.integers(-3, 40), st.none(), st.just(""), st.just(2.0))
details = st.dictionaries(
    st.sampled_from(["cached_tokens", "cache_write_tokens", "audio_tokens", "image_tokens", "video_tokens", "text_tokens", "reasoning_tokens", "odd"]),
    odd,
    max_size=6,
)
parts = st.dictionaries(st.sampled_from(["ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens"]), odd)
chat_bodies = st.fixed_dictionaries(
    {"prompt_tokens": odd, "completion_tokens": odd},
    optional={
        "prompt_tokens_details": st.one_of(st.none(), details),
        "completion_tokens_details": st.one_of(st.none(), details),
        "total_tokens": odd,
        "prompt_cache_hit_tokens": odd,
        "cache_creation": parts,
        "input_tokens": odd,
        "server_tool_use": st.just({"web_search_requests": ""}),
    },
)
anthropic_bodies = st.fixed_dictionaries(
    {"input_tokens": odd, "output_tokens": odd},
    optional={
        "cache_read_input_tokens": odd,
        "cache_creation_input_tokens": odd,
        "cache_creation": st.one_of(st.none(), parts),
        "output_tokens_details": st.dictionaries(st.just("thinking_tokens"), odd),
        "service_tier": st.just("standard"),
    },
)


@relaxed
@given(st.one_of(chat_bodies, anthropic_bodies), st.sampled_from([None, "own"]))
def test_the_short_way_reads_as_the_careful_way_does(body, told):
    name = None if told is None else ("openai_chat" if "prompt_tokens" in body else "anthropic")
    assert Usage.parse(body, name) == _parse_carefully(body, name, strict=False, path="usage")


@relaxed
@given(chat_bodies)
def test_no_class_is_negative_and_the_classes_add_up_to_the_totals(body):
    usage = Usage.parse(body, "openai_chat")
    assert min(usage[:19]) >= 0
    assert usage.prompt_tokens == max(body["prompt_tokens"] or 0, 0)
    assert usage.completion_tokens == max(body["completion_tokens"] or 0, 0)


@relaxed
@given(chat_bodies)
def test_what_is_clamped_is_told_and_what_is_told_is_refused_when_strict(body):
    usage = Usage.parse(body)
    if usage.anomalies:
        with pytest.raises(InvalidUsage) as caught:
            Usage.parse(body, strict=True)
        assert [fault.path for fault in caught.value.faults] == [anomaly.path for anomaly in usage.anomalies]
    else:
        assert Usage.parse(body, strict=True) == usage
