"""Codex and the variants of the responses dialect that write their details at the top: all inside ``input_tokens`` and ``output_tokens``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from routecore.usage.formats.openai import responses

if TYPE_CHECKING:
    from routecore.usage.report import Reported

__all__ = ["MARKS", "codex"]

MARKS: Final = frozenset({"cached_input_tokens", "cache_write_input_tokens", "reasoning_output_tokens"})
"""Keys that tell it from other bodies with ``input_tokens``."""


def codex(report: Reported) -> None:
    """Read the counts of one turn; every one but the two totals is inside one of them."""
    responses(report)
