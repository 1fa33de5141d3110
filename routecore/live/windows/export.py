"""Windows in and out: what this process measured, by period, in HdrHistogram V2 texts that other processes, tools and languages read and add up.

Latencies are whole microseconds up to a day, throughputs whole thousandths of a token per second up to a million tokens per second, both with three
significant digits: a value is off by at most 0.1 %, or by half a unit where it is small.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeGuard

import numpy as np

from routecore.errors import Fault, InvalidRequest
from routecore.live.windows.hdr import HIGHEST_LATENCY, HIGHEST_THROUGHPUT, decode, encode
from routecore.live.windows.marks import FAILED, MARK_BASE, MARK_LIMIT, RATE_LIMITED, UNMEASURED
from routecore.live.windows.peers import NOTHING, Slice, coarse
from routecore.live.windows.sketch import BUCKETS, middle_of
from routecore.reading.checks import whole

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from routecore.live.windows.log import EndpointLog
    from routecore.live.windows.settings import WindowSettings
    from routecore.live.windows.sketch import Counts
    from routecore.live.windows.survival import Values

__all__ = ["FORMAT", "Exported", "export_logs", "own_values", "read_export", "slices_of"]

FORMAT: Final = "hdrhistogram-v2"
LATENCY: Final = "latency_microseconds"
THROUGHPUT: Final = "throughput_millitokens_per_second"
WAITS: Final = "waits_microseconds"
_HIGHEST: Final = {LATENCY: HIGHEST_LATENCY, THROUGHPUT: HIGHEST_THROUGHPUT, WAITS: HIGHEST_LATENCY}
_SCALE: Final = {LATENCY: 1e6, THROUGHPUT: 1e3, WAITS: 1e6}
_COUNTS: Final = ("successes", "failures", "rate_limits", "tool_calls", "tool_errors")
_MOST: Final = 2**31
_MOST_SLICES: Final = 10_000
_MOST_MINUTES: Final = 1_000
_MOST_DISTINCT: Final = 1_000_000
"""Distinct values of one export: what is beyond would take more room than any percentile needs."""
_LONGEST_SOURCE: Final = 128


class Exported:
    """An export, read: whose it is, and of each endpoint its slices and the minutes of cached tokens."""

    __slots__ = ("endpoints", "period_seconds", "sequence", "source", "until")

    def __init__(self, source: str, sequence: int, until: float, period_seconds: float) -> None:
        self.source = source
        self.sequence = sequence
        self.until = until
        self.period_seconds = period_seconds
        self.endpoints: list[tuple[str, list[tuple[int, Slice]], list[tuple[int, int, int]]]] = []


# --- out ----------------------------------------------------------------------------------------------------------------------------------------------------


def export_logs(logs: Iterable[EndpointLog], first: int, last: int | None, minutes: tuple[int, int | None]) -> dict[str, Any]:
    """Return ``{endpoint id: row}`` of the periods from ``first`` up to, not including, ``last``; endpoints of which nothing is known are left out.

    ``minutes`` are the first minute of cached tokens to give, and the end of those.
    """
    found: dict[str, Any] = {}
    for log in logs:
        slices = _slices(log, first, last)
        cached = [[minute, *log.cached[minute]] for minute in sorted(log.cached) if minute >= minutes[0] and (minutes[1] is None or minute < minutes[1])]
        if not slices and not cached:
            continue
        parts = list(slices.values())
        row: dict[str, Any] = {name: _text(name, _joined([one[place] for one in parts])) for place, name in enumerate((LATENCY, THROUGHPUT))}
        row |= {"successes": sum(_successes(one) for one in parts), "failures": sum(one.failures for one in parts)}
        row["slices"] = [_slice_row(period, one) for period, one in sorted(slices.items())]
        if cached:
            row["cached"] = cached
        found[log.endpoint_id] = row
    return found


def _slice_row(period: int, one: _Own) -> dict[str, Any]:
    row: dict[str, Any] = {"period": period}
    for name, values in ((LATENCY, one.latency), (THROUGHPUT, one.throughput), (WAITS, one.waits)):
        if len(values[0]):
            row[name] = _text(name, values)
    counts = (_successes(one), one.failures, one.rate_limits, one.tool_calls, one.tool_errors)
    row |= {name: count for name, count in zip(_COUNTS, counts, strict=True) if count}
    return row


class _Own:
    """One period of a log, as ``Slice``."""

    __slots__ = ("failures", "latency", "rate_limits", "throughput", "tool_calls", "tool_errors", "unmeasured", "waits")

    def __init__(self) -> None:
        self.latency: Values = NOTHING
        self.throughput: Values = NOTHING
        self.waits: Values = NOTHING
        self.unmeasured = self.failures = self.rate_limits = self.tool_calls = self.tool_errors = 0

    def __getitem__(self, place: int) -> Values:
        return (self.latency, self.throughput)[place]


def _successes(one: _Own) -> int:
    return int(one.latency[1].sum()) + one.unmeasured


def _slices(log: EndpointLog, first: int, last: int | None) -> dict[int, _Own]:
    """Return what a log holds by period: of its arrays, of its sketch, and what stands beside."""
    found: dict[int, _Own] = {}

    def at(period: int) -> _Own:
        one = found.get(period)
        if one is None:
            one = found[period] = _Own()
        return one

    for period, values in _by_period(log.latency, first, last):
        one = at(period)
        one.latency = _joined([one.latency, (values[values >= 0.0], np.ones(int((values >= 0.0).sum()), np.int64))])
        one.unmeasured += int((values == UNMEASURED).sum())
        one.rate_limits += int((values == RATE_LIMITED).sum())
        one.failures += int(((values == FAILED) | (values == RATE_LIMITED)).sum())
    for period, values in _by_period(log.throughput, first, last):
        at(period).throughput = _joined([at(period).throughput, (values, np.ones(len(values), np.int64))])
    if log.sketch is not None:
        for name, counted in (("latency", log.sketch.latency), ("throughput", log.sketch.throughput)):
            for period, counts in _sketched(counted, first, last):
                one, buckets = at(period), np.flatnonzero(counts[:BUCKETS])
                setattr(one, name, _joined([getattr(one, name), (middle_of(buckets), counts[buckets])]))
                one.failures += int(counts[BUCKETS] + counts[BUCKETS + 2])
                one.unmeasured += int(counts[BUCKETS + 1])
                one.rate_limits += int(counts[BUCKETS + 2])
    wanted = [(period, seconds) for period, seconds in log.waits if period >= first and (last is None or period < last)]
    for period in {period for period, _ in wanted}:
        seconds = np.array([one for other, one in wanted if other == period])
        at(period).waits = (seconds, np.ones(len(seconds), np.int64))
    for period, (calls, errors) in log.tools.items():
        if period >= first and (last is None or period < last):
            at(period).tool_calls, at(period).tool_errors = calls, errors
    return found


def slices_of(log: EndpointLog, first: int, sequence: int, period_seconds: float) -> list[tuple[int, Slice]]:
    """Return what a log holds from the period ``first`` on as the slices of another process."""
    return [
        (
            period,
            Slice(
                sequence, (period + 1) * period_seconds, coarse(one.latency), coarse(one.throughput), coarse(one.waits),
                one.unmeasured, one.failures, one.rate_limits, one.tool_calls, one.tool_errors,
            ),
        )
        for period, one in _slices(log, first, None).items()
    ]  # fmt: skip


def _by_period(samples: array[float], first: int, last: int | None) -> Iterable[tuple[int, NDArray[np.float64]]]:
    """Yield a log's entries by the period that they were recorded in; a period may come twice."""
    flat: NDArray[np.float64] = np.frombuffer(samples.tobytes())
    marks = np.flatnonzero(flat < MARK_LIMIT)
    ends = np.append(marks[1:], flat.size)
    for mark, end in zip(marks.tolist(), ends.tolist(), strict=False):
        period = int(flat[mark] + MARK_BASE)
        if end > mark + 1 and period >= first and (last is None or period < last):
            yield period, flat[mark + 1 : end]


