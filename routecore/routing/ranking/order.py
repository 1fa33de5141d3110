"""Order: attempts of endpoints that ``order`` names, by the first entry that matches; then the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routecore.routing.change import Change, Trial
from routecore.routing.masks import bits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routecore.catalog.endpoint import Endpoint
    from routecore.routing.case import Case
    from routecore.routing.ranking.field import Field

NAME = "order"
EFFECT = "endpoints named in `order`, by position; then the rest"


def places(field: Field) -> list[int] | None:
    """Return the position of the first entry of ``order`` that matches; the length of ``order`` for the rest; ``None`` without ``order``."""
    order = field.case.preferences.order
    if not order:
        return None
    found = _positions(field)
    return [found[one.row] for one in field.candidates]


def _positions(field: Field) -> list[int]:
    """Return, by row of the pool, the first entry of ``order`` that matches; each entry is looked up once, however many there are."""
    pool, order = field.pool, field.case.preferences.order
    found = [len(order)] * len(pool.endpoints)
    left = pool.all
    for place, slug in enumerate(order):
        for row in bits(pool.of_slug(slug) & left):
            found[row] = place
            left ^= 1 << row
        if not left:
            break
    return found


def words(field: Field, position: int) -> str:
    """Name the entry that matches."""
    order = field.case.preferences.order
    place = _positions(field)[field.candidates[position].row]
    return f"order[{place}] is {order[place]!r}" if place < len(order) else "not named in order"


def changes(case: Case, endpoint: Endpoint) -> Iterator[Trial]:
    """Yield going without ``order``, and naming the endpoint first in it."""
    order = case.preferences.order
    if order:
        yield Trial(Change("caller", "without order"), case.preferring(order=()))
    rest = tuple(slug for slug in order if slug not in {endpoint.slug, endpoint.provider})
    yield Trial(Change("caller", f"order: [{endpoint.slug!r}, …]"), case.preferring(order=(endpoint.slug, *rest)))
