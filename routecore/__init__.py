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
    from routecore.catalog.catalog import Catalog
    from routecore.catalog.endpoint import DataPolicy, Endpoint
    from routecore.cost.breakdown import CostBreakdown, Line
    from routecore.cost.calculate import calculate_cost
    from routecore.cost.context import CostContext
    from routecore.cost.credits import PurchaseFee, purchase_fee
    from routecore.cost.log import PricedPass, PricedRow, UnpriceableRow, price_log, price_row
    from routecore.cost.log_totals import LogTotals
    from routecore.cost.logs.rows import log_rows
    from routecore.cost.reconcile import Reconciliation, reconcile
    from routecore.cost.table import CostTable
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
        UnknownEndpoint,
        UnknownModel,
        UnpricedUsage,
        Warned,
    )
    from routecore.live.answers import AnswerRule
    from routecore.live.drain import Drain
    from routecore.live.health import Health, HealthChange, HealthSettings
    from routecore.live.kinds import Kind
    from routecore.live.limits import Limits, LimitSettings, Stated
    from routecore.live.live_plan import LiveAttempt, LivePlan
    from routecore.live.metrics import Metric
    from routecore.live.outcome import Outcome
    from routecore.live.pins import GuardedPins, MemoryPins, Pin, PinSettings, PinStore, PinWrite
    from routecore.live.router import Router
    from routecore.live.run import Close, Run, Try, Wait
    from routecore.live.settings import RouterSettings
    from routecore.live.snapshot import Prepared, Snapshot
    from routecore.live.steps import Action, Step, StepSettings
    from routecore.live.streams.reader import StreamEvent, StreamReader
    from routecore.live.windows.settings import WindowSettings
    from routecore.live.windows.windows import Windows
    from routecore.pricing.money import format_usd
    from routecore.pricing.price_list import Pricing, expected_price
    from routecore.request.account import Account
    from routecore.request.body import Request
    from routecore.request.context import ByokKey, Context
    from routecore.request.preferences import MaxPrice, Preferences
    from routecore.request.settings import BalanceWeights, Settings
    from routecore.routing.attempt import Attempt
    from routecore.routing.change import Change
    from routecore.routing.decide import decide
    from routecore.routing.eligibility import Rejection
    from routecore.routing.expected_cost import ExpectedCost, expected_cost
    from routecore.routing.explain import Why
    from routecore.routing.facts import EndpointStats, Facts, Percentiles
    from routecore.routing.plan import Plan
    from routecore.routing.router_metadata import failure_metadata
    from routecore.usage.counts import Usage
    from routecore.usage.merge import merge_usage
    from routecore.usage.report import Anomaly
    from routecore.wire.cost_case import cost_case
    from routecore.wire.examples import example_catalog, example_facts, example_requests
    from routecore.wire.record import Replay, record, replay
    from routecore.wire.scenario import decide_scenario