def _sketched(counted: Counts, first: int, last: int | None) -> Iterable[tuple[int, NDArray[np.int64]]]:
    for period in {period for period, _, _ in counted.periods}:
        if period >= first and (last is None or period < last):
            yield period, counted.between(period, period + 1)


def own_values(samples: array[float], counted: Counts | None, oldest_live: int) -> Values:
    """Return the samples that one metric's log and sketch hold from ``oldest_live`` on."""
    parts = [values[values >= 0.0] for _, values in _by_period(samples, oldest_live, None)]
    found = [(values, np.ones(len(values), np.int64)) for values in parts]
    if counted is not None:
        buckets = np.flatnonzero(counted.totals[:BUCKETS])
        found.append((middle_of(buckets), counted.totals[buckets].astype(np.int64)))
    return _joined(found)


def _joined(parts: list[Values]) -> Values:
    return (np.concatenate([NOTHING[0], *(one[0] for one in parts)]), np.concatenate([NOTHING[1], *(one[1] for one in parts)]))


def _text(metric: str, values: Values) -> str:
    units = np.clip(np.rint(values[0] * _SCALE[metric]), 0, _HIGHEST[metric]).astype(np.int64)
    return encode(units, values[1], _HIGHEST[metric])


# --- in -----------------------------------------------------------------------------------------------------------------------------------------------------


