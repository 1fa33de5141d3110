"""What was odd about a feed, and what was done about it: one note a place."""

from __future__ import annotations

from typing import Any, NamedTuple

from routecore.safe_text import jsonable

__all__ = ["Oddities", "Oddity"]


class Oddity(NamedTuple):
    """Something in the feed that needed a decision: the row's path, the field, the value, and what was done."""

    path: str
    field: str
    value: object
    done: str

    def to_dict(self) -> dict[str, Any]:
        """Return the oddity as JSON can hold it.

        >>> Oddity("data.endpoints[0]", "context_length", 0, "unknown").to_dict()["value"]
        0
        """
        return {"path": self.path, "field": self.field, "value": jsonable(self.value), "done": self.done}


class Oddities:
    """The notes of one import, in the order they were made."""

    def __init__(self) -> None:
        self.noted: list[Oddity] = []

    def note(self, path: str, field: str, value: object, done: str) -> None:
        """Note one oddity."""
        self.noted.append(Oddity(path, field, value, done))
