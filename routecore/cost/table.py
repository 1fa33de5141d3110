"""Many endpoints' price lists as columns: a million usages priced at once, with every long-context card and time window.

Each price list is flattened to one row of rates for every step of its prompt length (and, for timed cards, every set of cards that occurs); a usage is then
the number of its row and a dot product. Costs are floats, equal to the scalar path's to 1e-9 relative; totals are exact, as they multiply exact sums of tokens
with whole-number rates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from routecore.errors import Fault, InvalidPricing, InvalidUsage
from routecore.pricing.card import DEFAULT_TIER
from routecore.pricing.classes import CLASSES, MEASURES, TOKEN
from routecore.pricing.instants import instant_at
from routecore.pricing.money import as_decimal, read_rate
from routecore.pricing.price_list import Pricing
from routecore.pricing.rate import plus
from routecore.usage.fields import NAMES, PROMPT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from decimal import Decimal

    from numpy.typing import ArrayLike, NDArray

    from routecore.pricing.ladder import Ladder
    from routecore.pricing.rate import Rate
    from routecore.pricing.rates import Rates

__all__ = ["COLUMNS", "CostTable"]

_BY_FIELD: Final = {one.field: one for one in CLASSES if one.field}
COLUMNS: Final[dict[str, str]] = {name: _BY_FIELD[name].price for name in NAMES}
"""The columns of a usage, which are the fields of ``Usage``, and the rate that prices each."""

_CHUNK: Final = 32_768
_EXACT: Final = 2**53
_MINUTE: Final = 60
_WEEK: Final = 7 * 24 * 60


class CostTable:
    """Price lists as columns. ``pricings[i]`` is what index ``i`` of a usage means.

    All are priced on one served ``tier`` and in one region (``region_multiplier``). Raises ``InvalidPricing`` for an entry that is no price list.

    >>> table = CostTable([Pricing.parse({"prompt": "0.000003", "completion": "0.000015",
    ...     "overrides": [{"min_prompt_tokens": 200000, "prompt_multiplier": 2, "completion_multiplier": 1.5}]})])
    >>> table.costs([0, 0], {"text": [200_000, 200_001], "text_out": [1000, 1000]}).tolist()
    [0.615, 1.222506]
    >>> table.total([0, 0], {"text": [200_000, 200_001], "text_out": [1000, 1000]})
    Decimal('1.837506')
    """

    def __init__(self, pricings: Sequence[Pricing], *, tier: str = DEFAULT_TIER, region_multiplier: Decimal | float | str = 1) -> None:
        region = read_rate(region_multiplier)
        faults = [Fault(f"pricings[{index}]", pricing, "a Pricing") for index, pricing in enumerate(pricings) if not isinstance(pricing, Pricing)]
        if region is None:
            faults.append(Fault("region_multiplier", region_multiplier, "a rate: a decimal, not negative, below 1,000,000"))
        if faults:
            raise InvalidPricing(faults)
        self._pricings = tuple(pricings)
        self._ladders: list[Ladder] = [pricing.ladder(tier, None if region == (1, 0) else region) for pricing in pricings]
        self._rows: list[Rates] = []
        self._owner: list[int] = []
        breaks: list[tuple[int, ...]] = []
        first = np.zeros(len(self._ladders), np.int32)
        self._timed = np.zeros(len(self._ladders), np.bool_)
        self._timed_rows: dict[tuple[int, tuple[int, ...]], int] = {}
        for index, ladder in enumerate(self._ladders):
            first[index] = len(self._rows)
            self._timed[index] = ladder.timed
            steps = () if ladder.timed else tuple(ladder.breaks)
            breaks.append(steps)
            # without a time, a timed card does not hold: that row always exists
            for least in (0, *steps):
                self._append(ladder.rates(least, None), index)
        self._first = first
        most = max(map(len, breaks), default=0)
        # a step that an endpoint does not have is never reached
        self._breaks = np.full((most, len(breaks)), np.iinfo(np.int64).max, np.int64)
        for index, steps in enumerate(breaks):
            self._breaks[: len(steps), index] = steps
        self._tables: dict[tuple[str, ...], _Table] = {}

    def __len__(self) -> int:
        return len(self._pricings)

    def _append(self, rates: Rates, index: int) -> int:
        self._rows.append(rates)
        self._owner.append(index)
        return len(self._rows) - 1

    def costs(
        self,
        endpoint: ArrayLike,
        usage: Mapping[str, ArrayLike],
        *,
        now: ArrayLike | None = None,
        insured: ArrayLike | None = None,
        discount_rate: Decimal | float | str = 1,
    ) -> NDArray[np.float64]:
        """Return what each usage costs, in USD: after the endpoint's discount and the account's ``discount_rate``.

        ``endpoint`` holds indices into the price lists, shape (n,); ``usage`` maps field names of ``Usage`` to whole counts, shape (n,) or one number for all, a
        missing one is 0. ``now`` is in seconds since the epoch, shape (n,); without it timed cards do not hold. Where ``insured`` (bool, shape (n,)) the cost is 0.
        A usage with tokens that have no price costs NaN: never 0.

        Works in chunks: beyond its arguments it takes 8 bytes a row for the result and a few MB.

        Raises ``InvalidUsage`` for unknown columns, counts that are no whole numbers or negative, shapes that do not fit, and indices outside the table.

        Args:
            endpoint: Indices into the price lists, shape (n,).
            usage: Field names of ``Usage`` to whole counts, shape (n,) or one number for all.
            now: Seconds since the epoch, shape (n,).
            insured: Which usages cost nothing, bool, shape (n,).
            discount_rate: The account's multiplier: 0.9 is 10 % off.

        Returns:
            USD, float64, shape (n,).
        """
        account = _rate(discount_rate)
        endpoints, columns = self._checked(endpoint, usage)
        names = tuple(columns)
        result = np.empty(len(endpoints), np.float64)
        for start, stop, rows in self._chunks(endpoints, columns, now):
            table = self._compiled(names)
            rates = table.rates
            total = table.fees.take(rows)
            buffer = np.empty(stop - start)
            for position, name in enumerate(names):
                rates[position].take(rows, out=buffer)
                np.multiply(buffer, columns[name][start:stop], out=buffer)
                total += buffer
            result[start:stop] = total
            missing = table.unpriced(columns, rows, start, stop)
            if missing is not None:
                result[start:stop][missing] = np.nan
        if account != (1, 0):
            result *= account[0] / 10 ** account[1]
        if insured is not None:
            result[_mask(insured, result.shape)] = 0.0
        return result

    def totals(
        self,
        endpoint: ArrayLike,
        usage: Mapping[str, ArrayLike],
        *,
        now: ArrayLike | None = None,
        insured: ArrayLike | None = None,
        discount_rate: Decimal | float | str = 1,
    ) -> list[Decimal]:
        """Return each price list's total over all usages, in USD, exact: the sum of what the scalar path charges, in any order and partition.

        Arguments and errors as for ``costs``; raises ``InvalidUsage`` too where tokens have no price, as no exact total would hold them.

        Args:
            endpoint: As for ``costs``.
            usage: As for ``costs``.
            now: As for ``costs``.
            insured: As for ``costs``.
            discount_rate: As for ``costs``.

        Returns:
            USD by price list, exact.
        """
        return [as_decimal(*total) for total in self._exact(endpoint, usage, now, insured, discount_rate)]

    def total(
        self,
        endpoint: ArrayLike,
        usage: Mapping[str, ArrayLike],
        *,
        now: ArrayLike | None = None,
        insured: ArrayLike | None = None,
        discount_rate: Decimal | float | str = 1,
    ) -> Decimal:
        """Return the total over all usages and price lists, in USD, exact; arguments and errors as for ``totals``.

        Args:
            endpoint: As for ``costs``.
            usage: As for ``costs``.
            now: As for ``costs``.
            insured: As for ``costs``.
            discount_rate: As for ``costs``.

        Returns:
            USD, exact.
        """
        total: Rate = (0, 0)
        for part in self._exact(endpoint, usage, now, insured, discount_rate):
            total = plus(total, part)
        return as_decimal(*total)

    def _exact(
        self, endpoint: ArrayLike, usage: Mapping[str, ArrayLike], now: ArrayLike | None, insured: ArrayLike | None, discount_rate: Decimal | float | str
    ) -> list[Rate]:
        """Return each price list's exact total: sums of tokens for every row of rates, times its whole-number rates."""
        account = _rate(discount_rate)
        endpoints, columns = self._checked(endpoint, usage)
        names = tuple(columns)
        keep = None if insured is None else ~_mask(insured, endpoints.shape)
        sums: dict[str, list[int]] = {name: [] for name in names}
        counts: list[int] = []
        for start, stop, rows in self._chunks(endpoints, columns, now):
            chosen = slice(None) if keep is None else keep[start:stop]
            if self._compiled(names).unpriced(columns, rows, start, stop) is not None:
                raise InvalidUsage([Fault("usage", f"rows {start} to {stop}", "priced: some tokens there have no price")])
            _grow(counts, np.bincount(rows[chosen], minlength=len(self._rows)))
            for name in names:
                _grow(sums[name], _bin_sums(rows[chosen], columns[name][start:stop][chosen], len(self._rows)))
        totals: list[Rate] = [(0, 0)] * len(self._pricings)
        for number, rates in enumerate(self._rows):
            if number >= len(counts) or not counts[number]:
                continue
            units = counts[number] * (rates.request or 0)
            for name in names:
                units += sums[name][number] * (_rate_of(rates, name) or 0)
            index = self._owner[number]
            factor = self._pricings[index].rate
            totals[index] = plus(totals[index], (units * factor[0] * account[0], rates.places + factor[1] + account[1]))
        return totals

    def _checked(self, endpoint: ArrayLike, usage: Mapping[str, ArrayLike]) -> tuple[NDArray[np.intp], dict[str, NDArray[Any]]]:
        """Return the arguments as arrays of one length, or raise every fault."""
        faults: list[Fault] = []
        endpoints = np.asarray(endpoint)
        if endpoints.ndim != 1 or endpoints.dtype.kind not in "iu":
            if endpoints.size:
                raise InvalidUsage([Fault("endpoint", f"{endpoints.dtype} of shape {endpoints.shape}", "whole numbers of shape (n,)")])
            endpoints = endpoints.astype(np.intp).reshape(0)
        if endpoints.size and (endpoints.min() < 0 or endpoints.max() >= len(self._pricings)):
            faults.append(Fault("endpoint", f"{endpoints.min()} to {endpoints.max()}", f"indices from 0 to {len(self._pricings) - 1}"))
        columns: dict[str, NDArray[Any]] = {}
        for name, values in usage.items():
            if name not in COLUMNS:
                faults.append(Fault(f"usage.{name}", "a column", f"one of {', '.join(NAMES)}"))
                continue
            column = np.asarray(values)
            if column.ndim == 0:
                column = np.broadcast_to(column, endpoints.shape)
            if column.shape != endpoints.shape or (column.size and column.dtype.kind not in "iu"):
                faults.append(Fault(f"usage.{name}", f"{column.dtype} of shape {column.shape}", f"whole numbers of shape {endpoints.shape}"))
            elif column.size and column.min() < 0:
                faults.append(Fault(f"usage.{name}", int(column.min()), "a count, not negative"))
            else:
                columns[name] = column
        if faults:
            raise InvalidUsage(faults)
        return endpoints, columns

    def _chunks(
        self, endpoints: NDArray[np.intp], columns: Mapping[str, NDArray[Any]], now: ArrayLike | None
    ) -> Iterator[tuple[int, int, NDArray[np.signedinteger[Any]]]]:
        """Give (start, stop, number of the row of rates of each usage) for every chunk."""
        instants = None if now is None else _instants(now, endpoints.shape)
        read_names = [name for name in PROMPT if name in columns]
        timed = instants is not None and bool(self._timed.any())
        for start in range(0, len(endpoints), _CHUNK):
            stop = min(start + _CHUNK, len(endpoints))
            chunk = endpoints[start:stop]
            rows = self._first.take(chunk)
            if len(self._breaks) or timed:
                read = np.zeros(stop - start, np.int64)
                for name in read_names:
                    read += columns[name][start:stop]
                for steps in self._breaks:
                    rows += read >= steps.take(chunk)
                if timed:
                    assert instants is not None
                    self._place_timed(chunk, read, instants[start:stop], rows)
            yield start, stop, rows

    def _place_timed(self, chunk: NDArray[np.intp], read: NDArray[np.int64], now: NDArray[np.float64], rows: NDArray[np.signedinteger[Any]]) -> None:
        """Set the row of every usage of a price list with timed cards: one row for each set of cards that holds together."""
        where = np.flatnonzero(self._timed.take(chunk))
        minutes = np.floor_divide(now[where], _MINUTE).astype(np.int64)
        for index in np.unique(chunk[where]):
            mine = chunk[where] == index
            positions = where[mine]
            # cards see the minute of the week, the steps of the prompt and the dates that bound them, nothing finer
            week, ladder = minutes[mine] % _WEEK, self._ladders[index]
            step = np.searchsorted(np.asarray(ladder.breaks, np.int64), read[positions], side="right")
            era = np.searchsorted(np.asarray(ladder.moments, np.int64), np.floor(now[positions] * 1_000_000).astype(np.int64), side="right")
            keys = (step * (len(ladder.moments) + 1) + era) * _WEEK + week
            for key in np.unique(keys):
                one = keys == key
                position = positions[one][0]
                instant = instant_at(float(now[position]))
                holding = ladder.holding(int(read[position]), instant)
                number = self._timed_rows.get((int(index), holding))
                if number is None:
                    number = self._append(ladder.rates(int(read[position]), instant), int(index))
                    self._timed_rows[int(index), holding] = number
                rows[positions[one]] = number

    def _compiled(self, names: tuple[str, ...]) -> _Table:
        """Return the rates of ``names`` as arrays; made again when timed cards have added rows."""
        found = self._tables.get(names)
        if found is None or len(found.fees) != len(self._rows):
            found = self._tables[names] = _Table(names, self._rows, [self._pricings[index].rate for index in self._owner])
        return found


