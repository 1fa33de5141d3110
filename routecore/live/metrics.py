"""Counters that an exporter can read. Names are OpenTelemetry's GenAI semantic conventions' where they have one, else ``routecore.…``.

Counting costs one call into C and no lock: ``next`` of an ``itertools.count`` is atomic.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Final, NamedTuple

from routecore.live.kinds import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Counters", "Metric"]

ERROR_TYPES: Final = {
    Kind.CONNECTION: "connection",
    Kind.TIMEOUT: "timeout",
    Kind.SERVER: "500",
    Kind.RATE_LIMIT: "429",
    Kind.CREDENTIAL: "401",
    Kind.MODERATION: "403",
    Kind.CALLER: "400",
    Kind.CANCELLED: "cancelled",
}
"""``error.type`` of each kind of outcome, as the conventions want it: a status or a short name; a success has none."""


class Metric(NamedTuple):
    """One reading: a name, its unit (UCUM), its attributes, and the value since the router was made."""

    name: str
    unit: str
    attributes: tuple[tuple[str, str], ...]
    value: float


class Counters:
    """Named counters that any thread may count up. The names are fixed when it is made, so memory is bounded.

    >>> counters = Counters(["plans"])
    >>> for _ in range(2):
    ...     before = counters.up["plans"]()
    >>> counters.read("plans")
    2
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._counts = {name: count() for name in names}
        self.up = {name: one.__next__ for name, one in self._counts.items()}

    def read(self, name: str) -> int:
        """Return how often ``name`` was counted."""
        # an itertools.count shows its next number, which is how many were taken
        return int(repr(self._counts[name])[6:-1])
