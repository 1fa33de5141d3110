"""What a caller of OpenRouter's dialect is told of a decision: ``openrouter_metadata`` of an answer, and what a failure's ``metadata`` holds.

The shapes are those of OpenRouter's documentation (§ Router Metadata, of November 2026), which calls them experimental.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from routecore.errors import NoEligibleEndpoint
    from routecore.routing.attempt import Attempt
    from routecore.routing.case import Case

__all__ = ["answer_metadata", "failure_metadata"]

STEPS: Final = {
    "catalog": "Initial Endpoints",
    "account.data_collection": "Filter by Data Policy",
    "account.training": "Filter by Data Policy",
    "account.zdr": "Filter by Data Policy",
    "data_collection": "Filter by Data Policy",
    "zdr": "Filter by Data Policy",
    "tools": "Filter by Parameters",
    "require_parameters": "Filter by Parameters",
    "byok_only": "Add BYOK Endpoints",
}
"""Rule -> the router's name for the step, where it has one; else its own name in words."""
_STATUS_OF_KIND: Final = {
    "success": 200,
    "rate_limit": 429,
    "timeout": 504,
    "credential": 401,
    "moderation": 403,
    "caller": 400,
    "unsuitable": 400,
    "cancelled": 499,
}
"""The status of an outcome that came without one."""
_NO_ANSWER: Final = 502


def answer_metadata(case: Case, attempts: Sequence[Attempt], total: int, outcomes: Iterable[Any]) -> dict[str, Any]:
    """Return the ``openrouter_metadata`` object of a plan that was tried.

    Args:
        case: what the plan was decided from.
        attempts: the plan's attempts.
        total: endpoints of the asked models, eligible or not.
        outcomes: what came of the tries, in order: outcomes of ``attempts`` from the first on, or (attempt, outcome) pairs where tries skipped some.

    Returns:
        ``requested``, ``strategy``, ``region``, ``summary``, ``attempt`` (from 1: the try that served, else the last), ``is_byok``, ``endpoints``,
        ``attempts`` and ``pipeline``. Providers are named by their slugs.
    """
    tried = [one if isinstance(one, tuple) else (attempts[place], one) for place, one in enumerate(outcomes)]
    served = next((place for place, (_, outcome) in enumerate(tried) if outcome.kind == "success"), None)
    last = tried[served if served is not None else -1][0] if tried else attempts[0]
    chosen = None if served is None and tried else last
    available: dict[str, dict[str, Any]] = {}
    for one in attempts:
        endpoint = one.endpoint
        available.setdefault(
            endpoint.id, {"provider": endpoint.provider, "model": endpoint.model, "selected": chosen is not None and endpoint is chosen.endpoint}
        )
    asked = case.request.models[0]
    first = case.pool.models[0]
    return {
        "requested": asked,
        "strategy": "direct" if last.endpoint.model == first else "fallback",
        "region": None,
        "summary": f"available={len(available)}, selected={'none' if chosen is None else chosen.endpoint.provider}",
        "attempt": max(1, len(tried) if served is None else served + 1),
        "is_byok": last.key_id is not None,
        "endpoints": {"total": total, "available": list(available.values())},
        "attempts": [{"provider": one.endpoint.provider, "model": one.endpoint.model, "status": _status(outcome)} for one, outcome in tried],
        "pipeline": [],
    }


def _status(outcome: Any) -> int:  # noqa: ANN401 - an Outcome, which is made above this room
    status: int | None = outcome.status
    return status if status is not None else _STATUS_OF_KIND.get(str(outcome.kind), _NO_ANSWER)


def step_of(rule: str) -> str:
    """Return the name of a funnel's step.

    >>> step_of("zdr"), step_of("max_price")
    ('Filter by Data Policy', 'Filter by Max Price')
    """
    return STEPS.get(rule) or f"Filter by {rule.replace('account.', 'account ').replace('_', ' ').title()}"


def failure_metadata(error: NoEligibleEndpoint) -> dict[str, Any]:
    """Return what the ``metadata`` of OpenRouter's 404 holds where no endpoint is left.

    Args:
        error: what ``decide`` or ``Router.plan`` raised.

    Returns:
        The funnel (``routing_funnel``), its last step (``failed_routing_step``), and under ``excluded_by`` for each endpoint the steps that
        would have removed it, for as many endpoints as an error shows.

    Example:
        >>> from routecore import Catalog, NoEligibleEndpoint, decide
        >>> try:
        ...     decide(Catalog.from_mapping({"endpoints": [{"model": "a/b", "provider": "p"}]}), {"model": "a/b", "provider": {"zdr": True}})
        ... except NoEligibleEndpoint as error:
        ...     failure_metadata(error)["routing_funnel"]
        [{'step': 'Initial Endpoints', 'endpoint_count': 1}, {'step': 'Filter by Data Policy', 'endpoint_count': 0}]
    """
    shown = error.metadata
    funnel = [{"step": step_of(one["rule"]), "endpoint_count": one["left"]} for one in shown["funnel"]]
    return {
        "routing_funnel": funnel,
        "failed_routing_step": funnel[-1]["step"],
        "excluded_by": {one["endpoint"]: list(dict.fromkeys(map(step_of, one["rules"]))) for one in shown["rejections"]},
    }
