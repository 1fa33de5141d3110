"""Exact rates: multipliers, discounts, fees and amounts as whole numbers with decimal places, so that sums and products of them never round."""

from __future__ import annotations

from typing import Final

__all__ = ["ONE", "Rate", "complement", "plus", "product", "reduced", "times"]

Rate = tuple[int, int]
"""An exact decimal as (n, k): n × 10^-k. Those that ``read_rate`` and ``times`` return are reduced: n is not divisible by 10 unless k is 0."""

ONE: Final[Rate] = (1, 0)


def plus(left: Rate, right: Rate) -> Rate:
    """Return the exact sum of two rates, with as many places as the finer one.

    >>> plus((5, 1), (25, 2)), plus((1, 0), (0, 3))
    ((75, 2), (1000, 3))
    """
    places = max(left[1], right[1])
    return left[0] * 10 ** (places - left[1]) + right[0] * 10 ** (places - right[1]), places


def product(left: Rate, *others: Rate) -> Rate:
    """Return the exact product of rates as it comes: for amounts, which are reduced when they are spelt out.

    >>> product((5, 1), (2, 0), (3, 1))
    (30, 2)
    """
    number, places = left
    for more, further in others:
        number, places = number * more, places + further
    return number, places


def times(left: Rate, right: Rate) -> Rate:
    """Return the exact product of two rates, reduced.

    >>> times((5, 1), (2, 0)), times((25, 2), (3, 1))
    ((1, 0), (75, 3))
    """
    return reduced(left[0] * right[0], left[1] + right[1])


def reduced(number: int, places: int) -> Rate:
    """Return ``number`` × 10^-``places`` with as few places as it needs.

    >>> reduced(1500, 3), reduced(0, 5)
    ((15, 1), (0, 0))
    """
    if not number:
        return 0, 0
    while places > 0:
        quotient, rest = divmod(number, 10)
        if rest:
            break
        number, places = quotient, places - 1
    return number, places


def complement(rate: Rate) -> Rate:
    """Return 1 − ``rate``: a discount as the multiplier that it is.

    >>> complement((25, 2)), complement((1, 0))
    ((75, 2), (0, 0))
    """
    number, places = rate
    return reduced(10**places - number, places)
