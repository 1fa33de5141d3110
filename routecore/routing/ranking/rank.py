"""Ranking: stable passes that only permute. One pass a file; ``PASSES`` is the precedence.

The result equals one sort by the tuple of places, read from the most significant pass to the least, with the strategy (a sort, or the balance) below all.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from routecore.routing.ranking import balance, credential, health, model, order, own_provider, parameters, sorting, sticky, thresholds
from routecore.routing.ranking.field import NO_PIN, Field

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from routecore.routing.attempt import Attempt
    from routecore.routing.case import Case
    from routecore.routing.expansion import Candidate

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


class Group:
    """Candidates that share the best place in every pass, in canonical order, with what a draw among them needs.

    ``positions`` are places in the field; ``weights`` are scaled by the largest, ``running`` their running sums. ``logs`` are the logarithms, not scaled:
    what is left of an extreme group is scaled again, so that no weight is lost to another's size.
    """

    __slots__ = ("_members", "logs", "positions", "running", "weights")

    def __init__(self, positions: Sequence[int], logs: list[float]) -> None:
        self.positions = positions
        self.logs = logs
        self.weights = balance.scaled(logs)
        self.running = list(accumulate(self.weights))
        self._members: list[Attempt | None] = [None] * len(positions)

    def member(self, place: int, field: Field) -> Attempt:
        """Return one member as the attempt that it is if it is drawn first; made when first asked for."""
        found = self._members[place]
        if found is None:
            found = self._members[place] = field.attempt(self.positions[place], self.weights[place] / self.running[-1])
        return found


class Ranking:
    """The ranked field of a case: ``order`` is the whole order where nothing is drawn (a sort); else ``groups``, best first, each to be drawn from.

    ``cut`` says what ``allow_fallbacks: false`` leaves without ``order``: ``None`` (nothing is cut), ``first``, or ``first of each model``.
    ``view`` is the mask that the compiled rules keep. Plans of one ranking share it; attempts are made when they are first asked for.
    """

    __slots__ = ("_fixed", "case", "cut", "field", "first", "groups", "order", "size", "sticky", "strategy", "view")

    def __init__(self, field: Field, view: int, strategy: str, order_: list[int] | None, groups: list[Group]) -> None:
        case = field.case
        self.case = case
        self.field = field
        self.view = view
        self.strategy = strategy
        self.order = order_
        self.groups = groups
        self.sticky = field.sticky
        self.size = len(field.candidates)
        self.first: Attempt | None = None if order_ is None else field.attempt(order_[0], 1.0)
        self._fixed: tuple[Attempt, ...] | None = None
        preferences = case.preferences
        self.cut: str | None = None
        if not preferences.allow_fallbacks and not preferences.order:
            several = len(case.pool.models) > 1 and preferences.partition == "model"
            self.cut = FIRST_OF_EACH_MODEL if several else FIRST_ONLY

    @property
    def panic(self) -> bool:
        """Whether every attempt is cooling, so that health moved nothing."""
        return self.field.panic

    @property
    def fixed(self) -> tuple[Attempt, ...] | None:
        """The whole order as attempts, where nothing is drawn; ``None`` for a balance."""
        if self._fixed is None and self.order is not None:
            attempt = self.field.attempt
            self._fixed = tuple([attempt(position, 1.0) for position in self.order])
        return self._fixed


def prepare(case: Case, candidates: Sequence[Candidate]) -> Field:
    """Return the field of ``candidates`` with the pin judged: what every pass reads."""
    field = Field(case, candidates)
    field.sticky = NO_PIN if case.sticky is None else sticky.judge(field)
    return field


def tuples(field: Field) -> list[tuple[int, ...]] | None:
    """Return each candidate's places in the passes that move something; ``None`` if none does."""
    active = [found for one in PASSES if (found := one.places(field)) is not None]
    return list(zip(*active, strict=True)) if active else None


def rank(case: Case, candidates: Sequence[Candidate], view: int, like: Ranking | None = None) -> Ranking:
    """Rank the candidates (given in canonical order). Nothing is drawn yet: the draw is the plan's.

    ``like`` is the ranking of a case that differs in token estimates and pin alone; ``view`` is kept for rankings like this one.
    """
    field = prepare(case, candidates)
    if like is not None and like.field.candidates is candidates:
        field.stat_logs = like.field.stat_logs
    places = tuples(field)
    sort = case.preferences.sort
    if sort is not None:
        return Ranking(field, view, f"sort:{sort}", _sorted(field, places, sort), [])
    return Ranking(field, view, "balance", None, _grouped(field, places))


def _sorted(field: Field, places: list[tuple[int, ...]] | None, sort: str) -> list[int]:
    pool = field.pool
    if sort == "price" and places is None and len(field.candidates) == len(pool.endpoints) and field.quotes is pool.nominal_quotes:
        # nothing but nominal prices counts, and nobody is missing: the pool knows the order already
        return pool.by_nominal_quote
    keys: list[Any] = sorting.keys(field, sort)
    if places is not None:
        keys = list(zip(places, keys, strict=True))
    # stable: of equal keys, the endpoint id decides
    return sorted(range(len(keys)), key=keys.__getitem__)


def _grouped(field: Field, places: list[tuple[int, ...]] | None) -> list[Group]:
    candidates = field.candidates
    indices = [one.row for one in candidates]
    own = list(dict.fromkeys(indices)) if field.case.context.byok else indices
    if field.stat_logs is None:
        field.stat_logs = balance.stat_logs(field.case, own)
    logs = balance.price_logs(field.case, own, field.quotes, field.stat_logs)
    if own is not indices and len(own) != len(indices):
        log_of = dict(zip(own, logs, strict=True))
        logs = [log_of[index] for index in indices]
    if places is None:
        return [Group(range(len(candidates)), logs)]
    # stable: inside one place the canonical order stands
    ordered = sorted(range(len(candidates)), key=places.__getitem__)
    groups = []
    start = 0
    for end in range(1, len(ordered) + 1):
        if end == len(ordered) or places[ordered[end]] != places[ordered[start]]:
            groups.append(Group(ordered[start:end], [logs[position] for position in ordered[start:end]]))
            start = end
    return groups
