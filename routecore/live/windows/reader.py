"""Reading all windows at once, in numpy. Exact: every percentile given is one of the samples (or of a histogram, for endpoints that have one).

Logs of like size are laid side by side as the rows of a matrix, right-aligned; whatever is not a live sample is negative and sorts to the
left; one sort along the rows then puts every endpoint's nearest ranks at columns that arithmetic finds. Nothing is packed into keys, so no digit is
lost, and a row sort touches less memory than one sort of everything. What is known of each endpoint stays in arrays, and Python objects are made only
of what is asked for: at 10,000 endpoints, making them all would take longer than finding their values.
"""

from __future__ import annotations

from math import inf, nan
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from routecore.live.windows.export import own_values
from routecore.live.windows.marks import FAILED, MARK_BASE, MARK_LIMIT, RANKS, RATE_LIMITED, UNMEASURED
from routecore.live.windows.sketch import BUCKETS, Sketch
from routecore.live.windows.survival import best_ranks, survival_ranks
from routecore.live.windows.view import CACHED, COLUMNS, RATE, SAMPLES, TOOL_ERRORS, StatsView

if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from routecore.live.windows.log import EndpointLog
    from routecore.live.windows.peers import Peers, Slice
    from routecore.live.windows.settings import WindowSettings
    from routecore.live.windows.survival import Values

__all__ = ["CACHED_SECONDS", "Reader", "Readout", "read_arrays"]

CACHED_SECONDS: Final = 1_800.0
"""The cached share is that of the prompts of this long: caches are worth knowing for longer than speeds."""
_BESIDE_AT_ONCE: Final = 16

_GROUP_ELEMENTS: Final = 131_072
"""About a millisecond of work: what one piece between two breaths holds, unless one log alone is longer."""
_GROUP_SPREAD: Final = 1.25
"""Logs of one group differ in length by at most this factor, which bounds what padding wastes."""
_LEAST_TO_SKETCH: Final = 4_096
"""A shorter log is smaller than a histogram of it would be."""
_WORTH_CUTTING: Final = 4
"""A log is cut when a fourth of it has left the window: each cut moves the rest, and reading past the dead costs little."""


