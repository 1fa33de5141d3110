"""Perplexity: a chat body with reasoning and citations beside it, and the searches that were made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from routecore.usage.formats.openai import chat

if TYPE_CHECKING:
    from routecore.usage.report import Reported

__all__ = ["MARKS", "perplexity"]

MARKS: Final = frozenset({"citation_tokens", "search_context_size"})
"""Keys that tell it from other chat bodies."""


def perplexity(report: Reported) -> None:
    """Read a chat body: top-level ``reasoning_tokens`` stand beside the completion, ``citation_tokens`` are read and billed as prompt."""
    chat(report)
    body, path = report.body, report.path
    report.add("completion", report.count(body, "reasoning_tokens", path) or 0, path)
    report.add("prompt", report.count(body, "citation_tokens", path) or 0, path)
