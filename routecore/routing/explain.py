"""Why an endpoint stands where it stands, and what change would put it first.

There is no second explanation code: the filters and passes that decided are asked again, on the plan's own inputs, and every change that is offered has been
tried by deciding again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from routecore.errors import NoEligibleEndpoint, UnknownEndpoint
from routecore.reading.checks import nearest
from routecore.routing.change import Change, Trial
from routecore.routing.eligibility import filters, fits
from routecore.routing.expansion import expand
from routecore.routing.ranking import adjusted_price, order, sorting
from routecore.routing.ranking.passes import PASSES
from routecore.routing.ranking.rank import prepare
from routecore.routing.ranking.tail import ranked
from routecore.routing.rules import RULES, by_naming
from routecore.routing.solve import solve

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from routecore.catalog.endpoint import Endpoint
    from routecore.routing.attempt import Attempt
    from routecore.routing.case import Case
    from routecore.routing.eligibility import Rejection
    from routecore.routing.ranking.field import Field
    from routecore.routing.ranking.ranking import Ranking

__all__ = ["Side", "Why", "why"]


class Side(NamedTuple):
    """One reason, from both sides: what is said of the endpoint, and the same of the plan's first attempt where the two were compared."""

    words: str
    first: str | None = None
    tie: bool = False
    """Whether both say the same, so that the endpoint id decided."""

    def __str__(self) -> str:
        tie = "; equal, so the endpoint id decides" if self.tie else ""
        return self.words if self.first is None else f"{self.words} (first: {self.first}{tie})"


