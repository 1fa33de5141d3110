"""Truth tests of the closed loop: against closed forms, against the core's own account, and against itself."""

from decimal import Decimal

import numpy as np
import pytest

from routecore import Catalog, decide
from routecore.errors import SimulationError
from routecore.routing.expected_cost import expected_cost
from routecore.simulate import Policy, World, batch, diff, generate, simulate, steady, trace_of
from routecore.simulate.engines.closed_loop import WORLD_SALT, run_policy
from routecore.simulate.noise import draws, key_of, mixed


def catalog(*providers, **extra):
    return Catalog.from_mapping(
        {"endpoints": [{"model": "m", "provider": name, "pricing": {"prompt": price, "completion": price, **extra}} for name, price in providers]}
    )


PAIR = catalog(("cheap", "0.000001"), ("sure", "0.000003"))
ORDERED = Policy("ordered", provider={"sort": "price"}, health="off")


def lucks(endpoint_id, seed, count):
    return mixed(draws(seed ^ WORLD_SALT, np.arange(count)) ^ np.uint64(key_of(endpoint_id)))


def rows(count, gap=1.0, **more):
    return [{"timestamp_s": place * gap, "model": "m", "prompt_tokens": 1000, "completion_tokens": 500, **more} for place in range(count)]


def test_requests_wait_in_the_queue_that_the_closed_forms_of_the_server_speak_of():
    # Lindley: a wait is the wait before, and the service before, less the time between; the closed form itself is held at the server
    one = catalog(("p", "0.000001"))
    at = np.cumsum(np.random.default_rng(5).exponential(2.0, 2_000))
    trace = trace_of([{"timestamp_s": moment, "model": "m", "prompt_tokens": 1, "completion_tokens": 1} for moment in at.tolist()])
    with_queue = run_policy(trace, one, World({"m@p": steady(ttft={"mean": 1.0}, slots=1)}), Policy("p", health="off"), replicates=0).summary
    service = run_policy(trace, one, World({"m@p": steady(ttft={"mean": 1.0})}), Policy("p", health="off"), replicates=0).summary
    seconds = np.asarray(steady(ttft={"mean": 1.0}).ttft.values)[(lucks("m@p", 0, len(at)) & np.uint64(4095)).astype(np.int64)]
    assert service.counts["total_us"] / 1e6 == pytest.approx(seconds.sum(), abs=0.01)
    waits, wait = [], 0.0
    for gap, before in zip(np.diff(at, prepend=0.0), np.concatenate(([0.0], seconds[:-1])), strict=True):
        wait = max(0.0, wait + before - gap)
        waits.append(wait)
    assert with_queue.counts["total_us"] / 1e6 == pytest.approx(seconds.sum() + sum(waits), abs=0.01)
    assert sum(waits) > 500


def test_a_fallback_chain_costs_what_the_expectation_of_its_plan_says():
    world = World({"m@cheap": steady(error_rate=0.25), "m@sure": steady()})
    summary = run_policy(trace_of(rows(20_000, 0.01)), PAIR, world, ORDERED, replicates=0).summary
    plan = decide(PAIR, {"model": "m", "provider": {"sort": "price"}})
    expected = expected_cost(plan, {"m@cheap": {"success_rate": 0.75}}, prompt_tokens=1000, completion_tokens=500)
    failures = summary.by_endpoint["m@cheap"].failures
    # exact, given how many failed; and as many failed as should
    served_cheap, served_sure = summary.by_endpoint["m@cheap"].served, summary.by_endpoint["m@sure"].served
    assert (served_cheap, served_sure) == (20_000 - failures, failures)
    assert Decimal(summary.money["charged"]) / 10**15 == served_cheap * Decimal("0.0015") + served_sure * Decimal("0.0045")
    assert Decimal(summary.money["insured"]) / 10**15 == failures * Decimal("0.001")
    assert summary.money["upstream"] == summary.money["charged"] + summary.money["insured"]
    assert failures / 20_000 == pytest.approx(0.25, abs=3 * (0.25 * 0.75 / 20_000) ** 0.5)
    figures = summary.figures()
    assert figures["cost_per_request"] == pytest.approx(float(expected.charged), rel=0.02)
    assert figures["upstream_per_request"] == pytest.approx(float(expected.upstream), rel=0.02)
    assert figures["attempts_per_request"] == pytest.approx(1.25, abs=0.01)
    assert summary.counts["first_served"] == served_cheap


