"""What ``os.fork`` does to routers: no child inherits a lock that somebody held, and each draws anew.

Before a fork every router's locks are taken, in the order in which the routers themselves take them, so that nothing is half done in the child's copy.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Final, Protocol
from weakref import WeakSet

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Forkable", "watch_forks"]

_PATIENCE: Final = 5.0
"""Seconds to wait for a lock before a fork: one that the forking thread holds itself would never come."""


class Forkable(Protocol):
    """What a fork must be told of."""

    def locks(self) -> Iterable[tuple[object, str]]:
        """Return every lock as (owner, name of the attribute), in the order in which they are taken."""

    def forked(self) -> None:
        """Go on in a child, with fresh locks."""


_made: WeakSet[Forkable] = WeakSet()
_making = threading.Lock()
_held: list[tuple[object, str, bool]] = []


def watch_forks(one: Forkable) -> None:
    """Tell ``one`` of forks, as long as it lives."""
    with _making:
        _made.add(one)


def _before() -> None:
    _making.acquire(timeout=_PATIENCE)
    for one in list(_made):
        for owner, name in one.locks():
            _held.append((owner, name, getattr(owner, name).acquire(timeout=_PATIENCE)))


def _after_in_parent() -> None:
    for owner, name, taken in reversed(_held):
        if taken:
            getattr(owner, name).release()
    _held.clear()
    _making.release()


def _after_in_child() -> None:
    global _making  # noqa: PLW0603 - a lock cannot be renewed in place
    _making = threading.Lock()
    for owner, name, _ in _held:
        setattr(owner, name, threading.Lock())
    _held.clear()
    for one in list(_made):
        one.forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child)
