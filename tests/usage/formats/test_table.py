"""Every dialect: bodies as their providers and SDKs send them, recognised from their keys and readable by name."""

import pytest

from routecore import InvalidUsage, Usage
from routecore.usage.formats.table import FORMATS, recognise

# format, a body of its shape, the counts. Shapes: the providers' API references and the SDKs' types of November 2026; the figures are made up.
BODIES = [
    (
        "openai_chat",
        {"prompt_tokens": 91, "completion_tokens": 40, "total_tokens": 131, "prompt_tokens_details": {"cached_tokens": 64, "audio_tokens": 3},
         "completion_tokens_details": {"reasoning_tokens": 11, "accepted_prediction_tokens": 4}},
        {"text": 24, "cached": 64, "audio": 3, "text_out": 29, "reasoning": 11},
    ),
    ("openai_chat", {"prompt_tokens": 20, "completion_tokens": 9, "reasoning_tokens": 5, "total_tokens": 29}, {"text": 20, "text_out": 4, "reasoning": 5}),
    (
        "openai_responses",
        {"input_tokens": 50, "input_tokens_details": {"cached_tokens": 16, "cache_write_tokens": 20, "cache_write_tokens_details": {"ttl_30m_tokens": 15, "ttl_12h_tokens": 5}},
         "output_tokens": 30, "output_tokens_details": {"reasoning_tokens": 12}, "total_tokens": 80},
        {"text": 14, "cached": 16, "written_5m": 15, "written_1h": 5, "text_out": 18, "reasoning": 12},
    ),
    (
        "openai_responses",  # xAI's responses: server-side tools by kind
        {"input_tokens": 700, "input_tokens_details": {"cached_tokens": 300}, "output_tokens": 90, "output_tokens_details": {"reasoning_tokens": 0},
         "num_server_side_tools_used": 6, "cost_in_usd_ticks": 12345,
         "server_side_tool_usage_details": {"web_search_calls": 2, "x_search_calls": 1, "code_interpreter_calls": 3, "mcp_calls": 4},
         "context_details": {"input_tokens": 650, "output_tokens": 80}},
        {"text": 400, "cached": 300, "text_out": 90, "searches": 3, "tool_calls": 3},
    ),
    (
        "openai_responses",  # OpenAI's realtime: the singular, and a cache by modality
        {"total_tokens": 253, "input_tokens": 132, "output_tokens": 121,
         "input_token_details": {"text_tokens": 119, "audio_tokens": 13, "cached_tokens": 74, "cached_tokens_details": {"text_tokens": 64, "audio_tokens": 10}},
         "output_token_details": {"text_tokens": 30, "audio_tokens": 91}},
        {"text": 55, "cached": 64, "cached_audio": 10, "audio": 3, "text_out": 30, "audio_out": 91},
    ),
    (
        "openai_responses",  # parts without their whole make the whole
        {"input_tokens": 100, "output_tokens": 1, "input_token_details": {"cached_tokens_details": {"text_tokens": 40, "audio_tokens": 5}, "audio_tokens": 8}},
        {"text": 52, "cached": 40, "cached_audio": 5, "audio": 3, "text_out": 1},
    ),
    (
        "anthropic",
        {"input_tokens": 7, "cache_read_input_tokens": 900, "cache_creation_input_tokens": 30, "output_tokens": 55,
         "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20}, "server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 1}},
        {"text": 7, "cached": 900, "written_5m": 10, "written_1h": 20, "text_out": 55, "searches": 2},
    ),
    (
        "anthropic",  # a compaction is in no count of the top level
        {"input_tokens": 400, "output_tokens": 20, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 0,
         "iterations": [{"type": "compaction", "input_tokens": 9000, "output_tokens": 300, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0},
                        {"type": "message", "input_tokens": 400, "output_tokens": 20, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 0}]},
        {"text": 9400, "cached": 100, "text_out": 320},
    ),
    (
        "anthropic",  # a loop of server-side tools is in them: its passes add up to the top level
        {"input_tokens": 30, "output_tokens": 12, "iterations": [{"type": "message", "input_tokens": 10, "output_tokens": 4}, {"type": "message", "input_tokens": 20, "output_tokens": 8}]},
        {"text": 30, "text_out": 12},
    ),
    (
        "gemini",
        {"promptTokenCount": 100, "cachedContentTokenCount": 40, "candidatesTokenCount": 9, "thoughtsTokenCount": 31, "toolUsePromptTokenCount": 5, "totalTokenCount": 145,
         "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 80}, {"modality": "AUDIO", "tokenCount": 20}], "trafficType": "ON_DEMAND"},
        {"text": 45, "cached": 40, "audio": 20, "text_out": 9, "reasoning": 31},
    ),
    (
        "gemini",  # the live API: responses, and no total of the prompt
        {"promptTokensDetails": [{"modality": "TEXT", "tokenCount": 12}, {"modality": "AUDIO", "tokenCount": 250}], "responseTokenCount": 80,
         "responseTokensDetails": [{"modality": "AUDIO", "tokenCount": 75}, {"modality": "TEXT", "tokenCount": 5}], "totalTokenCount": 342},
        {"text": 12, "audio": 250, "text_out": 5, "audio_out": 75},
    ),
    (
        "gemini",  # the SDK's spelling: a cache list with a text part, and null for its total
        {"prompt_token_count": 900, "candidates_token_count": 50, "cached_content_token_count": None,
         "cache_tokens_details": [{"modality": "TEXT", "token_count": 300}, {"modality": "IMAGE", "token_count": 100}],
         "prompt_tokens_details": [{"modality": "TEXT", "token_count": 640}, {"modality": "IMAGE", "token_count": 260}]},
        {"text": 340, "cached": 300, "cached_image": 100, "image": 160, "text_out": 50},
    ),
    (
        "bedrock_converse",
        {"inputTokens": 5, "outputTokens": 6, "totalTokens": 111, "cacheReadInputTokens": 70, "cacheWriteInputTokens": 30, "cacheDetails": [{"ttl": "1h", "inputTokens": 30}]},
        {"text": 5, "cached": 70, "written_1h": 30, "text_out": 6},
    ),
    ("cohere", {"billed_units": {"input_tokens": 13, "output_tokens": 61}, "tokens": {"input_tokens": 542, "output_tokens": 63}, "cached_tokens": 496}, {"text": 13, "text_out": 61}),
    ("cohere", {"tokens": {"input_tokens": 54, "output_tokens": 2}, "cached_tokens": 50}, {"text": 4, "cached": 50, "text_out": 2}),
    ("cohere", {"billed_units": {"search_units": 3}}, {"searches": 3}),
    ("mistral", {"prompt_tokens": 301, "completion_tokens": 4, "total_tokens": 305, "num_cached_tokens": 256}, {"text": 45, "cached": 256, "text_out": 4}),
    ("mistral", {"prompt_tokens": 301, "completion_tokens": 4, "prompt_token_details": {"cached_tokens": 256}}, {"text": 45, "cached": 256, "text_out": 4}),
    (
        "mistral",
        {"prompt_tokens": 10, "completion_tokens": 30, "total_tokens": 640, "connector_tokens": 600, "connectors": {"web_search": 2}, "prompt_audio_seconds": {}},
        {"text": 610, "text_out": 30, "searches": 2},
    ),
    ("mistral", {"prompt_tokens": 4, "completion_tokens": 35, "total_tokens": 39, "prompt_audio_seconds": 203}, {"text": 4, "text_out": 35, "second_in": 203}),
    (
        "perplexity",
        {"prompt_tokens": 30, "completion_tokens": 100, "total_tokens": 130, "citation_tokens": 500, "num_search_queries": 6, "reasoning_tokens": 900,
         "cost": {"total_cost": 0.1, "citation_tokens_cost": 0.001}},
        {"text": 530, "text_out": 100, "reasoning": 900, "searches": 6},
    ),
    (
        "codex",
        {"input_tokens": 900, "cached_input_tokens": 700, "cache_write_input_tokens": 50, "output_tokens": 80, "reasoning_output_tokens": 30, "total_tokens": 980},
        {"text": 150, "cached": 700, "written_5m": 50, "text_out": 50, "reasoning": 30},
    ),
    (
        "langchain",
        {"input_tokens": 350, "output_tokens": 240, "total_tokens": 590, "input_token_details": {"audio": 10, "cache_creation": 200, "cache_read": 100},
         "output_token_details": {"audio": 10, "reasoning": 200}},
        {"text": 40, "cached": 100, "written_5m": 200, "audio": 10, "text_out": 30, "reasoning": 200, "audio_out": 10},
    ),
    (
        "langchain",
        {"input_tokens": 350, "output_tokens": 1, "total_tokens": 351, "input_token_details": {"cache_read": 100, "cache_creation": 0, "ephemeral_5m_input_tokens": 40, "ephemeral_1h_input_tokens": 60}},
        {"text": 150, "cached": 100, "written_5m": 40, "written_1h": 60, "text_out": 1},
    ),
    (
        "pydantic_ai",
        {"input_tokens": 500, "cache_write_tokens": 60, "cache_read_tokens": 400, "input_audio_tokens": 0, "cache_audio_read_tokens": 0, "output_tokens": 70,
         "output_audio_tokens": 0, "details": {"reasoning_tokens": 20, "cache_read_input_tokens": 400}, "requests": 2, "tool_calls": 3},
        {"text": 40, "cached": 400, "written_5m": 60, "text_out": 50, "reasoning": 20},
    ),
    (
        "vercel_ai",
        {"inputTokens": 300, "outputTokens": 90, "totalTokens": 390, "inputTokenDetails": {"noCacheTokens": 100, "cacheReadTokens": 150, "cacheWriteTokens": 50},
         "outputTokenDetails": {"textTokens": 60, "reasoningTokens": 30}, "cachedInputTokens": 150, "reasoningTokens": 30, "raw": {"prompt_tokens": 300}},
        {"text": 100, "cached": 150, "written_5m": 50, "text_out": 60, "reasoning": 30},
    ),
    (
        "vercel_ai",
        {"inputTokenDetails": {"noCacheTokens": 10, "cacheReadTokens": 90}, "outputTokenDetails": {"textTokens": 4, "reasoningTokens": 2}},
        {"text": 10, "cached": 90, "text_out": 4, "reasoning": 2},
    ),
    (
        "dashscope",
        {"input_tokens": 1300, "output_tokens": 40, "total_tokens": 1340, "prompt_tokens_details": {"cached_tokens": 1000, "cache_type": "ephemeral", "cache_creation_input_tokens": 200},
         "plugins": {"search": {"count": 1, "strategy": "turbo"}}},
        {"text": 100, "cached_explicit": 1000, "written_5m": 200, "text_out": 40, "searches": 1},
    ),
    ("dashscope", {"input_tokens": 1300, "output_tokens": 40, "image_tokens": 1200}, {"text": 100, "image": 1200, "text_out": 40}),
    (
        "openrouter_activity",
        {"tokens_prompt": 80, "tokens_completion": 50, "native_tokens_prompt": 100, "native_tokens_completion": 60, "native_tokens_reasoning": 20, "native_tokens_cached": 70},
        {"text": 30, "cached": 70, "text_out": 40, "reasoning": 20},
    ),
    ("openrouter_activity", {"tokens_prompt": 80, "tokens_completion": 50, "tokens_reasoning": 5, "tokens_cached": 8}, {"text": 72, "cached": 8, "text_out": 45, "reasoning": 5}),
    ("platform", {"prompt_tokens": 9, "completion_tokens": 2, "input_tokens": 0, "output_tokens": 0}, {"text": 9, "text_out": 2}),
    (
        "camel_chat",
        {"promptTokens": 60, "completionTokens": 9, "totalTokens": 69, "promptTokensDetails": {"cachedTokens": 40, "audioTokens": 5}, "completionTokensDetails": {"reasoningTokens": 4}},
        {"text": 15, "cached": 40, "audio": 5, "text_out": 5, "reasoning": 4},
    ),
    ("openai_chat", {"prompt_tokens": 5, "completion_tokens": 1, "num_server_side_tools_used": 2}, {"text": 5, "text_out": 1, "tool_calls": 2}),
    ("units", {"type": "duration", "seconds": 12}, {"second_in": 12}),
    ("units", {"pages_processed": 3, "doc_size_bytes": 123}, {"page": 3}),
    ("units", {"characters": 41, "second_out": 2, "character_out": 5}, {"character_in": 41, "second_out": 2, "character_out": 5}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "body", "counts"), BODIES)
