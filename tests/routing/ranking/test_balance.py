"""The balance: what an endpoint weighs, unknown and extreme values, and the probability that is stated."""

from __future__ import annotations

import math
import random

import pytest

from routecore import EndpointStats
from routecore.routing.ranking.balance import median, prices_or_median, scaled, successes, values_or_median
from tests.routing.scenes import ask, chances, plan, row

IDS = {slug: f"a/b@{slug}" for slug in ("p", "q", "r", "s")}


def first_chances(*rows, **parts):
    """Return the probability of each endpoint to come first, as its plan states it for some draw that puts it there."""
    found = {}
    wanted = {one["slug"] for one in rows}
    for draw in range(5000):
        first = plan(*rows, **parts, draw=draw).first
        found.setdefault(first.endpoint.slug, first.probability)
        if len(found) == len(wanted):
            return found
    raise AssertionError(found)


def shares(**weights):
    total = sum(weights.values())
    return pytest.approx({slug: weight / total for slug, weight in weights.items()}, rel=1e-12)


def balance(**exponents):
    return {"settings": {"balance": exponents}}


# --- price ------------------------------------------------------------------------------------------------------------------------------------


def test_price_2_is_the_inverse_square_rule():
    assert first_chances(row("p", price=1), row("q", price=2), row("r", price=3), **balance(price=2)) == shares(p=1, q=1 / 4, r=1 / 9)


def test_the_price_is_that_of_this_request():
    rows = [row("p", price=(1, 9)), row("q", price=(9, 1))]
    parts = balance(price=1)
    assert first_chances(*rows, context={"prompt_tokens": 10, "completion_tokens": 0}, **parts) == shares(p=9, q=1)
    assert first_chances(*rows, context={"prompt_tokens": 0, "completion_tokens": 10}, **parts) == shares(p=1, q=9)
    assert first_chances(*rows, **parts) == shares(p=1 / 12, q=1 / 28)


def test_a_price_of_zero_counts_as_a_tenth_of_the_smallest_positive_one():
    assert first_chances(row("p", price=0), row("q", price=1), row("r", price=2), **balance(price=1)) == shares(p=10, q=1, r=0.5)


def test_prices_that_are_all_zero_weigh_alike():
    assert first_chances(row("p", price=0), row("q", price=0), **balance(price=100)) == shares(p=1, q=1)


def test_an_unknown_price_takes_the_median_of_the_known():
    assert first_chances(row("p", price=1), row("q", price=3), row("r", price=5), row("s", price=None), **balance(price=1)) == shares(
        p=1, q=1 / 3, r=1 / 5, s=1 / 3
    )


def test_the_median_of_an_even_number_is_the_mean_of_the_two_middle_values():
    assert first_chances(row("p", price=1), row("q", price=3), row("r", price=None), **balance(price=1)) == shares(p=1, q=1 / 3, r=1 / 2)


def test_zero_is_replaced_before_the_median_is_taken():
    assert first_chances(row("p", price=0), row("q", price=1), row("r", price=None), **balance(price=1)) == shares(p=10, q=1, r=1 / 0.55)


def test_prices_that_are_all_unknown_weigh_alike():
    assert first_chances(row("p", price=None), row("q", price=(1, None)), **balance(price=3)) == shares(p=1, q=1)


def test_all_known_prices_zero_count_as_1_for_the_unknown_too():
    assert first_chances(row("p", price=0), row("q", price=None), **balance(price=3)) == shares(p=1, q=1)


def test_medians_are_over_eligible_endpoints_alone():
    rows = [row("p", price=1), row("q", price=None), row("r", price=99, disabled=True)]
    assert first_chances(*rows[:2], row("s", price=1), **balance(price=1)) == shares(p=1, q=1, s=1)
    answer = ask(*rows, **balance(price=1))
    assert max(chances(answer).values()) == 1.0
    assert answer["attempts"][0]["probability"] == pytest.approx(0.5)


def test_medians_are_over_the_endpoints_of_all_asked_models():
    rows = [row("p", price=1), row("q", price=None), row("r", "c/d", price=3)]
    answer = ask(*rows, body={"models": ["a/b", "c/d"]}, **balance(price=1))
    assert answer["attempts"][0]["probability"] in (pytest.approx(2 / 3), pytest.approx(1 / 3))


def test_an_endpoint_with_many_keys_counts_once_in_a_median():
    rows = [row("p", price=1), row("q", price=3), row("r", price=5), row("s", price=None)]
    context = {"byok": [{"slug": "p", "key_id": f"k{place}"} for place in range(9)], "byok_only": ["p"]}
    tail = [one for one in plan(*rows, context=context, **balance(price=1)) if one.key_id is None]
    first = tail[0]
    weights = {"q": 1 / 3, "r": 1 / 5, "s": 1 / 3}
    assert first.probability == pytest.approx(weights[first.endpoint.slug] / sum(weights.values()))


