"""What a router holds between requests: the state that decisions read, frozen, and requests that were read before."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from routecore.catalog.catalog import Catalog
    from routecore.live.limits import Taken
    from routecore.request.body import Request
    from routecore.request.context import Context
    from routecore.request.preferences import Preferences
    from routecore.routing.facts import Facts
    from routecore.routing.ranking.ranking import Ranking

__all__ = ["Prepared", "Snapshot"]

_NONE_FULL: Final[Mapping[str, Taken]] = MappingProxyType({})


class Snapshot:
    """What decisions read, frozen: catalog and facts, who is due for a probe, and when time alone will change it. Its identity is the epoch."""

    __slots__ = ("catalog", "due", "facts", "full", "until")

    def __init__(self, catalog: Catalog, facts: Facts, due: frozenset[str], until: float, full: Mapping[str, Taken] = _NONE_FULL) -> None:
        self.catalog = catalog
        self.facts = facts
        self.due = due
        self.until = until
        self.full = full


class Prepared:
    """A request as far as routing looks at it, read once: hand it to ``plan`` in place of a body. Made by ``Router.prepare``.

    It stays good over ticks, cooldowns and catalog swaps: what was compiled from them is compiled again when they have changed.
    """

    __slots__ = ("compiled", "context", "explicit", "key", "pinned", "preferences", "request")

    def __init__(self, request: Request, preferences: Preferences, context: Context) -> None:
        self.request = request
        self.preferences = preferences
        self.context = context
        self.explicit = False
        self.key: tuple[Any, Any] | None = None
        """What it is remembered under, ``None`` where it is not."""
        self.compiled: tuple[Snapshot | None, Ranking | None] = (None, None)
        self.pinned: dict[str, Ranking] = {}
