"""What is known of the endpoints right now: percentiles, success rates, cooldowns. Plain numbers, frozen, no numpy.

A percentile means "this share of requests does at least this well": p90 latency 2 s says that 90 % have the first token within 2 s,
p90 throughput 50 tok/s that 90 % reach 50 tok/s or more (the platform's documentation, § How Percentiles Work).
"""

from __future__ import annotations

from functools import cached_property
from hashlib import blake2b
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from routecore.errors import Fault, InvalidRequest, Warned
from routecore.reading.checks import NUMBER_EXPECTED, OBJECT_EXPECTED, WHOLE_EXPECTED, below, canonical_key, number, whole
from routecore.safe_text import shown_name

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

__all__ = ["EndpointStats", "Facts", "Full", "Percentiles", "known", "p50"]


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
    """One endpoint's statistics over the window; ``None`` where unknown. All rates and shares are from 0 to 1.

    ``error_rate`` counts failures but 429s, which ``rate_limit_rate`` counts apart; ``tool_error_rate`` is the share of requests with malformed tool calls,
    ``cached_share`` the share of prompt tokens read from cache, ``share_cap`` the largest share of first picks that the endpoint's shared attempt may have.
    """

    latency: Percentiles | None = None
    throughput: Percentiles | None = None
    samples: int | None = None
    success_rate: float | None = None
    error_rate: float | None = None
    rate_limit_rate: float | None = None
    tool_error_rate: float | None = None
    cached_share: float | None = None
    share_cap: float | None = None


SHARES: Final = ("success_rate", "error_rate", "rate_limit_rate", "tool_error_rate", "cached_share", "share_cap")
"""The values of a row that are shares, from 0 to 1."""


class Full(NamedTuple):
    """Why an attempt is full, as far as a router knows: which limit, how much of it is taken, and in how many seconds some of it is free again."""

    limit: str | None = None
    load: float | None = None
    most: float | None = None
    seconds: float | None = None

    def __str__(self) -> str:
        what = "" if self.limit is None else f": {self.limit}"
        taken = "" if self.load is None or self.most is None else f" {self.load:g} of {self.most:g}"
        return f"full{what}{taken}" + ("" if self.seconds is None else f", for {self.seconds:g} s more")


NOT_TOLD: Final = Full()
_NO_FULL: Final[Mapping[str, Full]] = {}


def known(stats: EndpointStats | None, percentiles: Percentiles | None, min_samples: int) -> Percentiles | None:
    """Return ``percentiles`` if enough samples stand behind them; a missing count is enough."""
    if percentiles is None or stats is None or (stats.samples is not None and stats.samples < min_samples):
        return None
    return percentiles


def p50(row: EndpointStats | None, metric: str, min_samples: int) -> float | None:
    """Return the p50 of ``latency`` (seconds) or ``throughput`` (tokens per second), ``None`` if it is not known."""
    # asked for every endpoint of a decision: what ``known`` says, without the call
    if row is None or (row.samples is not None and row.samples < min_samples):
        return None
    percentiles = row.throughput if metric == "throughput" else row.latency
    return None if percentiles is None else percentiles[0]


