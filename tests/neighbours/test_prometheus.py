"""Prometheus: what the real client publishes of a router."""

from __future__ import annotations

import pytest

from routecore import Catalog, Outcome, Router
from routecore.adapters.prometheus import RouterCollector

prometheus_client = pytest.importorskip("prometheus_client", reason="the extra 'prometheus' is not installed")

CATALOG = Catalog.from_mapping({"endpoints": [{"model": "a/b", "provider": "p"}, {"model": "a/b", "provider": "q"}]})


@pytest.fixture
def watched():
    router = Router(CATALOG)
    collector = RouterCollector(router)
    registry = prometheus_client.CollectorRegistry()
    registry.register(collector)
    return router, collector, lambda: prometheus_client.generate_latest(registry).decode()


def value(page, start):
    (line,) = [line for line in page.splitlines() if line.startswith(start)]
    return float(line.rpartition(" ")[2])


def test_counters_are_read_at_the_scrape(watched):
    router, _, scrape = watched
    assert value(scrape(), "routecore_plans_total") == 0
    for _ in range(3):
        router.plan({"model": "a/b"})
    assert value(scrape(), "routecore_plans_total") == 3
    assert "# TYPE routecore_health_cooling gauge" in scrape()


def test_outcomes_are_histograms_with_the_bucket_that_holds_its_boundary(watched):
    router, collector, scrape = watched
    plan = router.plan({"model": "a/b", "provider": {"only": ["p"]}})
    for seconds in (0.32, 0.33, 1000.0):
        collector(plan.first, Outcome.success(total_seconds=seconds), plan)
    page = scrape()
    bucket = 'gen_ai_client_operation_duration_seconds_bucket{gen_ai_operation_name="chat",gen_ai_provider_name="p",gen_ai_request_model="a/b",le="%s",'
    # a boundary belongs to its own bucket
    assert value(page, bucket % "0.32") == 1
    assert value(page, bucket % "0.64") == 2
    assert value(page, bucket % "+Inf") == 3
    assert value(page, "gen_ai_client_operation_duration_seconds_sum") == pytest.approx(1000.65)
    assert value(page, "gen_ai_client_operation_duration_seconds_count") == 3


def test_memory_is_bounded_and_what_is_dropped_is_counted():
    collector = RouterCollector(Router(CATALOG), max_series=1)
    plan = collector.router.plan({"model": "a/b"})
    collector(plan.attempts[0], Outcome.success(total_seconds=1.0))
    collector(plan.attempts[1], Outcome.success(total_seconds=1.0))
    registry = prometheus_client.CollectorRegistry()
    registry.register(collector)
    assert collector.series == 1
    assert value(prometheus_client.generate_latest(registry).decode(), "routecore_exporter_dropped_total") == 1


def test_a_page_reads_back_with_the_clients_own_parser(watched):
    from prometheus_client.parser import text_string_to_metric_families

    router, collector, scrape = watched
    plan = router.plan({"model": "a/b"})
    collector(plan.first, Outcome.rate_limit(2, detail='quotes " and \n breaks'), plan)
    collector(plan.first, Outcome.success(ttft_seconds=0.1, total_seconds=0.5, output_tokens=9), plan)
    names = {family.name for family in text_string_to_metric_families(scrape())}
    assert {"routecore_plans", "gen_ai_client_operation_time_to_first_chunk_seconds", "gen_ai_client_token_usage"} <= names
