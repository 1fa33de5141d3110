"""Where exports come from: which of a process's exports is news, and how far its clock is from ours."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from routecore.live.steady import TOLERANCE

__all__ = ["Source", "Sources"]

_MOST_SOURCES: Final = 4_096


class Source:
    """One process as its exports show it: ``offset`` is our clock less its own; ``sequence`` and ``until`` are of its latest export."""

    __slots__ = ("offset", "sequence", "until")

    def __init__(self, offset: float, sequence: int, until: float) -> None:
        self.offset = offset
        self.sequence = sequence
        self.until = until


class Sources:
    """The processes whose exports were merged, those heard of longest ago forgotten first beyond 4,096.

    The offset is the least seen: the export that was under way for the shortest time tells it best, and dates those that came late.

    >>> sources = Sources()
    >>> sources.meet("a", 1, 100.0, 5_009.0), sources["a"].offset
    (True, 4909.0)
    >>> sources.meet("a", 2, 101.0, 5_002.0), sources.meet("a", 1, 100.0, 5_003.0), sources["a"].offset
    (True, False, 4901.0)
    """

    def __init__(self) -> None:
        self._found: OrderedDict[str, Source] = OrderedDict()

    def __getitem__(self, name: str) -> Source:
        return self._found[name]

    def get(self, name: str) -> Source | None:
        """Return what is known of a source, ``None`` for one that was forgotten."""
        return self._found.get(name)

    def meet(self, name: str, sequence: int, until: float, here: float) -> bool:
        """Take note of an export whose time ``until`` was ``here`` in our time, at the latest. Returns whether it is the source's latest so far."""
        found = self._found.get(name)
        if found is None:
            if len(self._found) >= _MOST_SOURCES:
                self._found.popitem(last=False)
            self._found[name] = Source(here - until, sequence, until)
            return True
        self._found.move_to_end(name)
        latest = sequence > found.sequence
        set_back = latest and until < found.until - TOLERANCE
        found.offset = here - until if set_back else min(found.offset, here - until)
        if latest:
            found.sequence, found.until = sequence, until
        return latest
