"""Counters that an exporter can read. Names are OpenTelemetry's GenAI semantic conventions' where they have one, else ``routecore.…``.

Counting costs one call into C and no lock: ``next`` of an ``itertools.count`` is atomic.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Final, NamedTuple

from routecore.live.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from routecore.live.health import Health
    from routecore.live.pins import Pins
    from routecore.live.windows.windows import Windows
    from routecore.routing.facts import Facts

__all__ = ["Counters", "Metric", "readings"]

PLANS: Final = "plans"
FAILED: Final = "plans.failed"

ERROR_TYPES: Final = {row.kind: row.error_type for row in KINDS.values() if row.error_type is not None}
"""``error.type`` of each kind of outcome, as the conventions want it: a status or a short name; a success has none."""


class Metric(NamedTuple):
    """One reading: a name, its unit (UCUM), its attributes, and the value since the router was made."""

    name: str
    unit: str
    attributes: tuple[tuple[str, str], ...]
    value: float


class Counters:
    """Named counters that any thread may count up. The names are fixed when it is made, so memory is bounded.

    >>> counters = Counters(["plans"])
    >>> for _ in range(2):
    ...     before = counters.up["plans"]()
    >>> counters.read("plans")
    2
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._counts = {name: count() for name in names}
        self.up = {name: one.__next__ for name, one in self._counts.items()}

    def read(self, name: str) -> int:
        """Return how often ``name`` was counted."""
        # an itertools.count shows its next number, which is how many were taken
        return int(repr(self._counts[name])[6:-1])


def readings(counters: Counters, windows: Windows, health: Health, pins: Pins, facts: Facts) -> list[Metric]:
    """Return everything that a router counts and measures, as readings since it was made."""
    read_count = counters.read
    found = [
        Metric("routecore.plans", "{plan}", (), read_count(PLANS)),
        Metric("routecore.plans.failed", "{plan}", (), read_count(FAILED)),
        Metric("routecore.cache.misses", "{plan}", (), read_count("cache.misses")),
        Metric("routecore.ticks", "{tick}", (), read_count("ticks")),
        Metric("routecore.swaps", "{swap}", (), read_count("swaps")),
        Metric("routecore.probes", "{attempt}", (), read_count("probes")),
        Metric("routecore.sink.errors", "{record}", (), read_count("sink.errors")),
        Metric("routecore.hook.errors", "{outcome}", (), read_count("hook.errors")),
        Metric("routecore.pins.store_errors", "{error}", (), pins.store_errors),
        Metric("routecore.health.cooling", "{attempt}", (), len(facts.cooling)),
    ]
    for kind in KINDS:
        attributes: tuple[tuple[str, str], ...] = (("routecore.outcome", str(kind)),)
        if kind in ERROR_TYPES:
            attributes += (("error.type", ERROR_TYPES[kind]),)
        found.append(Metric("routecore.outcomes", "{attempt}", attributes, read_count(f"outcomes.{kind}")))
    found.extend(Metric("routecore.windows.refused", "{value}", (("reason", reason),), value) for reason, value in windows.refused.items())
    found.extend(Metric(f"routecore.health.{name}", "{event}", (), value) for name, value in health.counts.items())
    for endpoint_id, stats in facts.stats.items():
        model, _, slug = endpoint_id.partition("@")
        names = (("gen_ai.request.model", model), ("gen_ai.provider.name", slug.partition("/")[0]), ("routecore.endpoint", endpoint_id))
        if stats.latency is not None and stats.latency.p50 is not None:
            name = "gen_ai.server.time_to_first_token" if windows.settings.latency == "ttft" else "gen_ai.server.request.duration"
            found.append(Metric(name, "s", (*names, ("quantile", "0.5")), stats.latency.p50))
        if stats.throughput is not None and stats.throughput.p50:
            found.append(Metric("gen_ai.server.time_per_output_token", "s", (*names, ("quantile", "0.5")), 1 / stats.throughput.p50))
    return found
