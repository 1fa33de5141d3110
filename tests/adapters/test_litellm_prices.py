"""LiteLLM's price map: names, prices, tiers, limits, aliases."""

from __future__ import annotations

import pytest

from routecore import CatalogError, decide
from routecore.adapters.litellm_prices import import_price_map, spelling_of
from tests.adapters.feed_documents import PRICE_MAP


def rows(document, **options):
    return {f"{row['model']}@{row['slug']}": row for row in import_price_map(document, **options).catalog_mapping["endpoints"]}


def noted(document):
    return [(one.path, one.field, one.done) for one in import_price_map(document).oddities]


def chat(**fields):
    return {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06, **fields}


@pytest.mark.parametrize(
    ("key", "provider", "slug", "model"),
    [
        ("gpt-4o", "openai", "openai", "gpt-4o"),
        ("azure/global/o1", "azure", "azure/global", "o1"),
        ("deepinfra/deepseek-ai/DeepSeek-V3", "deepinfra", "deepinfra", "deepseek-v3"),
        ("fireworks_ai/accounts/fireworks/models/glm-4p7", "fireworks_ai", "fireworks_ai", "glm-4p7"),
        ("bedrock/us-east-1/anthropic.claude-v1", "bedrock", "bedrock/us-east-1", "claude"),
        ("eu.anthropic.claude-haiku-4-5-20251001-v1:0", "bedrock_converse", "bedrock/eu", "claude-haiku-4-5-20251001"),
        ("bedrock/us-east-2/deepseek.v3.2", "bedrock", "bedrock/us-east-2", "deepseek.v3.2"),
        ("vertex_ai/claude-opus-4@default", "vertex_ai-anthropic_models", "vertex_ai", "claude-opus-4"),
        ("openrouter/openai/gpt-4o", "openrouter", "openrouter", "gpt-4o"),
    ],
)
def test_a_key_of_the_map_gives_provider_region_and_model(key, provider, slug, model):
    assert (spelling_of(key, provider).slug, spelling_of(key, provider).model) == (slug, model)


def test_a_row_is_an_endpoint_with_its_limits_parameters_and_the_name_to_call_it_by():
    row = rows(PRICE_MAP)["gpt-5@openai"]
    assert row["context_length"] == 272_000
    assert row["max_output_tokens"] == 128_000
    assert row["supported_parameters"] == ["tools"]
    assert row["input_modalities"] == ["image", "text"]
    assert row["limits"] == {"requests_per_minute": 500, "tokens_per_minute": 30_000}
    assert row["extra"] == {"litellm_model": "gpt-5"}
    assert row["pricing"]["prompt"] == "0.00000125"
    assert row["pricing"]["variants"] == {"flex": {"prompt": "0.000000625", "completion": "0.000005"}, "batch": {"prompt": "0.000000625"}}


def test_a_tier_with_prices_is_an_endpoint_of_its_own_and_a_batch_is_none():
    found = rows(PRICE_MAP)
    assert found["gpt-5@openai/flex"]["tier"] == "flex"
    assert found["gpt-5@openai/flex"]["pricing"] == {"prompt": "0.000000625", "completion": "0.000005", "input_cache_read": "0.000000125"}
    assert "gpt-5@openai/batch" not in found


def test_a_price_above_200k_tokens_begins_at_the_next_token_and_holds_for_the_whole_request():
    (endpoint,) = import_price_map({"m": chat(input_cost_per_token_above_200k_tokens=2e-06)}).catalog()
    # femtodollars: a dollar is 10**15
    assert endpoint.pricing.quote(200_000, 0) == 200_000 * 10**9
    assert endpoint.pricing.quote(200_001, 0) == 200_001 * 2 * 10**9


def test_prices_by_ranges_of_tokens_are_price_cards():
    ranges = [
        {"range": [0, 256_000.0], "input_cost_per_token": 5e-08, "output_cost_per_token": 4e-07},
        {"range": [256_000.0, 1e6], "input_cost_per_token": 2.5e-07, "output_cost_per_token": 2e-06},
    ]
    pricing = rows({"q": {"litellm_provider": "dashscope", "mode": "chat", "tiered_pricing": ranges}})["q@dashscope"]["pricing"]
    assert pricing == {
        "prompt": "0.00000005",
        "completion": "0.0000004",
        "overrides": [{"min_prompt_tokens": 256_000, "prompt": "0.00000025", "completion": "0.000002"}],
    }


