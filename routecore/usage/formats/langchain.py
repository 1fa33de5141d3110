"""LangChain's ``usage_metadata``: totals that include their details, whatever the provider behind it says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from routecore.usage.report import Reported

__all__ = ["MARKS", "langchain"]

MARKS: Final = frozenset({"cache_read", "cache_creation", "audio", "image", "video", "text", "reasoning"})
"""Keys of ``input_token_details`` and ``output_token_details`` that OpenAI's realtime dialect writes with ``_tokens``."""


def langchain(report: Reported) -> None:
    """Read the totals and what they hold; ``cache_creation`` is a number here."""
    body, path = report.body, report.path
    report.take("prompt", (body, "input_tokens", path))
    report.take("completion", (body, "output_tokens", path))
    details, where = report.object(body, "input_token_details", path), f"{path}.input_token_details"
    report.take("cached", (details, "cache_read", where))
    report.take("written", (details, "cache_creation", where))
    report.take("written_5m", (details, "ephemeral_5m_input_tokens", where))
    report.take("written_1h", (details, "ephemeral_1h_input_tokens", where))
    if not report.get("written"):
        # with a time to live the total is written as 0
        report.counts.pop("written", None)
    outer, there = report.object(body, "output_token_details", path), f"{path}.output_token_details"
    report.take("reasoning", (outer, "reasoning", there))
    for modality in ("audio", "image", "video"):
        report.take(modality, (details, modality, where))
        report.take(f"{modality}_out", (outer, modality, there))
