"""Which endpoints the keys of a context hold for, as masks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routecore.routing.masks import mask_of

if TYPE_CHECKING:
    from routecore.request.context import ByokKey
    from routecore.routing.case import Case
    from routecore.routing.pool import Pool


def shared_is_closed(pool: Pool, case: Case) -> int:
    """Return the mask of the endpoints whose provider takes the caller's keys only. Names of providers, not of variants."""
    closed = set(case.context.byok_only)
    return mask_of([place for place, endpoint in enumerate(pool.endpoints) if endpoint.provider in closed], len(pool.endpoints))


def keyed_by(pool: Pool, key: ByokKey) -> int:
    """Return the mask of the endpoints that one key holds for: those its slug names, of its models or of all."""
    return pool.named((key.slug,)) & (pool.of_models(key.models) if key.models else pool.all)


def keyed(pool: Pool, case: Case) -> int:
    """Return the mask of the endpoints that some key of the context holds for."""
    mask = 0
    for key in case.context.byok:
        mask |= keyed_by(pool, key)
    return mask
