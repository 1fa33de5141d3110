"""Health of each attempt: available, cooling, due or probing. The transitions are a table in ``health_table``, and the code here only looks them up.

Nothing here reads a clock: ``now`` is the caller's, in seconds, from one monotonic clock. Everything is safe to call from any thread; a success of an
attempt without troubles takes no lock.
"""

from __future__ import annotations

import threading
from collections import deque
from enum import StrEnum
from heapq import heapify, heappop, heappush
from itertools import count, islice
from math import inf
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple

import attrs

from routecore.live.health_peers import HealthPeers
from routecore.live.health_table import TRANSITIONS, Cooldown, Event, State, Transition
from routecore.live.kinds import KINDS, NEUTRAL, Kind
from routecore.live.limits import Limits, Taken
from routecore.reading.settings import finite_above, finite_from, share, whole_from

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from routecore.live.outcome import Outcome

__all__ = ["ANYBODY", "TRANSITIONS", "Cooldown", "Event", "Health", "HealthChange", "HealthSettings", "HealthView", "State", "Transition"]


# a name of its own, as looking an enum's member up costs as much as an append
_SUCCESS: Final = Kind.SUCCESS
_EVENTS: Final = {row.kind: row.event for row in KINDS.values() if row.event is not None}
_TABLE: Final = {(row.state, row.event): row for row in TRANSITIONS}
ANYBODY: Final = object()
"""Given as the holder of a lease where nobody knows who observes: an attempt that came without its plan."""
_RECENT: Final = 64
"""Outcomes of each sort that an attempt remembers: at more than 64 within the time looked at, three failures in a row come first."""
_CHANCES: Final = 32
"""When the bound is reached, so many attempts are looked at for one to forget; a constant, so that a flood of new keys costs each of them the same."""


@attrs.frozen
class HealthSettings:
    """When attempts cool, and for how long. Raises ``InvalidRequest`` naming every bad setting."""

    WHERE: ClassVar[str] = "settings.health"

    failures_in_a_row: int = attrs.field(default=3, validator=whole_from(1))
    """So many failures without a success between them cool an attempt."""
    share_seconds: float = attrs.field(default=30.0, validator=finite_above(0, "seconds"))
    """The failing share is that of the outcomes of this long."""
    share_least: int = attrs.field(default=5, validator=whole_from(1))
    """With fewer outcomes than this there is no share to speak of."""
    share: float = attrs.field(default=0.5, validator=share())
    """More than this share of failures cools; exactly this share does not."""
    cooldown_seconds: float = attrs.field(default=5.0, validator=finite_above(0, "seconds"))
    """The first cooldown after failures."""
    factor: float = attrs.field(default=2.0, validator=finite_from(1))
    """Each cooldown is so many times the one before."""
    max_cooldown_seconds: float = attrs.field(default=300.0, validator=finite_above(0, "seconds"))
    """No backoff is longer."""
    calm_seconds: float = attrs.field(default=60.0, validator=finite_above(0, "seconds"))
    """After success for so long without a failure the backoff starts again from ``cooldown_seconds``."""
    rate_limit_seconds: float = attrs.field(default=5.0, validator=finite_above(0, "seconds"))
    """A rate limit without ``Retry-After`` cools for so long."""
    credential_cooldown_seconds: float = attrs.field(default=300.0, validator=finite_above(0, "seconds"))
    """The first cooldown of a refused key; each is ``factor`` times the one before."""
    max_credential_cooldown_seconds: float = attrs.field(default=3_600.0, validator=finite_above(0, "seconds"))
    """No refused key cools for longer."""
    max_retry_after_seconds: float = attrs.field(default=3_600.0, validator=finite_above(0, "seconds"))
    """A provider's ``Retry-After`` is believed up to this; a longer one is cut to it and counted."""
    lease_seconds: float = attrs.field(default=30.0, validator=finite_above(0, "seconds"))
    """A probe without an outcome gives its lease back after so long."""
    max_attempts: int = attrs.field(default=50_000, validator=whole_from(1))
    """Attempts remembered; beyond, those are forgotten that have the least to say."""


class HealthChange(NamedTuple):
    """One transition, as the observer receives it. ``until`` is when the cooldown or the lease ends, ``None`` where none runs."""

    key: str
    now: float
    before: State
    event: Event
    after: State
    until: float | None
    detail: str | None

    def to_mapping(self) -> dict[str, Any]:
        """Return the change as JSON can hold it."""
        return {name: str(value) if isinstance(value, StrEnum) else value for name, value in self._asdict().items()}


