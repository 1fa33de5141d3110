"""Replications: the same question asked of other traffic, other luck and other worlds, and what their spread says.

Replications come in blocks. The first of a block has traffic, luck and world of its own; the second the same but for its luck; the third (where the world is in doubt) the
same as the first but for its world. Differences inside a block tell how much luck and world matter, what is left of the spread between blocks is traffic.
"""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from routecore.simulate.report.intervals import student_t

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Parts", "Replications"]


class Parts(NamedTuple):
    """Standard deviations of a figure from one run to another, by cause: other traffic like this, other luck, another world that the data leave possible."""

    traffic: float
    luck: float
    world: float


class Replications:
    """One policy's figures in every replication: ``blocks`` of runs, each run a mapping from figure to value (``None``: it has none).

    >>> runs = Replications([[{"cost": 1.0}, {"cost": 1.2}], [{"cost": 3.0}, {"cost": 2.8}], [{"cost": 2.0}, {"cost": 2.0}]])
    >>> runs.count, runs.mean("cost"), [round(edge, 2) for edge in runs.interval("cost")]
    (6, 2.0, [-2.46, 6.46])
    """

    def __init__(self, blocks: Sequence[Sequence[dict[str, float | None]]]) -> None:
        self.blocks = [list(block) for block in blocks]

    @property
    def count(self) -> int:
        """How many runs there are."""
        return sum(map(len, self.blocks))

    def values(self, name: str) -> NDArray[np.float64]:
        """Return a figure in every run: shape (blocks, runs of a block), NaN where a run has none."""
        return np.array([[np.nan if run[name] is None else run[name] for run in block] for block in self.blocks], np.float64)

    def mean(self, name: str) -> float | None:
        """Return the figure's mean over all runs that have it; ``None`` where fewer than half have."""
        found = self.values(name)
        kept = found[np.isfinite(found)]
        return float(kept.mean()) if len(kept) and len(kept) * 2 >= found.size else None

    def minus(self, other: Replications) -> Replications:
        """Return the differences, run by run: both met the same traffic, luck and world."""
        pairs = zip(self.blocks, other.blocks, strict=False)
        return Replications([[_minus(one, two) for one, two in zip(mine, theirs, strict=True)] for mine, theirs in pairs])

    def parts(self, name: str) -> Parts | None:
        """Return where the figure's spread comes from; ``None`` with fewer than two blocks."""
        found = self._whole(name)
        return None if found is None else Parts(*(sqrt(one) for one in _variances(found)))

    def interval(self, name: str) -> tuple[float, float] | None:
        """Return the 95 % interval of what the figure would be on average over luck, in the world and on the traffic that there are; ``None`` with fewer than two blocks.

        Luck is averaged away by more replications; traffic and world are not, as there is one sample of the one and one posterior of the other.
        """
        found, mean = self._whole(name), self.mean(name)
        if found is None or mean is None:
            return None
        half = student_t(len(found) - 1) * sqrt(self._lasting(found) + _chance(found))
        return mean - half, mean + half

    def least_half(self, name: str) -> float | None:
        """Return the half-width that no number of replications gets below."""
        found = self._whole(name)
        return None if found is None else 1.96 * sqrt(self._lasting(found))

    def _whole(self, name: str) -> NDArray[np.float64] | None:
        found = self.values(name)
        found = found[np.isfinite(found).all(axis=1)] if found.size else found
        return found if len(found) >= 2 else None

    @staticmethod
    def _lasting(found: NDArray[np.float64]) -> float:
        traffic, _, world = _variances(found)
        return traffic + world

    def to_dict(self, name: str) -> dict[str, Any]:
        """Return the spread of a figure as JSON can hold it."""
        parts = self.parts(name)
        return {"runs": self.count, "sd": None if parts is None else parts._asdict()}


def _variances(found: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return the variances of one run that are due to traffic, luck and world."""
    luck = float(((found[:, 1] - found[:, 0]) ** 2).mean()) / 2.0 if found.shape[1] > 1 else 0.0
    world = float(((found[:, 2] - found[:, 0]) ** 2).mean()) / 2.0 if found.shape[1] > 2 else 0.0
    whole = float(found[:, :2].var(axis=0, ddof=1).mean())
    return max(whole - luck - world, 0.0), luck, world


def _chance(found: NDArray[np.float64]) -> float:
    """Return the variance of the mean over all runs, from the spread between blocks."""
    return float(found.mean(axis=1).var(ddof=1)) / len(found)


def _minus(one: dict[str, float | None], two: dict[str, float | None]) -> dict[str, float | None]:
    return {name: None if a is None or (b := two[name]) is None else a - b for name, a in one.items()}