def read_export(exported: Mapping[str, Any], settings: WindowSettings) -> Exported:
    """Read an export whole before anything of it counts; raises ``InvalidRequest`` with every fault."""
    if not isinstance(exported, dict) or exported.get("format") != FORMAT or not isinstance(exported.get("endpoints"), dict):
        raise InvalidRequest([Fault("export", type(exported).__name__, f"an export in the format {FORMAT!r}")])
    if exported.get("latency") != settings.latency:
        raise InvalidRequest([Fault("export.latency", exported.get("latency"), f"{settings.latency!r}: the two kinds of latency never mix")])
    faults: list[Fault] = []
    source, sequence = exported.get("source"), whole(exported.get("sequence"))
    if not isinstance(source, str) or not 0 < len(source) <= _LONGEST_SOURCE:
        faults.append(Fault("export.source", source, f"the name of the process that exported, 1 to {_LONGEST_SOURCE} characters"))
    if sequence is None:
        faults.append(Fault("export.sequence", exported.get("sequence"), "the number of the export, counted by its source"))
    times = [exported.get(name) for name in ("until", "period_seconds")]
    for name, value in zip(("until", "period_seconds"), times, strict=True):
        if not _is_finite(value) or (name == "period_seconds" and not value > 0):
            faults.append(Fault(f"export.{name}", value, "a finite number of seconds"))
    if faults:
        raise InvalidRequest(faults)
    assert isinstance(source, str)
    assert sequence is not None
    found = Exported(source, sequence, float(times[0]), float(times[1]))  # type: ignore[arg-type]
    room = _MOST_DISTINCT
    for endpoint_id, row in exported["endpoints"].items():
        before = len(faults)
        read = _read_row(endpoint_id, row, found, faults)
        if read is None or len(faults) > before:
            continue
        room -= sum(one.size for _, one in read[1])
        if room < 0:
            raise InvalidRequest([Fault("export.endpoints", f"{len(exported['endpoints'])} endpoints", f"at most {_MOST_DISTINCT:,} distinct values in all")])
        found.endpoints.append(read)
    if faults:
        raise InvalidRequest(faults)
    return found


