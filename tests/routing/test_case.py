"""The case: everything one decision is made from but the draw."""

from __future__ import annotations

import pytest

from routecore.routing.case import Case
from tests.routing.scenes import plan, row


def test_replacing_nothing_gives_the_same_case_and_replacing_a_part_that_part_alone():
    case = plan(row("p"), context={"prompt_tokens": 5, "completion_tokens": 6, "cached_tokens": 3, "sticky": "a/b@p"}).case
    again, other = case.replace(), case.replace(prompt_tokens=9)
    for name in Case.__slots__:
        assert getattr(again, name) is getattr(case, name)
        assert getattr(other, name) == (9 if name == "prompt_tokens" else getattr(case, name))


def test_a_part_that_a_case_does_not_have_is_refused():
    with pytest.raises(TypeError):
        plan(row("p")).case.replace(prompts=1)


def test_a_case_holds_the_contexts_tokens_and_pin():
    case = plan(row("p"), context={"prompt_tokens": 0, "completion_tokens": 6, "cached_tokens": 3, "sticky": "a/b@P"}).case
    assert (case.prompt_tokens, case.completion_tokens, case.cached_tokens, case.sticky) == (0, 6, 3, "a/b@p")


def test_a_suffix_is_part_of_the_cases_preferences():
    assert plan(row("p"), model="a/b:floor").case.preferences.sort == "price"


def test_a_repooled_case_asks_its_models_in_another_order():
    case = plan(row("p"), row("q", "c/d"), body={"models": ["a/b", "c/d"]}).case
    assert case.pool.models == ("a/b", "c/d")
    assert case.repooled(("c/d", "a/b")).pool.models == ("c/d", "a/b")


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [((None, None, None), (5, 6, 3)), ((0, None, None), (0, 6, 3)), ((None, 0, None), (5, 0, 3)), ((None, None, 0), (5, 6, 0)), ((7, 8, 9), (7, 8, 9))],
)
def test_other_estimates_replace_those_that_are_given_and_zero_is_given(numbers, expected):
    case = plan(row("p"), context={"prompt_tokens": 5, "completion_tokens": 6, "cached_tokens": 3, "sticky": "a/b@p"}).case
    other = case.with_numbers(*numbers)
    assert (other.prompt_tokens, other.completion_tokens, other.cached_tokens) == expected
    rest = [name for name in Case.__slots__ if not name.endswith("_tokens")]
    assert all(getattr(other, name) is getattr(case, name) for name in rest)