class _Table:
    """Rates (columns × rows) and per-request fees in USD, after each endpoint's discount; and which of them are not known."""

    __slots__ = ("fees", "lacking", "rates", "tokens")

    def __init__(self, names: tuple[str, ...], rows: Sequence[Rates], factors: Sequence[Rate]) -> None:
        self.rates: NDArray[np.float64] = np.zeros((len(names), len(rows)))
        self.fees: NDArray[np.float64] = np.zeros(len(rows))
        lacks = np.zeros((len(names), len(rows)), np.bool_)
        for number, (row, (factor, places)) in enumerate(zip(rows, factors, strict=True)):
            scale = 10 ** (row.places + places)
            # int / int is correctly rounded, whatever the size
            self.fees[number] = (row.request or 0) * factor / scale
            for position, name in enumerate(names):
                rate = _rate_of(row, name)
                if rate is not None:
                    self.rates[position, number] = rate * factor / scale
                elif _BY_FIELD[name].unit in {TOKEN, *MEASURES}:
                    lacks[position, number] = True
        self.lacking: dict[str, NDArray[np.bool_]] = {name: row for name, row in zip(names, lacks, strict=True) if row.any()}
        self.tokens = tuple(name for name in names if _BY_FIELD[name].unit == TOKEN)

    def unpriced(self, columns: Mapping[str, NDArray[Any]], rows: NDArray[np.signedinteger[Any]], start: int, stop: int) -> NDArray[np.bool_] | None:
        """Return which usages have tokens without a price, ``None`` if none has."""
        found: NDArray[np.bool_] | None = None
        for name, lacks in self.lacking.items():
            bad = lacks.take(rows) & (columns[name][start:stop] > 0)
            if name not in self.tokens:
                # beside tokens a duration may be for information, as on the scalar path
                for other in self.tokens:
                    bad &= columns[other][start:stop] == 0
            found = bad if found is None else found | bad
        return found if found is not None and found.any() else None


