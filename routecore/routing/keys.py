"""Which endpoints the credentials of a context hold for, as masks: the caller's own keys, closed shared capacity, and the credential of an earlier response."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from routecore.reading.checks import lower
from routecore.routing.masks import mask_of

if TYPE_CHECKING:
    from routecore.request.context import ByokKey
    from routecore.routing.case import Case
    from routecore.routing.expansion import Candidate
    from routecore.routing.pool import Pool

__all__ = ["Affinity", "affinity_of", "closed_providers", "keyed", "keyed_by", "shared_is_closed"]


def closed_providers(case: Case) -> set[str]:
    """Return the providers whose shared capacity is closed: names of providers, or their display names, not of variants."""
    named = case.catalog.provider_named
    return {named(provider) or provider for provider in case.context.byok_only}


def shared_is_closed(pool: Pool, case: Case) -> int:
    """Return the mask of the endpoints whose provider takes the caller's keys only."""
    closed = closed_providers(case)
    return mask_of([place for place, endpoint in enumerate(pool.endpoints) if endpoint.provider in closed], len(pool.endpoints))


def keyed_by(pool: Pool, key: ByokKey) -> int:
    """Return the mask of the endpoints that one key holds for: those its slug names, of its models or of all."""
    return pool.of_slug(key.slug) & (pool.of_models(key.models) if key.models else pool.all)


def keyed(pool: Pool, case: Case) -> int:
    """Return the mask of the endpoints that some key of the context holds for."""
    mask = 0
    for key in case.context.byok:
        mask |= keyed_by(pool, key)
    return mask


class Affinity(NamedTuple):
    """Where an earlier response was made: its provider, and the credential, ``shared``, ``byok`` (any key, or ``key_id``), or ``None`` where not told."""

    provider: str
    credential: str | None = None
    key_id: str | None = None

    def holds(self, candidate: Candidate) -> bool:
        """Tell whether a candidate is made with that credential."""
        if self.credential is None:
            return True
        return (candidate.key_id is None) == (self.credential == "shared") and self.key_id in (None, candidate.key_id)

    def keeps(self, pool: Pool, case: Case) -> int:
        """Return the mask of the endpoints of that provider that can be called with that credential."""
        mask = pool.by_slug.get(self.provider, 0)
        if self.credential == "shared":
            # where shared capacity is closed and no key matches, ``byok_only`` is what stands against the endpoint
            return mask & ~(shared_is_closed(pool, case) & keyed(pool, case))
        if self.credential is None:
            return mask
        own = 0
        for key in case.context.byok:
            if self.key_id in (None, key.key_id):
                own |= keyed_by(pool, key)
        return mask & own

    def __str__(self) -> str:
        whose = {None: "", "shared": " with shared capacity", "byok": " with the caller's own key"}[self.credential]
        return f"{self.provider}{whose}" + ("" if self.key_id is None else f" {self.key_id!r}")


def affinity_of(case: Case) -> Affinity | None:
    """Return where the context's ``affinity`` binds the request to: an attempt's provider and credential, or a provider alone."""
    text = case.context.affinity
    if text is None:
        return None
    head, byok, key_id = text.partition("#byok:")
    credential = "byok" if byok else None
    for word in ("shared", "byok"):
        if not byok and head.endswith(f"#{word}"):
            head, credential = head[: -len(word) - 1], word
    endpoint = case.catalog.get(head)
    slug = head.rpartition("@")[2]
    provider = lower(slug.partition("/")[0].partition("#")[0]) if endpoint is None else endpoint.provider
    return Affinity(case.catalog.provider_named(provider) or provider, credential, key_id or None)
