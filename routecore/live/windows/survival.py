"""Percentiles of waits of which some were cut short: Kaplan and Meier's estimate, exact.

Who left after four seconds without a first token has seen a latency of more than four seconds. Such a wait counts among those at risk up to its end
and is no event, so that leaving early says little, and leaving late says what it saw.
Source: E. L. Kaplan and P. Meier, "Nonparametric estimation from incomplete observations", JASA 53 (1958); ties as usual: an event before a wait.
"""

from __future__ import annotations

from math import nan, prod
from typing import TYPE_CHECKING, Final

import numpy as np

from routecore.live.windows.marks import RANKS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values = tuple[NDArray[np.float64], NDArray[np.int64]]

__all__ = ["best_ranks", "survival_ranks"]

_CLOSE: Final = 1e-9
"""Where the floats come so close to a rank, whole numbers decide."""


def survival_ranks(values: NDArray[np.float64], counts: NDArray[np.int64], waits: NDArray[np.float64], wait_counts: NDArray[np.int64]) -> list[float]:
    """Return the latency at each of ``RANKS``: the smallest event at which at most 100 - X % are still waiting; NaN past the last event.

    Without waits that is the nearest rank. ``values`` are the events and ``counts`` how many of each, ``waits`` the waits cut short; in any order.

    >>> survival_ranks(np.array([0.1, 0.2]), np.array([2, 1]), np.array([0.25]), np.array([97]))
    [nan, nan, nan, nan]
    """
    if not len(values):
        return [nan] * len(RANKS)
    events, dead = _merged(values, counts)
    cut, lost = _merged(waits, wait_counts)
    ended = np.cumsum(dead)
    gone = np.concatenate(([0], np.cumsum(lost)))[np.searchsorted(cut, events, side="left")]
    before = int(ended[-1] + lost.sum()) - (ended - dead) - gone
    after = before - dead
    survival: NDArray[np.float64] = np.multiply.accumulate(after / before, dtype=np.float64)
    return [_at(rank, events, before, after, survival) for rank in RANKS]


def _at(rank: int, events: NDArray[np.float64], before: NDArray[np.int64], after: NDArray[np.int64], survival: NDArray[np.float64]) -> float:
    left = 1 - rank / 100
    # it only falls: the first place that may be low enough, and from there on by whole numbers while it is too close to tell
    place = int(np.searchsorted(-survival, -(left + _CLOSE), side="left"))
    while place < len(events) and survival[place] > left - _CLOSE and not _reached(rank, before[: place + 1], after[: place + 1]):
        place += 1
    return float(events[place]) if place < len(events) else nan


def _reached(rank: int, before: NDArray[np.int64], after: NDArray[np.int64]) -> bool:
    """Tell whether the product of ``after / before`` is at most 100 - ``rank`` %. Between two waits the numbers cancel out, which leaves few."""
    breaks = np.flatnonzero(before[1:] != after[:-1]) + 1
    starts = before[np.concatenate(([0], breaks))]
    ends = after[np.concatenate((breaks - 1, [len(after) - 1]))]
    ended, started = (prod(map(int, some)) for some in (ends, starts))
    return ended * 100 <= started * (100 - rank)


def best_ranks(values: NDArray[np.float64], counts: NDArray[np.int64]) -> list[float]:
    """Return the throughput at each of ``RANKS``: nearest ranks counted from the largest; NaN where there is none.

    >>> best_ranks(np.array([10.0, 30.0]), np.array([1, 1]))
    [30.0, 10.0, 10.0, 10.0]
    """
    if not len(values):
        return [nan] * len(RANKS)
    distinct, sizes = _merged(values, counts)
    upto = np.cumsum(sizes)
    size = int(upto[-1])
    places = [size - (size * rank + 99) // 100 + 1 for rank in RANKS]
    found: list[float] = distinct[np.searchsorted(upto, places)].tolist()
    return found


def _merged(values: NDArray[np.float64], counts: NDArray[np.int64]) -> Values:
    distinct, inverse = np.unique(values, return_inverse=True)
    sizes = np.zeros(len(distinct), np.int64)
    np.add.at(sizes, inverse, counts)
    return distinct, sizes