def test_a_sessions_cache_saves_exactly_what_its_prefixes_cost_less():
    one = catalog(("p", "0.000010"), input_cache_read="0.000001")
    turns = [
        {**row, "session_id": "s", "prompt_tokens": 2000 + 1000 * place, "cached_prefix_tokens": 1000 + 1000 * place if place else 0}
        for place, row in enumerate(rows(5, 60))
    ]
    summary = run_policy(trace_of(turns), one, World({"m@p": steady(cache_ttl_s=300)}), Policy("p")).summary
    prefixes = sum(turn["cached_prefix_tokens"] for turn in turns)
    assert summary.counts["cached_tokens"] == prefixes
    assert Decimal(summary.money["cache_saved"]) / 10**15 == prefixes * Decimal("0.000009")
    assert summary.money["uncached"] - summary.money["charged"] == summary.money["cache_saved"]
    assert (summary.counts["session_turns"], summary.counts["cache_hits"]) == (4, 4)


@pytest.mark.parametrize(("gap", "hits"), [(290, 3), (310, 0)])
def test_a_cache_is_warm_for_its_lifetime_after_the_last_turn_and_no_longer(gap, hits):
    one = catalog(("p", "0.000010"), input_cache_read="0.000001")
    turns = [{**row, "session_id": "s", "prompt_tokens": 5000, "cached_prefix_tokens": 4000 if place else 0} for place, row in enumerate(rows(4, gap))]
    assert run_policy(trace_of(turns), one, World({"m@p": steady(cache_ttl_s=300)}), Policy("p")).summary.counts["cache_hits"] == hits


def test_a_prompt_below_the_smallest_cacheable_one_is_not_cached():
    one = catalog(("p", "0.000010"), input_cache_read="0.000001")
    turns = [{**row, "session_id": "s", "cached_prefix_tokens": 900 if place else 0} for place, row in enumerate(rows(3))]
    assert run_policy(trace_of(turns), one, World({"m@p": steady()}), Policy("p")).summary.counts["cached_tokens"] == 0


def test_cache_writes_are_billed_where_the_card_prices_them():
    one = catalog(("p", "0.000010"), input_cache_read="0.000001", input_cache_write="0.0000125")
    turns = [{**row, "session_id": "s", "prompt_tokens": 5000 + place, "cached_prefix_tokens": 5000 if place else 0} for place, row in enumerate(rows(2, 60))]
    summary = run_policy(trace_of(turns), one, World({"m@p": steady()}), Policy("p")).summary
    expected = 5000 * Decimal("0.0000125") + 1 * Decimal("0.0000125") + 5000 * Decimal("0.000001") + 2 * 500 * Decimal("0.00001")
    assert Decimal(summary.money["charged"]) / 10**15 == expected


def test_pins_keep_sessions_where_their_cache_is_and_without_them_they_wander():
    many = catalog(*((f"p{place}", "0.000010") for place in range(5)), input_cache_read="0.000001")
    trace = generate(4_000, ["m"], seed=2, rate_per_s=5, session_share=1.0, turns=8, prompt_median=4000)
    report = simulate(trace, many, World({}, default=steady(ttft=0.5, tokens_per_second=1000)), [Policy("off", settings={"sticky": "off"}), Policy("on")])
    off, on = (one.summary for one in report.results)
    assert on.counts["session_switches"] == 0
    assert on.cache_hit_rate > 0.95
    # a turn finds its prompt where one of the turns before it went: each of five endpoints alike
    assert off.cache_hit_rate == pytest.approx(np.mean([1 - 0.8**before for before in range(1, 8)]), abs=0.04)
    difference = report.differences()["on"]["cost_per_request"]
    assert difference["high"] < 0
    assert report.results[1].changes.reasons.keys() == {"session pin"}


