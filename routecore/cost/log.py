"""Pricing a whole log: each row against the endpoint that served it, totals by model and provider, and every row that could not be priced, by name.

Totals are exact whole numbers, so their sum is the same in any order and any partition: ``a.merge(b)`` is associative and commutative.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from routecore.cost.breakdown import CostBreakdown, calculate_cost
from routecore.cost.context import CostContext
from routecore.cost.reconcile import Reconciliation, reconcile
from routecore.errors import Fault, InvalidRequest, RoutecoreError
from routecore.pricing.money import Rate, as_decimal, plain, reduced
from routecore.reading.checks import lower
from routecore.usage.counts import Usage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from decimal import Decimal

    from routecore.catalog.catalog import Catalog
    from routecore.catalog.endpoint import Endpoint

__all__ = ["LogTotals", "PricedRow", "UnpriceableRow", "price_log", "price_row"]

_SUMS: Final = ("cost", "list_cost", "uncached_list_cost", "upstream_cost", "insured_cost")
_COUNTS: Final = ("requests", "prompt_tokens", "cached_tokens", "completion_tokens", "insured", "anomalous")


class PricedRow(NamedTuple):
    """A row of the log with its price: ``line`` counts from 1; ``reconciliation`` is there where the row tells what the provider reported."""

    line: int
    endpoint: Endpoint
    breakdown: CostBreakdown
    reconciliation: Reconciliation | None


class UnpriceableRow(NamedTuple):
    """A row that could not be priced, and why: the error says which value at which path."""

    line: int
    error: RoutecoreError

    def to_dict(self) -> dict[str, Any]:
        """Return the row as JSON holds it: its line, and the error's type, path and message."""
        return {"line": self.line, "type": self.error.type, "param": self.error.param, "message": self.error.message}


def price_row(row: object, catalog: Catalog, *, line: int = 1) -> PricedRow:
    """Return the price of one row of a log.

    A row is an object: ``usage`` (with ``usage_format``, if it is known), ``endpoint`` (an id such as ``model@provider/variant``) or ``model`` and ``provider``
    or ``slug``, ``finish_reason``, ``context``, and ``cost`` (what the provider reported) for reconciliation. A response body as the platform sends it is
    such a row: its finish reason is that of its first choice, its ``created`` the time, its ``service_tier`` the served tier, where the row says nothing else.

    Raises ``InvalidRequest`` where no single endpoint is named, or ``InvalidUsage``, ``InvalidPricing``, ``UnpricedUsage`` as ``calculate_cost`` does.
    """
    if not isinstance(row, dict):
        raise InvalidRequest([Fault("row", row, "an object with usage, model and provider")])
    endpoint = _endpoint(row, catalog)
    if endpoint.pricing is None:
        raise InvalidRequest([Fault("endpoint", endpoint.id, "an endpoint whose prices the catalog knows")])
    context = _context(row)
    usage = Usage.parse(row.get("usage"), row.get("usage_format"), strict=context.strict)
    breakdown = calculate_cost(endpoint.pricing, usage, finish_reason=_finish_reason(row), context=context)
    reported = row.get("cost")
    body = row.get("usage")
    if reported is None and isinstance(body, dict):
        reported = body.get("cost")
    return PricedRow(line, endpoint, breakdown, None if reported is None else reconcile(breakdown, reported))


def price_log(rows: Iterable[object], catalog: Catalog, *, first_line: int = 1) -> Iterator[PricedRow | UnpriceableRow]:
    """Price the rows of a log one by one, lazily: what could not be priced comes back as an ``UnpriceableRow`` in its place, never silently dropped.

    A row may also be a ``RoutecoreError`` that the reader of the file met (a line that is no JSON): it is passed on under its line.
    """
    for line, row in enumerate(rows, first_line):
        if isinstance(row, RoutecoreError):
            yield UnpriceableRow(line, row)
            continue
        try:
            yield price_row(row, catalog, line=line)
        except RoutecoreError as error:
            yield UnpriceableRow(line, error)


