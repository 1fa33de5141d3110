"""A scenario with its names resolved, its attempts, and what is known of each: health, percentiles, rates, prices."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from routecore.testing.reference.facts import NO_STATS, Stats
from routecore.testing.reference.price import expected_price

if TYPE_CHECKING:
    from routecore.testing.reference.catalog import Endpoint
    from routecore.testing.reference.scenario import Scenario
    from routecore.testing.reference.tiers import TierRule

__all__ = ["Attempt", "Request", "known_percentiles", "median", "names_attempt", "price_of", "rises", "shrunk_rates"]

PRIOR_OUTCOMES = 20
SAMPLES_WHERE_MISSING = 100


@dataclass(frozen=True)
class Attempt:
    """One try: an endpoint and whose credential. ``key_place``: where in the context its key stands."""

    endpoint: Endpoint
    credential: str
    key_id: str | None
    key_place: int
    pinned: bool = False
    probability: float = 1.0

    @property
    def by_name(self) -> tuple[str, int, str]:
        """Ascending order of (endpoint id, BYOK before shared, key_id)."""
        return (self.endpoint.id, 0 if self.credential == "byok" else 1, self.key_id or "")


@dataclass(frozen=True)
class Request:
    """A scenario with its names resolved.

    ``explicit_sort``: the block's, or a model suffix's. ``sort``: that one, or the one that a tier brings.
    """

    scenario: Scenario
    models: tuple[str, ...]
    explicit_sort: str | None
    tiers: TierRule

    @property
    def sort(self) -> str | None:
        """What is sorted by, ``None`` where the order is drawn."""
        return self.explicit_sort or self.tiers.sort

    @property
    def strategy(self) -> str:
        """The word of the wire."""
        return self.scenario.settings.strategy if self.sort is None else f"sort:{self.sort}"

    def health_of(self, attempt: Attempt) -> str:
        """``cooling`` if any key of ``health`` that applies says so, else ``full`` if any does."""
        words = [word for key, word in self.scenario.health.items() if names_attempt(key, attempt)]
        return "cooling" if "cooling" in words else "full" if "full" in words else "available"

    def cooling(self, attempt: Attempt) -> bool:
        """Say whether an attempt is in cooldown."""
        return self.health_of(attempt) == "cooling"

    def stats_of(self, endpoint: Endpoint) -> Stats:
        """The endpoint's statistics, empty where there are none."""
        return self.scenario.stats.get(endpoint.id, NO_STATS)


def names_attempt(key: str, attempt: Attempt) -> bool:
    """An endpoint id names all its attempts; ``#shared``, ``#byok`` and ``#byok:KEY_ID`` name fewer."""
    names = [attempt.endpoint.id, f"{attempt.endpoint.id}#{attempt.credential}"]
    if attempt.credential == "byok":
        names.append(f"{attempt.endpoint.id}#byok:{attempt.key_id}")
    return key in names


def price_of(request: Request, attempt: Attempt) -> Fraction | None:
    """Expected price of the request: warm for pinned attempts, cold for all others."""
    context = request.scenario.context
    cached = context.cached_tokens if attempt.pinned else 0
    return expected_price(attempt.endpoint.pricing, context.expected_prompt, context.expected_completion, cached, request.scenario.now)


def rises(throughput: dict[str, float]) -> bool:
    """Say whether throughput rises anywhere from p50 to p99."""
    values = [throughput[percentile] for percentile in ("p50", "p75", "p90", "p99") if percentile in throughput]
    return any(later > earlier for earlier, later in pairwise(values))


def known_percentiles(request: Request, endpoint: Endpoint) -> tuple[dict[str, float], dict[str, float]]:
    """Return the (latency, throughput) percentiles that count as known."""
    stats = request.stats_of(endpoint)
    if stats.samples is not None and stats.samples < request.scenario.settings.min_samples:
        return {}, {}
    throughput = stats.throughput
    if rises(throughput):
        throughput = {percentile: value for percentile, value in throughput.items() if percentile == "p50"}
    return stats.latency, throughput


def median(values: list[Fraction]) -> Fraction:
    """The middle value; of an even number the mean of the two middle ones."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 == 1 else (ordered[middle - 1] + ordered[middle]) / 2


def exact(number: float) -> Fraction:
    """A number by its decimal text: 0.29 is 29 percent, and not a little less."""
    return Fraction(Decimal(str(number)))


def shrunk_rates(request: Request, endpoints: list[Endpoint], rates: list[float | None]) -> list[Fraction | None]:
    """Shrink each rate towards the mean of those known, weighted by samples (the plain mean where no sample is counted).

    An unknown rate is the mean; where nobody has one, all are ``None``.
    """
    samples = [request.stats_of(endpoint).samples for endpoint in endpoints]
    counts = [SAMPLES_WHERE_MISSING if count is None else count for count in samples]
    known = [(exact(rate), count) for rate, count in zip(rates, counts, strict=True) if rate is not None]
    if not known:
        return [None] * len(rates)
    total = sum(count for _, count in known)
    weighted = [(rate, count if total > 0 else 1) for rate, count in known]
    mean = sum((rate * count for rate, count in weighted), Fraction(0)) / sum(count for _, count in weighted)
    return [
        mean if rate is None else (exact(rate) * count + mean * PRIOR_OUTCOMES) / (count + PRIOR_OUTCOMES) for rate, count in zip(rates, counts, strict=True)
    ]
