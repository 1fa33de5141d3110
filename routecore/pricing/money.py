"""Money, exact: femtodollars (1e-15 USD) as ints inside, ``Decimal`` and plain decimal text outside.

A binary float never holds a price or an amount here. Sums of tokens times prices are sums of ints, which Python never rounds; rates (multipliers,
discounts, fees) are a whole number and a count of decimal places, so that products stay whole. ``Decimal`` arithmetic would round at 28 digits
without a word, so amounts become ``Decimal`` only at the very end, by spelling them out.
"""

from __future__ import annotations

import math
import re
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from routecore.pricing.rate import Rate

__all__ = ["PLACES", "PRICE_EXPECTED", "RATE_EXPECTED", "as_decimal", "format_usd", "plain", "read_price", "read_rate", "usd"]

PLACES: Final = 15
"""Decimal places of a femtodollar: the finest price there is."""

_WHOLE_DIGITS: Final = 6
_EXPONENT_DIGITS: Final = 6
_RATE_PLACES: Final = 400
_NOISE: Final = 10**6
_DECIMAL: Final = re.compile(r"(?=\.?[0-9])([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]+))?", re.ASCII)
_WIDE: Final = Context(prec=5000)

PRICE_EXPECTED: Final = "a price: a decimal of at most 15 places, not negative, below 1,000,000"
RATE_EXPECTED: Final = "a rate: a decimal, not negative, below 1,000,000"


def decimal_parts(value: object) -> tuple[str, int] | None:
    """Return ``value`` as its significant digits and the power of ten of the last one, or ``None`` if it is no decimal, or a negative one.

    A float is read by its shortest repr, as every JSON library writes it. Text is ASCII digits with an optional point and exponent, nothing else.
    """
    if isinstance(value, str):
        match = _DECIMAL.fullmatch(value)
        if match is None:
            return None
        whole, part, power = match[1], match[2] or "", match[3] or "0"
    elif isinstance(value, bool):
        return None
    elif isinstance(value, int):
        # a number of a million digits would cost more to write out than to refuse
        if not 0 <= value < 10**_WHOLE_DIGITS:
            return None
        whole, part, power = str(int(value)), "", "0"
    elif isinstance(value, float):
        if not (math.isfinite(value) and value >= 0):
            return None
        match = _DECIMAL.fullmatch(float.__repr__(abs(value)))
        assert match is not None
        whole, part, power = match[1], match[2] or "", match[3] or "0"
    elif isinstance(value, Decimal):
        if not value.is_finite() or value < 0:
            return None
        _, digits, exponent = value.as_tuple()
        whole, part, power = "".join(map(str, digits)), "", str(exponent)
    else:
        return None
    figures = (whole + part).lstrip("0")
    significant = figures.rstrip("0")
    if not significant:
        return "", 0
    # an exponent beyond any amount is cut to one that still is, before it is computed with
    exponent = int(power) if len(power.lstrip("+-").lstrip("0")) <= _EXPONENT_DIGITS else -(10**_EXPONENT_DIGITS) if power[0] == "-" else 10**_EXPONENT_DIGITS
    return significant, exponent - len(part) + len(figures) - len(significant)


def read_price(value: object) -> int | None:
    """Return a price in femtodollars, or ``None`` if ``value`` is not one.

    A price is a decimal in USD: text (ASCII digits, optional point and exponent), int, ``Decimal`` or float (read by its shortest repr), from 0 to below
    1,000,000, with at most 15 decimal places; zeros beyond the 15th are fine. A bool, NaN, infinity, sign, blank, underscore or other digit is refused.

    >>> read_price("0.0000002"), read_price(2e-07), read_price(3), read_price("0.10000000000000000000")
    (200000000, 200000000, 3000000000000000, 100000000000000)
    >>> read_price("1e-16"), read_price("-1"), read_price(True), read_price(" 1"), read_price(1000000)
    (None, None, None, None, None)
    """
    parts = decimal_parts(value)
    if parts is None:
        return None
    digits, power = parts
    if power < -PLACES or len(digits) + power > _WHOLE_DIGITS:
        return None
    return int(digits or "0") * int(10 ** (power + PLACES))


