"""The importer against small feeds, hostile ones, and real sweeps where they are at hand."""

from __future__ import annotations

import contextlib
import gzip
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routecore import CatalogError, Facts, decide
from routecore.adapters.openrouter import import_endpoints
from tests.adapters.openrouter.openrouter_feeds import DATA, ENDPOINT, answer, oddities, only_row


def test_an_endpoint_comes_over_with_its_names_limits_and_prices():
    row = only_row(answer())
    assert row == {
        "model": "a/b",
        "provider": "p",
        "slug": "p/fp8",
        "quantization": "fp8",
        "context_length": 1000,
        "max_output_tokens": 100,
        "supported_parameters": ["tools"],
        "input_modalities": ["text", "image"],
        "implicit_caching": False,
        "pricing": {"prompt": "0.000001", "completion": "0.000002"},
    }
    assert oddities(answer()) == []


def test_a_context_length_of_0_is_unknown_and_said():
    document = answer({"context_length": 0})
    assert "context_length" not in only_row(document)
    assert oddities(document) == [("context_length", 0)]


def test_a_price_of_minus_1_is_unknown_and_never_free():
    document = answer({"pricing": {"completion": "-1"}})
    assert "completion" not in only_row(document)["pricing"]
    assert oddities(document) == [("pricing.completion", "-1")]
    assert import_endpoints(document).catalog().endpoints[0].pricing.quote_femtodollars(1, 1) is None


@pytest.mark.parametrize("key", ["internal_reasoning", "input_cache_write"])
def test_a_zero_that_means_no_separate_charge_is_left_out(key):
    document = answer({"pricing": {key: "0"}})
    assert key not in only_row(document)["pricing"]
    assert oddities(document) == [(f"pricing.{key}", "0")]


def test_a_free_endpoint_stays_free_and_is_said():
    document = answer({"pricing": {"prompt": "0", "completion": "0"}})
    assert only_row(document)["pricing"] == {"prompt": "0", "completion": "0"}
    assert oddities(document) == [("pricing.prompt", "0"), ("pricing.completion", "0")]


def test_a_price_finer_than_a_femtodollar_is_rounded_and_said():
    document = answer({"pricing": {"input_cache_write": "0.00000008333333333333334"}})
    assert only_row(document)["pricing"]["input_cache_write"] == "0.000000083333333"
    assert oddities(document) == [("pricing.input_cache_write", "0.00000008333333333333334")]


def test_an_unknown_price_is_named_and_left_out():
    document = answer({"pricing": {"hologram": "0.1"}})
    assert "hologram" not in only_row(document)["pricing"]
    assert oddities(document) == [("pricing.hologram", "0.1")]


def test_a_discount_is_in_the_listed_price_unless_the_caller_knows_better():
    document = answer({"pricing": {"discount": 0.25}})
    assert "discount" not in only_row(document)["pricing"]
    assert only_row(document, discount="apply")["pricing"]["discount"] == "0.25"
    assert oddities(document) == oddities(document, discount="apply") == [("pricing.discount", 0.25)]


def test_a_status_code_is_kept_as_an_oddity_and_disables_only_when_asked():
    document = answer({"status": -2})
    assert "disabled" not in only_row(document)
    assert only_row(document, negative_status="disable")["disabled"] is True
    assert oddities(document) == [("status", -2)]


def test_twins_are_numbered_and_both_load():
    document = answer({}, {"context_length": 2000}, {"tag": "q"})
    result = import_endpoints(document)
    assert [endpoint.slug for endpoint in result.catalog()] == ["p/fp8", "p/fp8#2", "q"]
    assert [one.field for one in result.oddities] == ["tag"]


def test_an_unknown_quantization_is_unknown_and_said():
    document = answer({"quantization": "q4_k_m"})
    assert only_row(document)["quantization"] == "unknown"
    assert oddities(document) == [("quantization", "q4_k_m")]


@pytest.mark.parametrize("level", [None, "", "unknown"])
def test_no_quantization_is_unknown_and_no_oddity(level):
    document = answer({"quantization": level})
    assert only_row(document)["quantization"] == "unknown"
    assert oddities(document) == []


def test_latency_comes_over_in_seconds():
    result = import_endpoints(answer({"latency_last_30m": {"p50": 2687, "p99": 30351.36}}))
    assert result.stats["a/b@p/fp8"]["latency"] == {"p50": 2.687, "p99": 30351.36 / 1000}


def test_throughput_that_rises_keeps_its_p50_alone():
    result = import_endpoints(answer({"throughput_last_30m": {"p50": 35, "p75": 42, "p90": 47, "p99": 58}}))
    assert result.stats["a/b@p/fp8"]["throughput"] == {"p50": 35.0}
    assert [one.field for one in result.oddities] == ["throughput_last_30m"]


