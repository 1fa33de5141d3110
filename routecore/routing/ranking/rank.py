"""Ranking: stable passes that only permute. One pass a file; ``PASSES`` is the precedence.

The result equals one sort by the tuple of places, read from the most significant pass to the least, with the strategy (a sort, or the balance) below all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from routecore.routing.ranking import balance, sorting, sticky
from routecore.routing.ranking.field import NO_PIN, Field
from routecore.routing.ranking.passes import PASSES
from routecore.routing.ranking.ranking import Group, Ranking

if TYPE_CHECKING:
    from collections.abc import Sequence

    from routecore.routing.case import Case
    from routecore.routing.expansion import Candidate

__all__ = ["rank"]


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
