"""Expansion: each eligible endpoint becomes its attempts, one per credential that may call it."""

from __future__ import annotations

import pytest

from routecore.routing.expansion import expand
from tests.routing.scenes import ask, attempts, error, plan, row


def expanded(*rows, **context):
    """Return the attempts in canonical order, before any ranking."""
    case = plan(*rows, context=context).case
    return [one.key.removeprefix("a/b@") for one in expand(case.pool, case.pool.all, case)]


def test_without_keys_each_endpoint_is_one_shared_attempt():
    assert expanded(row("q"), row("p")) == ["p#shared", "q#shared"]


@pytest.mark.parametrize(
    ("key", "keyed"),
    [
        ("p", {"p", "p/x"}),
        ("P", {"p", "p/x"}),
        ("p/x", {"p/x"}),
        ("P/X", {"p/x"}),
        ("x", set()),
        ({"slug": "p", "models": []}, {"p", "p/x"}),
        ({"slug": "p", "models": None}, {"p", "p/x"}),
        ({"slug": "p", "models": ["a/b"]}, {"p", "p/x"}),
        ({"slug": "p", "models": ["A/B"]}, set()),
        ({"slug": "p", "models": ["c/d"]}, set()),
        ({"slug": "p/x", "models": ["c/d", "a/b"]}, {"p/x"}),
    ],
)
def test_a_key_holds_for_a_provider_or_one_variant_and_for_some_models_or_all(key, keyed):
    found = expanded(row("p"), row("p/x"), row("q"), byok=[key])
    assert {one.partition("#")[0] for one in found if "#byok" in one} == keyed
    assert {one.partition("#")[0] for one in found if "#shared" in one} == {"p", "p/x", "q"}


def test_every_key_that_matches_is_an_attempt_of_its_own_own_keys_by_key_id_before_shared_capacity():
    assert expanded(row("p"), byok=["p", {"slug": "P", "key_id": "a"}, {"slug": "p", "key_id": "Z"}]) == ["p#byok:Z", "p#byok:a", "p#byok:p", "p#shared"]


def test_a_provider_that_takes_own_keys_only_has_no_shared_attempt():
    assert expanded(row("p"), row("p/x"), row("q"), byok=["p"], byok_only=["P"]) == ["p#byok:p", "p/x#byok:p", "q#shared"]


def test_a_key_of_an_ineligible_endpoint_is_no_attempt():
    assert attempts(ask(row("p", disabled=True), row("q"), context={"byok": ["p"]})) == ["q"]


def test_a_key_does_not_make_an_endpoint_eligible():
    answer = ask(row("p"), context={"byok": ["p"]}, provider={"zdr": True})
    assert error(answer, "no_eligible_endpoint")["metadata"]["relaxations"] == [["zdr"]]


def test_each_attempt_stands_in_the_plan_exactly_once():
    context = {"byok": ["p", {"slug": "p", "key_id": "k"}, "q"], "byok_only": ["q"]}
    for draw in range(10):
        assert sorted(attempts(ask(row("p"), row("q"), row("r"), context=context, draw=draw))) == ["p", "p:k", "p:p", "q:q", "r"]