class Reader:
    """Reads logs again and again, and remembers of each what it saw, so that those without news cost nothing. One thread at a time."""

    def __init__(self, settings: WindowSettings, peers: Peers) -> None:
        self._settings = settings
        self._peers = peers
        self._logs: list[EndpointLog] = []
        self._latencies: list[array[float]] = []
        self._throughputs: list[array[float]] = []
        self._positions: dict[str, int] = {}
        # those whose row holds more than their own samples: to be read again when that has left
        self._beside: set[int] = set()
        # per log: how long its arrays were when read, and the oldest period that still held something (infinite: nothing)
        self._seen: NDArray[np.int64] = np.zeros((0, 2), np.int64)
        self._oldest: NDArray[np.float64] = np.zeros(0)
        self._table: NDArray[np.float64] = np.zeros((0, COLUMNS))
        self._view = StatsView(self._positions, self._table)

    def read(self, logs: Sequence[EndpointLog], oldest_live: int, now: float, breathe: Callable[[], object] | None) -> StatsView:
        """Return the statistics of all logs; ``oldest_live`` is the oldest period that counts. Drops samples that have left.

        ``logs`` holds those of the last call in the same order, and new ones after them. Where nothing changed, the same view comes back.
        """
        self._take(logs)
        lengths = self._lengths()
        self._sketch_the_largest(lengths)
        sketched = [position for position, log in enumerate(self._logs) if log.sketch is not None]
        news = (lengths != self._seen).any(axis=1) | (self._oldest < oldest_live)
        news[sketched] = False
        changed = np.flatnonzero(news)
        beside = [position for position, log in enumerate(self._logs) if log.beside or position in self._beside]
        if not len(changed) and not sketched and not beside:
            return self._view
        # earlier views keep the table that they were given
        self._table = self._table.copy()
        if len(changed):
            self._read_exact(changed, oldest_live, breathe)
        for position in sketched:
            self._read_sketch(position, oldest_live)
            if breathe is not None:
                breathe()
        self._beside = set()
        for index, position in enumerate(beside):
            self._read_beside(position, oldest_live, now)
            if breathe is not None and index % _BESIDE_AT_ONCE == 0:
                breathe()
        self._view = StatsView(self._positions, self._table)
        return self._view

    def idle(self) -> list[tuple[int, EndpointLog]]:
        """Return the position and the log of each endpoint that has no sample left and has had no news since it was read."""
        quiet = np.isinf(self._oldest) & (self._lengths() == self._seen).all(axis=1)
        found = [(position, self._logs[position]) for position in np.flatnonzero(quiet).tolist()]
        return [(position, log) for position, log in found if log.sketch is None and not log.beside and position not in self._beside]

    def lengths_seen(self, position: int) -> tuple[int, int]:
        """Return how long a log's arrays were when they were last read."""
        first, second = self._seen[position].tolist()
        return first, second

    def drop(self, positions: Sequence[int]) -> None:
        """Forget some logs. The others close up, in their order."""
        kept = np.ones(len(self._logs), np.bool_)
        kept[list(positions)] = False
        places = np.cumsum(kept) - 1
        self._beside = {int(places[position]) for position in self._beside if kept[position]}
        self._seen, self._oldest, self._table = self._seen[kept], self._oldest[kept], self._table[kept]
        self._logs = [log for log, keep in zip(self._logs, kept.tolist(), strict=True) if keep]
        self._latencies = [log.latency for log in self._logs]
        self._throughputs = [log.throughput for log in self._logs]
        # earlier views keep the positions that they were given
        self._positions = {log.endpoint_id: position for position, log in enumerate(self._logs)}

    def forget(self) -> None:
        """Read every log again next time, news or not."""
        self._seen[:] = -1

    def _take(self, logs: Sequence[EndpointLog]) -> None:
        fresh = logs[len(self._logs) :]
        if not fresh:
            return
        for log in fresh:
            self._positions[log.endpoint_id] = len(self._logs)
            self._logs.append(log)
            self._latencies.append(log.latency)
            self._throughputs.append(log.throughput)
        size = len(fresh)
        self._seen = np.concatenate((self._seen, np.zeros((size, 2), np.int64)))
        self._oldest = np.concatenate((self._oldest, np.full(size, inf)))
        self._table = np.concatenate((self._table, np.zeros((size, COLUMNS))))

    def _lengths(self) -> NDArray[np.int64]:
        lengths = np.empty((len(self._logs), 2), np.int64)
        for column, arrays in enumerate((self._latencies, self._throughputs)):
            lengths[:, column] = np.fromiter(map(len, arrays), np.int64, len(arrays))
        return lengths

    def _sketch_the_largest(self, lengths: NDArray[np.int64]) -> None:
        """Turn logs that have grown too long into histograms; and the longest of the others, while all together are too long."""
        settings = self._settings
        for position in np.flatnonzero(lengths.max(axis=1, initial=0) > settings.exact_samples).tolist():
            self._logs[position].sketch = self._logs[position].sketch or Sketch()
        sizes = lengths.sum(axis=1)
        held = int(sizes.sum())
        if held <= settings.max_samples:
            return
        for position in np.argsort(-sizes, kind="stable").tolist():
            if held <= settings.max_samples or sizes[position] < _LEAST_TO_SKETCH:
                return
            self._logs[position].sketch = self._logs[position].sketch or Sketch()
            held -= int(sizes[position])

    def _read_exact(self, changed: NDArray[np.intp], oldest_live: int, breathe: Callable[[], object] | None) -> None:
        settings = self._settings
        readings = []
        for column, (arrays, best_is_least) in enumerate(((self._latencies, True), (self._throughputs, False))):
            mine = [arrays[position] for position in changed.tolist()]
            reading, sizes = read_arrays(mine, oldest_live, best_is_least=best_is_least, breathe=breathe)
            dead = np.where(reading.dead * _WORTH_CUTTING >= sizes, reading.dead, 0)
            for index in np.flatnonzero(dead).tolist():
                _cut(mine[index], int(dead[index]), oldest_live)
            self._seen[changed, column] = sizes - dead
            reading.values[reading.counts < settings.min_samples] = nan
            readings.append(reading)
        latency, throughput = readings
        self._oldest[changed] = np.minimum(latency.oldest, throughput.oldest)
        successes = latency.counts + latency.unmeasured
        samples = successes + latency.failed
        rates = _rates(samples, latency.failed, latency.limited)
        unknown = np.full(len(changed), nan)
        self._table[changed] = np.column_stack((latency.values, throughput.values, samples, *rates, unknown, unknown))

    def _read_sketch(self, position: int, oldest_live: int) -> None:
        log = self._logs[position]
        assert log.sketch is not None
        row = self._table[position]
        row[:] = nan
        latency, throughput, samples, failures, limited = log.sketch.read(log.latency, log.throughput, oldest_live, self._settings.min_samples)
        row[:SAMPLES] = (*(latency or (nan,) * 4), *(throughput or (nan,) * 4))
        row[SAMPLES] = samples
        row[RATE:TOOL_ERRORS] = _rates(*(np.array([count]) for count in (samples, failures, limited)))[:, 0]
        self._seen[position] = len(log.latency), len(log.throughput)
        self._oldest[position] = inf
        if log.sketch.empty:
            log.sketch = None

    def _read_beside(self, position: int, oldest_live: int, now: float) -> None:
        """Read one endpoint again with what stands beside its samples: waits that were cut short, tool calls, cached tokens, and its peers' slices."""
        log, settings = self._logs[position], self._settings
        log.settle(60.0 / settings.period_seconds)
        slices = list(self._peers.live(log, oldest_live))
        while log.waits and log.waits[0][0] < oldest_live:
            log.waits.popleft()
        row = self._table[position]
        if slices or log.waits:
            self._read_mixed(log, row, slices, oldest_live)
        calls = errors = 0
        for period in list(log.tools):
            if period < oldest_live:
                del log.tools[period]
            else:
                calls, errors = calls + log.tools[period][0], errors + log.tools[period][1]
        calls, errors = calls + sum(one.tool_calls for one in slices), errors + sum(one.tool_errors for one in slices)
        row[TOOL_ERRORS] = errors / calls if calls else nan
        prompt = cached = 0
        oldest = now - CACHED_SECONDS
        for minute in list(log.cached):
            if minute * 60.0 < oldest:
                del log.cached[minute]
            else:
                prompt, cached = prompt + log.cached[minute][0], cached + log.cached[minute][1]
        for one, other in self._peers.live_minutes(log, oldest):
            prompt, cached = prompt + one, cached + other
        row[CACHED] = cached / prompt if prompt else nan
        if slices or log.waits:
            # the row is not that of the log alone: it is made anew when those have left
            self._seen[position] = -1
        if slices or log.beside:
            self._beside.add(position)

    def _read_mixed(self, log: EndpointLog, row: NDArray[np.float64], slices: Sequence[Slice], oldest_live: int) -> None:
        """Fill a row from a log's own samples and its peers', with the waits of both."""
        sketch = log.sketch
        mine = [own_values(log.latency, None if sketch is None else sketch.latency, oldest_live)]
        rates = [own_values(log.throughput, None if sketch is None else sketch.throughput, oldest_live)]
        seconds = np.array([seconds for period, seconds in log.waits if period >= oldest_live])
        waits = [(seconds, np.ones(len(seconds), np.int64)), *(one.waits for one in slices)]
        latency, throughput, cut = (
            _joined(parts) for parts in ([*mine, *(one.latency for one in slices)], [*rates, *(one.throughput for one in slices)], waits)
        )
        failures, unmeasured, limited = own_outcomes(log, oldest_live)
        failures += sum(one.failures for one in slices)
        limited += sum(one.rate_limits for one in slices)
        unmeasured += sum(one.unmeasured for one in slices)
        least = self._settings.min_samples
        known = int(latency[1].sum())
        row[:4] = survival_ranks(*latency, *cut) if known >= least else nan
        row[4:SAMPLES] = best_ranks(*throughput) if int(throughput[1].sum()) >= least else nan
        samples = known + unmeasured + failures
        row[SAMPLES] = samples
        row[RATE:TOOL_ERRORS] = _rates(*(np.array([count]) for count in (samples, failures, limited)))[:, 0]