class Facts:
    """Frozen statistics by endpoint id, and the health keys that are cooling or full.

    A health key is an endpoint id (all its attempts), ``id#shared``, ``id#byok`` or ``id#byok:KEY_ID``; ``full`` maps those that are full to why.
    Throughput that rises from p50 to p99 speaks of the best requests: its p50 is kept, the others are not known, and the endpoint is in ``rising``.
    ``warnings`` name rows of endpoints that the catalog, where one was given, does not know.

    Raises ``InvalidRequest`` for a value that is no number in its range: NaN would pass every comparison and decide something.

    >>> facts = Facts({"m@p": EndpointStats(throughput=Percentiles(60.0, 48.0, 61.0, None))})
    >>> facts.stats["m@p"].throughput, sorted(facts.rising)
    (Percentiles(p50=60.0, p75=None, p90=None, p99=None), ['m@p'])
    """

    stats: Mapping[str, EndpointStats]
    cooling: frozenset[str]
    full: Mapping[str, Full]
    rising: frozenset[str]
    warnings: tuple[Warned, ...]

    def __init__(
        self,
        stats: Mapping[str, EndpointStats] | None = None,
        cooling: frozenset[str] = frozenset(),
        full: Mapping[str, Full] | None = None,
    ) -> None:
        rows: Mapping[str, EndpointStats] = {} if stats is None else stats
        faults: list[Fault] = []
        for endpoint_id, one in rows.items():
            _check(endpoint_id, one, faults)
        if faults:
            raise InvalidRequest(faults)
        self.cooling, self.full, self.warnings = cooling, full or _NO_FULL, ()
        self.rising = frozenset([endpoint_id for endpoint_id, one in rows.items() if one.throughput is not None and one.throughput.rises])
        if self.rising:
            mended = dict(rows)
            for endpoint_id in self.rising:
                one = mended[endpoint_id]
                assert one.throughput is not None
                mended[endpoint_id] = one._replace(throughput=Percentiles(one.throughput.p50))
            rows = mended
        self.stats = rows

    @classmethod
    def measured(cls, stats: Mapping[str, EndpointStats], cooling: frozenset[str], full: Mapping[str, Full] | None = None) -> Facts:
        """Return facts of statistics that were measured by windows, whose throughput cannot rise: nothing is read again.

        Args:
            stats: endpoint id -> statistics.
            cooling: health keys of attempts in cooldown.
            full: health key of each attempt that is full -> why.

        Returns:
            The facts, which share ``stats`` with whoever measured it.
        """
        facts = cls.__new__(cls)
        facts.stats, facts.rising, facts.cooling, facts.full, facts.warnings = stats, frozenset(), cooling, full or _NO_FULL, ()
        return facts

    @classmethod
    def from_mapping(cls, stats: object = None, health: object = None, faults: list[Fault] | None = None, catalog: Container[str] | None = None) -> Facts:
        """Read the wire's ``stats`` and ``health``.

        Args:
            stats: endpoint id -> a row; rows of endpoints that nobody knows are kept, as they decide nothing.
            health: health key -> ``cooling``, ``full`` or ``available``.
            faults: where faults are noted; without a list they are raised.
            catalog: what knows the ids of endpoints; with it, ``warnings`` name the rows of others.

        Returns:
            The facts, frozen.

        Raises:
            InvalidRequest: with every fault, where ``faults`` is not given.

        Example:
            >>> Facts.from_mapping({"m@p": {"latency": {"p50": 0.8}, "samples": 12}}, {"m@p#byok": "cooling"}).cooling
            frozenset({'m@p#byok'})
        """
        noted: list[Fault] = [] if faults is None else faults
        before = len(noted)
        found = _read_stats(stats, noted)
        cooling, full = _read_health(health, noted)
        if faults is None and noted:
            raise InvalidRequest(noted)
        if len(noted) > before:  # rows with faults are not facts, and others' faults are still to be found
            found = {}
        unknown = () if catalog is None else tuple(one for one in found if one not in catalog)
        facts = cls(found, cooling, full)
        facts.warnings = tuple(Warned("unknown_endpoint", below("stats", one), f"the catalog has no endpoint {shown_name(one)}") for one in unknown)
        return facts

    def with_cooling(self, cooling: frozenset[str], full: Mapping[str, Full] | None = None) -> Facts:
        """Return the same statistics with other cooldowns (and, where given, others that are full), without reading the statistics again.

        Args:
            cooling: health keys of attempts in cooldown.
            full: health key of each attempt that is full -> why; ``None`` leaves those that are.

        Returns:
            New facts; these stay as they are.
        """
        facts = Facts.__new__(Facts)
        facts.stats, facts.rising, facts.warnings, facts.cooling = self.stats, self.rising, self.warnings, cooling
        facts.full = self.full if full is None else full
        return facts

    @cached_property
    def version(self) -> str:
        """A hash of the content: equal facts have equal versions, in any process."""
        digest = blake2b()
        for endpoint_id in sorted(self.stats):
            digest.update(f"{endpoint_id}={_trimmed(self.stats[endpoint_id])!r};".encode("utf-8", "surrogatepass"))
        digest.update(repr(sorted(self.cooling)).encode("utf-8", "surrogatepass"))
        if self.full:
            digest.update(repr(sorted(self.full)).encode("utf-8", "surrogatepass"))
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
            for name in SHARES:
                share = getattr(one, name)
                if share is not None:
                    row[name] = share
            stats[endpoint_id] = row
        # one that is both is cooling
        words = {**dict.fromkeys(self.full, "full"), **dict.fromkeys(self.cooling, "cooling")}
        return {"stats": stats, "health": {key: words[key] for key in sorted(words)}}

    def __repr__(self) -> str:
        return f"<Facts of {len(self.stats)} endpoints, {len(self.cooling)} cooling>"