def test_a_body_is_recognised_from_its_keys_and_read_alike_by_name(name, body, counts):
    assert recognise(body) == name
    found = Usage.parse(body)
    assert found == Usage.parse(body, name)
    assert (found.to_mapping(), found.anomalies) == (counts, ())


def test_every_dialect_has_a_body_here():
    assert set(FORMATS) - {name for name, _, _ in BODIES} == {"xai_chat", "infron"}


@pytest.mark.parametrize(
    "body",
    [
        {"input_tokens": 10, "cached_input_tokens": 4, "cache_creation_input_tokens": 3},
        {"input_tokens": 10, "cache_read_tokens": 4, "cache_read_input_tokens": 4},
        {"inputTokens": 10, "outputTokens": 1, "cachedInputTokens": 4},
        {"inputTokens": 10, "outputTokens": 1, "cacheReadInputTokens": 4, "inputTokenDetails": {"cacheReadTokens": 4}},
        {"total_tokens": 12},
    ],
)
def test_a_body_with_two_readings_that_differ_or_none_is_refused_until_its_format_is_told(body):
    with pytest.raises(InvalidUsage, match="say its format"):
        Usage.parse(body)


def test_a_cache_count_of_nothing_makes_no_second_reading():
    assert Usage.parse({"input_tokens": 10, "output_tokens": 1, "cache_read_input_tokens": 0, "input_tokens_details": {"cached_tokens": 4}}) == Usage(
        text=6, cached=4, text_out=1
    )


