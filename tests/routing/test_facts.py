"""Statistics and health as data: what is read, what is not known, what is a fault."""

from __future__ import annotations

import math

import pytest

from routecore import EndpointStats, Facts, InvalidRequest, Percentiles
from tests.routing.scenes import ask, faults, row, slugs, warned

ID = "a/b@p"


def stats(**fields):
    return Facts.from_mapping({ID: fields}).stats[ID]


@pytest.mark.parametrize("value", [None, {}])
def test_no_stats_and_no_health_are_no_facts(value):
    facts = Facts.from_mapping(value, value)
    assert (dict(facts.stats), facts.cooling, facts.rising) == ({}, frozenset(), frozenset())


def test_an_endpoint_without_samples_has_no_percentiles_rather_than_zeros():
    assert stats() == EndpointStats(None, None, None, None)
    assert stats(latency={}, throughput=None) == EndpointStats(Percentiles(), None, None, None)


def test_any_subset_of_percentiles_may_be_known():
    assert stats(latency={"p50": 1, "p99": None, "p95": "x"}).latency == Percentiles(1.0, None, None, None)


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"latency": 1}, "latency"),
        ({"latency": []}, "latency"),
        ({"throughput": "x"}, "throughput"),
        ({"latency": {"p50": -1}}, "latency.p50"),
        ({"latency": {"p75": math.nan}}, "latency.p75"),
        ({"throughput": {"p90": math.inf}}, "throughput.p90"),
        ({"throughput": {"p99": True}}, "throughput.p99"),
        ({"throughput": {"p99": "50"}}, "throughput.p99"),
        ({"samples": -1}, "samples"),
        ({"samples": 0.5}, "samples"),
        ({"samples": True}, "samples"),
        ({"samples": 2**63}, "samples"),
        ({"success_rate": 1.0000001}, "success_rate"),
        ({"success_rate": -0.1}, "success_rate"),
        ({"success_rate": True}, "success_rate"),
        ({"success_rate": math.nan}, "success_rate"),
    ],
)
def test_a_bad_statistic_is_named_by_its_path(fields, path):
    assert faults(ask(row(), stats={ID: fields}), "invalid_request") == [f"stats.{ID}.{path}"]
    with pytest.raises(InvalidRequest):
        Facts.from_mapping({ID: fields})


@pytest.mark.parametrize(
    "fields", [{"success_rate": 0}, {"success_rate": 1}, {"samples": 0}, {"latency": {"p50": 0}}, {"latency": {"p50": 1e300}}, {"throughput": {"p50": 5e-324}}]
)
def test_the_boundaries_of_statistics_are_inside(fields):
    assert slugs(ask(row(), stats={ID: fields})) == ["p"]


@pytest.mark.parametrize("value", [[], 7, "x", True])
def test_stats_health_and_each_row_are_objects(value):
    assert faults(ask(row(), stats=value), "invalid_request") == ["stats"]
    assert faults(ask(row(), health=value), "invalid_request") == ["health"]
    assert faults(ask(row(), stats={ID: value}), "invalid_request") == [f"stats.{ID}"]


@pytest.mark.parametrize("state", ["Cooling", "", "cool", True, 1, [], {}, "probing"])
def test_health_is_cooling_or_available(state):
    assert faults(ask(row(), health={ID: state}), "invalid_request") == [f"health.{ID}"]


def test_null_and_available_are_no_cooldown():
    assert Facts.from_mapping(None, {ID: None, "a/b@q": "available"}).cooling == frozenset()


def test_unknown_ids_in_stats_and_health_are_ignored():
    answer = ask(
        row(), stats={"x/y@z": {"latency": {"p50": 1}}, "": {}, "p": {}}, health={"x/y@z": "cooling", "": "cooling", "p": "cooling", "a/b@p#other": "cooling"}
    )
    assert (slugs(answer), answer["panic"], answer["warnings"]) == (["p"], False, [])


