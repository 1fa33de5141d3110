"""models.dev's api.json: prices per million, lengths, modes."""

from __future__ import annotations

import pytest

from routecore import CatalogError
from routecore.adapters.models_dev import import_api
from tests.adapters.feed_documents import MODELS_DEV


def rows(document=MODELS_DEV):
    return {f"{row['model']}@{row['slug']}": row for row in import_api(document).catalog_mapping["endpoints"]}


def test_a_model_is_an_endpoint_of_its_provider_with_prices_of_one_token():
    row = rows()["gpt-5.4@openai"]
    assert row["pricing"] == {
        "prompt": "0.0000025",
        "completion": "0.000015",
        "input_cache_read": "0.00000025",
        "overrides": [{"min_prompt_tokens": 272_000, "prompt": "0.000005", "completion": "0.0000225", "input_cache_read": "0.0000005"}],
    }
    assert (row["context_length"], row["max_prompt_tokens"], row["max_output_tokens"]) == (1_050_000, 922_000, 128_000)
    assert row["input_modalities"] == ["file", "image", "text"]
    assert "temperature" not in row["supported_parameters"]


def test_a_mode_that_asks_for_a_tier_is_an_endpoint_of_that_tier():
    row = rows()["gpt-5.4@openai/priority"]
    assert (row["tier"], row["pricing"]["completion"]) == ("priority", "0.00003")


def test_a_version_after_an_at_sign_is_written_after_a_dash_and_the_upstreams_own_name_is_kept():
    row = rows()["claude-opus-4-20250514@google-vertex-anthropic"]
    assert row["extra"]["model"] == "claude-opus-4@20250514"
    assert import_api(MODELS_DEV).aliases == {"claude-opus-4@20250514": "claude-opus-4-20250514"}


def test_the_price_over_200k_counts_where_no_tiers_say_it_exactly():
    document = {"p": {"models": {"m": {"id": "m", "cost": {"input": 1, "output": 2, "context_over_200k": {"input": 2}}}}}}
    assert rows(document)["m@p"]["pricing"]["overrides"] == [{"min_prompt_tokens": 200_000, "prompt": "0.000002"}]


def test_without_costs_the_price_is_unknown():
    assert "pricing" not in rows({"p": {"models": {"m": {"id": "m"}}}})["m@p"]


def test_the_document_may_have_its_providers_under_a_key():
    assert rows({"providers": MODELS_DEV}) == rows()


@pytest.mark.parametrize("document", [None, [], {"p": 7}, {"p": {}}, {"p": {"models": {"m": 7}}}])
def test_a_document_of_another_form_is_a_fault(document):
    with pytest.raises(CatalogError):
        import_api(document)
