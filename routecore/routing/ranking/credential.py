"""Credential: BYOK attempts first; with ``order``, only those of endpoints that ``order`` names jump ahead of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routecore.routing.change import Change, Trial

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routecore.catalog.endpoint import Endpoint
    from routecore.routing.case import Case
    from routecore.routing.ranking.field import Field

NAME = "credential"
EFFECT = "BYOK attempts (with `order`, those of endpoints it names), then the others"


def places(field: Field) -> list[int] | None:
    """Return 0 for the BYOK attempts that lead and 1 for the others; ``None`` without keys."""
    if not field.case.context.byok:
        return None
    order = field.case.preferences.order
    leading = field.pool.named(order) if order else field.pool.all
    return [0 if one.key_id is not None and leading >> one.row & 1 else 1 for one in field.candidates]


def words(field: Field, position: int) -> str:
    """Tell whose credential it is."""
    one = field.candidates[position]
    return "shared capacity" if one.key_id is None else f"own key {one.key_id!r}"


def changes(case: Case, endpoint: Endpoint) -> Iterator[Trial]:
    """Yield going without own keys."""
    del endpoint
    if case.context.byok:
        yield Trial(Change("caller", "without the keys of one's own"), case.asking(byok=()))
