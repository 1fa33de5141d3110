"""What docs/decisions/009 says of the wire form is what `decide_scenario` does."""

from __future__ import annotations

import pytest

from routecore import decide_scenario

P = {"model": "m", "provider": "p", "pricing": {"prompt": "0.000001", "completion": "0.000002"}}
Q = {"model": "m", "provider": "q"}


def answer(rows=(P, Q), body=None, **parts):
    return decide_scenario({"catalog": {"endpoints": list(rows)}, "request": {"model": "m", **(body or {})}, **parts})


def slugs(found):
    return [attempt["slug"] for attempt in found["attempts"]]


def param(found):
    return found["error"]["param"]


def block(**keys):
    return {"provider": keys}


@pytest.mark.parametrize(
    "parts",
    [
        {"body": block(order=[], only=[], max_price={}, sort={}, quantizations=None)},
        {"context": {"account": {"only": None, "ignore": []}}},
        {"body": {"messages": ["text", 5, {"content": 7}]}},
        {"body": {"max_tokens": 3.0}},
        {"body": block(max_price={"prompt": 0.1 + 0.2 + 1, "completion": "1e9999"}), "rows": [P]},
        {"stats": {"nobody@knows": {"samples": 1}}, "health": {"nobody@knows": "cooling"}},
        {"rows": [{**P, "note": "a field of the operator's own"}]},
    ],
)
def test_what_is_not_given_or_not_known_is_no_fault(parts):
    assert "attempts" in answer(**parts)


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("provider.order", {"body": block(order={})}),
        ("provider.zrd", {"body": block(zrd=None)}),
        ("context.byok_onyl", {"context": {"byok_onyl": None}}),
        ("context.account.zrd", {"context": {"account": {"zrd": None}}}),
        ("settings.balance.speed", {"settings": {"balance": {"speed": 1}}}),
        ("endpoints[0].pricing.promt", {"rows": [{**P, "pricing": {"promt": "0"}}]}),
        ("endpoints[0].pricing.prompt", {"rows": [{**P, "pricing": {"prompt": "+1"}}]}),
        ("endpoints[0].pricing.prompt", {"rows": [{**P, "pricing": {"prompt": "1e-16"}}]}),
        ("endpoints[0].slug", {"rows": [{**P, "slug": "pq"}]}),
        ("endpoints[1]", {"rows": [P, P]}),
        ("draw", {"draw": 3.0}),
        ("messages", {"body": {"messages": "text"}}),
        ("input", {"body": {"input": 5}}),
        ("context.byok[1]", {"context": {"byok": ["p", "p"]}}),
        ("context.byok[1].key_id", {"context": {"byok": ["p", {"slug": "p"}]}}),
        ("stats.nobody@knows.samples", {"stats": {"nobody@knows": {"samples": -1}}}),
    ],
)
def test_a_fault_names_its_path(path, parts):
    assert param(answer(**parts)) == path


def test_a_catalog_without_endpoints_is_a_fault_and_an_empty_one_is_not():
    assert decide_scenario({"catalog": {}, "request": {"model": "m"}})["error"]["param"] == "endpoints"
    assert answer(rows=[])["error"]["type"] == "unknown_model"


def test_a_balance_that_is_given_empty_weighs_nothing():
    dear = {**P, "provider": "r", "pricing": {"prompt": "1", "completion": "1"}}
    assert answer(rows=[P, dear], settings={"balance": {}})["attempts"][0]["probability"] == 0.5
    assert answer(rows=[P, dear])["attempts"][0]["probability"] != 0.5


def test_a_limit_of_zero_is_a_limit():
    assert answer(rows=[{**P, "context_length": 0}], body={"max_tokens": 1})["error"]["type"] == "no_eligible_endpoint"


@pytest.mark.parametrize("price", ["5.", ".5", "1.0e-15", "0", 0, -0.0])
def test_these_texts_are_prices(price):
    assert slugs(answer(rows=[{**P, "pricing": {"prompt": price, "completion": "0"}}])) == ["p"]


def test_a_p50_of_zero_is_a_value_for_sorts_and_thresholds():
    assert slugs(answer(body=block(sort="latency"), stats={"m@q": {"latency": {"p50": 0}}})) == ["q", "p"]
    assert slugs(answer(body=block(preferred_min_throughput=1), stats={"m@q": {"throughput": {"p50": 0}}})) == ["p", "q"]