def test_every_attempt_of_an_endpoint_has_the_endpoints_weight():
    # and of an endpoint's own keys one stands in the draw, so two keys are no second chance
    context = {"byok": [{"slug": "p", "key_id": "k"}, {"slug": "p", "key_id": "l"}, {"slug": "q", "key_id": "m"}]}
    first = plan(row("p", price=1), row("q", price=2), context=context, **balance(price=1)).first
    assert first.probability == pytest.approx({"p": 1 / 1.5, "q": 0.5 / 1.5}[first.endpoint.slug])


# --- throughput, latency ----------------------------------------------------------------------------------------------------------------------


def measured(metric, **values):
    return {"stats": {IDS[slug]: {metric: {"p50": value}} for slug, value in values.items()}}


@pytest.mark.parametrize(("metric", "power"), [("throughput", 1), ("latency", -1)])
def test_throughput_attracts_and_latency_repels(metric, power):
    found = first_chances(row("p"), row("q"), **measured(metric, p=2, q=4), **balance(**{metric: 2}))
    assert found == shares(p=2 ** (2 * power), q=4 ** (2 * power))


@pytest.mark.parametrize(("metric", "power"), [("throughput", 1), ("latency", -1)])
@pytest.mark.parametrize("unknown", [None, {}, {"p90": 9}, {"p50": 0}, {"p50": None}])
def test_an_unknown_p50_takes_the_median_of_the_known_and_0_is_unknown(metric, power, unknown):
    stats = measured(metric, p=2, q=4)["stats"] | {IDS["r"]: {metric: unknown}}
    assert first_chances(row("p"), row("q"), row("r"), stats=stats, **balance(**{metric: 1})) == shares(p=2**power, q=4**power, r=3**power)


@pytest.mark.parametrize("metric", ["throughput", "latency"])
def test_a_metric_that_nobody_has_weighs_nothing(metric):
    assert first_chances(row("p"), row("q"), **measured(metric, p=0), **balance(**{metric: 100})) == shares(p=1, q=1)


@pytest.mark.parametrize(("samples", "known"), [(9, False), (10, True), (None, True), (0, False)])
def test_a_p50_of_fewer_than_min_samples_is_not_known(samples, known):
    stats = {IDS["p"]: {"throughput": {"p50": 1}, "samples": samples}, IDS["q"]: {"throughput": {"p50": 3}}}
    settings = {"balance": {"throughput": 1}, "min_samples": 10}
    assert first_chances(row("p"), row("q"), stats=stats, settings=settings) == (shares(p=1, q=3) if known else shares(p=1, q=1))


def test_rising_throughput_still_weighs_with_its_p50():
    stats = {IDS["p"]: {"throughput": {"p50": 1, "p90": 9}}, IDS["q"]: {"throughput": {"p50": 3}}}
    assert first_chances(row("p"), row("q"), stats=stats, **balance(throughput=1)) == shares(p=1, q=3)


# --- reliability ------------------------------------------------------------------------------------------------------------------------------


def rated(**rates):
    return {"stats": {IDS[slug]: {"success_rate": rate, "samples": samples} for slug, (rate, samples) in rates.items()}}


def test_success_shrinks_towards_the_mean_weighted_by_samples():
    found = first_chances(row("p"), row("q"), row("r"), **rated(p=(1, 80), q=(0.5, 20)), **balance(reliability=1))
    assert found == shares(p=(80 + 0.9 * 20) / 100, q=(10 + 0.9 * 20) / 40, r=0.9)


def test_missing_samples_count_as_100():
    assert first_chances(row("p"), row("q"), **rated(p=(1, None), q=(0.4, 50)), **balance(reliability=1)) == shares(
        p=(100 + 0.8 * 20) / 120, q=(20 + 0.8 * 20) / 70
    )


def test_nobody_with_a_rate_weighs_alike():
    assert first_chances(row("p"), row("q"), **rated(p=(None, 5)), **balance(reliability=100)) == shares(p=1, q=1)


def test_success_is_never_below_a_hundredth():
    assert first_chances(row("p"), row("q"), **rated(p=(0, 10**9), q=(0.5, 1)), **balance(reliability=1)) == shares(
        p=0.01, q=(0.5 + 20 * (0.5 / (10**9 + 1))) / 21
    )


def test_min_samples_does_not_gate_success():
    stats = rated(p=(1, 20), q=(0, 20))["stats"]
    settings = {"balance": {"reliability": 1}, "min_samples": 1000}
    assert first_chances(row("p"), row("q"), stats=stats, settings=settings) == shares(p=0.75, q=0.25)


def test_ineligible_endpoints_do_not_enter_the_mean():
    rows = [row("p"), row("q"), row("r", disabled=True)]
    (first, second) = ask(*rows, **rated(p=(1, 20), q=(0, 20), r=(0, 10**6)), **balance(reliability=1))["attempts"]
    assert first["probability"] == pytest.approx({"p": 0.75, "q": 0.25}[first["slug"]])
    assert second["probability"] == 1


# --- together ---------------------------------------------------------------------------------------------------------------------------------