def _endpoint(row: Mapping[str, Any], catalog: Catalog) -> Endpoint:
    """Return the one endpoint that the row names; prices are never guessed from another provider's."""
    named = row.get("endpoint")
    if isinstance(named, str):
        found = catalog.get(named) or catalog.get(lower(named))
        if found is not None:
            return found
        raise InvalidRequest([Fault("endpoint", named, "the id of an endpoint of the catalog")])
    model = row.get("model")
    offers = [endpoint for _, endpoint in catalog.rows(model)] if isinstance(model, str) else []
    if not offers:
        raise InvalidRequest([Fault("model", model, "a model of the catalog")])
    slug, provider = row.get("slug"), row.get("provider")
    for path, value, attribute in (("slug", slug, "slug"), ("provider", provider, "provider")):
        if value is None:
            continue
        kept = [endpoint for endpoint in offers if isinstance(value, str) and getattr(endpoint, attribute) == lower(value)]
        # a provider that names its variant, as logs do
        kept = kept or [endpoint for endpoint in offers if isinstance(value, str) and endpoint.slug == lower(value)]
        if not kept:
            raise InvalidRequest([Fault(path, value, f"one of {', '.join(endpoint.slug for endpoint in offers)}, which serve {model!r}")])
        offers = kept
    if len(offers) > 1:
        # the provider's plain slug is the endpoint itself, not one of its variants
        plain_ones = [endpoint for endpoint in offers if endpoint.slug == endpoint.provider] if provider is not None else []
        if len(plain_ones) != 1:
            names = ", ".join(endpoint.slug for endpoint in offers)
            raise InvalidRequest([Fault("slug" if provider is not None else "provider", slug, f"given: {model!r} is served by {names}")])
        offers = plain_ones
    return offers[0]


def _context(row: Mapping[str, Any]) -> CostContext:
    raw = row.get("context")
    if raw is not None and not isinstance(raw, dict):
        return CostContext.parse(raw)
    told = dict(raw or {})
    details = row.get("cost_details")
    for key, value in (
        ("served_tier", row.get("service_tier")),
        ("time_utc", _created(row)),
        ("is_byok", details.get("is_byok") if isinstance(details, dict) else None),
    ):
        if value is not None:
            told.setdefault(key, value)
    return CostContext.parse(told)


def _created(row: Mapping[str, Any]) -> object:
    """Return the row's time: ``time_utc`` as written, else ``created`` in seconds since the epoch."""
    from datetime import UTC, datetime

    if row.get("time_utc") is not None:
        return row["time_utc"]
    created = row.get("created")
    if isinstance(created, (int, float)) and not isinstance(created, bool) and 0 <= created < 1e11:
        return datetime.fromtimestamp(created, UTC)
    return None


def _finish_reason(row: Mapping[str, Any]) -> Any:  # noqa: ANN401 - checked by the calculator
    if "finish_reason" in row:
        return row["finish_reason"]
    choices = row.get("choices")
    if isinstance(choices, (list, tuple)) and choices and isinstance(choices[0], dict):
        return choices[0].get("finish_reason")
    # the messages and responses dialects
    return row.get("stop_reason", row.get("status"))


class _Sum:
    """One group's totals: counts, and exact amounts as whole numbers of 10^-places USD."""

    __slots__ = ("amounts", "counts", "places")

    def __init__(self) -> None:
        self.counts = [0] * len(_COUNTS)
        self.amounts = [0] * len(_SUMS)
        self.places = 0

    def add(self, index: int, amount: Rate) -> None:
        number, places = amount
        if places > self.places:
            scale = 10 ** (places - self.places)
            self.amounts = [value * scale for value in self.amounts]
            self.places = places
        self.amounts[index] += number * 10 ** (self.places - places)

    def merge(self, other: _Sum) -> None:
        self.counts = [left + right for left, right in zip(self.counts, other.counts, strict=True)]
        for index, number in enumerate(other.amounts):
            self.add(index, (number, other.places))

    def value(self) -> tuple[tuple[int, ...], tuple[Rate, ...]]:
        return tuple(self.counts), tuple(reduced(number, self.places) for number in self.amounts)

    def to_dict(self) -> dict[str, Any]:
        amounts = {name: plain(number, self.places) for name, number in zip(_SUMS, self.amounts, strict=True)}
        savings = self.amounts[2] - self.amounts[1]
        return {**dict(zip(_COUNTS, self.counts, strict=True)), **amounts, "cache_savings": plain(savings, self.places)}


