"""How likely a statistic is under chance alone."""

from __future__ import annotations

import math

__all__ = ["chi_square_tail"]


def chi_square_tail(statistic: float, freedom: int) -> float:
    """The chance that a chi-square variable of so many degrees of freedom is at least ``statistic``.

    >>> [round(chi_square_tail(*pair), 3) for pair in ((3.841, 1), (5.991, 2), (7.815, 3), (11.07, 5), (18.307, 10))]
    [0.05, 0.05, 0.05, 0.05, 0.05]
    """
    if freedom <= 0 or statistic <= 0:
        return 1.0
    half = statistic / 2
    if freedom % 2 == 0:
        terms, power, tail, term = freedom // 2, 0.0, 0.0, math.exp(-half)
    else:
        terms, power, tail, term = freedom // 2, 0.5, math.erfc(math.sqrt(half)), math.exp(-half) * math.sqrt(half) / math.gamma(1.5)
    for _ in range(terms):  # half^power / gamma(power + 1), power by power
        tail += term
        power += 1
        term *= half / power
    return min(tail, 1.0)
