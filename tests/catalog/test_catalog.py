"""The catalog: what a row may say, what it means when it does not, and every fault of every row at once."""

from __future__ import annotations

import copy
import json
import math
import pickle
import subprocess
import sys
from decimal import Decimal

import pytest

from routecore import Catalog, CatalogError, DataPolicy, Endpoint, decide_scenario
from tests.routing.scenes import ask, error, faults, row, scene


def catalog(*rows):
    return Catalog.from_mapping({"endpoints": list(rows)})


def one(**fields):
    return catalog({"model": "a/b", "provider": "p", **fields}).endpoints[0]


def with_catalog(value):
    return decide_scenario({"catalog": value, "request": {"model": "a/b"}})


def bad(*rows):
    return faults(ask(*rows), "invalid_catalog")


# --- what is missing --------------------------------------------------------------------------------------------------------------------------

OPTIONAL = [
    "slug", "quantization", "context_length", "max_output_tokens", "max_prompt_tokens", "supported_parameters", "input_modalities",
    "implicit_caching", "data_policy", "distillable", "disabled", "pricing",
]  # fmt: skip


@pytest.mark.parametrize("fields", [{}, dict.fromkeys(OPTIONAL)])
def test_what_a_row_does_not_say_has_the_documented_meaning(fields):
    endpoint = one(**fields)
    assert (endpoint.slug, endpoint.id, endpoint.quantization) == ("p", "a/b@p", "unknown")
    assert (endpoint.context_length, endpoint.max_output_tokens, endpoint.max_prompt_tokens) == (None, None, None)
    assert (endpoint.supported_parameters, endpoint.input_modalities) == (frozenset(), {"text"})
    assert (endpoint.implicit_caching, endpoint.distillable, endpoint.disabled, endpoint.pricing) == (False, False, False, None)
    assert (endpoint.data_policy.may_train, endpoint.data_policy.may_retain) == (True, True)


@pytest.mark.parametrize(
    ("policy", "trains", "retains"),
    [
        (None, True, True),
        ({}, True, True),
        ({"trains": None, "retains": None}, True, True),
        ({"trains": True}, True, True),
        ({"trains": False}, False, True),
        ({"retains": True}, True, True),
        ({"retains": False}, False, False),
        ({"retains": False, "trains": None}, False, False),
        ({"retains": False, "trains": True}, True, False),
        ({"retains": True, "trains": False}, False, True),
        ({"retains": False, "trains": False}, False, False),
    ],
)
def test_an_unknown_policy_is_taken_to_retain_and_to_train_but_who_does_not_retain_does_not_train(policy, trains, retains):
    found = one(data_policy=policy).data_policy
    assert (found.may_train, found.may_retain) == (trains, retains)


def test_an_empty_list_of_modalities_accepts_none():
    assert one(input_modalities=[]).input_modalities == frozenset()


def test_slugs_and_providers_are_kept_in_ascii_lower_case_and_models_as_written():
    endpoint = one(model="A/B", provider="DeepInfra", slug="DeepInfra/FP8")
    assert (endpoint.id, endpoint.provider, endpoint.slug) == ("A/B@deepinfra/fp8", "deepinfra", "deepinfra/fp8")


def test_none_is_an_alias_of_the_unknown_quantization():
    assert one(quantization="none").quantization == "unknown"


def test_unknown_keys_of_a_row_are_ignored():
    assert one(status=-3, tag="x", context_lenght="y").id == "a/b@p"


def test_a_row_holds_numbers_up_to_2_to_the_63():
    assert one(context_length=2**63 - 1, max_output_tokens=0, max_prompt_tokens=8192.0).max_prompt_tokens == 8192


# --- faults -----------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["", "a b", " ", "a#b", "a\x00", "\ud800", "x" * 257, None, 7, True, ["a"], {}, b"a", math.nan])
@pytest.mark.parametrize("key", ["model", "provider"])
def test_model_and_provider_are_names(key, value):
    rest = {"model": "a/b", "provider": "p", key: value}
    assert bad(rest) == [f"endpoints[0].{key}"]


