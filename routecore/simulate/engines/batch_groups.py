"""Decisions of whole columns of requests, made by the core's own rankings: requests that it cannot tell apart share one, and only prices are worked out a row.

A group is a model, a provider block, tools, the output asked for and a class of prompt lengths, on one frozen set of facts. What the passes say of a group is asked of the
core once; its rows then take a place in a table (nominal prices), or the lowest or the drawn of a few linear prices.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple

from routecore.errors import NoEligibleEndpoint
from routecore.request.body import read
from routecore.request.context import NOMINAL_COMPLETION_TOKENS
from routecore.request.preferences import Preferences
from routecore.routing.attempt import attempt_key
from routecore.routing.eligibility import examine, filters, fits
from routecore.routing.expansion import expand
from routecore.routing.ranking import balance, sorting
from routecore.routing.ranking.rank import prepare, tuples
from routecore.routing.solve import pose, solve
from routecore.simulate.engines.batch_choice import Certain, Cheapest, Drawn, Slopes, Weighed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from routecore.catalog.catalog import Catalog
    from routecore.pricing.price_list import Pricing
    from routecore.request.context import Context
    from routecore.request.settings import Settings
    from routecore.routing.case import Case
    from routecore.routing.facts import Facts
    from routecore.routing.ranking.field import Field
    from routecore.simulate.engines.batch_choice import Chooser

__all__ = ["Codes", "Decided", "Posed", "Rejected", "edges_of", "group_of", "places_after", "scaled_up", "slopes"]


class Codes:
    """Numbers for attempts: the key of each, and the endpoint that it is of. An endpoint's shared attempt has the endpoint's own number."""

    def __init__(self, endpoint_ids: Sequence[str]) -> None:
        self.endpoints = list(endpoint_ids)
        self.keys = [attempt_key(one, None) for one in self.endpoints]
        self.endpoint_of = list(range(len(self.endpoints)))
        self._codes = {key: code for code, key in enumerate(self.keys)}

    def of(self, key: str, endpoint_id: str) -> int:
        """Return the number of an attempt; a new one for a key of the caller's own that was not met before."""
        code = self._codes.get(key)
        if code is None:
            code = self._codes[key] = len(self.keys)
            self.keys.append(key)
            self.endpoint_of.append(self._codes[attempt_key(endpoint_id, None)])
        return code


class Rejected(NamedTuple):
    """Why a group has no plan: the kind of error."""

    error: str


class Decided(NamedTuple):
    """What decides some rows, and how many endpoints each rule has removed for each of them."""

    by: Chooser | Rejected
    removed: dict[str, int]


class Posed:
    """What a model, a block, tools and ``max_tokens`` make of a policy: read once, posed to each set of facts. Raises what ``decide`` raises for a bad block."""

    def __init__(self, catalog: Catalog, settings: Settings, context: Context, body: dict[str, Any]) -> None:
        self.catalog = catalog
        self.settings = settings
        self.context = context
        self.request = read(body)
        self.preferences = Preferences.parse(self.request.provider)

    def pose(self, facts: Facts, now: float | None) -> Case:
        """Return the case on these facts. Raises ``UnknownModel``."""
        return pose(self.catalog, self.request, self.preferences, self.context, facts, self.settings, now)


def edges_of(case: Case) -> list[int]:
    """Return the prompt lengths at which something changes: who is eligible, or a price's slope."""
    edges: set[int] = set()
    output = case.request.max_tokens
    for endpoint in case.pool.endpoints:
        if endpoint.context_length is not None:
            edges.add(endpoint.context_length - output + 1)
        if endpoint.max_prompt_tokens is not None:
            edges.add(endpoint.max_prompt_tokens + 1)
        if endpoint.pricing is not None and not endpoint.pricing.flat:
            edges.update(endpoint.pricing.ladder_of_default().breaks)
    return sorted(edge for edge in edges if edge > 0)


def group_of(case: Case, codes: Codes, estimates: str, prompt: int) -> Decided:
    """Return what the core makes of a case for prompts of the class that begins with ``prompt`` tokens.

    ``estimates``: ``nominal`` (the rows' own tokens are not looked at), ``prompt`` or ``tokens``.
    """
    if estimates != "nominal":
        case = case.with_numbers(prompt, NOMINAL_COMPLETION_TOKENS, None)
    removed: dict[str, int] = {}
    for one in examine(case).rejections:
        removed[one.rules[0]] = removed.get(one.rules[0], 0) + 1
    return Decided(_nominal(case, codes) if estimates == "nominal" else _priced(case, codes, estimates, prompt), removed)


def _nominal(case: Case, codes: Codes) -> Chooser | Rejected:
    try:
        ranking = solve(case)
    except NoEligibleEndpoint:
        return Rejected("no_endpoint")
    if ranking.first is not None:
        return Certain(codes.of(ranking.first.key, ranking.first.endpoint.id))
    group = ranking.groups[0]
    members = [ranking.field.candidates[position] for position in group.positions]
    numbers = [codes.of(one.key, one.endpoint.id) for one in members]
    return Certain(numbers[0]) if len(numbers) == 1 else Drawn(numbers, group.opening, group.opening_running)


