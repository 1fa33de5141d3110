"""JSON Schemas of the wire (draft 2020-12): scenario, answer, decision record, catalog, cost case and its answer.

They say what a value looks like, and not what only the rules can tell: that an id is given once, that a slug begins with its provider.
Names and words come from the code's own tables; ``null`` is "left out" wherever something may be left out.
"""

from __future__ import annotations

import copy
from typing import Any, Final

from routecore.catalog.endpoint import QUANTIZATIONS
from routecore.pricing.card import CACHE_MULTIPLIERS, CARD_MULTIPLIERS, TIERS
from routecore.pricing.classes import PRICES
from routecore.request.settings import DENY_MEANS, LATENCIES, STICKY_MODES
from routecore.routing.rules import RULES
from routecore.usage.formats.table import FORMATS

__all__ = ["SCHEMAS", "schema"]

Schema = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
LARGEST: Final = 2**63 - 1
APIS: Final = ("chat", "messages", "responses", "completions", "embeddings", "images", "rerank")
PERCENTILES: Final = ("p50", "p75", "p90", "p99")
WARNINGS: Final = (
    "unmatched_slug",
    "display_name",
    "unknown_model",
    "ignored_parameter",
    "rising_throughput",
    "models_as_string",
    "unknown_price",
)


def _or_null(one: Schema) -> Schema:
    return {"anyOf": [one, {"type": "null"}]}


def _words(words: tuple[str, ...]) -> Schema:
    return {"enum": [*words, None]}


def _list(item: Schema) -> Schema:
    return {"type": ["array", "null"], "items": item}


def _object(properties: Schema, *, required: tuple[str, ...] = (), closed: bool = False, null: bool = True) -> Schema:
    """An object; ``closed``: an unknown key is a fault, as a typo would silently change the decision."""
    found: Schema = {"type": ["object", "null"] if null else "object", "properties": properties}
    if required:
        found["required"] = list(required)
    if closed:
        found["additionalProperties"] = False
    return found


