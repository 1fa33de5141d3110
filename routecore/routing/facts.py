"""What is known of the endpoints right now: percentiles, success rates, cooldowns. Plain numbers, frozen, no numpy.

A percentile means "this share of requests does at least this well": p90 latency 2 s says that 90 % have the first token within 2 s,
p90 throughput 50 tok/s that 90 % reach 50 tok/s or more (the platform's documentation, § How Percentiles Work).
"""

from __future__ import annotations

from functools import cached_property
from hashlib import blake2b
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from routecore.errors import Fault, InvalidRequest
from routecore.reading.checks import NUMBER_EXPECTED, OBJECT_EXPECTED, WHOLE_EXPECTED, below, canonical_key, number, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["EndpointStats", "Facts", "Percentiles"]


class Percentiles(NamedTuple):
    """The p50, p75, p90 and p99 of one metric; ``None`` where unknown. Seconds for latency, tokens per second for throughput."""

    p50: float | None = None
    p75: float | None = None
    p90: float | None = None
    p99: float | None = None

    @property
    def rises(self) -> bool:
        """Whether any known value is above an earlier one."""
        known = [value for value in self if value is not None]
        return any(after > before for before, after in pairwise(known))


class EndpointStats(NamedTuple):
    """One endpoint's statistics over the window. ``samples`` and ``success_rate`` (0 to 1) are ``None`` where unknown."""

    latency: Percentiles | None = None
    throughput: Percentiles | None = None
    samples: int | None = None
    success_rate: float | None = None


class Facts:
    """Frozen statistics by endpoint id, and the health keys that are cooling.

    A health key is an endpoint id (all its attempts), ``id#shared``, ``id#byok`` or ``id#byok:KEY_ID``.
    Throughput that rises from p50 to p99 speaks of the best requests: its p50 is kept, the others are not known, and the endpoint is in ``rising``.

    >>> facts = Facts({"m@p": EndpointStats(throughput=Percentiles(60.0, 48.0, 61.0, None))})
    >>> facts.stats["m@p"].throughput, sorted(facts.rising)
    (Percentiles(p50=60.0, p75=None, p90=None, p99=None), ['m@p'])
    """

    def __init__(self, stats: Mapping[str, EndpointStats] | None = None, cooling: frozenset[str] = frozenset()) -> None:
        self.stats: Mapping[str, EndpointStats] = {} if stats is None else stats
        self.cooling = cooling
        rising = [endpoint_id for endpoint_id, one in self.stats.items() if one.throughput is not None and one.throughput.rises]
        self.rising = frozenset(rising)
        if rising:
            mended = dict(self.stats)
            for endpoint_id in rising:
                one = mended[endpoint_id]
                assert one.throughput is not None
                mended[endpoint_id] = one._replace(throughput=Percentiles(one.throughput.p50))
            self.stats = mended

    @classmethod
    def measured(cls, stats: Mapping[str, EndpointStats], cooling: frozenset[str]) -> Facts:
        """Return facts of statistics that were measured by windows, whose throughput cannot rise: nothing is read again.

        Args:
            stats: Endpoint id to statistics.
            cooling: The attempts that are cooling down.

        Returns:
            The facts.
        """
        facts = cls.__new__(cls)
        facts.stats, facts.rising, facts.cooling = stats, frozenset(), cooling
        return facts

    @classmethod
    def from_mapping(cls, stats: object = None, health: object = None, faults: list[Fault] | None = None) -> Facts:
        """Read the wire's ``stats`` and ``health``.

        Args:
            stats: Endpoint id to latency, throughput, samples and success rate.
            health: Endpoint id, or attempt, to ``cooling``, ``full`` or ``available``.
            faults: Takes the faults, where they are to be told together with others.

        Returns:
            The facts, frozen.

        Raises:
            InvalidRequest: With every fault, where no list takes them.

        Example:
            >>> Facts.from_mapping({"m@p": {"latency": {"p50": 0.8}, "samples": 12}}, {"m@p#byok": "cooling"}).cooling
            frozenset({'m@p#byok'})
        """
        noted: list[Fault] = [] if faults is None else faults
        found = _read_stats(stats, noted)
        cooling = _read_health(health, noted)
        if faults is None and noted:
            raise InvalidRequest(noted)
        return cls(found, cooling)

    def with_cooling(self, cooling: frozenset[str]) -> Facts:
        """Return the same statistics with other cooldowns, without reading the statistics again."""
        facts = Facts.__new__(Facts)
        facts.stats, facts.rising, facts.cooling = self.stats, self.rising, cooling
        return facts

    @cached_property
    def version(self) -> str:
        """A hash of the content: equal facts have equal versions, in any process."""
        digest = blake2b()
        for endpoint_id in sorted(self.stats):
            digest.update(f"{endpoint_id}={tuple(self.stats[endpoint_id])!r};".encode("utf-8", "surrogatepass"))
        digest.update(repr(sorted(self.cooling)).encode("utf-8", "surrogatepass"))
        return f"f-{digest.hexdigest()[:16]}"

    def to_mapping(self) -> dict[str, Any]:
        """Return ``{"stats": …, "health": …}`` in the wire form; throughput that had been rising is given as it was kept."""
        stats = {}
        for endpoint_id, one in self.stats.items():
            row: dict[str, Any] = {}
            for name in ("latency", "throughput"):
                percentiles = getattr(one, name)
                if percentiles is not None:
                    row[name] = {key: value for key, value in percentiles._asdict().items() if value is not None}
            if one.samples is not None:
                row["samples"] = one.samples
            if one.success_rate is not None:
                row["success_rate"] = one.success_rate
            stats[endpoint_id] = row
        return {"stats": stats, "health": dict.fromkeys(sorted(self.cooling), "cooling")}

    def __repr__(self) -> str:
        return f"<Facts of {len(self.stats)} endpoints, {len(self.cooling)} cooling>"


