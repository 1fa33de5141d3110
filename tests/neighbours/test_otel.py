"""OpenTelemetry: what the real SDK records of a router."""

from __future__ import annotations

import json

import pytest

from routecore import Catalog, Outcome, Router
from routecore.adapters.otel import OutcomeMetrics, OutcomeSpans, observe_router

pytest.importorskip("opentelemetry.sdk", reason="opentelemetry-sdk is not installed")
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

CATALOG = Catalog.from_mapping({"endpoints": [{"model": "a/b", "provider": "p"}, {"model": "a/b", "provider": "q", "disabled": True}]})
WRITTEN = "the caller's own words"


@pytest.fixture
def meter():
    reader = InMemoryMetricReader()
    provider = MeterProvider(metric_readers=[reader])

    def read():
        found = {}
        for resource in reader.get_metrics_data().resource_metrics:
            for scope in resource.scope_metrics:
                found.update({metric.name: list(metric.data.data_points) for metric in scope.metrics})
        return found

    yield provider.get_meter("test"), read
    provider.shutdown()


@pytest.fixture
def spans():
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield provider.get_tracer("test"), exporter.get_finished_spans
    provider.shutdown()


def test_an_outcome_is_recorded_in_the_conventions_histograms(meter):
    instruments, read = meter
    metrics = OutcomeMetrics(instruments)
    plan = Router(CATALOG).plan({"model": "a/b"})
    metrics(plan.first, Outcome.success(ttft_seconds=0.5, total_seconds=2.5, output_tokens=101), plan)
    metrics(plan.first, Outcome.rate_limit(3), plan)
    found = read()
    (duration,) = found["gen_ai.client.operation.duration"]
    assert (duration.count, duration.sum) == (1, 2.5)
    assert duration.attributes["gen_ai.provider.name"] == "p"
    assert duration.explicit_bounds[0] == 0.01
    (tokens,) = found["gen_ai.client.token.usage"]
    assert (tokens.sum, tokens.attributes["gen_ai.token.type"]) == (101, "output")


def test_a_routers_counters_are_read_when_they_are_collected(meter):
    instruments, read = meter
    router = Router(CATALOG)
    observe_router(router, instruments)
    router.plan({"model": "a/b"})
    router.plan({"model": "a/b"})
    assert [point.value for point in read()["routecore.plans"]] == [2]


def test_a_span_begins_when_the_attempt_was_sent_and_says_why_it_was_chosen(spans):
    tracer, finished = spans
    write = OutcomeSpans(tracer, clock_ns=lambda: 10_000_000_000)
    plan = Router(CATALOG).plan({"model": "a/b", "messages": [{"role": "user", "content": WRITTEN}]})
    write(plan.first, Outcome.success(total_seconds=2.5, output_tokens=7), plan)
    (span,) = finished()
    assert (span.name, span.start_time, span.end_time) == ("chat a/b", 7_500_000_000, 10_000_000_000)
    assert span.attributes["routecore.plan.rejected"] == ("a/b@q: disabled",)
    assert span.attributes["routecore.plan.strategy"]
    assert span.status.is_unset
    assert WRITTEN not in json.dumps({key: str(value) for key, value in span.attributes.items()})


def test_a_failure_is_an_error_of_its_type_and_its_text_stays_out(spans):
    tracer, finished = spans
    plan = Router(CATALOG).plan({"model": "a/b"})
    OutcomeSpans(tracer)(plan.first, Outcome.server(502, WRITTEN), plan)
    (span,) = finished()
    assert not span.status.is_ok
    assert not span.status.is_unset
    assert (span.attributes["error.type"], span.attributes["http.response.status_code"]) == ("500", 502)
    assert WRITTEN not in span.to_json()


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf"), 1e300])
def test_a_time_that_cannot_be_leaves_a_span_without_length(spans, seconds):
    tracer, finished = spans
    plan = Router(CATALOG).plan({"model": "a/b"})
    OutcomeSpans(tracer, clock_ns=lambda: 5)(plan.first, Outcome.success(total_seconds=seconds), plan)
    (span,) = finished()
    assert span.start_time == span.end_time == 5
