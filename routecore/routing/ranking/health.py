"""Health: an attempt in cooldown goes last, behind every other model's healthy ones. If all are cooling, nothing moves: panic."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
