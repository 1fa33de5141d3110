"""routecore: the routing decision of an LLM gateway, in process and pure.

An endpoint catalog, live statistics and a request's ``provider`` block in; an ordered, explained, reproducible fallback plan out.
Names are loaded when they are first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from routecore.version import VERSION

if TYPE_CHECKING:
    from routecore.attempt import Attempt
    from routecore.catalog import Catalog, DataPolicy, Endpoint
    from routecore.context import ByokKey, Context
    from routecore.cost import CostBreakdown, Line, calculate_cost, cost_case
    from routecore.cost_context import CostContext
    from routecore.cost_log import LogTotals, PricedRow, UnpriceableRow, price_log, price_row
    from routecore.cost_table import CostTable
    from routecore.credits import PurchaseFee, purchase_fee
    from routecore.decision import decide
    from routecore.eligibility import Rejection
    from routecore.errors import (
        CatalogError,
        Fault,
        InvalidPreferences,
        InvalidPricing,
        InvalidRequest,
        InvalidUsage,
        NoEligibleEndpoint,
        OutcomeError,
        RoutecoreError,
        UnknownModel,
        UnpricedUsage,
    )
    from routecore.examples import example_catalog, example_facts, example_requests
    from routecore.explain import Change, Why
    from routecore.facts import EndpointStats, Facts, Percentiles
    from routecore.health import HealthSettings
    from routecore.kinds import Kind
    from routecore.live_plan import LivePlan
    from routecore.metrics import Metric
    from routecore.money import format_usd
    from routecore.outcome import Outcome
    from routecore.pins import PinSettings
    from routecore.plan import Plan
    from routecore.plan_cost import ExpectedCost, expected_cost
    from routecore.preferences import Account, Preferences
    from routecore.pricing import Pricing, expected_price
    from routecore.reconciliation import Reconciliation, reconcile
    from routecore.records import decide_scenario, record, replay
    from routecore.request import Request
    from routecore.router import Prepared, Router, RouterSettings, Snapshot
    from routecore.settings import BalanceWeights, Settings
    from routecore.steps import Step, StepSettings
    from routecore.usage import Anomaly, Usage
    from routecore.windows import WindowSettings

__version__ = VERSION
_HOME = {
    "Account": "preferences",
    "Anomaly": "usage",
    "Attempt": "attempt",
    "BalanceWeights": "settings",
    "ByokKey": "context",
    "Catalog": "catalog",
    "CatalogError": "errors",
    "Change": "explain",
    "Context": "context",
    "CostBreakdown": "cost",
    "CostContext": "cost_context",
    "CostTable": "cost_table",
    "DataPolicy": "catalog",
    "Endpoint": "catalog",
    "EndpointStats": "facts",
    "ExpectedCost": "plan_cost",
    "Facts": "facts",
    "Fault": "errors",
    "HealthSettings": "health",
    "InvalidPreferences": "errors",
    "InvalidPricing": "errors",
    "InvalidRequest": "errors",
    "InvalidUsage": "errors",
    "Kind": "kinds",
    "Line": "cost",
    "LivePlan": "live_plan",
    "LogTotals": "cost_log",
    "Metric": "metrics",
    "NoEligibleEndpoint": "errors",
    "Outcome": "outcome",
    "OutcomeError": "errors",
    "Percentiles": "facts",
    "PinSettings": "pins",
    "Plan": "plan",
    "Preferences": "preferences",
    "Prepared": "router",
    "PricedRow": "cost_log",
    "Pricing": "pricing",
    "PurchaseFee": "credits",
    "Reconciliation": "reconciliation",
    "Rejection": "eligibility",
    "Request": "request",
    "RoutecoreError": "errors",
    "Router": "router",
    "RouterSettings": "router",
    "Settings": "settings",
    "Snapshot": "router",
    "Step": "steps",
    "StepSettings": "steps",
    "UnknownModel": "errors",
    "UnpriceableRow": "cost_log",
    "UnpricedUsage": "errors",
    "Usage": "usage",
    "Why": "explain",
    "WindowSettings": "windows",
    "calculate_cost": "cost",
    "cost_case": "cost",
    "decide": "decision",
    "decide_scenario": "records",
    "example_catalog": "examples",
    "example_facts": "examples",
    "example_requests": "examples",
    "expected_cost": "plan_cost",
    "expected_price": "pricing",
    "format_usd": "money",
    "price_log": "cost_log",
    "price_row": "cost_log",
    "purchase_fee": "credits",
    "reconcile": "reconciliation",
    "record": "records",
    "replay": "records",
}
"""Public name -> the module it lives in."""

__all__ = [*_HOME, "__version__"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module's attributes are of any type
    """Load a public name on first use, and keep it."""
    home = _HOME.get(name)
    if home is None:
        message = f"module 'routecore' has no attribute {name!r}"
        raise AttributeError(message)
    value = getattr(import_module(f"routecore.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
