"""Alibaba's DashScope: ``input_tokens`` of one dialect with the ``prompt_tokens_details`` of the other, modalities at the top, a cache that may be explicit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from routecore.usage.formats.openai import responses
from routecore.usage.formats.shared import given, prompt_details

if TYPE_CHECKING:
    from routecore.usage.report import Reported

__all__ = ["MARKS", "dashscope"]

MARKS: Final = frozenset({"prompt_tokens_details", "image_tokens", "audio_tokens", "video_tokens", "plugins", "cache_type"})
"""Keys that tell it from other bodies with ``input_tokens``."""


def dashscope(report: Reported) -> None:
    """Read totals that include their details; searches are a plugin's count."""
    responses(report)
    body, path = report.body, report.path
    if given(body.get("prompt_tokens_details")):
        prompt_details(report, report.object(body, "prompt_tokens_details", path), f"{path}.prompt_tokens_details")
    for modality in ("audio", "image", "video"):
        report.take(modality, (body, f"{modality}_tokens", path))
    report.take("images_out", (body, "image_count", path))
    plugins = report.object(body, "plugins", path)
    search = report.object(plugins, "search", f"{path}.plugins")
    report.take("searches", (search, "count", f"{path}.plugins.search"))
