"""Statistics that a world would show, frozen for a stretch of time: what the batch engine decides on."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from routecore.routing.facts import EndpointStats, Facts, Percentiles

if TYPE_CHECKING:
    from collections.abc import Iterable

    from routecore.simulate.world.behaviour import Behaviour
    from routecore.simulate.world.world import World

__all__ = ["WorldFacts"]


class WorldFacts:
    """What holds of a world's endpoints at a moment, as statistics: the percentiles that a window would tend to, and an outage as a cooldown.

    ``at(now)`` gives the same object until something changes, so that ``is`` tells whether rankings still hold.

    >>> from routecore.simulate.world.world import World, steady
    >>> facts = WorldFacts(World({"m@p": steady(ttft=0.5, error_rate=0.25).slow_after(60, factor=2)}), ["m@p"])
    >>> facts.at(0).stats["m@p"].latency.p90, facts.at(60).stats["m@p"].latency.p90, facts.at(0).stats["m@p"].success_rate
    (0.5, 1.0, 0.75)
    """

    def __init__(self, world: World, endpoint_ids: Iterable[str]) -> None:
        self._behaviours = {one: behaviour for one in endpoint_ids if (behaviour := world.of(one)) is not None}
        self._edges = sorted(
            {edge for one in self._behaviours.values() for effect in one.effects for edge in (effect.start, effect.end) if effect.kind != "price"}
        )
        self._kept = Facts()
        self._from, self._until = inf, -inf

    @property
    def changes(self) -> bool:
        """Whether anything changes over time."""
        return bool(self._edges)

    def at(self, now: float) -> Facts:
        """Return the statistics that hold at ``now``."""
        if not self._from <= now < self._until:
            self._from = max((edge for edge in self._edges if edge <= now), default=-inf)
            self._until = min((edge for edge in self._edges if edge > now), default=inf)
            found = {key: _stats(one, now) for key, one in self._behaviours.items()}
            cooling = frozenset(key for key, one in self._behaviours.items() if _down(one, now))
            self._kept = Facts({key: one for key, one in found.items() if key not in cooling}, cooling)
        return self._kept


def _down(behaviour: Behaviour, now: float) -> bool:
    return any(one.kind in {"fail", "hang"} and one.start <= now < one.end for one in behaviour.effects)


def _stats(behaviour: Behaviour, now: float) -> EndpointStats:
    slow, error, refused = 1.0, behaviour.error_rate, behaviour.rate_limit_rate
    for one in behaviour.effects:
        if one.start <= now < one.end:
            if one.kind == "slow":
                slow *= one.value
            elif one.kind == "errors":
                error = one.value
            elif one.kind == "refuse":
                refused = one.value
    served = (1.0 - refused) * (1.0 - error)
    for regime in behaviour.regimes:
        # bursts are not foreseen: statistics know their share in the long run
        if regime.kind == "slow":
            slow *= 1.0 + (regime.value or 1.0) * regime.share - regime.share
        else:
            served *= 1.0 - regime.share * (1.0 if regime.value is None else regime.value)
    latency = Percentiles(*[behaviour.ttft.at(share) * slow for share in (0.5, 0.75, 0.9, 0.99)])
    throughput = Percentiles(*[behaviour.tokens_per_second.at(share) / slow for share in (0.5, 0.25, 0.1, 0.01)])
    return EndpointStats(latency, throughput, None, served)
