"""Pricing a log row by row, each against the endpoint that served it; and every row that could not be priced, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from routecore.cost.calculate import calculate_cost
from routecore.cost.context import CostContext
from routecore.cost.reconcile import Reconciliation, reconcile
from routecore.errors import Fault, InvalidRequest, RoutecoreError
from routecore.reading.checks import lower
from routecore.usage.counts import Usage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from routecore.catalog.catalog import Catalog
    from routecore.catalog.endpoint import Endpoint
    from routecore.cost.breakdown import CostBreakdown

__all__ = ["PricedRow", "UnpriceableRow", "price_log", "price_row"]


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
