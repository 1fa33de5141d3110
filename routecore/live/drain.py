"""Going away in good order: no new plans, and word when the last attempt has ended."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from routecore.live.limits import Limits

__all__ = ["Drain"]


class Drain:
    """A router that hands out no new plans: how many attempts are still in flight, and when none is."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._ended = threading.Event()

    @property
    def in_flight(self) -> int:
        """Attempts that were begun and have not ended."""
        return self._limits.in_flight

    @property
    def done(self) -> bool:
        """Whether none is left."""
        return self.in_flight == 0

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until none is left, at most ``timeout`` seconds; returns whether none is."""
        return self._ended.wait(timeout)

    def look(self) -> None:
        """Take note that an attempt has begun or ended."""
        if self.done:
            self._ended.set()
        else:
            self._ended.clear()
