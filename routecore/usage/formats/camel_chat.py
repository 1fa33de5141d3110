"""The chat dialect in camel case, as TypeScript SDKs write it: OpenRouter's, Mistral's, and the Vercel AI SDK's fourth version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from routecore.usage.formats.shared import MODALITIES

if TYPE_CHECKING:
    from routecore.usage.report import Reported

__all__ = ["KEYS", "camel_chat"]

KEYS: Final = frozenset({"promptTokens", "completionTokens"})


def camel_chat(report: Reported) -> None:
    """Read ``promptTokens`` and ``completionTokens``, which include their details."""
    body, path = report.body, report.path
    report.take("prompt", (body, "promptTokens", path))
    report.take("completion", (body, "completionTokens", path))
    details, where = report.object(body, "promptTokensDetails", path), f"{path}.promptTokensDetails"
    outer, there = report.object(body, "completionTokensDetails", path), f"{path}.completionTokensDetails"
    report.take("cached", (details, "cachedTokens", where), (body, "numCachedTokens", path))
    report.take("written", (details, "cacheWriteTokens", where))
    report.take("reasoning", (outer, "reasoningTokens", there), (body, "reasoningTokens", path))
    for modality in MODALITIES:
        report.take(modality, (details, f"{modality}Tokens", where))
        report.take(f"{modality}_out", (outer, f"{modality}Tokens", there))
    report.know(details, "textTokens")
    report.know(outer, "textTokens", "acceptedPredictionTokens", "rejectedPredictionTokens")
