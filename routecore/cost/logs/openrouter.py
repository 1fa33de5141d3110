"""OpenRouter's activity export (CSV, or its records of generations as JSON): native tokens, the cost in credits, the provider's display name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from routecore.usage.formats.openrouter import KEYS

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["is_openrouter", "row_of"]

_COUNTS: Final = (
    "tokens_prompt", "tokens_completion", "tokens_reasoning", "tokens_cached", "native_tokens_prompt", "native_tokens_completion",
    "native_tokens_reasoning", "native_tokens_cached", "native_tokens_completion_images", "num_media_prompt", "num_media_completion",
)  # fmt: skip


def is_openrouter(row: Mapping[Any, Any]) -> bool:
    """Tell whether ``row`` is a row of the export."""
    return not KEYS.isdisjoint(row)


def row_of(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return the row to price. A CSV's text is read as the numbers that it spells; its times have no offset, and are UTC.

    >>> priced = row_of({"generation_id": "gen-1", "cost_total": "0.25", "tokens_prompt": "12", "tokens_completion": "7", "model_permaslug": "a/b", "provider_name": "Google AI"})
    >>> priced["usage"], priced["cost"], priced["provider"]
    ({'tokens_prompt': 12, 'tokens_completion': 7}, '0.25', 'Google AI')
    """
    reason = row.get("finish_reason_normalized") or row.get("finish_reason")
    cancelled = row.get("cancelled") in {True, "true", "True"}
    return {
        "id": row.get("generation_id") or row.get("id"), "model": row.get("model_permaslug") or row.get("model"), "variant": row.get("variant"),
        "provider": row.get("provider_name"), "usage": {key: _number(row[key]) for key in _COUNTS if row.get(key) not in (None, "")},
        "usage_format": "openrouter_activity", "finish_reason": reason or ("stop" if cancelled else None),
        "time_utc": row.get("created_at") or None, "cost": next((row[key] for key in ("cost_total", "total_cost") if row.get(key) not in (None, "")), None),
        "is_byok": row.get("is_byok") is True or _is_paid(row.get("byok_usage_inference")),
    }  # fmt: skip


def _number(value: object) -> object:
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 19 else value


def _is_paid(value: object) -> bool:
    """Tell whether an amount is given that is not nothing."""
    return isinstance(value, (int, float, str)) and bool(str(value).strip("0. "))
