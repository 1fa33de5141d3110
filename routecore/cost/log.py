"""Pricing a log row by row, each against the endpoint that served it; and every row that could not be priced, by name."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from routecore.cost.calculate import calculate_cost
from routecore.cost.context import CostContext
from routecore.cost.reconcile import Reconciliation, reconcile_rate
from routecore.cost.reported import reported_cost
from routecore.cost.served import served_by
from routecore.errors import Fault, InvalidRequest, RoutecoreError
from routecore.pricing.money import as_decimal, plain
from routecore.pricing.rate import plus
from routecore.usage.counts import Usage
from routecore.usage.formats.anthropic import passes_of_other_models
from routecore.usage.report import Anomaly

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from decimal import Decimal

    from routecore.catalog.catalog import Catalog
    from routecore.catalog.endpoint import Endpoint
    from routecore.cost.breakdown import CostBreakdown
    from routecore.pricing.price_list import Pricing
    from routecore.pricing.rate import Rate

__all__ = ["PricedPass", "PricedRow", "UnpriceableRow", "price_log", "price_row"]

_LONGEST_ID: Final = 256


class PricedPass(NamedTuple):
    """A pass of a response that another model made (an advisor, a fallback that declined), with its price at that model's endpoint."""

    endpoint: Endpoint
    breakdown: CostBreakdown


class PricedRow(NamedTuple):
    """A row of the log with its price: ``line`` counts from 1; ``reconciliation`` is there where the row tells what the provider reported.

    ``anomalies`` are those of the row beside the breakdown's: an unreadable cost, a pass of an unknown model. ``passes`` are billed beside ``breakdown``.
    Rows of one ``response_id`` are one response (``LogTotals`` counts the last ``whole`` one): a row is whole where it tells how the response ended.
    """

    line: int
    endpoint: Endpoint
    breakdown: CostBreakdown
    reconciliation: Reconciliation | None
    anomalies: tuple[Anomaly, ...] = ()
    passes: tuple[PricedPass, ...] = ()
    response_id: str | None = None
    whole: bool = True

    @property
    def cost(self) -> Decimal:
        """What the account is charged for the response, all passes together, in USD."""
        return as_decimal(*_charge(self.breakdown, self.passes))


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
    or ``slug``, ``finish_reason``, ``context``, ``id`` (of the response), and ``cost`` (what the provider reported) for reconciliation. A response body as a
    provider sends it is such a row: its finish reason is that of its first choice, its ``created`` the time, its ``service_tier`` the served tier, where the row
    says nothing else. What the usage itself states (``service_tier``, ``speed``, ``inference_geo``, ``is_byok``) counts where neither says anything.

    Args:
        row: The row. Rows of other writers' logs are made into such ones by ``routecore.cost.logs``.
        catalog: The endpoints, with their prices.
        line: The number of the row, for the errors.

    Returns:
        The row with its breakdown, what it says it cost held against that, and its anomalies. A reported cost that cannot be read is one of them.

    Raises:
        InvalidRequest: No single endpoint is named, or the context or the finish reason is none.
        InvalidUsage, UnpricedUsage: As ``calculate_cost`` raises them.

    Example:
        >>> from routecore import Catalog
        >>> catalog = Catalog.from_mapping({"endpoints": [{"model": "a/b", "provider": "p", "pricing": {"prompt": "0.000001", "completion": "0.000002"}}]})
        >>> price_row({"model": "a/b", "provider": "P", "usage": {"prompt_tokens": 10, "completion_tokens": 1}, "finish_reason": "stop"}, catalog).cost
        Decimal('0.000012')
    """
    if not isinstance(row, dict):
        raise InvalidRequest([Fault("row", row, "an object with usage, model and provider")])
    endpoint = served_by(row, catalog)
    if endpoint.pricing is None:
        raise InvalidRequest([Fault("endpoint", endpoint.id, "an endpoint whose prices the catalog knows")])
    raw = row.get("context")
    if raw is not None and not isinstance(raw, dict):
        CostContext.parse(raw)
    told: Mapping[str, Any] = raw or {}
    strict = told.get("strict") is True
    body, model = _usage(row), row.get("model")
    anomalies: list[Anomaly] = []
    passes: list[PricedPass] = []
    others: list[dict[str, Any]] = []
    if isinstance(body, dict) and body.get("iterations"):
        body, others = passes_of_other_models(body, model if isinstance(model, str) else endpoint.model)
    usage = Usage.parse(body, row.get("usage_format"), strict=strict)
    finish_reason = _finish_reason(row)
    for other in others:
        priced = _pass(other, row, usage, catalog, endpoint, told)
        passes.append(priced)
        if priced.endpoint is endpoint:
            anomalies.append(Anomaly("unknown_model", "usage.iterations", other["model"], endpoint.model))
    breakdown = calculate_cost(endpoint.pricing, usage, finish_reason=finish_reason, context=_context(row, told, usage, endpoint.pricing))
    reported, odd = reported_cost(row)
    if odd is not None:
        anomalies.append(odd)
    checked = None if reported is None else _reconciled(breakdown, tuple(passes), reported)
    whole = finish_reason is not None and str(finish_reason).strip() != ""
    return PricedRow(line, endpoint, breakdown, checked, tuple(anomalies), tuple(passes), _response_id(row), whole)


def price_log(rows: Iterable[object], catalog: Catalog, *, first_line: int = 1) -> Iterator[PricedRow | UnpriceableRow]:
    """Price the rows of a log one by one, lazily. What could not be priced comes back in its place, never silently dropped.

    Rows that repeat a response come back each: add them to ``LogTotals``, which counts a response once.

    Args:
        rows: Rows as ``price_row`` takes them. A row may also be a ``RoutecoreError`` that the reader of the file met (a line that is no JSON): it is passed on.
        catalog: The endpoints, with their prices.
        first_line: The number of the first row, for the errors.

    Returns:
        For each row a ``PricedRow`` or an ``UnpriceableRow``.

    Example:
        >>> from routecore import Catalog
        >>> catalog = Catalog.from_mapping({"endpoints": [{"model": "a/b", "provider": "p", "pricing": {"prompt": "0.000001", "completion": "0.000002"}}]})
        >>> row = {"model": "a/b", "provider": "p", "usage": {"prompt_tokens": 10, "completion_tokens": 5}, "finish_reason": "stop"}
        >>> [type(one).__name__ for one in price_log([row, {"model": "a/c"}], catalog)]
        ['PricedRow', 'UnpriceableRow']
    """
    for line, row in enumerate(rows, first_line):
        if isinstance(row, RoutecoreError):
            yield UnpriceableRow(line, row)
            continue
        try:
            yield price_row(row, catalog, line=line)
        except RoutecoreError as error:
            yield UnpriceableRow(line, error)


def _pass(other: Mapping[str, Any], row: Mapping[str, Any], usage: Usage, catalog: Catalog, endpoint: Endpoint, told: Mapping[str, Any]) -> PricedPass:
    """Price one pass at its own model's endpoint of the same provider; at the row's where the catalog does not have it, which the caller tells."""
    try:
        found = served_by({"model": other["model"], "provider": row.get("provider") or endpoint.provider}, catalog)
    except InvalidRequest:
        found = endpoint
    found = found if found.pricing is not None else endpoint
    assert found.pricing is not None
    counts = Usage.parse({key: value for key, value in other.items() if key not in {"model", "type"}}, "anthropic")
    # the pass was made in the response's own circumstances
    context = _context(row, told, counts._replace(stated=usage.stated), found.pricing)
    return PricedPass(found, calculate_cost(found.pricing, counts, finish_reason="stop", context=context))


def _charge(breakdown: CostBreakdown, passes: tuple[PricedPass, ...]) -> Rate:
    total = breakdown.charge()
    for one in passes:
        total = plus(total, one.breakdown.charge())
    return total


def _reconciled(breakdown: CostBreakdown, passes: tuple[PricedPass, ...], reported: Rate) -> Reconciliation:
    """Hold the reported cost against the breakdown; what other models' passes cost is taken as it was priced."""
    extra: Rate = (0, 0)
    for one in passes:
        extra = plus(extra, one.breakdown.charge())
    rest = plus(reported, (-extra[0], extra[1]))
    found = reconcile_rate(breakdown, rest if rest[0] >= 0 else reported)
    if rest[0] < 0 or not passes:
        return found
    return found._replace(reported=as_decimal(*reported), computed=as_decimal(*plus(breakdown.charge(), extra)))


