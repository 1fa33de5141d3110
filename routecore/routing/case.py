"""A case: everything one decision is made from but the draw. A ranking keeps its case, so that a plan can explain itself by deciding again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from routecore.routing.pool import pool_of

if TYPE_CHECKING:
    from routecore.catalog.catalog import Catalog
    from routecore.request.body import Request
    from routecore.request.context import Context
    from routecore.request.preferences import Preferences
    from routecore.request.settings import Settings
    from routecore.routing.facts import Facts
    from routecore.routing.pool import Pool

__all__ = ["Case"]


class Case:
    """The arguments of ``decide``, read: nothing below this looks at the body, the clock or a generator.

    ``preferences`` are those of the provider block with the sort of the model's ``suffix``, or of the service tier, applied; ``tier_sort`` tells that the
    tier brought it. ``no_pin`` says why there is no pin. ``deadline_seconds`` is how long the caller waits, from the decision on. The token counts and the pin stand beside the context that they
    came with, as they change with every request of a session. ``now`` is in seconds since the epoch (UTC), ``None`` where no time is known.
    ``unknown_models`` are (name, path) pairs of asked models that the catalog does not know.
    """

    __slots__ = (
        "cached_tokens",
        "catalog",
        "completion_tokens",
        "context",
        "deadline_seconds",
        "facts",
        "no_pin",
        "now",
        "pool",
        "preferences",
        "prompt_tokens",
        "request",
        "settings",
        "sticky",
        "suffix",
        "tier_sort",
        "unknown_models",
    )

    catalog: Catalog
    pool: Pool
    request: Request
    preferences: Preferences
    context: Context
    facts: Facts
    settings: Settings

    def __init__(
        self,
        catalog: Catalog,
        pool: Pool,
        request: Request,
        preferences: Preferences,
        context: Context,
        facts: Facts,
        settings: Settings,
        *,
        now: float | None,
        prompt_tokens: int | None,
        completion_tokens: int | None,
        cached_tokens: int,
        sticky: str | None,
        unknown_models: tuple[tuple[str, str], ...],
        no_pin: str | None = None,
        deadline_seconds: float | None = None,
        suffix: str | None = None,
        tier_sort: bool = False,
    ) -> None:
        self.catalog = catalog
        self.pool = pool
        self.request = request
        self.preferences = preferences
        self.context = context
        self.facts = facts
        self.settings = settings
        self.now = now
        self.prompt_tokens = prompt_tokens
        self.completion_tokens = completion_tokens
        self.cached_tokens = cached_tokens
        self.sticky = sticky
        self.unknown_models = unknown_models
        self.no_pin = no_pin
        self.deadline_seconds = deadline_seconds
        self.suffix = suffix
        self.tier_sort = tier_sort

    def replace(self, **changes: Any) -> Case:  # noqa: ANN401 - parts of any type
        """Return the case with some of its parts changed: for a counterfactual, or for newer facts."""
        parts = {name: getattr(self, name) for name in self.__slots__}
        parts.update(changes)
        return Case(**parts)

    def preferring(self, **changes: Any) -> Case:  # noqa: ANN401 - the fields of Preferences
        """Return the case with some of its preferences changed."""
        return self.replace(preferences=attrs.evolve(self.preferences, **changes))

    def asking(self, **changes: Any) -> Case:  # noqa: ANN401 - the fields of Context
        """Return the case with some of its context changed."""
        return self.replace(context=attrs.evolve(self.context, **changes))

    def shaping(self, **changes: Any) -> Case:  # noqa: ANN401 - the fields of Shape
        """Return the case with some of the body's shape changed."""
        return self.replace(request=attrs.evolve(self.request, shape=attrs.evolve(self.request.shape, **changes)))

    def with_numbers(self, prompt_tokens: int | None, completion_tokens: int | None, cached_tokens: int | None) -> Case:
        """Return the case with other token estimates; ``None`` leaves an estimate as it is. The plain form of ``replace`` for every request's own numbers."""
        return Case(
            self.catalog,
            self.pool,
            self.request,
            self.preferences,
            self.context,
            self.facts,
            self.settings,
            now=self.now,
            prompt_tokens=self.prompt_tokens if prompt_tokens is None else prompt_tokens,
            completion_tokens=self.completion_tokens if completion_tokens is None else completion_tokens,
            cached_tokens=self.cached_tokens if cached_tokens is None else cached_tokens,
            sticky=self.sticky,
            unknown_models=self.unknown_models,
            no_pin=self.no_pin,
            deadline_seconds=self.deadline_seconds,
            suffix=self.suffix,
            tier_sort=self.tier_sort,
        )

    def repooled(self, models: tuple[str, ...]) -> Case:
        """Return the case with its models in another order."""
        return self.replace(pool=pool_of(self.catalog, models))
