"""The forms of documents that the importer reads, what it refuses, and that nothing is dropped without a word."""

from __future__ import annotations

import contextlib
import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routecore import CatalogError, Facts
from routecore.adapters.openrouter import import_endpoints
from tests.adapters.openrouter.openrouter_feeds import DATA, ENDPOINT, answer, oddities


def ids(document, **options):
    return [endpoint.id for endpoint in import_endpoints(document, **options).catalog()]


def sweep(*rows):
    return {"fetchedAt": "now", "source": {}, "data": [{"modelId": name, "response": response} for name, response in rows]}


def test_an_answer_a_bare_model_a_list_and_a_sweep_give_the_same_endpoints():
    one = answer()
    assert ids(one) == ids(one["data"]) == ids([one]) == ids([[one]]) == ids(sweep(("a/b", one))) == ["a/b@p/fp8"]


def test_a_list_of_sweeps_is_read_in_order():
    assert ids([sweep(("a/b", answer())), sweep(("c/d", answer(id="c/d")), ("e/f", answer(id="e/f")))]) == ["a/b@p/fp8", "c/d@p/fp8", "e/f@p/fp8"]


def test_nothing_in_is_an_empty_catalog():
    assert ids([]) == ids({"data": []}) == ids(answer(endpoints=[])) == []


def test_a_model_without_endpoints_is_said():
    assert oddities(answer(endpoints=[])) == [("endpoints", [])]


def test_a_failed_answer_of_a_sweep_is_refused_by_name_and_the_others_load():
    result = import_endpoints(sweep(("a/b", answer()), ("c/d", {"error": {"code": 404}}), ("e/f", None)))
    assert [endpoint.model for endpoint in result.catalog()] == ["a/b"]
    assert [fault.path for fault in result.refused] == ["data[1].response", "data[2]"]


def test_where_nothing_can_be_imported_every_fault_is_in_one_error():
    with pytest.raises(CatalogError) as caught:
        import_endpoints([{"data": 5}, answer({"tag": 7}, {"tag": "a b"}), {"error": {}}])
    assert sorted(fault.path for fault in caught.value.faults) == ["[0]", "[1].data.endpoints[0].tag", "[1].data.endpoints[1].tag", "[2]"]


@pytest.mark.parametrize("how", ["deep", "cycle"])
def test_a_document_without_a_bottom_is_an_error_and_no_overflow(how):
    document: list = []
    if how == "cycle":
        document.append(document)
    for _ in range(5000):
        document = [document]
    with pytest.raises(CatalogError):
        import_endpoints(document)


def test_a_renamed_answer_is_refused_where_it_is_asked_for():
    document = sweep(("a/b:free", answer()), ("a/b", answer()))
    assert ids(document) == ["a/b:free@p/fp8", "a/b@p/fp8"]
    result = import_endpoints(document, renamed="refuse")
    assert [endpoint.model for endpoint in result.catalog()] == ["a/b"]
    assert [fault.path for fault in result.refused] == ["data[0].response.data.endpoints[0]"]
    assert result.rows_read == 2


def test_a_model_is_named_by_its_endpoint_where_the_answer_has_no_name():
    assert ids(answer({"model_id": "c/d"}, id=None)) == ["c/d@p/fp8"]


@pytest.mark.parametrize("name", ["a b", "a@b", "", 7, "x" * 257])
def test_a_row_whose_model_is_no_name_is_refused(name):
    with pytest.raises(CatalogError) as caught:
        import_endpoints(answer(id=name))
    assert caught.value.param == "data.endpoints[0].model_id"


@pytest.mark.parametrize("tag", ["p#2", "p@q", "", "/fp8", "a b", 7, [], "x" * 257])
def test_a_row_whose_tag_is_no_slug_is_refused(tag):
    result = import_endpoints(answer({"tag": tag}, {}))
    assert [fault.path for fault in result.refused] == ["data.endpoints[0].tag"]


def test_a_missing_tag_is_made_of_the_providers_name_and_said():
    document = answer({"tag": None, "provider_name": "Atlas Cloud"})
    assert ids(document) == ["a/b@atlas-cloud"]
    assert oddities(document) == [("tag", None)]


def test_tags_that_differ_in_case_alone_are_twins():
    assert ids(answer({"tag": "P/FP8"}, {"tag": "p/fp8"}, {"tag": "p/Fp8"})) == ["a/b@p/fp8", "a/b@p/fp8#2", "a/b@p/fp8#3"]


def test_a_row_that_only_the_catalog_refuses_is_named_by_its_place_in_the_feed():
    long = "p" * 256
    result = import_endpoints([answer({"tag": long, "uptime_last_5m": 98}), answer({"tag": long, "uptime_last_5m": 97}, {})])
    assert [endpoint.slug for endpoint in result.catalog()] == [long, "p/fp8"]
    assert [fault.path for fault in result.refused] == ["[1].data.endpoints[0].slug"]  # numbering it made it too long
    assert list(result.stats) == [f"a/b@{long}"]


def test_one_tag_of_two_models_is_no_twin():
    assert ids([answer(), answer(id="c/d")]) == ["a/b@p/fp8", "c/d@p/fp8"]


@pytest.mark.parametrize(("status", "disabled"), [(-5, True), (-1, True), (1, False), ("-2", False), (True, False)])
def test_only_a_negative_number_disables_and_every_other_status_is_said(status, disabled):
    document = answer({"status": status})
    (endpoint,) = import_endpoints(document, negative_status="disable").catalog()
    assert endpoint.disabled is disabled
    assert oddities(document) == [("status", status)]


