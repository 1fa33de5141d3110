"""Thresholds: who misses a preferred throughput or latency moves to the end; nobody is removed.

Meets all cutoffs < not known < fails one. A value equal to its cutoff meets it (the platform's documentation, § Performance Thresholds).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from routecore.request.preferences import PERCENTILES
from routecore.routing.change import Change, Trial
from routecore.routing.facts import known

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routecore.catalog.endpoint import Endpoint
    from routecore.routing.case import Case
    from routecore.routing.facts import EndpointStats
    from routecore.routing.ranking.field import Field

NAME = "thresholds"
EFFECT = "endpoints that meet `preferred_min_throughput` and `preferred_max_latency`, then those not known, then those that fail one"
MEETS, UNKNOWN, FAILS = 0, 1, 2


def places(field: Field) -> list[int] | None:
    """Return 0 (meets all), 1 (not known) or 2 (fails one) for each candidate; ``None`` without a cutoff."""
    preferences = field.case.preferences
    if not preferences.min_throughput and not preferences.max_latency:
        return None
    stats = field.case.facts.stats
    verdicts: dict[int, int] = {}
    for one in field.candidates:
        if one.row not in verdicts:
            verdicts[one.row] = _verdict(field, stats.get(one.endpoint.id))
    return [verdicts[one.row] for one in field.candidates]


def _verdict(field: Field, stats: EndpointStats | None) -> int:
    preferences, min_samples = field.case.preferences, field.case.settings.min_samples
    verdict = MEETS
    throughput = None if stats is None else known(stats, stats.throughput, min_samples)
    for percentile, cutoff in preferences.min_throughput:
        value = None if throughput is None else throughput[percentile]
        if value is None:
            verdict = max(verdict, UNKNOWN)
        elif value < cutoff:
            return FAILS
    latency = None if stats is None else known(stats, stats.latency, min_samples)
    for percentile, cutoff in preferences.max_latency:
        value = None if latency is None else latency[percentile]
        if value is None:
            verdict = max(verdict, UNKNOWN)
        elif value > cutoff:
            return FAILS
    return verdict


def words(field: Field, position: int) -> str:
    """Name each cutoff with the endpoint's value beside it."""
    case = field.case
    stats = case.facts.stats.get(field.candidates[position].endpoint.id)
    parts = []
    for name, unit, sign, cutoffs, percentiles in (
        ("throughput", "tok/s", ">=", case.preferences.min_throughput, None if stats is None else stats.throughput),
        ("latency", "s", "<=", case.preferences.max_latency, None if stats is None else stats.latency),
    ):
        values = known(stats, percentiles, case.settings.min_samples)
        for percentile, cutoff in cutoffs:
            value = None if values is None else values[percentile]
            shown = "not known" if value is None else f"{value:g} {unit}"
            parts.append(f"{name} {PERCENTILES[percentile]} {shown}, wanted {sign} {cutoff:g} {unit}")
    return "; ".join(parts) or "no cutoff"


def changes(case: Case, endpoint: Endpoint) -> Iterator[Trial]:
    """Yield going without cutoffs."""
    del endpoint
    if case.preferences.min_throughput or case.preferences.max_latency:
        yield Trial(Change("caller", "without the thresholds"), case.preferring(min_throughput=(), max_latency=()))