def _read_row(endpoint_id: object, row: object, found: Exported, faults: list[Fault]) -> tuple[str, list[tuple[int, Slice]], list[tuple[int, int, int]]] | None:
    path = f"export.endpoints.{endpoint_id}"
    if not isinstance(endpoint_id, str) or not isinstance(row, dict):
        faults.append(Fault(path, row, "an object with two histograms, two counts and slices"))
        return None
    for name in (LATENCY, THROUGHPUT):
        _read_histogram(row, name, path, faults)
    totals = [_read_count(row, name, path, faults, required=True) for name in ("successes", "failures")]
    given = row.get("slices")
    if not isinstance(given, list) or len(given) > _MOST_SLICES:
        faults.append(Fault(f"{path}.slices", type(given).__name__, "a list of what each period held"))
        return None
    slices = [one for index, item in enumerate(given) if (one := _read_slice(item, f"{path}.slices[{index}]", found, faults)) is not None]
    sums = (sum(int(one.latency[1].sum()) + one.unmeasured for _, one in slices), sum(one.failures for _, one in slices))
    for name, total, summed in zip(("successes", "failures"), totals, sums, strict=True):
        if total is not None and len(slices) == len(given) and total != summed:
            faults.append(Fault(f"{path}.{name}", total, f"the sum of its slices, {summed}"))
    return endpoint_id, slices, _read_minutes(row.get("cached"), f"{path}.cached", faults)


def _read_slice(item: object, path: str, found: Exported, faults: list[Fault]) -> tuple[int, Slice] | None:
    if not isinstance(item, dict) or type(item.get("period")) is not int or abs(item["period"]) > _MOST**2:
        faults.append(Fault(path, item, "an object with a period, histograms and counts"))
        return None
    before = len(faults)
    latency, throughput, waits = (_read_histogram(item, name, path, faults) if name in item else NOTHING for name in (LATENCY, THROUGHPUT, WAITS))
    counts = [_read_count(item, name, path, faults) for name in _COUNTS]
    if len(faults) > before or latency is None or throughput is None or waits is None:
        return None
    successes, failures, rate_limits, tool_calls, tool_errors = (count or 0 for count in counts)
    unmeasured = successes - int(latency[1].sum())
    if unmeasured < 0:
        faults.append(Fault(f"{path}.successes", successes, "a number of successes as large as the latencies recorded"))
    if rate_limits > failures:
        faults.append(Fault(f"{path}.rate_limits", rate_limits, "at most the failures"))
    if tool_errors > tool_calls:
        faults.append(Fault(f"{path}.tool_errors", tool_errors, "at most the tool calls"))
    parts = (coarse(latency), coarse(throughput), coarse(waits))
    return item["period"], Slice(
        found.sequence, (item["period"] + 1) * found.period_seconds, *parts, unmeasured, failures, rate_limits, tool_calls, tool_errors
    )


def _read_histogram(row: Mapping[str, Any], name: str, path: str, faults: list[Fault]) -> Values | None:
    text = row.get(name)
    found = decode(text, _HIGHEST[name])
    if found is None:
        faults.append(Fault(f"{path}.{name}", text[:32] if isinstance(text, str) else text, "an HdrHistogram in the V2 encoding, as base64"))
        return None
    return found[0] / _SCALE[name], found[1]


def _read_count(row: Mapping[str, Any], name: str, path: str, faults: list[Fault], *, required: bool = False) -> int | None:
    value = row.get(name, None if required else 0)
    count = whole(value)
    if count is None or count > _MOST:
        faults.append(Fault(f"{path}.{name}", value, "a whole number, 0 or more"))
        return None
    return count


def _is_finite(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and -(_MOST**2) < value < _MOST**2


def _read_minutes(value: object, path: str, faults: list[Fault]) -> list[tuple[int, int, int]]:
    if value is None:
        return []
    found = [(item[0], item[1], item[2]) for item in value if _is_minute(item)] if isinstance(value, list) and len(value) <= _MOST_MINUTES else []
    if not isinstance(value, list) or len(found) != len(value):
        faults.append(Fault(path, type(value).__name__, "a list of [minute, prompt tokens, cached tokens]"))
    return found


def _is_minute(item: object) -> bool:
    if not isinstance(item, list) or len(item) != 3 or any(type(part) is not int for part in item):
        return False
    return whole(item[1]) is not None and whole(item[2]) is not None and item[2] <= item[1]
