"""What an outcome says to whoever watches: nothing that is not known, and nothing of what callers wrote."""

from __future__ import annotations

import json

from routecore import Catalog, Outcome, Router, decide
from routecore.adapters.signals import HISTOGRAMS, attributes_of, explained, samples_of

CATALOG = Catalog.from_mapping(
    {"endpoints": [{"model": "a/b", "provider": name, "pricing": {"prompt": "0.000001", "completion": "0.000002"}} for name in ("p", "q", "r")]}
)
WRITTEN = "the caller's prompt sk-12345"


def test_what_is_not_known_gives_no_sample():
    assert list(samples_of(Outcome.connection())) == []
    assert [one.histogram for one in samples_of(Outcome.success(ttft_seconds=0.5, total_seconds=2.5, output_tokens=101))] == list(
        dict.fromkeys(name for name in (*list(HISTOGRAMS)[:2], "routecore.attempt.time_per_output_token", "gen_ai.client.token.usage"))
    )


def test_no_tokens_is_a_count_of_none():
    assert [(one.value, one.attributes) for one in samples_of(Outcome.success(output_tokens=0))] == [(0.0, {"gen_ai.token.type": "output"})]


def test_a_success_has_no_error_type_and_a_failure_has_one():
    attempt = decide(CATALOG, {"model": "a/b"}).first
    assert "error.type" not in attributes_of(attempt, Outcome.success())
    assert attributes_of(attempt, Outcome.timeout())["error.type"] == "timeout"


def test_a_plan_is_explained_without_a_word_of_its_prompt_or_keys():
    body = {"model": "a/b", "messages": [{"role": "user", "content": WRITTEN}], "user": WRITTEN, "provider": {"ignore": ["r"]}}
    context = {"byok": [{"slug": "p", "key_id": "k1"}], "account_id": "acme"}
    plan = Router(CATALOG).plan(body, context)
    said = json.dumps([explained(plan), attributes_of(plan.first, Outcome.server(500, WRITTEN))])
    assert WRITTEN not in said
    assert "k1" not in said
    assert "acme" not in said
    assert explained(plan)["routecore.plan.rejected"] == ["a/b@r: ignore"]


def test_long_plans_are_counted_and_not_listed():
    many = Catalog.from_mapping({"endpoints": [{"model": "a/b", "provider": f"p{index}"} for index in range(50)]})
    found = explained(decide(many, {"model": "a/b"}))
    assert (len(found["routecore.plan.attempts"]), found["routecore.plan.attempts.count"]) == (8, 50)


def test_the_boundaries_of_every_histogram_rise():
    for histogram in HISTOGRAMS.values():
        assert list(histogram.boundaries) == sorted(set(histogram.boundaries))
