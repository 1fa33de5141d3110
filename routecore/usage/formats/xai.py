"""xAI's chat dialect as its older models write it: OpenAI's keys, with reasoning beside the completion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routecore.usage.formats.openai import chat

if TYPE_CHECKING:
    from routecore.usage.report import Reported

__all__ = ["xai_chat"]


def xai_chat(report: Reported) -> None:
    """Read a chat body whose completion excludes reasoning."""
    chat(report)
    if report.get("reasoning"):
        report.add("completion", report.get("reasoning"), report.paths["reasoning"])
