"""Distributions as tables of equally likely values: a draw is a look-up, whatever the shape.

A log-normal is fitted to percentiles by least squares on the logarithms: the median is kept as it is, and the spread is the one that fits the others best.
"""

from __future__ import annotations

from array import array
from functools import lru_cache
from itertools import pairwise
from math import exp, inf, log
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Final

from routecore.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["STEPS", "Quantiles", "lognormal_fit", "read_distribution"]

STEPS: Final = 4_096
"""Values of a table: the rarest stands for one draw in 4,096."""
ASSUMED_SIGMA: Final = 0.5
"""Spread of a log-normal of which only the median is known: its p90 is 1.9 times its p50."""
PERCENTILES: Final = {"p50": 0.50, "p75": 0.75, "p90": 0.90, "p99": 0.99}
DISTRIBUTION_EXPECTED: Final = "a number, {p50, p75, p90, p99}, {mean} or {samples}, all above 0"


@lru_cache(maxsize=1)
def _normals() -> array[float]:
    inverse = NormalDist().inv_cdf
    return array("d", [inverse((place + 0.5) / STEPS) for place in range(STEPS)])


class Quantiles:
    """A distribution as its ``STEPS`` equally likely values, in ascending order; ``spec`` is its JSON form.

    >>> Quantiles.lognormal(0.5, 0.0).values[7], round(Quantiles.exponential(2.0).mean, 2)
    (0.5, 2.0)
    """

    __slots__ = ("spec", "values")

    def __init__(self, values: array[float], spec: Any) -> None:  # noqa: ANN401 - JSON
        self.values = values
        self.spec = spec

    @property
    def mean(self) -> float:
        """The mean of the table."""
        return sum(self.values) / STEPS

    def at(self, share: float) -> float:
        """Return the value that ``share`` (0 to 1) of the draws do not exceed."""
        return self.values[min(max(int(share * STEPS + 0.5) - 1, 0), STEPS - 1)]

    @classmethod
    def constant(cls, value: float) -> Quantiles:
        """Return the distribution that is always ``value``."""
        return cls(array("d", [value]) * STEPS, value)

    @classmethod
    def lognormal(cls, median: float, sigma: float, spec: Any = None) -> Quantiles:  # noqa: ANN401 - JSON
        """Return a log-normal of that median, whose logarithm has the standard deviation ``sigma``."""
        return cls(array("d", [median * exp(sigma * z) for z in _normals()]), {"median": median, "sigma": sigma} if spec is None else spec)

    @classmethod
    def exponential(cls, mean: float) -> Quantiles:
        """Return an exponential: each value is the mean of its slice, so the table's mean is exactly the distribution's."""
        edges = [1.0 - place / STEPS for place in range(STEPS + 1)]
        # the integral of -log(s) is s - s log(s)
        area = [s - s * log(s) if s > 0 else 0.0 for s in edges]
        return cls(array("d", [mean * STEPS * (before - after) for before, after in pairwise(area)]), {"mean": mean})

    @classmethod
    def empirical(cls, samples: Iterable[float]) -> Quantiles:
        """Return the distribution of ``samples``, each as likely as it is frequent."""
        ordered = sorted(samples)
        size = len(ordered)
        kept = array("d", [ordered[(2 * place + 1) * size // (2 * STEPS)] for place in range(STEPS)])
        shown = ordered if size <= 200 else [ordered[(2 * place + 1) * size // 400] for place in range(200)]
        return cls(kept, {"samples": shown})

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Quantiles):
            return NotImplemented
        return self.values == other.values

    def __hash__(self) -> int:
        return hash(self.values.tobytes())

    def __repr__(self) -> str:
        return f"<Quantiles p50={self.at(0.5):.4g} p90={self.at(0.9):.4g} p99={self.at(0.99):.4g}>"


def lognormal_fit(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return (median, sigma) of the log-normal through ``points``, (share of draws at or below, value) pairs.

    A given median (share 0.5) is kept; sigma is then the least-squares slope of log(value / median) against the normal quantile, never below 0. Without a median both
    are least squares. One point alone gets the assumed spread.

    >>> median, sigma = lognormal_fit([(0.5, 1.0), (0.9, 2.0), (0.99, 3.5)])
    >>> median, round(sigma, 3)
    (1.0, 0.539)
    """
    inverse = NormalDist().inv_cdf
    pairs = [(inverse(share), log(value)) for share, value in points]
    centre = next((y for z, y in pairs if abs(z) < 1e-12), None)
    others = [(z, y) for z, y in pairs if abs(z) >= 1e-12]
    if centre is not None:
        if not others:
            return exp(centre), ASSUMED_SIGMA
        return exp(centre), max(sum(z * (y - centre) for z, y in others) / sum(z * z for z, _ in others), 0.0)
    if len(others) == 1:
        z, y = others[0]
        return exp(y - ASSUMED_SIGMA * z), ASSUMED_SIGMA
    mean_z, mean_y = sum(z for z, _ in others) / len(others), sum(y for _, y in others) / len(others)
    sigma = max(sum((z - mean_z) * (y - mean_y) for z, y in others) / sum((z - mean_z) ** 2 for z, _ in others), 0.0)
    return exp(mean_y - sigma * mean_z), sigma


def of_percentiles(values: dict[str, float], *, falling: bool) -> Quantiles:
    """Return the log-normal of some of p50, p75, p90, p99; ``falling``: as throughput's, p90 is what 90 % reach or exceed."""
    points = [(1.0 - PERCENTILES[name] if falling else PERCENTILES[name], value) for name, value in values.items()]
    return Quantiles.lognormal(*lognormal_fit(points), spec=dict(values))


def read_distribution(value: object, path: str, faults: list[Fault], *, falling: bool = False) -> Quantiles | None:
    """Return the distribution that ``value`` describes: a number, percentiles, ``{mean}``, ``{median, sigma}`` or ``{samples}``; else note what is wrong."""
    if isinstance(value, Quantiles):
        return value
    if _positive(value):
        return Quantiles.constant(float(value))  # type: ignore[arg-type]
    if isinstance(value, dict) and value:
        given = {key: one for key, one in value.items() if one is not None}
        if given and set(given) <= set(PERCENTILES) and all(_positive(one) for one in given.values()):
            return of_percentiles({key: float(one) for key, one in given.items()}, falling=falling)
        if set(given) == {"mean"} and _positive(given["mean"]):
            return Quantiles.exponential(float(given["mean"]))
        if set(given) == {"median", "sigma"} and _positive(given["median"]) and (_positive(given["sigma"]) or given["sigma"] == 0):
            return Quantiles.lognormal(float(given["median"]), float(given["sigma"]))
        samples = given.get("samples")
        if set(given) == {"samples"} and isinstance(samples, list) and samples and all(_positive(one) for one in samples):
            return Quantiles.empirical(float(one) for one in samples)
    faults.append(Fault(path, value, DISTRIBUTION_EXPECTED))
    return None


def _positive(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < inf