def test_ids_are_read_in_any_letter_case_of_the_slug():
    facts = Facts.from_mapping({"a/b@P/FP8": {"samples": 3}}, {"a/b@P/FP8#BYOK": "cooling", "a/b@P/FP8#byok:MyKey": "cooling"})
    assert set(facts.stats) == {"a/b@p/fp8"}
    assert facts.cooling == {"a/b@p/fp8#byok", "a/b@p/fp8#byok:MyKey"}


# --- rising throughput ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("percentiles", "kept"),
    [
        ({"p50": 60, "p75": 48, "p90": 35, "p99": 12}, Percentiles(60, 48, 35, 12)),
        ({"p50": 60, "p75": 60, "p90": 60, "p99": 60}, Percentiles(60, 60, 60, 60)),
        ({"p50": 60, "p75": 61, "p90": 35, "p99": 12}, Percentiles(60)),
        ({"p50": 60, "p99": 61}, Percentiles(60)),
        ({"p50": 60, "p75": 50, "p90": 40, "p99": 41}, Percentiles(60)),
        ({"p50": 60, "p75": 30, "p99": 31}, Percentiles(60)),
        ({"p75": 30, "p99": 31}, Percentiles()),
        ({"p99": 31}, Percentiles(None, None, None, 31)),
    ],
)
def test_throughput_that_rises_anywhere_keeps_its_p50_alone_and_warns(percentiles, kept):
    facts = Facts.from_mapping({ID: {"throughput": percentiles}})
    assert facts.stats[ID].throughput == kept
    rises = kept != Percentiles(*(percentiles.get(name) for name in Percentiles._fields))
    assert facts.rising == ({ID} if rises else frozenset())
    expected = [("rising_throughput", f"stats.{ID}.throughput")] if rises else []
    assert warned(ask(row(), stats={ID: {"throughput": percentiles}})) == expected


def test_latency_may_rise_as_that_is_what_it_does():
    assert Facts.from_mapping({ID: {"latency": {"p50": 1, "p75": 2, "p90": 3, "p99": 9}}}).rising == frozenset()


def test_rising_throughput_of_a_model_that_was_not_asked_is_no_warning():
    assert warned(ask(row(), row("q", "c/d"), stats={"c/d@q": {"throughput": {"p50": 1, "p75": 2}}})) == []


def test_facts_do_not_change_what_they_are_made_from():
    given = {ID: EndpointStats(throughput=Percentiles(1.0, 2.0))}
    Facts(given)
    assert given[ID].throughput == Percentiles(1.0, 2.0)


# --- versions ---------------------------------------------------------------------------------------------------------------------------------


def test_the_version_of_facts_depends_on_content_alone():
    one, other = {"a": {"samples": 1}, "b": {"success_rate": 0.5}}, {"b": {"success_rate": 0.5}, "a": {"samples": 1}}
    assert Facts.from_mapping(one, {"a": "cooling", "b": "available"}).version == Facts.from_mapping(other, {"a": "cooling"}).version


@pytest.mark.parametrize(("more", "health"), [({"samples": 2}, {}), ({"latency": {"p50": 1}}, {}), ({"success_rate": 0.5}, {}), ({}, {ID: "cooling"})])
def test_the_version_of_facts_changes_with_every_fact(more, health):
    assert Facts.from_mapping({ID: more}, health).version != Facts.from_mapping({ID: {}}).version


def test_facts_read_back_from_their_own_mapping():
    facts = Facts.from_mapping({ID: {"latency": {"p50": 1, "p90": 2}, "throughput": {"p50": 9}, "samples": 0, "success_rate": 0.0}, "x@y": {}}, {ID: "cooling"})
    again = Facts.from_mapping(**facts.to_mapping())
    assert (again.version, again.cooling, dict(again.stats)) == (facts.version, facts.cooling, dict(facts.stats))


def test_a_hash_of_facts_with_odd_ids_is_still_a_hash():
    assert Facts.from_mapping({"\ud800": {"samples": 1}}, {"\udfff": "cooling"}).version.startswith("f-")
