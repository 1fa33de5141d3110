"""The plan: lazily drawn, and the same plan whichever way it is read; the cut."""

from __future__ import annotations

import copy
import json
import pickle
from itertools import permutations

import pytest

from routecore import Plan
from tests.routing.scenes import FREE_OF_BALANCE, ask, plan, row, slugs

ROWS = [row(f"p{place}", price=1 + place) for place in range(7)]
TWO_MODELS = [row("p", "a/x", price=3), row("q", "a/x", price=1), row("r", "a/y", price=2), row("s", "a/y", price=4), row("t", "a/z", price="0.1")]

SCENES = {
    "balance": {},
    "sorted": {"provider": {"sort": "price"}},
    "ordered": {"provider": {"order": ["p3", "p5"]}},
    "cooling": {"health": {"a/b@p0": "cooling", "a/b@p1": "cooling"}},
    "panic": {"health": {f"a/b@p{place}": "cooling" for place in range(7)}},
    "keys": {"context": {"byok": ["p2", {"slug": "p4", "key_id": "k"}], "byok_only": ["p4"]}},
    "sticky": {"context": {"sticky": "a/b@p6"}},
    "cut": {"provider": {"allow_fallbacks": False}},
    "cut sorted": {"provider": {"allow_fallbacks": False, "sort": "price"}},
    "in order only": {"provider": {"allow_fallbacks": False, "order": ["p3", "p5", "p1"]}},
}


def key(attempt):
    return attempt.key, attempt.probability, attempt.expected_price


READS = {
    "first": lambda one: key(one.first),
    "len": len,
    "attempts": lambda one: [key(attempt) for attempt in one.attempts],
    "iteration": lambda one: [key(attempt) for attempt in one],
    "one step": lambda one: key(next(iter(one))),
    "last": lambda one: key(one[len(one) - 1]),
    "ranked": lambda one: [key(attempt) for attempt in one.ranked],
    "answer": lambda one: one.to_dict(),
}


@pytest.mark.parametrize("name", SCENES)
@pytest.mark.parametrize("draw", [0, 5, 2**64 - 1])
def test_a_lazy_plan_is_the_eager_plan_in_any_order_of_access(name, draw):
    def fresh():
        return plan(*ROWS, **SCENES[name], draw=draw)

    alone = {read: look(fresh()) for read, look in READS.items()}
    assert alone["attempts"] == alone["iteration"]
    assert alone["len"] == len(alone["attempts"])
    assert alone["first"] == alone["one step"] == alone["attempts"][0] == alone["ranked"][0]
    assert alone["last"] == alone["attempts"][-1]
    for order in list(permutations(READS, 3)):
        shared = fresh()
        for read in order:
            assert READS[read](shared) == alone[read], order


def test_two_iterations_may_interleave():
    found = plan(*ROWS)
    one, other = iter(found), iter(found)
    steps = [(next(one).key, next(other).key) for _ in range(7)]
    assert all(mine == theirs for mine, theirs in steps)
    assert len({mine for mine, _ in steps}) == 7


def test_a_plan_indexes_and_slices_like_its_attempts():
    found = plan(*ROWS, draw=3)
    assert [found[place].key for place in range(7)] == [one.key for one in found.attempts]
    assert found[-1].key == found.attempts[-1].key
    assert [one.key for one in found[1:3]] == [one.key for one in found.attempts[1:3]]
    with pytest.raises(IndexError):
        found[7]


def test_propensity_is_the_first_attempts_probability():
    found = plan(*ROWS)
    assert found.propensity == found.first.probability < 1
    assert plan(*ROWS, provider={"sort": "price"}).propensity == 1


def test_plans_are_equal_if_they_say_the_same():
    assert plan(*ROWS, draw=4) == plan(*ROWS, draw=4)
    assert plan(*ROWS, draw=4) != plan(*ROWS, draw=5)
    assert plan(*ROWS) != plan(*ROWS, settings=FREE_OF_BALANCE)
    assert plan(*ROWS) != "plan"
    with pytest.raises(TypeError):
        hash(plan(*ROWS))


