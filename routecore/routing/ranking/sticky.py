"""Sticky: the attempt that served the session's last turn comes first, so that its prompt cache is used again.

``judge`` says whether the pin holds for this request and, if not, the first reason why not (the platform's documentation, § Provider Sticky Routing).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from routecore.routing.change import Change, Trial
from routecore.routing.ranking.field import NO_PIN, Sticky

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routecore.catalog.endpoint import Endpoint
    from routecore.routing.case import Case
    from routecore.routing.ranking.field import Field

NAME = "sticky"
EFFECT = "the session's pinned attempt first, where the pin holds"


def places(field: Field) -> list[int] | None:
    """Return 0 for the pinned attempts and 1 for the others; ``None`` where no pin holds."""
    pinned = field.sticky.pinned
    return [0 if position in pinned else 1 for position in range(len(field.candidates))] if pinned else None


def judge(field: Field) -> Sticky:
    """Return what becomes of the context's pin, by the settings' ``sticky`` mode.

    Reasons in order: ``explicit_preferences``, ``ineligible``, ``no_cache``, ``cooling``, ``uneconomic``.
    """
    case = field.case
    pin = case.sticky
    if case.settings.sticky == "off":
        return NO_PIN
    if pin is None:
        return NO_PIN if case.no_pin is None else Sticky("none", case.no_pin)
    if explicit(case):
        return Sticky("skipped", "explicit_preferences")
    pinned = frozenset(position for position, one in enumerate(field.candidates) if _names(pin, one.endpoint.id, one.key, one.key_id))
    if not pinned:
        return Sticky("skipped", "ineligible")
    first = field.candidates[min(pinned)]
    if not field.pool.caching >> first.row & 1:
        return Sticky("skipped", "no_cache")
    if field.cooling is not None and all(field.cooling[position] for position in pinned):
        return Sticky("skipped", "cooling")
    if case.settings.sticky == "economic" and not _pays(field, pinned):
        return Sticky("skipped", "uneconomic")
    return Sticky("hit", None, pinned)


def explicit(case: Case) -> bool:
    """Whether the caller chose providers on purpose; a sort that only partitions, or that a service tier brought, is no choice."""
    preferences = case.preferences
    if preferences.order or (preferences.sort and not case.tier_sort):
        return True
    return case.settings.sticky != "compatible" and bool(preferences.only or preferences.ignore)


def _names(pin: str, endpoint_id: str, key: str, key_id: str | None) -> bool:
    return pin in (endpoint_id, key) or (key_id is not None and pin == f"{endpoint_id}#byok")


def _pays(field: Field, pinned: frozenset[int]) -> bool:
    """Whether the pinned attempt, warm, costs at most the cheapest other attempt that is not cooling, cold. An unknown price keeps the pin."""
    warm = field.warm_quote(min(pinned))
    if warm is None:
        return True
    cooling = field.cooling
    others = [
        quote
        for position, one in enumerate(field.candidates)
        if position not in pinned and (cooling is None or not cooling[position]) and (quote := field.quotes[one.row]) is not None
    ]
    return not others or warm <= min(others)


def words(field: Field, position: int) -> str:
    """Tell whether it is the pinned attempt."""
    return "pinned by the session" if position in field.sticky.pinned else "not pinned"


def changes(case: Case, endpoint: Endpoint) -> Iterator[Trial]:
    """Yield going without the pin."""
    del endpoint
    if case.sticky is not None:
        yield Trial(Change("operator", "without the session's pin"), case.replace(sticky=None))