class Why(NamedTuple):
    """An endpoint's place and its reasons.

    ``place`` is its first attempt's place in the plan (1 is first), ``None`` if it is not in the plan. ``decided_by`` names the rule that rejected it, the pass
    that put it behind the first attempt, ``strategy``, ``cut``, or ``first``. ``sides`` are the reasons beside what is said of the first attempt, ``reasons``
    the same in words; ``changes`` would put it first.
    """

    endpoint_id: str
    place: int | None
    decided_by: str
    sides: tuple[Side, ...]
    changes: tuple[Change, ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        """What put the endpoint where it is, in words: at least one reason."""
        return tuple(map(str, self.sides))

    def to_dict(self) -> dict[str, Any]:
        """Return the explanation as JSON can hold it."""
        return {
            "endpoint": self.endpoint_id,
            "place": self.place,
            "decided_by": self.decided_by,
            "reasons": list(self.reasons),
            "changes": [change._asdict() for change in self.changes],
        }

    def __str__(self) -> str:
        where = "not in the plan" if self.place is None else f"place {self.place}"
        changes = "; ".join(change.words for change in self.changes)
        return f"{self.endpoint_id}: {where}: {'; '.join(self.reasons)}" + (f". It would be first with: {changes}" if changes else "")


def why(ranking: Ranking, draw: int, endpoint_id: str, attempts: Sequence[Attempt], rejections: Sequence[Rejection]) -> Why:
    """Return the explanation of one endpoint of the asked models. Raises ``UnknownEndpoint`` for an id that none of them has.

    ``attempts`` and ``rejections`` are those of the plan that ``ranking`` and ``draw`` give.
    """
    case = ranking.case
    if endpoint_id not in case.pool.index_of:
        ids = list(case.pool.index_of)
        raise UnknownEndpoint(endpoint_id, nearest(endpoint_id, ids) or ids)
    for rejection in rejections:
        if rejection.endpoint.id == endpoint_id:
            sides = tuple(Side(f"{rule}: {detail}") for rule, detail in zip(rejection.rules, rejection.details, strict=True))
            return Why(endpoint_id, None, rejection.rules[0], sides, _opening(case, rejection, draw))
    place = next((place for place, one in enumerate(attempts, 1) if one.endpoint.id == endpoint_id), None)
    field = prepare(case, expand(case.pool, filters(case.pool, case) & fits(case.pool, case), case))
    decided_by, sides = _comparison(ranking, ranked(ranking, draw), field, endpoint_id)
    if place == 1:
        return Why(endpoint_id, 1, "first", sides, ())
    if place is None:
        decided_by = "cut"
        kept = "only the first attempt" if ranking.cut == "first" else "only the first attempt of each model"
        sides = (Side(f"allow_fallbacks is false, so {kept} remains"), *sides)
    endpoint = case.catalog[endpoint_id]
    single = tuple(_verified(draw, endpoint_id, _moving(case, endpoint)))
    changes = single or tuple(_together(None, case, draw, endpoint))
    return Why(endpoint_id, place, decided_by, sides, (*changes, *_by_chance(ranking, endpoint_id)))


def _comparison(ranking: Ranking, attempts: Sequence[Attempt], field: Field, endpoint_id: str) -> tuple[str, tuple[Side, ...]]:
    """Return what put the endpoint's best attempt behind the plan's first, and the words of both sides; for the first itself, its places in words."""
    keys = [one.key for one in field.candidates]
    mine = next(one for one in attempts if one.endpoint.id == endpoint_id)
    here, first = keys.index(mine.key), keys.index(attempts[0].key)
    if here == first:
        spoken = tuple(Side(f"{one.name}: {one.words(field, here)}") for one in PASSES if one.places(field) is not None)
        return "first", (*spoken, Side(f"strategy: {_strategy_words(ranking, field, here)}"))
    for one in PASSES:
        places = one.places(field)
        if places is not None and places[here] != places[first]:
            return one.name, (Side(f"{one.name}: {one.words(field, here)}", one.words(field, first)),)
    mine_in_words, first_in_words = _strategy_words(ranking, field, here), _strategy_words(ranking, field, first)
    tie = field.case.preferences.sort is not None and mine_in_words == first_in_words
    return "strategy", (Side(f"strategy: {mine_in_words}", first_in_words, tie),)


def _strategy_words(ranking: Ranking, field: Field, position: int) -> str:
    sort = field.case.preferences.sort
    if sort is not None:
        return sorting.SORTS[sort].words(field, position)
    group = next((group for group in ranking.groups if position in group.positions), None)
    if group is None:
        return "behind another key for the same endpoint"
    adjusted = f"; {_adjusted(ranking, field, position)}" if ranking.strategy == "adjusted_price" else ""
    if len(group.positions) == 1:
        return f"alone at its rank{adjusted}"
    share = group.opening[list(group.positions).index(position)] / group.opening_running[-1]
    return f"{share:.1%} of draws among {len(group.positions)} of equal rank{adjusted}"


def _adjusted(ranking: Ranking, field: Field, position: int) -> str:
    """Return the parts of a candidate's adjusted price, and what would bring it inside the edge where it is past it."""
    case, row = field.case, field.candidates[position].row
    rows = list(dict.fromkeys(one.row for one in field.candidates))
    members = next(found for places in adjusted_price.sets(case, rows) if row in (found := [rows[place] for place in places]))
    parts = adjusted_price.parts(case, members, ranking.field.quotes)
    one = parts[members.index(row)]
    edge = case.settings.adjusted_price.edge
    if one.distance <= edge:
        return str(one)
    # how much the whole must fall; and, where less would do, what each part that can go would leave
    wanted = min(part.total for part in parts) * (1 + edge)
    return f"{one}; {one.total - wanted:.3g} USD less would bring it inside the edge of {edge:.0%}{_enough(one, wanted)}"


def _enough(one: adjusted_price.Parts, wanted: float) -> str:
    """Name the parts any of which, if it went, would do alone."""
    named = (("errors", one.errors), ("tool errors", one.tool_errors), ("429s", one.rate_limits), ("waiting", one.waiting))
    found = [name for name, value in named if one.total - value <= wanted]
    return f", as it would be without its {' or its '.join(found)}" if found else ""


def _verified(draw: int, endpoint_id: str, trials: Iterable[Trial]) -> Iterator[Change]:
    """Yield the changes after which the endpoint really is first."""
    for change, case in trials:
        try:
            first = ranked(solve(case), draw)[0]
        except NoEligibleEndpoint:
            continue
        if first.endpoint.id == endpoint_id:
            yield change


_MOST_TOGETHER = 6


def _together(opened: Change | None, case: Case, draw: int, endpoint: Endpoint) -> Iterator[Change]:
    """Yield the changes that put the endpoint first together, where none does alone: one for each pass that stands in its way."""
    made = [] if opened is None else [opened]
    surest = {one.name: one.changes for one in PASSES}
    for _ in range(_MOST_TOGETHER):
        try:
            ranking = solve(case)
        except NoEligibleEndpoint:
            return
        attempts = ranked(ranking, draw)
        if attempts[0].endpoint.id == endpoint.id:
            whose = "operator" if any(one.whose == "operator" for one in made) else "caller"
            yield Change(whose, "together: " + "; ".join(one.words for one in made))
            return
        if all(one.endpoint.id != endpoint.id for one in attempts):
            return
        decided_by, _ = _comparison(ranking, attempts, ranking.field, endpoint.id)
        # where a pass has no change of its own, and for the strategy, the endpoint is named in ``order``
        trials = list(surest.get(decided_by, order.changes)(case, endpoint)) or list(order.changes(case, endpoint))
        change, case = trials[-1]
        if change in made:
            return
        made.append(change)


def _by_chance(ranking: Ranking, endpoint_id: str) -> Iterator[Change]:
    """Yield the chance of another draw, where one would put the endpoint first."""
    if ranking.groups:
        group, candidates = ranking.groups[0], ranking.field.candidates
        chance = sum(
            weight / group.opening_running[-1]
            for position, weight in zip(group.positions, group.opening, strict=True)
            if candidates[position].endpoint.id == endpoint_id
        )
        if chance > 0:
            yield Change("chance", f"another draw ({chance:.1%} of them)")


def _opening(case: Case, rejection: Rejection, draw: int) -> tuple[Change, ...]:
    """Return what would put a rejected endpoint first: its rules lifted, alone or with its slug named first in ``order``; else with all that it takes."""
    endpoint = rejection.endpoint
    failed = [rule for rule in RULES if rule.name in rejection.rules]
    opened = case
    for rule in failed:
        if rule.lift is None:
            return ()
        opened = rule.lift(opened)
    lifted = [rule.name for rule in failed if rule.lift is not by_naming]
    named = list(order.changes(opened, endpoint))[-1]
    if not lifted:
        # a tier that is asked for by name
        return tuple(_verified(draw, endpoint.id, [named])) or tuple(_together(named.change, named.case, draw, endpoint))
    change = Change("caller" if all(rule.of_request for rule in failed) else "operator", f"without {' and '.join(lifted)}")
    alone = tuple(_verified(draw, endpoint.id, [Trial(change, opened)]))
    if alone:
        return alone
    both = Trial(Change(change.whose, f"{change.words}, and {named.change.words}"), named.case)
    start = Trial(change, opened) if len(lifted) == len(failed) else both
    return tuple(_verified(draw, endpoint.id, [both])) or tuple(_together(start.change, start.case, draw, endpoint))


def _moving(case: Case, endpoint: Endpoint) -> Iterator[Trial]:
    """Yield the single changes that could move an endpoint to the front: those of the passes, the strongest pass first, and the other sorts."""
    for one in PASSES:
        yield from one.changes(case, endpoint)
    yield from sorting.changes(case, endpoint)