NO_FACTS: Final = Facts()
_SHARE_EXPECTED: Final = "a number from 0 to 1"
_HEALTH_EXPECTED: Final = "'cooling', 'full' or 'available'"


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
            faults.append(Fault(path, row, "an object with latency, throughput, samples and rates"))
            continue
        samples = row.get("samples")
        count = None
        if samples is not None:
            count = whole(samples)
            if count is None:
                faults.append(Fault(f"{path}.samples", samples, WHOLE_EXPECTED))
        shares = []
        for name in SHARES:
            given = row.get(name)
            share = None if given is None else number(given)
            if given is not None and (share is None or share > 1):
                faults.append(Fault(f"{path}.{name}", given, _SHARE_EXPECTED))
            shares.append(share)
        latency = _read_percentiles(row.get("latency"), f"{path}.latency", faults)
        throughput = _read_percentiles(row.get("throughput"), f"{path}.throughput", faults)
        found[canonical_key(endpoint_id)] = EndpointStats(latency, throughput, count, *shares)
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


def _read_health(value: object, faults: list[Fault]) -> tuple[frozenset[str], dict[str, Full]]:
    cooling: set[str] = set()
    full: dict[str, Full] = {}
    if value is not None and not isinstance(value, dict):
        faults.append(Fault("health", value, f"{OBJECT_EXPECTED}: health key -> {_HEALTH_EXPECTED}"))
    elif value:
        for key, state in value.items():
            if state is None or not isinstance(key, str):
                continue
            if not isinstance(state, str) or state not in ("available", "full", "cooling"):
                faults.append(Fault(below("health", key), state, _HEALTH_EXPECTED))
            elif state == "cooling":
                cooling.add(canonical_key(key))
            elif state == "full":
                full[canonical_key(key)] = NOT_TOLD
    return frozenset(cooling), full


def _check(endpoint_id: str, row: EndpointStats, faults: list[Fault]) -> None:
    """Note what of a row that was built in code is no number in its range."""
    path = below("stats", endpoint_id)
    for metric in ("latency", "throughput"):
        for name, value in zip(Percentiles._fields, getattr(row, metric) or (), strict=False):
            if value is not None and number(value) is None:
                faults.append(Fault(f"{path}.{metric}.{name}", value, NUMBER_EXPECTED))
    if row.samples is not None and whole(row.samples) is None:
        faults.append(Fault(f"{path}.samples", row.samples, WHOLE_EXPECTED))
    for name in SHARES:
        value = getattr(row, name)
        if value is not None and ((share := number(value)) is None or share > 1):
            faults.append(Fault(f"{path}.{name}", value, _SHARE_EXPECTED))


def _trimmed(row: EndpointStats) -> tuple[Any, ...]:
    """Return a row's values up to the last that is known, and the first four always: rows that know no more keep the version that they had."""
    values = tuple(row)
    last = max((place for place, value in enumerate(values) if value is not None), default=0)
    return values[: max(4, last + 1)]
