"""What is fuzzed: one reader of outside input a target, from bytes to a claim. Each may raise only what its documentation says.

A target takes bytes, so that a coverage-guided fuzzer can drive it, and reads them as dice where its input has a structure: the generator of scenarios then makes what the bytes choose.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import routecore
from routecore import RoutecoreError, simulate
from routecore.adapters.feeds import import_feed
from routecore.testing.generate import make_scenario
from routecore.testing.hostile import make_hostile

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["TARGETS", "ByteDice"]

LONGEST = 1 << 16
"""Bytes of one input; every target takes time at most linear in them."""


class ByteDice:
    """Dice thrown by bytes: the fuzzer chooses, the generator makes. When the bytes are used up, every throw is its lowest."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def _next(self, size: int) -> int:
        part = self._data[self._at : self._at + size]
        self._at += size
        return int.from_bytes(part, "little")

    def chance(self, likelihood: float) -> bool:
        return self._next(1) / 256 < likelihood if self._at < len(self._data) else False

    def integer(self, low: int, high: int) -> int:
        span = high - low + 1
        return low + self._next(max(1, (span.bit_length() + 7) // 8)) % span

    def choice(self, options: Sequence[Any]) -> Any:
        return options[self.integer(0, len(options) - 1)]


_ODD: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 3, 0.5, 1e308, float("nan"), float("inf"), 2**63, 10**400, "", " ", "1", "-1", "1e-9", "0.000001", "\ud800", "\x1b[31m", "a\nb", "x" * 300,
    "2026-11-25T00:00:00Z", "1h", "\u202e", "null", "a/b", "p", "p/v", "#", "@",
)  # fmt: skip


def _value(dice: ByteDice, words: Sequence[str], depth: int = 6) -> Any:
    """Make a JSON value: objects whose keys are the reader's own words, lists, and odd leaves."""
    kind = dice.integer(0, 9) if depth else 9
    if kind <= 4:
        return {dice.choice(words): _value(dice, words, depth - 1) for _ in range(dice.integer(0, 5))}
    if kind <= 6:
        return [_value(dice, words, depth - 1) for _ in range(dice.integer(0, 4))]
    if kind == 7:
        return dice.choice(words)
    if kind == 8:
        return dice.integer(0, 70_000)
    return dice.choice(_ODD)


def _json(data: bytes, words: Sequence[str] = ("model", "endpoints", "data", "id")) -> Any:
    """Read bytes as JSON where they are JSON; else let them choose a value made of the reader's own words."""
    if data[:1] in {b"{", b"["}:
        try:
            return json.loads(data)
        except (ValueError, RecursionError):
            return data.decode("utf-8", "surrogateescape")
    return _value(ByteDice(data), words)


def _is_documented(answer: Any) -> None:
    json.dumps(answer)
    if "error" in answer:
        assert set(answer["error"]) == {"message", "type", "param", "code", "metadata"}, answer["error"]
        assert "\n" not in answer["error"]["message"]


def scenario(data: bytes) -> None:
    """A scenario that the generator makes, whole and broken: a plan or a documented error, the same twice."""
    dice = ByteDice(data)
    made = make_scenario(dice)
    _is_documented(answer := routecore.decide_scenario(made))
    assert routecore.decide_scenario(made) == answer
    _is_documented(routecore.decide_scenario(make_hostile(dice, made)))


SCENARIO_JSON_WORDS = [
    "catalog",
    "endpoints",
    "stats",
    "health",
    "request",
    "context",
    "settings",
    "draw",
    "now",
    "model",
    "provider",
    "slug",
    "pricing",
    "prompt",
    "completion",
    "order",
    "only",
    "sort",
    "byok",
    "sticky",
    "balance",
    "samples",
    "latency",
    "p50",
]


def scenario_json(data: bytes) -> None:
    """Any JSON as a scenario."""
    _is_documented(routecore.decide_scenario(_json(data, SCENARIO_JSON_WORDS)))


_ROW = {"model": "a/b", "provider": "p", "pricing": {"prompt": "0.000001", "completion": "0.000002", "input_cache_read": "0.0000001"}}
_CATALOG = {"endpoints": [_ROW, {**_ROW, "provider": "q", "supported_parameters": ["tools", "tool_choice"]}]}


BODY_WORDS = [
    "model",
    "models",
    "messages",
    "role",
    "content",
    "type",
    "text",
    "image_url",
    "cache_control",
    "ttl",
    "tools",
    "tool_choice",
    "max_tokens",
    "session_id",
    "metadata",
    "user_id",
    "provider",
    "order",
    "only",
    "sort",
    "quantizations",
    "max_price",
    "zdr",
    "system",
    "input",
    "instructions",
    "reasoning",
    "effort",
    "response_format",
    "service_tier",
    "previous_response_id",
]


def body(data: bytes) -> None:
    """Any JSON as a request's body and as its parts, through the router: plan, record, observe."""
    value = _json(data, BODY_WORDS)
    records: list[dict[str, Any]] = []
    router = routecore.Router(
        routecore.Catalog.from_mapping(_CATALOG), clock=lambda: 0.0, wall_clock=lambda: 0.0, entropy=lambda bits: 7, on_decision=records.append
    )
    for asked in (value, {"model": "a/b", "messages": value}, {"model": "a/b", "provider": value}, {"model": "a/b", "tools": value, "session_id": value}):
        try:
            plan = router.plan(asked)
        except RoutecoreError:
            continue
        router.observe(plan.first, routecore.Outcome.success(ttft_seconds=0.1, total_seconds=0.2, output_tokens=3))
    json.dumps(records)


CATALOG_WORDS = [
    "endpoints",
    "model",
    "provider",
    "slug",
    "quantization",
    "context_length",
    "max_output_tokens",
    "supported_parameters",
    "input_modalities",
    "data_policy",
    "trains",
    "retains",
    "pricing",
    "prompt",
    "completion",
    "overrides",
    "variants",
    "flex",
    "min_prompt_tokens",
    "limits",
    "requests_per_minute",
    "tier",
    "apis",
    "extra",
]


def catalog(data: bytes) -> None:
    """Any JSON as a catalog: loaded whole or refused with every fault."""
    try:
        routecore.Catalog.from_mapping(_json(data, CATALOG_WORDS))
    except RoutecoreError as error:
        str(error)


def catalog_file(data: bytes) -> None:
    """Any bytes as a catalog's file by hand, YAML and JSON."""
    with tempfile.TemporaryDirectory() as folder:
        for ending in ("yaml", "json"):
            path = Path(folder) / f"catalog.{ending}"
            path.write_bytes(data)
            try:
                routecore.Catalog.load(path)
            except RoutecoreError as error:
                str(error)


FEED_WORDS = [
    "data",
    "id",
    "endpoints",
    "name",
    "provider_name",
    "tag",
    "pricing",
    "prompt",
    "completion",
    "context_length",
    "models",
    "cost",
    "limit",
    "input_cost_per_token",
    "output_cost_per_token",
    "litellm_provider",
    "mode",
    "max_tokens",
    "prices",
    "input_mtok",
    "output_mtok",
    "modalities",
]


def feed(data: bytes) -> None:
    """Any JSON as a feed of each kind: imported, or refused with every fault."""
    value = _json(data, FEED_WORDS)
    for wrapped in (value, {"data": value}, {"data": {"id": "a/b", "endpoints": value}}, {"a/b": value}):
        try:
            import_feed(wrapped)
        except RoutecoreError as error:
            str(error)


USAGE_WORDS = [
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "prompt_tokens_details",
    "completion_tokens_details",
    "cached_tokens",
    "reasoning_tokens",
    "input_tokens",
    "output_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "cache_creation",
    "ephemeral_5m_input_tokens",
    "promptTokenCount",
    "candidatesTokenCount",
    "thoughtsTokenCount",
    "promptTokensDetails",
    "modality",
    "tokenCount",
    "inputTokens",
    "outputTokens",
    "billed_units",
    "iterations",
    "input_token_details",
    "cache_read",
    "server_tool_use",
    "web_search_requests",
    "num_search_queries",
    "usage",
    "type",
]


def usage(data: bytes) -> None:
    """Any JSON as a usage body, told and untold."""
    value = _json(data, USAGE_WORDS)
    for given in (value, {"prompt_tokens": 10, "completion_tokens": 5, "details": value}):
        try:
            read = routecore.Usage.parse(given)
        except RoutecoreError as error:
            str(error)
        else:
            assert min(read.to_tuple() if hasattr(read, "to_tuple") else (0,)) >= 0


COST_WORDS = [
    "prompt",
    "completion",
    "input_cache_read",
    "request",
    "image",
    "overrides",
    "variants",
    "batch",
    "flex",
    "min_prompt_tokens",
    "utc_start",
    "weekdays",
    "from",
    "until",
    "prompt_multiplier",
    "discount",
    "served_tier",
    "time_utc",
    "is_byok",
    "byok_fee_rate",
    "discount_rate",
    "region_multiplier",
    "kind",
    "strict",
    "prompt_tokens",
    "completion_tokens",
    "prompt_tokens_details",
    "cached_tokens",
]


def cost(data: bytes) -> None:
    """Any JSON as a cost case, and as each part of one."""
    value = _json(data, COST_WORDS)
    good = {"pricing": _ROW["pricing"], "usage": {"prompt_tokens": 10, "completion_tokens": 5}, "finish_reason": "stop", "context": {}}
    for case in (value, *({**good, key: value} for key in good)):
        _is_documented(routecore.cost_case(case))


ANSWER_WORDS = [
    "error",
    "code",
    "type",
    "message",
    "status",
    "details",
    "metadata",
    "raw",
    "provider_name",
    "retryDelay",
    "retry_after_seconds",
    "headers",
    "choices",
    "finish_reason",
    "delta",
    "message",
    "content",
    "usage",
    "candidates",
    "promptFeedback",
    "blockReason",
    "finishReason",
    "output",
    "stop_reason",
    "stopReason",
    "detail",
    "errors",
    "object",
    "reason",
]


def answer(data: bytes) -> None:
    """Any bytes as the body of an upstream's answer, under statuses and headers of their own choosing."""
    status = (200, 400, 401, 402, 403, 404, 408, 413, 422, 429, 499, 500, 503, 529)[data[0] % 14] if data else 200
    for read in (data[1:], _json(data[1:], ANSWER_WORDS)):
        routecore.Outcome.from_http(status, headers={"retry-after": data[1:20].decode("latin-1")}, body=read)


RECORD_WORDS = ["scenario", "answer", "versions", "catalog", "endpoints", "request", "context", "settings", "attempts", "draw", "model", "provider"]


def record(data: bytes) -> None:
    """Any JSON as a decision record."""
    try:
        routecore.replay(_json(data, RECORD_WORDS))
    except RoutecoreError as error:
        str(error)


def trace(data: bytes) -> None:
    """Any bytes as a trace's file."""
    with tempfile.TemporaryDirectory() as folder:
        for ending in ("jsonl", "csv", "jsonl.gz", "parquet"):
            path = Path(folder) / f"trace.{ending}"
            path.write_bytes(data)
            try:
                simulate.read_trace(path)
            except RoutecoreError as error:
                str(error)


TARGETS: dict[str, Callable[[bytes], None]] = {
    one.__name__: one for one in (scenario, scenario_json, body, catalog, catalog_file, feed, usage, cost, answer, record, trace)
}
"""Every target by its name."""