@pytest.mark.parametrize("field", ["context_length", "max_completion_tokens", "max_prompt_tokens"])
@pytest.mark.parametrize("value", [-1, "many", 1.5, True, 2**70])
def test_a_limit_that_is_no_number_of_tokens_is_unknown_and_said(field, value):
    document = answer({field: value})
    (endpoint,) = import_endpoints(document).catalog()
    ours = {"max_completion_tokens": "max_output_tokens"}.get(field, field)
    assert getattr(endpoint, ours) is None
    assert oddities(document) == [(field, value)]


@pytest.mark.parametrize("field", ["context_length", "supported_parameters", "supports_implicit_caching"])
def test_a_missing_field_is_said_and_the_row_loads(field):
    document = answer()
    del document["data"]["endpoints"][0][field]
    assert oddities(document) == [(field, None)]
    assert len(ids(document)) == 1


def test_an_import_is_the_same_every_time_and_leaves_its_input_alone():
    document = sweep(("a/b", answer({}, {"status": -2, "context_length": 0})))
    before = json.dumps(document)
    assert import_endpoints(document) == import_endpoints(document)
    assert json.dumps(document) == before


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.sampled_from(["p", "-1", "0", "p#2", "P/FP8", "\ud800"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["p50", "prompt", "endpoints", "id"]), inner, max_size=2),
    max_leaves=5,
)
ENDPOINTS = st.dictionaries(st.sampled_from([*ENDPOINT, "model_id", "uptime_last_5m"]), VALUES).map(lambda changes: {**ENDPOINT, **changes}) | VALUES
MODELS = st.fixed_dictionaries({"endpoints": st.lists(ENDPOINTS, max_size=3)}, optional={"id": VALUES | st.just("a/b"), "architecture": VALUES})
ANSWERS = MODELS | MODELS.map(lambda model: {"data": model}) | VALUES
ROWS = st.fixed_dictionaries({}, optional={"modelId": VALUES | st.just("a/b"), "response": ANSWERS})
DOCUMENTS = ANSWERS | st.lists(ROWS, max_size=3).map(lambda rows: {"data": rows}) | st.lists(ANSWERS, max_size=3)


@given(DOCUMENTS, st.none() | DOCUMENTS, st.sampled_from(["keep", "refuse"]), st.sampled_from(["keep", "disable"]), st.sampled_from(["apply", "leave out"]))
def test_every_row_of_any_document_is_an_endpoint_or_named_and_nothing_else_is_raised(document, stats, renamed, status, discount):
    """Law: an import is a ``CatalogError``, or its rows load, its statistics are facts, and every row read is loaded or refused by its path."""
    with contextlib.suppress(CatalogError):
        result = import_endpoints(document, stats=stats, renamed=renamed, negative_status=status, discount=discount)
        loaded = len(result.catalog())
        refused = {fault.path[: fault.path.index("]", fault.path.rindex("endpoints[")) + 1] for fault in result.refused if "endpoints[" in fault.path}
        assert loaded + len(refused) == result.rows_read
        Facts.from_mapping(result.stats)
        assert all(endpoint in result.catalog() for endpoint in result.stats)
        json.dumps([result.summary(), [one.to_dict() for one in result.oddities]])


SWEEPS = {
    "endpoints_20260516T094711Z.json.gz": {"rows": 927, "status": 47, "quantization": 0},
    "endpoints_20260516T221758Z.json.gz": {"rows": 921, "status": 55, "quantization": 0},
}
EVERY_SWEEP = {
    "pricing.discount": 51, "pricing.image": 37, "pricing.image_output": 9, "id": 27, "endpoints": 20, "pricing.input_cache_write": 18,
    "pricing.input_cache_read": 1, "pricing.completion": 3, "pricing.prompt": 4, "context_length": 1, "tag": 1,
}  # fmt: skip


@pytest.mark.skipif(not DATA.is_dir(), reason="the real sweeps are not part of the project")
@pytest.mark.parametrize("name", SWEEPS)
def test_the_oddities_of_a_real_sweep_are_those_that_were_counted_by_hand(name):
    feed = json.loads(gzip.decompress((DATA / "openrouter_endpoints" / name).read_bytes()))
    result = import_endpoints(feed)
    counted = dict.fromkeys([*EVERY_SWEEP, *SWEEPS[name]], 0)
    for one in result.oddities:
        counted[one.field] = counted.get(one.field, 0) + 1
    expected = {**EVERY_SWEEP, **SWEEPS[name]}
    assert (len(result.catalog()), result.rows_read) == (expected.pop("rows"), SWEEPS[name]["rows"])
    del counted["rows"], counted["uptime_last_1d"]
    assert counted == expected


def test_a_list_of_models_is_told_in_one_message_that_says_what_it_is_and_how_to_give_it():
    models = {"data": [{"id": f"a/{index}", "architecture": {}, "pricing": {"prompt": "0"}} for index in range(300)]}
    with pytest.raises(CatalogError) as caught:
        import_endpoints(models)
    (fault,) = caught.value.faults
    assert fault.path == "document"
    assert fault.value == "a /models list of 300 models, which holds no endpoints"
    assert "--models" in fault.expected


def test_a_list_of_models_among_answers_is_refused_once_and_the_answers_are_kept():
    models = [{"id": "a/b", "context_length": 1}, {"id": "a/c", "pricing": {}}]
    result = import_endpoints([answer(), models, {"data": models}])
    assert [fault.path for fault in result.refused] == ["[1]", "[2]"]
    assert len(result.catalog()) == 1
