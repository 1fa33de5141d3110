"""The passes, from the most to the least significant: one row each, one file each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from routecore.routing.ranking import credential, health, model, order, own_provider, parameters, sticky, thresholds, tier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from routecore.catalog.endpoint import Endpoint
    from routecore.routing.case import Case
    from routecore.routing.change import Trial
    from routecore.routing.ranking.field import Field

__all__ = ["PASSES", "Pass"]


class Pass(NamedTuple):
    """One pass, whole: a pass that has its row is applied, explained and documented."""

    name: str
    effect: str
    """What it does, in a reader's words."""
    places: Callable[[Field], list[int] | None]
    """The place of every candidate; ``None``: it moves nothing."""
    words: Callable[[Field, int], str]
    """A candidate's place in words."""
    changes: Callable[[Case, Endpoint], Iterator[Trial]]
    """The changes that could move an endpoint forward in this pass, the surest last; none where another pass's would do."""


PASSES: Final = tuple(
    Pass(module.NAME, module.EFFECT, module.places, module.words, module.changes)
    for module in (health, model, parameters, credential, thresholds, sticky, order, tier, own_provider)
)
"""The passes from the most to the least significant; the strategy stands below them all."""
