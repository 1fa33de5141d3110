"""Redis or Valkey between the processes of a gateway: pins of sessions, and what each process measured. Needs the extra ``redis``.

No decision waits for the server. Pins are read by the gateway before it plans, with a limit and a breaker; everything else goes on in a thread of its own. While the server is
away a process goes on with what it has, counts that, and catches up when it is back. What stands under our keys may be anybody's: what cannot be read is counted and left.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
import zlib
from typing import TYPE_CHECKING, Any, Final, Self

from routecore.errors import RoutecoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from routecore.live.pins import PinWrite
    from routecore.live.router import Router

__all__ = ["RedisPeers", "RedisPins"]

_LOG: Final = logging.getLogger("routecore.redis")
_LONGEST_ENTRY: Final = 1_024
_LARGEST_PAYLOAD: Final = 4_000_000
_LARGEST_UNPACKED: Final = 32_000_000
_MOST_PEERS: Final = 1_000
_FORMAT: Final = "routecore-peer-1"


class RedisPins:
    """Pins in Redis, read and written by the gateway around ``plan``.

    ``client`` is a ``redis.asyncio.Redis`` (or what is called like it) that does not decode answers. A call takes at most ``seconds``; after ``failures_in_a_row`` that did not work the
    server is left alone for ``open_seconds``. A pin is only ever a preference: whatever goes wrong, there is none.

    ```python
    pins = RedisPins(redis.asyncio.Redis())
    found = await pins.read(router.pin_keys(body, context))
    plan = router.plan(body, context, pin=found)
    ...
    await pins.write(plan.pin_write(attempt))
    ```
    """

    def __init__(
        self,
        client: Any,  # noqa: ANN401 - of whatever version
        *,
        prefix: str = "routecore:pin:",
        seconds: float = 0.05,
        failures_in_a_row: int = 3,
        open_seconds: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.client = client
        self.prefix = prefix.encode()
        self.seconds = seconds
        self.errors = 0
        """Calls that failed or took too long."""
        self.skipped = 0
        """Calls that were not made, as the server was left alone."""
        self.unreadable = 0
        """Entries that are no pins."""
        self._most = failures_in_a_row
        self._open_seconds = open_seconds
        self._clock = clock
        self._failures = 0
        self._open_until: float | None = None

    async def read(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Return the entries under ``Router.pin_keys``, one ``MGET`` for all; nothing but ``None`` where the server does not answer in time."""
        nothing: list[bytes | None] = [None] * len(keys)
        if not keys:
            return nothing
        found = await self._call(lambda: self.client.mget([self.prefix + key for key in keys]))
        if not isinstance(found, list) or len(found) != len(keys):
            return nothing
        return [self._entry(one) for one in found]

    async def write(self, write: PinWrite | None) -> None:
        """Keep what ``LivePlan.pin_write`` gave, for as long as it says; ``None`` is nothing to keep."""
        if write is not None:
            await self._call(lambda: self.client.set(self.prefix + write.key, write.entry, px=max(1, int(write.ttl_seconds * 1000))))

    def _entry(self, value: object) -> bytes | None:
        if value is None:
            return None
        if not isinstance(value, bytes) or len(value) > _LONGEST_ENTRY:
            self.unreadable += 1
            return None
        return value

    async def _call(self, call: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever the server says
        if self._open_until is not None:
            if self._clock() < self._open_until:
                self.skipped += 1
                return None
            # one call finds out; all others meanwhile leave it alone
            self._open_until = self._clock() + self._open_seconds
        try:
            async with asyncio.timeout(self.seconds):
                found = await call()
        except Exception:  # noqa: BLE001 - a client may raise anything, and a pin is only ever a preference
            self.errors += 1
            self._failures += 1
            if self._failures >= self._most:
                if self._failures == self._most:
                    _LOG.warning("redis: pins left alone for %g s at a time, after %d calls that failed", self._open_seconds, self._failures)
                self._open_until = self._clock() + self._open_seconds
            return None
        if self._failures >= self._most:
            _LOG.info("redis: pins are back")
        self._failures = 0
        self._open_until = None
        return found


class RedisPeers:
    """Shares what this process measured, its cooldowns, learned caps and load with its peers, every ``interval_seconds``, in a thread of its own.

    ``client`` is a ``redis.Redis`` that does not decode answers, with a ``socket_timeout``: a server that hangs holds the thread for so long, and nobody else. Each process writes
    one key, which lives for ``keep_seconds``; the age of what a peer wrote is told by the server's clock, so that the processes' own need not agree.

    Use it as a context manager, or ``start`` and ``stop``; ``exchange`` makes one round where you have a scheduler of your own.
    """

    def __init__(
        self,
        router: Router,
        client: Any,  # noqa: ANN401 - of whatever version
        *,
        prefix: str = "routecore:",
        interval_seconds: float = 5.0,
        keep_seconds: float = 330.0,
    ) -> None:
        self.router = router
        self.client = client
        self.interval_seconds = interval_seconds
        self.keep_seconds = keep_seconds
        self.counts = {"rounds": 0, "failures": 0, "merged": 0, "refused": 0, "too_large": 0, "bytes_written": 0, "bytes_read": 0}
        """Rounds made, rounds that failed, exports merged, payloads that were none, own ones that were too large to write, and what went over the wire."""
        self.peers = 0
        """Peers that were heard of in the last round."""
        self._peer = f"{prefix}peer:"
        self._sources = f"{prefix}peers"
        self._source = router.windows.source
        self._away = False
        self._told: set[str] = set()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        """Begin to share."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Cease to share."""
        self.stop()

    def start(self) -> None:
        """Begin to share, in a thread that does not keep the process alive."""
        if self._thread is None:
            self._stopping.clear()
            self._thread = threading.Thread(target=self._run, name="routecore-peers", daemon=True)
            self._thread.start()

    def stop(self, wait_seconds: float = 1.0) -> None:
        """Cease to share. A round under way is waited for, at most so long."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(wait_seconds)
            self._thread = None

    def exchange(self) -> bool:
        """Make one round: write what this process found out, take what its peers wrote. ``False`` where the server was away. Never raises."""
        try:
            self._round()
        except Exception as error:  # noqa: BLE001 - a client may raise anything, and the process goes on with what it has
            self.counts["failures"] += 1
            if not self._away:
                _LOG.warning("redis: away (%s); going on with what is known here", type(error).__name__)
            self._away = True
            return False
        if self._away:
            _LOG.info("redis: back")
        self._away = False
        return True

    def _run(self) -> None:
        while not self._stopping.wait(self.interval_seconds):
            self.exchange()

    def _round(self) -> None:
        server = self._server_time()
        now = self.router.clock()
        # written right after the server's clock was read: its age is off by one way to the server at most
        payload = _packed({"format": _FORMAT, "at": server, "windows": self.router.windows.export(now), "health": self.router.health.export(now)})
        pipe = self.client.pipeline(transaction=False)
        if len(payload) <= _LARGEST_PAYLOAD:
            pipe.set(f"{self._peer}{self._source}", payload, px=int(self.keep_seconds * 1000))
            pipe.zadd(self._sources, {self._source: server})
        else:
            self.counts["too_large"] += 1
        pipe.zremrangebyscore(self._sources, "-inf", server - self.keep_seconds)
        pipe.zrevrange(self._sources, 0, _MOST_PEERS)
        listed = pipe.execute()[-1]
        names = [one.decode("ascii", "replace") for one in listed if isinstance(one, bytes)]
        others = [name for name in names if name != self._source]
        found = self.client.mget([f"{self._peer}{name}" for name in others]) if others else []
        arrived = self._server_time() if others else server
        self.counts["rounds"] += 1
        self.counts["bytes_written"] += len(payload)
        self.peers = len(others)
        for name, value in zip(others, found, strict=False):
            if value is not None:
                self._take(name, value, arrived)

    def _server_time(self) -> float:
        seconds, microseconds = self.client.time()
        return float(seconds) + float(microseconds) / 1e6

    def _take(self, name: str, value: object, arrived: float) -> None:
        """Merge one peer's payload; one that is none is counted, and told once."""
        try:
            told = _unpacked(value)
            delay = max(0.0, arrived - float(told["at"]))
            now = self.router.clock()
            self.router.windows.merge(told["windows"], now, delay)
            self.router.health.merge(told["health"], now, delay)
        except (RoutecoreError, ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
            self.counts["refused"] += 1
            if name not in self._told and len(self._told) < _MOST_PEERS:
                self._told.add(name)
                _LOG.warning("redis: what stands under peer %r is no export: %s", name[:64], type(error).__name__)
            return
        self.counts["merged"] += 1
        self.counts["bytes_read"] += len(value) if isinstance(value, bytes) else 0


def _packed(content: dict[str, Any]) -> bytes:
    return zlib.compress(json.dumps(content, separators=(",", ":")).encode(), 1)


def _unpacked(value: object) -> dict[str, Any]:
    """Return a payload's content. Raises ``ValueError`` for what is none, or would unpack to more than any peer sends."""
    if not isinstance(value, bytes) or len(value) > _LARGEST_PAYLOAD:
        raise ValueError("no payload")
    reader = zlib.decompressobj()
    try:
        text = reader.decompress(value, _LARGEST_UNPACKED)
    except zlib.error as error:
        raise ValueError("not compressed") from error
    if not reader.eof:
        raise ValueError("cut, or too large")
    content = json.loads(text)
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        raise ValueError("another format")
    return content
