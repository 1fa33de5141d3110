"""routecore: the routing decision of an LLM gateway, in process and pure.

An endpoint catalog, live statistics and a request's ``provider`` block in; an ordered, explained, reproducible fallback plan out.
Names are loaded when they are first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from routecore.version import VERSION

if TYPE_CHECKING:
    from routecore import adapters, simulate, testing
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
        FaultyInput,
        InvalidPreferences,
        InvalidPricing,
        InvalidRequest,
        InvalidUsage,
        NoEligibleEndpoint,
        OutcomeError,
        RoutecoreError,
        SimulationError,
        UnknownModel,
        UnpricedUsage,
    )
    from routecore.examples import example_catalog, example_facts, example_requests
    from routecore.explain import Change, Why
    from routecore.facts import EndpointStats, Facts, Percentiles
    from routecore.health import Health, HealthChange, HealthSettings
    from routecore.kinds import Kind
    from routecore.live_plan import LiveAttempt, LivePlan
    from routecore.metrics import Metric
    from routecore.money import format_usd
    from routecore.outcome import Outcome
    from routecore.pins import MemoryPins, Pin, PinSettings, PinStore
    from routecore.plan import Plan
    from routecore.plan_cost import ExpectedCost, expected_cost
    from routecore.plan_warnings import Warned
    from routecore.preferences import Account, MaxPrice, Preferences
    from routecore.pricing import Pricing, expected_price
    from routecore.reconciliation import Reconciliation, reconcile
    from routecore.records import Replay, decide_scenario, record, replay
    from routecore.request import Request
    from routecore.router import Prepared, Router, RouterSettings, Snapshot
    from routecore.settings import BalanceWeights, Settings
    from routecore.steps import Action, Step, StepSettings
    from routecore.usage import Anomaly, Usage
    from routecore.windows import Windows, WindowSettings

__version__ = VERSION
__all__ = [
    "Account",
    "Action",
    "Anomaly",
    "Attempt",
    "BalanceWeights",
    "ByokKey",
    "Catalog",
    "CatalogError",
    "Change",
    "Context",
    "CostBreakdown",
    "CostContext",
    "CostTable",
    "DataPolicy",
    "Endpoint",
    "EndpointStats",
    "ExpectedCost",
    "Facts",
    "Fault",
    "FaultyInput",
    "Health",
    "HealthChange",
    "HealthSettings",
    "InvalidPreferences",
    "InvalidPricing",
    "InvalidRequest",
    "InvalidUsage",
    "Kind",
    "Line",
    "LiveAttempt",
    "LivePlan",
    "LogTotals",
    "MaxPrice",
    "MemoryPins",
    "Metric",
    "NoEligibleEndpoint",
    "Outcome",
    "OutcomeError",
    "Percentiles",
    "Pin",
    "PinSettings",
    "PinStore",
    "Plan",
    "Preferences",
    "Prepared",
    "PricedRow",
    "Pricing",
    "PurchaseFee",
    "Reconciliation",
    "Rejection",
    "Replay",
    "Request",
    "RoutecoreError",
    "Router",
    "RouterSettings",
    "Settings",
    "SimulationError",
    "Snapshot",
    "Step",
    "StepSettings",
    "UnknownModel",
    "UnpriceableRow",
    "UnpricedUsage",
    "Usage",
    "Warned",
    "Why",
    "WindowSettings",
    "Windows",
    "__version__",
    "adapters",
    "calculate_cost",
    "cost_case",
    "decide",
    "decide_scenario",
    "example_catalog",
    "example_facts",
    "example_requests",
    "expected_cost",
    "expected_price",
    "format_usd",
    "price_log",
    "price_row",
    "purchase_fee",
    "reconcile",
    "record",
    "replay",
    "simulate",
    "testing",
]
_HOME = {
    "Account": "preferences",
    "Action": "steps",
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
    "FaultyInput": "errors",
    "Health": "health",
    "HealthChange": "health",
    "HealthSettings": "health",
    "InvalidPreferences": "errors",
    "InvalidPricing": "errors",
    "InvalidRequest": "errors",
    "InvalidUsage": "errors",
    "Kind": "kinds",
    "Line": "cost",
    "LiveAttempt": "live_plan",
    "LivePlan": "live_plan",
    "LogTotals": "cost_log",
    "MaxPrice": "preferences",
    "MemoryPins": "pins",
    "Metric": "metrics",
    "NoEligibleEndpoint": "errors",
    "Outcome": "outcome",
    "OutcomeError": "errors",
    "Percentiles": "facts",
    "Pin": "pins",
    "PinSettings": "pins",
    "PinStore": "pins",
    "Plan": "plan",
    "Preferences": "preferences",
    "Prepared": "router",
    "PricedRow": "cost_log",
    "Pricing": "pricing",
    "PurchaseFee": "credits",
    "Reconciliation": "reconciliation",
    "Rejection": "eligibility",
    "Replay": "records",
    "Request": "request",
    "RoutecoreError": "errors",
    "Router": "router",
    "RouterSettings": "router",
    "Settings": "settings",
    "SimulationError": "errors",
    "Snapshot": "router",
    "Step": "steps",
    "StepSettings": "steps",
    "UnknownModel": "errors",
    "UnpriceableRow": "cost_log",
    "UnpricedUsage": "errors",
    "Usage": "usage",
    "Warned": "plan_warnings",
    "Why": "explain",
    "WindowSettings": "windows",
    "Windows": "windows",
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
_ROOMS = ("adapters", "simulate", "testing")
"""Packages that are reached as attributes, and loaded only then."""

if not TYPE_CHECKING:  # a type checker reads the imports above, and so knows a misspelt name

    def __getattr__(name: str) -> object:
        """Load a public name on first use, and keep it."""
        if name in _ROOMS:
            return import_module(f"routecore.{name}")
        home = _HOME.get(name)
        if home is None:
            message = f"module 'routecore' has no attribute {name!r}"
            raise AttributeError(message)
        value = getattr(import_module(f"routecore.{home}"), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted(__all__)
