"""Decisions of whole columns of requests, made by the core's own rankings: requests that it cannot tell apart share one, and only prices are worked out a row.

A group is a model, a provider block, tools, the output asked for and a class of prompt lengths, on one frozen set of facts. What the passes say of a group is asked of the
core once; its rows then take a place in a table (nominal prices), or the lowest or the drawn of a few linear prices.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp, gcd
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import numpy as np

from routecore.attempt import attempt_key
from routecore.decision import pose, solve
from routecore.eligibility import examine, filters, fits
from routecore.errors import NoEligibleEndpoint
from routecore.expansion import expand
from routecore.pool import NOMINAL_COMPLETION_TOKENS
from routecore.preferences import Preferences
from routecore.ranking import balance, prepare, sorting, tuples
from routecore.request import read

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from routecore.case import Case
    from routecore.catalog import Catalog
    from routecore.context import Context
    from routecore.facts import Facts
    from routecore.pricing import Pricing
    from routecore.ranking.field import Field
    from routecore.settings import Settings

__all__ = [
    "Certain",
    "Chance",
    "Cheapest",
    "Choice",
    "Codes",
    "Decided",
    "Drawn",
    "Group",
    "Rejected",
    "Shape",
    "Weighed",
    "edges_of",
    "group_of",
    "request_of",
]

_EXACT: Final = 2**53
_CELL_BITS: Final = 11
_CELLS: Final = 1 << _CELL_BITS
_BLOCK: Final = 4_096
"""Rows weighed at a time: a column for each of some twenty attempts fits a core's cache."""
_MOST_HALVES: Final = 8
"""Exponents that are so many halves at most are worked out by multiplication and roots; others by logarithms."""
_LEAST_LOG: Final = -700.0


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


Chance = Callable[[], "NDArray[np.uint64]"]
"""Gives 64 random bits a row, those of the plan's first place; they are made when they are asked for, and may be written over."""


class Choice(NamedTuple):
    """What was chosen for some rows: the number of each row's first attempt, and its probability (one number where it is the same for all)."""

    first: NDArray[np.int32] | int
    propensity: NDArray[np.float64] | float


class Rejected(NamedTuple):
    """Why a group has no plan: the kind of error."""

    error: str


class Decided(NamedTuple):
    """What decides some rows, and how many endpoints each rule has removed for each of them."""

    by: Group | Rejected
    removed: dict[str, int]


class Group(Protocol):
    """Rows that the passes treat alike. ``choose`` gives their first attempts and propensities, ``probabilities`` every attempt's."""

    def choose(self, prompt: NDArray[np.int64], completion: NDArray[np.int64], chance: Chance, /) -> Choice:
        """Return the first attempt of each row; ``chance`` is asked only where something is drawn."""
        ...

    def probabilities(self, prompt: NDArray[np.int64], completion: NDArray[np.int64], /) -> tuple[list[int], NDArray[np.float64]]:
        """Return the numbers of the attempts that may come first, and each one's probability in every row: shape (attempts, rows)."""
        ...


class Certain:
    """One attempt comes first, whatever the row."""

    def __init__(self, code: int) -> None:
        self.code = code

    def choose(self, _prompt: NDArray[np.int64], _completion: NDArray[np.int64], _chance: Chance) -> Choice:
        """Return it, with probability 1."""
        return Choice(self.code, 1.0)

    def probabilities(self, prompt: NDArray[np.int64], _completion: NDArray[np.int64]) -> tuple[list[int], NDArray[np.float64]]:
        """Return one row of ones."""
        return [self.code], np.ones((1, len(prompt)))