def test_a_tiers_own_price_for_long_prompts_goes_before_the_rows():
    row = chat(
        input_cost_per_token_above_200k_tokens=2e-06,
        output_cost_per_token_above_200k_tokens=3e-06,
        input_cost_per_token_priority=4e-06,
        input_cost_per_token_above_200k_tokens_priority=8e-06,
    )
    assert rows({"m": row})["m@openai/priority"]["pricing"] == {
        "prompt": "0.000004",
        "completion": "0.000002",
        "overrides": [{"min_prompt_tokens": 200_000, "prompt": "0.000008"}],
    }


def test_without_prices_the_price_is_unknown_and_not_free():
    assert "pricing" not in rows({"m": {"litellm_provider": "p", "mode": "chat"}})["m@p"]
    assert ("m", "pricing", "no prices: unknown, which is not free") in noted({"m": {"litellm_provider": "p", "mode": "chat"}})


@pytest.mark.parametrize("price", [-1e-06, "free", True, float("nan"), [1]])
def test_what_is_no_price_is_left_out_and_named(price):
    assert "prompt" not in rows({"m": chat(input_cost_per_token=price)})["m@openai"]["pricing"]
    assert ("m", "input_cost_per_token", "no price: unknown, which is not free") in noted({"m": chat(input_cost_per_token=price)})


def test_a_price_of_nothing_for_an_embeddings_output_is_no_price():
    assert "completion" not in rows(PRICE_MAP)["text-embedding-3-small@openai"]["pricing"]
    assert rows({"m": chat(output_cost_per_token=0.0)})["m@openai"]["pricing"]["completion"] == "0"


def test_other_names_are_aliases_of_the_catalogs():
    assert import_price_map(PRICE_MAP).aliases == {"azure/eu/gpt-5": "gpt-5", "azure/gpt-latest": "gpt-5"}


def test_an_alias_of_nothing_is_refused_by_name():
    (fault,) = import_price_map({"m": chat(), "n": {"alias_of": "gone"}}).refused
    assert (fault.path, fault.value) == ("n.alias_of", "gone")


def test_two_keys_that_say_the_same_are_one_endpoint_and_two_that_differ_are_twins():
    same = {"gpt-4o": chat(), "openai/gpt-4o": chat()}
    assert list(rows(same)) == ["gpt-4o@openai"]
    assert list(rows({**same, "openai/gpt-4o": chat(output_cost_per_token=3e-06)})) == ["gpt-4o@openai", "gpt-4o@openai#2"]


def test_what_serves_no_request_that_is_routed_is_left_out_and_counted():
    result = import_price_map(PRICE_MAP)
    assert ("whisper-1", "mode", "a mode that is not routed: left out") in [(one.path, one.field, one.done) for one in result.oddities]
    assert not any("whisper" in row["model"] for row in result.catalog_mapping["endpoints"])


def test_every_row_is_an_endpoint_an_alias_refused_or_named_as_left_out():
    document = {**PRICE_MAP, "bad": 7, "worse": {"mode": "chat"}}
    result = import_price_map(document)
    own = [row for row in result.catalog_mapping["endpoints"] if "tier" not in row]
    told = [one for one in result.oddities if one.field in {"mode", "alias_of"} or "an alias" in one.done]
    assert result.rows_read == len(document) - 1 == len(own) + len(told) + len(result.refused)


@pytest.mark.parametrize("document", [None, [], 7, {}, {"m": None}, {"m": {"litellm_provider": 3}}, {"a b": chat()}])
def test_a_document_that_is_no_price_map_never_gives_rows_in_silence(document):
    try:
        result = import_price_map(document)
    except CatalogError as error:
        assert error.faults
    else:
        assert not document
        assert result.rows_read == 0


def test_an_imported_map_routes():
    plan = decide(import_price_map(PRICE_MAP).catalog(), {"model": "gpt-5", "provider": {"sort": "price"}})
    assert {attempt.endpoint.provider for attempt in plan} == {"openai", "azure"}
