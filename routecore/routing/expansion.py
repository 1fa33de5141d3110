"""Expansion: each eligible endpoint becomes its attempts, one per credential that may call it.

For every key that matches an endpoint there is a ``byok`` candidate beside the ``shared`` one; a provider in ``byok_only`` has no shared one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from routecore.routing.attempt import attempt_key
from routecore.routing.keys import affinity_of, closed_providers, keyed_by
from routecore.routing.masks import bits

if TYPE_CHECKING:
    from routecore.catalog.endpoint import Endpoint
    from routecore.routing.case import Case
    from routecore.routing.pool import Pool

__all__ = ["Candidate", "expand"]


_MOST_KEPT: Final = 65_536
"""Candidates kept in one pool's memo, over all masks."""


class Candidate(NamedTuple):
    """An attempt before it is ranked. ``row`` is its endpoint's place in the pool; ``key_place`` its key's place in the context (shared: last)."""

    row: int
    endpoint: Endpoint
    key: str
    key_id: str | None
    key_place: int


def expand(pool: Pool, mask: int, case: Case) -> list[Candidate]:
    """Return the candidates of the endpoints in ``mask``, in canonical order: by endpoint id, own keys (by key_id) before shared capacity."""
    context = case.context
    if not context.byok and not context.byok_only:
        return shared(pool, mask)
    closed = closed_providers(case)
    keys = sorted((key.key_id, place, keyed_by(pool, key)) for place, key in enumerate(context.byok))
    found = []
    for index in bits(mask):
        endpoint = pool.endpoints[index]
        for key_id, place, matched in keys:
            if matched >> index & 1:
                found.append(Candidate(index, endpoint, attempt_key(endpoint.id, key_id), key_id, place))
        if endpoint.provider not in closed:
            found.append(Candidate(index, endpoint, pool.shared_keys[index], None, len(keys)))
    affinity = affinity_of(case)
    return found if affinity is None else [one for one in found if affinity.holds(one)]


def shared(pool: Pool, mask: int) -> list[Candidate]:
    """Return the shared candidates alone: the common case, without keys. Kept in the pool's memo, as few masks occur."""
    found: list[Candidate] | None = pool.memo.get(mask)
    if found is None:
        found = [Candidate(index, pool.endpoints[index], pool.shared_keys[index], None, 0) for index in bits(mask)]
        if len(pool.memo) * len(pool.endpoints) >= _MOST_KEPT:
            pool.memo.clear()
        pool.memo[mask] = found
    return found