def test_a_p50_of_zero_is_unknown_to_the_balance():
    stats = {"m@p": {"latency": {"p50": 0}}, "m@q": {"latency": {"p50": 2}}}
    exponents = {"balance": {"latency": 1}}
    assert answer(stats=stats, settings=exponents)["attempts"][0]["probability"] == 0.5


def test_a_twin_is_named_by_its_own_slug_and_by_its_provider():
    rows = [{**P, "slug": "p/fp8"}, {**P, "slug": "p/fp8#2"}]
    assert slugs(answer(rows=rows, body=block(only=["p/fp8"]))) == ["p/fp8"]
    assert slugs(answer(rows=rows, body=block(order=["p/fp8#2"]))) == ["p/fp8#2", "p/fp8"]
    assert len(slugs(answer(rows=rows, body=block(only=["p"])))) == 2


def test_ids_are_compared_with_their_slug_in_lower_case():
    assert slugs(answer(body=block(order=["q"]), health={"m@Q": "cooling"})) == ["p", "q"]


def test_a_pin_of_unknown_form_is_ineligible():
    assert answer(context={"sticky": "anything"})["sticky"] == {"status": "skipped", "reason": "ineligible"}


def test_byok_only_holds_providers_not_variants():
    assert len(slugs(answer(rows=[{**P, "slug": "p/x"}], context={"byok_only": ["p/x"]}))) == 1
    assert answer(rows=[{**P, "slug": "p/x"}], context={"byok_only": ["p"]})["error"]["metadata"]["rejections"][0]["rules"] == ["byok_only"]


def test_a_suffix_counts_also_where_its_model_was_asked_for_already_or_the_sort_only_partitions():
    assert answer(body={"models": ["m:nitro"]})["strategy"] == "sort:throughput"
    assert answer(body={"model": "m:floor", **block(sort={"partition": "none"})})["strategy"] == "sort:price"
    assert answer(body={"model": "m:floor", **block(sort="latency")})["strategy"] == "sort:latency"


def test_without_fallbacks_one_ranking_leaves_one_attempt_and_a_partition_one_of_each_model():
    rows = [P, {**P, "model": "n"}]
    assert len(slugs(answer(rows=rows, body={"models": ["n"], **block(allow_fallbacks=False)}))) == 2
    assert len(slugs(answer(rows=rows, body={"models": ["n"], **block(allow_fallbacks=False, sort={"partition": "none"})}))) == 1


def test_an_unknown_price_fails_only_its_own_limit():
    assert len(slugs(answer(body=block(max_price={"request": 1})))) == 2
    assert slugs(answer(body=block(max_price={"prompt": 1}))) == ["p"]


def test_rivals_without_a_price_do_not_undercut_an_economic_pin():
    rows = [{**P, "implicit_caching": True}, Q]
    found = answer(rows=rows, context={"sticky": "m@p"}, settings={"sticky": "economic"})
    assert found["sticky"]["status"] == "hit"


def test_success_rates_without_samples_change_nothing():
    stats = {"m@p": {"success_rate": 1, "samples": 0}, "m@q": {"success_rate": 0, "samples": 0}}
    assert answer(stats=stats, settings={"balance": {"reliability": 2}})["attempts"][0]["probability"] == 0.5


def test_weights_may_differ_by_more_than_a_float_holds():
    rows = [{**P, "provider": name, "pricing": {"prompt": price, "completion": price}} for name, price in (("p", "1e-15"), ("q", "1"), ("r", "1"))]
    found = answer(rows=rows, settings={"balance": {"price": 100}})
    assert [attempt["probability"] for attempt in found["attempts"]] == [1.0, 0.5, 1.0]


def test_warnings_speak_of_the_block_the_body_s_own_keys_and_the_asked_models():
    def warned(**parts):
        return [(one["code"], one["path"]) for one in answer(rows=[P], **parts)["warnings"]]

    assert warned(context={"account": {"ignore": ["elsewhere"]}}) == []
    assert warned(body=block(ignore=["elsewhere"])) == [("unmatched_slug", "provider.ignore[0]")]
    assert warned(body={"thinking": {"type": "enabled"}, "reasoning_effort": "low"}) == [
        ("ignored_parameter", "thinking"),
        ("ignored_parameter", "reasoning_effort"),
    ]
    assert warned(body={"thinking": {"type": "enabled"}, **block(require_parameters=False)}) == []
    assert warned(stats={"m@p": {"throughput": {"p50": 1, "p90": 2}}}) == [("rising_throughput", "stats.m@p.throughput")]
    assert warned(stats={"n@p": {"throughput": {"p50": 1, "p90": 2}}}) == []