def test_the_same_seed_gives_the_same_summary_and_another_does_not():
    trace = generate(3_000, ["m"], seed=1, rate_per_s=20, session_share=0.5)
    world = World({"m@cheap": steady(ttft={"p50": 0.5, "p90": 1.5}, error_rate=0.05), "m@sure": steady(ttft={"p50": 0.3, "p90": 0.6})})
    one, two, other = (run_policy(trace, PAIR, world, Policy("p"), seed=seed) for seed in (4, 4, 5))
    assert one.summary == two.summary
    assert one.choices.endpoint == two.choices.endpoint
    assert one.summary != other.summary


def test_common_random_numbers_shrink_the_variance_of_a_difference():
    trace = generate(1_500, ["m"], seed=1, rate_per_s=5)
    world = World({"m@cheap": steady(ttft={"p50": 0.8, "p90": 3.0}), "m@sure": steady(ttft={"p50": 0.8, "p90": 3.0})})
    policies = (Policy("a", settings={"balance": {"price": 1}}), Policy("b", settings={"balance": {"price": 1.5}}))

    def mean(policy, seed):
        return run_policy(trace, PAIR, world, policy, seed=seed, replicates=0, keep_choices=False).summary.figures()["ttft_mean"]

    paired = [mean(policies[1], seed) - mean(policies[0], seed) for seed in range(12)]
    apart = [mean(policies[1], seed) - mean(policies[0], seed + 100) for seed in range(12)]
    assert np.var(paired) < np.var(apart) / 2


def test_two_policies_meet_the_same_failures():
    world = World({"m@cheap": steady(error_rate=0.3), "m@sure": steady(error_rate=0.3)})
    trace = trace_of(rows(500))
    by_price = run_policy(trace, PAIR, world, ORDERED).summary
    by_order = run_policy(trace, PAIR, world, Policy("order", provider={"order": ["cheap"]}, health="off")).summary
    assert by_price == by_order


def test_an_outage_is_routed_around_with_health_and_tried_again_and_again_without():
    world = World({"m@cheap": steady(ttft=0.2).fail_within(100, 400), "m@sure": steady(ttft=0.2)})
    trace = trace_of(rows(600))
    report = simulate(trace, PAIR, world, [Policy("health", provider={"sort": "price"}), ORDERED])
    with_health, without = (one.summary for one in report.results)
    assert with_health.counts["served"] == without.counts["served"] == 600
    assert without.counts["attempts"] == 600 + 300
    assert with_health.counts["attempts"] < 600 + 30
    assert report.results[0].coolings > 0
    assert report.results[1].changes.reasons == {"cooldown": report.results[1].changes.changed}


def test_slow_stretches_multiply_and_end():
    behaviour = steady(ttft=0.1, tokens_per_second=1e9).slow_within(10, 20, factor=10).slow_within(15, 20, factor=2)
    summary = run_policy(
        trace_of(rows(30, completion_tokens=1) if False else [{**row, "completion_tokens": 1} for row in rows(30)]),
        catalog(("p", "1e-6")),
        World({"m@p": behaviour}),
        Policy("p"),
    ).summary
    assert summary.counts["total_us"] == 20 * 100_000 + 5 * 1_000_000 + 5 * 2_000_000


