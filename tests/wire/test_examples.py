"""The example that ships: large and various enough to learn on, and true to its source."""

from __future__ import annotations

import gzip
import json

import pytest

from routecore import NoEligibleEndpoint, decide, example_catalog, example_facts, example_requests
from routecore.adapters.openrouter import import_endpoints
from routecore.routing.ranking.passes import PASSES
from routecore.routing.ranking.sorting import SORTS
from routecore.routing.rules import RULES
from routecore.wire.examples import read_example
from routecore.wire.scenario import plan_scenario
from tests.adapters.openrouter.openrouter_feeds import DATA


def rows():
    return read_example("catalog")["endpoints"]


def test_the_example_names_its_source_and_date():
    about = read_example("catalog")
    assert "OpenRouter" in about["source"]
    assert about["date"] == "2026-05-16"
    assert "ade up" in read_example("stats")["about"]


def test_the_example_has_a_bit_of_everything():
    models = {row["model"] for row in rows()}
    assert len(models) >= 12
    assert len(rows()) >= 60
    assert {"fp4", "fp8", "bf16", "int4", "unknown"} <= {row["quantization"] for row in rows()}
    policies = {json.dumps(row.get("data_policy")) for row in rows()}
    assert len(policies) >= 4  # unknown, no retention, retention without training, both
    for key in ("input_cache_read", "input_cache_write", "overrides", "image", "audio", "web_search"):
        assert any(key in row["pricing"] for row in rows()), key
    assert any("image" in row["input_modalities"] for row in rows())
    providers = [(row["model"], row["provider"]) for row in rows()]
    assert len(set(providers)) < len(providers)  # providers in several variants


def test_no_row_has_a_discount_beside_a_price_that_holds_it():
    assert not any("discount" in row["pricing"] for row in rows())


def test_statistics_are_of_endpoints_of_the_example_and_leave_some_unknown():
    catalog, facts = example_catalog(), example_facts()
    assert set(facts.stats) < {endpoint.id for endpoint in catalog}
    assert not facts.rising


def test_every_documented_request_can_be_planned_but_the_one_that_says_it_cannot():
    catalog, facts = example_catalog(), example_facts()
    draw = read_example("requests")["draw"]
    failed = []
    for one in example_requests():
        try:
            plan = decide(catalog, one["request"], facts, context=one["context"], draw=draw)
        except NoEligibleEndpoint:
            failed.append(one["title"])
        else:
            assert len(plan.attempts) > 1
            assert not plan.warnings
    assert failed == ["Text to train on", "Nothing left"]


def shown_by(one):
    """The rules, passes and strategies that a documented request shows: what removed an endpoint, and what decided a place."""
    scenario = {"catalog": example_catalog(), "stats": read_example("stats")["stats"], "draw": read_example("requests")["draw"]}
    try:
        plan = plan_scenario({**scenario, **{part: one[part] for part in ("request", "context", "health", "settings") if part in one}})
    except NoEligibleEndpoint as error:
        return {step["rule"] for step in error.funnel}
    whys = [plan.why(attempt.endpoint.id) for attempt in plan.attempts]
    passes = {side.words.partition(":")[0] for why in whys for side in why.sides}
    return {rule for rule, _ in plan.funnel} | passes | {plan.strategy}


@pytest.mark.parametrize("one", example_requests(), ids=lambda one: one["title"])
def test_a_documented_request_shows_the_feature_that_it_is_about(one):
    assert set(one["shows"]) <= shown_by(one)


def test_every_rule_pass_and_strategy_has_a_documented_request_that_shows_it():
    features = {rule.name for rule in RULES} | {one.name for one in PASSES} | {"balance", *(f"sort:{name}" for name in SORTS)}
    # the example's own rows are all switched on, speak every API, and have no tiers
    assert features - {name for one in example_requests() for name in one["shows"]} == {"disabled", "api", "service_tier", "tier"}


def test_a_long_prompt_makes_the_older_model_the_dearer_one():
    (one,) = [one for one in example_requests() if one["title"].startswith("A long prompt, two")]
    catalog = example_catalog()
    for tokens, first in ((one["context"]["prompt_tokens"], "anthropic/claude-sonnet-4.6"), (200_000, "anthropic/claude-sonnet-4.5")):
        plan = decide(catalog, one["request"], context={**one["context"], "prompt_tokens": tokens})
        assert plan.attempts[0].endpoint.model == first


@pytest.mark.skipif(not DATA.is_dir(), reason="the sweep that the example was taken from is not part of the project")
def test_every_row_says_what_its_source_says():
    sweep = json.loads(gzip.decompress((DATA / "openrouter_endpoints" / "endpoints_20260516T221758Z.json.gz").read_bytes()))
    providers = json.loads((DATA / "openrouter_providers" / "fe_all_providers_datapolicy_202606.json").read_text())
    source = {(row["model"], row["slug"]): row for row in import_endpoints(sweep, providers=providers).catalog_mapping["endpoints"]}
    for row in rows():
        # the long-context rates are the documentation's, not the feed's
        pricing = {key: value for key, value in row["pricing"].items() if key != "overrides"}
        assert {**row, "pricing": pricing} == source[row["model"], row["slug"]]
