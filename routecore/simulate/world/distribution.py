"""Distributions as tables of equally likely values: a draw is a look-up, whatever the shape.

Percentiles that are given are kept: between two of them the logarithm runs straight over the normal quantile (log-normal piece by piece, never falling), and beyond the
last a Pareto tail is taken whose index was fitted to samples that were measured (``docs/decisions/302-worlds.md``).
"""

from __future__ import annotations

from array import array
from functools import lru_cache
from itertools import pairwise
from math import exp, log
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Final

from routecore.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["SLOWEST_INDEX", "STEPS", "TAIL_INDEX", "Quantiles", "crossing", "of_percentiles", "read_distribution"]

STEPS: Final = 4_096
"""Values of a table: the rarest stands for one draw in 4,096."""
ASSUMED_SIGMA: Final = 0.5
"""Spread of a log-normal of which only the median is known: its p90 is 1.9 times its p50."""
TAIL_INDEX: Final = 4.2
"""Pareto index of times to first token beyond their p90: maximum likelihood (Hill) over the 206 samples beyond it of LLMPerf's leaderboard, 15 pairs of provider and model.
Single pairs have 1.1 to 32."""
SLOWEST_INDEX: Final = 5.3
"""The same of the time a token takes: how slow the slowest throughputs are."""
LOWER_SLOPE: Final = 0.75
"""log(p50 / p10) over log(p90 / p50) in those samples, their median: how fast the fast half is, of which percentiles say nothing."""
PERCENTILES: Final = {"p50": 0.50, "p75": 0.75, "p90": 0.90, "p99": 0.99}
DISTRIBUTION_EXPECTED: Final = "a number, {p50, p75, p90, p99}, {mean}, {median, sigma} or {samples}, all above 0"


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
        """Return a log-normal of that median, whose logarithm has the standard deviation ``sigma``.

        Args:
            median: In the unit of what is drawn.
            sigma: The standard deviation of the natural logarithm.
            spec: What the distribution was made of, to be told as such.

        Returns:
            The distribution.
        """
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

    def times(self, factor: float) -> Quantiles:
        """Return the distribution of ``factor`` times a value."""
        return self if factor == 1.0 else Quantiles(array("d", [value * factor for value in self.values]), {"scaled": self.spec, "by": factor})

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Quantiles):
            return NotImplemented
        return self.values == other.values

    def __hash__(self) -> int:
        return hash(self.values.tobytes())

    def __repr__(self) -> str:
        return f"<Quantiles p50={self.at(0.5):.4g} p90={self.at(0.9):.4g} p99={self.at(0.99):.4g}>"


def crossing(values: Mapping[str, float], *, falling: bool) -> str | None:
    """Return which percentiles cross, in words; ``None`` if none do. Latencies rise from p50 to p99, throughputs fall.

    >>> crossing({"p50": 1.0, "p90": 0.5}, falling=False)
    'p90 (0.5) below p50 (1)'
    """
    given = [(name, values[name]) for name in PERCENTILES if name in values]
    for (before, low), (name, high) in pairwise(given):
        if (high > low) if falling else (high < low):
            return f"{name} ({high:g}) {'above' if falling else 'below'} {before} ({low:g})"
    return None


def of_percentiles(values: Mapping[str, float], *, falling: bool) -> Quantiles:
    """Return the distribution with exactly these of p50, p75, p90, p99, which do not cross; ``falling``: as throughput's, p90 is what 90 % reach or exceed.

    One percentile alone is a log-normal of the assumed spread.

    >>> given = of_percentiles({"p50": 0.5, "p90": 1.2, "p99": 4.0}, falling=False)
    >>> [round(given.at(share), 1) for share in (0.5, 0.9, 0.99)]
    [0.5, 1.2, 4.0]
    """
    inverse = NormalDist().inv_cdf
    # of a throughput, the time that a token takes: it rises as latencies do
    points = [(PERCENTILES[name], -log(values[name]) if falling else log(values[name])) for name in PERCENTILES if name in values]
    if len(points) == 1:
        share, level = points[0]
        median = level - ASSUMED_SIGMA * inverse(share)
        return Quantiles.lognormal(exp(-median if falling else median), ASSUMED_SIGMA, spec=dict(values))
    places = [(inverse(share), level) for share, level in points]
    slopes = [(b - a) / (y - x) for (x, a), (y, b) in pairwise(places)]
    last, top = points[-1]
    index = SLOWEST_INDEX if falling else TAIL_INDEX
    found = []
    piece = 0
    for step, z in enumerate(_normals()):
        share = (step + 0.5) / STEPS
        if z <= places[0][0]:
            level = places[0][1] + LOWER_SLOPE * slopes[0] * (z - places[0][0])
        elif share > last:
            # a constant stays one
            level = top + (log((1.0 - last) / (1.0 - share)) / index if any(slopes) else 0.0)
        else:
            while z > places[piece + 1][0]:
                piece += 1
            level = places[piece][1] + slopes[piece] * (z - places[piece][0])
        found.append(exp(-level) if falling else exp(level))
    if falling:
        found.reverse()
    return Quantiles(array("d", found), dict(values))


def read_distribution(value: object, path: str, faults: list[Fault], *, falling: bool = False) -> Quantiles | None:
    """Return the distribution that ``value`` describes: a number, percentiles, ``{mean}``, ``{median, sigma}`` or ``{samples}``; else note what is wrong."""
    if isinstance(value, Quantiles):
        return value
    if _positive(value):
        return Quantiles.constant(float(value))  # type: ignore[arg-type]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        given = {key: one for key, one in value.items() if one is not None}
        if given and set(given) <= set(PERCENTILES) and all(_positive(one) for one in given.values()):
            crossed = crossing(given, falling=falling)
            if crossed is not None:
                faults.append(Fault(path, value, f"percentiles that {'fall' if falling else 'rise'} from p50 to p99, without {crossed}"))
                return None
            return of_percentiles({key: float(one) for key, one in given.items()}, falling=falling)
        if set(given) == {"mean"} and _positive(given["mean"]):
            return Quantiles.exponential(float(given["mean"]))
        if set(given) == {"median", "sigma"} and _positive(given["median"]) and (_positive(given["sigma"]) or given["sigma"] == 0):
            return Quantiles.lognormal(float(given["median"]), float(given["sigma"]))
        if set(given) == {"scaled", "by"} and _positive(given["by"]):
            inner = read_distribution(given["scaled"], f"{path}.scaled", faults, falling=falling)
            return None if inner is None else inner.times(float(given["by"]))
        samples = given.get("samples")
        if set(given) == {"samples"} and isinstance(samples, list) and samples and all(_positive(one) for one in samples):
            return Quantiles.empirical(float(one) for one in samples)
    faults.append(Fault(path, value, DISTRIBUTION_EXPECTED))
    return None


def _positive(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 1e300
