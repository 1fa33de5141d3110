"""The small checks: names, slugs, whole numbers, numbers, near names."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import pytest

from routecore.reading.checks import canonical_key, is_name, is_slug, lower, nearest, number, whole

NOT_NAMES = [
    "", "a b", " a", "a ", "a\tb", "a\n", "a\x00", "a\x1f", "a\x7f", "a\x85", "a\x9f", "a\xa0", "a\u2028", "a\u3000", "a@b", "a#b", "a#2", "\ud800", "a\udfff",
    "x" * 257, None, 7, True, b"a", ["a"], 1.5,
]  # fmt: skip
NAMES = ["a", "deepseek/deepseek-v3.2", "x" * 256, "ä", "模型", "a:floor", "a/b/c", ".", "-", "🙂", "A"]


@pytest.mark.parametrize("value", NAMES)
def test_a_name_is_text_without_white_space_control_characters_at_or_hash(value):
    assert is_name(value)


@pytest.mark.parametrize("value", NOT_NAMES)
def test_nothing_else_is_a_name(value):
    assert not is_name(value)


@pytest.mark.parametrize("value", [*NAMES, "p/fp8#2", "p#10", "p#99", "x" * 254 + "#2"])
def test_a_slug_is_a_name_that_an_importers_number_may_end(value):
    assert is_slug(value)


@pytest.mark.parametrize("value", [*(one for one in NOT_NAMES if one != "a#2"), "p#", "p#1", "p#0", "p#02", "p#2x", "#2", "p#2#3", "x" * 255 + "#2"])
def test_nothing_else_is_a_slug(value):
    assert not is_slug(value)


def test_lower_case_is_that_of_ascii_alone():
    assert lower("DeepInfra/FP8") == "deepinfra/fp8"
    assert lower("ÄB") == "Äb"
    assert lower("İK") == "İk"


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("A/b@P", "A/b@p"),
        ("A/b@P/FP8#shared", "A/b@p/fp8#shared"),
        ("A/b@P#byok", "A/b@p#byok"),
        ("A/b@P#byok:MyKey", "A/b@p#byok:MyKey"),
        ("A/b@P#2#byok:K#2", "A/b@p#2#byok:K#2"),
        ("A/B", "A/B"),
        ("", ""),
    ],
)
def test_a_health_key_keeps_the_case_of_model_and_key_id_and_no_other(key, expected):
    assert canonical_key(key) == expected


@pytest.mark.parametrize("value", [0, 1, 2**63 - 1, 3.0, Decimal(3), Decimal("3.0"), -0.0, 1e18])
def test_a_whole_number_is_whole_not_negative_and_below_2_to_the_63(value):
    found = whole(value)
    assert found == value
    assert type(found) is int


@pytest.mark.parametrize(
    "value", [True, False, -1, 2**63, 10**400, 0.5, -0.5, math.nan, math.inf, -math.inf, 1e300, "1", None, [], Decimal("0.5"), Decimal("NaN"), Fraction(1), 1j]
)
def test_nothing_else_is_a_whole_number(value):
    assert whole(value) is None


@pytest.mark.parametrize("value", [0, 1, 0.5, 1e-300, 1e300, 5e-324, 2**63 - 1, Decimal("0.5"), -0.0])
def test_a_number_is_finite_and_not_negative(value):
    found = number(value)
    assert found == float(value)
    assert type(found) is float


@pytest.mark.parametrize("value", [True, -1, -0.5, 2**63, 10**400, math.nan, math.inf, -math.inf, "1", None, {}, Decimal("Infinity"), Decimal("1e400"), 1j])
def test_nothing_else_is_a_number(value):
    assert number(value) is None


@pytest.mark.parametrize("check", [whole, number])
@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("sNaN"), Decimal("-sNaN12"), Decimal("-Infinity"), Decimal("1e999999")])
def test_decimals_that_are_no_numbers_are_no_numbers_and_raise_nothing(check, value):
    assert check(value) is None


def test_near_names_come_closest_first_whatever_the_order_of_the_known():
    known = ["deepinfra", "deepseek", "together", "deepinfra/fp8"]
    assert nearest("deepinfa", known) == nearest("deepinfa", reversed(known))
    assert nearest("deepinfa", known)[0] == "deepinfra"
    assert nearest("deepinfa", known, most=1) == ["deepinfra"]


def test_a_name_that_nothing_is_close_to_has_no_near_names():
    assert nearest("zzz", ["deepinfra", "together"]) == []
    assert nearest("zzz", []) == []


def test_a_name_of_a_megabyte_is_compared_by_its_beginning_alone():
    assert nearest("x" * 1_000_000, ["deepinfra"]) == []


def test_all_26_letters_are_lowered_beside_others_too():
    assert lower("ABCDEFGHIJKLMNOPQRSTUVWXYZÄ@[") == "abcdefghijklmnopqrstuvwxyzÄ@["


def test_three_near_names_are_given_unless_told_otherwise():
    assert len(nearest("deepinfra", [f"deepinfra{place}" for place in range(9)])) == 3
