"""This platform's own shape (``infron`` is the same): chat totals, with ``input_tokens`` and ``output_tokens`` (mostly 0) beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routecore.usage.formats.openai import chat

if TYPE_CHECKING:
    from routecore.usage.report import Reported

__all__ = ["platform"]


def platform(report: Reported) -> None:
    """Read a chat body; the other pair where that says nothing."""
    chat(report)
    body = report.body
    report.know(body, "input_tokens", "output_tokens")
    for details in ("input_tokens_details", "output_tokens_details", "input_token_details", "output_token_details"):
        # the same counts once more, in the other dialect
        inner = body.get(details)
        if isinstance(inner, dict):
            report.know(inner, *(key for key in inner if isinstance(key, str)))
    # the chat total wins wherever it says anything at all; the other pair may be the fresh tokens alone, so a difference is nothing odd
    for name, key in (("prompt", "input_tokens"), ("completion", "output_tokens")):
        if not report.get(name):
            report.take(name, (report.body, key, report.path))