def test_requests_beyond_the_capacity_are_refused():
    one = catalog(("p", "1e-6"))
    world = World({"m@p": steady(capacity_per_minute=60)})
    summary = run_policy(trace_of(rows(600, 0.1)), one, world, Policy("p", health="off", steps={"max_wait_seconds": 0})).summary
    # a minute's worth at once, and one a second over the minute
    assert summary.outcomes["success"] == pytest.approx(60 + 60, abs=2)
    assert summary.outcomes["rate_limit"] == 600 - summary.outcomes["success"]


def test_a_price_change_is_billed_and_known_from_its_moment():
    world = World({"m@cheap": steady().price_after(50, {"prompt": "0.00001", "completion": "0.00001"}), "m@sure": steady()})
    summary = run_policy(trace_of(rows(100)), PAIR, world, ORDERED).summary
    assert summary.by_endpoint["m@cheap"].served == summary.by_endpoint["m@sure"].served == 50
    assert Decimal(summary.money["charged"]) / 10**15 == 50 * Decimal("0.0015") + 50 * Decimal("0.0045")


def test_a_late_first_token_is_given_up_and_the_next_attempt_made():
    world = World({"m@cheap": steady(ttft=30), "m@sure": steady(ttft=1, tokens_per_second=499)})
    policy = Policy("p", provider={"sort": "price"}, health="off", timeout_s=5)
    summary = run_policy(trace_of(rows(10, 100)), PAIR, world, policy).summary
    assert summary.outcomes == {"success": 10, "timeout": 10}
    assert summary.counts["ttft_us"] == 10 * 6_000_000
    assert summary.counts["total_us"] == 10 * 7_000_000


def test_requests_that_go_by_the_router_s_run_come_out_like_those_of_the_plain_loop():
    """Where no deadline is near and nobody hedges, a run is the plain loop: every count, every bill, every choice."""
    failing = steady(refusal_seconds=0.1).fail_within(20, 40).limit_within(50, 80, per_minute=20)
    world = World({"m@cheap": failing, "m@sure": steady(error_rate=0.2)})
    asked = [{**row, "session_id": f"s{place % 7}"} for place, row in enumerate(rows(120))]
    plain, driven = (run_policy(trace_of(asked), PAIR, world, Policy("p", provider={"sort": "price"}, **limit)) for limit in ({}, {"deadline_s": 100_000}))
    # times of waits are those of the router's clock, which is ahead: a microsecond may round to another
    assert driven.summary.counts == pytest.approx(plain.summary.counts, abs=20)
    assert {**driven.summary.counts, "ttft_us": 0, "total_us": 0} == {**plain.summary.counts, "ttft_us": 0, "total_us": 0}
    assert driven.summary.outcomes == plain.summary.outcomes
    assert driven.summary.money == plain.summary.money
    assert driven.coolings == plain.coolings > 0


def test_a_run_leaves_an_endpoint_that_hangs_in_time_for_the_next():
    """The next keeps its p90: nine in ten are served within the deadline, where without one nobody is before the minute is over."""
    first_token = {"p50": 0.5, "p90": 1.0, "p99": 1.5}
    world = World({"m@cheap": steady(ttft=1).hang_within(0, 10_000), "m@sure": steady(ttft=first_token, tokens_per_second=2_000)})
    for stream in (True, False):
        policy = Policy("p", provider={"sort": "price"}, health="off", deadline_s=8)
        counts = run_policy(trace_of(rows(50, 100, stream=stream)), PAIR, world, policy).summary.counts
        assert counts["served"] >= 42
        assert counts["total_us"] <= counts["served"] * 8_300_000


def test_reports_say_that_a_run_s_deadline_was_kept_or_had_no_effect():
    world, policies = World({}, default=steady()), [Policy("p", deadline_s=8)]
    assert any("a deadline of 8 s" in one for one in simulate(trace_of(rows(3)), PAIR, world, policies).assumptions)
    assert any("its deadline has no effect" in one for one in batch(trace_of(rows(3)), PAIR, world, policies).assumptions)