@pytest.mark.parametrize("value", ["", "q", "q/p", "pp", "p fp8", "p@x", "p#1", "p#x", 7, True, ["p"], {}])
def test_a_slug_begins_with_its_provider(value):
    assert bad({"model": "a/b", "provider": "p", "slug": value}) == ["endpoints[0].slug"]


@pytest.mark.parametrize("slug", ["p", "P", "p/fp8", "p/us-east/fp8", "p#2", "p/fp8#2"])
def test_a_slug_is_the_provider_or_a_variant_of_it_and_may_be_numbered(slug):
    assert one(slug=slug).slug == slug.lower()


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("quantization", ["FP8", "fp5", "", 8, True, ["fp8"], {}]),
        ("context_length", [-1, 0.5, True, "8192", [], math.nan, math.inf, 2**63, Decimal("0.5")]),
        ("max_output_tokens", [-1, 0.5, False, "8192", {}]),
        ("max_prompt_tokens", [-1, 0.5, True, "8192"]),
        ("supported_parameters", ["tools", {}, 7, True, {"tools"}]),
        ("input_modalities", ["text", {}, 7, True]),
        ("implicit_caching", [0, 1, "true", [], {}]),
        ("distillable", [0, 1, "false", [], {}]),
        ("disabled", [0, 1, "false", [], {}]),
        ("data_policy", [[], "none", True, 7]),
        ("pricing", [[], "free", True, 7]),
    ],
)
def test_each_wrong_value_is_named_by_row_and_field(key, values):
    for value in values:
        assert bad(row("p"), {"model": "a/b", "provider": "q", key: value}) == [f"endpoints[1].{key}"], value


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"supported_parameters": ["tools", 7]}, "supported_parameters[1]"),
        ({"supported_parameters": ["tools", None]}, "supported_parameters[1]"),
        ({"input_modalities": [["text"]]}, "input_modalities[0]"),
        ({"data_policy": {"trains": 0}}, "data_policy.trains"),
        ({"data_policy": {"retains": "no"}}, "data_policy.retains"),
        ({"pricing": {"prompt": "x"}}, "pricing.prompt"),
        ({"pricing": {"prompt": "-1"}}, "pricing.prompt"),
        ({"pricing": {"prompt": -0.1}}, "pricing.prompt"),
        ({"pricing": {"prompt": True}}, "pricing.prompt"),
        ({"pricing": {"prompt": "1000000"}}, "pricing.prompt"),
        ({"pricing": {"prompt": "0.0000000000000001"}}, "pricing.prompt"),
        ({"pricing": {"completion": math.nan}}, "pricing.completion"),
        ({"pricing": {"completion": "٣"}}, "pricing.completion"),
        ({"pricing": {"completion": ""}}, "pricing.completion"),
    ],
)
def test_a_wrong_part_of_a_value_is_named_by_its_path(fields, path):
    assert bad({"model": "a/b", "provider": "p", **fields}) == [f"endpoints[0].{path}"]


@pytest.mark.parametrize("value", ["999999.999999999999999", "0", "0.000000000000001", 1, 0.5, "1e-6", "5E-7", None, Decimal("0.1")])
def test_a_price_of_at_most_15_places_and_below_a_million_is_good(value):
    assert one(pricing={"prompt": value}).pricing is not None


def test_1_is_no_price_list_entry_that_true_could_borrow():
    assert bad(row("p", price=None, pricing={"prompt": 1}), row("q", price=None, pricing={"prompt": True})) == ["endpoints[1].pricing.prompt"]
    assert bad(row("p", disabled=True), row("q", disabled=1)) == ["endpoints[1].disabled"]


@pytest.mark.parametrize("value", [None, [], "x", 7, True])
def test_a_catalog_that_is_no_object_is_a_fault(value):
    assert faults(with_catalog(value), "invalid_catalog") == ["catalog"]


@pytest.mark.parametrize("value", [None, {}, "x", 7, True])
def test_endpoints_is_a_list(value):
    assert faults(with_catalog({"endpoints": value}), "invalid_catalog") == ["endpoints"]


@pytest.mark.parametrize("value", [None, [], "x", 7, True])
def test_a_row_is_an_object(value):
    assert faults(with_catalog({"endpoints": [row(), value]}), "invalid_catalog") == ["endpoints[1]"]


