"""Reading a scenario: catalog, request, context, statistics, health, settings, draw, now, and the provider block.

Faults are looked for in that order; those of one kind are reported together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from routecore.testing.reference.block import Block, read_block
from routecore.testing.reference.body import Asked, read_body
from routecore.testing.reference.catalog import Endpoint, read_catalog
from routecore.testing.reference.context import Context, read_context
from routecore.testing.reference.facts import Stats, read_health, read_stats
from routecore.testing.reference.settings import Settings, read_settings
from routecore.testing.reference.slugs import SlugReader
from routecore.testing.reference.wire import Reader

__all__ = ["Scenario", "read_scenario"]

WIDEST_DRAW = 2**64


@dataclass(frozen=True)
class Scenario:
    """Everything that a decision is made of.

    ``display_names``: (path, as written, the slug it stands for). ``now``: seconds since the epoch.
    """

    endpoints: tuple[Endpoint, ...]
    asked: Asked
    context: Context
    stats: dict[str, Stats]
    health: dict[str, str]
    settings: Settings
    draw: int
    now: Fraction | None
    block: Block
    display_names: tuple[tuple[str, str, str], ...]


def read_scenario(raw: object) -> Scenario:
    """Read a scenario; raise the refusal of the first kind of fault that it has."""
    parts: Mapping[Any, Any] = raw if isinstance(raw, Mapping) else {}

    reader = Reader()
    if not isinstance(raw, Mapping):
        reader.fault("scenario", raw, "an object")
        reader.refuse("invalid_request")
    endpoints = read_catalog(parts.get("catalog"), reader)
    reader.refuse("invalid_catalog")
    slugs = SlugReader(endpoint.provider for endpoint in endpoints)

    reader = Reader()
    request: Mapping[Any, Any] = reader.mapping(parts.get("request"), "request") or {}
    asked = read_body(request, reader) if not reader.faults else Asked(models=())
    context = read_context(parts.get("context"), reader, slugs)
    stats = read_stats(parts.get("stats"), reader)
    health = read_health(parts.get("health"), reader)
    settings = read_settings(parts.get("settings"), reader)
    draw = None if parts.get("draw") is None else reader.integer(parts["draw"], "draw", WIDEST_DRAW)
    now = None if parts.get("now") is None else reader.number(parts["now"], "now")
    reader.refuse("invalid_request")

    reader = Reader()
    block = read_block(request.get("provider"), reader, slugs)
    reader.refuse("invalid_preferences")
    instant = None if now is None else Fraction(now)
    return Scenario(endpoints, asked, context, stats, health, settings, draw or 0, instant, block, tuple(slugs.display_names))
