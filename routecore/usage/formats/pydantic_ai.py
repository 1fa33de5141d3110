"""pydantic-ai's ``RequestUsage`` and ``RunUsage``: cache reads and writes inside ``input_tokens``, whatever the provider says; the provider's own in ``details``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from routecore.usage.report import Reported

__all__ = ["MARKS", "pydantic_ai"]

MARKS: Final = frozenset(
    {"cache_read_tokens", "cache_write_tokens", "input_audio_tokens", "cache_audio_read_tokens", "output_audio_tokens", "output_reasoning_tokens"}
)
"""Keys that tell it from other bodies with ``input_tokens``."""


def pydantic_ai(report: Reported) -> None:
    """Read the totals and what they hold. ``tool_calls`` are the caller's own, and free."""
    body, path = report.body, report.path
    report.take("prompt", (body, "input_tokens", path))
    report.take("completion", (body, "output_tokens", path))
    report.take("cached", (body, "cache_read_tokens", path))
    report.take("written", (body, "cache_write_tokens", path))
    report.take("audio", (body, "input_audio_tokens", path))
    report.take("cached_audio", (body, "cache_audio_read_tokens", path))
    report.take("audio_out", (body, "output_audio_tokens", path))
    details = report.object(body, "details", path)
    report.take("reasoning", (body, "output_reasoning_tokens", path), (details, "reasoning_tokens", f"{path}.details"))
    report.know(body, "tool_calls", "requests")
    report.know(details, *(key for key in details if isinstance(key, str)))
