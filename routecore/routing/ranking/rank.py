"""Ranking: stable passes that only permute. One pass a file; ``PASSES`` is the precedence.

The result equals one sort by the tuple of places, read from the most significant pass to the least, with the strategy (a sort, or the balance) below all.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from routecore.routing.ranking import adjusted_price, balance, sorting, sticky
from routecore.routing.ranking.capped import capped
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
    field.sticky = NO_PIN if case.sticky is None and case.no_pin is None else sticky.judge(field)
    return field


def tuples(field: Field) -> list[tuple[int, ...]] | None:
    """Return each candidate's places in the passes that move something; ``None`` if none does."""
    active = [found for one in PASSES if (found := one.places(field)) is not None]
    return list(zip(*active, strict=True)) if active else None


def rank(case: Case, candidates: Sequence[Candidate], view: int, like: Ranking | None = None) -> Ranking:
    """Rank the candidates (given in canonical order). Nothing is drawn yet: the draw is the plan's.

    ``like`` is the ranking of a case that differs in token estimates and pin alone; ``view`` is kept for rankings like this one.
    """
    sort = case.preferences.sort
    if like is not None and like.field.candidates is candidates:
        if sort is None and like.groups and like.case.sticky == case.sticky and case.settings.sticky != "economic":
            # nothing but token estimates differs: no pass reads those, so every candidate keeps its place
            field = Field(case, candidates)
            field.sticky, field.stat_logs, field.waits = like.field.sticky, like.field.stat_logs, like.field.waits
            return Ranking(field, view, case.settings.strategy, None, _regrouped(field, like.groups))
        field = prepare(case, candidates)
        field.stat_logs, field.waits = like.field.stat_logs, like.field.waits
    else:
        field = prepare(case, candidates)
    places = tuples(field)
    if sort is not None:
        return Ranking(field, view, f"sort:{sort}", _sorted(field, places, sort), [])
    return Ranking(field, view, case.settings.strategy, None, _grouped(field, places))


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


def _regrouped(field: Field, like: list[Group]) -> list[Group]:
    """Return the groups of another ranking with this field's own weights."""
    indices = [one.row for one in field.candidates]
    rows = list(dict.fromkeys(indices)) if field.case.context.byok else indices
    logs = _logs(field, rows)
    if len(rows) != len(indices):
        log_of = dict(zip(rows, logs, strict=True))
        logs = [log_of[index] for index in indices]
    if len(like) == 1 and len(like[0].positions) == len(logs):
        groups = [Group(like[0].positions, logs, like[0].after)]
    else:
        groups = [Group(one.positions, [logs[position] for position in one.positions], one.after) for one in like]
    if like[0].opening is not like[0].weights:
        _cap(field, groups[0])
    return groups


def _grouped(field: Field, places: list[tuple[int, ...]] | None) -> list[Group]:
    candidates = field.candidates
    own_keys = bool(field.case.context.byok)
    indices = [one.row for one in candidates]
    rows = list(dict.fromkeys(indices)) if own_keys else indices
    logs = _logs(field, rows)
    if len(rows) != len(indices):
        log_of = dict(zip(rows, logs, strict=True))
        logs = [log_of[index] for index in indices]
    if places is None and not own_keys:
        groups = [Group(range(len(candidates)), logs)]
    else:
        groups = []
        # stable: inside one place the canonical order stands
        ordered = range(len(candidates)) if places is None else sorted(range(len(candidates)), key=places.__getitem__)
        start = 0
        for end in range(1, len(ordered) + 1):
            if end == len(ordered) or (places is not None and places[ordered[end]] != places[ordered[start]]):
                members, after = _heads(field, ordered[start:end]) if own_keys else (ordered[start:end], {})
                groups.append(Group(members, [logs[position] for position in members], after))
                start = end
    _cap(field, groups[0])
    return groups


def _logs(field: Field, rows: list[int]) -> list[float]:
    """Return the logarithm of each endpoint's weight by the strategy of the settings."""
    case = field.case
    if case.settings.strategy == "adjusted_price":
        logs, field.waits = adjusted_price.logs(case, rows, field.quotes, field.waits)
        return logs
    if field.stat_logs is None:
        field.stat_logs = balance.stat_logs(case, rows)
    return balance.price_logs(case, rows, field.quotes, field.stat_logs)


def _heads(field: Field, members: Sequence[int]) -> tuple[list[int], dict[int, int]]:
    """Return who may be drawn among equals, and who may be after whom: of one endpoint's own keys the first in the context's order, then the next.

    An operator's order of keys is an order, and the endpoint stands in the draw once for all of them.
    """
    candidates = field.candidates
    keys: dict[int, list[int]] = {}
    heads: list[int] = []
    for position in members:
        one = candidates[position]
        if one.key_id is None:
            heads.append(position)
        elif one.row in keys:
            keys[one.row].append(position)
        else:
            # its place among the others is the same whichever key it is: own keys stand between the endpoints before and the shared attempt
            keys[one.row] = [position]
            heads.append(-1 - one.row)
    after: dict[int, int] = {}
    first: dict[int, int] = {}
    for row, positions in keys.items():
        positions.sort(key=lambda position: candidates[position].key_place)
        first[row] = positions[0]
        after.update(pairwise(positions))
    return [position if position >= 0 else first[-1 - position] for position in heads], after


def _cap(field: Field, group: Group) -> None:
    """Bound the shares of the first place by the traffic caps of its shared attempts."""
    stats, candidates = field.case.facts.stats, field.candidates
    rows = [stats.get(candidates[position].endpoint.id) for position in group.positions] if stats else []
    # caps are rare: nothing more is looked at without one
    if any(row is not None and row.share_cap is not None for row in rows):
        caps = [row.share_cap if row and candidates[position].key_id is None else None for position, row in zip(group.positions, rows, strict=True)]
        if any(cap is not None for cap in caps):
            group.cap(capped(group.weights, caps))
