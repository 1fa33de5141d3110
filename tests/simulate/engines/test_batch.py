from __future__ import annotations

import numpy as np
import pytest

from routecore import Catalog
from routecore.errors import SimulationError
from routecore.pricing.price_list import Pricing
from routecore.routing.facts import Facts
from routecore.simulate import Policy, World, batch, generate, simulate, steady, trace_of
from routecore.simulate.engines.batch import Job
from routecore.simulate.engines.batch_choice import Cheapest, Drawn
from routecore.simulate.engines.batch_outcomes import charges
from routecore.simulate.world.frozen import WorldFacts

ROWS = [
    {"model": "a/b", "provider": "cheap", "pricing": {"prompt": "0.000001", "completion": "0.000004"}},
    {"model": "a/b", "provider": "mid", "pricing": {"prompt": "0.000002", "completion": "0.000002"}},
    {"model": "a/b", "provider": "dear", "pricing": {"prompt": "0.000005", "completion": "0.000009", "discount": "0.25"}},
]
CATALOG = Catalog.from_mapping({"endpoints": ROWS})
WORLD = World(
    {
        "a/b@cheap": steady({"p50": 0.9, "p90": 2.0}, {"p50": 40, "p90": 20}, error_rate=0.1, rate_limit_rate=0.05),
        "a/b@mid": steady(0.5, 60).slow_within(20, 40, factor=3).fail_within(60, 80),
        "a/b@dear": steady(0.2, 90),
    }
)


def never():
    raise AssertionError


def test_the_cheapest_crosses_over_where_the_prices_do():
    group = Cheapest([7, 8], [(1, 4, 0), (2, 2, 0)])
    assert group.choose(np.array([100, 100, 100]), np.array([49, 50, 51]), never).first.tolist() == [7, 7, 8]


def test_prices_too_large_for_floats_are_compared_in_whole_numbers():
    group = Cheapest([0, 1], [(10**20 + 1, 0, 0), (10**20, 10**18, 0)])
    assert group.choose(np.array([10**6, 10**6, 0]), np.array([0, 1, 0]), never).first.tolist() == [1, 0, 0]


def test_equal_prices_go_to_the_first_in_order():
    group = Cheapest([4, 5, 6], [(3, 3, 1), (3, 3, 1), (2, 4, 1)])
    assert group.codes.tolist() == [4, 6]
    assert group.choose(np.array([5]), np.array([5]), never).first.tolist() == [4]


def test_a_row_on_the_very_edge_of_a_cell_takes_the_place_that_bisection_gives():
    group = Drawn([0, 1, 2], [1.0, 1.0, 2.0], [1.0, 2.0, 4.0])
    edges = np.array([0, 2**62 - 2**11, 2**62, 2**63 - 1, 2**63, 2**64 - 1], np.uint64)
    assert group.choose(edges.astype(np.int64), edges.astype(np.int64), lambda: edges).first.tolist() == [0, 0, 1, 1, 2, 2]


def test_an_estimate_of_the_prompt_alone_takes_every_completion_as_a_thousand_tokens():
    # 400 prompt tokens: with 1,000 completion tokens mid is cheaper, with the row's own 1 token cheap is
    trace = trace_of([{"timestamp_s": 0, "model": "a/b", "prompt_tokens": 400, "completion_tokens": 1}])
    sort = {"sort": "price"}
    report = batch(trace, CATALOG, World({}, steady()), [Policy(name, provider=sort, estimates=name) for name in ("prompt", "tokens")])
    assert [list(one.summary.shares) for one in report.results] == [["a/b@mid"], ["a/b@cheap"]]


