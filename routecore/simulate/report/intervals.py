"""Exact bounds and quantiles that intervals are made of: Student's t for few replications, Clopper and Pearson's for rare events."""

from __future__ import annotations

from functools import lru_cache
from math import exp, inf, lgamma, log, log1p, sqrt
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FEWEST_BEYOND", "clopper_pearson", "enough_for", "student_t"]

FEWEST_BEYOND: Final = 5
"""Samples that must lie beyond a percentile for it to be told: a p99 needs 500, a p50 ten."""
_ROUNDS: Final = 200


def enough_for(share: float, samples: int) -> bool:
    """Tell whether so many samples have a percentile worth telling.

    >>> enough_for(0.99, 500), enough_for(0.99, 499), enough_for(0.5, 10)
    (True, False, True)
    """
    return samples * min(share, 1.0 - share) >= FEWEST_BEYOND - 1e-9


@lru_cache(maxsize=4_096)
def clopper_pearson(happened: int, of: int, level: float = 0.95) -> tuple[float, float]:
    """Return the exact bounds of a rate from ``happened`` of ``of``: at least ``level`` whatever the rate. Of none, the upper one is the rule of three's.

    >>> low, high = clopper_pearson(0, 1_000)
    >>> low, round(high * 1_000, 1)
    (0.0, 3.7)
    >>> [round(one, 4) for one in clopper_pearson(5, 100)]
    [0.0164, 0.1128]
    """
    if not of:
        return 0.0, 1.0
    tail = (1.0 - level) / 2.0
    low = 0.0 if not happened else _solved(lambda rate: _beta(rate, happened, of - happened + 1.0), tail)
    high = 1.0 if happened == of else _solved(lambda rate: _beta(rate, happened + 1.0, of - happened), 1.0 - tail)
    return low, high


@lru_cache(maxsize=512)
def student_t(freedom: int, level: float = 0.95) -> float:
    """Return how many standard errors hold ``level`` of Student's distribution.

    >>> round(student_t(3), 3), round(student_t(1_000), 2)
    (3.182, 1.96)
    """
    if freedom < 1:
        return inf
    # the share within t is that of a Beta below t² / (t² + freedom)
    place = _solved(lambda x: _beta(x, 0.5, freedom / 2.0), level)
    return sqrt(freedom * place / (1.0 - place))


def _solved(rising: Callable[[float], float], target: float) -> float:
    low, high = 0.0, 1.0
    for _ in range(_ROUNDS):
        middle = (low + high) / 2.0
        if rising(middle) < target:
            low = middle
        else:
            high = middle
        if high - low <= 1e-15 * high:
            break
    return (low + high) / 2.0


def _beta(x: float, a: float, b: float) -> float:
    """Return the share of a Beta(a, b) below ``x``: the regularised incomplete beta function, by its continued fraction (Lentz's method)."""
    if not 0.0 < x < 1.0:
        return 0.0 if x <= 0.0 else 1.0
    if x > (a + 1.0) / (a + b + 2.0):
        return 1.0 - _beta(1.0 - x, b, a)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)) / a
    tiny = 1e-300
    c, d = 1.0, 1.0 / _kept(1.0 - (a + b) * x / (a + 1.0), tiny)
    found = d
    for m in range(1, 10_000):
        up = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
        d, c = 1.0 / _kept(1.0 + up * d, tiny), _kept(1.0 + up / c, tiny)
        found *= d * c
        down = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
        d, c = 1.0 / _kept(1.0 + down * d, tiny), _kept(1.0 + down / c, tiny)
        found *= d * c
        if abs(d * c - 1.0) < 1e-15:
            break
    return front * found


def _kept(value: float, tiny: float) -> float:
    return value if abs(value) > tiny else tiny
