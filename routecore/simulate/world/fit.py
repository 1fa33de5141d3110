"""Behaviours fitted to what was measured: a snapshot's statistics, or a log."""

from __future__ import annotations

from math import log, sqrt
from statistics import NormalDist, median
from typing import TYPE_CHECKING, Any, Final

import attrs
import numpy as np

from routecore.errors import Fault, SimulationError
from routecore.simulate.world.bursts import fit_bursts, shared_bursts
from routecore.simulate.world.distribution import ASSUMED_SIGMA, Quantiles, crossing, of_percentiles
from routecore.simulate.world.posterior import DAYS, Doubt, posteriors

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from routecore.routing.facts import EndpointStats, Facts, Percentiles
    from routecore.simulate.traces.columns import Chunk
    from routecore.simulate.traces.trace import Trace
    from routecore.simulate.world.behaviour import Behaviour

__all__ = ["behaviours_of_log", "behaviours_of_stats", "prefill_of"]

DRIFT: Final = 0.2
"""Standard deviation of the logarithm by which an endpoint's median moves from one day to the next. Assumed: no public series tells."""
SPREAD: Final = 0.6
"""The same between endpoints of a market, for one that nobody measured; assumed where fewer than three were."""
_NOMINAL_SAMPLES: Final = 20
"""A snapshot that does not count its samples is taken to have had this many."""
_ROWS_FOR_SLOPE: Final = 100
_MOST_ROWS: Final = 4_000
_MEDIAN_SPREAD: Final = 1.2533
"""Standard error of a median over that of a mean, of normal samples: the square root of half of pi."""


def behaviours_of_stats(facts: Facts, usual: Behaviour, others: dict[str, Any]) -> tuple[dict[str, Behaviour], list[str]]:
    """Return each endpoint's behaviour as a snapshot shows it, and what is to be said of them."""
    faults: list[Fault] = []
    found: dict[str, Behaviour] = {}
    market_first, spread_first = _market(facts, "latency", usual.ttft)
    market_speed, spread_speed = _market(facts, "throughput", usual.tokens_per_second)
    rates = posteriors({key: _counts(one) for key, one in facts.stats.items() if one.success_rate is not None})
    unknown = posteriors({"unknown": (0.0, 0.0), **{key: _counts(one) for key, one in facts.stats.items() if one.success_rate is not None}})["unknown"]
    for key, one in facts.stats.items():
        first = _quantiles(one.latency, f"stats.{key}.latency", faults, falling=False)
        speed = _quantiles(one.throughput, f"stats.{key}.throughput", faults, falling=True)
        errors = rates.get(key, unknown)
        assumed = tuple(
            name for name, value in (("failures", one.success_rate), ("latency", first), ("throughput", speed)) if value is None
        )  # in the order of the alphabet
        size = sqrt(one.samples or _NOMINAL_SAMPLES)
        found[key] = attrs.evolve(
            usual,
            ttft=first or market_first,
            tokens_per_second=speed or market_speed,
            error_rate=round(errors[0] / sum(errors), 12),
            doubt=Doubt(
                errors,
                None,
                spread_first if first is None else sqrt(DRIFT**2 + (_MEDIAN_SPREAD * _sigma(first) / size) ** 2),
                spread_speed if speed is None else sqrt(DRIFT**2 + (_MEDIAN_SPREAD * _sigma(speed) / size) ** 2),
            ),
            assumed=assumed,
            **others,
        )
    if faults:
        raise SimulationError(faults)
    notes = [
        f"a snapshot's percentiles, kept as they are (of a median alone a log-normal of sigma {ASSUMED_SIGMA}); beyond the last a Pareto tail fitted to LLMPerf's samples",
        f"error rates shrunk to provider and market, and as uncertain as days are different (Beta of {DAYS:g})",
    ]
    notes += [
        f"{sum(name in one.assumed for one in found.values())} of {len(found)} endpoints have no {name} in the snapshot: the market's median stands for it"
        for name in ("latency", "throughput")
        if any(name in one.assumed for one in found.values())
    ]
    return found, notes


