"""OpenTelemetry: histograms of attempts by the GenAI conventions, and a span for each plan and each attempt. Needs the extra ``otel``.

No prompt, answer, header or key is in any of them: what a span says is what the plan says of itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from routecore.adapters.signals import HISTOGRAMS, attributes_of, explained, samples_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from routecore.live.outcome import Outcome
    from routecore.live.router import Router
    from routecore.routing.attempt import Attempt
    from routecore.routing.plan import Plan

__all__ = ["OutcomeMetrics", "OutcomeSpans", "observe_router"]

_SCOPE: Final = "routecore"
_NANOSECONDS: Final = 1_000_000_000
_NO_COUNTER: Final = frozenset({"gauge", "updowncounter", "histogram"})


class OutcomeMetrics:
    """Records every outcome in histograms: give it to a router as ``on_outcome``.

    ``meter``: an OpenTelemetry meter; ``None`` takes the global provider's.
    """

    def __init__(self, meter: Any = None, *, operation: str = "chat") -> None:  # noqa: ANN401 - a meter of whatever version
        self.operation = operation
        self._histograms = {
            one.name: (_meter() if meter is None else meter).create_histogram(
                one.name, unit=one.unit, description=one.description, explicit_bucket_boundaries_advisory=list(one.boundaries)
            )
            for one in HISTOGRAMS.values()
        }

    def __call__(self, attempt: Attempt, outcome: Outcome, plan: Plan | None = None) -> None:  # noqa: ARG002 - as Router calls it
        """Record one outcome."""
        labels = attributes_of(attempt, outcome, self.operation)
        for name, value, more in samples_of(outcome):
            self._histograms[name].record(value, {**labels, **more})


class OutcomeSpans:
    """Writes a span for every outcome, with the plan's reasons as attributes: give it to a router as ``on_outcome``.

    A span is written when its attempt has ended, with the start that ``total_seconds`` gives it, and below whatever span is current then.
    ``clock_ns``: nanoseconds since the epoch. ``tracer``: an OpenTelemetry tracer; ``None`` takes the global provider's.
    """

    def __init__(self, tracer: Any = None, *, operation: str = "chat", clock_ns: Any = None) -> None:  # noqa: ANN401 - a tracer of whatever version
        from time import time_ns

        self.operation = operation
        self._tracer = _tracer() if tracer is None else tracer
        self._clock_ns = time_ns if clock_ns is None else clock_ns

    def __call__(self, attempt: Attempt, outcome: Outcome, plan: Plan | None = None) -> None:
        """Write the span of one attempt."""
        from opentelemetry.trace import SpanKind, Status, StatusCode

        ended = self._clock_ns()
        seconds = outcome.total_seconds
        started = ended if seconds is None or not 0 <= seconds < _NANOSECONDS else ended - int(seconds * _NANOSECONDS)
        found: dict[str, Any] = attributes_of(attempt, outcome, self.operation)
        found["routecore.attempt.probability"] = attempt.probability
        if outcome.status is not None:
            found["http.response.status_code"] = outcome.status
        if outcome.output_tokens is not None:
            found["gen_ai.usage.output_tokens"] = outcome.output_tokens
        plan = getattr(attempt, "plan", None) if plan is None else plan
        if plan is not None:
            found.update(explained(plan))
            place = getattr(attempt, "place", None)
            if place is not None:
                found["routecore.attempt.place"] = place
        span = self._tracer.start_span(f"{self.operation} {attempt.endpoint.model}", kind=SpanKind.CLIENT, start_time=started, attributes=found)
        if "error.type" in found:
            span.set_status(Status(StatusCode.ERROR))
        span.end(end_time=ended)


def observe_router(router: Router, meter: Any = None) -> None:  # noqa: ANN401 - a meter of whatever version
    """Publish ``router.metrics()`` as observable instruments: each is read when the exporter collects."""
    from opentelemetry.metrics import Observation

    meter = _meter() if meter is None else meter

    def reading(name: str) -> Any:  # noqa: ANN401 - a callback as the meter wants it
        def read(_options: object) -> Iterable[Any]:
            return [Observation(metric.value, dict(metric.attributes)) for metric in router.metrics() if metric.name == name]

        return read

    made: set[str] = set()
    for metric in router.metrics():
        if metric.name not in made and not metric.name.startswith("gen_ai."):
            made.add(metric.name)
            instrument = getattr(metric, "instrument", None)
            rises = not metric.name.endswith(".cooling") if instrument is None else str(instrument) not in _NO_COUNTER
            make = meter.create_observable_counter if rises else meter.create_observable_gauge
            make(metric.name, callbacks=[reading(metric.name)], unit=metric.unit)


def _meter() -> Any:  # noqa: ANN401 - a meter of whatever version
    from opentelemetry.metrics import get_meter

    return get_meter(_SCOPE)


def _tracer() -> Any:  # noqa: ANN401 - a tracer of whatever version
    from opentelemetry.trace import get_tracer

    return get_tracer(_SCOPE)