class Drawn:
    """The same weights for every row: a place in a table of running sums.

    The interval of a draw is cut into 2,048 cells. Where both ends of a cell fall on one attempt, so does all between; the few other cells are looked at row by row.
    """

    def __init__(self, codes: Sequence[int], weights: Sequence[float], running: Sequence[float]) -> None:
        self.codes = np.array(codes, np.int32)
        self.running = np.array(running)
        self.shares = np.array([weight / running[-1] for weight in weights])
        ends = np.arange(_CELLS + 1, dtype=np.float64) / _CELLS
        low = places_of(ends[:-1] * self.running[-1], self.running)
        high = places_of((ends[1:] - 2.0**-53) * self.running[-1], self.running)
        self._cell_codes, self._cell_shares = self.codes[low], self.shares[low]
        self._cell_split = low != high

    def choose(self, _prompt: NDArray[np.int64], _completion: NDArray[np.int64], chance: Chance) -> Choice:
        """Return the first attempt whose running sum exceeds the row's number times the total."""
        bits = chance()
        cells = (bits >> np.uint64(64 - _CELL_BITS)).view(np.int64)
        first, share = self._cell_codes.take(cells), self._cell_shares.take(cells)
        rows = np.flatnonzero(self._cell_split.take(cells))
        place = places_of(fractions(bits[rows]) * self.running[-1], self.running)
        first[rows], share[rows] = self.codes[place], self.shares[place]
        return Choice(first, share)

    def probabilities(self, prompt: NDArray[np.int64], _completion: NDArray[np.int64]) -> tuple[list[int], NDArray[np.float64]]:
        """Return the same shares for every row."""
        return self.codes.tolist(), np.repeat(self.shares[:, None], len(prompt), axis=1)


