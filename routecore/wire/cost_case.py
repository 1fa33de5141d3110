"""One cost case of the wire, answered: prices, usage and circumstances in, the breakdown or an error body out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from routecore.cost.calculate import calculate_cost
from routecore.cost.context import CostContext
from routecore.errors import Fault, InvalidRequest, RoutecoreError
from routecore.pricing.price_list import Pricing
from routecore.usage.counts import Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["cost_case"]


def cost_case(case: Mapping[str, Any]) -> dict[str, Any]:
    """Answer one cost case of the wire: the breakdown, or an error body. Never raises.

    Args:
        case: An object with ``pricing``, ``usage``, ``usage_format``, ``finish_reason`` and ``context``. Other keys are ignored.

    Returns:
        The breakdown as ``CostBreakdown.to_dict`` gives it; for faults ``{"error": {...}}`` with the type ``invalid_pricing``, ``invalid_usage``,
        ``invalid_request`` or ``unpriced_usage``. Faults are looked for in this order: the pricing, the context and finish reason, the usage.

    Example:
        >>> cost_case({"pricing": {"prompt": "0.000001"}, "usage": {"prompt_tokens": 5, "completion_tokens": 2}})["error"]["type"]
        'unpriced_usage'
    """
    try:
        if not isinstance(case, dict):
            raise InvalidRequest([Fault("case", case, "an object with pricing and usage")])
        pricing = Pricing.parse(case.get("pricing"))
        faults: list[Fault] = []
        context = CostContext.parse(case.get("context"), faults=faults)
        reason = case.get("finish_reason")
        if reason is not None and not isinstance(reason, str):
            faults.append(Fault("finish_reason", reason, "text, or null"))
        if faults:
            raise InvalidRequest(faults)
        usage = Usage.parse(case.get("usage"), case.get("usage_format"), strict=context.strict)
        return calculate_cost(pricing, usage, finish_reason=reason, context=context).to_dict()
    except RoutecoreError as error:
        return error.to_dict()