def test_a_caller_who_has_waited_to_the_deadline_is_not_tried_again():
    world = World({"m@cheap": steady(refusal_seconds=1).fail_within(0, 1_000), "m@sure": steady(ttft=30)})
    policy = Policy("p", provider={"sort": "price"}, health="off", deadline_s=8)
    summary = run_policy(trace_of(rows(3, 100)), PAIR, world, policy).summary
    assert (summary.outcomes, summary.counts["served"], summary.counts["attempts"]) == ({"connection": 3, "timeout": 3}, 0, 6)


def test_a_plan_that_is_used_up_is_tried_once_more_after_a_wait():
    one = catalog(("p", "1e-6"))
    summary = run_policy(trace_of(rows(1)), one, World({"m@p": steady(refusal_seconds=0.1).fail_within(0, 3)}), Policy("p", health="off")).summary
    assert (summary.counts["served"], summary.counts["attempts"], summary.counts["retries"]) == (1, 2, 1)
    assert summary.counts["ttft_us"] == pytest.approx((0.1 + 5.0 + 0.6) * 1e6, abs=2)


def test_requests_without_an_eligible_endpoint_fail_and_say_which_rule():
    asked = [{**row, "provider": {"only": ["nobody"]}} for row in rows(3)] + [{**row, "timestamp_s": 10 + place} for place, row in enumerate(rows(2))]
    report = simulate(trace_of(asked), PAIR, World({}, default=steady()), [Policy("p")])
    summary = report.results[0].summary
    assert (summary.counts["no_endpoint"], summary.counts["failed"], summary.counts["served"]) == (3, 3, 2)
    assert summary.rejections == {"only": 6}
    assert any("no eligible endpoint" in note for note in report.notes)


def test_unknown_models_are_counted_or_refused_under_strict():
    asked = [*rows(3), {**rows(1)[0], "timestamp_s": 9, "model": "other"}]
    report = simulate(trace_of(asked), PAIR, World({}, default=steady()), [Policy("p")])
    assert report.results[0].summary.counts["unknown_model"] == 1
    with pytest.raises(SimulationError, match="other"):
        simulate(trace_of(asked), PAIR, World({}, default=steady()), [Policy("p")], strict=True)


def test_a_world_without_an_endpoint_is_refused_before_anything_runs():
    with pytest.raises(SimulationError, match="m@sure"):
        simulate(trace_of(rows(3)), PAIR, World({"m@cheap": steady()}), [Policy("p")])


def test_two_policies_of_one_name_are_refused():
    with pytest.raises(SimulationError, match="name of one policy alone"):
        simulate(trace_of(rows(3)), PAIR, World({}, default=steady()), [Policy("p"), Policy("p")])


def test_requests_served_at_an_unknown_price_are_said_and_in_no_sum():
    free = Catalog.from_mapping({"endpoints": [{"model": "m", "provider": "p"}]})
    report = simulate(trace_of(rows(3)), free, World({}, default=steady()), [Policy("p")])
    assert report.results[0].unpriced == 3
    assert report.results[0].summary.money["charged"] == 0
    assert any("unknown price" in note for note in report.notes)


def test_own_keys_charge_nothing_and_are_billed_upstream():
    policy = Policy("p", context={"byok": ["cheap"]})
    summary = run_policy(trace_of(rows(4)), PAIR, World({}, default=steady()), policy).summary
    assert summary.money["charged"] == 0
    assert summary.money["upstream"] == 4 * 1_500_000_000_000


def test_an_interrupted_run_reports_what_is_done_as_partial():
    trace = generate(20_000, ["m"], rate_per_s=100)

    def stop(done, _):
        if done >= 8_192:
            raise KeyboardInterrupt

    report = simulate(trace, PAIR, World({}, default=steady()), [Policy("a"), Policy("b")], progress=stop)
    assert report.partial
    assert len(report.results) == 1
    assert 8_192 <= report.results[0].done < 20_000
    assert 0 < report.results[0].summary.counts["requests"] <= report.results[0].done
    assert "Partial" in report.to_html()
    assert report.to_dict()["partial"] is True