def test_all_bad_rows_are_reported_at_once_in_the_order_of_rows_and_fields():
    rows = [
        {"model": "", "provider": "p", "quantization": "x"},
        row(),
        7,
        {"provider": "q", "context_length": -1, "pricing": {"prompt": "x", "completion": -1}},
    ]
    assert bad(*rows) == [
        "endpoints[0].model", "endpoints[0].quantization", "endpoints[2]", "endpoints[3].model", "endpoints[3].context_length",
        "endpoints[3].pricing.prompt", "endpoints[3].pricing.completion",
    ]  # fmt: skip


# --- twins ------------------------------------------------------------------------------------------------------------------------------------


def test_two_rows_of_one_id_are_refused_and_both_are_named():
    body = error(ask(row("p"), row("q"), row("P")), "invalid_catalog")
    assert [fault["path"] for fault in body["metadata"]["faults"]] == ["endpoints[2]"]
    assert "endpoints[0]" in body["message"]
    assert "a/b@p" in body["message"]


def test_twins_are_reported_beside_other_faults():
    assert bad(row("p"), row("p"), row("q", quantization="x"), row("p")) == ["endpoints[2].quantization", "endpoints[1]", "endpoints[3]"]


def test_numbered_twins_are_endpoints_of_their_own():
    assert [endpoint.id for endpoint in catalog(row("p/fp8"), row("p/fp8#2"))] == ["a/b@p/fp8", "a/b@p/fp8#2"]


def test_one_slug_may_serve_several_models():
    assert len(catalog(row("p", "a/b"), row("p", "c/d"))) == 2


# --- the catalog as a value -------------------------------------------------------------------------------------------------------------------


def test_an_empty_catalog_is_legal():
    empty = catalog()
    assert (len(empty), list(empty), dict(empty.models)) == (0, [], {})


def test_a_catalog_is_looked_up_by_id_and_by_model():
    found = catalog(row("p"), row("q", "c/d"), row("r"))
    assert found["c/d@q"].slug == "q"
    assert "c/d@q" in found
    assert "a/b@q" not in found
    assert [endpoint.slug for _, endpoint in found.rows("a/b")] == ["p", "r"]
    assert found.rows("x/y") == []
    assert found.get("a/b@nobody") is None
    with pytest.raises(KeyError):
        found["a/b@nobody"]


def test_changing_what_a_catalog_was_read_from_does_not_change_it():
    mapping = {"endpoints": [row("p", supported_parameters=["tools"], data_policy={"retains": False}, pricing={"request": "0.1"})]}
    found = Catalog.from_mapping(mapping)
    before = found.version, found.to_mapping()
    mapping["endpoints"][0]["supported_parameters"].append("seed")
    mapping["endpoints"][0]["pricing"]["prompt"] = "9"
    mapping["endpoints"][0]["data_policy"]["retains"] = True
    mapping["endpoints"].clear()
    assert (found.version, found.to_mapping()) == before
    assert Catalog.from_mapping(found.to_mapping()).version == before[0]


def test_what_to_mapping_gives_is_no_handle_on_the_catalog():
    found = catalog(row("p", supported_parameters=["tools"]))
    before = found.version
    found.to_mapping()["endpoints"][0]["supported_parameters"].append("seed")
    found.to_mapping()["endpoints"].clear()
    assert Catalog.from_mapping(found.to_mapping()).version == before


@pytest.mark.parametrize("name", ["id", "model", "slug", "context_length", "pricing", "data_policy", "extra"])
def test_an_endpoint_cannot_be_changed(name):
    endpoint = one()
    with pytest.raises(AttributeError):
        setattr(endpoint, name, None)


def test_a_data_policy_cannot_be_changed():
    with pytest.raises(AttributeError):
        DataPolicy().trains = False


@pytest.mark.parametrize("name", ["endpoints", "models", "version"])
def test_a_catalog_cannot_be_given_other_rows(name):
    found = catalog(row())
    with pytest.raises((AttributeError, TypeError)):
        setattr(found, name, ())


def test_a_catalogs_index_of_models_cannot_be_changed():
    found = catalog(row())
    with pytest.raises(TypeError):
        found.models["x/y"] = (0,)
    with pytest.raises((AttributeError, TypeError)):
        found.models["a/b"].append(0)