def _joined(parts: Sequence[Values]) -> Values:
    return np.concatenate([one[0] for one in parts]), np.concatenate([one[1] for one in parts])


def _rates(samples: NDArray[np.int64], failures: NDArray[np.int64], limited: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return success rate, error rate (of what was not rate limited) and rate limit rate; NaN where nothing stands behind one."""
    rest = samples - limited
    every = np.maximum(samples, 1)
    errors = np.where(rest > 0, (failures - limited) / np.maximum(rest, 1), nan)
    return np.stack(((samples - failures) / every, errors, np.where(samples > 0, limited / every, nan)))


def _cut(samples: array[float], count: int, oldest_live: int) -> None:
    """Drop ``count`` entries at the front. Whatever was appended since they were read stands behind them, and goes on following a mark."""
    if samples[count] >= MARK_LIMIT:
        # nothing live follows: any mark of a period that has left will do
        samples[count] = oldest_live - 1 - MARK_BASE
    del samples[:count]


class Readout:
    """What a set of arrays held: per array ``values`` (ranks of ``RANKS``), ``counts`` of live samples, and what to cut off.

    ``failed`` (rate limits too), ``limited`` and ``unmeasured`` count the latency array's other entries, ``dead`` how many entries at the front have left the window, ``oldest`` is
    the oldest period that still holds something (infinite: none).
    """

    __slots__ = ("counts", "dead", "failed", "limited", "oldest", "unmeasured", "values")

    def __init__(self, size: int) -> None:
        self.values: NDArray[np.float64] = np.zeros((size, len(RANKS)))
        self.counts: NDArray[np.int64] = np.zeros(size, np.int64)
        self.failed: NDArray[np.int64] = np.zeros(size, np.int64)
        self.limited: NDArray[np.int64] = np.zeros(size, np.int64)
        self.unmeasured: NDArray[np.int64] = np.zeros(size, np.int64)
        self.dead: NDArray[np.int64] = np.zeros(size, np.int64)
        self.oldest: NDArray[np.float64] = np.full(size, inf)


def read_arrays(
    arrays: Sequence[array[float]], oldest_live: int, *, best_is_least: bool, breathe: Callable[[], object] | None = None
) -> tuple[Readout, NDArray[np.int64]]:
    """Read the live samples of many arrays; returns the reading and how many entries of each array it covers.

    ``best_is_least``: ranks count from the smallest (latency), else from the largest (throughput). Arrays may grow meanwhile; each is copied in one
    step. ``oldest_live`` is the oldest period that counts.
    """
    reading = Readout(len(arrays))
    sizes = np.zeros(len(arrays), np.int64)
    lengths = np.fromiter(map(len, arrays), np.int64, len(arrays))
    order = np.argsort(lengths, kind="stable")
    lengths = lengths[order]
    start = int(np.searchsorted(lengths, 0, side="right"))
    while start < len(order):
        least = int(lengths[start])
        stop = int(np.searchsorted(lengths, max(int(least * _GROUP_SPREAD), least + 16), side="right"))
        stop = min(stop, start + max(1, _GROUP_ELEMENTS // int(lengths[stop - 1])))
        group = order[start:stop]
        copies = [arrays[index].tobytes() for index in group.tolist()]
        sizes[group] = np.fromiter(map(len, copies), np.int64, len(copies)) // 8
        _read_group(bytearray().join(copies), sizes[group], group, oldest_live, reading, best_is_least=best_is_least)
        start = stop
        if breathe is not None:
            breathe()
    return reading, sizes


def _read_group(data: bytearray, sizes: NDArray[np.int64], group: NDArray[np.intp], oldest_live: int, reading: Readout, *, best_is_least: bool) -> None:
    flat: NDArray[np.float64] = np.frombuffer(data)
    ends = np.cumsum(sizes)
    starts = ends - sizes
    marks = np.flatnonzero(flat < MARK_LIMIT)
    periods = flat[marks] + MARK_BASE
    alive = periods >= oldest_live
    dead = np.zeros(len(sizes), np.int64)
    if not alive.all():
        spans = np.diff(marks, append=flat.size)
        flat[np.repeat(~alive, spans)] = -inf
        dead = _dead_at_front(marks, alive, starts, ends)
    valid = flat >= 0.0
    counts = np.add.reduceat(valid.view(np.int8), starts, dtype=np.int64)
    longest = int(sizes.max())
    if int(sizes.min()) == longest:
        matrix = flat.reshape(len(sizes), longest)
    else:
        matrix = np.full((len(sizes), longest), -inf)
        matrix[np.arange(longest) >= (longest - sizes)[:, None]] = flat
    others = int(flat.size - np.count_nonzero(valid)) - len(marks)
    if others > 0:
        limited = flat == RATE_LIMITED
        reading.limited[group] = _count(limited, starts)
        reading.failed[group] = _count((flat == FAILED) | limited, starts)
        reading.unmeasured[group] = _count(flat == UNMEASURED, starts)
    matrix.sort(axis=1)
    best = (counts[:, None] * np.array(RANKS) + 99) // 100
    columns = longest - counts[:, None] + best - 1 if best_is_least else longest - best
    columns = np.minimum(columns, longest - 1)
    reading.values[group] = np.take_along_axis(matrix, columns, axis=1)
    reading.counts[group] = counts
    reading.dead[group] = dead
    firsts = np.searchsorted(marks[alive], starts + dead)
    found = np.append(periods[alive], inf)[firsts]
    # a period whose mark stands alone holds nothing that could leave
    holds = counts + reading.failed[group] + reading.unmeasured[group] > 0
    reading.oldest[group] = np.where(holds, found, inf)


def _dead_at_front(marks: NDArray[np.intp], alive: NDArray[np.bool_], starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """Entries at each array's front that may go: all before its first live mark, or, without one, all but one, which becomes a mark."""
    live = np.append(marks[alive], ends[-1])
    first_live = live[np.searchsorted(live, starts)]
    return np.where(first_live < ends, first_live, ends - 1) - starts


def _count(flags: NDArray[np.bool_], starts: NDArray[np.int64]) -> NDArray[np.int64]:
    counted: NDArray[np.int64] = np.add.reduceat(flags.view(np.int8), starts, dtype=np.int64)
    return counted


def own_outcomes(log: EndpointLog, oldest_live: int) -> tuple[int, int, int]:
    """Return a log's failures (rate limits too), successes without a latency, and rate limits, from ``oldest_live`` on."""
    flat: NDArray[Any] = np.frombuffer(log.latency.tobytes())
    marks = np.flatnonzero(flat < MARK_LIMIT)
    wanted = flat[marks] + MARK_BASE >= oldest_live
    flat = flat[np.repeat(wanted, np.diff(marks, append=flat.size))] if len(marks) else flat[:0]
    limited = int(np.count_nonzero(flat == RATE_LIMITED))
    failures, unmeasured = int(np.count_nonzero(flat == FAILED)) + limited, int(np.count_nonzero(flat == UNMEASURED))
    if log.sketch is not None:
        totals = log.sketch.latency.totals
        failures += int(totals[BUCKETS] + totals[BUCKETS + 2])
        unmeasured += int(totals[BUCKETS + 1])
        limited += int(totals[BUCKETS + 2])
    return failures, unmeasured, limited