def round_price(value: object) -> int | None:
    """Return a price finer than a femtodollar as the nearest whole one (half up), ``None`` if ``value`` is wrong in any other way.

    For feeds that give quotients; who rounds says so.

    >>> round_price("0.00000008333333333333334"), round_price("-1"), round_price("1e7")
    (83333333, None, None)
    """
    parts = decimal_parts(value)
    if parts is None:
        return None
    digits, power = parts
    if len(digits) + power > _WHOLE_DIGITS:
        return None
    dropped = -PLACES - power
    if dropped <= 0:
        return int(digits or "0") * int(10**-dropped)
    kept = digits[: len(digits) - dropped] if dropped < len(digits) else ""
    following = digits[len(kept)] if dropped <= len(digits) else "0"
    return int(kept or "0") + (following >= "5")


def round_noise(value: object) -> int | None:
    """Return a price finer than a femtodollar as the nearest whole one (half to even), if that moves it by at most a millionth of itself; else ``None``.

    Feeds that divide prices per million tokens as floats are full of such noise. Source: the specification of the wire form, § Bad input.

    >>> round_noise(0.132 / 1e6), round_noise("1e-16"), round_noise("0.0000000000000014")
    (132000000, None, None)
    """
    parts = decimal_parts(value)
    if parts is None:
        return None
    digits, power = parts
    dropped = -PLACES - power
    if dropped <= 0 or dropped > len(digits) or len(digits) + power > _WHOLE_DIGITS:
        return None
    number, unit = int(digits), 10**dropped
    whole, rest = divmod(number, unit)
    whole += 2 * rest > unit or (2 * rest == unit and whole & 1)
    return whole if abs(whole * unit - number) * _NOISE <= number else None


def read_rate(value: object) -> Rate | None:
    """Return a rate (multiplier, discount, fee) as an exact (n, k), n × 10^-k, or ``None`` if ``value`` is not one.

    Like a price, but with up to 400 places, as a rate may be a quotient.

    >>> read_rate("1.10"), read_rate(0.1), read_rate(2), read_rate("-1"), read_rate(float("nan"))
    ((11, 1), (1, 1), (2, 0), None, None)
    """
    parts = decimal_parts(value)
    if parts is None:
        return None
    digits, power = parts
    if power < -_RATE_PLACES or len(digits) + power > _WHOLE_DIGITS:
        return None
    number = int(digits or "0")
    return (number * 10**power, 0) if power >= 0 else (number, -power)


def plain(number: int, places: int) -> str:
    """Return ``number`` × 10^-``places`` as plain decimal text: no exponent, no zeros at the end, whatever the size.

    >>> plain(23495, 8), plain(-5, 1), plain(1000, 2), plain(0, 15)
    ('0.00023495', '-0.5', '10', '0')
    """
    if not number:
        return "0"
    if not places:
        return str(number)
    if number < 0:
        return "-" + plain(-number, places)
    digits = str(number)
    if len(digits) > places:
        part = digits[-places:].rstrip("0")
        return f"{digits[:-places]}.{part}" if part else digits[:-places]
    return "0." + digits.zfill(places).rstrip("0")


def as_decimal(number: int, places: int) -> Decimal:
    """Return ``number`` × 10^-``places`` as an exact ``Decimal``, whatever the active context's precision.

    >>> as_decimal(123456789012345678901234567890123, 15)
    Decimal('123456789012345678.901234567890123')
    """
    digits = str(number)
    significant = digits.rstrip("0")
    power = len(digits) - len(significant) - places
    # the zeros that are left over at the end belong to the whole part
    return Decimal(f"{significant}E{power}") if power <= 0 and number else Decimal(number // 10**places)


def usd(femtodollars: int | Decimal) -> Decimal:
    """Return an amount of femtodollars in USD, exact.

    >>> usd(234950000000), usd(Decimal("0.5"))
    (Decimal('0.00023495'), Decimal('5E-16'))
    """
    if isinstance(femtodollars, int):
        return as_decimal(femtodollars, PLACES)
    sign, digits, exponent = femtodollars.as_tuple()
    number = int("".join(map(str, digits)))
    power = int(exponent) - PLACES
    return as_decimal(-number if sign else number, -power) if power < 0 else as_decimal((-number if sign else number) * 10**power, 0)


def format_usd(amount: Decimal | int, places: int = 6) -> str:
    """Return an amount of USD as text, rounded half up (away from zero at a half). The only place where money is rounded.

    The documented sample response shows six decimals: its exact 0.00023495 is shown as 0.000235.

    Args:
        amount: USD.
        places: How many decimals.

    Returns:
        Plain decimal text without a sign of currency.

    Example:
        >>> format_usd(Decimal("0.00023495")), format_usd(Decimal("52.85"), 2), format_usd(Decimal("0.0000005"))
        ('0.000235', '52.85', '0.000001')
    """
    return format(Decimal(amount).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP, context=_WIDE), "f")