CHANGES = [
    {"model": "a/c"}, {"slug": "p/x"}, {"quantization": "fp8"}, {"context_length": 8192}, {"max_output_tokens": 0}, {"max_prompt_tokens": 1},
    {"supported_parameters": ["seed"]}, {"input_modalities": ["text", "image"]}, {"implicit_caching": True}, {"data_policy": {"trains": False}},
    {"data_policy": {"retains": False}}, {"distillable": True}, {"disabled": True}, {"pricing": {"prompt": "0.000003"}}, {"pricing": {"request": "0"}},
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_the_version_changes_with_every_fact(change):
    assert catalog({**row(), **change}).version != catalog(row()).version


def test_the_version_depends_on_content_alone():
    first = catalog(row("P", supported_parameters=["seed", "stop"], quantization="none", extra=1), row("q"))
    second = catalog(json.loads(json.dumps(row("p", supported_parameters=["stop", "seed", "stop"], disabled=False))), {**row("q"), "quantization": None})
    assert first.version == second.version
    assert first.version.startswith("c-")
    assert catalog(row("p"), row("q")).version != catalog(row("q"), row("p")).version


def test_a_catalog_survives_the_wire_a_file_a_pickle_and_a_copy(tmp_path):
    found = catalog(
        *(row(f"p{place}/x", **change) if "slug" not in change and "model" not in change else row(f"p{place}") for place, change in enumerate(CHANGES))
    )
    path = tmp_path / "catalog.json"
    path.write_text(json.dumps(found.to_mapping()))
    versions = {one.version for one in (Catalog.load(path), Catalog.load(str(path)), pickle.loads(pickle.dumps(found)), copy.deepcopy(found))}
    assert versions == {found.version}


@pytest.mark.parametrize("text", ["", "{", "[1,", "\x00", "NaN}", "[" * 100_000])
def test_a_file_that_is_no_json_is_a_catalog_error_that_names_it(tmp_path, text):
    path = tmp_path / "broken.json"
    path.write_text(text)
    with pytest.raises(CatalogError, match=r"broken\.json"):
        Catalog.load(path)


def test_a_file_of_bytes_that_are_no_text_is_a_catalog_error(tmp_path):
    path = tmp_path / "broken.json"
    path.write_bytes(b"\xff\xfe\xff{")
    with pytest.raises(CatalogError, match=r"broken\.json"):
        Catalog.load(path)


def test_a_file_that_is_not_there_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        Catalog.load(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("fields", "caches"),
    [
        ({}, False),
        ({"implicit_caching": True}, True),
        ({"pricing": {"input_cache_read": "0.0000005"}}, True),
        ({"pricing": {"input_cache_read": "0.000001"}}, False),
        ({"pricing": {"input_cache_read": "0.000002"}}, False),
        ({"pricing": {"input_cache_read": "0"}}, True),
        ({"price": None, "implicit_caching": True}, True),
        ({"price": (None, 2), "pricing": {"input_cache_read": "0"}}, False),
    ],
)
def test_an_endpoint_can_cache_implicitly_or_by_a_cache_read_price_below_the_prompt_price(fields, caches):
    assert catalog(row(**fields)).endpoints[0].can_cache is caches


def test_a_catalog_may_stand_in_a_scenario_as_it_is():
    mapping = scene(row(), row("q"))
    found = Catalog.from_mapping(mapping["catalog"])
    assert decide_scenario({**mapping, "catalog": found}) == decide_scenario(mapping)


def test_an_endpoint_made_by_hand_has_the_defaults_of_a_row():
    bare = Endpoint("a/b@p", "a/b", "p", "p")
    assert bare.to_mapping() == one().to_mapping()


def test_versions_are_the_same_in_every_process():
    code = (
        "from routecore import Catalog, Facts\n"
        "names = [f'parameter-{place}' for place in range(20)]\n"
        "row = {'model': 'a/b', 'provider': 'p', 'supported_parameters': names, 'input_modalities': names}\n"
        "facts = Facts.from_mapping({name: {'samples': 1} for name in names}, dict.fromkeys(names, 'cooling'))\n"
        "print(Catalog.from_mapping({'endpoints': [row]}).version, facts.version, facts.to_mapping())\n"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(found) == 1