class LogTotals:
    """Exact totals of a log, by (model, provider). Mergeable: the total of a log is the sum of its rows in any order and any partition.

    >>> from routecore.catalog.catalog import Catalog
    >>> catalog = Catalog.from_mapping({"endpoints": [{"model": "a/b", "provider": "p", "pricing": {"prompt": "0.000001", "completion": "0.000002"}}]})
    >>> row = {"model": "a/b", "provider": "p", "usage": {"prompt_tokens": 1000, "completion_tokens": 10}, "finish_reason": "stop"}
    >>> totals = LogTotals()
    >>> for priced in price_log([row, row, {"model": "a/b", "usage": 7}], catalog):
    ...     totals.add(priced)
    >>> totals.cost, [(unpriceable.line, unpriceable.error.param) for unpriceable in totals.unpriceable]
    (Decimal('0.00204'), [(3, 'usage')])
    """

    __slots__ = ("_groups", "causes", "unpriceable")

    def __init__(self) -> None:
        self._groups: dict[tuple[str, str], _Sum] = {}
        self.unpriceable: list[UnpriceableRow] = []
        self.causes: dict[str, int] = {}

    def add(self, row: PricedRow | UnpriceableRow) -> None:
        """Add one row of ``price_log``."""
        if isinstance(row, UnpriceableRow):
            self.unpriceable.append(row)
            return
        endpoint, breakdown = row.endpoint, row.breakdown
        key = (endpoint.model, endpoint.provider)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = _Sum()
        usage, places = breakdown.usage, breakdown.places
        counts = group.counts
        counts[0] += 1
        counts[1] += usage.prompt_tokens
        counts[2] += usage.cached + usage.cached_audio + usage.cached_image
        counts[3] += usage.completion_tokens
        counts[4] += breakdown.insured
        counts[5] += bool(breakdown.anomalies)
        uncached = breakdown.uncached_units()
        group.add(0, breakdown.charge())
        group.add(1, (breakdown.list_units, places))
        group.add(2, (breakdown.list_units if uncached is None else uncached, places))
        group.add(3, breakdown.upstream())
        if breakdown.insured:
            group.add(4, breakdown.upstream())
        if row.reconciliation is not None:
            cause = row.reconciliation.cause
            self.causes[cause] = self.causes.get(cause, 0) + 1

    def merge(self, other: LogTotals) -> LogTotals:
        """Return the totals of both logs; neither changes."""
        merged = LogTotals()
        for part in (self, other):
            for key, group in part._groups.items():  # noqa: SLF001 - the same class
                merged._groups.setdefault(key, _Sum()).merge(group)
            for cause, number in part.causes.items():
                merged.causes[cause] = merged.causes.get(cause, 0) + number
        merged.unpriceable = sorted([*self.unpriceable, *other.unpriceable], key=lambda row: (row.line, row.error.message))
        return merged

    @property
    def requests(self) -> int:
        """How many rows were priced."""
        return sum(group.counts[0] for group in self._groups.values())

    @property
    def cost(self) -> Decimal:
        """What all priced rows were charged, in USD, exact."""
        total = self._total()
        return as_decimal(total.amounts[0], total.places)

    def _total(self) -> _Sum:
        total = _Sum()
        for group in self._groups.values():
            total.merge(group)
        return total

    def rows(self) -> list[dict[str, Any]]:
        """Return one row a (model, provider), the dearest first: counts, and amounts as decimal text."""
        ranked = sorted(self._groups.items(), key=lambda entry: (-as_decimal(entry[1].amounts[0], entry[1].places), entry[0]))
        return [{"model": model, "provider": provider, **group.to_dict()} for (model, provider), group in ranked]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON holds it: ``total``, ``groups``, ``reconciliation`` (how many rows of each cause), ``unpriceable``."""
        return {
            "total": self._total().to_dict(),
            "groups": self.rows(),
            "reconciliation": dict(sorted(self.causes.items())),
            "unpriceable": [row.to_dict() for row in self.unpriceable],
        }

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, LogTotals):
            return NotImplemented
        mine, theirs = ({key: group.value() for key, group in totals._groups.items()} for totals in (self, other))  # noqa: SLF001
        return mine == theirs and self.causes == other.causes and [row.line for row in self.unpriceable] == [row.line for row in other.unpriceable]

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<LogTotals {self.requests} rows, {self.cost} USD, {len(self.unpriceable)} not priced>"
