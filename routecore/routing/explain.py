"""Why an endpoint stands where it stands, and what change would put it first.

There is no second explanation code: the filters and passes that decided are asked again, on the plan's own inputs, and every change that is offered has been
tried by deciding again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import attrs

from routecore.errors import NoEligibleEndpoint
from routecore.routing.decide import solve
from routecore.routing.expansion import expand
from routecore.routing.plan import Plan
from routecore.routing.ranking import sorting
from routecore.routing.ranking.rank import PASSES, prepare
from routecore.routing.rules import RULES, filters, fits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from routecore.routing.case import Case
    from routecore.routing.ranking.field import Field

__all__ = ["Change", "Why", "why"]


class Change(NamedTuple):
    """A change that would put the endpoint first, tried by deciding again: whose it is (``caller``, ``operator``, ``chance``) and what it is, in words."""

    whose: str
    words: str


class Why(NamedTuple):
    """An endpoint's place and its reasons.

    ``place`` is its first attempt's place in the plan (1 is first), ``None`` if it is not in the plan. ``decided_by`` names the rule that rejected it, the pass
    that put it behind the first attempt, ``strategy``, ``cut``, or ``first``. ``reasons`` say it in words; ``changes`` would put it first.
    """

    endpoint_id: str
    place: int | None
    decided_by: str
    reasons: tuple[str, ...]
    changes: tuple[Change, ...]

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


def why(plan: Plan, endpoint_id: str) -> Why:
    """Return the explanation of one endpoint of the asked models. Raises ``KeyError`` for an id that none of them has."""
    case = plan.case
    if endpoint_id not in case.pool.index_of:
        raise KeyError(endpoint_id)
    for rejection in plan.rejections:
        if rejection.endpoint.id == endpoint_id:
            reasons = tuple(f"{rule}: {detail}" for rule, detail in zip(rejection.rules, rejection.details, strict=True))
            changes = tuple(_verified(plan.draw, endpoint_id, _lifting(case, rejection.rules, endpoint_id)))
            if changes and ", and " not in changes[0].words:
                # what does it alone needs no company
                changes = changes[:1]
            lifted = None if changes else _lifted(case, rejection.rules)
            return Why(endpoint_id, None, rejection.rules[0], reasons, changes if lifted is None else tuple(_together(lifted, plan.draw, endpoint_id)))
    place = next((place for place, one in enumerate(plan.attempts, 1) if one.endpoint.id == endpoint_id), None)
    field = prepare(case, expand(case.pool, filters(case.pool, case) & fits(case.pool, case), case))
    decided_by, reasons = _comparison(plan, field, endpoint_id)
    if place == 1:
        return Why(endpoint_id, 1, "first", reasons, ())
    if place is None:
        decided_by = "cut"
        reasons = (
            f"allow_fallbacks is false, so {'only the first attempt' if plan.ranking.cut == 'first' else 'only the first attempt of each model'} remains",
            *reasons,
        )
    single = tuple(_verified(plan.draw, endpoint_id, _moving(case, endpoint_id)))
    changes = single or tuple(_together((None, case), plan.draw, endpoint_id))
    return Why(endpoint_id, place, decided_by, reasons, (*changes, *_by_chance(plan, endpoint_id)))


def _comparison(plan: Plan, field: Field, endpoint_id: str) -> tuple[str, tuple[str, ...]]:
    """Return what put the endpoint's best attempt behind the plan's first, and the words of both sides; for the first itself, its places in words."""
    keys = [one.key for one in field.candidates]
    mine = next(one for one in plan.ranked if one.endpoint.id == endpoint_id)
    here, first = keys.index(mine.key), keys.index(plan.ranked[0].key)
    if here == first:
        spoken = tuple(f"{one.name}: {one.words(field, here)}" for one in PASSES if one.places(field) is not None)
        return "first", (*spoken, f"strategy: {_strategy_words(plan, field, here)}")
    for one in PASSES:
        places = one.places(field)
        if places is not None and places[here] != places[first]:
            return one.name, (f"{one.name}: {one.words(field, here)} (first: {one.words(field, first)})",)
    mine_in_words, first_in_words = _strategy_words(plan, field, here), _strategy_words(plan, field, first)
    tie = "; equal, so the endpoint id decides" if field.case.preferences.sort and mine_in_words == first_in_words else ""
    return "strategy", (f"strategy: {mine_in_words} (first: {first_in_words}{tie})",)


def _strategy_words(plan: Plan, field: Field, position: int) -> str:
    sort = field.case.preferences.sort
    if sort is not None:
        return sorting.words(field, position, sort)
    group = next(group for group in plan.ranking.groups if position in group.positions)
    if len(group.positions) == 1:
        return "alone at its rank"
    share = group.weights[list(group.positions).index(position)] / group.running[-1]
    return f"{share:.1%} of draws among {len(group.positions)} of equal rank"


Trial = tuple["Change", "Case"]


def _verified(draw: int, endpoint_id: str, trials: Iterable[Trial]) -> Iterator[Change]:
    """Yield the changes after which the endpoint really is first."""
    for change, case in trials:
        try:
            ranked = Plan(solve(case), draw).ranked
        except NoEligibleEndpoint:
            continue
        if ranked[0].endpoint.id == endpoint_id:
            yield change


_MOVES = {
    "health": "its cooldown over",
    "parameters": "require_parameters",
    "thresholds": "without the thresholds",
    "credential": "without the keys",
    "sticky": "without the session",
    "model": "asked first",
}
"""What to change about the pass that puts an endpoint behind another, by the words of the change; for the passes not here, name it in ``order``."""
_MOST_TOGETHER = 6


def _together(start: tuple[Change | None, Case], draw: int, endpoint_id: str) -> Iterator[Change]:
    """Yield the changes that put the endpoint first together, where none does alone: one for each pass that stands in its way."""
    change, case = start
    made = [] if change is None else [change]
    for _ in range(_MOST_TOGETHER):
        try:
            plan = Plan(solve(case), draw)
        except NoEligibleEndpoint:
            return
        if plan.ranked[0].endpoint.id == endpoint_id:
            whose = "operator" if any(one.whose == "operator" for one in made) else "caller"
            yield Change(whose, "together: " + "; ".join(one.words for one in made))
            return
        decided_by, _ = _comparison(plan, plan.ranking.field, endpoint_id)
        wanted = _MOVES.get(decided_by, "order: [")
        step = next(((one, moved) for one, moved in _moving(case, endpoint_id) if wanted in one.words and one not in made), None)
        if step is None:
            return
        made.append(step[0])
        case = step[1]


def _by_chance(plan: Plan, endpoint_id: str) -> Iterator[Change]:
    """Yield the chance of another draw, where one would put the endpoint first."""
    if plan.ranking.groups:
        group, candidates = plan.ranking.groups[0], plan.ranking.field.candidates
        chance = sum(
            weight / group.running[-1]
            for position, weight in zip(group.positions, group.weights, strict=True)
            if candidates[position].endpoint.id == endpoint_id
        )
        if chance > 0:
            yield Change("chance", f"another draw ({chance:.1%} of them)")


def _prefer(case: Case, **changes: Any) -> Case:  # noqa: ANN401 - the fields of Preferences
    return case.replace(preferences=attrs.evolve(case.preferences, **changes))


def _ask(case: Case, **changes: Any) -> Case:  # noqa: ANN401 - the fields of Context
    return case.replace(context=attrs.evolve(case.context, **changes))


def _shape(case: Case, **changes: Any) -> Case:  # noqa: ANN401 - the fields of Shape
    return case.replace(request=attrs.evolve(case.request, shape=attrs.evolve(case.request.shape, **changes)))


_LIFTS: dict[str, Callable[[Case], Case]] = {
    "account.only": lambda case: _ask(case, account=attrs.evolve(case.context.account, only=())),
    "account.ignore": lambda case: _ask(case, account=attrs.evolve(case.context.account, ignore=())),
    "account.data_collection": lambda case: _ask(case, account=attrs.evolve(case.context.account, deny_data_collection=False)),
    "account.training": lambda case: _ask(case, account=attrs.evolve(case.context.account, deny_training=False)),
    "account.zdr": lambda case: _ask(case, account=attrs.evolve(case.context.account, zdr=False)),
    "only": lambda case: _prefer(case, only=()),
    "ignore": lambda case: _prefer(case, ignore=()),
    "data_collection": lambda case: _prefer(case, deny_data_collection=False),
    "zdr": lambda case: _prefer(case, zdr=False),
    "enforce_distillable_text": lambda case: _prefer(case, enforce_distillable_text=False),
    "quantizations": lambda case: _prefer(case, quantizations=()),
    "context_length": lambda case: case.replace(prompt_tokens=None, request=attrs.evolve(case.request, max_tokens=0)),
    "max_tokens": lambda case: case.replace(request=attrs.evolve(case.request, max_tokens=0)),
    "tools": lambda case: _shape(case, tools=False),
    "modality": lambda case: _shape(case, modalities=frozenset()),
    "require_parameters": lambda case: _prefer(case, require_parameters=None),
    "max_price": lambda case: _prefer(case, max_price=None),
    "byok_only": lambda case: _ask(case, byok_only=()),
    "fallbacks_disabled": lambda case: _prefer(case, allow_fallbacks=True),
}
"""How each rule is lifted, for a trial. ``disabled`` is the catalog's, and is not."""


