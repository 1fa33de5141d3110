"""why(): what put an endpoint where it is, and changes that really put it first when they are made on the wire."""

from __future__ import annotations

import copy
import json
import random

import pytest

from routecore import decide_scenario
from routecore.errors import RoutecoreError
from routecore.reading.checks import canonical_key
from routecore.routing.ranking.passes import PASSES
from routecore.routing.rules import RULES
from routecore.testing.generate import random_scenario
from routecore.wire.scenario import plan_scenario
from tests.routing.scenes import FREE_OF_BALANCE, plan, row

CACHING = {"implicit_caching": True}
REASONS = {
    "health": ({"health": {"a/b@p": "cooling"}}, "health: cooling (first: available)"),
    "parameters": ({"body": {"seed": 1}}, "parameters: would ignore seed (first: supports every parameter)"),
    "credential": ({"context": {"byok": ["q"]}}, "credential: shared capacity (first: own key 'q')"),
    "thresholds": (
        {"provider": {"preferred_max_latency": 2, "preferred_min_throughput": {"p90": 10}}, "stats": {
            "a/b@p": {"latency": {"p50": 3}, "throughput": {"p90": 20}}, "a/b@q": {"latency": {"p50": 2}, "throughput": {"p90": 10}},
        }},
        (
            "thresholds: throughput p90 20 tok/s, wanted >= 10 tok/s; latency p50 3 s, wanted <= 2 s "
            "(first: throughput p90 10 tok/s, wanted >= 10 tok/s; latency p50 2 s, wanted <= 2 s)"
        ),
    ),
    "sticky": ({"context": {"sticky": "a/b@q"}}, "sticky: not pinned (first: pinned by the session)"),
    "order": ({"provider": {"order": ["q"]}}, "order: not named in order (first: order[0] is 'q')"),
    "own_provider": (
        {"context": {"byok": ["q"]}, "health": {"a/b@q#byok": "cooling"}},
        "own_provider: shared capacity (first: shared capacity of an own provider)",
    ),
    "strategy": ({"provider": {"sort": "price"}}, "strategy: expected price 0.005 USD (first: expected price 0.0004 USD)"),
}  # fmt: skip


@pytest.mark.parametrize("name", REASONS)
def test_the_pass_that_put_an_endpoint_behind_the_first_is_named_with_both_sides(name):
    parts, reason = REASONS[name]
    # q is dear, so that only the pass in question (or a sort) can put it first
    rows = [row("p"), row("q", price="0.1" if name == "strategy" else 100, supported_parameters=["seed"], **CACHING)]
    found = plan(*rows, settings={"balance": {"price": 100}}, **parts)
    why = found.why("a/b@p")
    assert (why.decided_by, why.reasons) == (name, (reason,))
    assert why.place == next(place for place, one in enumerate(found, 1) if one.endpoint.id == "a/b@p")
    first = found.why("a/b@q")
    assert (first.place, first.decided_by, first.changes) == (1, "first", ())
    assert name == "strategy" or any(one.startswith(f"{name}: ") for one in first.reasons)
    assert first.reasons[-1].startswith("strategy: ")


def test_the_model_pass_is_named_too():
    found = plan(row("p", "a/x"), row("q", "a/y"), model=None, body={"models": ["a/y", "a/x"]})
    why = found.why("a/x@p")
    assert (why.decided_by, why.reasons) == ("model", ("model: a/x is model 2 of 2 (first: a/y is model 1 of 2)",))
    assert ("caller", "'a/x' asked first") in [tuple(one) for one in why.changes]


def test_chance_is_named_with_its_share():
    found = plan(row("p"), row("q"), row("r"), row("s"), settings=FREE_OF_BALANCE)
    last = found.attempts[-1].endpoint.id
    why = found.why(last)
    assert (why.decided_by, why.place) == ("strategy", 4)
    assert why.reasons == ("strategy: 25.0% of draws among 4 of equal rank (first: 25.0% of draws among 4 of equal rank)",)
    assert ("chance", "another draw (25.0% of them)") in [tuple(one) for one in why.changes]


@pytest.mark.parametrize(
    ("sort", "stats", "reason"),
    [
        ("throughput", {"a/b@q": {"throughput": {"p50": 50}}}, "strategy: throughput p50 not known (first: throughput p50 50 tok/s)"),
        ("latency", {"a/b@q": {"latency": {"p50": 0.5}}, "a/b@p": {"latency": {"p50": 1}}}, "strategy: latency p50 1 s (first: latency p50 0.5 s)"),
        ("price", {}, "strategy: expected price not known (first: expected price 0.004 USD)"),
    ],
)
def test_a_sort_is_told_by_its_values(sort, stats, reason):
    found = plan(row("p", price=None), row("q", price=1), provider={"sort": sort}, stats=stats)
    assert found.why("a/b@p").reasons == (reason,)