__version__ = VERSION
__all__ = [
    "Account",
    "Action",
    "Anomaly",
    "AnswerRule",
    "Attempt",
    "BalanceWeights",
    "ByokKey",
    "Catalog",
    "CatalogError",
    "Change",
    "Close",
    "Context",
    "CostBreakdown",
    "CostContext",
    "CostTable",
    "DataPolicy",
    "Drain",
    "Endpoint",
    "EndpointStats",
    "ExpectedCost",
    "Facts",
    "Fault",
    "FaultyInput",
    "GuardedPins",
    "Health",
    "HealthChange",
    "HealthSettings",
    "InvalidPreferences",
    "InvalidPricing",
    "InvalidRequest",
    "InvalidUsage",
    "Kind",
    "LimitSettings",
    "Limits",
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
    "PinWrite",
    "Plan",
    "Preferences",
    "Prepared",
    "PricedPass",
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
    "Run",
    "Settings",
    "SimulationError",
    "Snapshot",
    "Stated",
    "Step",
    "StepSettings",
    "StreamEvent",
    "StreamReader",
    "Try",
    "UnknownEndpoint",
    "UnknownModel",
    "UnpriceableRow",
    "UnpricedUsage",
    "Usage",
    "Wait",
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
    "failure_metadata",
    "format_usd",
    "log_rows",
    "merge_usage",
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
    "Account": "request.account",
    "Action": "live.steps",
    "Anomaly": "usage.report",
    "AnswerRule": "live.answers",
    "Attempt": "routing.attempt",
    "BalanceWeights": "request.settings",
    "ByokKey": "request.context",
    "Catalog": "catalog.catalog",
    "CatalogError": "errors",
    "Change": "routing.change",
    "Close": "live.run",
    "Context": "request.context",
    "CostBreakdown": "cost.breakdown",
    "CostContext": "cost.context",
    "CostTable": "cost.table",
    "DataPolicy": "catalog.endpoint",
    "Drain": "live.drain",
    "Endpoint": "catalog.endpoint",
    "EndpointStats": "routing.facts",
    "ExpectedCost": "routing.expected_cost",
    "Facts": "routing.facts",
    "Fault": "errors",
    "FaultyInput": "errors",
    "GuardedPins": "live.pins",
    "Health": "live.health",
    "HealthChange": "live.health",
    "HealthSettings": "live.health",
    "InvalidPreferences": "errors",
    "InvalidPricing": "errors",
    "InvalidRequest": "errors",
    "InvalidUsage": "errors",
    "Kind": "live.kinds",
    "LimitSettings": "live.limits",
    "Limits": "live.limits",
    "Line": "cost.breakdown",
    "LiveAttempt": "live.live_plan",
    "LivePlan": "live.live_plan",
    "LogTotals": "cost.log_totals",
    "MaxPrice": "request.preferences",
    "MemoryPins": "live.pins",
    "Metric": "live.metrics",
    "NoEligibleEndpoint": "errors",
    "Outcome": "live.outcome",
    "OutcomeError": "errors",
    "Percentiles": "routing.facts",
    "Pin": "live.pins",
    "PinSettings": "live.pins",
    "PinStore": "live.pins",
    "PinWrite": "live.pins",
    "Plan": "routing.plan",
    "Preferences": "request.preferences",
    "Prepared": "live.snapshot",
    "PricedPass": "cost.log",
    "PricedRow": "cost.log",
    "Pricing": "pricing.price_list",
    "PurchaseFee": "cost.credits",
    "Reconciliation": "cost.reconcile",
    "Rejection": "routing.eligibility",
    "Replay": "wire.record",
    "Request": "request.body",
    "RoutecoreError": "errors",
    "Router": "live.router",
    "RouterSettings": "live.settings",
    "Run": "live.run",
    "Settings": "request.settings",
    "SimulationError": "errors",
    "Snapshot": "live.snapshot",
    "Stated": "live.limits",
    "Step": "live.steps",
    "StepSettings": "live.steps",
    "StreamEvent": "live.streams.reader",
    "StreamReader": "live.streams.reader",
    "Try": "live.run",
    "UnknownEndpoint": "errors",
    "UnknownModel": "errors",
    "UnpriceableRow": "cost.log",
    "UnpricedUsage": "errors",
    "Usage": "usage.counts",
    "Wait": "live.run",
    "Warned": "errors",
    "Why": "routing.explain",
    "WindowSettings": "live.windows.settings",
    "Windows": "live.windows.windows",
    "calculate_cost": "cost.calculate",
    "cost_case": "wire.cost_case",
    "decide": "routing.decide",
    "decide_scenario": "wire.scenario",
    "example_catalog": "wire.examples",
    "example_facts": "wire.examples",
    "example_requests": "wire.examples",
    "expected_cost": "routing.expected_cost",
    "expected_price": "pricing.price_list",
    "failure_metadata": "routing.router_metadata",
    "format_usd": "pricing.money",
    "log_rows": "cost.logs.rows",
    "merge_usage": "usage.merge",
    "price_log": "cost.log",
    "price_row": "cost.log",
    "purchase_fee": "cost.credits",
    "reconcile": "cost.reconcile",
    "record": "wire.record",
    "replay": "wire.record",
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
