"""What a caller of OpenRouter's dialect is told, beside the documented example of its router metadata."""

from __future__ import annotations

import pytest

from routecore import Catalog, NoEligibleEndpoint, Outcome, decide, failure_metadata
from tests.routing.scenes import plan, row

DOCUMENTED = {"requested", "strategy", "region", "summary", "attempt", "is_byok", "endpoints", "attempts", "pipeline"}


def test_the_object_has_the_documented_fields_and_forms():
    found = plan(row("openai", "openai/gpt-4o"), model="openai/gpt-4o").to_openrouter_metadata([Outcome.success()])
    assert set(found) == DOCUMENTED
    assert (found["requested"], found["strategy"], found["attempt"], found["is_byok"]) == ("openai/gpt-4o", "direct", 1, False)
    assert found["summary"] == "available=1, selected=openai"
    assert found["endpoints"] == {"total": 1, "available": [{"provider": "openai", "model": "openai/gpt-4o", "selected": True}]}
    assert found["attempts"] == [{"provider": "openai", "model": "openai/gpt-4o", "status": 200}]


def test_a_fallback_counts_its_tries_and_names_who_served():
    found = plan(row("p", price=1), row("q", price=2), row("r", disabled=True), provider={"sort": "price"}).to_openrouter_metadata(
        [Outcome("server", status=529), Outcome.success()]
    )
    assert (found["attempt"], [one["status"] for one in found["attempts"]]) == (2, [529, 200])
    assert found["endpoints"]["total"] == 3
    assert [one["provider"] for one in found["endpoints"]["available"] if one["selected"]] == ["q"]


def test_another_model_is_a_fallback_and_a_key_is_byok():
    found = plan(row("p", "a/x"), row("q", "a/y"), model=None, body={"models": ["a/x", "a/y"]}, context={"byok": ["q"]})
    told = found.to_openrouter_metadata([(found.attempts[1], Outcome.success())])
    assert (told["strategy"], told["is_byok"], told["requested"]) == ("fallback", True, "a/x")


def test_where_nobody_served_nobody_is_selected():
    told = plan(row("p")).to_openrouter_metadata([Outcome("timeout")])
    assert (told["summary"], told["attempts"][0]["status"]) == ("available=1, selected=none", 504)


def test_a_failure_tells_its_funnel_and_what_excluded_each_endpoint():
    catalog = Catalog.from_mapping({"endpoints": [row("p"), row("q", price=9, data_policy={"retains": False})]})
    with pytest.raises(NoEligibleEndpoint) as caught:
        decide(catalog, {"model": "a/b", "provider": {"zdr": True, "max_price": {"prompt": 1}}})
    assert failure_metadata(caught.value) == {
        "routing_funnel": [
            {"step": "Initial Endpoints", "endpoint_count": 2},
            {"step": "Filter by Data Policy", "endpoint_count": 1},
            {"step": "Filter by Max Price", "endpoint_count": 0},
        ],
        "failed_routing_step": "Filter by Max Price",
        "excluded_by": {"a/b@p": ["Filter by Data Policy"], "a/b@q": ["Filter by Max Price"]},
    }
