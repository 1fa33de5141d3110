"""Rolling percentiles per endpoint: recorders append, a tick reads all of them at once.

``observe`` (or ``record``) is the hot path: no lock, no clock, no numpy. ``tick`` gives ``{endpoint id: EndpointStats}``, plain numbers in a mapping
that never changes afterwards. Up to a stated size a window is an exact log of its samples, and a percentile is one of the samples;
beyond, that endpoint's window becomes a log-linear histogram whose percentiles are off by at most 0.8 %. Numpy is loaded by the first tick.
"""

from __future__ import annotations

import os
import threading
from itertools import count
from math import floor, inf, isfinite
from typing import TYPE_CHECKING, Any, Final

from routecore.errors import Fault, InvalidRequest, OutcomeError
from routecore.live.kinds import FAILURES, Kind
from routecore.live.windows.log import CACHED, TOOLS, WAITED, EndpointLog
from routecore.live.windows.marks import FAILED, RATE_LIMITED, UNMEASURED
from routecore.live.windows.settings import WindowSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from routecore.live.outcome import Outcome
    from routecore.live.windows.peers import Peers
    from routecore.live.windows.reader import Reader
    from routecore.routing.facts import EndpointStats

__all__ = ["Windows"]

# a name of its own, as looking an enum's member up costs as much as an append
_SUCCESS: Final = Kind.SUCCESS
_RATE_LIMIT: Final = Kind.RATE_LIMIT
_NUMBERS: Final = count()
REFUSALS: Final = ("nan", "negative", "infinite", "absurd", "unlisted", "full")


