"""Ranking: stable passes that only permute. One pass a file; ``PASSES`` is the precedence.

The result equals one sort by the tuple of places, read from the most significant pass to the least, with the strategy (a sort, or the balance) below all.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from routecore.attempt import Attempt
from routecore.ranking import balance, credential, health, model, order, own_provider, parameters, sorting, sticky, thresholds
from routecore.ranking.field import NO_PIN, Field, Sticky

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from routecore.case import Case
    from routecore.expansion import Candidate

__all__ = ["PASSES", "Group", "Pass", "Ranking", "rank"]


FIRST_ONLY: Final = "first"
FIRST_OF_EACH_MODEL: Final = "first of each model"


class Pass(NamedTuple):
    """One pass: its name, what it does in words, the place of every candidate (``None``: it moves nothing), and a candidate's place in words."""

    name: str
    effect: str
    places: Callable[[Field], list[int] | None]
    words: Callable[[Field, int], str]


PASSES: Final = tuple(
    Pass(module.NAME, module.EFFECT, module.places, module.words) for module in (health, model, parameters, credential, thresholds, sticky, order, own_provider)
)
"""The passes from the most to the least significant; the strategy stands below them all."""


class Group(NamedTuple):
    """Candidates that share the best place in every pass, in canonical order, with what a draw among them needs."""

    members: tuple[Attempt, ...]
    """Each member as the attempt it would be if it were drawn first."""
    logs: tuple[float, ...]
    """Logarithms of the weights, not scaled: what is left of an extreme group is scaled again, so that no weight is lost to another's size."""
    weights: tuple[float, ...]
    running: tuple[float, ...]
    """Running sums of the weights."""


class Ranking:
    """The ranked field of a case: ``fixed`` is the whole order where nothing is drawn (a sort); else ``groups``, best first, each to be drawn from.

    ``cut`` says what ``allow_fallbacks: false`` leaves without ``order``: ``None`` (nothing is cut), ``first``, or ``first of each model``.
    """

    __slots__ = ("case", "cut", "fixed", "groups", "panic", "size", "sticky", "strategy")

    def __init__(
        self, case: Case, strategy: str, fixed: tuple[Attempt, ...] | None, groups: tuple[Group, ...], sticky_state: Sticky, size: int, *, panic: bool
    ) -> None:
        self.case = case
        preferences = case.preferences
        self.cut: str | None = None
        if not preferences.allow_fallbacks and not preferences.order:
            several = len(case.pool.models) > 1 and preferences.partition == "model"
            self.cut = FIRST_OF_EACH_MODEL if several else FIRST_ONLY
        self.strategy = strategy
        self.fixed = fixed
        self.groups = groups
        self.sticky = sticky_state
        self.size = size
        self.panic = panic


def prepare(case: Case, candidates: Sequence[Candidate]) -> Field:
    """Return the field of ``candidates`` with the pin judged: what every pass reads."""
    field = Field(case, candidates)
    field.sticky = NO_PIN if case.sticky is None and case.sticky_reason is None else sticky.judge(field)
    return field


def tuples(field: Field) -> list[tuple[int, ...]] | None:
    """Return each candidate's places in the passes that move something; ``None`` if none does."""
    active = [found for one in PASSES if (found := one.places(field)) is not None]
    return list(zip(*active, strict=True)) if active else None


def rank(case: Case, candidates: Sequence[Candidate]) -> Ranking:
    """Rank the candidates (given in canonical order). Nothing is drawn yet: the draw is the plan's."""
    field = prepare(case, candidates)
    places = tuples(field)
    sort = case.preferences.sort
    if sort is not None:
        return Ranking(case, f"sort:{sort}", _sorted(field, places, sort), (), field.sticky, len(candidates), panic=field.panic)
    return Ranking(case, "balance", None, _grouped(field, places), field.sticky, len(candidates), panic=field.panic)


def _sorted(field: Field, places: list[tuple[int, ...]] | None, sort: str) -> tuple[Attempt, ...]:
    keys: list[tuple[Any, ...]] = sorting.keys(field, sort)
    if places is not None:
        keys = [(*place, *key) for place, key in zip(places, keys, strict=True)]
    return tuple(_attempt(field, position, 1.0) for position in sorted(range(len(keys)), key=keys.__getitem__))


def _attempt(field: Field, position: int, probability: float) -> Attempt:
    one = field.candidates[position]
    return Attempt(one.endpoint, one.key, one.key_id, probability, field.quote(position))


def _grouped(field: Field, places: list[tuple[int, ...]] | None) -> tuple[Group, ...]:
    candidates = field.candidates
    indices = [one.index for one in candidates]
    if len(set(indices)) != len(indices):
        indices = list(dict.fromkeys(indices))
    log_of = dict(zip(indices, balance.log_weights(field.case, indices, field.quotes), strict=True))
    if places is None:
        return (_group(field, range(len(candidates)), log_of),)
    # stable: inside one place the canonical order stands
    order_ = sorted(range(len(candidates)), key=places.__getitem__)
    groups = []
    start = 0
    for end in range(1, len(order_) + 1):
        if end == len(order_) or places[order_[end]] != places[order_[start]]:
            groups.append(_group(field, order_[start:end], log_of))
            start = end
    return tuple(groups)


def _group(field: Field, positions: Sequence[int], log_of: dict[int, float]) -> Group:
    logs = tuple([log_of[field.candidates[position].index] for position in positions])
    weights = tuple(balance.scaled(logs))
    running = tuple(accumulate(weights))
    total = running[-1]
    members = tuple([_attempt(field, position, weight / total) for position, weight in zip(positions, weights, strict=True)])
    return Group(members, logs, weights, running)
