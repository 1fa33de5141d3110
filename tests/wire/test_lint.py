"""What looks wrong though it is well-formed: each lint finds its own, and a catalog in order has none."""

from __future__ import annotations

import pytest

from routecore import Catalog, example_catalog, example_facts
from routecore.wire.lint import LINTS, lint


def catalog(*rows):
    return Catalog.from_mapping({"endpoints": [{"model": "a/b", "provider": f"p{place}", **row} for place, row in enumerate(rows)]})


def found(known, **given):
    return [(one.lint, one.where) for one in lint(known, **given)]


def priced(*prices):
    return catalog(*({"pricing": {"prompt": price}} for price in prices))


def test_the_example_catalog_and_its_statistics_are_in_order():
    stats = example_facts().to_mapping()["stats"]
    assert found(example_catalog(), stats=stats, blocks={"b": {"order": ["deepinfra"], "quantizations": ["fp8", "unknown"]}}) == []


@pytest.mark.parametrize("slug", ["p0", "P0", "azure", "azure/eu", "Azure/EU"])
def test_a_slug_or_its_beginning_in_any_case_is_alive(slug):
    known = catalog({}, {"provider": "azure", "slug": "azure/eu"})
    assert found(known, blocks={"b": {"order": [slug]}}) == []


def test_a_dead_slug_is_named_with_what_it_may_have_meant():
    (one,) = lint(catalog({"provider": "deepinfra"}), blocks={"team.json": {"ignore": ["deepinfa"]}})
    assert (one.lint, one.where, one.remedy) == ("dead_slug", "team.json.ignore", "did you mean 'deepinfra'?")


@pytest.mark.parametrize(
    ("prices", "where"),
    [
        (("0.000001", "0.000002", "0.001"), "a/b@p2 pricing.prompt"),
        (("0.000001", "0.000002", "1.5"), "a/b@p2 pricing.prompt"),
        (("0.000001", "0.000002", "0.000000001"), "a/b@p2 pricing.prompt"),
        (("2.5",), "a/b@p0 pricing.prompt"),
    ],
)
def test_a_price_off_by_a_thousand_or_a_million_is_found(prices, where):
    assert found(priced(*prices)) == [("price_scale", where)]


@pytest.mark.parametrize("prices", [("0.000001", "0.00001", "0.00005"), ("0", "0.000001"), ("0.0006",), ()])
def test_prices_that_differ_by_tens_and_free_ones_are_in_order(prices):
    assert found(priced(*prices)) == []


def test_milliseconds_as_seconds_are_found_from_a_hundred_on():
    stats = {"a/b@p0": {"latency": {"p50": 814.5}}, "a/b@p1": {"latency": {"p50": 99.9}}, "a/b@p2": {"latency": None}, "x": 7}
    assert found(catalog({}), stats=stats) == [("milliseconds", "stats.a/b@p0.latency.p50")]


def test_a_list_of_levels_that_drops_the_unknown_is_found_only_where_it_drops_one():
    block = {"b": {"quantizations": ["fp8"]}}
    assert found(catalog({"quantization": "fp8"}), blocks=block) == []
    assert found(catalog({"quantization": "fp8"}, {}), blocks=block) == [("unknown_dropped", "b.quantizations")]
    assert found(catalog({}), blocks={"b": {"quantizations": ["fp8", "none"]}}) == []


def test_policies_that_contradict_each_other_are_found():
    rows = [{"provider": "p", "model": name, "data_policy": {"retains": retains}} for name, retains in (("a", True), ("b", False))]
    assert found(catalog(*rows)) == [("contradictory_policies", "p data_policy.retains")]
    assert found(catalog({"data_policy": {"trains": True, "retains": False}})) == [("contradictory_policies", "a/b@p0")]


def test_variants_of_one_provider_may_have_policies_of_their_own():
    rows = [{"provider": "azure", "slug": slug, "data_policy": {"retains": slug == "azure"}} for slug in ("azure", "azure/eu")]
    assert found(catalog(*rows)) == []


@pytest.mark.parametrize("junk", [None, 7, "x", [], {"order": 7, "quantizations": "fp8"}, {"order": [None, 7]}])
def test_blocks_and_statistics_that_are_none_are_nothing_to_look_at(junk):
    assert lint(catalog({}), stats={"a/b@p0": junk}, blocks={"b": junk}) == []


def test_every_lint_of_the_table_is_found_by_one_of_these():
    assert set(LINTS) == {"dead_slug", "price_scale", "milliseconds", "unknown_dropped", "contradictory_policies"}
