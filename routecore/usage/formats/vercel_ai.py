"""The Vercel AI SDK's ``LanguageModelUsage``: camel case, and totals that include their details, whatever the provider behind it says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from routecore.usage.report import Reported

__all__ = ["MARKS", "vercel_ai"]

MARKS: Final = frozenset({"inputTokenDetails", "outputTokenDetails", "cachedInputTokens", "reasoningTokens"})
"""Keys that tell it from Bedrock's."""


def vercel_ai(report: Reported) -> None:
    """Read the totals and what they hold; ``raw`` is the provider's own body once more."""
    body, path = report.body, report.path
    details, where = report.object(body, "inputTokenDetails", path), f"{path}.inputTokenDetails"
    outer, there = report.object(body, "outputTokenDetails", path), f"{path}.outputTokenDetails"
    report.take("prompt", (body, "inputTokens", path))
    report.take("completion", (body, "outputTokens", path))
    report.take("cached", (details, "cacheReadTokens", where), (body, "cachedInputTokens", path))
    report.take("written", (details, "cacheWriteTokens", where))
    report.take("reasoning", (outer, "reasoningTokens", there), (body, "reasoningTokens", path))
    for name, fresh in (("prompt", (details, "noCacheTokens", where)), ("completion", (outer, "textTokens", there))):
        rest = report.count(*fresh)
        # parts without their whole make the whole
        if name not in report.counts and rest is not None:
            parts = ("cached", "written") if name == "prompt" else ("reasoning",)
            report.add(name, rest + sum(report.get(part) for part in parts), f"{fresh[2]}.{fresh[1]}")
    raw = body.get("raw")
    if isinstance(raw, dict):
        report.know(body, "raw")
