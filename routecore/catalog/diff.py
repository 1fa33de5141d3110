"""What changed between two catalogs, and what of it looks like a mistake of the feed."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routecore.catalog.catalog import Catalog
    from routecore.catalog.endpoint import Endpoint

__all__ = ["CatalogDiff", "Change", "diff_catalogs"]

MOST_GONE: Final = 0.5
"""Half of all endpoints gone at once: no market does that, a feed cut in half does."""

JUMP: Final = 100
"""A price a hundred times what it was: a unit was mistaken. Real prices were seen to move by a factor of ten."""


class Change(NamedTuple):
    """One field of one endpoint, before and after; ``factor`` is after / before where both are prices above 0."""

    endpoint: str
    field: str
    before: Any
    after: Any
    factor: Decimal | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the change as JSON can hold it."""
        return {**self._asdict(), "factor": None if self.factor is None else str(self.factor)}


@attrs.frozen
class CatalogDiff:
    """Endpoints that came and went (by id), and every field that changed of those that stayed. ``before`` and ``after`` count endpoints."""

    before: int
    after: int
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[Change, ...]

    @property
    def gone(self) -> float:
        """The share of the old endpoints that the new catalog does not have, 0 to 1."""
        return len(self.removed) / self.before if self.before else 0.0

    @property
    def jumps(self) -> tuple[Change, ...]:
        """Prices that are a hundred times what they were, or a hundredth, or more."""
        return tuple(one for one in self.changed if one.factor is not None and (one.factor >= JUMP or one.factor <= Decimal(1) / JUMP))

    def alarms(self, *, most_gone: float = MOST_GONE) -> tuple[str, ...]:
        """Return in words what looks like a mistake of the feed: at least ``most_gone`` of the endpoints gone, prices that jumped.

        >>> from routecore import Catalog
        >>> row = {"model": "a/b", "provider": "p", "pricing": {"prompt": "0.000001"}}
        >>> old, new = (Catalog.from_mapping({"endpoints": [{**row, "pricing": {"prompt": price}}]}) for price in ("0.000001", "0.001"))
        >>> diff_catalogs(old, new).alarms()
        ('1 price jumped by a factor of 100 or more: a/b@p prompt 0.000001 -> 0.001',)
        """
        found = []
        if self.removed and self.gone >= most_gone:
            found.append(f"{len(self.removed)} of {self.before} endpoints are gone")
        jumps = self.jumps
        if jumps:
            first = jumps[0]
            words = f"{first.endpoint} {first.field.removeprefix('pricing.')} {first.before} -> {first.after}"
            found.append(f"{len(jumps)} {'price' if len(jumps) == 1 else 'prices'} jumped by a factor of {JUMP} or more: {words}")
        return tuple(found)

    def to_dict(self) -> dict[str, Any]:
        """Return the difference as JSON can hold it."""
        return {
            "before": self.before,
            "after": self.after,
            "added": list(self.added),
            "removed": list(self.removed),
            "changed": [one.to_dict() for one in self.changed],
            "alarms": list(self.alarms()),
        }


def diff_catalogs(before: Catalog, after: Catalog) -> CatalogDiff:
    """Compare two catalogs, endpoint by endpoint and field by field; the order of rows is not looked at.

    Args:
        before: The old catalog.
        after: The new one.

    Returns:
        What was added, removed and changed, in the order of the catalogs.

    Example:
        >>> from routecore import Catalog
        >>> old = Catalog.from_mapping({"endpoints": [{"model": "a/b", "provider": "p"}, {"model": "a/b", "provider": "q"}]})
        >>> new = Catalog.from_mapping({"endpoints": [{"model": "a/b", "provider": "q", "disabled": True}, {"model": "a/b", "provider": "r"}]})
        >>> found = diff_catalogs(old, new)
        >>> found.added, found.removed, [(one.field, one.after) for one in found.changed]
        (('a/b@r',), ('a/b@p',), [('disabled', True)])
    """
    old = {endpoint.id: endpoint for endpoint in before}
    new = {endpoint.id: endpoint for endpoint in after}
    return CatalogDiff(
        before=len(old),
        after=len(new),
        added=tuple(name for name in new if name not in old),
        removed=tuple(name for name in old if name not in new),
        changed=tuple(change for name, endpoint in new.items() if name in old for change in _changes(old[name], endpoint)),
    )


def _changes(before: Endpoint, after: Endpoint) -> Iterator[Change]:
    old, new = before.to_mapping(), after.to_mapping()
    prices = (old.pop("pricing", {}), new.pop("pricing", {}))
    for field in [*old, *(name for name in new if name not in old)]:
        if old.get(field) != new.get(field):
            yield Change(after.id, field, old.get(field), new.get(field))
    listed, offered = prices
    for field in [*listed, *(name for name in offered if name not in listed)]:
        was, now = listed.get(field), offered.get(field)
        if was != now:
            yield Change(after.id, f"pricing.{field}", was, now, _factor(was, now))


def _factor(was: object, now: object) -> Decimal | None:
    # the wire's prices are text; what is none has no factor
    if not isinstance(was, str) or not isinstance(now, str):
        return None
    old, new = Decimal(was), Decimal(now)
    return new / old if old and new else None
