"""What one response costs: a usage times the active rates, item by item, exact; then discount, own keys and insurance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from routecore.cost.breakdown import CostBreakdown
from routecore.cost.context import PLAIN, CostContext
from routecore.cost.insurance import CHARGED_REASONS, is_insured
from routecore.cost.items import every_item
from routecore.pricing.price_list import Pricing
from routecore.usage.counts import Usage
from routecore.usage.fields import plain_counts

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["calculate_cost"]


def calculate_cost(  # one straight path through the hottest function; each call it saves is a tenth of its time
    pricing: Pricing | Mapping[str, Any] | None,
    usage: Usage | Mapping[str, Any],
    *,
    finish_reason: str | None = None,
    context: CostContext | Mapping[str, Any] | None = None,
) -> CostBreakdown:
    """Return what a response costs, exact to the femtodollar.

    A missing price is not zero: tokens that have neither a price of their own nor one to fall back to are refused. Source: the platform's documentation,
    § Billing Tracking; its sample response is this example, which it shows as 0.000235.

    Args:
        pricing: The price list, parsed or as the wire's object, in USD a token or unit. ``None``, as of an endpoint without prices, is unknown and refused.
        usage: What the provider reported, parsed or as it stood in the response.
        finish_reason: The response's; ``None`` or blank counts for insurance.
        context: What ``CostContext.parse`` reads: BYOK, fee and discount rates, the time of the request.

    Returns:
        The breakdown, with each item, the list cost, the charge, and every count that was odd.

    Raises:
        InvalidPricing: The price list cannot be read.
        InvalidUsage: The usage cannot be read.
        InvalidRequest: The context or the finish reason cannot be read.
        UnpricedUsage: Tokens were used that nothing prices.

    Example:
        >>> cost = calculate_cost(
        ...     {"prompt": "0.0000002", "completion": "0.0000005", "input_cache_read": "0.00000005"},
        ...     {"prompt_tokens": 163, "completion_tokens": 450, "prompt_tokens_details": {"cached_tokens": 151}},
        ...     finish_reason="stop")
        >>> cost.cost, cost.item("prompt_cost"), cost.item("prompt_cache_read_cost")
        (Decimal('0.00023495'), Decimal('0.0000024'), Decimal('0.00000755'))
    """
    if type(pricing) is not Pricing:
        pricing = Pricing.parse(pricing)
    if context is None:
        context = PLAIN
    elif type(context) is not CostContext:
        context = CostContext.parse(context)
    if type(usage) is not Usage:
        usage = Usage.parse(usage, strict=context.strict)
    elif context.strict and usage.anomalies:
        raise usage.impossible()
    text, cached, five, hour, out, reasoning, is_plain = plain_counts(usage)
    read = text + cached + five + hour if is_plain else usage.prompt_tokens
    ladder = pricing.ladder_of_default() if context.plain else pricing.ladder(context.tier, context.region)
    rates = ladder.flat
    if rates is None:
        rates = ladder.rates(read, context.instant)
    simple = rates.simple
    if not is_plain or simple is None:
        items = every_item(usage, rates)
        total = sum(items)
    else:
        prompt_rate, read_rate, five_rate, hour_rate, completion_rate, reasoning_rate, request = simple
        prompt, reads, fives, hours = text * prompt_rate, cached * read_rate, five * five_rate, hour * hour_rate
        if reasoning_rate is None:
            completion, reasons = (out + reasoning) * completion_rate, 0
        else:
            completion, reasons = out * completion_rate, reasoning * reasoning_rate
        items = (prompt, completion, reads, fives, hours, reasons, 0, 0, 0, 0, 0, 0, request)
        total = prompt + completion + reads + fives + hours + reasons + request
    if finish_reason.__class__ is str and finish_reason in CHARGED_REASONS:
        insured = False
    else:
        insured = is_insured(finish_reason, context.kind, has_output=usage.has_output)
    return CostBreakdown(pricing, usage, context, rates, items, total, insured)
