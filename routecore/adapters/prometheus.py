"""Prometheus: a router's counters at every scrape, and histograms of its attempts. Needs the extra ``prometheus``.

Names are OpenTelemetry's with the changes that Prometheus asks for: ``_`` for ``.``, the unit at the end, ``_total`` after what counts.
"""

from __future__ import annotations

import re
import threading
from bisect import bisect_left
from math import inf
from typing import TYPE_CHECKING, Any, Final

from routecore.adapters.signals import HISTOGRAMS, attributes_of, samples_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routecore.live.metrics import Metric
    from routecore.live.outcome import Outcome
    from routecore.live.router import Router
    from routecore.routing.attempt import Attempt
    from routecore.routing.plan import Plan

__all__ = ["RouterCollector"]

_UNITS: Final = {"s": "seconds"}
_WORD: Final = re.compile(r"[^a-zA-Z0-9_]")
_NO_COUNTER: Final = frozenset({"gauge", "updowncounter", "histogram"})


class RouterCollector:
    """A collector for ``prometheus_client``: ``REGISTRY.register(RouterCollector(router))``.

    At every scrape it reads ``router.metrics()``: nothing is copied in between, and a router that is asked nothing costs nothing. Given to the router as
    ``on_outcome`` as well, it keeps histograms of durations, first tokens and tokens, one for each set of labels; ``max_series`` bounds them, and what
    comes beyond is counted in ``routecore_exporter_dropped_total``.

    >>> from routecore import Catalog, Outcome, Router
    >>> collector = RouterCollector()
    >>> collector.router = Router(Catalog.from_mapping({"endpoints": [{"model": "a/b", "provider": "p"}]}))
    >>> plan = collector.router.plan({"model": "a/b"})
    >>> collector(plan.first, Outcome.success(total_seconds=1.5), plan)
    >>> collector.series
    1
    """

    def __init__(self, router: Router | None = None, *, operation: str = "chat", max_series: int = 10_000) -> None:
        self.router = router
        self.operation = operation
        self.max_series = max_series
        self.dropped = 0
        self._lock = threading.Lock()
        self._series: dict[tuple[str, tuple[tuple[str, str], ...]], list[float]] = {}

    @property
    def series(self) -> int:
        """How many histograms are kept."""
        return len(self._series)

    def __call__(self, attempt: Attempt, outcome: Outcome, plan: Plan | None = None) -> None:  # noqa: ARG002 - as Router calls it
        """Take one outcome into the histograms: a router's ``on_outcome``."""
        labels = attributes_of(attempt, outcome, self.operation)
        for name, value, more in samples_of(outcome):
            key = (name, tuple(sorted({**labels, **more}.items())))
            boundaries = HISTOGRAMS[name].boundaries
            with self._lock:
                kept = self._series.get(key)
                if kept is None:
                    if len(self._series) >= self.max_series:
                        self.dropped += 1
                        continue
                    # counts of the buckets, of what is beyond them, and the sum
                    kept = self._series[key] = [0.0] * (len(boundaries) + 2)
                kept[bisect_left(boundaries, value)] += 1
                kept[-1] += value

    def collect(self) -> Iterator[Any]:
        """Yield every metric, as ``prometheus_client`` asks for them."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        families: dict[str, Any] = {}
        for metric in () if self.router is None else self.router.metrics():
            name, counts = _name(metric.name, metric.unit), _counts(metric)
            family = families.get(name)
            if family is None:
                make = CounterMetricFamily if counts else GaugeMetricFamily
                family = families[name] = make(name, metric.name, labels=[_word(key) for key, _ in metric.attributes])
            family.add_metric([value for _, value in metric.attributes], metric.value)
        yield from families.values()
        yield from self._histograms()
        yield CounterMetricFamily("routecore_exporter_dropped", "Values of more series than max_series.", value=self.dropped)

    def describe(self) -> list[Any]:
        """Return nothing, so that registering does not read the router."""
        return []

    def _histograms(self) -> Iterator[Any]:
        from prometheus_client.core import HistogramMetricFamily

        with self._lock:
            kept = {key: list(values) for key, values in self._series.items()}
        for histogram in HISTOGRAMS.values():
            mine = {key[1]: values for key, values in kept.items() if key[0] == histogram.name}
            if not mine:
                continue
            names = sorted({name for labels in mine for name, _ in labels})
            family = HistogramMetricFamily(_name(histogram.name, histogram.unit), histogram.description, labels=[_word(name) for name in names])
            for labels, values in mine.items():
                known = dict(labels)
                total, buckets = 0.0, []
                for boundary, count in zip((*histogram.boundaries, inf), values[:-1], strict=True):
                    total += count
                    buckets.append(("+Inf" if boundary == inf else str(boundary), total))
                # a label that this outcome does not have is empty, as Prometheus has it
                family.add_metric([known.get(name, "") for name in names], buckets, values[-1])
            yield family


def _counts(metric: Metric) -> bool:
    """Tell whether a reading only ever rises. What a reading says of its instrument counts; else its unit does: seconds and what is cooling go up and down."""
    instrument = getattr(metric, "instrument", None)
    if instrument is not None:
        return str(instrument) not in _NO_COUNTER
    return metric.unit != "s" and not metric.name.endswith(".cooling")


def _name(name: str, unit: str) -> str:
    word, seconds = _word(name), _UNITS.get(unit)
    return word if seconds is None else f"{word}_{seconds}"


def _word(name: str) -> str:
    return _WORD.sub("_", name)
