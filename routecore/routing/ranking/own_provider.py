"""Own provider: a caller's own keys first, then shared capacity of the providers that the keys are for, then the others.

Without ``order`` and ``sort`` only; with either, shared capacity of own providers has no preference (the platform's documentation, § BYOK with Google Vertex PT Account).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from routecore.routing.keys import keyed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routecore.catalog.endpoint import Endpoint
    from routecore.routing.case import Case
    from routecore.routing.change import Trial
    from routecore.routing.ranking.field import Field

NAME = "own_provider"
EFFECT = "own keys, then (without `order` and `sort`) shared capacity of the keys' providers, then the rest"


def places(field: Field) -> list[int] | None:
    """Return 0 for BYOK, 1 for shared capacity of an own provider, 2 for the rest; ``None`` without keys."""
    case = field.case
    if not case.context.byok:
        return None
    own = 0 if case.preferences.order or case.preferences.sort else keyed(field.pool, case)
    return [0 if one.key_id is not None else 1 if own >> one.row & 1 else 2 for one in field.candidates]


def words(field: Field, position: int) -> str:
    """Say which of the three it is."""
    found = places(field)
    return ("own key", "shared capacity of an own provider", "shared capacity")[2 if found is None else found[position]]


def changes(case: Case, endpoint: Endpoint) -> Iterator[Trial]:
    """Yield nothing: the keys are the credential pass's to change, and naming the endpoint is ``order``'s."""
    del case, endpoint
    yield from ()