def _counts(one: EndpointStats) -> tuple[float, float]:
    """Return (failed, asked) of a snapshot's row."""
    assert one.success_rate is not None
    size = one.samples or _NOMINAL_SAMPLES
    return (1.0 - one.success_rate) * size, size


def _market(facts: Facts, name: str, usual: Quantiles) -> tuple[Quantiles, float]:
    """Return what stands for an endpoint without figures: the usual shape at the market's median, and how wide the market is."""
    medians = [percentiles.p50 for one in facts.stats.values() if (percentiles := getattr(one, name)) is not None and percentiles.p50]
    if not medians:
        return usual, SPREAD
    middle = median(medians)
    logs = [log(one / middle) for one in medians]
    spread = sqrt(sum(one * one for one in logs) / (len(logs) - 1)) if len(logs) > 2 else SPREAD
    return Quantiles.lognormal(middle, ASSUMED_SIGMA), max(spread, DRIFT)


def _quantiles(percentiles: Percentiles | None, path: str, faults: list[Fault], *, falling: bool) -> Quantiles | None:
    values = {} if percentiles is None else {name: value for name, value in percentiles._asdict().items() if value}
    if not values:
        return None
    crossed = crossing(values, falling=falling)
    if crossed is None:
        return of_percentiles(values, falling=falling)
    faults.append(Fault(path, values, f"percentiles that {'fall' if falling else 'rise'} from p50 to p99, without {crossed}"))
    return None


def _sigma(one: Quantiles) -> float:
    """Return the spread of the logarithm, from the median to the p90."""
    return abs(log(one.at(0.9) / one.at(0.5))) / NormalDist().inv_cdf(0.9)


class _Logged:
    """One endpoint's rows of a log, as far as its behaviour shows in them."""

    def __init__(self) -> None:
        self.rows = self.limited = self.failed = 0
        self.first: list[NDArray[np.float64]] = []
        self.fresh: list[NDArray[np.float64]] = []
        self.speed: list[NDArray[np.float64]] = []
        self.at: list[NDArray[np.float64]] = []
        self.bad: list[NDArray[np.bool_]] = []

    def add(self, rows: Chunk) -> None:
        known = rows.status != 0
        good = ~known | (rows.status < 400)
        failed = known & (rows.status >= 400) & (rows.status != 429)
        rest = rows.total_s - rows.ttft_s
        timed = (rest > 0) & good & (rows.completion_tokens > 1)
        begun = good & (rows.ttft_s > 0)
        self.rows += len(rows)
        self.limited += int((rows.status == 429).sum())
        self.failed += int(failed.sum())
        self.first.append(rows.ttft_s[begun])
        self.fresh.append((rows.prompt_tokens - rows.cached_prefix_tokens)[begun].astype(np.float64))
        self.speed.append((rows.completion_tokens - 1)[timed] / rest[timed])
        self.at.append(np.asarray(rows.timestamp_s))
        self.bad.append(np.asarray(failed))


