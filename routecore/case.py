"""A case: everything one decision is made from, held together. A plan keeps its case, so that it can explain itself by deciding again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routecore.pool import pool_of

if TYPE_CHECKING:
    from routecore.catalog import Catalog
    from routecore.facts import Facts
    from routecore.pool import Pool
    from routecore.preferences import Preferences, Settings
    from routecore.request import Context, Request

__all__ = ["Case"]


class Case:
    """The arguments of ``decide``, read: nothing below this looks at the body, the clock or a generator.

    ``preferences`` are those of the provider block with the model's suffix applied; ``explicit_sort`` tells whether the caller asked for a sort at all.
    ``now`` is in seconds since the epoch (UTC), ``None`` where no time is known; ``draw`` is a 64-bit integer.
    """

    __slots__ = ("catalog", "context", "draw", "facts", "now", "pool", "preferences", "request", "settings", "unknown_models")

    def __init__(
        self,
        catalog: Catalog,
        pool: Pool,
        request: Request,
        preferences: Preferences,
        context: Context,
        facts: Facts,
        settings: Settings,
        now: float | None,
        draw: int,
        unknown_models: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self.catalog = catalog
        self.pool = pool
        self.request = request
        self.preferences = preferences
        self.context = context
        self.facts = facts
        self.settings = settings
        self.now = now
        self.draw = draw
        self.unknown_models = unknown_models

    def replace(self, **changes: object) -> Case:
        """Return the case with some of its parts changed, for a counterfactual."""
        parts = {name: getattr(self, name) for name in self.__slots__}
        parts.update(changes)
        return Case(**parts)

    def repooled(self, models: tuple[str, ...]) -> Case:
        """Return the case with its models in another order."""
        return self.replace(pool=pool_of(self.catalog, models))