@pytest.mark.parametrize(
    "card",
    [
        {"prompt": "0.000003", "completion": "0.000015"},
        {"prompt": "0.000003", "completion": "0.000015", "discount": "0.333"},
        {"prompt": "0.000000000000001", "completion": "0.000015", "discount": "0.5", "request": "0.001"},
        {"prompt": "999999", "completion": "999999"},
        {
            "prompt": "0.000003",
            "completion": "0.000015",
            "overrides": [{"min_prompt_tokens": 5, "inclusive": True, "prompt_multiplier": 2}, {"min_prompt_tokens": 5, "completion_multiplier": 3}],
        },
        {"prompt": "0.000003", "completion": "0.000015", "overrides": [{"utc_start": 30, "utc_end": 100, "prompt": "0.000001"}]},
    ],
)
def test_charges_are_the_scalar_calculator_s_to_the_femtodollar(card):
    pricing = Pricing.parse(card)
    prompt, completion = np.array([0, 1, 3, 4, 5, 6, 2**31 - 1]), np.array([0, 1, 7, 1, 2, 3, 2**31 - 1])
    now = np.arange(7) * 1800.0
    for instants in (None, now):
        expected = [
            round(pricing.quote_femtodollars(x, y, 0, None if instants is None else instants[place]))
            for place, (x, y) in enumerate(zip(prompt.tolist(), completion.tolist(), strict=True))
        ]
        assert charges(pricing, prompt, completion, instants).tolist() == expected


def test_no_price_is_no_charge_and_no_zero():
    assert charges(Pricing.parse({"prompt": "1"}), np.array([1]), np.array([1])) is None
    assert charges(None, np.array([1]), np.array([1])) is None
    catalog = Catalog.from_mapping({"endpoints": [{"model": "a/b", "provider": "p"}]})
    report = batch(generate(10, ["a/b"]), catalog, World({}, steady()), [Policy("p")])
    assert report.results[0].unpriced == 10
    assert "unknown price" in report.notes[0]


def test_where_nothing_feeds_back_the_closed_loop_says_the_same():
    """One attempt each, no statistics that matter, no pins: both engines meet the same world."""
    trace = generate(3_000, ["a/b"], rate_per_s=30, seed=5)
    policy = Policy(
        "one try",
        provider={"sort": "price", "allow_fallbacks": False},
        settings={"sticky": "off"},
        health="off",
        estimates="tokens",
        steps={"max_wait_seconds": 0},
    )
    world = World(
        {"a/b@cheap": WORLD.endpoints["a/b@cheap"], "a/b@mid": steady(0.5, 60).slow_within(20, 40, factor=3), "a/b@dear": WORLD.endpoints["a/b@dear"]}
    )
    open_, closed = (engine(trace, CATALOG, world, [policy], seed=9).results[0].summary for engine in (batch, simulate))
    assert open_.money == closed.money
    assert open_.by_endpoint == closed.by_endpoint
    assert open_.outcomes == closed.outcomes
    for name in ("requests", "served", "first_served", "attempts", "prompt_tokens", "completion_tokens"):
        assert open_.counts[name] == closed.counts[name], name
    # the closed loop adds moments to moments: a microsecond is lost or won here and there
    assert open_.counts["total_us"] == pytest.approx(closed.counts["total_us"], abs=3_000)


def test_any_number_of_processes_and_any_cut_give_the_identical_summary():
    trace = generate(300_000, ["a/b", "no/model"], rate_per_s=2_000, session_share=0.3, seed=2)
    policy = Policy("balance", estimates="prompt")
    whole = batch(trace, CATALOG, WORLD, [policy], replicates=8).results[0]
    pooled = batch(trace, CATALOG, WORLD, [policy], replicates=8, processes=2).results[0]
    assert pooled.summary == whole.summary
    assert pooled.done == whole.done == 300_000
    job = Job(trace, CATALOG, WORLD, policy, replicates=8)
    whole_part = job.run(0, trace.count)
    cut = job.run(3, trace.count).merge(job.run(0, 1)).merge(job.run(1, 3))
    assert cut == whole_part
    halves = [Job(trace.part(index, 2), CATALOG, WORLD, policy, replicates=8) for index in range(2)]
    parts = [one.run(0, one.trace.count) for one in halves]
    assert parts[1].merge(parts[0]) == whole_part