def test_throughput_that_falls_comes_over_whole():
    result = import_endpoints(answer({"throughput_last_30m": {"p50": 58, "p75": 47, "p90": 42, "p99": 35}}))
    assert result.stats["a/b@p/fp8"]["throughput"] == {"p50": 58.0, "p75": 47.0, "p90": 42.0, "p99": 35.0}


def test_uptime_is_the_success_rate():
    assert import_endpoints(answer({"uptime_last_30m": 99.5})).stats["a/b@p/fp8"]["success_rate"] == 0.995


def test_a_policy_comes_from_the_directory_and_a_provider_without_one_is_named():
    providers = {"data": [{"slug": "P", "dataPolicy": {"training": False, "retainsPrompts": False}}]}
    result = import_endpoints(answer({}, {"tag": "q"}), providers=providers)
    rows = result.catalog_mapping["endpoints"]
    assert rows[0]["data_policy"] == {"trains": False, "retains": False}
    assert "data_policy" not in rows[1]
    assert [(one.field, one.value) for one in result.oddities] == [("data_policy", "q")]


def test_without_a_directory_policies_are_unknown_and_a_zdr_request_finds_nobody():
    from routecore import NoEligibleEndpoint

    with pytest.raises(NoEligibleEndpoint):
        decide(import_endpoints(answer()).catalog(), {"model": "a/b", "provider": {"zdr": True}})


def test_a_sweep_keeps_the_name_that_a_model_was_asked_by():
    sweep = {"fetchedAt": "now", "data": [{"modelId": "a/b:free", "response": answer()}, {"modelId": "c/d", "response": answer(id="c/d")}]}
    result = import_endpoints(sweep)
    assert list(result.catalog().models) == ["a/b:free", "c/d"]
    assert [(one.field, one.value) for one in result.oddities] == [("id", "a/b")]


def test_a_row_that_cannot_be_an_endpoint_is_refused_by_name_and_the_others_load():
    result = import_endpoints(answer({"tag": "white space"}, {}))
    assert [endpoint.slug for endpoint in result.catalog()] == ["p/fp8"]
    assert [fault.path for fault in result.refused] == ["data.endpoints[0].tag"]
    assert result.rows_read == 2


@pytest.mark.parametrize("document", [None, 7, "text", {}, {"data": {"history": []}}, [7], {"data": 7}])
def test_another_document_is_a_catalog_error(document):
    with pytest.raises(CatalogError):
        import_endpoints(document)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(
    field=st.sampled_from([*ENDPOINT, "uptime_last_5m", "uptime_last_30m"]),
    value=JSON,
    key=st.sampled_from(["prompt", "completion", "image", "discount", "x"]),
    price=JSON,
)
@settings(deadline=None)
def test_whatever_a_field_holds_the_feed_loads_or_says_why(field, value, key, price):
    document = answer({"pricing": {key: price}}, {})
    document["data"]["endpoints"][0][field] = value
    result = import_endpoints(document)
    assert len(result.catalog()) + len(result.refused) == 2
    Facts.from_mapping(result.stats)
    json.dumps(result.summary())


@given(JSON)
def test_whatever_the_document_is_only_a_catalog_error_is_raised(document):
    with contextlib.suppress(CatalogError):
        import_endpoints(document)


@pytest.mark.skipif(not DATA.is_dir(), reason="the real sweeps are not part of the project")
@pytest.mark.parametrize("name", ["endpoints_20260516T094711Z.json.gz", "endpoints_20260516T221758Z.json.gz"])
def test_every_endpoint_of_a_real_sweep_loads(name):
    sweep = json.loads(gzip.decompress((DATA / "openrouter_endpoints" / name).read_bytes()))
    providers = json.loads((DATA / "openrouter_providers" / "fe_all_providers_datapolicy_202606.json").read_text())
    result = import_endpoints(sweep, providers=providers)
    rows = sum(len(one["response"]["data"]["endpoints"]) for one in sweep["data"])
    assert rows > 900
    assert (len(result.catalog()), len(result.refused), result.rows_read) == (rows, 0, rows)
    assert {"status", "tag", "context_length", "pricing.discount"} <= {one.field for one in result.oddities}


@pytest.mark.skipif(not DATA.is_dir(), reason="the real captures are not part of the project")
@pytest.mark.parametrize("name", ["kimi-k3_endpoints_20260825.json", "pulse_endpoints_full_multimodal.json", "pulse_endpoints_sparse.json"])
def test_a_real_capture_gives_statistics_that_decide(name):
    result = import_endpoints(json.loads((DATA / "openrouter_live_stats" / name).read_text()))
    catalog = result.catalog()
    facts = Facts.from_mapping(result.stats)
    (model,) = catalog.models
    plan = decide(catalog, {"model": model, "provider": {"sort": "latency"}}, facts)
    latencies = [facts.stats[attempt.endpoint.id].latency.p50 for attempt in plan]
    assert latencies == sorted(latencies)
    assert not facts.rising
