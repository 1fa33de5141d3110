"""Named cases of one rule each, small enough to read, with the answers of the reference: for test suites in any language."""

from __future__ import annotations

import copy
from typing import Any

from routecore.testing.reference import reference_decide_scenario

__all__ = ["vectors"]

Mapping = dict[str, Any]
A: Mapping = {"provider": "a", "pricing": {"prompt": "0.000001", "completion": "0.000002"}}
B: Mapping = {"provider": "b", "pricing": {"prompt": "0.0000005", "completion": "0.000002"}}
C: Mapping = {"provider": "c", "pricing": {"prompt": "0.000003", "completion": "0.000002"}}
PRIVATE = {"data_policy": {"trains": False, "retains": False}}
FLEX = {"provider": "a", "slug": "a/flex", "pricing": {"prompt": "0.0000004", "completion": "0.000001"}}
PRIORITY = {"provider": "a", "slug": "a/priority", "pricing": {"prompt": "0.000002", "completion": "0.000004"}}
FAST = {"latency": {"p50": 0.3, "p90": 0.9}, "throughput": {"p50": 120, "p90": 80}, "samples": 500, "success_rate": 0.999}
SLOW = {"latency": {"p50": 2.0, "p90": 6.0}, "throughput": {"p50": 20, "p90": 9}, "samples": 500, "success_rate": 0.9}


def _case(rows: tuple[Mapping, ...], block: Mapping | None = None, body: Mapping | None = None, **parts: object) -> Mapping:
    request = {"model": "m/one", **(body or {}), **({} if block is None else {"provider": block})}
    return {"catalog": {"endpoints": [{"model": "m/one", **row} for row in rows]}, "request": request, "draw": 7, **parts}


_CASES: tuple[tuple[str, str, Mapping], ...] = (
    ("basic", "order is tried first, in its order, then the rest", _case((A, B, C), {"order": ["c", "A"]})),
    ("basic", "without fallbacks nothing beyond order is tried", _case((A, B, C), {"order": ["c", "a"], "allow_fallbacks": False})),
    ("basic", "without order and fallbacks one attempt is left", _case((A, B, C), {"sort": "price", "allow_fallbacks": False})),
    ("basic", "the cheapest first", _case((A, B, C), {"sort": "price"})),
    ("basic", "a provider's slug names all its variants", _case(({**A, "slug": "a/fp8"}, {**A, "slug": "a/fp4"}, B), {"only": ["a"], "sort": "price"})),
    ("basic", "a variant's slug names that endpoint alone", _case(({**A, "slug": "a/fp8"}, {**A, "slug": "a/fp4"}, B), {"ignore": ["a/fp8"], "sort": "price"})),
    ("basic", "the balance: a number of its own for each place, of all 64 bits of the draw", _case((A, B, C, {**A, "provider": "d"}), draw=2**63 + 1)),
    ("basic", "equal weights, and a slug that matches nobody is a warning", _case((A, {**A, "provider": "z"}), {"ignore": ["nobody"]})),
    ("basic", "a disabled endpoint is removed", _case((A, {**B, "disabled": True}), {"sort": "price"})),
    ("basic", "nothing left, and the smallest sets of rules that would help", _case((A, B, {**C, "disabled": True}), {"only": ["a", "c"], "ignore": ["a"]})),
    ("basic", "a model that nobody has", _case((A,), None, {"model": "m/two"})),
    ("basic", "models one after the other", _case((A, {**B, "model": "m/two"}, {**C, "model": "m/two"}), {"sort": "price"}, {"models": ["m/two"]})),
    ("documented", "zero retention, where an unknown policy is taken to retain", _case((A, {**B, **PRIVATE}), {"zdr": True})),
    ("documented", "a price equal to its limit is kept", _case((A, B, C), {"max_price": {"prompt": 1}})),
    ("documented", "thresholds move to the end, and never remove", _case((A, B), {"preferred_max_latency": {"p90": 3}, "sort": "price"}, stats={"m/one@a": FAST, "m/one@b": SLOW})),
    ("documented", "a parameter that would be ignored ranks last", _case(({**A, "supported_parameters": ["seed"]}, B), None, {"seed": 0})),
    ("documented", "reasoning that is switched off asks for nothing", _case((A, B), {"require_parameters": True}, {"reasoning": {"enabled": False}})),
    ("documented", "one's own key first, then its provider's shared capacity", _case((A, B, C), context={"byok": ["c"]})),
    ("documented", "two keys of one endpoint keep the operator's order", _case((A,), context={"byok": [{"slug": "a", "key_id": "z"}, {"slug": "a", "key_id": "b"}]})),
    ("documented", "a pin is kept where the endpoint can cache", _case(({**A, "implicit_caching": True}, B), context={"sticky": "m/one@a"})),
    ("documented", "an attempt in cooldown goes last", _case((A, B), {"sort": "price"}, health={"m/one@b": "cooling"})),
    ("documented", "if all are cooling nothing moves: panic", _case((A, B), {"sort": "price"}, health={"m/one@a": "cooling", "m/one@b": "cooling"})),
    ("documented", "the balance of price, speed and success", _case((A, B), stats={"m/one@a": FAST, "m/one@b": SLOW})),
    ("documented", "every fault of the block at once", _case((A,), {"zdr": "yes", "order": "a", "p95": 1})),
    ("full", "a tier is opt-in", _case((A, FLEX, PRIORITY))),
    ("full", "flex is never the dearer default", _case((A, FLEX, PRIORITY), None, {"service_tier": "flex"})),
    ("full", "priority first, then by throughput", _case((A, FLEX, PRIORITY, B), None, {"service_tier": "priority"}, stats={"m/one@b": FAST})),
    ("full", "the adjusted price", _case((A, B, C), stats={"m/one@a": FAST, "m/one@b": SLOW}, settings={"strategy": "adjusted_price"})),
    ("full", "a traffic cap bounds the first place", _case((A, B), stats={"m/one@b": {"share_cap": 0.25}})),
    ("full", "a full attempt stands before a cooling one", _case((A, B, C), {"sort": "price"}, health={"m/one@a": "cooling", "m/one@b": "full"})),
    ("full", "a price in time", _case((A, {**B, "pricing": {**B["pricing"], "overrides": [{"utc_start": 1200, "prompt": "0.00001"}]}}), {"sort": "price"}, now=1_795_608_000)),
    ("full", "a display name is taken for its slug", _case((A, {**B, "provider": "big-cloud"}), {"order": ["Big Cloud"]})),
    ("full", "exacto: wrong tool calls by the percent, then throughput", _case((A, B), {"sort": "exacto"}, {"tools": [{"type": "function"}]}, stats={"m/one@a": {"tool_error_rate": 0.3}, "m/one@b": FAST})),
    ("full", "a dialect that the endpoint does not speak", _case(({**A, "apis": ["chat"]}, B), context={"api": "messages"})),
    ("full", "an affinity leaves one provider with one credential", _case((A, B), context={"affinity": "m/one@b#shared"})),
)  # fmt: skip


def vectors() -> list[Mapping]:
    """Return the cases: ``level``, ``name``, ``scenario``, and the ``answer`` of the reference.

    >>> one = vectors()[0]
    >>> one["name"], [attempt["slug"] for attempt in one["answer"]["attempts"]]
    ('order is tried first, in its order, then the rest', ['c', 'a', 'b'])
    """
    return [
        {"level": level, "name": name, "scenario": copy.deepcopy(scenario), "answer": reference_decide_scenario(scenario)} for level, name, scenario in _CASES
    ]
