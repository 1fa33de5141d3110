"""Windows in and out as HdrHistogram V2: the encoding that other processes, tools and languages read and add up.

Latencies are whole microseconds up to a day, throughputs whole thousandths of a token per second up to a million tokens per second, both with three
significant digits: a value is off by at most 0.1 %, or by half a unit where it is small.
"""

from __future__ import annotations

import zlib
from array import array
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from hdrh.codec import HdrCookieException, HdrHistogramSettingsException, HdrLengthException
from hdrh.histogram import HdrHistogram

from routecore.errors import Fault, InvalidRequest
from routecore.live.windows.marks import FAILED, UNMEASURED
from routecore.live.windows.reader import live_samples
from routecore.live.windows.sketch import BUCKETS, Sketch, bucket_of, middle_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from routecore.live.windows.log import EndpointLog
    from routecore.live.windows.settings import WindowSettings
    from routecore.live.windows.sketch import Counts

__all__ = ["FORMAT", "add_to", "export_logs", "read_export"]

FORMAT: Final = "hdrhistogram-v2"
LATENCY: Final = "latency_microseconds"
THROUGHPUT: Final = "throughput_millitokens_per_second"
_HIGHEST: Final = {LATENCY: 86_400_000_000, THROUGHPUT: 1_000_000_000}
_SCALE: Final = {LATENCY: 1e6, THROUGHPUT: 1e3}
_DIGITS: Final = 3
_LONGEST_TEXT: Final = 1_000_000
_MOST_SAMPLES: Final = 2**31
_MOST_LISTED: Final = 4_096
"""Up to this many samples are merged one by one, which keeps their window exact."""


# what the codec raises for texts that are no histogram
_UNREADABLE: Final = (
    ValueError, TypeError, IndexError, OverflowError, MemoryError, zlib.error, HdrCookieException, HdrLengthException, HdrHistogramSettingsException,
)  # fmt: skip


class _Merged:
    """What one endpoint of an export adds: distinct values of a metric and their counts; with the latencies, failures and unmeasured successes."""

    __slots__ = ("counts", "failures", "unmeasured", "values")

    def __init__(self, values: NDArray[np.float64], counts: NDArray[np.int64]) -> None:
        self.values = values
        self.counts = counts
        self.failures = 0
        self.unmeasured = 0

    @property
    def size(self) -> int:
        """How many entries of a log it would take to hold this."""
        return int(self.counts.sum()) + self.failures + self.unmeasured

    def entries(self) -> array[float]:
        """Return the samples one by one, as a log holds them."""
        outcomes = np.repeat((FAILED, UNMEASURED), (self.failures, self.unmeasured))
        found: array[float] = array("d")
        found.frombytes(np.concatenate((np.repeat(self.values, self.counts), outcomes)).tobytes())
        return found

    def add_to(self, counts: Counts, period: int) -> None:
        """Add the samples to the counts of a period."""
        buckets, inverse = np.unique(bucket_of(self.values), return_inverse=True)
        summed = np.zeros(len(buckets), np.int64)
        np.add.at(summed, inverse, self.counts)
        counts.add(period, buckets, summed)


def export_logs(logs: Iterable[EndpointLog], first: int, last: int | None) -> dict[str, Any]:
    """Return ``{endpoint id: encoded window}`` of the periods from ``first`` up to, not including, ``last``; endpoints without outcomes are left out."""
    found: dict[str, Any] = {}
    for log in logs:
        sketch = log.sketch
        latencies, failures, unmeasured = _gather(log.latency, None if sketch is None else sketch.latency, first, last)
        throughputs, _, _ = _gather(log.throughput, None if sketch is None else sketch.throughput, first, last)
        if sketch is not None:
            earlier = sketch.outcomes_between(first, last)
            failures += earlier[0]
            unmeasured += earlier[1]
        successes = int(latencies[1].sum()) + unmeasured
        if successes or failures:
            found[log.endpoint_id] = {
                LATENCY: _encode(LATENCY, *latencies),
                THROUGHPUT: _encode(THROUGHPUT, *throughputs),
                "successes": successes,
                "failures": failures,
            }
    return found


def _gather(samples: array[float], counted: Counts | None, first: int, last: int | None) -> tuple[tuple[NDArray[np.float64], NDArray[np.int64]], int, int]:
    values, failures, unmeasured = live_samples(samples, first, last)
    counts = np.ones(len(values), np.int64)
    if counted is not None:
        earlier = counted.between(first, last)[:BUCKETS]
        buckets = np.flatnonzero(earlier)
        values = np.concatenate((values, middle_of(buckets)))
        counts = np.concatenate((counts, earlier[buckets]))
    return (values, counts), failures, unmeasured


