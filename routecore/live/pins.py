"""Sticky sessions: which attempt served a conversation last, for as long as its cache is warm.

``Pins`` holds the lifecycle, over any ``PinStore``; ``MemoryPins`` is the store in this process. The key is a digest of (account, conversation, model):
no session text is kept, and a store elsewhere needs no quoting.
"""

from __future__ import annotations

import threading
from hashlib import blake2b
from typing import ClassVar, NamedTuple, Protocol

import attrs
from cachetools import LRUCache

from routecore.reading.settings import whole_from
from routecore.request.conversation import SHORT_CACHE_SECONDS

__all__ = ["MemoryPins", "Pin", "PinFound", "PinSettings", "PinStore", "Pins", "pin_key"]


@attrs.frozen
class PinSettings:
    """How many pins are held. Raises ``InvalidRequest`` naming every bad setting."""

    WHERE: ClassVar[str] = "settings.pins"

    max_pins: int = attrs.field(default=1_000_000, validator=whole_from(1))
    """Beyond, the pins used longest ago go. A million takes about 310 MB (measured; ``docs/reference/settings.md``)."""


class Pin(NamedTuple):
    """The attempt that served (``id#shared`` or ``id#byok:KEY_ID``), and when its cache goes cold."""

    attempt: str
    expires_at: float


class PinStore(Protocol):
    """Where pins are kept. Safe to call from any thread. ``now`` is the caller's clock in seconds; a store must not read one of its own."""

    def get(self, key: bytes, now: float) -> Pin | None:
        """Return the pin, even one that has expired if the store still has it; ``None`` if there is none.

        Args:
            key: The session's key.
            now: The caller's clock, in seconds.

        Returns:
            The pin, or ``None`` where there is none.
        """

    def put(self, key: bytes, pin: Pin, now: float) -> None:
        """Keep the pin, in place of an earlier one.

        Args:
            key: The session's key.
            pin: The attempt that served it, and until when the pin holds.
            now: The caller's clock, in seconds.
        """

    def delete(self, key: bytes) -> None:
        """Forget the pin; without one nothing happens."""


class MemoryPins:
    """Pins in this process, bounded in number: those used longest ago go first.

    Each pin carries its own expiry and is held to it when asked for. One that has expired keeps its place until it is displaced, which is what lets
    a plan say ``expired``; a cache that drops expired entries by itself has to pause for it, the longer the more pins there are
    (``docs/decisions/207-pin-store.md``).

    >>> store = MemoryPins(PinSettings(max_pins=1))
    >>> store.put(b"a", Pin("m@p#shared", 400.0), 100.0)
    >>> store.get(b"a", 399.0).attempt
    'm@p#shared'
    >>> store.put(b"b", Pin("m@q#shared", 400.0), 101.0)
    >>> store.get(b"a", 101.0) is None, len(store)
    (True, 1)
    """

    def __init__(self, settings: PinSettings | None = None) -> None:
        self.settings = PinSettings() if settings is None else settings
        self._lock = threading.Lock()
        self._pins: LRUCache[bytes, Pin] = LRUCache(self.settings.max_pins)

    def get(self, key: bytes, now: float) -> Pin | None:  # noqa: ARG002 - the protocol's; here the pin's own expiry is enough
        """Return the pin, expired or not.

        Args:
            key: The session's key.
            now: The caller's clock, in seconds.

        Returns:
            The pin, or ``None`` where there is none.
        """
        with self._lock:
            return self._pins.get(key)

    def put(self, key: bytes, pin: Pin, now: float) -> None:  # noqa: ARG002 - as in get
        """Keep the pin.

        Args:
            key: The session's key.
            pin: The attempt that served it, and until when the pin holds.
            now: The caller's clock, in seconds.
        """
        with self._lock:
            self._pins[key] = pin

    def delete(self, key: bytes) -> None:
        """Forget the pin."""
        with self._lock:
            self._pins.pop(key, None)

    def __len__(self) -> int:
        """How many pins are held, expired ones too."""
        return len(self._pins)


class PinFound(NamedTuple):
    """The pinned attempt's key, or ``None`` and why: ``expired``, ``unidentifiable``, or ``None`` where there never was one (that is still known)."""

    attempt: str | None
    reason: str | None


_NONE: PinFound = PinFound(None, None)
_UNIDENTIFIABLE: PinFound = PinFound(None, "unidentifiable")
_EXPIRED: PinFound = PinFound(None, "expired")


class Pins:
    """The life of a pin: written when an attempt succeeds, refreshed by each later success, moved when a fallback serves, gone with its cache.

    Source: the platform's documentation, § Provider Sticky Routing.

    >>> pins = Pins()
    >>> pins.served("acme", "session:s1", "m", "m@p#shared", 100.0)
    >>> pins.find("acme", "session:s1", "m", 399.0)
    PinFound(attempt='m@p#shared', reason=None)
    >>> pins.find("acme", "session:s1", "m", 400.0), pins.find("acme", None, "m", 400.0)
    (PinFound(attempt=None, reason='expired'), PinFound(attempt=None, reason='unidentifiable'))
    """

    def __init__(self, store: PinStore | None = None) -> None:
        self.store: PinStore = MemoryPins() if store is None else store
        self._lock = threading.Lock()
        self._errors = 0

    def find(self, account: str | None, conversation: str | None, model: str, now: float) -> PinFound:
        """Return the attempt that last served ``model`` in this conversation. A store that fails is a store without the pin, and counted."""
        if conversation is None:
            return _UNIDENTIFIABLE
        try:
            pin = self.store.get(pin_key(account, conversation, model), now)
        except Exception:  # noqa: BLE001 - a store elsewhere may raise anything, and a pin is only ever a preference
            self._note_error()
            return _NONE
        if pin is None:
            return _NONE
        return PinFound(pin.attempt, None) if now < pin.expires_at else _EXPIRED

    def served(
        self, account: str | None, conversation: str | None, model: str, attempt_key: str, now: float, cache_seconds: float = SHORT_CACHE_SECONDS
    ) -> None:
        """Pin the conversation to the attempt that has just succeeded, for ``cache_seconds`` from ``now``."""
        if conversation is None:
            return
        try:
            self.store.put(pin_key(account, conversation, model), Pin(attempt_key, now + cache_seconds), now)
        except Exception:  # noqa: BLE001 - as in find
            self._note_error()

    def forget(self, account: str | None, conversation: str | None, model: str) -> None:
        """Forget one conversation's pin."""
        if conversation is None:
            return
        try:
            self.store.delete(pin_key(account, conversation, model))
        except Exception:  # noqa: BLE001 - as in find
            self._note_error()

    @property
    def store_errors(self) -> int:
        """How often the store raised."""
        with self._lock:
            return self._errors

    def _note_error(self) -> None:
        with self._lock:
            self._errors += 1


def pin_key(account: str | None, conversation: str, model: str) -> bytes:
    """Return the 16 bytes that name a pin. Lengths frame the parts, so no account can spell another's key.

    >>> pin_key("a", "bc", "m") == pin_key("ab", "c", "m"), len(pin_key(None, "c", "m"))
    (False, 16)
    """
    owner = "-" if account is None else f"{len(account)}:{account}"
    return blake2b(f"{owner}|{len(conversation)}:{conversation}|{model}".encode("utf-8", "surrogatepass"), digest_size=16).digest()