def test_a_rejected_endpoint_is_told_every_rule_with_its_reason():
    found = plan(row("p", price=9), row("q", data_policy={"retains": False}), provider={"zdr": True, "max_price": {"prompt": 1}})
    why = found.why("a/b@p")
    assert (why.place, why.decided_by) == (None, "zdr")
    assert why.reasons == ("zdr: retention unknown, taken as retaining", "max_price: prompt 9.00 > 1.00 USD/Mtok")
    assert str(why).startswith("a/b@p: not in the plan: zdr: retention unknown")


def test_a_disabled_endpoint_has_no_change_to_offer():
    found = plan(row("p", disabled=True), row("q"))
    why = found.why("a/b@p")
    assert (why.place, why.decided_by, why.reasons, why.changes) == (None, "disabled", ("disabled: the catalog disables this endpoint",), ())


def test_what_the_account_forbids_is_the_operators_to_change():
    changes = plan(row("p"), row("q"), context={"account": {"ignore": ["p"]}}, provider={"sort": "price"}).why("a/b@p").changes
    assert {one.whose for one in changes} == {"operator"}


def test_a_cut_endpoint_is_told_so():
    why = plan(row("p"), row("q", price=2), provider={"sort": "price", "allow_fallbacks": False}).why("a/b@q")
    assert (why.place, why.decided_by) == (None, "cut")
    assert why.reasons[0] == "allow_fallbacks is false, so only the first attempt remains"
    models = plan(row("p", "a/x"), row("q", "a/x"), row("r", "a/y"), model="a/x", body={"models": ["a/y"]}, provider={"allow_fallbacks": False})
    assert "of each model" in next(why.reasons[0] for one in ("a/x@p", "a/x@q") if (why := models.why(one)).place is None)


def test_an_endpoint_of_no_asked_model_is_a_key_error():
    for name in ("a/b@zz", "c/d@r", ""):
        with pytest.raises(KeyError):
            plan(row("p"), row("r", "c/d")).why(name)


def test_asking_why_does_not_change_the_plan():
    asked, fresh = plan(row("p"), row("q"), row("r")), plan(row("p"), row("q"), row("r"))
    for one in ("a/b@r", "a/b@p"):
        asked.why(one)
    assert asked == fresh


def test_an_explanation_is_json_and_reads_as_a_line():
    why = plan(row("p"), row("q", price=2), provider={"sort": "price"}).why("a/b@q")
    assert json.loads(json.dumps(why.to_dict())) == why.to_dict()
    assert set(why.to_dict()) == {"endpoint", "place", "decided_by", "reasons", "changes"}
    assert str(why).startswith("a/b@q: place 2: strategy: expected price 0.008 USD (first: expected price 0.005 USD). It would be first with: ")


# --- the changes, made on the wire ------------------------------------------------------------------------------------------------------------


def lift(scenario, rule):
    """Take the rule out of the scenario, as the words ``without RULE`` say."""
    request, context = scenario["request"], scenario.get("context") or {}
    block, account = request.get("provider") or {}, context.get("account") or {}
    if rule.startswith("account."):
        account.pop({"training": "deny_training"}.get(rule[8:], rule[8:]), None)
    elif rule in {"context_length", "max_tokens"}:
        for key in ("max_tokens", "max_completion_tokens", "max_output_tokens"):
            request.pop(key, None)
        if rule == "context_length":
            context.pop("prompt_tokens", None)
    elif rule == "tools":
        request.pop("tools", None)
        request.pop("tool_choice", None)
    elif rule == "modality":
        request.pop("messages", None)
        request.pop("input", None)
    elif rule in {"byok_only", "affinity", "api"}:
        context.pop(rule, None)
    elif rule == "fallbacks_disabled":
        block["allow_fallbacks"] = True
    else:
        del block[rule]


