"""The passes: what each prefers, and which wins where two disagree."""

from __future__ import annotations

from itertools import combinations

import pytest

from routecore.routing.ranking.passes import PASSES
from tests.routing.scenes import FREE_OF_BALANCE, ask, attempts, plan, row, slugs

PRECEDENCE = ["health", "model", "parameters", "credential", "thresholds", "sticky", "order", "tier", "own_provider"]
SAME = {"settings": FREE_OF_BALANCE}


def test_the_passes_stand_in_the_documented_precedence():
    assert [one.name for one in PASSES] == PRECEDENCE


# --- precedence -------------------------------------------------------------------------------------------------------------------------------

STRATEGY = [*PRECEDENCE, "strategy"]
IMPOSSIBLE = {("sticky", "order"): "a pin does not apply beside an order", ("credential", "own_provider"): "both put one's own keys first"}


def preferring(scenario, name, winner, loser):
    """Change the scenario so that the pass (or the strategy) prefers ``winner``'s endpoint over ``loser``'s."""
    rows, context, block, ids = scenario["rows"], scenario["context"], scenario["provider"], scenario["ids"]
    if name == "health":
        scenario["health"][ids[loser]] = "cooling"
    elif name == "model":
        scenario["body"]["models"] = [ids[winner].partition("@")[0], ids[loser].partition("@")[0]]
    elif name == "parameters":
        scenario["body"]["seed"] = 7
        rows[winner]["supported_parameters"] = ["seed"]
    elif name == "credential":
        context.setdefault("byok", []).append({"slug": winner, "key_id": "key"})
        if "order" in block:
            block["order"].append(winner)
    elif name == "thresholds":
        block["preferred_max_latency"] = 1
        scenario["stats"].update({ids[winner]: {"latency": {"p50": 1}}, ids[loser]: {"latency": {"p50": 1.5}}})
    elif name == "sticky":
        context["sticky"] = ids[winner]
        rows[winner]["implicit_caching"] = True
    elif name == "order":
        block["order"] = [winner, *block.get("order", [])]
    elif name == "tier":
        scenario["body"]["service_tier"] = "priority"
        rows[winner]["tier"] = "priority"
    elif name == "own_provider":
        # the key's own attempt cools, so that only the shared capacity of its provider is preferred
        context.setdefault("byok", []).append({"slug": winner, "key_id": "spent"})
        scenario["health"][f"{ids[winner]}#byok:spent"] = "cooling"
    else:
        rows[winner].update(row(winner, price="0.000001"))


@pytest.mark.parametrize(("strong", "weak"), list(combinations(STRATEGY, 2)), ids="-over-".join)
def test_the_more_significant_pass_wins(strong, weak):
    if (strong, weak) in IMPOSSIBLE:
        pytest.skip(IMPOSSIBLE[strong, weak])
    models = ("a/x", "a/y") if "model" in (strong, weak) else ("a/b", "a/b")
    rows = {slug: row(slug, model, price=1000) for slug, model in zip(("x", "y"), models, strict=True)}
    ids = {slug: f"{one['model']}@{slug}" for slug, one in rows.items()}
    scenario = {"rows": rows, "ids": ids, "context": {}, "provider": {}, "body": {"models": list(dict.fromkeys(models))}, "stats": {}, "health": {}}
    # the weak one first, so that what the strong one does to an order comes in front of it
    preferring(scenario, weak, "y", "x")
    preferring(scenario, strong, "x", "y")
    rest = {key: scenario[key] for key in ("context", "provider", "body", "stats", "health")}
    for draw in range(3):
        answer = ask(*rows.values(), model=None, settings={"balance": {"price": 100}}, draw=draw, **rest)
        assert slugs(answer)[0] == "x", (rest, attempts(answer))


def test_without_anything_to_prefer_no_pass_moves_anything():
    found = plan(row("p"), row("q"), **SAME)
    assert {found.first.probability} == {0.5}
    assert [one.name for one in PASSES if one.places(found.ranking.field) is not None] == []


# --- model ------------------------------------------------------------------------------------------------------------------------------------

THREE = [row("p", "a/x", price=3), row("q", "a/x", price=1), row("p", "a/y", price=2), row("q", "a/z", price="0.5")]


def served(answer):
    return [(one["model"][-1], one["slug"]) for one in answer["attempts"]]


def test_all_of_the_first_models_attempts_come_before_the_seconds():
    answer = ask(*THREE, model="a/y", body={"models": ["a/x", "a/y", "a/z"]}, provider={"sort": "price"})
    assert served(answer) == [("y", "p"), ("x", "q"), ("x", "p"), ("z", "q")]


def test_partition_none_is_one_ranking_over_all_models():
    answer = ask(*THREE, model="a/y", body={"models": ["a/x", "a/z"]}, provider={"sort": {"by": "price", "partition": "none"}})
    assert served(answer) == [("z", "q"), ("x", "q"), ("y", "p"), ("x", "p")]