def _lifted(case: Case, rules: tuple[str, ...]) -> Trial | None:
    """Return the lifting of all failed rules; ``None`` where the catalog's own stands against it."""
    if any(rule not in _LIFTS for rule in rules):
        return None
    for rule in rules:
        case = _LIFTS[rule](case)
    account = any(not rule.of_request and rule.name in rules for rule in RULES)
    return Change("operator" if account else "caller", f"without {' and '.join(rules)}"), case


def _lifting(case: Case, rules: tuple[str, ...], endpoint_id: str) -> Iterator[Trial]:
    """Yield the lifting of all failed rules, alone and with the endpoint named first in ``order``."""
    lifted = _lifted(case, rules)
    if lifted is None:
        return
    yield lifted
    whole, opened = lifted
    for change, moved in _moving(opened, endpoint_id):
        if change.words.startswith("order:"):
            yield Change(whole.whose, f"{whole.words}, and {change.words}"), moved


def _moving(case: Case, endpoint_id: str) -> Iterator[Trial]:
    """Yield the single changes that could move an endpoint to the front."""
    preferences, endpoint = case.preferences, case.catalog[endpoint_id]
    order = tuple(slug for slug in preferences.order if slug not in {endpoint.slug, endpoint.provider})
    if case.facts.cooling:
        yield Change("chance", "its cooldown over"), case.replace(facts=case.facts.with_cooling(_without(case.facts.cooling, endpoint_id)))
    if case.request.shape.parameters and preferences.require_parameters is None:
        yield Change("caller", "require_parameters: false"), _prefer(case, require_parameters=False)
    if preferences.min_throughput or preferences.max_latency:
        yield Change("caller", "without the thresholds"), _prefer(case, min_throughput=(), max_latency=())
    if case.context.byok:
        yield Change("caller", "without the keys of one's own"), _ask(case, byok=())
    if case.sticky is not None:
        yield Change("operator", "without the session's pin"), case.replace(sticky=None)
    if preferences.order:
        yield Change("caller", "without order"), _prefer(case, order=())
    if preferences.partition == "model" and len(case.pool.models) > 1:
        yield Change("caller", 'sort.partition: "none"'), _prefer(case, partition="none")
        asked = (endpoint.model, *(name for name in case.pool.models if name != endpoint.model))
        yield Change("caller", f"{endpoint.model!r} asked first"), case.repooled(asked)
    for sort in ("price", "throughput", "latency"):
        if preferences.sort != sort:
            yield Change("caller", f"sort: {sort!r}"), _prefer(case, sort=sort)
    yield Change("caller", f"order: [{endpoint.slug!r}, …]"), _prefer(case, order=(endpoint.slug, *order))


def _without(cooling: frozenset[str], endpoint_id: str) -> frozenset[str]:
    return frozenset(key for key in cooling if key != endpoint_id and not key.startswith((f"{endpoint_id}#shared", f"{endpoint_id}#byok")))