def _context(row: Mapping[str, Any], told: Mapping[str, Any], usage: Usage, pricing: Pricing) -> CostContext:
    """Return the context: what the caller says, then what the row says, then what the usage states."""
    stated = usage.stated
    details = row.get("cost_details")
    byok = next((value for value in (details.get("is_byok") if isinstance(details, dict) else None, row.get("is_byok")) if value is not None), None)
    region = None if stated is None or stated.region is None else pricing.regions.get(stated.region)
    complete = dict(told)
    for key, value in (
        ("served_tier", row.get("service_tier") or (None if stated is None else stated.tier)),
        ("time_utc", _time(row)),
        ("is_byok", byok if byok is not None or stated is None else stated.is_byok),
        ("region_multiplier", None if region is None else plain(*region)),
    ):
        if value is not None:
            complete.setdefault(key, value)
    return CostContext.parse(complete)


def _time(row: Mapping[str, Any]) -> object:
    """Return the row's time: ``time_utc`` as written, else ``created`` in seconds since the epoch."""
    if row.get("time_utc") is not None:
        return row["time_utc"]
    created = row.get("created")
    if isinstance(created, (int, float)) and not isinstance(created, bool) and 0 <= created < 1e11:
        return datetime.fromtimestamp(created, UTC)
    return None


def _usage(row: Mapping[str, Any]) -> object:
    """Return the usage, under the name that the response's dialect has for it: Gemini's, over REST and through the SDK, and Cohere's first version."""
    for key in ("usage", "usageMetadata", "usage_metadata"):
        if row.get(key) is not None:
            return row[key]
    meta = row.get("meta")
    return meta if isinstance(meta, dict) and "billed_units" in meta else None


def _finish_reason(row: Mapping[str, Any]) -> Any:  # noqa: ANN401 - checked by the calculator
    if "finish_reason" in row:
        return row["finish_reason"]
    choices = row.get("choices")
    if isinstance(choices, (list, tuple)) and choices and isinstance(choices[0], dict):
        return choices[0].get("finish_reason")
    candidates = row.get("candidates")
    if isinstance(candidates, (list, tuple)) and candidates and isinstance(candidates[0], dict):
        return candidates[0].get("finishReason", candidates[0].get("finish_reason"))
    # the messages and responses dialects
    return row.get("stop_reason", row.get("status"))


def _response_id(row: Mapping[str, Any]) -> str | None:
    for key in ("response_id", "id"):
        value = row.get(key)
        if isinstance(value, str) and 0 < len(value) <= _LONGEST_ID:
            return value
    return None
