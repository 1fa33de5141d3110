"""Reading all windows at once, in numpy. Exact: every percentile given is one of the samples (or of a histogram, for endpoints that have one).

Logs of like size are laid side by side as the rows of a matrix, right-aligned; whatever is not a live sample is negative and sorts to the
left; one sort along the rows then puts every endpoint's nearest ranks at columns that arithmetic finds. Nothing is packed into keys, so no digit is
lost, and a row sort touches less memory than one sort of everything.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from routecore.facts import EndpointStats, Percentiles
from routecore.window_log import FAILED, MARK_BASE, MARK_LIMIT, UNMEASURED
from routecore.window_sketch import Sketch

if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from routecore.window_log import EndpointLog
    from routecore.windows import WindowSettings

__all__ = ["RANKS", "Reading", "live_samples", "read_arrays", "read_changed"]

RANKS: Final = (50, 75, 90, 99)
"""Percent. Rank of pX among n samples, from the best: the smallest whole number that is at least X % of n."""

_GROUP_ELEMENTS: Final = 131_072
"""About a millisecond of work: what one piece between two breaths holds, unless one log alone is longer."""
_GROUP_SPREAD: Final = 1.25
"""Logs of one group differ in length by at most this factor, which bounds what padding wastes."""
_LEAST_TO_SKETCH: Final = 4_096
"""A shorter log is smaller than a histogram of it would be."""


class Reading:
    """What a set of arrays held: per array ``values`` (ranks of ``RANKS``), ``counts`` of live samples, and what to cut off.

    ``failed`` and ``unmeasured`` count the latency array's other entries, ``dead`` how many entries at the front have left the window, ``oldest`` is
    the oldest period that still holds something (infinite: none).
    """

    __slots__ = ("counts", "dead", "failed", "oldest", "unmeasured", "values")

    def __init__(self, size: int) -> None:
        self.values: NDArray[np.float64] = np.zeros((size, len(RANKS)))
        self.counts: NDArray[np.int64] = np.zeros(size, np.int64)
        self.failed: NDArray[np.int64] = np.zeros(size, np.int64)
        self.unmeasured: NDArray[np.int64] = np.zeros(size, np.int64)
        self.dead: NDArray[np.int64] = np.zeros(size, np.int64)
        self.oldest: NDArray[np.float64] = np.full(size, inf)


def read_changed(
    logs: list[EndpointLog], settings: WindowSettings, oldest_live: int, breathe: Callable[[], object] | None
) -> list[tuple[str, EndpointStats | None]]:
    """Read the logs that changed since they were last read: ``(endpoint id, statistics)``, ``None`` for one that has no sample left.

    Cuts off what has left the window, and turns logs that have grown too long into histograms.
    """
    changed = []
    held = 0
    for log in logs:
        size = (len(log.latency), len(log.throughput))
        held += size[0] + size[1]
        if size != log.seen or log.oldest < oldest_live or log.sketch is not None:
            changed.append(log)
    if not changed:
        return []
    _sketch_the_largest(logs, held, settings)
    answer: list[tuple[str, EndpointStats | None]] = []
    exact = [log for log in changed if log.sketch is None]
    if exact:
        answer += _read_exact(exact, settings.min_samples, oldest_live, breathe)
    for log in logs:
        if log.sketch is not None:
            answer.append((log.endpoint_id, log.sketch.read(log, oldest_live, settings.min_samples)))
            if log.sketch.empty:
                log.sketch = None
                log.seen, log.oldest = (-1, -1), inf
            if breathe is not None:
                breathe()
    return answer


def _sketch_the_largest(logs: list[EndpointLog], held: int, settings: WindowSettings) -> None:
    for log in logs:
        longest = max(len(log.latency), len(log.throughput))
        if longest > settings.exact_samples and log.sketch is None:
            log.sketch = Sketch()
            held -= len(log.latency) + len(log.throughput)
    if held > settings.max_samples:
        for log in sorted(logs, key=lambda log: len(log.latency) + len(log.throughput), reverse=True):
            size = len(log.latency) + len(log.throughput)
            if held <= settings.max_samples or size < _LEAST_TO_SKETCH:
                break
            if log.sketch is None:
                log.sketch = Sketch()
                held -= size


def _read_exact(
    logs: list[EndpointLog], min_samples: int, oldest_live: int, breathe: Callable[[], object] | None
) -> list[tuple[str, EndpointStats | None]]:
    first = read_arrays([log.latency for log in logs], oldest_live, best_is_least=True, breathe=breathe)
    second = read_arrays([log.throughput for log in logs], oldest_live, best_is_least=False, breathe=breathe)
    latency, latency_sizes = first
    throughput, throughput_sizes = second
    oldest = np.minimum(latency.oldest, throughput.oldest).tolist()
    latency_dead, throughput_dead = latency.dead.tolist(), throughput.dead.tolist()
    for log, at, cut, cut_too, size, size_too in zip(
        logs, oldest, latency_dead, throughput_dead, latency_sizes.tolist(), throughput_sizes.tolist(), strict=True
    ):
        if cut:
            _cut(log.latency, cut, oldest_live)
        if cut_too:
            _cut(log.throughput, cut_too, oldest_live)
        log.seen = (size - cut, size_too - cut_too)
        log.oldest = at
    if breathe is not None:
        breathe()
    successes = latency.counts + latency.unmeasured
    samples = successes + latency.failed
    rates = (successes / np.maximum(samples, 1)).tolist()
    rows = zip(
        logs,
        _percentiles(latency, min_samples),
        _percentiles(throughput, min_samples),
        samples.tolist(),
        rates,
        strict=True,
    )
    make = EndpointStats._make
    return [(log.endpoint_id, make((fast, steady, count, rate)) if count else None) for log, fast, steady, count, rate in rows]


def _cut(samples: array[float], count: int, oldest_live: int) -> None:
    """Drop ``count`` entries at the front. Whatever was appended since they were read stands behind them, and goes on following a mark."""
    if samples[count] >= MARK_LIMIT:
        # nothing live follows: any mark of a period that has left will do
        samples[count] = oldest_live - 1 - MARK_BASE
    del samples[:count]


def _percentiles(reading: Reading, min_samples: int) -> list[Percentiles | None]:
    found: list[Percentiles | None] = list(map(Percentiles._make, reading.values.tolist()))
    for index in np.flatnonzero(reading.counts < min_samples).tolist():
        found[index] = None
    return found


def read_arrays(
    arrays: Sequence[array[float]], oldest_live: int, *, best_is_least: bool, breathe: Callable[[], object] | None = None
) -> tuple[Reading, NDArray[np.int64]]:
    """Read the live samples of many arrays; returns the reading and how many entries of each array it covers.

    ``best_is_least``: ranks count from the smallest (latency), else from the largest (throughput). Arrays may grow meanwhile; each is copied in one
    step. ``oldest_live`` is the oldest period that counts.
    """
    reading = Reading(len(arrays))
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


def _read_group(
    data: bytearray, sizes: NDArray[np.int64], group: NDArray[np.intp], oldest_live: int, reading: Reading, *, best_is_least: bool
) -> None:
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
        reading.failed[group] = _count(flat == FAILED, starts)
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


def live_samples(samples: array[float], first: int, last: int | None) -> tuple[NDArray[np.float64], int, int]:
    """Return one array's samples of periods from ``first`` up to, not including, ``last`` (``None``: no end), and its failures and unmeasured."""
    flat: NDArray[Any] = np.frombuffer(samples.tobytes())
    marks = np.flatnonzero(flat < MARK_LIMIT)
    periods = flat[marks] + MARK_BASE
    wanted = periods >= first
    if last is not None:
        wanted &= periods < last
    flat = flat[np.repeat(wanted, np.diff(marks, append=flat.size))] if len(marks) else flat[:0]
    return flat[flat >= 0.0], int(np.count_nonzero(flat == FAILED)), int(np.count_nonzero(flat == UNMEASURED))
