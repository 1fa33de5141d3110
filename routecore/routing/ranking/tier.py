"""Tier: where the request asks for priority, priority endpoints first."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routecore.catalog.endpoint import Endpoint
    from routecore.routing.case import Case
    from routecore.routing.change import Trial
    from routecore.routing.ranking.field import Field

NAME = "tier"
EFFECT = 'with `service_tier: "priority"`: priority endpoints, then the others'


def places(field: Field) -> list[int] | None:
    """Return 0 for priority endpoints and 1 for the others; ``None`` where priority is not asked for."""
    if field.case.request.shape.tier != "priority":
        return None
    priority = field.pool.by_tier.get("priority", 0)
    return [0 if priority >> one.row & 1 else 1 for one in field.candidates] if priority else None


def words(field: Field, position: int) -> str:
    """Name the endpoint's tier."""
    return f"tier {field.candidates[position].endpoint.tier}"


def changes(case: Case, endpoint: Endpoint) -> Iterator[Trial]:
    """Yield nothing: naming the endpoint in ``order`` goes before its tier."""
    del case, endpoint
    yield from ()