def _encode(metric: str, values: NDArray[np.float64], counts: NDArray[np.int64]) -> str:
    histogram = HdrHistogram(1, _HIGHEST[metric], _DIGITS)
    if len(values):
        units = np.clip(np.rint(values * _SCALE[metric]), 0, _HIGHEST[metric]).astype(np.int64)
        magnitude = histogram.sub_bucket_half_count_magnitude
        # a double's exponent is the number of bits, exactly, up to 2**53
        bits = np.frexp(np.maximum(units, 2 * histogram.sub_bucket_half_count - 1).astype(np.float64))[1].astype(np.int64)
        bucket = bits - (magnitude + 1)
        index = ((bucket + 1) << magnitude) + (units >> bucket) - histogram.sub_bucket_half_count
        table: NDArray[np.int64] = np.frombuffer(histogram.counts, np.int64)
        np.add.at(table, index, counts)
        histogram.total_count = int(counts.sum())
        histogram.min_value, histogram.max_value = int(units.min()), int(units.max())
    encoded: bytes = histogram.encode()
    return encoded.decode("ascii")


def _decode(metric: str, text: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the distinct values of an encoded histogram, each the middle of what it stands for, and their counts."""
    histogram = HdrHistogram.decode(text.encode("ascii"))
    table: NDArray[np.int64] = np.frombuffer(histogram.counts, np.int64)
    index = np.flatnonzero(table)
    magnitude = histogram.sub_bucket_half_count_magnitude
    bucket = (index >> magnitude) - 1
    sub = (index & (histogram.sub_bucket_half_count - 1)) + np.where(bucket < 0, 0, histogram.sub_bucket_half_count)
    shift = np.maximum(bucket, 0) + histogram.unit_magnitude
    least = sub << shift
    return (least + ((1 << shift) >> 1)) / _SCALE[metric], table[index]


def read_export(exported: Mapping[str, Any], settings: WindowSettings) -> list[tuple[str, _Merged, _Merged]]:
    """Read an export whole before anything of it counts; raises ``InvalidRequest`` with every fault."""
    faults: list[Fault] = []
    if not isinstance(exported, dict) or exported.get("format") != FORMAT or not isinstance(exported.get("endpoints"), dict):
        raise InvalidRequest([Fault("export", type(exported).__name__, f"an export in the format {FORMAT!r}")])
    if exported.get("latency") != settings.latency:
        raise InvalidRequest([Fault("export.latency", exported.get("latency"), f"{settings.latency!r}: the two kinds of latency never mix")])
    found = []
    for endpoint_id, row in exported["endpoints"].items():
        path = f"export.endpoints.{endpoint_id}"
        if not isinstance(endpoint_id, str) or not isinstance(row, dict):
            faults.append(Fault(path, row, "an object with two histograms and two counts"))
            continue
        latency, throughput = (_read_histogram(row, name, path, faults) for name in (LATENCY, THROUGHPUT))
        successes, failures = (_read_count(row, name, path, faults) for name in ("successes", "failures"))
        if latency is None or throughput is None or successes is None or failures is None:
            continue
        unmeasured = successes - int(latency.counts.sum())
        if unmeasured < 0:
            faults.append(Fault(f"{path}.successes", successes, "a number of successes as large as the latencies recorded"))
            continue
        latency.failures, latency.unmeasured = failures, unmeasured
        found.append((endpoint_id, latency, throughput))
    if faults:
        raise InvalidRequest(faults)
    return found


def _read_histogram(row: Mapping[str, Any], name: str, path: str, faults: list[Fault]) -> _Merged | None:
    text = row.get(name)
    merged = _decoded(name, text) if isinstance(text, str) and len(text) <= _LONGEST_TEXT else None
    if merged is None:
        faults.append(Fault(f"{path}.{name}", text[:32] if isinstance(text, str) else text, "an HdrHistogram in the V2 encoding, as base64"))
    return merged


def _decoded(name: str, text: str) -> _Merged | None:
    try:
        values, counts = _decode(name, text)
    except _UNREADABLE:
        return None
    return None if (counts < 0).any() or int(counts.sum()) > _MOST_SAMPLES else _Merged(values, counts)


def _read_count(row: Mapping[str, Any], name: str, path: str, faults: list[Fault]) -> int | None:
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST_SAMPLES:
        faults.append(Fault(f"{path}.{name}", value, "a whole number, 0 or more"))
        return None
    return value


def add_to(log: EndpointLog, period: int, latency: _Merged, throughput: _Merged) -> None:
    """Add what an export holds of one endpoint to its window, whose current period is ``period``."""
    if log.sketch is None and latency.size + throughput.size <= _MOST_LISTED:
        log.latency.extend(latency.entries())
        log.throughput.extend(throughput.entries())
        return
    if log.sketch is None:
        log.sketch = Sketch()
    latency.add_to(log.sketch.latency, period)
    throughput.add_to(log.sketch.throughput, period)
    log.sketch.add_outcomes(period, latency.failures, latency.unmeasured)