def _priced(case: Case, codes: Codes, estimates: str, prompt: int) -> Chooser | Rejected:
    pool = case.pool
    mask = filters(pool, case) & fits(pool, case)
    if not mask:
        return Rejected("no_endpoint")
    candidates = expand(pool, mask, case)
    field = prepare(case, candidates)
    numbers = [codes.of(one.key, one.endpoint.id) for one in candidates]
    placed = tuples(field)
    best = list(range(len(candidates))) if placed is None else [place for place, one in enumerate(placed) if one == min(placed)]
    if len(best) == 1:
        return Certain(numbers[best[0]])
    sort = case.preferences.sort
    rates_of = _Pricer(case, estimates, prompt)
    return _balanced(case, field, best, numbers, rates_of) if sort is None else _sorted(case, field, best, numbers, sort, rates_of)


def _sorted(case: Case, field: Field, best: list[int], numbers: Sequence[int], sort: str, rates_of: _Pricer) -> Chooser:
    """Return the group of a sort: those of the best measured value, the cheapest of them, ties in canonical order."""
    keys = sorting.keys(field, sort)
    byok = bool(case.context.byok)
    if sort != "price":
        measured = [key[0][0] if byok else key[0] for key in keys]
        least = min(measured[place] for place in best)
        best = [place for place in best if measured[place] == least]
    # of one endpoint's attempts: own keys in the order of the context, then shared capacity
    ties = [(one.row, one.key_id is None, one.key_place) if byok else (one.row, False, 0) for one in field.candidates]
    best.sort(key=ties.__getitem__)
    rates = rates_of([field.candidates[place].row for place in best])
    known = [
        (place, (p, c, fee))
        for place, p, c, fee in zip(best, rates.prompt, rates.completion, rates.fee, strict=True)
        if p is not None and c is not None and fee is not None
    ]
    if not known:
        return Certain(numbers[best[0]])
    group = Cheapest([numbers[place] for place, _ in known], [one for _, one in known])
    return Certain(int(group.codes[0])) if len(group.codes) == 1 else group


def _balanced(case: Case, field: Field, best: list[int], numbers: Sequence[int], rates_of: _Pricer) -> Chooser:
    rows = list(dict.fromkeys(one.row for one in field.candidates))
    logs = balance.stat_logs(case, rows)
    place_of = {row: place for place, row in enumerate(rows)}
    places = [place_of[field.candidates[position].row] for position in best]
    exponent = case.settings.balance.price
    codes = [numbers[position] for position in best]
    if not exponent:
        weights = balance.scaled([logs[place] for place in places])
        return Drawn(codes, weights, list(accumulate(weights)))
    return Weighed(codes, places, rates_of(rows), logs, exponent)


class _Pricer:
    """Linear prices of endpoints of a case's pool, in the class of prompts that begins with ``prompt``, read off the calculator's own quotes."""

    def __init__(self, case: Case, estimates: str, prompt: int) -> None:
        self.case = case
        # where completions are not known, all are taken as long as the nominal one: that part is a fee
        self.completion = NOMINAL_COMPLETION_TOKENS if estimates == "prompt" else None
        self.prompt = prompt

    def __call__(self, rows: Sequence[int]) -> Slopes:
        """Return the prices of the endpoints at ``rows``."""
        found = [slopes(self.case.pool.endpoints[row].pricing, self.prompt, self.case.now) for row in rows]
        scale = max((places_after(number) for one in found if one is not None for number in one), default=0)
        rates = Slopes([], [], [], 10.0**-scale)
        for one in found:
            p, c, fee = (None, None, None) if one is None else (scaled_up(number, scale) for number in one)
            if self.completion is not None and c is not None and fee is not None:
                c, fee = 0, fee + c * self.completion
            rates.prompt.append(p)
            rates.completion.append(c)
            rates.fee.append(fee)
        return rates


def slopes(pricing: Pricing | None, prompt: int, now: float | None) -> tuple[Any, Any, Any] | None:
    """Return (a prompt token, a completion token, the request) in femtodollars, exact, for the prompts of the class that begins with ``prompt``; ``None`` if unknown."""
    at = None if pricing is None else pricing.quote_femtodollars(prompt, 0, 0, now)
    if pricing is None or at is None:
        return None
    made = pricing.quote_femtodollars(prompt, 1, 0, now)
    rate = _slope(pricing, prompt, now)
    assert made is not None
    return rate, made - at, at - rate * prompt


def _slope(pricing: Pricing, prompt: int, now: float | None) -> Any:  # noqa: ANN401 - an int, or a Decimal
    """Return what one more prompt token costs at ``prompt``; 0 where that is a step, so that the class has one length and its price is all in the fee."""
    if not pricing.flat and prompt + 1 in pricing.ladder_of_default().breaks:
        return 0
    after, here = pricing.quote_femtodollars(prompt + 1, 0, 0, now), pricing.quote_femtodollars(prompt, 0, 0, now)
    assert after is not None
    assert here is not None
    return after - here


def places_after(number: Any) -> int:  # noqa: ANN401 - an int, or a Decimal
    """Return how many decimal places a number has."""
    return 0 if isinstance(number, int) else max(0, -number.as_tuple().exponent)


def scaled_up(number: Any, places: int) -> int:  # noqa: ANN401 - an int, or a Decimal
    """Return number × 10^places, which is whole."""
    return number * 10**places if isinstance(number, int) else int(number.scaleb(places))
