"""Claims about off-policy estimates: they cover the truth as often as they say, and say when there is none to be had."""

import numpy as np
import pytest

from routecore import Catalog, Facts, decide
from routecore.errors import SimulationError
from routecore.simulate.engines.off_policy import ope
from routecore.simulate.noise import mix
from routecore.simulate.policy import Policy
from routecore.simulate.traces.trace import trace_of

PRICES = {"a": "0.000001", "b": "0.000002", "c": "0.000004"}
CATALOG = Catalog.from_mapping(
    {"endpoints": [{"model": "m", "provider": name, "pricing": {"prompt": price, "completion": price}} for name, price in PRICES.items()]}
)
MEANS = {"m@a": 1.0, "m@b": 2.0, "m@c": 3.0}
FLAT = Policy("flat", settings={"balance": {"price": 0}})
CHEAP = Policy("cheap", settings={"balance": {"price": 2}})
SORTED = Policy("sorted", provider={"sort": "price"})


def logged(policy, seed, rows=400, *, certain=False):
    """A log: the policy's own drawn choices, with noisy costs around each endpoint's mean."""
    random = np.random.default_rng(seed)
    found = []
    for place in range(rows):
        plan = decide(CATALOG, {"model": "m", "provider": policy.provider or None}, settings=policy.settings, draw=mix(seed * 1_000_003 + place))
        found.append(
            {
                "timestamp_s": place, "model": "m", "prompt_tokens": 10, "completion_tokens": 10, "endpoint": plan.first.endpoint.id,
                "propensity": 1.0 if certain else plan.propensity, "cost_usd": MEANS[plan.first.endpoint.id] * random.lognormal(-0.125, 0.5), "status": 200,
            }
        )  # fmt: skip
    return trace_of(found)


def truth(policy):
    weights = {f"m@{name}": float(price) ** -policy.settings.balance.price for name, price in PRICES.items()}
    return sum(MEANS[name] * weight for name, weight in weights.items()) / sum(weights.values())


def test_the_95_percent_interval_covers_the_true_value_in_about_95_percent_of_worlds():
    true = truth(CHEAP)
    worlds = 60
    covered = dict.fromkeys(("ips", "snips", "dr"), 0)
    for seed in range(worlds):
        estimates = ope(logged(FLAT, seed, rows=250), CATALOG, CHEAP).estimates
        for name in covered:
            one = estimates[name]
            covered[name] += one.low <= true <= one.high
    # three standard deviations of a binomial around 95 %
    assert all(count / worlds >= 0.95 - 3 * (0.95 * 0.05 / worlds) ** 0.5 for count in covered.values()), covered
    assert sum(covered.values()) < 3 * worlds


def test_replay_is_unbiased_where_the_log_chose_evenly():
    one = ope(logged(FLAT, 5, rows=4_000), CATALOG, CHEAP).estimates["replay"]
    assert one.low <= truth(CHEAP) <= one.high


def test_a_policy_evaluated_on_its_own_log_gets_the_logs_mean():
    found = ope(logged(CHEAP, 3), CATALOG, CHEAP)
    assert found.estimates["ips"].value == pytest.approx(found.logged.value)
    assert found.estimates["snips"].value == pytest.approx(found.logged.value)
    assert found.estimates["ips"].ess == pytest.approx(found.used)


def test_a_deterministic_log_identifies_nothing_about_the_others():
    found = ope(logged(SORTED, 1, certain=True), CATALOG, FLAT)
    assert all(one.value is None for one in found.estimates.values())
    assert found.unsupported == pytest.approx(2 / 3)
    assert "never makes" in found.estimates["ips"].reason
    assert "certain" in found.estimates["ips"].reason


def test_a_deterministic_log_identifies_the_policy_that_made_it():
    found = ope(logged(SORTED, 1, certain=True), CATALOG, SORTED)
    assert found.estimates["ips"].value == pytest.approx(found.logged.value)


def test_a_drawn_log_identifies_a_deterministic_policy():
    found = ope(logged(FLAT, 2, rows=3_000), CATALOG, SORTED).estimates["dr"]
    assert found.low <= MEANS["m@a"] <= found.high


def test_an_endpoint_that_was_added_since_is_not_identifiable():
    wider = Policy("wider", catalog={"add": [{"model": "m", "provider": "d", "pricing": {"prompt": "0.000001", "completion": "0.000001"}}]})
    one = ope(logged(FLAT, 2), CATALOG, wider).estimates["dr"]
    assert one.value is None
    assert "m@d" in one.reason