def test_an_outage_is_a_cooldown_and_a_slow_stretch_is_seen_from_the_next_bucket_on():
    facts = WorldFacts(WORLD, CATALOG.models["a/b"] and [one.id for one in CATALOG])
    assert facts.at(0) is facts.at(19.9)
    assert facts.at(20).stats["a/b@mid"].latency.p50 == 1.5
    assert facts.at(60).cooling == frozenset({"a/b@mid"})
    assert facts.at(80).cooling == frozenset()
    assert facts.at(0).stats["a/b@cheap"].success_rate == pytest.approx(0.95 * 0.9)
    rows = [{"timestamp_s": at, "model": "a/b", "prompt_tokens": 400, "completion_tokens": 1000} for at in (55, 59, 61, 69, 70, 79, 80)]
    policy = Policy("price", provider={"sort": "price"}, estimates="tokens")
    chosen = batch(trace_of(rows), CATALOG, WORLD, [policy], bucket_s=10).results[0].summary.by_endpoint
    assert {key: row.first_choices for key, row in chosen.items()} == {"a/b@mid": 3, "a/b@dear": 0, "a/b@cheap": 4} or {
        key: row.first_choices for key, row in chosen.items()
    } == {
        "a/b@mid": 3,
        "a/b@cheap": 4,
    }


def test_a_price_change_is_billed_and_decided_on_from_its_moment():
    world = World({"a/b@mid": steady().price_after(10, {"prompt": "0.0000001", "completion": "0.0000001"})}, steady())
    rows = [{"timestamp_s": at, "model": "a/b", "prompt_tokens": 100, "completion_tokens": 10} for at in (0, 9, 10, 11)]
    summary = batch(trace_of(rows), CATALOG, world, [Policy("price", provider={"sort": "price"}, estimates="tokens")], bucket_s=1000).results[0].summary
    assert {key: (row.served, row.charged) for key, row in summary.by_endpoint.items()} == {"a/b@cheap": (2, 2 * 140 * 10**9), "a/b@mid": (2, 2 * 11 * 10**9)}


def test_rejections_and_refusals_are_counted():
    rows = [{"timestamp_s": 0, "model": model, "prompt_tokens": 10, "completion_tokens": 1} for model in ("a/b", "a/b", "x/y")]
    trace = trace_of(rows)
    report = batch(
        trace, CATALOG, WORLD, [Policy("none", provider={"only": ["cheap"], "max_price": {"prompt": 0.5}}), Policy("mid", provider={"only": ["mid"]})]
    )
    none, mid = (one.summary for one in report.results)
    assert (none.counts["no_endpoint"], none.counts["unknown_model"], none.counts["served"]) == (2, 1, 0)
    assert none.rejections == {"only": 4, "max_price": 2}
    assert (mid.rejections, mid.counts["served"]) == ({"only": 4}, 2)


def test_a_changed_catalog_counts_under_its_own_names():
    policy = Policy(
        "new",
        provider={"sort": "price"},
        catalog={"add": [{"model": "a/b", "provider": "new", "pricing": {"prompt": "0", "completion": "0"}}], "remove": ["a/b@mid"]},
    )
    report = batch(generate(100, ["a/b"]), CATALOG, World({}, steady()), [Policy("old", provider={"sort": "price"}), policy])
    assert [list(one.summary.shares) for one in report.results] == [["a/b@cheap"], ["a/b@new"]]


def test_own_keys_are_billed_to_their_owner():
    policy = Policy("byok", context={"byok": ["cheap"]})
    summary = batch(generate(1000, ["a/b"]), CATALOG, World({}, steady()), [policy]).results[0].summary
    assert list(summary.shares) == ["a/b@cheap"]
    assert summary.money["charged"] == 0 < summary.money["upstream"]


