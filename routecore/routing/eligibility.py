"""Eligibility: the rules applied, in a mask for decisions, and in full when asked why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from routecore.request.account import Account
from routecore.routing.rules import RULES, Reads

if TYPE_CHECKING:
    from collections.abc import Callable

    from routecore.catalog.endpoint import Endpoint
    from routecore.routing.case import Case
    from routecore.routing.pool import Pool

MAX_RELAXATIONS: Final = 5


class Rejection(NamedTuple):
    """An endpoint that is not eligible, with every rule that it fails, in the table's order, and each rule's reason."""

    endpoint: Endpoint
    rules: tuple[str, ...]
    details: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<Rejection {self.endpoint.id}: {'; '.join(f'{rule}: {detail}' for rule, detail in zip(self.rules, self.details, strict=True))}>"

    def to_dict(self) -> dict[str, Any]:
        """Return the rejection as the wire's object."""
        return {"endpoint": self.endpoint.id, "rules": list(self.rules), "details": list(self.details)}


def _masks(*reads: Reads) -> tuple[Callable[[Pool, Case], int], ...]:
    return tuple(rule.keeps for rule in RULES if rule.reads in reads)


_COMPILED: Final = _masks(Reads.CATALOG, Reads.REQUEST)
_OF_ACCOUNT: Final = _masks(Reads.ACCOUNT)
_LIVE: Final = _masks(Reads.NUMBERS, Reads.KEYS)
_NO_ACCOUNT: Final = Account()


def filters(pool: Pool, case: Case) -> int:
    """Return the mask that the compiled rules keep: all but those that read token counts or credentials."""
    mask = pool.all
    for keeps in _COMPILED:
        mask &= keeps(pool, case)
    if case.context.account != _NO_ACCOUNT:
        for keeps in _OF_ACCOUNT:
            mask &= keeps(pool, case)
    return mask


def fits(pool: Pool, case: Case) -> int:
    """Return the mask that the live rules keep: those that read token counts or credentials."""
    mask = pool.all
    for keeps in _LIVE:
        mask &= keeps(pool, case)
    return mask


class Eligibility(NamedTuple):
    """The explained form of eligibility: the kept mask, the funnel, every rejection in catalog order, and the relaxations."""

    mask: int
    funnel: tuple[tuple[str, int], ...]
    rejections: tuple[Rejection, ...]
    relaxations: tuple[tuple[str, ...], ...]


def examine(case: Case) -> Eligibility:
    """Apply every rule to every endpoint and keep the account of it.

    ``relaxations`` are the minimal sets of rules whose lifting would let an endpoint through: by size, then by their sorted names, at most 5.
    """
    pool = case.pool
    masks = [rule.keeps(pool, case) for rule in RULES]
    left = pool.all
    funnel = [("catalog", left.bit_count())]
    for rule, mask in zip(RULES, masks, strict=True):
        after = left & mask
        if after != left:
            funnel.append((rule.name, after.bit_count()))
        left = after
    rejections = []
    sets: set[frozenset[str]] = set()
    for index in pool.catalog_order:
        if left >> index & 1:
            continue
        endpoint = pool.endpoints[index]
        failed = [rule for rule, mask in zip(RULES, masks, strict=True) if not mask >> index & 1]
        rejections.append(Rejection(endpoint, tuple(rule.name for rule in failed), tuple(rule.detail(endpoint, case) for rule in failed)))
        if all(rule.of_request for rule in failed):
            sets.add(frozenset(rule.name for rule in failed))
    return Eligibility(left, tuple(funnel), tuple(rejections), _minimal(sets))


def _minimal(sets: set[frozenset[str]]) -> tuple[tuple[str, ...], ...]:
    minimal = [one for one in sets if not any(other < one for other in sets)]
    minimal.sort(key=lambda one: (len(one), sorted(one)))
    return tuple(tuple(rule.name for rule in RULES if rule.name in one) for one in minimal[:MAX_RELAXATIONS])
