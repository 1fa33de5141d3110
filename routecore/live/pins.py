"""Sticky sessions: which attempt served a conversation last, for as long as its cache is warm.

``Pins`` holds the lifecycle, over any ``PinStore``; ``MemoryPins`` is the store in this process. The key is a digest of (account, conversation, model):
no session text is kept, and a store elsewhere needs no quoting.
"""

from __future__ import annotations

import threading
from hashlib import blake2b
from math import inf
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple, Protocol

import attrs
from cachetools import LRUCache

from routecore.reading.settings import finite_above, whole_from
from routecore.request.conversation import SHORT_CACHE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["GuardedPins", "MemoryPins", "Pin", "PinFound", "PinSettings", "PinStore", "PinWrite", "Pins", "pin_key", "read_entry", "response_of"]


@attrs.frozen
class PinSettings:
    """How many pins are held. Raises ``InvalidRequest`` naming every bad setting."""

    WHERE: ClassVar[str] = "settings.pins"

    max_pins: int = attrs.field(default=1_000_000, validator=whole_from(1))
    """Beyond, the pins used longest ago go. A million takes about 310 MB (measured; ``docs/reference/settings.md``)."""
    response_seconds: float = attrs.field(default=86_400.0, validator=finite_above(0, "seconds"))
    """A pin under a response's id is kept for so long: only the host that made a response can go on from it."""


class Pin(NamedTuple):
    """The attempt that served (``id#shared`` or ``id#byok:KEY_ID``), and when its cache goes cold."""

    attempt: str
    expires_at: float


class PinWrite(NamedTuple):
    """What to write into a store of the gateway's own: under ``key`` for ``ttl_seconds`` the ``entry``, which names the attempt that served."""

    key: bytes
    attempt: str
    ttl_seconds: float

    @property
    def entry(self) -> bytes:
        """The entry, with its version: what ``read_entry`` reads."""
        return _VERSION + self.attempt.encode("utf-8", "surrogatepass")


def read_entry(entry: object) -> str | None:
    """Return the attempt that a store's entry names; ``None`` for no entry, or one of another version.

    ``entry`` may be the bytes of ``PinWrite.entry`` (or their text), an attempt's key, or a ``Pin``.

    >>> read_entry(PinWrite(b"k", "m@p#shared", 300.0).entry), read_entry(None), read_entry(b"9|m@p#shared")
    ('m@p#shared', None, None)
    """
    if isinstance(entry, Pin):
        return entry.attempt
    if isinstance(entry, bytes):
        return entry[len(_VERSION) :].decode("utf-8", "surrogatepass") if entry.startswith(_VERSION) else None
    if isinstance(entry, str):
        text = _VERSION.decode("ascii")
        return entry.removeprefix(text) if entry.startswith(text) or "|" not in entry else None
    return None


class PinStore(Protocol):
    """Where pins are kept. Safe to call from any thread. ``now`` is the caller's clock in seconds; a store must not read one of its own.

    A store that has ``in_process = False`` is behind a socket: ``plan`` and ``observe`` never ask it. The gateway does, by ``Router.pin_keys`` and
    ``LivePlan.pin_write``, without anybody waiting inside the router.
    """

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