def test_a_sort_that_only_partitions_keeps_the_balance():
    answer = ask(*THREE, model="a/x", body={"models": ["a/y", "a/z"]}, provider={"sort": {"partition": "none"}}, **SAME)
    assert answer["strategy"] == "balance"
    assert answer["attempts"][0]["probability"] == 0.25
    answer = ask(*THREE, model="a/x", body={"models": ["a/y", "a/z"]}, provider={"sort": {"partition": "model"}}, **SAME)
    assert answer["attempts"][0]["probability"] == 0.5


@pytest.mark.parametrize(("suffix", "strategy", "first"), [(":floor", "sort:price", "q"), (":nitro", "sort:throughput", "p"), ("", "balance", None)])
def test_floor_and_nitro_sort_the_whole_request(suffix, strategy, first):
    answer = ask(*THREE, model=f"a/x{suffix}", stats={"a/x@p": {"throughput": {"p50": 9}}})
    assert answer["strategy"] == strategy
    assert {one["model"] for one in answer["attempts"]} == {"a/x"}
    assert first is None or slugs(answer)[0] == first


def test_a_suffix_gives_way_to_a_sort_that_is_given():
    assert ask(*THREE, model="a/x:nitro", provider={"sort": "price"})["strategy"] == "sort:price"
    assert ask(*THREE, model="a/x:nitro", provider={"sort": {"partition": "none"}})["strategy"] == "sort:throughput"


def test_of_two_suffixes_the_first_models_counts():
    assert ask(*THREE, model="a/x:nitro", body={"models": ["a/y:floor"]})["strategy"] == "sort:throughput"
    assert ask(*THREE, model="a/y", body={"models": ["a/x:floor", "a/z:nitro"]})["strategy"] == "sort:price"


def test_a_model_of_the_whole_name_has_no_suffix():
    answer = ask(row("p", "a/x:floor"), row("q", "a/x"), model="a/x:floor")
    assert (answer["strategy"], slugs(answer)) == ("balance", ["p"])


def test_a_name_with_and_without_its_suffix_is_one_model():
    answer = ask(*THREE, model="a/x", body={"models": ["a/x:floor", "a/y"]})
    assert (answer["strategy"], served(answer)) == ("sort:price", [("x", "q"), ("x", "p"), ("y", "p")])


@pytest.mark.parametrize("name", ["a/x:online", "a/x:", "a/x:FLOOR", "a/q:floor", ":floor", "a/x:floor:floor"])
def test_other_suffixes_and_suffixes_of_unknown_models_are_unknown_models(name):
    assert ask(*THREE, model=name)["error"]["type"] == "unknown_model"


# --- order ------------------------------------------------------------------------------------------------------------------------------------


def test_an_endpoint_takes_the_position_of_the_first_entry_that_matches_it():
    rows = [row("p/x", price=1), row("p/y", price=2), row("q", price=3), row("r", price=4)]
    block = {"order": ["zz", "p/y", "Q", "p", "p/y"], "sort": "price"}
    assert slugs(ask(*rows, provider=block)) == ["p/y", "q", "p/x", "r"]


def test_inside_one_entry_and_for_the_rest_the_strategy_stands():
    rows = [row("p/x", price=2), row("p/y", price=1), row("q", price=4), row("r", price=3)]
    assert slugs(ask(*rows, provider={"order": ["p"], "sort": "price"})) == ["p/y", "p/x", "r", "q"]
    found = ask(*rows, provider={"order": ["p"]}, **SAME)
    assert [one["probability"] for one in found["attempts"]] == [0.5, 1, 0.5, 1]


def test_an_order_that_names_nobody_moves_nobody():
    assert slugs(ask(row("p", price=2), row("q", price=1), provider={"order": ["zz"], "sort": "price"})) == ["q", "p"]


# --- parameters -------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("given", "expected"), [(None, ["q", "p", "r"]), (False, ["p", "q", "r"])])
def test_endpoints_that_would_ignore_a_parameter_come_last_unless_require_parameters_is_false(given, expected):
    rows = [row("p", price=1, supported_parameters=["seed"]), row("q", price=2, supported_parameters=["seed", "stop"]), row("r", price=3)]
    assert slugs(ask(*rows, body={"seed": 1, "stop": "x"}, provider={"sort": "price", "require_parameters": given})) == expected


# --- health -----------------------------------------------------------------------------------------------------------------------------------


def test_a_cooling_attempt_goes_last_behind_every_other_models_healthy_ones():
    answer = ask(*THREE, model="a/x", body={"models": ["a/y", "a/z"]}, provider={"sort": "price"}, health={"a/x@q": "cooling", "a/y@p": "cooling"})
    assert served(answer) == [("x", "p"), ("z", "q"), ("x", "q"), ("y", "p")]
    assert answer["panic"] is False


