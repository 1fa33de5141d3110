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

from routecore.errors import Fault, SimulationError
from routecore.reading.checks import OBJECT_EXPECTED, below
from routecore.simulate.world.behaviour import (
    Behaviour,
    read_behaviour,
    steady,
)
from routecore.simulate.world.regimes import unfold

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from routecore.catalog.catalog import Catalog
    from routecore.routing.facts import Facts
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

    @property
    def doubted(self) -> bool:
        """Whether anything of it is not known, so that replications draw different ones."""
        return any(one.doubt is not None for one in self._behaviours())

    @property
    def in_bursts(self) -> bool:
        """Whether anything comes in bursts."""
        return any(one.regimes for one in self._behaviours())

    def _behaviours(self) -> list[Behaviour]:
        return [*self.endpoints.values(), *(() if self.default is None else (self.default,))]

    def sampled(self, seed: int, endpoint_ids: Iterable[str] = ()) -> World:
        """Return one of the worlds that this one leaves possible: rates from their posteriors, latencies and throughputs times a factor each.

        ``endpoint_ids``: endpoints that the default stands for, so that each draws its own. A world without doubts is its only one.

        Args:
            seed: The same seed gives the same world.
            endpoint_ids: Endpoints that the default stands for.

        Returns:
            A world without doubts.
        """
        if not self.doubted:
            return self
        named = {**{one: self.default for one in endpoint_ids if self.default is not None}, **self.endpoints}
        return World({key: _sampled(key, one, seed) for key, one in named.items()}, self.default, sources=self.sources)

    def unfolded(self, seed: int, until_s: float, endpoint_ids: Iterable[str] = ()) -> World:
        """Return the world with the bursts of its regimes drawn, from second 0 to ``until_s``: the same for every policy, as only the seed decides.

        Args:
            seed: The same seed gives the same bursts.
            until_s: Seconds from the beginning of the trace.
            endpoint_ids: Endpoints that the default stands for, so that each has its own bursts.

        Returns:
            A world without regimes.
        """
        if not self.in_bursts:
            return self
        named = {**{one: self.default for one in endpoint_ids if self.default is not None}, **self.endpoints}
        found = {key: attrs.evolve(one, drawn=unfold(key, one.regimes, seed, until_s)) if one.regimes else one for key, one in named.items()}
        return World(found, self.default, sources=self.sources)

    def changed(self, endpoints: Mapping[str, Behaviour]) -> World:
        """Return the world with other behaviours for some endpoints."""
        return World({**self.endpoints, **endpoints}, self.default, sources=self.sources)

    def check(self, catalog: Catalog, models: Iterable[str]) -> None:
        """Raise ``SimulationError`` naming every endpoint of ``models`` that this world says nothing of.

        Args:
            catalog: The endpoints.
            models: The models that are asked for.
        """
        if self.default is not None:
            return
        known = catalog.models
        missing = [catalog.endpoints[row].id for model in models if model in known for row in known[model] if catalog.endpoints[row].id not in self.endpoints]
        if missing:
            raise SimulationError([Fault(below("world.endpoints", one), None, "a behaviour, and the world has no default") for one in missing])

    @classmethod
    def from_stats(cls, facts: Facts, *, default: Behaviour | None = None, sources: Iterable[str] = (), **others: Any) -> World:  # noqa: ANN401 - Behaviour's
        """Return the world that a statistics snapshot describes: its percentiles are kept, failures are 1 - its success rate, shrunk where samples are few.

        ``others`` are ``Behaviour``'s fields for every endpoint (``cache_ttl_s=…``). What an endpoint has no figure for is the default's, wider, and named in
        ``Behaviour.assumed``. Rates and latencies are doubted as far as the snapshot leaves them open: each replication draws a world.

        Raises ``SimulationError`` for percentiles that cross.

        Args:
            facts: The statistics.
            default: The behaviour of endpoints without statistics.
            sources: Where the statistics come from, for the report.
            others: Fields of ``Behaviour`` for every endpoint.

        Returns:
            The world.

        Example:
            >>> from routecore import example_facts
            >>> day = World.from_stats(example_facts()).endpoints["deepseek/deepseek-v3.2@deepinfra/fp4"]
            >>> day.ttft.at(0.5) > 0, day.doubt is not None
            (True, True)
        """
        from routecore.simulate.world.fit import behaviours_of_stats

        usual = default or steady()
        found, notes = behaviours_of_stats(facts, usual, others)
        return cls(found, attrs.evolve(default, **others) if default is not None else None, sources=(*sources, *notes))

    @classmethod
    def from_log(cls, trace: Trace, *, default: Behaviour | None = None, least: int = 20, regimes: bool = True) -> World:
        """Return the world that a log shows: each endpoint's samples of TTFT and throughput, its error and 429 rates, and how far all that is known.

        Rates have Beta posteriors, shrunk to provider and market; where rows allow, the time to first token is split into a base and prompt tokens read; failures that
        come in bursts become regimes (``regimes=False``: not looked for). Endpoints with fewer than ``least`` logged requests are left to ``default``.
        ``sources`` name what was fitted, and what could not be.

        Args:
            trace: A log with endpoints and outcomes.
            default: The behaviour of endpoints that the log says too little of.
            least: Requests that an endpoint needs.
            regimes: Whether bursts of failures are looked for.

        Returns:
            The world.
        """
        from routecore.simulate.world.fit import behaviours_of_log

        found, notes = behaviours_of_log(trace, default or steady(), least, regimes=regimes)
        return cls(found, default, sources=(f"behaviour measured from {trace.source}", *notes))

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
        except (OSError, ValueError, RecursionError) as error:
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


def _sampled(endpoint_id: str, behaviour: Behaviour, seed: int) -> Behaviour:
    """Return one of the behaviours that are possible, in doubt of nothing."""
    if behaviour.doubt is None:
        return behaviour
    errors, refusals, latency, speed = behaviour.doubt.draw(endpoint_id, seed)
    return attrs.evolve(
        behaviour,
        ttft=behaviour.ttft.times(latency),
        tokens_per_second=behaviour.tokens_per_second.times(speed),
        error_rate=behaviour.error_rate if errors is None else errors,
        rate_limit_rate=behaviour.rate_limit_rate if refusals is None else refusals,
        doubt=None,
    )