def test_a_known_logging_policy_says_exactly_what_it_never_chooses():
    trace = logged(FLAT, 2, rows=3)
    assert ope(trace, CATALOG, FLAT, logging=FLAT).unsupported == 0
    assert ope(trace, CATALOG, FLAT, logging=SORTED).unsupported == pytest.approx(2 / 3)


def test_a_tolerance_lets_a_small_unsupported_share_through():
    found = ope(logged(SORTED, 1, certain=True), CATALOG, CHEAP, tolerance=0.3)
    assert found.unsupported == pytest.approx(1 - 1 / (1 + 1 / 4 + 1 / 16))
    assert found.estimates["ips"].value is not None


def test_statistics_move_the_policys_choices():
    facts = Facts.from_mapping({"m@a": {"latency": {"p50": 9.0}}, "m@b": {"latency": {"p50": 0.1}}, "m@c": {"latency": {"p50": 9.0}}})
    fast = Policy("fast", settings={"balance": {"latency": 50}})
    one = ope(logged(FLAT, 4, rows=3_000), CATALOG, fast, facts=facts).estimates["snips"]
    assert one.low <= MEANS["m@b"] <= one.high


def test_doubly_robust_is_narrower_than_ips_where_endpoints_explain_the_cost():
    found = ope(logged(FLAT, 6, rows=2_000), CATALOG, CHEAP).estimates
    assert found["dr"].high - found["dr"].low < found["ips"].high - found["ips"].low


def test_turns_of_one_session_count_as_one_draw_of_luck():
    rows = [
        {
            "timestamp_s": place,
            "model": "m",
            "prompt_tokens": 1,
            "completion_tokens": 1,
            "endpoint": "m@a",
            "propensity": 1 / 3,
            "cost_usd": 1.0 + place // 50,
            "session_id": f"s{place // 50}",
        }
        for place in range(500)
    ]
    alone = [{**row, "session_id": None} for row in rows]
    wide, narrow = (ope(trace_of(one), CATALOG, SORTED).logged for one in (rows, alone))
    assert (wide.high - wide.low) > 5 * (narrow.high - narrow.low)


def test_rows_without_what_is_needed_are_counted_by_reason():
    row = {"timestamp_s": 0, "model": "m", "prompt_tokens": 1, "completion_tokens": 1}
    full = {**row, "endpoint": "m@a", "propensity": 0.5, "cost_usd": 1.0}
    found = ope(trace_of([full, {**full, "endpoint": None}, {**full, "propensity": None}, {**full, "cost_usd": None}]), CATALOG, SORTED)
    assert found.used == 1
    assert found.skipped == {"no endpoint logged": 1, "no propensity logged": 1, "no cost_usd logged": 1}


def test_a_log_without_propensities_is_refused():
    with pytest.raises(SimulationError, match="no row has endpoint, propensity and reward"):
        ope(trace_of([{"timestamp_s": 0, "model": "m", "prompt_tokens": 1, "completion_tokens": 1}]), CATALOG, FLAT)


@pytest.mark.parametrize("bad", [{"reward": "joy"}, {"tolerance": 1}, {"tolerance": True}])
def test_what_is_no_reward_or_tolerance_is_refused(bad):
    with pytest.raises(SimulationError):
        ope(logged(FLAT, 1, rows=2), CATALOG, FLAT, **bad)


def test_success_is_a_status_below_400():
    rows = [
        {"timestamp_s": 0, "model": "m", "prompt_tokens": 1, "completion_tokens": 1, "endpoint": "m@a", "propensity": 1, "status": status}
        for status in (200, 500, 200, 429)
    ]
    assert ope(trace_of(rows), CATALOG, SORTED, reward="success").estimates["snips"].value == 0.5


def test_the_table_says_not_identifiable_instead_of_a_number():
    text = str(ope(logged(SORTED, 1, rows=20, certain=True), CATALOG, FLAT))
    assert text.count("not identifiable") == 4


def with_chances(rows, **chances):
    return [{**row, "propensities": {f"m@{name}": chance for name, chance in chances.items()}} for row in rows]


def row(place, endpoint="m@a", propensity=0.5, **more):
    return {
        "timestamp_s": place,
        "model": "m",
        "prompt_tokens": 10,
        "completion_tokens": 10,
        "endpoint": endpoint,
        "propensity": propensity,
        "cost_usd": 1.0,
        **more,
    }


