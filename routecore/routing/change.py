"""A change to a decision's inputs, in words, and the case with it made: what an explanation tries by deciding again."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from routecore.routing.case import Case

__all__ = ["Change", "Trial"]


class Change(NamedTuple):
    """A change that would put the endpoint first, tried by deciding again: whose it is (``caller``, ``operator``, ``chance``) and what it is, in words."""

    whose: str
    words: str


class Trial(NamedTuple):
    """A change, and the case with it made."""

    change: Change
    case: Case
