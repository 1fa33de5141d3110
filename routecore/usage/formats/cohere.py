"""Cohere: ``billed_units`` are what is billed; ``tokens`` are what the model saw, with the prompt that the platform put around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from routecore.usage.report import Reported

__all__ = ["KEYS", "cohere"]

KEYS: Final = frozenset({"billed_units", "tokens"})


def cohere(report: Reported) -> None:
    """Read the billed units, or the tokens where there are none."""
    body, path = report.body, report.path
    units, seen = report.object(body, "billed_units", path), report.object(body, "tokens", path)
    key, read = ("billed_units", units) if units else ("tokens", seen)
    if units:
        report.know(seen, "input_tokens", "output_tokens")
    where = f"{path}.{key}"
    report.take("prompt", (read, "input_tokens", where))
    report.take("completion", (read, "output_tokens", where))
    # a part of what the model saw; where the billed units are fewer, they are not the ones that were read from a cache
    cached = report.count(body, "cached_tokens", path)
    if cached and (not units or cached <= report.get("prompt")):
        report.add("cached", cached, f"{path}.cached_tokens")
    report.take("searches", (units, "search_units", where))
    report.take("images", (units, "images", where))
