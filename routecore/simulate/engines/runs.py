"""What a closed-loop run keeps and gives back: its first choices, its summary, and how far it came."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from routecore.simulate.policy import Policy
    from routecore.simulate.report.summary import Summary

__all__ = ["COOLING", "PINNED", "SORTED", "Choices", "Run"]

PINNED, SORTED, COOLING = 1, 2, 4
"""Marks of a decision: the session's pin came first; nothing was drawn; someone was cooling."""


class Choices:
    """First choices of a run, request by request, to tell what another policy changed: 13 bytes a request.

    ``endpoint``: code of the first choice (-1: nobody); ``propensity``; ``marks``: ``PINNED``, ``SORTED``, ``COOLING``; ``field``: which of ``fields`` (the eligible
    endpoints' codes, and the rule that removed each other) it was chosen from.
    """

    def __init__(self) -> None:
        self.endpoint = array("i")
        self.propensity = array("f")
        self.marks = array("B")
        self.field = array("i")
        self.fields: list[tuple[frozenset[int], dict[int, str]]] = []


@attrs.define
class Run:
    """One policy's run: its summary, its first choices (where they were asked for), how far it came and what happened on the way."""

    policy: Policy
    summary: Summary
    ids: list[str]
    choices: Choices | None
    done: int
    partial: bool
    coolings: int
    unpriced: int
    last_s: float