def test_propensities_of_all_endpoints_tell_which_rows_cannot_be_told():
    # b was cooling in a quarter of the rows: what a policy would have got from it there nobody knows
    rows = [row(place, "m@a" if place % 2 else "m@b", 0.5) for place in range(60)]
    told = with_chances(rows, a=0.5, b=0.5, c=0.0) + with_chances([row(60 + place, "m@a", 1.0) for place in range(20)], a=1.0, b=0.0, c=0.0)
    found = ope(trace_of(told), CATALOG, Policy("two", provider={"ignore": ["c"]}, settings={"balance": {"price": 0}}))
    assert found.unidentifiable == pytest.approx(0.25)
    assert found.unsupported == pytest.approx(0.125)
    assert "25.0% of the rows cannot be told" in found.estimates["ips"].reason
    assert ope(trace_of(told), CATALOG, Policy("a", provider={"only": ["a"]})).estimates["ips"].value is not None


def test_rows_that_a_pin_decided_are_a_stratum_of_their_own():
    rows = [row(place, "m@a" if place % 2 else "m@b", 0.5, cost_usd=2.0 if place % 2 else 4.0) for place in range(200)]
    pinned = [row(200 + place, "m@b", 1.0, cost_usd=10.0, pinned=True) for place in range(200)]
    policy = Policy("a", provider={"only": ["a"]})
    found = ope(trace_of(rows + pinned), CATALOG, policy)
    assert found.pinned == 200
    assert found.estimates["snips"].value == pytest.approx((2.0 + 10.0) / 2)
    without = ope(trace_of(rows + pinned), CATALOG, Policy("a", provider={"only": ["a"]}, settings={"sticky": "off"}))
    assert "session's pin" in without.estimates["ips"].reason


def test_statistics_are_those_of_the_rows_time():
    early, late = (
        Facts.from_mapping({f"m@{name}": {"latency": {"p50": one}} for name, one in zip("abc", order, strict=True)}) for order in ((1, 2, 3), (3, 2, 1))
    )
    rows = [row(place, "m@a" if place < 50 else "m@c", 0.5) for place in range(100)]
    policy = Policy("fast", provider={"sort": "latency"}, settings={"min_samples": 0})
    both = ope(trace_of(rows), CATALOG, policy, facts=lambda at: early if at < 50 else late)
    assert both.estimates["replay"].ess == 100
    assert ope(trace_of(rows), CATALOG, policy, facts=early, tolerance=0.9).estimates["replay"].ess == 50


def test_weights_that_do_not_average_one_and_few_effective_rows_are_warned_of():
    wrong = ope(trace_of([row(place, "m@" + "abc"[place % 3], 0.9) for place in range(300)]), CATALOG, FLAT)
    assert any("weights average 0.370, not 1" in one for one in wrong.warnings)
    few = ope(trace_of([row(place, "m@" + "abc"[place % 3], 1 / 3) for place in range(9)]), CATALOG, FLAT)
    assert any("are worth 9" in one for one in few.warnings)


def test_one_heavy_weight_widens_the_interval_instead_of_hiding_in_it():
    rows = [row(place, "m@a", 0.9) for place in range(400)] + [row(400, "m@b", 0.001, cost_usd=9.0)] + [row(401 + place, "m@c", 1 / 3) for place in range(9)]
    found = ope(trace_of(rows), CATALOG, FLAT)
    assert any("empirical-Bernstein" in one for one in found.warnings)
    one = found.estimates["ips"]
    assert one.high - one.value > 9.0


def test_the_direct_model_knows_the_prompts_size():
    random = np.random.default_rng(3)
    rows = [
        row(place, "m@" + "abc"[place % 3], 1 / 3, prompt_tokens=size, cost_usd=size * (1 + place % 3) / 1_000)
        for place, size in enumerate(random.integers(1, 9_000, 300).tolist())
    ]
    found = ope(trace_of(rows), CATALOG, FLAT).estimates
    # costs are exactly linear in the prompt: the model is right, and no weighted error is left to add
    exact = np.mean([2 * one["prompt_tokens"] / 1_000 for one in rows])
    assert found["dr"].value == pytest.approx(exact, rel=1e-9)
    assert found["ips"].value != pytest.approx(exact, rel=1e-3)
    assert found["dr"].high - found["dr"].low < found["ips"].high - found["ips"].low


@pytest.mark.parametrize("wrong", [{"m@a": 0.7}, {"m@a": -0.1, "m@b": 1.1}, [1], "{", {}, {"m@a": "x"}])
def test_propensities_that_do_not_sum_are_a_fault_of_their_row_alone(wrong):
    trace = trace_of([row(0), {**row(1), "propensities": wrong}, row(2)])
    assert (len(trace), trace.faults.dropped) == (2, 1)
    assert "propensities" in trace.faults.examples[0].reason
