"""What several dialects say alike: details of a prompt and of a completion, cache writes, calls, units beyond tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from routecore.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from routecore.usage.report import Reported

    Details = Mapping[Any, Any]

__all__ = ["MODALITIES", "UNIT_KEYS", "calls", "completion_details", "entries", "given", "include_cache", "prompt_details", "total", "units", "writes"]

MODALITIES: Final = ("audio", "image", "video")

_TOTALS: Final = ("total_tokens", "totalTokens", "totalTokenCount", "total_token_count")

_UNITS: Final = {
    # the counts of this library's own names come first; then speech to text (Mistral, OpenAI, DashScope), text to speech, documents
    "second_in": ("second_in", "prompt_audio_seconds", "input_audio_seconds", "audio_seconds", "seconds"),
    "second_out": ("second_out", "output_audio_seconds", "completion_audio_seconds"),
    "character_in": ("character_in", "characters", "input_characters", "prompt_characters"),
    "character_out": ("character_out", "output_characters"),
    "page": ("page", "pages", "pages_processed"),
}
UNIT_KEYS: Final = frozenset(key for keys in _UNITS.values() for key in keys)
"""Keys that count something beside tokens."""

_TOOL_USE: Final = ("server_tool_use", "server_side_tool_usage_details", "server_tool_use_details")
_SEARCHES: Final = ("web_search_requests", "web_search_calls", "x_search_calls")
_FREE_CALLS: Final = ("web_fetch_requests", "mcp_calls")


def given(value: object) -> bool:
    """Tell whether a key's value says anything: not null, not empty."""
    return value is not None and value not in ("", {}, [])


def total(report: Reported) -> None:
    """Read the grand total, which is evidence and never priced; one that is no count says nothing."""
    report.know(report.body, *_TOTALS)
    for key in _TOTALS:
        number = report.body.get(key)
        if type(number) is int and number >= 0:
            report.counts["total"] = number
            report.paths["total"] = f"{report.path}.{key}"
            return


def units(report: Reported) -> None:
    """Read what is measured in seconds, characters and pages."""
    for name, keys in _UNITS.items():
        for key in keys:
            if key not in report.body:
                continue
            count = report.measure(report.body, key, report.path)
            if count and not report.get(name):
                report.add(name, count, f"{report.path}.{key}")


def calls(report: Reported) -> None:
    """Read what is counted by number: searches and server-side calls."""
    body, path = report.body, report.path
    report.know(body, *_FREE_CALLS)
    told = False
    for holder in _TOOL_USE:
        tools, inner = report.object(body, holder, path), f"{path}.{holder}"
        if not tools:
            continue
        report.know(tools, *_FREE_CALLS)
        told = told or holder == "server_side_tool_usage_details"
        for key in tools:
            if key in _SEARCHES:
                _add(report, "searches", tools, key, inner)
            elif key == "plugin_web_search_requests":
                _add(report, "plugin_searches", tools, key, inner)
            elif isinstance(key, str) and key not in _FREE_CALLS and (key in {"tool_calls", "tool_call_requests"} or key.endswith("_calls")):
                _add(report, "tool_calls", tools, key, inner)
    # xAI's number of all of them, where it does not say which
    if not told and body.get("num_server_side_tools_used") is not None:
        _add(report, "tool_calls", body, "num_server_side_tools_used", path)
    for name, keys in (
        ("searches", ("web_search_requests", "num_search_queries", "web_search_calls")),
        ("plugin_searches", ("plugin_web_search_requests",)),
    ):
        report.take(name, *((body, key, path) for key in keys))


def _add(report: Reported, name: str, mapping: Details, key: str, path: str) -> None:
    number = report.count(mapping, key, path)
    if number is not None:
        report.add(name, number, f"{path}.{key}")


def writes(report: Reported, total_at: tuple[tuple[Details, str, str], ...], parts: Details, path: str) -> None:
    """Read the tokens written to a cache: the total, and its parts by time to live."""
    report.take("written", *total_at)
    report.take("written_5m", (parts, "ephemeral_5m_input_tokens", path), (parts, "ttl_30m_tokens", path))
    report.take("written_1h", (parts, "ephemeral_1h_input_tokens", path), (parts, "ttl_12h_tokens", path))


def prompt_details(report: Reported, details: Details, path: str) -> None:
    """Read the details of a prompt that includes them (chat and responses)."""
    body, top = report.body, report.path
    report.know(details, "text_tokens")
    report.know(body, "prompt_cache_miss_tokens")
    report.take(
        "cached",
        (details, "cached_tokens", path),
        (body, "prompt_cache_hit_tokens", top),
        (body, "cache_read_input_tokens", top),
        (body, "cached_tokens", top),
        (body, "num_cached_tokens", top),
        (body, "cached_input_tokens", top),
        (details, "cache_read_input_tokens", path),
        (details, "cache_read_tokens", path),
    )
    parts: Details = {}
    where = path
    holders = (
        (details, "cache_creation_token_details", path), (details, "cache_creation", path), (details, "cache_write_tokens_details", path),
        (body, "cache_creation", top),
    )  # fmt: skip
    for holder, key, outer in holders:
        if not parts:
            parts, where = report.object(holder, key, outer), f"{outer}.{key}"
    total_at = (
        (details, "cache_write_tokens", path),
        (details, "cache_creation_tokens", path),
        (details, "cache_creation_input_tokens", path),
        (body, "cache_creation_input_tokens", top),
        (body, "cache_write_input_tokens", top),
        (body, "cache_write_tokens", top),
    )
    writes(report, total_at, parts, where)
    joint, where = report.object(details, "cached_tokens_details", path), f"{path}.cached_tokens_details"
    report.take("cached_text", (joint, "text_tokens", where))
    for modality in MODALITIES:
        report.take(modality, (details, f"{modality}_tokens", path))
        report.take(f"cached_{modality}", (joint, f"{modality}_tokens", where))
    report.take("images", (details, "images", path), (details, "image_count", path))


def completion_details(report: Reported, details: Details, path: str) -> None:
    """Read the details of a completion that includes them."""
    report.know(details, "text_tokens", "accepted_prediction_tokens", "rejected_prediction_tokens")
    report.take("reasoning", (details, "reasoning_tokens", path), (details, "thinking_tokens", path))
    for modality in MODALITIES:
        report.take(f"{modality}_out", (details, f"{modality}_tokens", path))
    report.take("images_out", (details, "images", path), (details, "image_count", path))


def include_cache(report: Reported) -> None:
    """Make the prompt of an exclusive dialect the total that it is elsewhere: fresh, read and written."""
    written = report.counts.get("written")
    if written is None:
        written = report.get("written_5m") + report.get("written_1h")
    report.add("prompt", report.get("cached") + written, report.path)


def entries(report: Reported, mapping: Details, key: str, path: str) -> list[Details]:
    """Return the objects of a list such as Gemini's modality details; an absent one is empty."""
    value = mapping.get(key)
    if not given(value):
        return []
    if isinstance(value, (list, tuple)) and all(isinstance(entry, dict) for entry in value):
        return list(value)
    report.faults.append(Fault(f"{path}.{key}", value, "a list of objects"))
    return []
