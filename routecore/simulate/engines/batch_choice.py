"""How the rows of one group choose: one attempt for all, a draw from a table, the lowest or the drawn of linear prices."""

from __future__ import annotations

from collections.abc import Callable
from math import exp, gcd
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Certain", "Chance", "Cheapest", "Choice", "Chooser", "Drawn", "Slopes", "Weighed"]

_EXACT: Final = 2**53
_CELL_BITS: Final = 11
_CELLS: Final = 1 << _CELL_BITS
_BLOCK: Final = 4_096
"""Rows weighed at a time: a column for each of some twenty attempts fits a core's cache."""
_MOST_HALVES: Final = 8
"""Exponents that are so many halves at most are worked out by multiplication and roots; others by logarithms."""
_LEAST_LOG: Final = -700.0


Chance = Callable[[], "NDArray[np.uint64]"]
"""Gives 64 random bits a row, those of the plan's first place; they are made when they are asked for, and may be written over."""


class Choice(NamedTuple):
    """What was chosen for some rows: the number of each row's first attempt, and its probability (one number where it is the same for all)."""

    first: NDArray[np.int32] | int
    propensity: NDArray[np.float64] | float


class Chooser(Protocol):
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
    found: NDArray[np.float64] = (bits >> np.uint64(11)).astype(np.float64)
    found *= 2.0**-53
    return found


def places_of(target: NDArray[np.float64], running: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return how many running sums each target reaches: ``bisect_right``, at most the last place.

    >>> places_of(np.array([0.0, 1.0, 2.9, 3.0]), np.array([1.0, 3.0])).tolist()
    [0, 1, 1, 1]
    """
    found: NDArray[np.intp] = np.minimum(np.searchsorted(running, target, side="right"), len(running) - 1)
    return found


class Slopes(NamedTuple):
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

    def __init__(self, codes: Sequence[int], places: Sequence[int], rates: Slopes, stat_logs: Sequence[float], exponent: float) -> None:
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
            place: NDArray[Any] = np.zeros(len(target), np.uint8 if len(running) < 256 else np.int64)
            for edge in running[:-1]:
                np.add(place, (edge <= target).view(np.uint8), out=place)
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


def _no_chance() -> NDArray[np.uint64]:
    message = "nothing is drawn here"
    raise AssertionError(message)