def move(scenario, words, endpoint, answer):
    """Make one of the other changes."""
    request = scenario["request"]
    block = request.get("provider")
    if block is None:
        block = request["provider"] = {}
    sort = block.get("sort")
    by, partition = (sort.get("by"), sort.get("partition")) if isinstance(sort, dict) else (sort, None)
    if words in {"its cooldown over", "room under its limits"}:
        gone = "cooling" if words == "its cooldown over" else "full"
        for key, state in list(scenario["health"].items()):
            if state == gone and canonical_key(key).split("#shared")[0].split("#byok")[0] == endpoint.id:
                del scenario["health"][key]
    elif words == "require_parameters: false":
        block["require_parameters"] = False
    elif words == "without the thresholds":
        block.pop("preferred_max_latency", None)
        block.pop("preferred_min_throughput", None)
    elif words == "without the keys of one's own":
        scenario["context"].pop("byok")
    elif words == "without the session's pin":
        scenario["context"].pop("sticky")
    elif words == "without order":
        block.pop("order")
    elif words == 'sort.partition: "none"':
        block["sort"] = {"by": by, "partition": "none"}
    elif words.endswith(" asked first"):
        asked = [*([request.pop("model")] if request.get("model") else []), *([names] if isinstance(names := request.get("models") or [], str) else names)]
        known = {one["model"] for one in scenario["catalog"]["endpoints"]}
        asked = [name if name in known else name.removesuffix(":floor").removesuffix(":nitro").removesuffix(":exacto") for name in asked]
        request["models"] = [endpoint.model, *asked]
        if answer["strategy"].startswith("sort:"):
            block["sort"] = {"by": answer["strategy"].removeprefix("sort:"), "partition": partition}
    elif words.startswith("sort: "):
        block["sort"] = {"by": words.split("'")[1], "partition": partition}
    else:
        assert words == f"order: [{endpoint.slug!r}, …]", words
        block["order"] = [endpoint.slug, *(slug for slug in block.get("order") or [] if slug.lower() not in {endpoint.slug, endpoint.provider})]


def changed(scenario, words, endpoint, answer):
    """Return the answer to the scenario with the change made that ``words`` ask for."""
    if words.startswith("together: "):
        for part in words.removeprefix("together: ").split("; "):
            scenario = with_change(scenario, part, endpoint, answer)
        return decide_scenario(scenario)
    return decide_scenario(with_change(scenario, words, endpoint, answer))


def with_change(scenario, words, endpoint, answer):
    """Return the scenario with the change made that ``words`` ask for."""
    other = copy.deepcopy(scenario)
    rest = words
    if words.startswith("without ") and words not in {"without the thresholds", "without the keys of one's own", "without the session's pin", "without order"}:
        lifted, comma, rest = words.removeprefix("without ").partition(", and ")
        for rule in lifted.split(" and "):
            if rule == "require_parameters: false":
                move(other, rule, endpoint, answer)
            else:
                lift(other, rule)
        if not comma:
            return other
    move(other, rest, endpoint, answer)
    return other


@pytest.mark.parametrize("block", range(10))
def test_every_change_that_is_offered_really_leads_to_first_place(block):
    offered = 0
    for seed in range(block * 40, block * 40 + 40):
        scenario = random_scenario(random.Random(f"why {seed}"))
        try:
            found = plan_scenario(scenario)
        except RoutecoreError:
            continue
        answer = found.to_dict()
        places = {}
        for place, one in enumerate(answer["attempts"], 1):
            places.setdefault(one["endpoint"], place)
        gone = {one["endpoint"]: one["rules"] for one in answer["rejections"]}
        for endpoint in found.case.pool.endpoints:
            why = found.why(endpoint.id)
            assert why.place == places.get(endpoint.id)
            if endpoint.id in gone:
                assert why.decided_by == gone[endpoint.id][0]
                assert [one.partition(": ")[0] for one in why.reasons] == gone[endpoint.id]
            else:
                assert why.decided_by in {*(one.name for one in PASSES), "strategy", "cut", "first"}
            for change in why.changes:
                if change.words.startswith("another draw ("):
                    assert not answer["strategy"].startswith("sort:")
                    continue
                offered += 1
                after = changed(scenario, change.words, endpoint, answer)
                assert "error" not in after, (seed, change, after)
                assert after["attempts"][0]["endpoint"] == endpoint.id, (seed, change)
    assert offered > 30


def test_dropping_what_the_words_say_to_drop_is_enough():
    rows = [row("p", price=1), row("q", price=2, supported_parameters=["seed"])]
    parts = {"body": {"seed": 1}, "provider": {"require_parameters": True, "sort": "price"}}
    for change in plan(*rows, **parts).why("a/b@p").changes:
        if change.words == "without require_parameters":
            without = {"sort": "price"}
            assert plan(*rows, **{**parts, "provider": without}).first.endpoint.slug == "p"


def test_every_rule_but_disabled_is_known_to_be_lifted():
    assert [rule.name for rule in RULES if rule.lift is None] == ["disabled"]


def test_require_parameters_is_offered_to_be_let_go_only_where_it_was_not_given():
    rows = [row("p", price=9), row("q", price=1, supported_parameters=["seed"])]
    assert ("caller", "require_parameters: false") not in [
        tuple(one) for one in plan(*rows, body={"seed": 1}).why("a/b@p").changes if "together" not in one.words
    ]
    near = plan(row("p", price=1), row("q", price=9, supported_parameters=["seed"]), body={"seed": 1}, settings={"balance": {"price": 100}})
    assert ("caller", "require_parameters: false") in [tuple(one) for one in near.why("a/b@p").changes]
