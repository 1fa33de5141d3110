"""Reading what is known beside the catalog: statistics and health, by endpoint id."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from routecore.testing.reference.block import PERCENTILES
from routecore.testing.reference.wire import ascii_lower

if TYPE_CHECKING:
    from routecore.testing.reference.wire import Reader

__all__ = ["NO_STATS", "Stats", "read_health", "read_stats", "same_id"]

RATES = ("success_rate", "error_rate", "rate_limit_rate", "tool_error_rate", "cached_share", "share_cap")


@dataclass(frozen=True)
class Stats:
    """What is known of an endpoint's recent past. ``rates``: those that are known, each from 0 to 1."""

    latency: dict[str, float] = field(default_factory=dict)
    throughput: dict[str, float] = field(default_factory=dict)
    samples: int | None = None
    rates: dict[str, float] = field(default_factory=dict)


NO_STATS = Stats()


def same_id(text: str) -> str:
    """Give an endpoint id (or one with ``#shared``, ``#byok``, ``#byok:KEY``) with its slug in lower case.

    An id is split at its last ``@``: a model may contain one.

    >>> same_id("a/B@C@DeepInfra/FP8#byok:K1")
    'a/B@C@deepinfra/fp8#byok:K1'
    """
    marks = [position for mark in ("#byok", "#shared") if (position := text.find(mark)) >= 0]
    end = min(marks, default=len(text))
    model, at, slug = text[:end].rpartition("@")
    return model + at + ascii_lower(slug) + text[end:]


def read_stats(raw: object, reader: Reader) -> dict[str, Stats]:
    """Read the statistics; ids that the catalog does not know are read all the same."""
    read: dict[str, Stats] = {}
    for endpoint_id, value in ({} if raw is None else reader.mapping(raw, "stats") or {}).items():
        path = f"stats.{endpoint_id}"
        stats = {} if value is None else reader.mapping(value, path)
        if stats is None:
            continue
        measures: dict[str, dict[str, float]] = {"latency": {}, "throughput": {}}
        for measure, found in measures.items():
            percentiles = {} if stats.get(measure) is None else reader.mapping(stats[measure], f"{path}.{measure}") or {}
            for percentile in PERCENTILES:
                if percentiles.get(percentile) is not None:
                    number = reader.number(percentiles[percentile], f"{path}.{measure}.{percentile}")
                    if number is not None:
                        found[percentile] = number
        samples = None if stats.get("samples") is None else reader.whole(stats["samples"], f"{path}.samples")
        rates = {key: reader.number(stats[key], f"{path}.{key}", most=1) for key in RATES if stats.get(key) is not None}
        if isinstance(endpoint_id, str):
            known = {key: rate for key, rate in rates.items() if rate is not None}
            read[same_id(endpoint_id)] = Stats(measures["latency"], measures["throughput"], samples, known)
    return read


def read_health(raw: object, reader: Reader) -> dict[str, str]:
    """Read the health: of two spellings of one id, the worse word holds."""
    words = ("available", "full", "cooling")
    read: dict[str, str] = {}
    for key, value in ({} if raw is None else reader.mapping(raw, "health") or {}).items():
        state = None if value is None else reader.choice(value, f"health.{key}", words)
        if isinstance(key, str) and state is not None:
            read[same_id(key)] = max(state, read.get(same_id(key), "available"), key=words.index)
    return read
