"""What changed between two runs' first choices, and why."""

from __future__ import annotations

from typing import Any, Final

import attrs

__all__ = ["REASONS", "Changes"]


REASONS: Final = {
    "refused": "one of the policies finds no eligible endpoint, or does not know the model",
    "eligibility": "the other's first choice is not eligible, or not there",
    "strategy": "one policy draws and the other sorts",
    "session pin": "a pin holds under one policy and not under the other, or they are pinned elsewhere",
    "cooldown": "somebody is cooling down under one policy and not under the other",
    "weights": "the balance gives the choice another probability, and the draw falls elsewhere",
    "statistics": "the same rules on other measurements, as earlier choices were others",
}
"""Reason -> meaning, in the order in which they are looked for: each change is counted once, under the first that holds."""


@attrs.frozen
class Changes:
    """What changed from one run to another: ``compared`` requests, how many of them ``changed``, for which ``reasons``, and the first examples of each reason.

    An example has ``request`` (its number), ``before`` and ``after`` (endpoint ids or ``None``), ``reason`` and ``detail``.
    """

    compared: int
    changed: int
    reasons: dict[str, int]
    moves: dict[tuple[str | None, str | None], int]
    examples: list[dict[str, Any]]

    def to_dict(self) -> dict[str, Any]:
        """Return the changes as JSON can hold them."""
        moves = sorted(self.moves.items(), key=lambda one: -one[1])
        return {
            "compared": self.compared,
            "changed": self.changed,
            "reasons": dict(self.reasons),
            "moves": [{"before": before, "after": after, "requests": count} for (before, after), count in moves[:50]],
            "examples": list(self.examples),
        }