NO_FACTS: Final = Facts()


def _read_stats(value: object, faults: list[Fault]) -> dict[str, EndpointStats]:
    found: dict[str, EndpointStats] = {}
    if value is None:
        return found
    if not isinstance(value, dict):
        faults.append(Fault("stats", value, "an object: endpoint id -> statistics"))
        return found
    for endpoint_id, row in value.items():
        if row is None or not isinstance(endpoint_id, str):
            continue
        path = below("stats", endpoint_id)
        if not isinstance(row, dict):
            faults.append(Fault(path, row, "an object with latency, throughput, samples and success_rate"))
            continue
        samples, rate = row.get("samples"), row.get("success_rate")
        count = None
        if samples is not None:
            count = whole(samples)
            if count is None:
                faults.append(Fault(f"{path}.samples", samples, WHOLE_EXPECTED))
        share = None
        if rate is not None:
            share = number(rate)
            if share is None or share > 1:
                faults.append(Fault(f"{path}.success_rate", rate, "a number from 0 to 1"))
        latency = _read_percentiles(row.get("latency"), f"{path}.latency", faults)
        throughput = _read_percentiles(row.get("throughput"), f"{path}.throughput", faults)
        found[canonical_key(endpoint_id)] = EndpointStats(latency, throughput, count, share)
    return found


def _read_percentiles(value: object, path: str, faults: list[Fault]) -> Percentiles | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        faults.append(Fault(path, value, "an object with p50, p75, p90 and p99"))
        return None
    read: list[float | None] = []
    for key in Percentiles._fields:
        item = value.get(key)
        one = None if item is None else number(item)
        if item is not None and one is None:
            faults.append(Fault(f"{path}.{key}", item, NUMBER_EXPECTED))
        read.append(one)
    return Percentiles(*read)


def _read_health(value: object, faults: list[Fault]) -> frozenset[str]:
    if value is None:
        return frozenset()
    if not isinstance(value, dict):
        faults.append(Fault("health", value, f"{OBJECT_EXPECTED}: health key -> 'cooling' or 'available'"))
        return frozenset()
    cooling = []
    for key, state in value.items():
        if state is None or not isinstance(key, str):
            continue
        word = state if isinstance(state, str) else None
        if word == "available":
            continue
        if word == "cooling":
            cooling.append(canonical_key(key))
        else:
            faults.append(Fault(below("health", key), state, "'cooling' or 'available'"))
    return frozenset(cooling)
