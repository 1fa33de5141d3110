"""What provider directories and model lists add to an import."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routecore import CatalogError
from routecore.adapters.openrouter import import_endpoints, read_policies
from routecore.adapters.openrouter.policies import read_modalities
from tests.adapters.openrouter.openrouter_feeds import DATA, answer, oddities, only_row


def row(slug, **policy):
    return {"slug": slug, "dataPolicy": policy}


def test_only_what_is_stated_comes_over():
    assert read_policies([row("p", training=False)]).of("p") == {"trains": False}
    assert read_policies([row("p", retainsPrompts=True)]).of("p") == {"retains": True}
    assert read_policies([row("p", training=None), {"slug": "q"}]).of("p") is None


def test_a_provider_that_is_listed_without_a_policy_is_told_from_one_that_is_not_listed():
    document = answer({}, {"tag": "q"})
    result = import_endpoints(document, providers=[{"slug": "p"}])
    assert [one.done.partition(":")[0] for one in result.oddities] == ["the provider directory states no policy", "not in the provider directory"]
    assert not any("data_policy" in row for row in result.catalog_mapping["endpoints"])


def test_an_unknown_policy_is_the_careful_one_in_the_catalog():
    (endpoint,) = import_endpoints(answer(), providers=[]).catalog()
    assert (endpoint.data_policy.may_train, endpoint.data_policy.may_retain) == (True, True)


def test_a_variant_has_its_providers_policy():
    assert only_row(answer({"tag": "P/FP8"}), providers=[row("P", training=True, retainsPrompts=False)])["data_policy"] == {"trains": True, "retains": False}


def test_of_rows_that_contradict_each_other_the_careful_one_counts_in_either_order():
    rows = [row("p", training=False, retainsPrompts=True), row("p", training=True, retainsPrompts=False)]
    for order in (rows, rows[::-1]):
        read = read_policies(order)
        assert read.of("p") == {"trains": True, "retains": True}
        assert len(read.oddities) == 2


@pytest.mark.parametrize("value", ["no", 0, 1, []])
def test_a_statement_that_is_neither_true_nor_false_is_unknown_and_said(value):
    read = read_policies([row("p", training=value, retainsPrompts=False)])
    assert read.of("p") == {"retains": False}
    assert [(one.path, one.field, one.value) for one in read.oddities] == [("providers[0]", "dataPolicy.training", value)]


@pytest.mark.parametrize("bad", [7, None, {}, {"slug": 3}, {"slug": "a b"}])
def test_a_row_without_a_slug_is_left_out_and_said(bad):
    read = read_policies({"data": [bad, row("p", training=False)]})
    assert read.listed == {"p"}
    assert [one.path for one in read.oddities] == ["providers.data[0]"]


def test_what_was_odd_about_a_directory_is_told_with_the_import():
    assert ("slug", 7) in oddities(answer(), providers=[7, row("p", training=False, retainsPrompts=False)])


def test_several_directories_are_read_together():
    read = read_policies([{"data": [row("p", training=False)]}, [row("q", retainsPrompts=False)]])
    assert (read.of("p"), read.of("q")) == ({"trains": False}, {"retains": False})


@pytest.mark.parametrize("directory", [None, 7, "text", {}, {"data": 7}])
def test_another_document_is_an_error_that_names_it(directory):
    with pytest.raises(CatalogError) as caught:
        read_policies(directory)
    assert caught.value.param == "providers"


def test_every_faulty_directory_of_several_is_named():
    with pytest.raises(CatalogError) as caught:
        read_policies([{"data": 7}, {"data": []}, {"data": None}])
    assert [fault.path for fault in caught.value.faults] == ["providers[0]", "providers[2]"]


def test_modalities_come_from_a_list_of_models_only_where_the_answer_states_none():
    models = {"data": [{"id": "a/b", "architecture": {"input_modalities": ["text", "audio"]}}]}
    assert only_row(answer(), models=models)["input_modalities"] == ["text", "image"]
    assert only_row(answer(architecture=None), models=models)["input_modalities"] == ["text", "audio"]


def test_modalities_that_nobody_states_are_text_and_said():
    document = answer(architecture={"input_modalities": []})
    assert "input_modalities" not in only_row(document)
    assert oddities(document) == [("architecture.input_modalities", [])]
    assert import_endpoints(document).catalog().endpoints[0].input_modalities == {"text"}


@pytest.mark.parametrize("models", [7, {"data": 7}])
def test_a_list_of_models_that_is_none_is_an_error_that_names_it(models):
    with pytest.raises(CatalogError) as caught:
        import_endpoints(answer(), models=models)
    assert caught.value.param == "models"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.sampled_from(["p", "q"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["data", "slug", "id", "dataPolicy", "training", "retainsPrompts", "architecture", "input_modalities"]), inner)
    ),
    max_leaves=12,
)


@given(JSON)
def test_whatever_a_directory_is_it_is_read_or_a_catalog_error(document):
    """Law: reading any JSON as a directory or a list of models ends, with a result or a ``CatalogError``; no policy states more than booleans."""
    with contextlib.suppress(CatalogError):
        read = read_policies(document)
        assert all(type(value) is bool for stated in read.stated.values() for value in stated.values())
    with contextlib.suppress(CatalogError):
        import_endpoints(answer(architecture=None), models=document).catalog()
    with contextlib.suppress(CatalogError):
        read_modalities(document)


@pytest.mark.skipif(not DATA.is_dir(), reason="the real directories are not part of the project")
def test_the_real_directories_read_together_without_a_contradiction():
    files = [json.loads((DATA / "openrouter_providers" / name).read_text()) for name in ("fe_all_providers_datapolicy_202606.json", "providers_20260506.json")]
    read = read_policies(files)
    assert (len(read.stated), len(read.listed), read.oddities) == (22, 81, ())
    assert read.of("deepseek") == {"trains": True, "retains": True}
