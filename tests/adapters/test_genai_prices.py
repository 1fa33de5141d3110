"""The data of genai-prices: days, hours, tiers, lengths."""

from __future__ import annotations

import pytest

from routecore import CatalogError
from routecore.adapters.genai_prices import import_prices
from tests.adapters.feed_documents import GENAI_PRICES


def feed(**model):
    return [{"id": "p", "api_pattern": "", "models": [{"id": "m", **model}]}]


def pricing(prices, on="2026-11-25", **model):
    return import_prices(feed(prices=prices, **model), on=on).catalog_mapping["endpoints"][0].get("pricing")


def test_prices_per_million_are_prices_of_one_token():
    assert pricing({"input_mtok": 0.27, "output_mtok": "1.1", "web_searches_kcount": 10}) == {
        "prompt": "0.00000027",
        "completion": "0.0000011",
        "web_search": "0.01",
    }


def test_of_dated_prices_the_last_that_has_begun_counts_from_its_first_day():
    dated = [{"prices": {"input_mtok": 3}}, {"constraint": {"start_date": "2026-03-01"}, "prices": {"input_mtok": 2}}]
    assert pricing(dated, on="2026-02-28") == {"prompt": "0.000003"}
    assert pricing(dated, on="2026-03-01") == {"prompt": "0.000002"}


def test_a_price_that_has_not_begun_is_named_with_its_day():
    result = import_prices(
        feed(prices=[{"prices": {"input_mtok": 3}}, {"constraint": {"start_date": "2027-01-01"}, "prices": {"input_mtok": 2}}]), on="2026-11-25"
    )
    assert [(one.field, one.value) for one in result.oddities] == [("prices[1].constraint.start_date", "2027-01-01")]


def test_hours_of_the_day_are_a_window_of_the_price_card():
    (row, priority) = import_prices(GENAI_PRICES, on="2026-11-25").catalog_mapping["endpoints"]
    assert row["pricing"]["overrides"] == [
        {"utc_start": "1630", "utc_end": "0030", "prompt": "0.000000135", "input_cache_read": "0.000000035", "completion": "0.00000055"}
    ]
    assert (priority["slug"], priority["tier"], priority["pricing"]["prompt"]) == ("deepseek/priority", "priority", "0.00000054")
    assert row["pricing"]["variants"]["priority"] == {"prompt": "0.00000054", "completion": "0.0000022"}


def test_a_length_begins_after_its_last_token():
    (endpoint,) = import_prices(feed(prices={"input_mtok": {"base": 1, "tiers": [{"start": 200_000, "price": 2}]}}), on="2026-11-25").catalog()
    assert endpoint.pricing.to_mapping()["overrides"] == [{"min_prompt_tokens": 200_000, "prompt": "0.000002"}]


def test_names_that_are_listed_are_aliases_and_patterns_are_not():
    assert import_prices(GENAI_PRICES, on="2026-11-25").aliases == {"deepseek-v3": "deepseek-chat"}


def test_a_unit_that_no_price_card_has_is_left_out_by_name():
    result = import_prices(feed(prices={"input_mtok": 1, "audio_hours": 3}), on="2026-11-25")
    assert [one.field for one in result.oddities] == ["prices.audio_hours"]


@pytest.mark.parametrize("on", ["yesterday", "2026-13-01", 7])
def test_a_day_that_is_none_is_a_fault(on):
    with pytest.raises(CatalogError, match=r"on: .* is not a day"):
        import_prices(GENAI_PRICES, on=on)


@pytest.mark.parametrize("document", [None, {}, "x", [{"id": "p"}], [7], [{"id": "p", "models": [3]}]])
def test_a_document_of_another_form_is_a_fault(document):
    with pytest.raises(CatalogError):
        import_prices(document)