def test_progress_ends_at_the_total():
    seen = []
    simulate(
        generate(10_000, ["m"], rate_per_s=100),
        PAIR,
        World({}, default=steady()),
        [Policy("a"), Policy("b")],
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen[-1] == (20_000, 20_000)
    assert seen == sorted(seen)


def test_a_policy_that_removes_an_endpoint_changes_choices_for_want_of_eligibility():
    changes = diff(
        trace_of(rows(50)),
        PAIR,
        World({}, default=steady()),
        ORDERED,
        Policy("without", provider={"sort": "price"}, health="off", catalog={"remove": ["m@cheap"]}),
    )
    assert changes.changed == 50
    assert changes.reasons == {"eligibility": 50}
    assert "not in the catalog" in changes.examples[0]["detail"]


def test_other_weights_and_another_strategy_are_told_apart():
    world, trace = World({}, default=steady(ttft=0.1, tokens_per_second=10_000)), trace_of(rows(400))
    heavier = diff(trace, PAIR, world, Policy("a"), Policy("b", settings={"balance": {"price": 4}}))
    sorted_ = diff(trace, PAIR, world, Policy("a"), ORDERED)
    assert set(heavier.reasons) == {"weights"}
    assert set(sorted_.reasons) == {"strategy"}


def test_the_choices_and_propensities_of_a_run_are_the_cores_own():
    policy = Policy("p")
    run = run_policy(trace_of(rows(40, 1e-6)), PAIR, World({}, default=steady()), policy, seed=3)
    plans = [decide(PAIR, {"model": "m"}, settings=policy.settings, draw=draw) for draw in draws(3, np.arange(40)).tolist()]
    assert [run.ids[code] for code in run.choices.endpoint] == [plan.first.endpoint.id for plan in plans]
    assert list(run.choices.propensity) == pytest.approx([plan.propensity for plan in plans], rel=1e-6)
    assert len({plan.first.endpoint.id for plan in plans}) == 2


def test_non_streaming_requests_have_their_first_token_with_their_last():
    summary = run_policy(trace_of([{**row, "stream": False} for row in rows(5)]), PAIR, World({}, default=steady()), Policy("p")).summary
    assert summary.counts["ttft_us"] == summary.counts["total_us"]


def test_every_request_is_in_the_summary_once():
    trace = generate(9_000, ["m", "unknown"], rate_per_s=200, session_share=0.3)
    world = World({"m@cheap": steady(error_rate=0.2, rate_limit_rate=0.1, capacity_per_minute=3000), "m@sure": steady(error_rate=0.2)})
    counts = run_policy(trace, PAIR, world, Policy("p")).summary.counts
    assert counts["requests"] == 9_000 == counts["served"] + counts["failed"]


def test_a_second_try_at_the_same_endpoint_has_luck_of_its_own():
    one = catalog(("p", "1e-6"))
    summary = run_policy(trace_of(rows(2_000, 0.01)), one, World({"m@p": steady(error_rate=0.5)}), Policy("p", health="off"), replicates=0).summary
    assert summary.counts["served"] / 2_000 == pytest.approx(0.75, abs=0.04)


def test_endpoints_that_only_one_of_two_policies_has_are_not_taken_for_one_another():
    def adding(provider):
        return Policy(
            f"with {provider}",
            provider={"sort": "price"},
            catalog={"add": [{"model": "m", "provider": provider, "pricing": {"prompt": "0", "completion": "0"}}]},
        )

    changes = diff(trace_of(rows(5)), PAIR, World({}, default=steady()), adding("d"), adding("e"))
    assert changes.moves == {("m@d", "m@e"): 5}
    assert changes.reasons == {"eligibility": 5}


def test_a_session_that_goes_to_and_fro_reads_each_endpoints_own_cache():
    # A-B-A-B, a minute apart, caches of five: from the third turn on each finds what it was given two turns before
    both = catalog(("a", "0.000010"), ("b", "0.000010"), input_cache_read="0.000001")
    turns = [
        {
            **row,
            "session_id": "s",
            "prompt_tokens": 2000 + 1000 * place,
            "completion_tokens": 100,
            "cached_prefix_tokens": 1000 + 1000 * place if place else 0,
            "provider": {"only": ["ab"[place % 2]]},
        }
        for place, row in enumerate(rows(6, 60))
    ]
    summary = run_policy(trace_of(turns), both, World({}, default=steady(cache_ttl_s=300)), Policy("p", settings={"sticky": "off"})).summary
    # the prompt and the answer of two turns before
    assert summary.counts["cached_tokens"] == sum(2000 + 1000 * (place - 2) + 100 for place in range(2, 6))
    assert (summary.counts["session_switches"], summary.counts["cache_hits"]) == (5, 4)
    late = [{**row, "timestamp_s": row["timestamp_s"] * 3} for row in turns]
    cold = run_policy(trace_of(late), both, World({}, default=steady(cache_ttl_s=300)), Policy("p", settings={"sticky": "off"})).summary
    assert cold.counts["cached_tokens"] == 0


def test_prompt_tokens_in_no_cache_are_read_before_the_first_token():
    one = catalog(("p", "0.000010"), input_cache_read="0.000001")
    turns = [{**row, "session_id": "s", "prompt_tokens": 5000, "cached_prefix_tokens": 4000 if place else 0} for place, row in enumerate(rows(3, 60))]
    summary = run_policy(trace_of(turns), one, World({"m@p": steady(ttft=0.5, prefill_tokens_per_second=1_000)}), Policy("p")).summary
    assert summary.counts["ttft_us"] == pytest.approx((3 * 0.5 + 5.0 + 1.0 + 1.0) * 1e6, abs=3)


def test_a_timeout_counts_the_queue_slow_errors_and_silence():
    def first_tokens(behaviour, count=1, gap=100.0):
        policy = Policy("p", provider={"sort": "price"}, health="off", timeout_s=5)
        return run_policy(trace_of(rows(count, gap)), PAIR, World({"m@cheap": behaviour, "m@sure": steady(ttft=1, tokens_per_second=499)}), policy).summary

    slow_error = first_tokens(steady(error_rate=1.0, error_seconds=30))
    assert (slow_error.outcomes, slow_error.counts["ttft_us"]) == ({"success": 1, "timeout": 1}, 6_000_000)
    silence = first_tokens(steady().hang_within(0, 1))
    assert (silence.outcomes, silence.counts["ttft_us"]) == ({"success": 1, "timeout": 1}, 6_000_000)
    assert silence.money["insured"] == 0
    # two at once, one slot: the second waits for it three seconds, and then seven
    queue = first_tokens(steady(ttft=2, tokens_per_second=499, slots=1), 2, 0.0)
    assert queue.outcomes == {"success": 2}
    queue = first_tokens(steady(ttft=2, tokens_per_second=100, slots=1), 2, 0.0)
    assert (queue.outcomes, queue.counts["ttft_us"]) == ({"success": 2, "timeout": 1}, 8_000_000)


def test_a_router_starts_with_what_the_world_would_have_shown_it_and_cold_with_nothing():
    world = World({"m@cheap": steady(ttft=30.0), "m@sure": steady(ttft=0.1)})
    policy = Policy("fast", provider={"sort": "latency"})
    warm, cold = (run_policy(trace_of(rows(1)), PAIR, world, policy, cold=one) for one in (False, True))
    assert list(warm.summary.shares) == ["m@sure"]
    # knowing nothing it takes the cheapest
    assert list(cold.summary.shares) == ["m@cheap"]