def test_a_fraction_of_a_second_is_the_second_that_was_begun_and_is_told():
    usage = Usage.parse({"seconds": 3.2})
    assert (usage.second_in, [odd.to_dict() for odd in usage.anomalies]) == (4, [{"code": "rounded_up", "path": "usage.seconds", "value": 3.2, "used": 4}])


@pytest.mark.parametrize("body", [
    {"input_tokens": 5, "output_tokens": 1, "cache_read_input_tokens": 40, "cache_type": "ephemeral"},
    {"prompt_tokens": 45, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 40, "cache_type": "ephemeral"}},
])  # fmt: skip
def test_a_cache_made_on_purpose_is_told_apart_in_every_dialect(body):
    assert Usage.parse(body).to_mapping() == {"text": 5, "cached_explicit": 40, "text_out": 1}


def test_passes_that_come_to_less_than_the_top_level_take_nothing_from_it():
    body = {"input_tokens": 30, "output_tokens": 12, "iterations": [{"type": "message", "input_tokens": 20, "output_tokens": 8}]}
    assert Usage.parse(body) == Usage(text=30, text_out=12)


def test_cached_tokens_of_cohere_that_are_more_than_the_billed_units_are_not_among_them():
    assert Usage.parse({"billed_units": {"input_tokens": 600, "output_tokens": 1}, "cached_tokens": 500}) == Usage(text=100, cached=500, text_out=1)
