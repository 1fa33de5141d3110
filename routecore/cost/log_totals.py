"""The totals of a log, by model and provider, and every row that could not be priced.

Totals are exact whole numbers, so their sum is the same in any order and any partition: ``a.merge(b)`` is associative and commutative.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from routecore.cost.log import PricedRow, UnpriceableRow
from routecore.pricing.money import as_decimal, plain
from routecore.pricing.rate import plus, reduced

if TYPE_CHECKING:
    from decimal import Decimal

    from routecore.cost.breakdown import CostBreakdown
    from routecore.pricing.rate import Rate

__all__ = ["LogTotals"]

_SUMS: Final = ("cost", "list_cost", "uncached_list_cost", "upstream_cost", "insured_cost")
_COUNTS: Final = ("requests", "prompt_tokens", "cached_tokens", "completion_tokens", "insured", "anomalous")


class _Sum:
    """One group's totals: counts, and exact amounts in USD."""

    __slots__ = ("amounts", "counts")

    def __init__(self) -> None:
        self.counts = dict.fromkeys(_COUNTS, 0)
        self.amounts: dict[str, Rate] = dict.fromkeys(_SUMS, (0, 0))

    def count(self, **numbers: int) -> None:
        for name, number in numbers.items():
            self.counts[name] += number

    def add(self, **amounts: Rate) -> None:
        for name, amount in amounts.items():
            self.amounts[name] = plus(self.amounts[name], amount)

    def merge(self, other: _Sum, sign: int = 1) -> None:
        self.count(**{name: sign * number for name, number in other.counts.items()})
        self.add(**{name: (sign * number, places) for name, (number, places) in other.amounts.items()})

    def is_empty(self) -> bool:
        return not any(self.counts.values()) and not any(number for number, _ in self.amounts.values())

    def value(self) -> tuple[tuple[int, ...], tuple[Rate, ...]]:
        return tuple(self.counts.values()), tuple(reduced(*amount) for amount in self.amounts.values())

    def to_dict(self) -> dict[str, Any]:
        number, places = self.amounts["list_cost"]
        savings = plus(self.amounts["uncached_list_cost"], (-number, places))
        return {**self.counts, **{name: plain(*amount) for name, amount in self.amounts.items()}, "cache_savings": plain(*savings)}


class _Response(NamedTuple):
    """What one row adds to the totals, and how it stands beside other rows of the same response: whole ones first, of those the last."""

    rank: tuple[bool, int, int]
    parts: tuple[tuple[tuple[str, str], _Sum], ...]
    cause: str | None
    difference: Rate
    """Reported − computed, in USD."""


def _checked(row: PricedRow) -> tuple[str | None, Rate]:
    """Return the cause of a row's difference to what was reported, and the difference."""
    if row.reconciliation is None:
        return None, (0, 0)
    difference = row.reconciliation.difference
    exponent = difference.as_tuple().exponent
    assert isinstance(exponent, int)
    places = max(-exponent, 0)
    return row.reconciliation.cause, (int(difference.scaleb(places)), places)


def _sum_of(breakdown: CostBreakdown, *, requests: int = 0, odd: bool = False) -> _Sum:
    usage, places = breakdown.usage, breakdown.places
    uncached, upstream = breakdown.uncached_units(), breakdown.upstream()
    one = _Sum()
    one.count(
        requests=requests,
        prompt_tokens=usage.prompt_tokens,
        cached_tokens=usage.cached_tokens,
        completion_tokens=usage.completion_tokens,
        insured=int(breakdown.insured),
        anomalous=int(odd or bool(breakdown.anomalies)),
    )
    one.add(
        cost=breakdown.charge(),
        list_cost=(breakdown.list_units, places),
        uncached_list_cost=(breakdown.list_units if uncached is None else uncached, places),
        upstream_cost=upstream,
        insured_cost=upstream if breakdown.insured else (0, 0),
    )
    return one


