"""What a usage states about its bill beside the counts: the tier that served, the region, whose key it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["USUAL", "Stated", "read_stated"]


class Stated(NamedTuple):
    """Facts that a provider writes into the usage itself. ``None`` is not stated, or as usual: the default tier, no region, the platform's key.

    They decide nothing by themselves: a log's row hands them to its ``CostContext`` where it says nothing else, and ``calculate_cost`` tells where its context differs.
    """

    tier: str | None = None
    region: str | None = None
    is_byok: bool | None = None


USUAL: Final = frozenset({None, "", "default", "standard", "standard_only", "auto", "on_demand", "global", "not_available"})
"""Words for the usual: what is stated so needs no telling."""

_TIERS: Final = ("service_tier", "serviceTier", "speed", "trafficType", "traffic_type")
_REGIONS: Final = ("inference_geo", "inferenceGeo")
_TRAFFIC: Final = {"on_demand_priority": "priority", "on_demand_flex": "flex", "provisioned_throughput": None}
_LONGEST: Final = 64


def read_stated(body: Mapping[Any, Any]) -> Stated | None:
    """Return what ``body`` states, ``None`` where that is nothing or the usual.

    >>> read_stated({"service_tier": "batch", "inference_geo": "us"}), read_stated({"service_tier": "standard", "is_byok": False})
    (Stated(tier='batch', region='us', is_byok=None), None)
    """
    tier = next((word for key in _TIERS if (word := _word(body.get(key))) is not None), None)
    region = next((word for key in _REGIONS if (word := _word(body.get(key))) is not None), None)
    byok = True if body.get("is_byok") is True else None
    return None if tier is None and region is None and byok is None else Stated(tier, region, byok)


def _word(value: object) -> str | None:
    if not isinstance(value, str) or len(value) > _LONGEST:
        return None
    word = value.strip().lower()
    word = _TRAFFIC.get(word, word) or ""
    return None if word in USUAL else word
