"""LiteLLM's spend logs: totals in columns, their details in ``metadata``, the spend in USD."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["is_litellm", "row_of"]

_MARKS: Final = frozenset({"call_type", "startTime", "custom_llm_provider", "model_group"})
_KINDS: Final = {
    "embedding": "embeddings",
    "aembedding": "embeddings",
    "rerank": "rerank",
    "arerank": "rerank",
    "moderation": "moderation",
    "amoderation": "moderation",
}


def is_litellm(row: Mapping[Any, Any]) -> bool:
    """Tell whether ``row`` is a row of the table of spend logs."""
    return "spend" in row and "request_id" in row and not _MARKS.isdisjoint(row)


def row_of(row: Mapping[Any, Any]) -> dict[str, Any] | None:
    """Return the row to price, ``None`` for an answer from the proxy's own cache, which no provider was asked for.

    >>> row_of({"request_id": "r", "spend": 0.5, "call_type": "acompletion", "model": "m", "custom_llm_provider": "openai", "prompt_tokens": 3,
    ...     "completion_tokens": 1, "metadata": {"additional_usage_values": {"cache_read_input_tokens": 2}}})["usage"]
    {'cache_read_input_tokens': 2, 'prompt_tokens': 3, 'completion_tokens': 1}
    """
    if row.get("cache_hit") in {True, "True", "true"}:
        return None
    found = row.get("metadata")
    metadata: Mapping[Any, Any] = found if isinstance(found, dict) else {}
    usage = metadata.get("usage_object")
    if not isinstance(usage, dict) or not usage:
        further = metadata.get("additional_usage_values")
        totals = {key: row[key] for key in ("prompt_tokens", "completion_tokens", "total_tokens") if row.get(key) is not None}
        usage = {**(further if isinstance(further, dict) else {}), **totals}
    failed = "failure" in {row.get("status"), metadata.get("status")}
    kind = _KINDS.get(row["call_type"]) if isinstance(row.get("call_type"), str) else None
    return {
        "id": row["request_id"], "model": row.get("model"), "provider": row.get("custom_llm_provider") or None, "usage": usage,
        "finish_reason": "error" if failed else "stop", "time_utc": row.get("startTime") or None, "cost": row["spend"],
        "context": {"kind": kind} if kind is not None else None,
    }  # fmt: skip