def test_if_all_are_cooling_nothing_moves_and_the_plan_says_panic():
    calm = ask(row("p", price=2), row("q", price=1), provider={"sort": "price"})
    answer = ask(row("p", price=2), row("q", price=1), provider={"sort": "price"}, health={"a/b@p": "cooling", "a/b@q": "cooling"})
    assert slugs(answer) == slugs(calm)
    assert (calm["panic"], answer["panic"]) == (False, True)


def test_an_ineligible_healthy_endpoint_does_not_save_from_panic():
    assert ask(row("p"), row("q", disabled=True), health={"a/b@p": "cooling"})["panic"] is True


@pytest.mark.parametrize(
    ("key", "last"),
    [
        ("a/b@p", {"p:k", "p:l", "p"}),
        ("a/b@P", {"p:k", "p:l", "p"}),
        ("a/b@p#shared", {"p"}),
        ("a/b@p#byok", {"p:k", "p:l"}),
        ("a/b@p#byok:k", {"p:k"}),
        ("a/b@p#byok:K", set()),
        ("a/b@p#byok:", set()),
        ("a/b@p#x", set()),
        ("p", set()),
    ],
)
def test_health_is_kept_per_attempt(key, last):
    context = {"byok": [{"slug": "p", "key_id": "k"}, {"slug": "p", "key_id": "l"}]}
    found = attempts(ask(row("p"), row("q"), health={key: "cooling"}, context=context))
    assert set(found[len(found) - len(last) :]) == last
    assert len(found) == 4


def test_cooling_if_any_key_that_applies_says_so():
    health = {"a/b@p": "available", "a/b@p#shared": "cooling"}
    assert slugs(ask(row("p", price=1), row("q", price=2), provider={"sort": "price"}, health=health)) == ["q", "p"]
    health = {"a/b@p": "cooling", "a/b@p#shared": "available"}
    assert slugs(ask(row("p", price=1), row("q", price=2), provider={"sort": "price"}, health=health)) == ["q", "p"]


# --- credentials ------------------------------------------------------------------------------------------------------------------------------

FLEET = [row("p/x", price=4), row("p/y", price=3), row("q", price=2), row("r", price=1)]


def test_all_own_keys_come_first_whatever_their_place_in_order_then_shared_capacity_in_the_order():
    found = attempts(ask(*FLEET, provider={"order": ["r", "p"], "sort": "price"}, context={"byok": ["p"]}))
    assert found == ["p/y:p", "p/x:p", "r", "p/y", "p/x", "q"]


def test_with_order_keys_of_providers_that_it_does_not_name_lead_the_rest():
    assert attempts(ask(*FLEET, provider={"order": ["r"], "sort": "price"}, context={"byok": ["p/x"]})) == ["r", "p/x:p/x", "q", "p/y", "p/x"]


def test_several_own_keys_follow_the_order_among_themselves():
    found = attempts(ask(*FLEET, provider={"order": ["r", "q"], "sort": "price"}, context={"byok": ["q", "r", "p/y"]}))
    assert found == ["r:r", "q:q", "r", "q", "p/y:p/y", "p/y", "p/x"]


def test_without_order_and_sort_shared_capacity_of_own_providers_comes_before_the_others():
    for draw in range(10):
        found = attempts(ask(*FLEET, context={"byok": ["p/x"]}, draw=draw))
        assert found[:2] == ["p/x:p/x", "p/x"]
        found = attempts(ask(*FLEET, context={"byok": ["p"]}, draw=draw))
        assert set(found[:2]) == {"p/x:p", "p/y:p"}
        assert set(found[2:4]) == {"p/x", "p/y"}


@pytest.mark.parametrize("parts", [{"provider": {"sort": "price"}}, {"model": "a/b:floor"}])
def test_with_a_sort_shared_capacity_of_own_providers_has_no_preference(parts):
    assert attempts(ask(*FLEET, context={"byok": ["p/x"]}, **parts)) == ["p/x:p/x", "r", "q", "p/y", "p/x"]


def test_a_sort_that_only_partitions_leaves_own_providers_preferred():
    assert attempts(ask(*FLEET, context={"byok": ["p/x"]}, provider={"sort": {"partition": "none"}}))[:2] == ["p/x:p/x", "p/x"]


def test_a_display_name_in_order_names_its_provider():
    found = plan(row("south"), row("north-cloud", price=99), provider={"order": ["North Cloud"]}, settings={"balance": {"price": 100}})
    assert [one.endpoint.slug for one in found] == ["north-cloud", "south"]
    assert found.why("a/b@north-cloud").reasons[0] == "order: order[0] is 'north cloud'"
    assert [(one.code, one.path) for one in found.warnings] == [("display_name", "provider.order[0]")]