def behaviours_of_log(trace: Trace, usual: Behaviour, least: int, *, regimes: bool) -> tuple[dict[str, Behaviour], list[str]]:
    """Return each endpoint's behaviour as a log shows it, and what is to be said of them."""
    logged: dict[int, _Logged] = {}
    for chunk in trace.chunks():
        codes = np.asarray(chunk.endpoint)
        for code in np.unique(codes[codes >= 0]).tolist():
            logged.setdefault(code, _Logged()).add(chunk.take(codes == code))
    kept = {trace.names.endpoints[code]: one for code, one in logged.items() if one.rows >= least}
    errors = posteriors({key: (one.failed, one.rows - one.limited) for key, one in kept.items()})
    refusals = posteriors({key: (one.limited, one.rows) for key, one in kept.items()})
    fits = {key: fit_bursts(np.concatenate(one.at), np.concatenate(one.bad)) for key, one in kept.items()} if regimes else {}
    shares = shared_bursts({key: one for key, one in fits.items() if one.regime is not None})
    found, notes = {}, []
    for key, one in kept.items():
        first, speed = np.concatenate(one.first), np.concatenate(one.speed)
        prefill = prefill_of(np.concatenate(one.fresh), first)
        if prefill is not None:
            first = np.maximum(first - np.concatenate(one.fresh) / prefill, 1e-3)
        burst = fits.get(key)
        doubt = Doubt(errors[key], refusals[key] if one.limited else None, _doubted(first), _doubted(speed))
        steady_rate = one.failed / max(one.rows - one.limited, 1)
        in_bursts: tuple[Any, ...] = ()
        if burst is not None and burst.regime is not None:
            # the rate of the good times; what is left of the doubt is about them
            steady_rate = burst.usual
            in_bursts = (burst.regime._replace(provider_share=shares.get(key, 0.0)),)
            size = sum(errors[key])
            doubt = doubt._replace(errors=(max(steady_rate, 0.5 / (one.rows + 1)) * size, (1.0 - steady_rate) * size))
        assert doubt.errors is not None
        found[key] = attrs.evolve(
            usual,
            ttft=Quantiles.empirical(first.tolist()) if len(first) else usual.ttft,
            tokens_per_second=Quantiles.empirical(speed.tolist()) if len(speed) else usual.tokens_per_second,
            error_rate=steady_rate if in_bursts else doubt.errors[0] / sum(doubt.errors),
            rate_limit_rate=one.limited / one.rows,
            prefill_tokens_per_second=prefill,
            regimes=in_bursts,
            doubt=doubt,
            assumed=tuple(name for name, value in (("latency", first), ("throughput", speed)) if not len(value)),
        )
    read = [key for key, one in found.items() if one.prefill_tokens_per_second is not None]
    if read:
        notes.append(f"time to first token of {len(read)} of {len(found)} endpoints: a base, and uncached prompt tokens read at a fitted speed")
    if regimes and found:
        bursty = [key for key, one in found.items() if one.regimes]
        notes.append(
            f"failures of {len(bursty)} of {len(found)} endpoints come in bursts, fitted by maximum likelihood; those of the others are taken as independent"
        )
        short = sorted({one.reason for one in fits.values() if one.reason is not None})
        notes += [f"bursts could not be fitted for {sum(one.reason == reason for one in fits.values())} endpoints: {reason}" for reason in short]
    if len(kept) < len(logged):
        notes.append(f"{len(logged) - len(kept)} endpoints with fewer than {least} logged requests are left to the default")
    return found, notes


def _doubted(samples: NDArray[np.float64]) -> float:
    """Return how far the median of the logarithm is known, days being different."""
    if len(samples) < 2:
        return SPREAD
    return sqrt(DRIFT**2 + (_MEDIAN_SPREAD * float(np.log(samples).std()) / sqrt(len(samples))) ** 2)


def prefill_of(fresh: NDArray[np.float64], first: NDArray[np.float64]) -> float | None:
    """Return how many uncached prompt tokens are read a second, from times to first token; ``None`` where the rows do not tell.

    The slope is Theil and Sen's (the median over pairs, which outliers do not move), taken where at least 100 rows rise with more than four standard errors' certainty.

    >>> fresh = np.arange(200) * 100.0
    >>> round(prefill_of(fresh, 0.3 + fresh / 5_000))
    5000
    """
    if len(fresh) < _ROWS_FOR_SLOPE:
        return None
    step = max(1, len(fresh) // _MOST_ROWS)
    x, y = fresh[::step], first[::step]
    order = np.argsort(x, kind="stable")
    half = len(x) // 2
    low, high = order[:half], order[-half:]
    gap = x[high] - x[low]
    rises = (y[high] - y[low])[gap > 0]
    gap = gap[gap > 0]
    if len(gap) < _ROWS_FOR_SLOPE // 2:
        return None
    # pairs half of the rows apart: as many signs as pairs, by chance even
    if (rises > 0).sum() - len(rises) / 2 < 2.0 * sqrt(len(rises)):
        return None
    slope = float(np.median(rises / gap))
    return 1.0 / slope if slope > 0 else None
