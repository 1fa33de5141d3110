"""Mistral: a chat body with cached tokens under three names, seconds of audio, and the connectors of its agents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from routecore.usage.formats.openai import chat

if TYPE_CHECKING:
    from routecore.usage.report import Reported

__all__ = ["MARKS", "mistral"]

MARKS: Final = frozenset({"num_cached_tokens", "prompt_token_details", "prompt_audio_seconds", "connector_tokens", "connectors"})
"""Keys that tell it from other chat bodies."""


def mistral(report: Reported) -> None:
    """Read a chat body; what connectors brought in is prompt, their web searches are searches."""
    chat(report)
    body, path = report.body, report.path
    brought = report.count(body, "connector_tokens", path)
    if brought:
        report.add("prompt", brought, f"{path}.connector_tokens")
    connectors, where = report.object(body, "connectors", path), f"{path}.connectors"
    for key in connectors:
        number = report.count(connectors, key, where) if isinstance(key, str) else None
        if number:
            report.add("searches" if key.startswith("web_search") else "tool_calls", number, f"{where}.{key}")