def test_the_default_exponents_multiply():
    stats = {
        IDS["p"]: {"throughput": {"p50": 4}, "latency": {"p50": 1}, "success_rate": 1, "samples": 180},
        IDS["q"]: {"throughput": {"p50": 9}, "latency": {"p50": 4}, "success_rate": 0.5, "samples": 180},
    }
    success = {"p": (180 + 15) / 200, "q": (90 + 15) / 200}
    found = first_chances(row("p", price=1), row("q", price=2), stats=stats)
    assert found == shares(p=1 * 2 / 1 * success["p"] ** 2, q=0.5 * 3 / 2 * success["q"] ** 2)


def test_identical_endpoints_have_identical_weights():
    rows = [row(slug, price="0.3") for slug in IDS]
    stats = {one: {"throughput": {"p50": 0.1}, "latency": {"p50": 0.7}, "success_rate": 0.1} for one in IDS.values()}
    assert set(first_chances(*rows, stats=stats).values()) == {0.25}


def test_probability_is_that_among_those_left():
    for draw in range(8):
        attempts = ask(*(row(slug) for slug in IDS), **balance(price=0), draw=draw)["attempts"]
        assert [one["probability"] for one in attempts] == pytest.approx([1 / 4, 1 / 3, 1 / 2, 1])


def test_probability_is_stated_before_the_cut():
    (only,) = ask(*(row(slug) for slug in IDS), **balance(price=0), provider={"allow_fallbacks": False})["attempts"]
    assert only["probability"] == 0.25


def test_all_places_of_a_sorted_plan_have_probability_1():
    assert set(chances(ask(*(row(slug) for slug in IDS), provider={"sort": "price"})).values()) == {1.0}


# --- extremes ---------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(30))
def test_every_probability_is_above_0_and_at_most_1_whatever_the_extremes(seed):
    dice = random.Random(seed)
    values = [0, 5e-324, 1e-300, 1e-10, 1, 1e10, 1e300, 1.7976931348623157e308, None]
    rows = [
        row(f"p{place:02}", price=None, pricing={"prompt": dice.choice(["0", "0.000000000000001", "1", "999999"]), "completion": dice.choice(["0", "999999"])})
        for place in range(25)
    ]
    stats = {
        f"a/b@{one['slug']}": {
            "throughput": {"p50": dice.choice(values)}, "latency": {"p50": dice.choice(values)},
            "success_rate": dice.choice([0, 1e-300, 0.5, 1, None]), "samples": dice.choice([0, 1, 2**63 - 1, None]),
        }
        for one in rows
    }  # fmt: skip
    settings = {"balance": {name: dice.choice([0, 1e-300, 0.5, 100]) for name in ("price", "throughput", "latency", "reliability")}}
    answer = ask(*rows, stats=stats, settings=settings, draw=dice.randrange(2**64))
    assert len(answer["attempts"]) == 25
    assert all(0 < one["probability"] <= 1 and math.isfinite(one["probability"]) for one in answer["attempts"])
    assert answer["attempts"][-1]["probability"] == 1


def test_what_is_left_of_an_extreme_group_is_drawn_by_its_own_weights():
    rows = [row("p", price="0.000000001"), row("q", price=1000), row("r", price=1001)]
    places = [ask(*rows, **balance(price=100), draw=draw) for draw in range(200)]
    assert {one["attempts"][0]["slug"] for one in places} == {"p"}
    ratio = (1001 / 1000) ** 100
    seen = {one["attempts"][1]["slug"]: one["attempts"][1]["probability"] for one in places}
    assert seen == pytest.approx({"q": ratio / (1 + ratio), "r": 1 / (1 + ratio)})


# --- the parts --------------------------------------------------------------------------------------------------------------------------------


def test_the_largest_weight_is_1_and_the_smallest_is_a_normal_number():
    assert scaled([0.0, -1e6, 5.0]) == [math.exp(-5), math.exp(-700), 1.0]
    assert min(scaled([0.0, -1e308])) > 2.3e-308


def test_a_median_of_two_extremes_is_finite():
    assert median([1.7e308, 1.7e308]) == 1.7e308
    assert median([0.0, 5e-324]) in (0.0, 5e-324)


def test_values_are_left_alone_where_all_are_known():
    assert values_or_median([3.0, 1.0]) == [3.0, 1.0]
    assert values_or_median([]) == []


def test_prices_are_positive_whatever_is_given():
    assert prices_or_median([0, 0]) == [1.0, 1.0]
    assert prices_or_median([None, None]) == [1.0, 1.0]
    assert prices_or_median([0, None]) == [1.0, 1.0]
    assert prices_or_median([10**45, 1, 0]) == [1e45, 1.0, 0.1]


def test_rates_without_a_single_sample_shrink_to_their_mean():
    assert successes([EndpointStats(samples=0, success_rate=1.0), EndpointStats(samples=0, success_rate=0.5), None]) == [0.75, 0.75, 0.75]


def test_a_median_is_the_middle_of_any_number_of_values():
    assert [median([float(one) for one in range(count)][::-1]) for count in range(1, 9)] == [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5]