def fractions(bits: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Return the upper 53 bits as fractions of 2**53: what a plan draws with."""
    found: NDArray[np.float64] = (bits >> np.uint64(11)) * 2.0**-53
    return found


def places_of(target: NDArray[np.float64], running: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return how many running sums each target reaches: ``bisect_right``, at most the last place.

    >>> places_of(np.array([0.0, 1.0, 2.9, 3.0]), np.array([1.0, 3.0])).tolist()
    [0, 1, 1, 1]
    """
    found: NDArray[np.intp] = np.minimum(np.searchsorted(running, target, side="right"), len(running) - 1)
    return found


class Rates(NamedTuple):
    """Linear prices of some attempts, whole numbers of ``unit`` femtodollars: a prompt token, a completion token, the request; ``None`` where a price is unknown."""

    prompt: list[int | None]
    completion: list[int | None]
    fee: list[int | None]
    unit: float


class Cheapest:
    """The lowest of linear prices; of equal ones the first in order. Attempts that are nowhere the lowest were left out."""

    def __init__(self, codes: Sequence[int], rates: Sequence[tuple[int, int, int]]) -> None:
        kept = _undominated(rates)
        self.codes = np.array([codes[place] for place in kept], np.int32)
        # a common factor changes no order, and small numbers stay exact in floats
        common = gcd(*(number for place in kept for number in rates[place])) or 1
        self.rates = [tuple(number // common for number in rates[place]) for place in kept]

    def choose(self, prompt: NDArray[np.int64], completion: NDArray[np.int64], _chance: Chance) -> Choice:
        """Return the cheapest attempt of each row, with probability 1."""
        if len(self.rates) == 1:
            return Choice(int(self.codes[0]), 1.0)
        bits = (len(self.rates) - 1).bit_length()
        most = max(p * int(prompt.max()) + c * int(completion.max()) + fee for p, c, fee in self.rates)
        if (most + 1) << bits >= _EXACT:
            return Choice(self.codes.take(self._exactly(prompt, completion)), 1.0)
        first = np.empty(len(prompt), np.int32)
        for start in range(0, len(prompt), _BLOCK):
            block = slice(start, start + _BLOCK)
            self.codes.take(self._packed(prompt[block], completion[block], float(1 << bits)), out=first[block])
        return Choice(first, 1.0)

    def _packed(self, prompt: NDArray[np.int64], completion: NDArray[np.int64], size: float) -> NDArray[np.intp]:
        """Return each row's cheapest place. Price × size + place is one number: the least is the cheapest, and of equals the first; ``size`` is a power of 2."""
        fresh, made = prompt * size, completion * size
        key, part = np.empty(len(fresh)), np.empty(len(fresh))
        best = np.full(len(fresh), np.inf)
        for place, (p, c, fee) in enumerate(self.rates):
            np.multiply(fresh, float(p), out=key)
            if c:
                np.multiply(made, float(c), out=part)
                key += part
            if fee or place:
                key += fee * size + place
            np.minimum(best, key, out=best)
        np.multiply(best, 1.0 / size, out=part)
        np.floor(part, out=part)
        part *= size
        best -= part
        return best.astype(np.intp)

    def _exactly(self, prompt: NDArray[np.int64], completion: NDArray[np.int64]) -> NDArray[np.intp]:
        """Return each row's cheapest place, in whole numbers of any size."""
        fresh, made = prompt.astype(object), completion.astype(object)
        best = np.zeros(len(prompt), np.intp)
        least = None
        for place, (p, c, fee) in enumerate(self.rates):
            price = fresh * p + made * c + fee
            if least is None:
                least = price
                continue
            lower = np.asarray(price < least, bool)
            best[lower] = place
            least = np.where(lower, price, least)
        return best

    def probabilities(self, prompt: NDArray[np.int64], completion: NDArray[np.int64]) -> tuple[list[int], NDArray[np.float64]]:
        """Return 1 for each row's cheapest."""
        return _indicator(self.codes, self.choose(prompt, completion, _no_chance), len(prompt))


class Weighed:
    """A balance whose prices are each row's own: weights from prices, medians and statistics, as the core makes them.

    ``places`` are those of the drawn attempts among all that have a price in the balance (the medians are taken over all of them).
    """

    def __init__(self, codes: Sequence[int], places: Sequence[int], rates: Rates, stat_logs: Sequence[float], exponent: float) -> None:
        self.codes = np.array(codes, np.int32)
        self.places = list(places)
        self.rates = rates
        self.stat_logs = list(stat_logs)
        self.exponent = exponent
        known = [
            (float(p) * rates.unit, float(c) * rates.unit, float(fee) * rates.unit)
            for p, c, fee in zip(rates.prompt, rates.completion, rates.fee, strict=True)
            if p is not None and c is not None and fee is not None
        ]
        halves = exponent * 2
        # prices that are all known and never 0 or extreme need no medians, and powers of them neither vanish nor overflow
        plain = len(known) == len(self.stat_logs) and all(p > 0 and fee >= 0 and max(one) < 1e18 for one in known for p, _, fee in [one])
        self._simple = known if plain and halves.is_integer() and halves <= _MOST_HALVES and max(self.stat_logs) - min(self.stat_logs) < 300 else None
        top = max(self.stat_logs)
        self._factors = [exp(one - top) for one in self.stat_logs]

    def _weights(self, prompt: NDArray[np.int64], completion: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the weights of the drawn attempts, in any scale: shape (attempts, rows)."""
        fresh, made = prompt.astype(np.float64), completion.astype(np.float64)
        if self._simple is not None and len(fresh) and fresh.min() > 0:
            return self._powers(self._simple, fresh, made)
        logs = np.log(self._prices(fresh, made))
        logs *= -self.exponent
        logs += np.array(self.stat_logs)[:, None]
        logs = logs[self.places]
        logs -= logs.max(axis=0)
        np.maximum(logs, _LEAST_LOG, out=logs)
        weights: NDArray[np.float64] = np.exp(logs, out=logs)
        return weights

    def _powers(self, known: list[tuple[float, float, float]], fresh: NDArray[np.float64], made: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the weights by multiplication: statistics over a power of the price that is a whole number of halves."""
        whole, half = divmod(round(self.exponent * 2), 2)
        found = np.empty((len(self.places), len(fresh)))
        part = np.empty(len(fresh))
        for number, place in enumerate(self.places):
            row = found[number]
            p, c, fee = known[place]
            np.multiply(fresh, p, out=row)
            if c:
                np.multiply(made, c, out=part)
                row += part
            if fee:
                row += fee
            if half:
                np.sqrt(row, out=part)
                if whole:
                    part *= row if whole == 1 else row**whole
                np.divide(self._factors[place], part, out=row)
            else:
                if whole > 1:
                    np.power(row, whole, out=row)
                np.divide(self._factors[place], row, out=row)
        return found

    def _prices(self, fresh: NDArray[np.float64], made: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return positive prices of all attempts: zero is a tenth of the smallest positive one, unknown the median of the known."""
        rates = self.rates
        found = np.empty((len(rates.prompt), len(fresh)))
        unknown = []
        for place, (p, c, fee) in enumerate(zip(rates.prompt, rates.completion, rates.fee, strict=True)):
            if p is None or c is None or fee is None:
                unknown.append(place)
                found[place] = np.nan
            else:
                found[place] = fresh * (float(p) * rates.unit) + made * (float(c) * rates.unit) + float(fee) * rates.unit
        if (found == 0).any():
            positive = np.where(found > 0, found, np.inf).min(axis=0) / 10
            found = np.where(found == 0, np.where(np.isfinite(positive), positive, 1.0), found)
        if unknown:
            known = [place for place in range(len(found)) if place not in unknown]
            found[unknown] = np.median(found[known], axis=0) if known else 1.0
        return found

    def choose(self, prompt: NDArray[np.int64], completion: NDArray[np.int64], chance: Chance) -> Choice:
        """Return the first attempt whose running weight exceeds the row's number times the total."""
        numbers = fractions(chance())
        first, share = np.empty(len(prompt), np.int32), np.empty(len(prompt))
        for start in range(0, len(prompt), _BLOCK):
            block = slice(start, start + _BLOCK)
            weights = self._weights(prompt[block], completion[block])
            running = _running(weights)
            total = running[-1]
            target = numbers[block] * total
            place = np.zeros(len(target), np.uint8 if len(running) < 256 else np.int64)
            for edge in running[:-1]:
                place += (edge <= target).view(np.uint8)
            rows = place.astype(np.intp)
            first[block] = self.codes.take(rows)
            share[block] = weights.ravel().take(rows * len(rows) + np.arange(len(rows))) / total
        return Choice(first, share)

    def probabilities(self, prompt: NDArray[np.int64], completion: NDArray[np.int64]) -> tuple[list[int], NDArray[np.float64]]:
        """Return each attempt's share of the weights."""
        weights = self._weights(prompt, completion)
        return self.codes.tolist(), weights / _running(weights)[-1]


def _running(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the running sums down the rows; a loop, as ``cumsum`` along the first axis goes through memory the long way."""
    found = np.empty_like(weights)
    found[0] = weights[0]
    for place in range(1, len(weights)):
        np.add(found[place - 1], weights[place], out=found[place])
    return found


def request_of(model: str, block: Mapping[str, Any] | None, *, tools: bool, max_tokens: int) -> dict[str, Any]:
    """Return the body of a trace's row as far as routing looks at it."""
    body: dict[str, Any] = {"model": model}
    if block:
        body["provider"] = dict(block)
    if tools:
        body["tools"] = []
    if max_tokens:
        body["max_tokens"] = max_tokens
    return body


class Shape:
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


def _nominal(case: Case, codes: Codes) -> Group | Rejected:
    try:
        ranking = solve(case)
    except NoEligibleEndpoint:
        return Rejected("no_endpoint")
    if ranking.first is not None:
        return Certain(codes.of(ranking.first.key, ranking.first.endpoint.id))
    group = ranking.groups[0]
    members = [ranking.field.candidates[position] for position in group.positions]
    numbers = [codes.of(one.key, one.endpoint.id) for one in members]
    return Certain(numbers[0]) if len(numbers) == 1 else Drawn(numbers, group.weights, group.running)


def _priced(case: Case, codes: Codes, estimates: str, prompt: int) -> Group | Rejected:
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


def _sorted(case: Case, field: Field, best: list[int], numbers: Sequence[int], sort: str, rates_of: _Pricer) -> Group:
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


def _balanced(case: Case, field: Field, best: list[int], numbers: Sequence[int], rates_of: _Pricer) -> Group:
    rows = list(dict.fromkeys(one.row for one in field.candidates))
    logs = balance.stat_logs(case, rows)
    place_of = {row: place for place, row in enumerate(rows)}
    places = [place_of[field.candidates[position].row] for position in best]
    exponent = case.settings.balance.price
    codes = [numbers[position] for position in best]
    if not exponent:
        weights = balance.scaled([logs[place] for place in places])
        return Drawn(codes, weights, np.cumsum(weights).tolist())
    return Weighed(codes, places, rates_of(rows), logs, exponent)


class _Pricer:
    """Linear prices of endpoints of a case's pool, in the class of prompts that begins with ``prompt``, read off the calculator's own quotes."""

    def __init__(self, case: Case, estimates: str, prompt: int) -> None:
        self.case = case
        # where completions are not known, all are taken as long as the nominal one: that part is a fee
        self.completion = NOMINAL_COMPLETION_TOKENS if estimates == "prompt" else None
        self.prompt = prompt

    def __call__(self, rows: Sequence[int]) -> Rates:
        """Return the prices of the endpoints at ``rows``."""
        found = [slopes(self.case.pool.endpoints[row].pricing, self.prompt, self.case.now) for row in rows]
        scale = max((places_after(number) for one in found if one is not None for number in one), default=0)
        rates = Rates([], [], [], 10.0**-scale)
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
    at = None if pricing is None else pricing.quote(prompt, 0, 0, now)
    if pricing is None or at is None:
        return None
    made = pricing.quote(prompt, 1, 0, now)
    rate = _slope(pricing, prompt, now)
    assert made is not None
    return rate, made - at, at - rate * prompt


def _slope(pricing: Pricing, prompt: int, now: float | None) -> Any:  # noqa: ANN401 - an int, or a Decimal
    """Return what one more prompt token costs at ``prompt``; 0 where that is a step, so that the class has one length and its price is all in the fee."""
    if not pricing.flat and prompt + 1 in pricing.ladder_of_default().breaks:
        return 0
    after, here = pricing.quote(prompt + 1, 0, 0, now), pricing.quote(prompt, 0, 0, now)
    assert after is not None
    assert here is not None
    return after - here


def places_after(number: Any) -> int:  # noqa: ANN401 - an int, or a Decimal
    """Return how many decimal places a number has."""
    return 0 if isinstance(number, int) else max(0, -number.as_tuple().exponent)


def scaled_up(number: Any, places: int) -> int:  # noqa: ANN401 - an int, or a Decimal
    """Return number × 10^places, which is whole."""
    return number * 10**places if isinstance(number, int) else int(number.scaleb(places))


def _undominated(rates: Sequence[tuple[int, int, int]]) -> list[int]:
    """Return the places, in order, that are the cheapest for some tokens: those that no other undercuts in every rate (of equals, the first).

    >>> _undominated([(2, 2, 0), (1, 3, 0), (2, 2, 0), (3, 3, 0)])
    [0, 1]
    """
    kept = []
    for place, mine in enumerate(rates):
        beaten = any(
            other != place and all(a <= b for a, b in zip(theirs, mine, strict=True)) and (theirs != mine or other < place)
            for other, theirs in enumerate(rates)
        )
        if not beaten:
            kept.append(place)
    return kept


def _indicator(codes: NDArray[np.int32], choice: Choice, rows: int) -> tuple[list[int], NDArray[np.float64]]:
    first = np.broadcast_to(np.asarray(choice.first), (rows,))
    return codes.tolist(), (first[None, :] == codes[:, None]).astype(np.float64)


def _no_chance() -> NDArray[np.float64]:
    message = "nothing is drawn here"
    raise AssertionError(message)