_NONE_FULL: Final[Mapping[str, Taken]] = MappingProxyType({})


class HealthView(NamedTuple):
    """Who is cooling, frozen. The same object comes back until something changes, so ``is`` tells whether a cached ranking still holds.

    ``cooling``: attempt keys that go last, ``due`` and probing ones too. ``due``: those whose cooldown is over and whose lease is free: one plan whose
    first attempt it is may take it. ``until``: when time alone will change this view (infinite: never). ``epoch`` counts views. ``full``: attempts that have
    been asked for all they can take, with the limit that says so.
    """

    cooling: frozenset[str]
    due: frozenset[str]
    until: float
    epoch: int
    full: Mapping[str, Taken] = _NONE_FULL


class _Record:
    """What is remembered of one attempt. ``lasted`` is how long its last cooldown was; ``holder`` has the lease; ``own`` tells that nobody else told us."""

    __slots__ = ("backoff", "calm_since", "failures", "holder", "key", "lasted", "own", "refused", "row", "state", "successes", "until")

    def __init__(self, key: str, backoff: float, refused: float) -> None:
        self.key = key
        self.lasted = 0.0
        self.holder: object = None
        self.own = True
        self.state = State.AVAILABLE
        self.until = inf
        self.backoff = backoff
        self.refused = refused
        self.row = 0
        self.calm_since: float | None = None
        self.successes: deque[float] = deque(maxlen=_RECENT)
        self.failures: deque[float] = deque(maxlen=_RECENT)


