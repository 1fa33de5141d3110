"""Prices and amounts: what is a price, and that nothing is ever rounded."""

from __future__ import annotations

from decimal import Decimal, localcontext

import pytest

from routecore.pricing.money import as_decimal, format_usd, plain, read_price, read_rate, round_noise, usd


@pytest.mark.parametrize(
    ("value", "femtodollars"),
    [
        ("0", 0),
        ("0.000000000000001", 1),
        ("1e-15", 1),
        ("1E-6", 10**9),
        ("2.5e-6", 2_500_000_000),
        (".5", 5 * 10**14),
        ("5.", 5 * 10**15),
        ("999999.999999999999999", 999999999999999999999),
        ("0.1000000000000000000000000", 10**14),
        ("0e999999999999", 0),
        (2e-07, 200_000_000),
        (0.1, 10**14),
        (-0.0, 0),
        (7, 7 * 10**15),
        (Decimal("0.00000125"), 1_250_000_000),
        (Decimal("1E-15"), 1),
    ],
)
def test_a_decimal_of_at_most_15_places_is_a_price(value, femtodollars):
    assert read_price(value) == femtodollars


@pytest.mark.parametrize(
    "value",
    [
        "", " ", " 1", "1 ", "1\n", "+1", "-1", "-0", "0x10", "1_0", "1,5", "١", "１", "1e", "e5", ".", "1.2.3", "nan", "inf", "Infinity", "1e-16", "1e999999999",
        "0.1234567890123456", "1000000", 1_000_000, 10**400, -1, -1e-9, 1e6, 1e-16, float("nan"), float("inf"), True, False, None, [], {}, b"1",
        Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal(-1), Decimal("1e-16"), Decimal("1e6"), 1j, "9" * 5000,
    ],
)  # fmt: skip
def test_what_is_no_such_decimal_is_refused(value):
    assert read_price(value) is None


def test_a_float_is_read_by_its_shortest_repr_not_by_its_binary_value():
    binary = 0.1
    assert Decimal(binary) != Decimal("0.1")
    assert read_price(0.1) == 10**14


def test_a_rate_may_have_more_places_than_a_price():
    assert read_rate("0.33333333333333333333") == (33333333333333333333, 20)
    assert read_rate(1 / 3) == (3333333333333333, 16)
    assert read_rate("1e-401") is None


def test_amounts_of_any_size_keep_every_digit_whatever_the_active_context():
    number = 123456789012345678901234567890123456789
    with localcontext() as context:
        context.prec = 3
        assert str(as_decimal(number, 15)) == "123456789012345678901234.567890123456789"
        assert str(usd(number)) == "123456789012345678901234.567890123456789"
        assert str(usd(Decimal(number))) == "123456789012345678901234.567890123456789"


@pytest.mark.parametrize(("number", "places", "text"), [(0, 15, "0"), (5, 0, "5"), (-15, 1, "-1.5"), (100, 2, "1"), (1, 15, "0.000000000000001")])
def test_plain_text_has_no_exponent_and_no_zeros_at_the_end(number, places, text):
    assert plain(number, places) == text


@pytest.mark.parametrize(
    ("amount", "text"), [("0.00023495", "0.000235"), ("0.0000005", "0.000001"), ("0.00000049999", "0.000000"), ("-0.0000005", "-0.000001")]
)
def test_only_format_usd_rounds_and_it_rounds_half_up(amount, text):
    assert format_usd(Decimal(amount)) == text


@pytest.mark.parametrize(
    ("price", "femtodollars"),
    [
        (0.132 / 1e6, 132_000_000),
        ("0.0000001320000005", 132_000_000),  # half: to the even one
        ("0.0000001320000015", 132_000_002),
        ("1e-16", None),
        ("0.0000000000000014", None),
        ("0.0000000000100001", None),  # moves it by a hundred-thousandth
        ("-0.0000001320000000001", None),
        ("1e7", None),
    ],
)
def test_float_noise_is_rounded_half_to_even_and_what_a_rounding_would_move_is_refused(price, femtodollars):
    read = read_price(price)
    assert (round_noise(price) if read is None else read) == femtodollars