class LogTotals:
    """Exact totals of a log, by (model, provider). Mergeable: the total of a log is the sum of its rows in any order and any partition.

    Rows of one model with one response id are one response: the last row that tells how it ended counts (without any such, the last), and ``folded`` says how many
    rows were folded into others. Some hundred bytes are kept for every row that has an id.

    >>> from routecore.catalog.catalog import Catalog
    >>> from routecore.cost.log import price_log
    >>> catalog = Catalog.from_mapping({"endpoints": [{"model": "a/b", "provider": "p", "pricing": {"prompt": "0.000001", "completion": "0.000002"}}]})
    >>> row = {"model": "a/b", "provider": "p", "usage": {"prompt_tokens": 1000, "completion_tokens": 10}, "finish_reason": "stop"}
    >>> totals = LogTotals()
    >>> for priced in price_log([row, row, {"model": "a/b", "usage": 7}], catalog):
    ...     totals.add(priced)
    >>> totals.cost, [(unpriceable.line, unpriceable.error.param) for unpriceable in totals.unpriceable]
    (Decimal('0.00204'), [(3, 'usage')])
    """

    __slots__ = ("_groups", "_responses", "causes", "differences", "folded", "unpriceable")

    def __init__(self) -> None:
        self._groups: dict[tuple[str, str], _Sum] = {}
        self._responses: dict[tuple[str, str], _Response] = {}
        self.unpriceable: list[UnpriceableRow] = []
        self.causes: dict[str, int] = {}
        self.differences: dict[str, Rate] = {}
        """Reported − computed in USD, summed by cause."""
        self.folded = 0

    def add(self, row: PricedRow | UnpriceableRow) -> None:
        """Add one row of ``price_log``."""
        if isinstance(row, UnpriceableRow):
            self.unpriceable.append(row)
            return
        parts = [((row.endpoint.model, row.endpoint.provider), _sum_of(row.breakdown, requests=1, odd=bool(row.anomalies)))]
        parts.extend(((one.endpoint.model, one.endpoint.provider), _sum_of(one.breakdown)) for one in row.passes)
        rank = (row.whole, row.line, row.breakdown.usage.completion_tokens)
        response = _Response(rank, tuple(parts), *_checked(row))
        if row.response_id is None:
            self._count(response, 1)
        else:
            self._keep((row.endpoint.model, row.response_id), response)

    def _keep(self, key: tuple[str, str], response: _Response) -> None:
        """Count a response that has an id, in place of an earlier row of the same one, unless that one is the better."""
        known = self._responses.get(key)
        if known is not None:
            self.folded += 1
            if known.rank >= response.rank:
                return
            self._count(known, -1)
        self._responses[key] = response
        self._count(response, 1)

    def _count(self, response: _Response, sign: int) -> None:
        for key, part in response.parts:
            group = self._groups.get(key)
            if group is None:
                group = self._groups[key] = _Sum()
            group.merge(part, sign)
            if group.is_empty():
                del self._groups[key]
        if response.cause is not None:
            number, places = response.difference
            self._count_cause(response.cause, sign, (sign * number, places))

    def _count_cause(self, cause: str, number: int, difference: Rate) -> None:
        self.causes[cause] = self.causes.get(cause, 0) + number
        self.differences[cause] = plus(self.differences.get(cause, (0, 0)), difference)
        if not self.causes[cause]:
            del self.causes[cause], self.differences[cause]

    def merge(self, other: LogTotals) -> LogTotals:
        """Return the totals of both logs; neither changes. A response that both have is counted once."""
        merged = LogTotals()
        for part in (self, other):
            for key, group in part._groups.items():  # noqa: SLF001 - the same class
                merged._groups.setdefault(key, _Sum()).merge(group)
            for cause, number in part.causes.items():
                merged._count_cause(cause, number, part.differences[cause])
        merged.folded = self.folded + other.folded
        merged._responses = dict(self._responses)
        for key, response in other._responses.items():
            known = merged._responses.get(key)
            if known is None:
                merged._responses[key] = response
                continue
            # both are in the sums by now: the lesser goes
            merged.folded += 1
            merged._responses[key] = max(known, response, key=lambda one: one.rank)
            merged._count(min(response, known, key=lambda one: one.rank), -1)
        merged.unpriceable = sorted([*self.unpriceable, *other.unpriceable], key=lambda row: (row.line, row.error.message))
        return merged

    @property
    def requests(self) -> int:
        """How many rows were priced."""
        return sum(group.counts["requests"] for group in self._groups.values())

    @property
    def cost(self) -> Decimal:
        """What all priced rows were charged, in USD, exact."""
        return as_decimal(*self._total().amounts["cost"])

    def _total(self) -> _Sum:
        total = _Sum()
        for group in self._groups.values():
            total.merge(group)
        return total

    def rows(self) -> list[dict[str, Any]]:
        """Return one row a (model, provider), the dearest first: counts, and amounts as decimal text."""
        ranked = sorted(self._groups.items(), key=lambda entry: (-as_decimal(*entry[1].amounts["cost"]), entry[0]))
        return [{"model": model, "provider": provider, **group.to_dict()} for (model, provider), group in ranked]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON holds it: ``total``, ``groups``, ``reconciliation`` (how many rows of each cause), ``differences`` (their USD), ``folded``, ``unpriceable``."""
        return {
            "total": self._total().to_dict(),
            "groups": self.rows(),
            "reconciliation": dict(sorted(self.causes.items())),
            "differences": {cause: plain(*amount) for cause, amount in sorted(self.differences.items())},
            "folded": self.folded,
            "unpriceable": [row.to_dict() for row in self.unpriceable],
        }

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, LogTotals):
            return NotImplemented
        mine, theirs = ({key: group.value() for key, group in totals._groups.items()} for totals in (self, other))  # noqa: SLF001
        return (
            mine == theirs
            and self.causes == other.causes
            and self.folded == other.folded
            and [row.line for row in self.unpriceable] == [row.line for row in other.unpriceable]
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<LogTotals {self.requests} rows, {self.cost} USD, {len(self.unpriceable)} not priced>"