class Health:
    """The health of every attempt that has had an outcome; all others are available.

    >>> changes = []
    >>> health = Health(observer=changes.append)
    >>> from routecore.live.outcome import Outcome
    >>> health.observe("m@p#shared", Outcome.rate_limit(20), 100.0)
    >>> health.cooling_keys(101.0), changes[0].until
    (frozenset({'m@p#shared'}), 120.0)
    >>> health.view(120.0).due, health.lease("m@p#shared", 120.0), health.lease("m@p#shared", 120.0)
    (frozenset({'m@p#shared'}), True, False)
    >>> health.observe("m@p#shared", Outcome.success(), 121.0)
    >>> health.cooling_keys(121.0)
    frozenset()
    """

    def __init__(
        self,
        settings: HealthSettings | None = None,
        observer: Callable[[HealthChange], object] | None = None,
        *,
        siblings: Callable[[str], Iterable[str]] | None = None,
        limits: Limits | None = None,
        source: str | None = None,
    ) -> None:
        self.settings = HealthSettings() if settings is None else settings
        self.limits = Limits() if limits is None else limits
        self._observer = observer
        self._siblings = siblings
        self._peers = HealthPeers(source)
        self._lock = threading.Lock()
        self._records: dict[str, _Record] = {}
        # attempts without troubles, by the append of their successes: all that a success has to do
        self._calm: dict[str, Callable[[float], None]] = {}
        self._troubled: dict[str, _Record] = {}
        self._due: dict[str, None] = {}
        # (when, a number that keeps equal times from comparing records, which): what time will do; entries that no longer hold are passed over
        self._timers: list[tuple[float, int, _Record]] = []
        self._numbers = count()
        self._counts = {"retry_after_cut": 0, "retry_after_unreadable": 0, "observer_errors": 0, "forgotten": 0}
        self._view = HealthView(frozenset(), frozenset(), inf, 0)
        # read by the router before each plan: whether ``view`` would have to look again, whatever the time
        self.stale = False
        self.limits.changed = self._note_change

    def _note_change(self) -> None:
        self.stale = True

    def observe(self, key: str, outcome: Outcome, now: float, holder: object = None) -> None:
        """Take one outcome of the attempt ``key``. Kinds that say nothing of the endpoint change nothing, not even a lease.

        Args:
            key: The attempt, such as ``a/b@p#shared``.
            outcome: How it ended.
            now: The caller's clock, in seconds.
            holder: Who took the lease, as ``lease`` was told: while probing, outcomes of others say nothing. ``ANYBODY`` may be the holder.
        """
        kind = outcome.kind
        if kind is _SUCCESS:
            append = self._calm.get(key)
            if append is not None:
                append(now)
                return
        elif kind in NEUTRAL or outcome.cools == "nothing":
            if outcome.problem is not None:
                with self._lock:
                    self._counts["retry_after_unreadable"] += 1
            return
        changes: list[HealthChange] = []
        with self._lock:
            record = self._records.get(key)
            if record is None:
                record = self._remember(key, now)
            self._settle(record, now, changes)
            if record.state is State.PROBING and holder is not record.holder and holder is not ANYBODY:
                return
            if kind is _SUCCESS:
                self._succeed(record, now, changes)
            else:
                self._fail(record, outcome, now, changes)
                if outcome.cools == "key" and self._siblings is not None:
                    self._fail_siblings(record.key, outcome, now, changes)
        if changes:
            self._tell(changes)

    def view(self, now: float) -> HealthView:
        """Return who is cooling at ``now``. Costs two comparisons while nothing has changed."""
        view = self._view
        if now < view.until and not self.stale:
            return view
        changes: list[HealthChange] = []
        with self._lock:
            view = self._look(now, changes)
        if changes:
            self._tell(changes)
        return view

    def cooling_keys(self, now: float) -> frozenset[str]:
        """Return the keys of all attempts that are cooling at ``now``, probing ones too."""
        return self.view(now).cooling

    def lease(self, key: str, now: float, holder: object = None) -> bool:
        """Take the lease of an attempt whose cooldown is over: ``True`` for exactly one caller, whose plan may treat it as available.

        The lease ends with the next outcome that ``holder`` observes, or ``lease_seconds`` from now.

        Args:
            key: The attempt.
            now: The caller's clock, in seconds.
            holder: Who takes it: any object, to be told by again.

        Returns:
            Whether the lease is the caller's.
        """
        changes: list[HealthChange] = []
        with self._lock:
            self._look(now, changes)
            record = self._troubled.get(key)
            taken = record is not None and record.state is State.DUE
            if taken and record is not None:
                self._move(record, Event.LEASE_TAKEN, now, None, None, changes)
                record.holder = holder
        self._tell(changes)
        return taken

    def release(self, key: str, now: float, holder: object = None) -> None:
        """Give ``holder``'s lease back before its time, for a plan that will not be tried after all. Without that lease nothing happens.

        Args:
            key: The attempt.
            now: The caller's clock, in seconds.
            holder: Who took it.
        """
        changes: list[HealthChange] = []
        with self._lock:
            record = self._troubled.get(key)
            if record is not None and record.state is State.PROBING and record.holder is holder:
                self._move(record, Event.LEASE_LAPSED, now, None, None, changes)
        self._tell(changes)

    def state(self, key: str, now: float) -> State:
        """Return the state of one attempt at ``now``.

        Args:
            key: The attempt.
            now: The caller's clock, in seconds.

        Returns:
            ``available``, ``cooling``, ``due`` or ``probing``.
        """
        self.view(now)
        record = self._records.get(key)
        return State.AVAILABLE if record is None else record.state

    @property
    def counts(self) -> dict[str, int]:
        """``retry_after_cut`` (asked for more than is believed), ``retry_after_unreadable``, ``observer_errors``, ``forgotten`` (attempts)."""
        with self._lock:
            return dict(self._counts)

    def __len__(self) -> int:
        """How many attempts are remembered."""
        return len(self._records)

    def export(self, now: float) -> dict[str, Any]:
        """Return what this process found out, never what it was told: cooldowns with the time that is left, learned caps, and its load.

        Returns:
            An object that JSON can hold. ``source`` and ``sequence`` tell ``merge`` what it knows already, ``now`` is when it was made, ``cooldowns`` are
            the seconds left by attempt key, ``caps`` and ``load`` what ``Limits.export`` gives.

        Example:
            >>> from routecore import Outcome
            >>> health = Health()
            >>> health.observe("m@p#shared", Outcome.rate_limit(20), 100.0)
            >>> health.export(105.0)["cooldowns"]
            {'m@p#shared': 15.0}
        """
        self.view(now)
        with self._lock:
            left = {key: record.until - now for key, record in self._troubled.items() if record.state is State.COOLING and record.own}
        return self._peers.export(now, left, self.limits.export(now))

    def merge(self, exported: Mapping[str, Any], now: float, delay_seconds: float = 0.0) -> None:
        """Take what another process found out: its cooldowns cool here too, for the time that is left, its caps and its load count.

        An export that comes twice, late or out of order changes nothing that is known already, and no failure is counted twice: a peer's cooldown doubles
        no backoff here, and one that a probe has ended here is not begun again.

        Args:
            exported: What ``export`` gave, as JSON brought it.
            now: The caller's clock, in seconds; it need not agree with the source's.
            delay_seconds: How long the export was under way, where that is known.

        Raises:
            InvalidRequest: For what is no export, naming every fault; nothing is taken then.
        """
        told = self._peers.merge(exported, now, delay_seconds)
        if told is None:
            return
        changes: list[HealthChange] = []
        with self._lock:
            for key, seconds in told.cooldowns.items():
                record = self._records.get(key) or self._remember(key, now)
                self._settle(record, now, changes)
                self._calm.pop(key, None)
                self._move(record, Event.PEER, now, seconds, f"told by {told.source}", changes)
                if record.state is State.AVAILABLE:
                    self._calm[key] = record.successes.append
        self.limits.merge(told.source, told.caps, told.load, now)
        self.stale = True
        self._tell(changes)

    def _succeed(self, record: _Record, now: float, changes: list[HealthChange]) -> None:
        self._move(record, Event.SUCCESS, now, None, None, changes)
        if record.state is State.AVAILABLE:
            record.successes.append(now)
            record.row = 0
            if record.calm_since is None:
                record.calm_since = now
            self._calm[record.key] = record.successes.append

    def _fail(self, record: _Record, outcome: Outcome, now: float, changes: list[HealthChange]) -> None:
        settings = self.settings
        self._calm.pop(record.key, None)
        if outcome.problem is not None:
            self._counts["retry_after_unreadable"] += 1
        if record.calm_since is not None and now - record.calm_since >= settings.calm_seconds:
            record.backoff = settings.cooldown_seconds
            record.refused = settings.credential_cooldown_seconds
        record.calm_since = None
        event = _EVENTS[outcome.kind]
        # a wait of nothing, or into the past, is none: else the attempt would be every request's first try
        wait = outcome.retry_after_seconds or None
        if event is Event.FAILURE and wait is not None:
            event = Event.ASKED_TO_WAIT
        # a bad key is no sign of a failing endpoint, and while cooling only answers from before the trouble come in
        if event is not Event.CREDENTIAL and record.state is State.AVAILABLE:
            record.failures.append(now)
            record.row += 1
            if event is Event.FAILURE and record.row >= settings.failures_in_a_row:
                event = Event.FAILURES_IN_A_ROW
            elif event is Event.FAILURE and self._failing_share(record, now) > settings.share:
                event = Event.FAILING_SHARE
        self._move(record, event, now, wait, outcome.detail, changes)

    def _fail_siblings(self, key: str, outcome: Outcome, now: float, changes: list[HealthChange]) -> None:
        """Let an outcome that speaks of the key cool every attempt with it at the same provider: a dead key fails once, not once a model."""
        assert self._siblings is not None
        for other in self._siblings(key):
            if other != key:
                record = self._records.get(other) or self._remember(other, now)
                self._settle(record, now, changes)
                if record.state is not State.PROBING:
                    self._fail(record, outcome, now, changes)

    def _failing_share(self, record: _Record, now: float) -> float:
        since = now - self.settings.share_seconds
        failures = [at for at in list(record.failures) if at > since]
        successes = [at for at in list(record.successes) if at > since]
        if len(failures) + len(successes) > _RECENT:
            # each list forgets by itself: compare them over the time that both remember
            since = sorted(failures + successes)[-_RECENT]
            failures = [at for at in failures if at >= since]
            successes = [at for at in successes if at >= since]
        size = len(failures) + len(successes)
        return len(failures) / size if size >= self.settings.share_least else 0.0

    def _move(self, record: _Record, event: Event, now: float, retry_after: float | None, detail: str | None, changes: list[HealthChange]) -> None:
        """Look the transition up and make it; without a row in the table nothing happens."""
        row = _TABLE.get((record.state, event))
        if row is None:
            return
        before = record.state
        until = self._until(record, row, now, retry_after)
        if row.cooldown is Cooldown.LONGER_RETRY_AFTER and until <= record.until:
            return
        record.state = row.to
        record.until = until
        if row.to is State.COOLING:
            record.lasted = until - now
            record.own = event is not Event.PEER
        if before is State.DUE:
            self._due.pop(record.key, None)
        if row.to is State.DUE:
            self._due[record.key] = None
        elif until < inf:
            heappush(self._timers, (until, next(self._numbers), record))
        if row.to is State.AVAILABLE:
            del self._troubled[record.key]
            # a clean slate: what happened before the cooldown has been answered by it
            record.row = 0
            record.failures.clear()
            record.successes.clear()
            record.calm_since = now
        else:
            self._troubled[record.key] = record
        self.stale = True
        changes.append(HealthChange(record.key, now, before, event, row.to, until if until < inf else None, detail))

    def _settle(self, record: _Record, now: float, changes: list[HealthChange]) -> None:
        """Let time do what it has done to an attempt."""
        if record.until <= now:
            self._move(record, Event.COOLDOWN_OVER, now, None, None, changes)
            self._move(record, Event.LEASE_LAPSED, now, None, None, changes)

    def _until(self, record: _Record, row: Transition, now: float, retry_after: float | None) -> float:
        """Return when time will move the attempt on, infinite for never; a backoff that is used doubles."""
        settings = self.settings
        cooldown = row.cooldown
        asked = None
        if retry_after is not None:
            asked = min(retry_after, settings.max_retry_after_seconds)
            self._counts["retry_after_cut"] += asked < retry_after
        if cooldown is Cooldown.RETRY_AFTER:
            return now + (settings.rate_limit_seconds if asked is None else asked)
        if cooldown is Cooldown.LONGER_RETRY_AFTER:
            return record.until if asked is None else now + asked
        if cooldown in (Cooldown.BACKOFF, Cooldown.RETRY_AFTER_OR_BACKOFF):
            seconds = min(record.backoff, settings.max_cooldown_seconds)
            record.backoff = min(seconds * settings.factor, settings.max_cooldown_seconds)
            return now + (seconds if asked is None or cooldown is Cooldown.BACKOFF else max(asked, record.lasted, settings.cooldown_seconds))
        if cooldown is Cooldown.CREDENTIAL:
            seconds = min(record.refused, settings.max_credential_cooldown_seconds)
            record.refused = min(seconds * settings.factor, settings.max_credential_cooldown_seconds)
            return now + (seconds if asked is None else asked)
        return now + settings.lease_seconds if row.to is State.PROBING else inf

    def _look(self, now: float, changes: list[HealthChange]) -> HealthView:
        """Give back lapsed leases, and freeze who is cooling."""
        view = self._view
        if now < view.until and not self.stale:
            return view
        timers = self._timers
        if len(timers) > 2 * len(self._troubled) + _CHANCES:
            self._timers = timers = [(record.until, next(self._numbers), record) for record in self._troubled.values() if record.until < inf]
            heapify(timers)
        while timers and (timers[0][0] <= now or timers[0][2].until != timers[0][0]):
            record = heappop(timers)[2]
            if record.key in self._troubled:
                self._settle(record, now, changes)
        # before the limits are read: what changes after that is stale again
        self.stale = False
        full, until = self.limits.look(now)
        until = min(until, timers[0][0]) if timers else until
        fresh = HealthView(frozenset(self._troubled), frozenset(self._due), until, view.epoch + 1, full or _NONE_FULL)
        if fresh.cooling == view.cooling and fresh.due == view.due and fresh.full.keys() == view.full.keys():
            # the same answer for longer: caches may keep what they made of it
            fresh = HealthView(view.cooling, view.due, until, view.epoch, view.full)
        self._view = fresh
        return fresh

    def _remember(self, key: str, now: float) -> _Record:
        if len(self._records) >= self.settings.max_attempts:
            self._forget(now)
        record = self._records[key] = _Record(key, self.settings.cooldown_seconds, self.settings.credential_cooldown_seconds)
        return record

    def _forget(self, now: float) -> None:
        """Forget one attempt, looking at a few from the front of the line and sending those passed over to its end.

        Rather one that was not heard of lately than one that was, and rather that than one still cooling.
        """
        best, victim = 3, ""
        passed = []
        for key, record in islice(self._records.items(), _CHANCES):
            heard = max(max(list(record.successes)[-1:], default=-inf), max(list(record.failures)[-1:], default=-inf))
            cost = 2 if record.until > now and record.state is not State.AVAILABLE else int(now - heard <= self.settings.share_seconds)
            if cost < best:
                best, victim = cost, key
            if cost == 0:
                break
            passed.append(key)
        for key in passed:
            self._records[key] = self._records.pop(key)
        key = victim
        del self._records[key]
        self._calm.pop(key, None)
        forgotten = self._troubled.pop(key, None)
        if forgotten is not None:
            # its timer, if one is left, means nothing any more
            forgotten.until = inf
            self._due.pop(key, None)
            self.stale = True
        self._counts["forgotten"] += 1

    def _tell(self, changes: list[HealthChange]) -> None:
        """Tell the observer, outside the lock: it may call back. What it raises is counted: an exporter's fault must not fail a request."""
        if self._observer is None:
            return
        for change in changes:
            try:
                self._observer(change)
            except Exception:  # noqa: BLE001 - any fault of the observer's is its own
                with self._lock:
                    self._counts["observer_errors"] += 1
