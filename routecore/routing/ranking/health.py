"""Health: available attempts, then full ones, then those in cooldown, behind every other model's healthy ones. If all are cooling, nothing moves: panic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routecore.routing.change import Change, Trial

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from routecore.catalog.endpoint import Endpoint
    from routecore.routing.case import Case
    from routecore.routing.ranking.field import Field

NAME = "health"
EFFECT = "available attempts, then full ones, then those in cooldown; if all are cooling, nothing moves"
AVAILABLE, FULL, COOLING = 0, 1, 2


def places(field: Field) -> list[int] | None:
    """Return 0 (available), 1 (full) or 2 (cooling) for each candidate; ``None`` where all stand alike. One that is both is cooling."""
    cooling, full = field.cooling, field.full
    if cooling is None and full is None:
        return None
    found = [
        COOLING if cooling is not None and cooling[position] else FULL if full is not None and full[position] else AVAILABLE
        for position in range(len(field.candidates))
    ]
    return found if len(set(found)) > 1 else None


def words(field: Field, position: int) -> str:
    """Tell whether it is cooling, or full: of which limit and until when, as far as is known."""
    if field.cooling is not None and field.cooling[position]:
        return "cooling"
    if field.full is not None and field.full[position]:
        one, full = field.candidates[position], field.case.facts.full
        return str(next(full[key] for key in (one.key, one.endpoint.id, f"{one.endpoint.id}#byok") if key in full))
    return "available"


def changes(case: Case, endpoint: Endpoint) -> Iterator[Trial]:
    """Yield the end of the endpoint's cooldown, and room under its limits."""
    facts = case.facts
    if facts.full:
        left = {key: facts.full[key] for key in _others(facts.full, endpoint)}
        yield Trial(Change("chance", "room under its limits"), case.replace(facts=facts.with_cooling(facts.cooling, left)))
    if facts.cooling:
        yield Trial(Change("chance", "its cooldown over"), case.replace(facts=facts.with_cooling(frozenset(_others(facts.cooling, endpoint)))))


def _others(keys: Iterable[str], endpoint: Endpoint) -> list[str]:
    own = (f"{endpoint.id}#shared", f"{endpoint.id}#byok")
    return [key for key in keys if key != endpoint.id and not key.startswith(own)]
