"""Weights of the draw: the balance of routing.md, the adjusted price of policies.md, each as logarithms to many digits."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from routecore.testing.reference.price import expected_price
from routecore.testing.reference.request import Request, exact, known_percentiles, median, shrunk_rates

if TYPE_CHECKING:
    from routecore.testing.reference.catalog import Endpoint

__all__ = ["log_weights"]

LEAST_SUCCESS = Fraction(1, 100)
LEAST_ADJUSTED_PRICE = Fraction(1, 10**12)


def log_weights(request: Request, endpoints: list[Endpoint]) -> dict[str, Decimal]:
    """The natural logarithm of each eligible endpoint's weight, by its id; in the caller's decimal context."""
    if request.scenario.settings.strategy != "adjusted_price":
        return _balance(request, endpoints)
    if request.scenario.block.partition == "none":
        return _shares(request, endpoints)
    found: dict[str, Decimal] = {}
    for model in request.models:
        of_model = [endpoint for endpoint in endpoints if endpoint.model == model]
        found |= _shares(request, of_model) if of_model else {}
    return found


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)


def _filled(values: list[Fraction | None], where_none_known: int) -> list[Fraction]:
    """Unknown takes the median of the known."""
    known = [value for value in values if value is not None]
    middle = median(known) if known else Fraction(where_none_known)
    return [middle if value is None else value for value in values]


def _p50s(request: Request, endpoints: list[Endpoint], measure: int) -> list[Fraction | None]:
    """The p50 of latency (0) or of throughput (1); one of 0 is not known."""
    values = [known_percentiles(request, endpoint)[measure].get("p50") for endpoint in endpoints]
    return [None if value is None or value == 0 else Fraction(value) for value in values]


def _prices(request: Request, endpoints: list[Endpoint], cached: list[int]) -> list[Fraction | None]:
    context, now = request.scenario.context, request.scenario.now
    return [
        expected_price(endpoint.pricing, context.expected_prompt, context.expected_completion, tokens, now)
        for endpoint, tokens in zip(endpoints, cached, strict=True)
    ]


# The balance ---------------------------------------------------------------------------------------------------------


def _balance(request: Request, endpoints: list[Endpoint]) -> dict[str, Decimal]:
    """price^-a * throughput^b * latency^-c * success^d of each endpoint."""
    exponents = request.scenario.settings.exponents
    prices = _prices(request, endpoints, [0] * len(endpoints))
    positive = [price for price in prices if price is not None and price > 0]
    for_zero = min(positive) / 10 if positive else Fraction(1)
    factors = (
        (_filled([for_zero if price == 0 else price for price in prices], 1), -Decimal(exponents["price"])),
        (_filled(_p50s(request, endpoints, 1), 1), Decimal(exponents["throughput"])),
        (_filled(_p50s(request, endpoints, 0), 1), -Decimal(exponents["latency"])),
        (_successes(request, endpoints), Decimal(exponents["reliability"])),
    )
    logs = [Decimal(0)] * len(endpoints)
    for values, exponent in factors:
        if exponent != 0:
            logs = [log + exponent * _decimal(value).ln() for log, value in zip(logs, values, strict=True)]
    return {endpoint.id: log for endpoint, log in zip(endpoints, logs, strict=True)}


def _successes(request: Request, endpoints: list[Endpoint]) -> list[Fraction]:
    rates = [request.stats_of(endpoint).rates.get("success_rate") for endpoint in endpoints]
    shrunk = shrunk_rates(request, endpoints, rates)
    return [Fraction(1) if success is None else max(success, LEAST_SUCCESS) for success in shrunk]


# The adjusted price --------------------------------------------------------------------------------------------------


def _shares(request: Request, endpoints: list[Endpoint]) -> dict[str, Decimal]:
    """p_i = (1 - n * epsilon) * w_i / sum of w + epsilon, of the endpoints of one set."""
    settings = {key: exact(value) for key, value in request.scenario.settings.adjusted_price.items()}
    adjusted = _adjusted_prices(request, endpoints, settings)
    least = min(adjusted)
    logs = []
    for price in adjusted:
        behind = price / least - 1
        logs.append(-_decimal(settings["fade"] * behind) - _log_one_plus_exp(_decimal((behind - settings["edge"]) / settings["width"])))
    largest = max(logs)
    log_total = largest + sum(((log - largest).exp() for log in logs), Decimal(0)).ln()
    count = len(endpoints)
    epsilon = min(settings["floor"], Fraction(1, 2 * count))
    spread = _decimal(1 - count * epsilon)
    if epsilon == 0:
        return {endpoint.id: log - log_total for endpoint, log in zip(endpoints, logs, strict=True)}
    return {endpoint.id: (spread * (log - log_total).exp() + _decimal(epsilon)).ln() for endpoint, log in zip(endpoints, logs, strict=True)}


def _log_one_plus_exp(power: Decimal) -> Decimal:
    """ln(1 + e^x), where e^x itself may be too large for any use."""
    return power + (1 + (-power).exp()).ln() if power > 0 else (1 + power.exp()).ln()


def _adjusted_prices(request: Request, endpoints: list[Endpoint], settings: dict[str, Fraction]) -> list[Fraction]:
    """G_i in USD of this request, never below 1e-12."""
    context = request.scenario.context
    rates = [request.stats_of(endpoint).rates for endpoint in endpoints]
    cached = [int(context.expected_prompt * exact(rate.get("cached_share", 0))) for rate in rates]
    prices = _filled(_prices(request, endpoints, cached), 0)
    latencies = _filled(_p50s(request, endpoints, 0), 0)
    speeds = _p50s(request, endpoints, 1)
    writing = [Fraction(0)] * len(endpoints)
    if any(speed is not None for speed in speeds):
        writing = [context.expected_completion / speed for speed in _filled(speeds, 1)]
    errors = [rate.get("error_rate", None if "success_rate" not in rate else float(1 - exact(rate["success_rate"]))) for rate in rates]
    shrunk = [shrunk_rates(request, endpoints, one) for one in (errors, *([r.get(key) for r in rates] for key in ("tool_error_rate", "rate_limit_rate")))]
    found = []
    for price, latency, seconds, error, tool_error, rate_limit in zip(prices, latencies, writing, *shrunk, strict=True):
        penalty = (
            1
            + settings["error_penalty"] * (error or 0)
            + settings["tool_error_penalty"] * (tool_error or 0)
            + settings["rate_limit_penalty"] * (rate_limit or 0)
        )
        time = settings["time_value"] / 3600 * (latency + seconds) + settings["first_token_value"] / 3600 * latency
        found.append(max(price * penalty + time, LEAST_ADJUSTED_PRICE))
    return found