class Windows:
    """The write side of the statistics. Any number of threads may record while others tick, export, merge or list endpoints.

    ``now`` is the caller's clock in seconds, the same clock everywhere (a monotonic one; its zero does not matter).
    Statistics stay with the endpoint id, whatever catalogs come and go.

    >>> windows = Windows(WindowSettings(min_samples=3))
    >>> for latency in (0.5, 0.2, 0.9):
    ...     windows.record("m@p", 100.0, latency=latency, throughput=40.0)
    >>> windows.record_failure("m@p", 101.0)
    >>> stats = windows.tick(105.0)["m@p"]
    >>> stats.latency.p50, stats.latency.p99, stats.samples, stats.success_rate
    (0.5, 0.9, 4, 0.75)
    """

    def __init__(self, settings: WindowSettings | None = None, listed: Iterable[str] = (), *, source: str | None = None) -> None:
        self.settings = WindowSettings() if settings is None else settings
        self._period = self.settings.period_seconds
        self._total = self.settings.latency == "total"
        self._max_latency = self.settings.max_latency_seconds
        self._max_throughput = self.settings.max_tokens_per_second
        # one period at some 400,000 records a second from one interpreter, above what stays exact
        self._most_unread = self.settings.exact_samples + 1_000_000
        self._logs: dict[str, EndpointLog] = {}
        self._order: list[EndpointLog] = []
        self._listed: frozenset[str] = frozenset(listed)
        self._unlisted = 0
        self._retired: list[tuple[EndpointLog, tuple[int, int]]] = []
        self._refused = dict.fromkeys(REFUSALS, 0)
        # two locks, so that a recorder that meets a new endpoint or a bad value never waits for a tick
        self._admission = threading.Lock()
        self._reading = threading.Lock()
        self._reader: Reader | None = None
        self._peers: Peers | None = None
        self._name = f"windows-{next(_NUMBERS)}" if source is None else source
        self._sequence = 0
        self._parent = self.source
        self._inherited: list[tuple[str, int, dict[str, EndpointLog]]] = []
        self._stats: Mapping[str, EndpointStats] = {}

    def observe(self, endpoint_id: str, outcome: Outcome, now: float) -> None:  # noqa: PLR0912 - the hot path, in one piece
        """Record an outcome: its latency and throughput if it is a success, else one failure; other kinds than those leave no trace.

        With ``settings.latency`` ``ttft`` a success counts its time to first token, and its throughput after it, where it streamed; with ``total``
        its whole time, and output tokens over it. Implausible numbers are refused and counted; the success still counts.

        Args:
            endpoint_id: Whose outcome it is.
            outcome: How an attempt ended.
            now: The caller's clock, in seconds.
        """
        kind = outcome.kind
        if kind is not _SUCCESS:
            if kind in FAILURES:
                self._record_failure(endpoint_id, now, rate_limited=kind is _RATE_LIMIT)
            first, waited = (None if self._total else outcome.ttft_seconds), outcome.waited_seconds
            if first is not None and kind is Kind.CANCELLED:
                self.record(endpoint_id, now, latency=first)
            elif waited is not None and (kind is Kind.CANCELLED or kind is Kind.TIMEOUT):
                self.record_wait(endpoint_id, now, waited)
            return
        log = self._logs.get(endpoint_id)
        if log is None or not log.opened_at <= now < log.seal_at:
            log = self._open(endpoint_id, now)
            if log is None:
                return
        if outcome.tool_calls_valid is not None or outcome.usage is not None:
            _put_aside(log, outcome)
        latency = outcome.total_seconds if self._total else outcome.ttft_seconds
        if latency is None:
            log.add_latency(UNMEASURED)
            return
        # one chained comparison refuses NaN, negatives, infinities and absurdities alike; which it was is asked later
        if not 0.0 <= latency <= self._max_latency:
            log.add_latency(UNMEASURED)
            self._refuse(latency)
            return
        log.add_latency(latency)
        tokens = outcome.output_tokens
        if tokens is None:
            return
        # the sums of Outcome.tokens_per_second, written out: a call would be a quarter of the whole
        if self._total:
            seconds = latency
        else:
            total = outcome.total_seconds
            if total is None:
                return
            seconds = total - latency
            tokens -= 1
        if tokens > 0 and seconds > 0.0:
            rate = tokens / seconds
            if rate <= self._max_throughput:
                log.add_throughput(rate)
            else:
                self._refuse(rate)
        elif tokens > 0 and seconds != 0.0:
            # a total before the first token, or NaN
            self._refuse(seconds)

    def record(self, endpoint_id: str, now: float, *, latency: float | None = None, throughput: float | None = None) -> None:
        """Record one success. ``latency`` in seconds, ``throughput`` in tokens per second; leave out what is not known.

        A value that is NaN, negative, infinite or above the settings' limit is refused and counted; the success counts all the same.

        Args:
            endpoint_id: Whose success it is.
            now: The caller's clock, in seconds.
            latency: Seconds.
            throughput: Tokens a second.
        """
        log = self._logs.get(endpoint_id)
        if log is None or not log.opened_at <= now < log.seal_at:
            log = self._open(endpoint_id, now)
            if log is None:
                return
        if latency is None:
            log.add_latency(UNMEASURED)
        elif 0.0 <= latency <= self._max_latency:
            log.add_latency(latency)
        else:
            log.add_latency(UNMEASURED)
            self._refuse(latency)
        if throughput is not None:
            if 0.0 <= throughput <= self._max_throughput:
                log.add_throughput(throughput)
            else:
                self._refuse(throughput)

    def record_failure(self, endpoint_id: str, now: float) -> None:
        """Record one failure of the endpoint that was no rate limit: it counts in ``samples`` and ``success_rate`` and in no percentile.

        Args:
            endpoint_id: Whose failure it is.
            now: The caller's clock, in seconds.
        """
        self._record_failure(endpoint_id, now, rate_limited=False)

    def _record_failure(self, endpoint_id: str, now: float, *, rate_limited: bool) -> None:
        log = self._logs.get(endpoint_id)
        if log is None or not log.opened_at <= now < log.seal_at:
            log = self._open(endpoint_id, now)
            if log is None:
                return
        log.add_latency(RATE_LIMITED if rate_limited else FAILED)

    def record_wait(self, endpoint_id: str, now: float, seconds: float) -> None:
        """Record that a first token had not come after ``seconds``, when somebody stopped waiting: a latency of which only that is known.

        It counts in the percentiles of latency as Kaplan and Meier have it, and neither in ``samples`` nor in ``success_rate``.

        Args:
            endpoint_id: Whose first token had not come.
            now: The caller's clock, in seconds.
            seconds: How long somebody waited.
        """
        log = self._logs.get(endpoint_id)
        if log is None or not log.opened_at <= now < log.seal_at:
            log = self._open(endpoint_id, now)
            if log is None:
                return
        if 0.0 <= seconds <= self._max_latency:
            log.asides.append((log.period, WAITED, seconds, 0))
        else:
            self._refuse(seconds)

    @property
    def refused(self) -> dict[str, int]:
        """Values and records refused so far, by reason: ``nan negative infinite absurd`` (values), ``unlisted full`` (whole records)."""
        with self._admission:
            return dict(self._refused)

    @property
    def stats(self) -> Mapping[str, EndpointStats]:
        """What the last tick gave."""
        return self._stats

    def list_endpoints(self, endpoint_ids: Iterable[str]) -> None:
        """Take the catalog's endpoint ids. They are always admitted; statistics of others stay until their samples have left."""
        listed = frozenset(endpoint_ids)
        with self._reading, self._admission:
            self._listed = listed
            self._unlisted = sum(endpoint_id not in listed for endpoint_id in self._logs)

    def tick(self, now: float, *, breathe: Callable[[], object] | None = None) -> Mapping[str, EndpointStats]:
        """Return every endpoint's statistics over the window that ends at ``now``. Call it at least every 5 s while outcomes come in.

        Endpoints without samples are not in it. Only endpoints that changed are read again; where none did, the same mapping comes back.
        ``breathe`` is called between pieces of work of about a millisecond; one that sleeps briefly lets other threads in.

        Args:
            now: The caller's clock, in seconds.
            breathe: Called between pieces of work.

        Returns:
            Endpoint id to statistics.
        """
        from routecore.live.windows.reader import Reader  # numpy is loaded by the first tick, not by importing the library

        with self._reading:
            if self._reader is None:
                self._reader = Reader(self.settings, self._known_peers())
            self._adopt_strays()
            self._settle_inheritance(now)
            # a copy: others may be admitted meanwhile
            self._stats = self._reader.read(self._order[:], self._oldest_live(now), now, breathe)
            self._retire_idle(self._reader)
            return self._stats

    def _known_peers(self) -> Peers:
        from routecore.live.windows.peers import Peers

        if self._peers is None:
            self._peers = Peers(self._period)
        return self._peers

    @property
    def source(self) -> str:
        """The name that this process's exports carry: another one in each child of a fork."""
        return f"{self._name}.{os.getpid()}"

    def export(self, now: float, *, since: float | None = None, endpoint_ids: Iterable[str] | None = None) -> dict[str, Any]:
        """Return what this process measured, never what it merged, as JSON can hold it: for other processes, tools and languages.

        Args:
            now: The caller's clock, in seconds.
            since: Only whole periods since then, up to the export's ``until``: passing the ``until`` of one export as the next one's ``since`` sends
                every sample once, if no recorder's ``now`` lags behind by a period. Without it, all samples of the window.
            endpoint_ids: Only these endpoints.

        Returns:
            ``source`` and ``sequence``, by which ``merge`` tells what it knows already, ``until``, ``period_seconds``, and of each endpoint
            ``latency_microseconds`` and ``throughput_millitokens_per_second`` (HdrHistogram V2, compressed, base64, 3 significant digits),
            ``successes``, ``failures``, the same by period in ``slices``, with waits, rate limits and tool calls, and ``cached``: prompt and
            cached tokens by minute.

        Example:
            >>> windows = Windows()
            >>> windows.record("m@p", 10.0, latency=0.25)
            >>> windows.export(12.0)["endpoints"]["m@p"]["successes"]
            1
        """
        from routecore.live.windows.export import FORMAT, export_logs
        from routecore.live.windows.reader import CACHED_SECONDS

        with self._reading:
            wanted = None if endpoint_ids is None else frozenset(endpoint_ids)
            logs = [log for log in list(self._logs.values()) if wanted is None or log.endpoint_id in wanted]
            first, last = self._oldest_live(now), None
            minutes: tuple[int, int | None] = (floor((now - CACHED_SECONDS) / 60.0), None)
            until = now
            if since is not None:
                last = floor(now / self._period)
                until = last * self._period
                first = max(first, floor(since / self._period))
                minutes = (max(minutes[0], floor(since / 60.0)), None)
            for log in logs:
                log.settle(60.0 / self._period)
            self._sequence += 1
            return {
                "format": FORMAT,
                "latency": self.settings.latency,
                "source": self.source,
                "sequence": self._sequence,
                "until": until,
                "period_seconds": self._period,
                "endpoints": export_logs(logs, first, last, minutes),
            }

    def merge(self, exported: Mapping[str, Any], now: float, delay_seconds: float = 0.0) -> None:
        """Add what another process measured. Once: an export that comes twice, late or out of order changes nothing that is known already.

        Each sample keeps its age: it leaves when it would have left where it was measured. Values are off by 0.1 % at most, of a period with more than
        512 distinct ones by 0.8 %. This process's own exports are passed over.

        Args:
            exported: What ``export`` gave, as JSON brought it.
            now: The caller's clock, in seconds; it need not agree with the source's.
            delay_seconds: How long the export was under way, where that is known. The quickest export of a source dates all of its others.

        Raises:
            InvalidRequest: For what is no export, is one of another kind of latency, or would take more room than its percentiles need, naming every
                fault; nothing is merged then.
        """
        from routecore.live.windows.export import read_export

        if not (isfinite(delay_seconds) and delay_seconds >= 0):
            raise InvalidRequest([Fault("delay_seconds", delay_seconds, "a finite number of seconds, 0 or more")])
        read = read_export(exported, self.settings)
        if read.source == self.source:
            return
        with self._reading:
            peers = self._known_peers()
            peers.sources.meet(read.source, read.sequence, read.until, now - delay_seconds)
            for endpoint_id, slices, minutes in read.endpoints:
                log = self._logs.get(endpoint_id) or self._admit(endpoint_id)
                if log is None:
                    continue
                if peers.size > self.settings.max_samples:
                    with self._admission:
                        self._refused["full"] += 1
                    continue
                for period, one in slices:
                    peers.add(log, read.source, period, one)
                for minute, prompt, cached in minutes:
                    kept = log.peers_cached.setdefault(read.source, {})
                    if minute not in kept or kept[minute][0] < read.sequence:
                        kept[minute] = (read.sequence, prompt, cached)

    def forked(self) -> None:
        """Go on in a child: what the parent had measured stays known here, as the parent's, and is exported by the parent alone."""
        parent, self._parent = self._parent, self.source
        inherited, self._logs = self._logs, {}
        self._order, self._unlisted, self._retired, self._reader = [], 0, [], None
        self._inherited = [*self._inherited, (parent, self._sequence, inherited)]
        self._sequence = 0

    def _settle_inheritance(self, now: float) -> None:
        """Turn what a fork's parent had measured into slices of a peer."""
        if not self._inherited:
            return
        from routecore.live.windows.export import slices_of

        peers = self._known_peers()
        for parent, sequence, logs in self._inherited:
            peers.sources.meet(parent, sequence, now, now)
            for endpoint_id, old in logs.items():
                log = self._logs.get(endpoint_id) or self._admit(endpoint_id)
                if log is None:
                    continue
                old.settle(60.0 / self._period)
                for source, known in old.peers.items():
                    log.peers.setdefault(source, {}).update(known)
                for period, one in slices_of(old, self._oldest_live(now), sequence, self._period):
                    peers.add(log, parent, period, one)
        self._inherited = []

    def _oldest_live(self, now: float) -> int:
        # a period leaves when its end has reached the window's age: never early, late by one period and one tick at most
        return floor((now - self.settings.seconds) / self._period)

    def _open(self, endpoint_id: str, now: float) -> EndpointLog | None:
        """The slow path of recording, once a period and endpoint: find or admit the log and mark the period."""
        if not isfinite(now):
            raise OutcomeError([Fault("now", now, "a finite number of seconds")])
        log = self._logs.get(endpoint_id)
        if log is None:
            log = self._admit(endpoint_id)
            if log is None:
                return None
        if len(log.latency) > self._most_unread:
            with self._admission:
                self._refused["full"] += 1
            return None
        log.mark(now, self._period)
        return log

    def _admit(self, endpoint_id: str) -> EndpointLog | None:
        with self._admission:
            log = self._logs.get(endpoint_id)
            if log is not None:
                return log
            if endpoint_id not in self._listed:
                if self._unlisted >= self.settings.max_unlisted:
                    self._refused["unlisted"] += 1
                    return None
                self._unlisted += 1
            log = self._logs[endpoint_id] = EndpointLog(endpoint_id)
            self._order.append(log)
            return log

    def _refuse(self, value: float) -> None:
        if value != value:  # noqa: PLR0124 - NaN is what differs from itself
            reason = "nan"
        elif value in (inf, -inf):
            reason = "infinite"
        else:
            reason = "negative" if value < 0 else "absurd"
        with self._admission:
            self._refused[reason] += 1

    def _retire_idle(self, reader: Reader) -> None:
        """Let go of unlisted endpoints whose samples have left. A recorder may still hold one: it is looked at again in the next tick."""
        listed = self._listed
        idle = [(position, log) for position, log in reader.idle() if log.endpoint_id not in listed]
        self._retired = [(log, reader.lengths_seen(position)) for position, log in idle]
        if not idle:
            return
        gone = {log.endpoint_id for _, log in idle}
        with self._admission:
            for endpoint_id in gone:
                del self._logs[endpoint_id]
            self._order = [log for log in self._order if log.endpoint_id not in gone]
            self._unlisted -= len(idle)
        reader.drop([position for position, _ in idle])

    def _adopt_strays(self) -> None:
        for stray, seen in self._retired:
            if seen != (len(stray.latency), len(stray.throughput)) or stray.asides:
                log = self._admit(stray.endpoint_id)
                if log is not None:
                    log.adopt(stray)
        self._retired = []


def _put_aside(log: EndpointLog, outcome: Outcome) -> None:
    """Note a success's tool calls (a request counts once, whatever their number) and the share of its prompt that came from a cache."""
    valid, usage = outcome.tool_calls_valid, outcome.usage
    if valid is not None:
        log.asides.append((log.period, TOOLS, 1, not valid))
    if usage is not None:
        prompt = usage.prompt_tokens
        if prompt:
            log.asides.append((log.period, CACHED, prompt, usage.cached + usage.cached_audio + usage.cached_image))