@pytest.mark.parametrize("name", SCENES)
def test_a_plan_survives_pickle_and_copy(name):
    found = plan(*ROWS, **SCENES[name], draw=9)
    for again in (pickle.loads(pickle.dumps(found)), copy.deepcopy(found)):
        assert isinstance(again, Plan)
        assert again == found


@pytest.mark.parametrize("name", SCENES)
def test_the_answer_on_the_wire_is_the_plan_and_is_json(name):
    answer = ask(*ROWS, **SCENES[name], draw=9)
    assert answer == plan(*ROWS, **SCENES[name], draw=9).to_dict()
    assert json.loads(json.dumps(answer, allow_nan=False)) == answer
    assert list(answer) == ["attempts", "rejections", "funnel", "strategy", "sticky", "panic", "warnings", "draw"]


def test_repr_names_the_first_attempt():
    assert repr(plan(row("p"))).startswith("<Plan balance: a/b@p#shared first of 1")


# --- the cut ----------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("draw", range(5))
def test_without_fallbacks_and_order_the_first_attempt_alone_is_left(draw):
    whole, cut = plan(*ROWS, draw=draw), plan(*ROWS, provider={"allow_fallbacks": False}, draw=draw)
    assert [key(one) for one in cut] == [key(whole.first)]
    assert cut.rejections == ()
    assert cut.funnel == (("catalog", 7),)
    assert [one.key for one in cut.ranked] == [one.key for one in whole]


def test_with_several_models_the_first_attempt_of_each_is_left_in_plan_order():
    parts = {"model": None, "body": {"models": ["a/x", "a/y", "a/z"]}}
    answer = ask(*TWO_MODELS, provider={"allow_fallbacks": False, "sort": "price"}, **parts)
    assert slugs(answer) == ["q", "r", "t"]
    for draw in range(5):
        whole = ask(*TWO_MODELS, draw=draw, **parts)["attempts"]
        cut = ask(*TWO_MODELS, provider={"allow_fallbacks": False}, draw=draw, **parts)["attempts"]
        firsts = {}
        for one in whole:
            firsts.setdefault(one["model"], one)
        assert cut == list(firsts.values())


def test_a_models_first_attempt_may_be_a_cooling_one():
    parts = {"model": None, "body": {"models": ["a/x", "a/y", "a/z"]}, "health": {"a/x@p": "cooling", "a/x@q": "cooling", "a/y@r": "cooling"}}
    assert slugs(ask(*TWO_MODELS, provider={"allow_fallbacks": False, "sort": "price"}, **parts)) == ["s", "t", "q"]


def test_with_partition_none_the_first_attempt_of_all_models_is_left():
    parts = {"model": None, "body": {"models": ["a/x", "a/y", "a/z"]}}
    assert slugs(ask(*TWO_MODELS, provider={"allow_fallbacks": False, "sort": {"by": "price", "partition": "none"}}, **parts)) == ["t"]


def test_one_known_model_among_several_asked_is_one_model():
    assert len(slugs(ask(*TWO_MODELS, model="a/x", body={"models": ["u/v"]}, provider={"allow_fallbacks": False}))) == 1


def test_with_order_nothing_is_cut():
    assert set(slugs(ask(*ROWS, provider={"allow_fallbacks": False, "order": ["p1", "p2"]}))) == {"p1", "p2"}


def test_an_empty_order_is_no_order():
    assert len(slugs(ask(*ROWS, provider={"allow_fallbacks": False, "order": []}))) == 1


def test_with_own_keys_one_attempt_of_each_model_remains():
    answer = ask(*TWO_MODELS, model="a/x", body={"models": ["a/y"]}, provider={"allow_fallbacks": False, "sort": "price"}, context={"byok": ["p", "s"]})
    assert [(one["slug"], one["credential"]) for one in answer["attempts"]] == [("p", "byok"), ("s", "byok")]


def test_a_plan_that_is_not_cut_holds_every_attempt():
    assert sorted(slugs(ask(*ROWS))) == [f"p{place}" for place in range(7)]