FLAG: Final[Schema] = {"type": ["boolean", "null"]}
TEXT: Final[Schema] = {"type": ["string", "null"]}
WHOLE: Final[Schema] = {"type": ["integer", "null"], "minimum": 0, "maximum": LARGEST}
NUMBER: Final[Schema] = {"type": ["number", "null"], "minimum": 0}
SHARE: Final[Schema] = {"type": ["number", "null"], "minimum": 0, "maximum": 1}
NAME: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": 256}
DECIMAL_TEXT: Final[Schema] = {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"}
AMOUNT: Final[Schema] = {"type": ["number", "string", "null"], "minimum": 0, "pattern": r"^(?=\.?[0-9])[0-9]*(\.[0-9]*)?([eE][+-]?[0-9]+)?$"}
"""A price, a rate or a limit: a number, or text of digits with an optional point or exponent; never negative."""


def _card(multipliers: tuple[str, ...], others: Schema) -> Schema:
    return _object({**dict.fromkeys((*PRICES, *multipliers), AMOUNT), **others}, closed=True)


def _pricing() -> Schema:
    time = {"type": ["string", "integer", "null"]}
    conditions = {
        "min_prompt_tokens": WHOLE,
        "inclusive": FLAG,
        "utc_start": time,
        "utc_end": time,
        "weekdays": _list({"type": "integer", "minimum": 1, "maximum": 7}),
        "from": TEXT,
        "until": TEXT,
    }
    overrides = _list(_card(CARD_MULTIPLIERS, conditions))
    variants = _object(dict.fromkeys(TIERS, _card(CARD_MULTIPLIERS, {"overrides": overrides})), closed=True)
    regions = {"type": ["object", "null"], "additionalProperties": AMOUNT}
    others = {"discount": AMOUNT, "batch_multiplier": AMOUNT, "region_multipliers": regions, "variants": variants, "overrides": overrides}
    return _card(CACHE_MULTIPLIERS, others)


def _catalog() -> Schema:
    limits = _object(dict.fromkeys(("requests_per_minute", "tokens_per_minute", "max_in_flight"), NUMBER))
    row = _object(
        {
            "model": NAME,
            "provider": NAME,
            "slug": _or_null(NAME),
            "quantization": _words((*QUANTIZATIONS, *(level for level in ("mxfp4", "mxfp8", "nvfp4") if level not in QUANTIZATIONS), "none")),
            **dict.fromkeys(("context_length", "max_output_tokens", "max_prompt_tokens"), WHOLE),
            **dict.fromkeys(("supported_parameters", "input_modalities"), _list({"type": "string"})),
            **dict.fromkeys(("implicit_caching", "distillable", "disabled"), FLAG),
            "data_policy": _object({"trains": FLAG, "retains": FLAG}),
            "tier": _words(("default", "flex", "priority", "fast")),
            "apis": _list({"enum": list(APIS)}),
            "limits": limits,
            "extra": {"type": ["object", "null"]},
            "pricing": {"$ref": "#/$defs/pricing"},
        },
        required=("model", "provider"),
        null=False,
    )
    return _object({"endpoints": {"type": "array", "items": row}}, required=("endpoints",), null=False)


def _provider() -> Schema:
    slugs = _list(NAME)
    sorts = ("price", "throughput", "latency", "exacto")
    by = _object({"by": _words(sorts), "partition": _words(("model", "none"))}, closed=True)
    cutoffs = {"anyOf": [NUMBER, _object(dict.fromkeys(PERCENTILES, NUMBER), closed=True)]}
    return _object(
        {
            **dict.fromkeys(("order", "only", "ignore"), slugs),
            **dict.fromkeys(("allow_fallbacks", "require_parameters", "zdr", "enforce_distillable_text"), FLAG),
            "data_collection": _words(("allow", "deny")),
            "quantizations": _list({"type": "string"}),
            "sort": {"anyOf": [_words(sorts), by]},
            **dict.fromkeys(("preferred_min_throughput", "preferred_max_latency"), cutoffs),
            "max_price": _object(dict.fromkeys(("prompt", "completion", "request", "image"), AMOUNT), closed=True),
        },
        closed=True,
    )


def _request() -> Schema:
    return _object(
        {
            "model": _or_null(NAME),
            "models": {"anyOf": [_or_null(NAME), _list(NAME)]},
            "provider": _provider(),
            **dict.fromkeys(("max_tokens", "max_completion_tokens", "max_output_tokens"), WHOLE),
            "messages": {"type": ["array", "null"]},
            "input": {"type": ["array", "string", "null"]},
            "session_id": {"type": ["string", "null"], "maxLength": 256},
        },
        null=False,
    )


def _context() -> Schema:
    slugs = _list(NAME)
    key = _object(
        {"slug": NAME, "models": _list(NAME), "key_id": _or_null(NAME), "limits": {"type": ["object", "null"]}}, required=("slug",), closed=True, null=False
    )
    account = _object(
        {
            "only": {**slugs, "minItems": 1},
            "ignore": slugs,
            "data_collection": _words(("allow", "deny")),
            "deny_training": FLAG,
            "zdr": FLAG,
        },
        closed=True,
    )
    return _object(
        {
            "byok": _list({"anyOf": [NAME, key]}),
            "byok_only": slugs,
            "account": account,
            "api": _words(APIS),
            "no_pin": _words(("expired", "unidentifiable")),
            **dict.fromkeys(("sticky", "affinity", "account_id"), TEXT),
            **dict.fromkeys(("prompt_tokens", "completion_tokens", "cached_tokens"), WHOLE),
            "native_files": FLAG,
            "deadline_seconds": NUMBER,
        },
        closed=True,
    )


def _settings() -> Schema:
    exponents = {key: {**NUMBER, "maximum": 100} for key in ("price", "throughput", "latency", "reliability")}
    of_adjusted = ("time_value", "first_token_value", "error_penalty", "tool_error_penalty", "rate_limit_penalty", "edge", "width", "fade", "floor")
    return _object(
        {
            "strategy": _words(("balance", "inverse_square_price", "adjusted_price")),
            "balance": _object(exponents, closed=True),
            "adjusted_price": _object(dict.fromkeys(of_adjusted, NUMBER), closed=True),
            "min_samples": WHOLE,
            "sticky": _words(STICKY_MODES),
            "deny_means": _words(DENY_MEANS),
            "latency": _words(LATENCIES),
            "timeouts": _object(dict.fromkeys(("least", "most", "most_total"), NUMBER), closed=True),
            "hedge": FLAG,
        },
        closed=True,
    )


def _scenario() -> Schema:
    percentiles = _object(dict.fromkeys(PERCENTILES, NUMBER))
    rates = ("success_rate", "error_rate", "rate_limit_rate", "tool_error_rate", "cached_share", "share_cap")
    stats = _object({"latency": percentiles, "throughput": percentiles, "samples": WHOLE, **dict.fromkeys(rates, SHARE)})
    return _object(
        {
            "catalog": _catalog(),
            "stats": {"type": ["object", "null"], "additionalProperties": stats},
            "health": {"type": ["object", "null"], "additionalProperties": _words(("cooling", "full", "available"))},
            "request": _request(),
            "context": _context(),
            "settings": _settings(),
            "draw": {"type": ["integer", "null"], "minimum": 0, "maximum": 2**64 - 1},
            "now": {"type": ["number", "null"]},
        },
        required=("catalog", "request"),
        null=False,
    )


def _answer() -> Schema:
    rule = {"enum": [str(one.name) for one in RULES] + [name for name in ("api", "service_tier", "affinity") if name not in {str(one.name) for one in RULES}]}
    rejections = {
        "type": "array",
        "items": _object(
            {"endpoint": NAME_OF_ENDPOINT, "rules": {"type": "array", "items": rule, "minItems": 1}, "details": {"type": "array", "items": {"type": "string"}}},
            required=("endpoint", "rules", "details"),
            null=False,
        ),
    }
    funnel = {
        "type": "array",
        "minItems": 1,
        "items": _object({"rule": {"anyOf": [{"const": "catalog"}, rule]}, "left": {"type": "integer", "minimum": 0}}, required=("rule", "left"), null=False),
    }
    warnings = {
        "type": "array",
        "items": _object(
            {"code": {"enum": list(WARNINGS)}, "path": {"type": "string"}, "message": {"type": "string"}}, required=("code", "path", "message"), null=False
        ),
    }
    attempt = _object(
        {
            "endpoint": NAME_OF_ENDPOINT,
            **dict.fromkeys(("model", "provider", "slug"), NAME),
            "credential": {"enum": ["shared", "byok"]},
            "key_id": TEXT,
            "service_tier": {"enum": ["default", "flex", "priority"]},
            "probability": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
            "expected_price": _or_null(DECIMAL_TEXT),
            **dict.fromkeys(("first_token_timeout_seconds", "total_timeout_seconds", "hedge_after_seconds"), NUMBER),
        },
        required=("endpoint", "model", "provider", "slug", "credential", "key_id", "probability", "expected_price"),
        null=False,
    )
    plan = _object(
        {
            "attempts": {"type": "array", "minItems": 1, "items": attempt},
            "rejections": rejections,
            "funnel": funnel,
            "strategy": {"enum": ["balance", "inverse_square_price", "adjusted_price", "sort:price", "sort:throughput", "sort:latency", "sort:exacto"]},
            "sticky": _object({"status": {"enum": ["hit", "none", "skipped"]}, "reason": TEXT}, required=("status", "reason"), null=False),
            "panic": {"type": "boolean"},
            "warnings": warnings,
            "draw": {"type": "integer", "minimum": 0, "maximum": 2**64 - 1},
        },
        required=("attempts", "rejections", "funnel", "strategy", "sticky", "panic", "warnings", "draw"),
        null=False,
    )
    metadata = _object(
        {
            "faults": {
                "type": "array",
                "items": _object({"path": {"type": "string"}, "value": {}, "expected": {"type": "string"}}, required=("path", "value", "expected"), null=False),
            },
            "funnel": funnel,
            "rejections": rejections,
            "relaxations": {"type": "array", "maxItems": 5, "items": {"type": "array", "items": rule}},
            "warnings": warnings,
            "near": {"type": "array", "items": {"type": "string"}},
        },
        null=False,
    )
    return {"anyOf": [plan, _error(("invalid_preferences", "invalid_request", "invalid_catalog", "unknown_model", "no_eligible_endpoint"), metadata)]}


def _error(types: tuple[str, ...], metadata: Schema) -> Schema:
    body = _object(
        {"message": {"type": "string"}, "type": {"enum": list(types)}, "param": TEXT, "code": {"enum": [400, 404, 503]}, "metadata": metadata},
        required=("message", "type", "param", "code", "metadata"),
        null=False,
    )
    return _object({"error": body}, required=("error",), null=False)


def _record() -> Schema:
    versions = _object(dict.fromkeys(("library", "catalog", "facts"), TEXT), required=("library",), null=False)
    return _object({"scenario": _scenario(), "answer": _answer(), "versions": versions}, required=("scenario", "answer", "versions"), null=False)


def _cost_case() -> Schema:
    context = _object(
        {
            **dict.fromkeys(("served_tier", "requested_tier", "time_utc", "kind"), TEXT),
            **dict.fromkeys(("is_byok", "strict"), FLAG),
            **dict.fromkeys(("byok_fee_rate", "discount_rate", "region_multiplier"), AMOUNT),
        },
        closed=True,
    )
    return _object(
        {
            "pricing": {"$ref": "#/$defs/pricing"},
            "usage": {"type": "object"},
            "usage_format": _words(tuple(FORMATS)),
            "finish_reason": TEXT,
            "context": context,
        },
        required=("pricing", "usage"),
        null=False,
    )


def _cost_answer() -> Schema:
    parts = (
        "prompt_cost", "completion_cost", "prompt_cache_read_cost", "prompt_cache_write_cost", "prompt_cache_write_5_min", "prompt_cache_write_1_h",
        "reasoning_cost", "image_cost", "audio_cost", "video_cost", "native_web_search_cost", "plugin_web_search_cost", "tools_cost", "discount_rate",
        "byok_cost",
    )  # fmt: skip
    details = _object({**dict.fromkeys(parts, DECIMAL_TEXT), "is_byok": {"type": "boolean"}}, required=(*parts, "is_byok"), null=False)
    sums = ("cost", "request_cost", "list_cost", "discounted_cost", "uncached_list_cost", "cache_savings", "upstream_cost")
    bill = _object(
        {
            **dict.fromkeys(sums, DECIMAL_TEXT),
            "cost_details": details,
            "insured": {"type": "boolean"},
            "anomalies": {"type": "array", "items": {"type": "object"}},
            "cards": {"type": "array", "items": {"type": "string"}},
        },
        required=(*sums, "cost_details", "insured", "anomalies", "cards"),
        null=False,
    )
    return {"anyOf": [bill, _error(("invalid_pricing", "invalid_usage", "invalid_request", "unpriced_usage"), {"type": "object"})]}


NAME_OF_ENDPOINT: Final[Schema] = {"type": "string", "pattern": "^.+@.+$"}
SCHEMAS: Final = {
    "scenario": ("What a decision is made of.", _scenario),
    "answer": ("A plan, or the error body.", _answer),
    "record": ("A decision record: a scenario, its answer, and the versions that decided.", _record),
    "catalog": ("A catalog of endpoints.", _catalog),
    "cost_case": ("Prices and a usage to bill.", _cost_case),
    "cost_answer": ("A bill, or the error body.", _cost_answer),
}
"""Every schema: its name, what it describes, and what makes it."""


def schema(name: str) -> Schema:
    """Return one of the wire's JSON Schemas, a document of its own.

    Args:
        name: ``scenario``, ``answer``, ``record``, ``catalog``, ``cost_case`` or ``cost_answer``.

    Returns:
        A mapping, JSON throughout; a fresh one each time.

    Raises:
        KeyError: there is no schema of this name.

    Example:
        >>> schema("catalog")["required"], schema("answer")["title"]
        (['endpoints'], 'answer')

    """
    says, make = SCHEMAS[name]
    found: Schema = {"$schema": DIALECT, "title": name, "description": says, **make()}
    if name not in ("answer", "cost_answer"):
        found["$defs"] = {"pricing": _pricing()}
    return copy.deepcopy(found)
