"""Catalogs as people write them: YAML without surprises, prices per million, nothing lost."""

from __future__ import annotations

import json

import pytest

from routecore import Catalog, CatalogError
from routecore.catalog.by_hand import expand_by_hand

yaml = pytest.importorskip("yaml", reason="PyYAML is not installed: pip install 'routecore[yaml]'")

PAGE = """
# what we pay, from the invoices of October
endpoints:
  - model: acme/large        # our own name
    provider: north
    slug: north/fp8
    quantization: fp8
    disabled: false
    pricing:
      per_million: {prompt: 0.27, completion: 1.10, overrides: [{min_prompt_tokens: 200000, prompt: 0.54}]}
      request: 0.001
  - {model: acme/large, provider: no, supported_parameters: [on, tools], pricing: {prompt: 2e-7}}
"""


def load(tmp_path, text, name="c.yaml"):
    (tmp_path / name).write_text(text, encoding="utf-8")
    return Catalog.load(tmp_path / name)


def test_a_page_of_yaml_is_a_catalog(tmp_path):
    catalog = load(tmp_path, PAGE)
    assert [endpoint.id for endpoint in catalog] == ["acme/large@north/fp8", "acme/large@no"]
    assert catalog.endpoints[0].pricing.to_mapping() == {
        "prompt": "0.00000027",
        "completion": "0.0000011",
        "request": "0.001",
        "overrides": [{"min_prompt_tokens": 200_000, "prompt": "0.00000054"}],
    }


def test_only_true_and_false_are_flags_and_no_word_turns_into_one(tmp_path):
    assert load(tmp_path, PAGE).endpoints[1].supported_parameters == {"on", "tools"}
    with pytest.raises(CatalogError, match=r"endpoints\[0\].disabled: 'yes' is not true or false"):
        load(tmp_path, "endpoints: [{model: a, provider: p, disabled: yes}]")


@pytest.mark.parametrize("text", ["2026-11-25", "12:30", "0x1f", "0o17", "1_000"])
def test_dates_times_and_other_bases_stay_text(tmp_path, text):
    assert load(tmp_path, f"endpoints: [{{model: {text}, provider: p}}]").endpoints[0].model == text


def test_yaml_and_json_of_one_content_are_one_catalog(tmp_path):
    mapping = load(tmp_path, PAGE).to_mapping()
    assert load(tmp_path, json.dumps(mapping), "c.json").version == load(tmp_path, yaml.safe_dump(mapping)).version == load(tmp_path, PAGE).version


def test_a_key_that_stands_twice_is_a_fault_with_its_line(tmp_path):
    with pytest.raises(CatalogError, match=r'the key "provider" stands here for the second time.*line 4'):
        load(tmp_path, "endpoints:\n- model: a\n  provider: p\n  provider: q\n")


@pytest.mark.parametrize("text", ["endpoints: [", "a: !!python/object:os.system {}", "\x00", "a: *b", "- " * 5000])
def test_what_is_no_yaml_is_a_fault_that_names_the_file(tmp_path, text):
    with pytest.raises(CatalogError, match=r"c\.yaml"):
        load(tmp_path, text)


@pytest.mark.parametrize(
    ("pricing", "fault"),
    [
        ({"per_million": {"request": 1}}, r"endpoints\[0\].pricing.per_million.request: 1 is not a price of tokens"),
        ({"per_million": {"prompt": 1}, "prompt": 1}, r"per_million.prompt: 1 is not a price given once"),
        ({"per_million": {"prompt": "1e-10"}}, r"per_million.prompt: '1e-10' is not a price"),
        ({"per_million": {"prompt": -1}}, r"per_million.prompt: -1 is not a price"),
        ({"per_million": [1]}, r"per_million: \[1\] is not an object of prices"),
        ({"per_million": {"promt": 1}}, r"pricing.promt"),
    ],
)
def test_prices_per_million_that_are_none_are_faults_with_their_path(tmp_path, pricing, fault):
    with pytest.raises(CatalogError, match=fault):
        load(tmp_path, json.dumps({"endpoints": [{"model": "a", "provider": "p", "pricing": pricing}]}), "c.json")


def test_variants_and_multipliers_stand_in_prices_per_million_too():
    pricing = {"per_million": {"prompt": 2, "cache_read_multiplier": 0.1, "variants": {"flex": {"prompt": 1}}}}
    made = expand_by_hand({"endpoints": [{"model": "a", "provider": "p", "pricing": pricing}]})["endpoints"][0]["pricing"]
    assert made == {"prompt": "0.000002", "cache_read_multiplier": 0.1, "variants": {"flex": {"prompt": "0.000001"}}}


def test_a_catalog_without_prices_per_million_is_handed_on_as_it_is():
    mapping = {"endpoints": [{"model": "a", "provider": "p", "pricing": {"prompt": 1}}]}
    assert expand_by_hand(mapping) is mapping
