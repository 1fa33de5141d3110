"""What was computed once and may be needed again: bounded in entries and in bytes, the oldest dropped first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Generic, TypeVar

__all__ = ["Cache"]

Key = TypeVar("Key")
Value = TypeVar("Value")


class Cache(Generic[Key, Value]):
    """A dictionary that forgets its oldest entries, a few at a time and never all at once, so that no request pays for a full one.

    Reading takes no lock. ``most_bytes`` bounds the sum of what the entries' makers say that they take.

    >>> cache: Cache[str, int] = Cache(2, 1_000)
    >>> for name in "abc":
    ...     cache.put(name, ord(name), 10)
    >>> cache.get("a"), cache.get("c"), len(cache), cache.size
    (None, 99, 2, 20)
    """

    def __init__(self, most: int, most_bytes: int) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[Key, tuple[Value, int]] = OrderedDict()
        self.size = 0
        """Bytes of all entries, as their makers say."""

    def get(self, key: Key) -> Value | None:
        """Return what is kept under ``key``, ``None`` if nothing is."""
        found = self._kept.get(key)
        return None if found is None else found[0]

    def put(self, key: Key, value: Value, size: int) -> None:
        """Keep ``value``, which takes ``size`` bytes, in place of an earlier one. What is larger than the whole cache may be is not kept."""
        with self._lock:
            self._drop(key)
            if size > self._most_bytes:
                return
            self._kept[key] = (value, size)
            self.size += size
            while len(self._kept) > self._most or self.size > self._most_bytes:
                self.size -= self._kept.popitem(last=False)[1][1]

    def resize(self, key: Key, value: Value, size: int) -> None:
        """Say that an entry takes another size now; nothing happens where ``value`` is not what is kept."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None and found[0] is value:
                self._kept[key] = (value, size)
                self.size += size - found[1]
                while self.size > self._most_bytes and self._kept:
                    self.size -= self._kept.popitem(last=False)[1][1]

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept.clear()
            self.size = 0

    def __len__(self) -> int:
        """How many entries there are."""
        return len(self._kept)

    def _drop(self, key: Key) -> None:
        found = self._kept.pop(key, None)
        if found is not None:
            self.size -= found[1]