class GuardedPins:
    """A breaker before a store that must be asked in place: one that keeps failing, or takes long, is left alone for a while.

    While it is left alone there are no pins, which is only ever a preference lost. Then it is asked once, and again when that works.

    Args:
        store: The store to guard.
        failures_in_a_row: So many errors, or slow answers, in a row leave it alone.
        open_seconds: For so long, by the router's clock.
        slow_seconds: An answer that takes longer counts as an error; only where ``clock`` is given.
        clock: Seconds, monotonic, to measure answers with; ``None`` measures nothing.

    Example:
        >>> class Broken:
        ...     def get(self, key, now):
        ...         raise OSError
        >>> guarded = GuardedPins(Broken(), failures_in_a_row=1)
        >>> try:
        ...     guarded.get(b"k", 100.0)
        ... except OSError:
        ...     print("asked")
        asked
        >>> guarded.get(b"k", 101.0), guarded.skipped
        (None, 1)
    """

    in_process = True

    def __init__(
        self,
        store: PinStore,
        *,
        failures_in_a_row: int = 3,
        open_seconds: float = 5.0,
        slow_seconds: float = 0.05,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.store = store
        self.skipped = 0
        """Calls that were not made, as the store was left alone."""
        self._most = failures_in_a_row
        self._open_seconds = open_seconds
        self._slow = slow_seconds
        self._clock = clock
        self._failures = 0
        self._open_until = -inf

    def get(self, key: bytes, now: float) -> Pin | None:
        """Ask the store; ``None`` while it is left alone.

        Args:
            key: The pin's 16 bytes.
            now: The router's clock, in seconds.
        """
        return self._call(now, lambda: self.store.get(key, now))

    def put(self, key: bytes, pin: Pin, now: float) -> None:
        """Let the store keep the pin; nothing is kept while it is left alone.

        Args:
            key: The pin's 16 bytes.
            pin: The pin.
            now: The router's clock, in seconds.
        """
        self._call(now, lambda: self.store.put(key, pin, now))

    def delete(self, key: bytes) -> None:
        """Let the store forget the pin: never left out, as a pin that stays does harm."""
        self.store.delete(key)

    def _call(self, now: float, call: Callable[[], Pin | None]) -> Pin | None:
        if self._failures >= self._most:
            # a clock that was set back does not keep it shut for longer than was said
            if self._open_until - self._open_seconds <= now < self._open_until:
                self.skipped += 1
                return None
            # the next error leaves it alone again
            self._failures = self._most - 1
        started = None if self._clock is None else self._clock()
        try:
            found = call()
        except Exception:
            self._fail(now)
            raise
        if started is not None and self._clock is not None and self._clock() - started > self._slow:
            self._fail(now)
        else:
            self._failures = 0
        return found

    def _fail(self, now: float) -> None:
        self._failures += 1
        if self._failures >= self._most:
            self._open_until = now + self._open_seconds


class PinFound(NamedTuple):
    """The pinned attempt's key, or ``None`` and why: ``expired``, ``unidentifiable``, or ``None`` where there never was one (that is still known)."""

    attempt: str | None
    reason: str | None


_VERSION: Final = b"1|"
"""The version of an entry, before the attempt's key. A router of another version passes over what it cannot read."""
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
        self.in_process: bool = getattr(self.store, "in_process", True)
        """Whether the store may be asked while a plan is made."""
        self._lock = threading.Lock()
        self._errors = 0

    def find(self, account: str | None, conversation: str | None, model: str, now: float) -> PinFound:
        """Return the attempt that last served ``model`` in this conversation. A store that fails is a store without the pin, and counted."""
        return _UNIDENTIFIABLE if conversation is None else self.find_key(pin_key(account, conversation, model), now)

    def find_key(self, key: bytes, now: float) -> PinFound:
        """Return the attempt that a key's pin names."""
        if not self.in_process:
            return _NONE
        try:
            pin = self.store.get(key, now)
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
        if conversation is not None:
            self.serve_key(pin_key(account, conversation, model), attempt_key, now, cache_seconds)

    def serve_key(self, key: bytes, attempt_key: str, now: float, cache_seconds: float) -> None:
        """Let a key's pin name the attempt, for ``cache_seconds`` from ``now``."""
        if not self.in_process:
            return
        try:
            self.store.put(key, Pin(attempt_key, now + cache_seconds), now)
        except Exception:  # noqa: BLE001 - as in find
            self._note_error()

    def forget(self, account: str | None, conversation: str | None, model: str) -> None:
        """Forget one conversation's pin."""
        if conversation is None or not self.in_process:
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


def response_of(response_id: str) -> str:
    """Return what a response's id is to ``pin_key`` and ``Pins``, in place of a conversation; its model is "".

    >>> response_of("resp_1")
    'response:resp_1'
    """
    return f"response:{response_id}"


def pin_key(account: str | None, conversation: str, model: str) -> bytes:
    """Return the 16 bytes that name a pin. Lengths frame the parts, so no account can spell another's key.

    >>> pin_key("a", "bc", "m") == pin_key("ab", "c", "m"), len(pin_key(None, "c", "m"))
    (False, 16)
    """
    owner = "-" if account is None else f"{len(account)}:{account}"
    return blake2b(f"{owner}|{len(conversation)}:{conversation}|{model}".encode("utf-8", "surrogatepass"), digest_size=16).digest()
