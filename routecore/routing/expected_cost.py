"""What a whole plan is expected to cost: attempt by attempt, weighted by the chance that all before it failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from routecore.errors import Fault, InvalidRequest
from routecore.pricing.money import PLACES, RATE_EXPECTED, as_decimal, read_rate, usd
from routecore.pricing.rate import plus, product

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from decimal import Decimal

    from routecore.pricing.rate import Rate

__all__ = ["ExpectedCost", "expected_cost"]

_NOMINAL: Final = (3000, 1000)
"""Prompt and completion tokens of a request without estimates, as ranking takes them."""


class ExpectedCost(NamedTuple):
    """Expectations of one plan, in USD, exact.

    ``charged`` is what the account is expected to pay; ``upstream`` what providers are expected to bill, failed attempts too; ``failure`` the chance that every
    attempt fails. ``charged`` and ``upstream`` are ``None`` where an attempt that may be reached has no price; ``unpriced`` names those attempts.
    """

    charged: Decimal | None
    upstream: Decimal | None
    failure: Decimal
    unpriced: tuple[str, ...]


def expected_cost(
    plan: Iterable[Any],
    stats: Mapping[str, Any],
    *,
    prompt_tokens: int | None = None,
    completion_tokens: int | None = None,
    byok_fee_rate: Decimal | float | str = 0,
    billed_failures: Decimal | float | str = 1,
) -> ExpectedCost:
    """Return what trying a plan's attempts in order is expected to cost.

    An attempt that succeeds costs its expected price (through the caller's own key: ``byok_fee_rate`` of it). One that fails is insured, so it charges nothing;
    upstream, a share of the failures bill their prompt, at the endpoint's prices.

    Args:
        plan: The attempts, in order.
        stats: Endpoint id to what has a ``success_rate`` (0 to 1), as ``Facts.stats``. An unknown rate counts as 1: the attempt succeeds.
        prompt_tokens: Missing, those of the plan's context, else nominal (3,000).
        completion_tokens: Missing, those of the plan's context, else nominal (1,000).
        byok_fee_rate: The share of the upstream price that an own key's request is charged, 0 to 1.
        billed_failures: The share of failures that bill their prompt upstream, 0 to 1; all of them is the careful reading.

    Returns:
        Charge, upstream cost and the probability that all fail.

    Raises:
        InvalidRequest: A rate is none.

    Example:
        >>> from routecore.routing.attempt import Attempt
        >>> from types import SimpleNamespace as Endpoint
        >>> from routecore.pricing.price_list import Pricing
        >>> cheap = Endpoint(id="m@cheap", pricing=Pricing.parse({"prompt": "0.000001", "completion": "0.000002"}))
        >>> sure = Endpoint(id="m@sure", pricing=Pricing.parse({"prompt": "0.000002", "completion": "0.000004"}))
        >>> plan = [Attempt(endpoint, endpoint.id, None, 1.0, endpoint.pricing.quote_femtodollars(1000, 500)) for endpoint in (cheap, sure)]
        >>> cost = expected_cost(plan, {"m@cheap": {"success_rate": 0.75}}, prompt_tokens=1000, completion_tokens=500)
        >>> cost.charged, cost.upstream, cost.failure  # 0.75 × 0.002 + 0.25 × 0.004; upstream also 0.25 × the first prompt
        (Decimal('0.0025'), Decimal('0.00275'), Decimal('0'))
    """
    faults: list[Fault] = []
    fee, billed = _rate(byok_fee_rate, "byok_fee_rate", faults), _rate(billed_failures, "billed_failures", faults)
    context = getattr(getattr(plan, "case", None), "context", None)
    prompt = next((tokens for tokens in (prompt_tokens, getattr(context, "prompt_tokens", None)) if tokens is not None), _NOMINAL[0])
    completion = completion_tokens if completion_tokens is not None else getattr(context, "completion_tokens", None)
    told = prompt_tokens is not None or completion_tokens is not None
    completion = _NOMINAL[1] if completion is None else completion
    reached: Rate = (1, 0)
    charged: Rate = (0, 0)
    upstream: Rate = (0, 0)
    unpriced = []
    for attempt in plan:
        if reached[0] == 0:
            break
        endpoint = attempt.endpoint
        success = _success(stats.get(endpoint.id), endpoint.id, faults)
        failure = (10 ** success[1] - success[0], success[1])
        quote = endpoint.pricing.quote_femtodollars(prompt, completion) if told and endpoint.pricing is not None else attempt.quote
        if quote is None:
            unpriced.append(attempt.key)
        else:
            price, prompt_only = _units(quote), _units(endpoint.pricing.quote_femtodollars(prompt, 0))
            served = product(reached, success, price)
            charged = plus(charged, product(served, fee) if attempt.key_id is not None else served)
            upstream = plus(plus(upstream, served), product(reached, failure, billed, prompt_only))
        reached = product(reached, failure)
    if faults:
        raise InvalidRequest(faults)
    if unpriced:
        return ExpectedCost(None, None, as_decimal(*reached), tuple(unpriced))
    return ExpectedCost(as_decimal(*charged), as_decimal(*upstream), as_decimal(*reached), ())


def _rate(value: object, path: str, faults: list[Fault]) -> Rate:
    rate = read_rate(value)
    if rate is None:
        faults.append(Fault(path, value, RATE_EXPECTED))
        return 0, 0
    return rate


def _success(stats: Any, endpoint_id: str, faults: list[Fault]) -> Rate:  # noqa: ANN401 - facts, or a mapping of the same shape
    value = stats.get("success_rate") if isinstance(stats, dict) else getattr(stats, "success_rate", None)
    if value is None:
        return 1, 0
    rate = read_rate(value)
    if rate is None or rate[0] > 10 ** rate[1]:
        faults.append(Fault(f"stats.{endpoint_id}.success_rate", value, "a share from 0 to 1"))
        return 1, 0
    return rate


def _units(quote: int | Decimal) -> Rate:
    """Return a quote in femtodollars as (n, k), n × 10^-k USD."""
    rate = (quote, PLACES) if isinstance(quote, int) else read_rate(usd(quote))
    assert rate is not None
    return rate
