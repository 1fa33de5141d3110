"""Bedrock's Converse dialect: ``inputTokens`` excludes cache reads and writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routecore.usage.formats.shared import entries, include_cache

if TYPE_CHECKING:
    from routecore.usage.report import Reported

__all__ = ["converse"]


def converse(report: Reported) -> None:
    """Read ``TokenUsage``, with its ``cacheDetails`` by time to live."""
    body, path = report.body, report.path
    report.take("prompt", (body, "inputTokens", path))
    report.take("completion", (body, "outputTokens", path))
    report.take("cached", (body, "cacheReadInputTokens", path), (body, "cacheReadInputTokenCount", path))
    report.take("written", (body, "cacheWriteInputTokens", path), (body, "cacheWriteInputTokenCount", path))
    for index, entry in enumerate(entries(report, body, "cacheDetails", path)):
        where = f"{path}.cacheDetails[{index}]"
        tokens = report.count(entry, "inputTokens", where)
        if tokens is not None:
            report.add("written_1h" if entry.get("ttl") == "1h" else "written_5m", tokens, f"{where}.inputTokens")
    tools = report.object(body, "serverToolUsage", path)
    report.take("searches", (tools, "webSearchRequests", f"{path}.serverToolUsage"))
    include_cache(report)
