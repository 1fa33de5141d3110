"""The world that policies are tried in: how every endpoint behaves over time. Virtual time; nothing sleeps.

``steady(…)`` describes an endpoint on an ordinary day, and its methods add what happens to it:
``steady(ttft=0.4).slow_within(60, 90, factor=10).fail_after(120)``. What comes of an attempt depends on the request, the endpoint and how often
the request has tried it, and on nothing else, so that two policies meet the same world.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from routecore.errors import Fault, SimulationError
from routecore.reading.checks import OBJECT_EXPECTED, below
from routecore.simulate.world.behaviour import (
    Behaviour,
    read_behaviour,
    steady,
)
from routecore.simulate.world.distribution import ASSUMED_SIGMA, Quantiles, of_percentiles

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from routecore.catalog.catalog import Catalog
    from routecore.routing.facts import Facts, Percentiles
    from routecore.simulate.traces.trace import Trace

__all__ = ["World"]


class World:
    """How every endpoint behaves: ``endpoints`` maps ids to behaviours; ``default`` is for any other, ``None`` where every endpoint must be named.

    ``sources`` say where it comes from, and go into every report.

    >>> world = World({"m@p": steady(ttft=0.4)}, sources=["by hand"])
    >>> World.from_mapping(world.to_mapping()) == world
    True
    """

    def __init__(self, endpoints: Mapping[str, Behaviour], default: Behaviour | None = None, *, sources: Iterable[str] = ()) -> None:
        self.endpoints = dict(endpoints)
        self.default = default
        self.sources = tuple(sources)

    def of(self, endpoint_id: str) -> Behaviour | None:
        """Return an endpoint's behaviour."""
        return self.endpoints.get(endpoint_id, self.default)

    def changed(self, endpoints: Mapping[str, Behaviour]) -> World:
        """Return the world with other behaviours for some endpoints."""
        return World({**self.endpoints, **endpoints}, self.default, sources=self.sources)

    def check(self, catalog: Catalog, models: Iterable[str]) -> None:
        """Raise ``SimulationError`` naming every endpoint of ``models`` that this world says nothing of."""
        if self.default is not None:
            return
        known = catalog.models
        missing = [catalog.endpoints[row].id for model in models if model in known for row in known[model] if catalog.endpoints[row].id not in self.endpoints]
        if missing:
            raise SimulationError([Fault(below("world.endpoints", one), None, "a behaviour, and the world has no default") for one in missing])

    @classmethod
    def from_stats(cls, facts: Facts, *, default: Behaviour | None = None, sources: Iterable[str] = (), **others: Any) -> World:  # noqa: ANN401 - Behaviour's
        """Return the world that a statistics snapshot describes: log-normals through its percentiles, failures at 1 - its success rate.

        ``others`` are ``Behaviour``'s fields for every endpoint (``cache_ttl_s=…``). An endpoint without percentiles takes the default's.

        >>> from routecore import example_facts
        >>> day = World.from_stats(example_facts()).endpoints["deepseek/deepseek-v3.2@deepinfra/fp4"]
        >>> day.ttft.at(0.5) > 0
        True
        """
        usual = default or steady()
        found = {}
        for endpoint_id, one in facts.stats.items():
            found[endpoint_id] = attrs.evolve(
                usual,
                ttft=_of_percentiles(one.latency, usual.ttft, falling=False),
                tokens_per_second=_of_percentiles(one.throughput, usual.tokens_per_second, falling=True),
                error_rate=usual.error_rate if one.success_rate is None else round(1.0 - one.success_rate, 12),
                **others,
            )
        notes = (*sources, f"log-normal latencies and throughputs through a snapshot's percentiles (sigma {ASSUMED_SIGMA} where only p50 is known)")
        return cls(found, attrs.evolve(default, **others) if default is not None else None, sources=notes)

    @classmethod
    def from_log(cls, trace: Trace, *, default: Behaviour | None = None, least: int = 20) -> World:
        """Return the world that a log shows: each endpoint's own samples of TTFT and throughput, its error and 429 rates.

        Endpoints with fewer than ``least`` logged requests are left to ``default``.
        """
        logged: dict[int, list[Any]] = {}
        for chunk in trace.chunks():
            codes = np.asarray(chunk.endpoint)
            for code in np.unique(codes[codes >= 0]).tolist():
                mine = chunk.take(codes == code)
                ok = (mine.status == 0) | (mine.status < 400)
                rest = mine.total_s - mine.ttft_s
                speed = (mine.completion_tokens - 1)[(rest > 0) & ok & (mine.completion_tokens > 1)] / rest[(rest > 0) & ok & (mine.completion_tokens > 1)]
                first = mine.ttft_s[ok & (mine.ttft_s > 0)]
                kept = logged.setdefault(code, [0, 0, 0, [], []])
                kept[0] += len(mine)
                kept[1] += int((mine.status == 429).sum())
                kept[2] += int(((mine.status >= 400) & (mine.status != 429)).sum())
                kept[3].extend(first.tolist())
                kept[4].extend(speed.tolist())
        usual = default or steady()
        found = {}
        for code, (count, limited, failed, first, speed) in logged.items():
            if count >= least:
                found[trace.names.endpoints[code]] = attrs.evolve(
                    usual,
                    ttft=Quantiles.empirical(first) if first else usual.ttft,
                    tokens_per_second=Quantiles.empirical(speed) if speed else usual.tokens_per_second,
                    error_rate=failed / max(count - limited, 1),
                    rate_limit_rate=limited / count,
                )
        return cls(found, default, sources=[f"behaviour measured from {trace.source}"])

    @classmethod
    def from_mapping(cls, value: object) -> World:
        """Read a world from JSON: ``{"endpoints": {id: behaviour}, "default": behaviour, "sources": [text]}``. Raises ``SimulationError`` with every fault."""
        faults: list[Fault] = []
        if not isinstance(value, dict):
            raise SimulationError([Fault("world", value, OBJECT_EXPECTED)])
        raw = value.get("endpoints") or {}
        faults.extend(
            Fault(f"world.{key}", value[key], "a part of a world: endpoints, default, sources")
            for key in value
            if key not in {"endpoints", "default", "sources"}
        )
        if not isinstance(raw, dict):
            faults.append(Fault("world.endpoints", raw, "an object: endpoint id -> behaviour"))
            raw = {}
        found = {key: read_behaviour(one, f"{below('world.endpoints', key)}.", faults) for key, one in raw.items()}
        default = None if value.get("default") is None else read_behaviour(value["default"], "world.default.", faults)
        sources = value.get("sources") or []
        if not isinstance(sources, list) or not all(isinstance(one, str) for one in sources):
            faults.append(Fault("world.sources", sources, "a list of texts"))
        if faults:
            raise SimulationError(faults)
        return cls({key: one for key, one in found.items() if one is not None}, default, sources=sources)

    @classmethod
    def load(cls, path: str | Path) -> World:
        """Read a world from a JSON file. Raises ``SimulationError``."""
        try:
            value = json.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise SimulationError([Fault(str(path), f"{type(error).__name__}: {error}"[:200], "a JSON file that can be read")]) from error
        return cls.from_mapping(value)

    def to_mapping(self) -> dict[str, Any]:
        """Return the world as JSON can hold it."""
        found: dict[str, Any] = {"endpoints": {key: one.to_mapping() for key, one in self.endpoints.items()}}
        if self.default is not None:
            found["default"] = self.default.to_mapping()
        if self.sources:
            found["sources"] = list(self.sources)
        return found

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, World):
            return NotImplemented
        return (self.endpoints, self.default, self.sources) == (other.endpoints, other.default, other.sources)

    __hash__ = None  # type: ignore[assignment] # equal by content, and large

    def __repr__(self) -> str:
        return f"<World of {len(self.endpoints)} endpoints{'' if self.default is None else ' and a default'}>"


def _of_percentiles(percentiles: Percentiles | None, usual: Quantiles, *, falling: bool) -> Quantiles:
    values = {} if percentiles is None else {name: value for name, value in percentiles._asdict().items() if value}
    return of_percentiles(values, falling=falling) if values else usual
