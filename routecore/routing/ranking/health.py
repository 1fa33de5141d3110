"""Health: an attempt in cooldown goes last, behind every other model's healthy ones. If all are cooling, nothing moves: panic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routecore.routing.change import Change, Trial

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routecore.catalog.endpoint import Endpoint
    from routecore.routing.case import Case
    from routecore.routing.ranking.field import Field

NAME = "health"
EFFECT = "attempts in cooldown last; if all are cooling, nothing moves"


def places(field: Field) -> list[int] | None:
    """Return 1 for those that are cooling and 0 for the others; ``None`` where nobody, or everybody, is."""
    cooling = field.cooling
    return None if cooling is None or all(cooling) else [int(flag) for flag in cooling]


def words(field: Field, position: int) -> str:
    """Tell whether it is cooling."""
    return "cooling" if field.cooling is not None and field.cooling[position] else "available"


def changes(case: Case, endpoint: Endpoint) -> Iterator[Trial]:
    """Yield the end of the endpoint's cooldown."""
    if case.facts.cooling:
        own = (f"{endpoint.id}#shared", f"{endpoint.id}#byok")
        left = frozenset(key for key in case.facts.cooling if key != endpoint.id and not key.startswith(own))
        yield Trial(Change("chance", "its cooldown over"), case.replace(facts=case.facts.with_cooling(left)))