def _rate_of(rates: Rates, name: str) -> int | None:
    """Return the rate of a column, or of the class that it joins where it has no price of its own."""
    one = _BY_FIELD[name]
    rate: int | None = getattr(rates, one.price)
    return getattr(rates, one.joins) if rate is None and one.joins is not None else rate


def _rate(value: Decimal | float | str) -> Rate:
    rate = read_rate(value)
    if rate is None:
        raise InvalidUsage([Fault("discount_rate", value, "a rate: a decimal, not negative, below 1,000,000")])
    return rate


def _mask(values: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    mask = np.asarray(values)
    if mask.shape != shape or (mask.size and mask.dtype != np.bool_):
        raise InvalidUsage([Fault("insured", f"{mask.dtype} of shape {mask.shape}", f"true or false, shape {shape}")])
    return mask.astype(np.bool_, copy=False)


def _instants(values: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.float64]:
    instants = np.asarray(values, np.float64)
    if instants.shape not in {(), shape} or not np.isfinite(instants).all():
        raise InvalidUsage([Fault("now", f"shape {instants.shape}", f"finite seconds since the epoch, shape {shape}")])
    return np.broadcast_to(instants, shape)


def _bin_sums(rows: NDArray[np.signedinteger[Any]], values: NDArray[Any], size: int) -> list[int]:
    """Return the exact sum of ``values`` for each row of rates."""
    if not values.size or int(values.max()) * values.size < _EXACT:
        # every partial sum fits a float's 53 bits, so the float sums are exact
        return [int(total) for total in np.bincount(rows, weights=values, minlength=size)]
    sums = [0] * size
    for row, value in zip(rows.tolist(), values.tolist(), strict=True):
        sums[row] += value
    return sums


def _grow(into: list[int], sums: Sequence[int] | NDArray[np.intp]) -> None:
    """Add ``sums`` to ``into``, which grows with the rows of rates that timed cards add."""
    into.extend([0] * (len(sums) - len(into)))
    for index, value in enumerate(sums):
        if value:
            into[index] += int(value)