def test_given_facts_hold_throughout():
    facts = Facts.from_mapping({"a/b@dear": {"latency": {"p50": 0.1}}})
    report = batch(generate(100, ["a/b"]), CATALOG, WORLD, [Policy("fast", provider={"sort": "latency"})], facts=facts)
    assert {key: row.first_choices for key, row in report.results[0].summary.by_endpoint.items()} == {"a/b@dear": 100}
    assert "given statistics" in report.assumptions[0]


def test_ctrl_c_keeps_the_chunks_that_are_done():
    trace = generate(200_000, ["a/b"])
    seen = []

    def progress(done, total):
        seen.append((done, total))
        if done >= 65_536:
            raise KeyboardInterrupt

    report = batch(trace, CATALOG, WORLD, [Policy("a"), Policy("b")], progress=progress, replicates=0)
    assert seen == [(65_536, 400_000)]
    assert report.partial
    assert [one.done for one in report.results] == [65_536, 0]
    assert report.results[0].summary.counts["requests"] == 65_536
    assert str(report)
    assert report.to_json()


@pytest.mark.parametrize("processes", [0, -1, True, 1.5])
def test_a_number_of_processes_that_is_none_is_refused(processes):
    with pytest.raises(SimulationError, match="processes"):
        batch(generate(10, ["a/b"]), CATALOG, WORLD, [Policy("a")], processes=processes)


def test_a_draw_in_a_cell_that_an_edge_splits_falls_on_its_own_side():
    group = Drawn([0, 1], [1.0, 2.0], [1.0, 3.0])
    third = 2**64 // 3
    bits = np.array([third - 2**30, third + 2**30], np.uint64)
    assert group.choose(bits.astype(np.int64), bits.astype(np.int64), lambda: bits).first.tolist() == [0, 1]


@pytest.mark.parametrize("estimates", ["nominal", "prompt", "tokens"])
def test_a_sort_by_latency_asks_for_the_price_only_among_equals(estimates):
    policy = Policy("fast", provider={"sort": "latency"}, settings={"min_samples": 1}, estimates=estimates)
    for p50s, expected in (((0.5, 0.5, 0.4), "a/b@dear"), ((0.4, 0.4, 0.5), "a/b@cheap")):
        facts = Facts.from_mapping({f"a/b@{name}": {"latency": {"p50": p50}} for name, p50 in zip(("cheap", "mid", "dear"), p50s, strict=True)})
        trace = trace_of([{"timestamp_s": 0, "model": "a/b", "prompt_tokens": 3000, "completion_tokens": 1000}])
        summary = batch(trace, CATALOG, World({}, steady()), [policy], facts=facts).results[0].summary
        assert list(summary.shares) == [expected]


def test_a_failed_attempt_charges_no_fee_and_its_prompt_is_insured():
    catalog = Catalog.from_mapping(
        {"endpoints": [{"model": "a/b", "provider": "p", "pricing": {"prompt": "0.000001", "completion": "0.000002", "request": "0.5"}}]}
    )
    trace = trace_of([{"timestamp_s": 0, "model": "a/b", "prompt_tokens": 1000, "completion_tokens": 10}])
    summary = batch(trace, catalog, World({}, steady(error_rate=1.0)), [Policy("p")]).results[0].summary
    assert (summary.money["charged"], summary.money["uncached"]) == (0, 0)
    assert summary.money["insured"] == summary.money["upstream"] == 501 * 10**12


def test_a_total_s_interval_is_that_of_the_cost_a_request():
    summary = batch(generate(20_000, ["a/b"]), CATALOG, World({}, steady()), [Policy("p")]).results[0].summary
    figures, intervals = summary.figures(), summary.intervals()
    widths = [(intervals[name][1] - intervals[name][0]) / figures[name] for name in ("cost_total", "cost_per_request")]
    assert widths[0] == pytest.approx(widths[1])
