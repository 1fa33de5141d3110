"""The table of feeds: every document is recognised as its own feed, every option is its importer's."""

from __future__ import annotations

from importlib import import_module
from inspect import signature

import pytest

from routecore import CatalogError
from routecore.adapters.feeds import FEEDS, feed_of, import_feed
from tests.adapters.feed_documents import DOCUMENTS


@pytest.mark.parametrize("name", FEEDS)
def test_a_document_of_a_feed_is_recognised_and_imported(name):
    assert feed_of(DOCUMENTS[name]).name == name
    assert len(import_feed(DOCUMENTS[name]).catalog()) >= 1


@pytest.mark.parametrize("name", FEEDS)
def test_a_feeds_options_are_its_importers_keywords(name):
    module, _, function = FEEDS[name].importer.partition(":")
    parameters = signature(getattr(import_module(module), function)).parameters
    assert FEEDS[name].options == {one.name for one in parameters.values() if one.kind is one.KEYWORD_ONLY}


@pytest.mark.parametrize("document", [{"endpoints": []}, {}, [], None, 7, "text", {"a": 1}, [{"id": "x"}], {"data": 3}, [[]]])
def test_what_is_of_no_feed_is_not_recognised(document):
    assert feed_of(document) is None
    with pytest.raises(CatalogError, match=r"a feed that is known: openrouter, litellm, genai-prices, models\.dev"):
        import_feed(document)


def test_an_option_of_another_feed_is_a_fault_that_names_what_this_one_takes():
    with pytest.raises(CatalogError, match=r"discount: 'apply' is not an option of the feed 'litellm': canonical, policies"):
        import_feed(DOCUMENTS["litellm"], discount="apply")


def test_a_feed_that_is_not_known_is_a_fault_that_names_the_known_ones():
    with pytest.raises(CatalogError, match=r"feed: 'litelm' is not one of openrouter, litellm, genai-prices, models\.dev"):
        import_feed({}, "litelm")


@pytest.mark.parametrize("name", FEEDS)
def test_a_table_of_data_policies_is_joined_and_its_gaps_are_told(name):
    without = import_feed(DOCUMENTS[name])
    assert without.summary()["data_policies"]["unknown"] == len(without.catalog())
    assert "'zdr'" in without.summary()["data_policies"]["note"]
    providers = {endpoint.provider for endpoint in without.catalog()}
    joined = import_feed(DOCUMENTS[name], policies={provider: {"trains": False, "retains": False} for provider in providers})
    assert joined.summary()["data_policies"] == {"known": len(without.catalog()), "unknown": 0}
    assert not any(endpoint.data_policy.may_retain for endpoint in joined.catalog())


@pytest.mark.parametrize("name", FEEDS)
def test_a_canonical_name_goes_before_the_feeds_own_and_is_an_alias_of_it(name):
    own = import_feed(DOCUMENTS[name]).catalog_mapping["endpoints"][0]["model"]
    renamed = import_feed(DOCUMENTS[name], canonical={own: "house/model"})
    assert renamed.catalog_mapping["endpoints"][0]["model"] == "house/model"
    assert own not in {row["model"] for row in renamed.catalog_mapping["endpoints"]}


@pytest.mark.parametrize("canonical", [[], {"a": "b c"}, {"a": None}, 3])
def test_a_table_of_names_that_is_none_is_a_fault(canonical):
    with pytest.raises(CatalogError, match="canonical"):
        import_feed(DOCUMENTS["litellm"], canonical=canonical)


@pytest.mark.parametrize(
    "policies", [[], {"a b": {}}, {"p": True}, {"p": {"trains": "no"}}, {"p": {"trian": True}}, {"policies": {"p": {"retains": 0}}}], ids=str
)
def test_a_table_of_policies_that_is_none_is_a_fault_with_its_path(policies):
    with pytest.raises(CatalogError, match="policies"):
        import_feed(DOCUMENTS["litellm"], policies=policies)
