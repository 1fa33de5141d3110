"""The laws of routing, on random scenarios: of the reference, and each law on a router that breaks it."""

from __future__ import annotations

import copy
import random
from typing import TYPE_CHECKING, Any

import pytest

from routecore.testing import laws
from routecore.testing.generate import random_scenario
from routecore.testing.hostile import random_hostile_scenario
from routecore.testing.reference import reference_decide_scenario

if TYPE_CHECKING:
    from collections.abc import Callable


def name_of(law: Callable[..., None]) -> str:
    return law.__name__.removeprefix("law_")


@pytest.mark.parametrize("law", [law for law in laws.LAWS if law is not laws.law_frequencies], ids=name_of)
def test_the_reference_obeys_the_law(law: Callable[..., None]) -> None:
    for seed in range(60):
        law(reference_decide_scenario, random_scenario(random.Random(seed)))


def test_the_frequencies_of_the_reference_match_its_stated_probabilities() -> None:
    for seed in range(25):
        laws.law_frequencies(reference_decide_scenario, random_scenario(random.Random(seed)))


def test_the_reference_answers_hostile_input_with_a_plan_or_a_documented_error() -> None:
    for seed in range(500):
        laws.law_documented_answer(reference_decide_scenario, random_hostile_scenario(random.Random(seed)))


def test_random_scenarios_cover_what_routing_speaks_of() -> None:
    answers = [reference_decide_scenario(random_scenario(random.Random(seed))) for seed in range(800)]
    plans = [answer for answer in answers if "error" not in answer]
    refusals = [answer["error"] for answer in answers if "error" in answer]
    assert not [error for error in refusals if error["code"] == 400]
    assert len(plans) > len(refusals) / 2
    assert {answer["strategy"] for answer in plans} == {
        "balance",
        "inverse_square_price",
        "adjusted_price",
        "sort:price",
        "sort:throughput",
        "sort:latency",
        "sort:exacto",
    }
    assert {answer["sticky"]["reason"] for answer in plans} >= {None, "explicit_preferences", "ineligible", "no_cache", "cooling"}
    assert {answer["sticky"]["status"] for answer in plans} == {"hit", "none", "skipped"}
    rejections = [r for answer in plans for r in answer["rejections"]] + [r for error in refusals for r in error["metadata"].get("rejections", ())]
    assert len({rule for rejection in rejections for rule in rejection["rules"]}) == 23
    assert len({warning["code"] for answer in plans for warning in answer["warnings"]}) == 7


# Routers that break a law ------------------------------------------------------------------------------------------------


def changing_plans(change: Callable[[Any, Any], None]) -> Callable[[Any], Any]:
    """A router like the reference, but for what ``change`` does to its plans, given the scenario."""

    def router(scenario: Any) -> Any:
        answer = reference_decide_scenario(scenario)
        if "error" not in answer:
            answer = copy.deepcopy(answer)
            change(answer, scenario)
        return answer

    return router


def changing_scenarios(change: Callable[[Any], None]) -> Callable[[Any], Any]:
    """A router that decides as the reference does, after ``change`` to the scenario."""

    def router(scenario: Any) -> Any:
        other = copy.deepcopy(scenario)
        change(other)
        return reference_decide_scenario(other)

    return router


def forget_a_rejection(answer: Any, _: Any) -> None:
    del answer["rejections"][1:]


def try_twice(answer: Any, _: Any) -> None:
    answer["attempts"].append(answer["attempts"][-1])


def drop_slow_ones(answer: Any, scenario: Any) -> None:
    answer["attempts"][1:] = [a for a in answer["attempts"][1:] if scenario.get("health", {}).get(a["endpoint"]) != "cooling"]


def turn_a_short_plan(answer: Any, scenario: Any) -> None:
    if (scenario["request"].get("provider") or {}).get("allow_fallbacks") is False:
        answer["attempts"].reverse()
        del answer["attempts"][1:]
        answer["attempts"][0]["probability"] = 0.125


def count_the_calls(answer: Any, scenario: Any) -> None:
    scenario["request"]["seen"] = True
    answer["draw"] += 1


def first_row_first(answer: Any, scenario: Any) -> None:
    first = scenario["catalog"]["endpoints"][0]["provider"].lower()
    answer["attempts"].sort(key=lambda attempt: attempt["provider"] != first)


def weigh_the_whole_catalog(answer: Any, scenario: Any) -> None:
    for attempt in answer["attempts"]:
        attempt["probability"] /= len(scenario["catalog"]["endpoints"])


def overstate_the_first(answer: Any, _: Any) -> None:
    first = answer["attempts"][0]
    first["probability"] = (1 + first["probability"]) / 2


def swap_fast_and_slow(scenario: Any) -> None:
    for stats in (scenario.get("stats") or {}).values():
        stats["latency"], stats["throughput"] = stats.get("throughput"), {"p50": (stats.get("latency") or {}).get("p50")}


def compare_with_the_mean(scenario: Any) -> None:
    stats = [entry["latency"] for entry in (scenario.get("stats") or {}).values() if (entry.get("latency") or {}).get("p50")]
    mean = sum(entry["p50"] for entry in stats) / max(1, len(stats))
    for entry in stats:
        entry["p50"] += mean


def forget_zdr(scenario: Any) -> None:
    for part in (scenario["request"].get("provider") or {}, (scenario.get("context") or {}).get("account") or {}):
        part.pop("zdr", None)


def enable_without_ignore(scenario: Any) -> None:
    block = scenario["request"].get("provider") or {}
    if not block.get("ignore"):
        scenario["catalog"]["endpoints"][0]["disabled"] = True


def name_too_much(scenario: Any) -> Any:
    answer = copy.deepcopy(reference_decide_scenario(scenario))
    for rules in answer.get("error", {}).get("metadata", {}).get("relaxations", ()):
        if "max_tokens" not in rules:
            rules.append("max_tokens")
    return answer


def speak_everything(scenario: Any) -> None:
    for row in scenario["catalog"]["endpoints"]:
        row.pop("apis", None)


def go_anywhere(scenario: Any) -> None:
    (scenario.get("context") or {}).pop("affinity", None)


def offer_every_tier(scenario: Any) -> None:
    for row in scenario["catalog"]["endpoints"]:
        row["tier"] = "default"


def forget_flex(scenario: Any) -> None:
    if scenario["request"].get("service_tier") == "flex":
        del scenario["request"]["service_tier"]
        offer_every_tier(scenario)


def trust_whoever_pays(scenario: Any) -> None:
    if scenario["request"].get("service_tier") == "priority":
        for part in (scenario["request"].get("provider") or {}, (scenario.get("context") or {}).get("account") or {}):
            for key in ("zdr", "data_collection", "deny_training", "ignore"):
                part.pop(key, None)


def take_full_for_cooling(scenario: Any) -> None:
    scenario["health"] = {key: "cooling" if word == "full" else word for key, word in (scenario.get("health") or {}).items()}


def by_adjusted_price(scenario: Any) -> bool:
    return (scenario.get("settings") or {}).get("strategy") == "adjusted_price"


def keep_nothing_for_the_rest(scenario: Any) -> None:
    if by_adjusted_price(scenario):
        scenario["settings"]["adjusted_price"] = {**(scenario["settings"].get("adjusted_price") or {}), "floor": 0}


def count_a_second_as_a_microdollar(scenario: Any) -> None:
    if by_adjusted_price(scenario):
        scenario["settings"]["adjusted_price"] = {**(scenario["settings"].get("adjusted_price") or {}), "time_value": 3.6, "first_token_value": 3.6}


def prefer_the_slow(scenario: Any) -> None:
    if by_adjusted_price(scenario):
        swap_fast_and_slow(scenario)


def prefer_early_names(answer: Any, _: Any) -> None:
    if "sort" not in answer["strategy"] and len(answer["attempts"]) > 1:
        first = answer["attempts"][0]
        first["probability"] *= 0.5 if first["provider"] > "c" else 1


def suspect_the_cheap(scenario: Any) -> None:
    for endpoint in scenario["catalog"]["endpoints"] if by_adjusted_price(scenario) else ():
        pricing = endpoint.get("pricing") or {}
        if float(pricing.get("completion") or 1) < 1e-6:
            pricing["request"] = "5"


def forget_caps(scenario: Any) -> None:
    for entry in (scenario.get("stats") or {}).values():
        entry.pop("share_cap", None)


def divide_by_zero(_: Any) -> Any:
    return 1 // 0


BROKEN = [
    (laws.law_subset, changing_plans(forget_a_rejection)),
    (laws.law_expansion, changing_plans(try_twice)),
    (laws.law_permutation, changing_plans(drop_slow_ones)),
    (laws.law_prefix, changing_plans(turn_a_short_plan)),
    (laws.law_determinism, changing_plans(count_the_calls)),
    (laws.law_permuting_the_catalog, changing_plans(first_row_first)),
    (laws.law_adding_an_ineligible_endpoint, changing_plans(weigh_the_whole_catalog)),
    (laws.law_loosening_a_filter, changing_scenarios(enable_without_ignore)),
    (laws.law_relaxations, name_too_much),
    (laws.law_never_a_forbidden_endpoint, changing_scenarios(forget_zdr)),
    (laws.law_api_is_spoken, changing_scenarios(speak_everything)),
    (laws.law_affinity_stays, changing_scenarios(go_anywhere)),
    (laws.law_tiers_are_opt_in, changing_scenarios(offer_every_tier)),
    (laws.law_flex_is_never_dearer, changing_scenarios(forget_flex)),
    (laws.law_tiers_change_no_other_rule, changing_scenarios(trust_whoever_pays)),
    (laws.law_full_is_never_removed, changing_scenarios(take_full_for_cooling)),
    (laws.law_equal_shares, changing_plans(prefer_early_names)),
    (laws.law_adjusted_shares, changing_scenarios(keep_nothing_for_the_rest)),
    (laws.law_scale_invariance, changing_scenarios(count_a_second_as_a_microdollar)),
    (laws.law_better_gets_no_less, changing_scenarios(prefer_the_slow)),
    (laws.law_a_cheaper_endpoint_never_loses, changing_scenarios(suspect_the_cheap)),
    (laws.law_traffic_caps, changing_scenarios(forget_caps)),
    (laws.law_probabilities, changing_plans(overstate_the_first)),
    (laws.law_better_weighs_no_less, changing_scenarios(swap_fast_and_slow)),
    (laws.law_a_third_keeps_ratios, changing_scenarios(compare_with_the_mean)),
    (laws.law_frequencies, changing_plans(overstate_the_first)),
    (laws.law_documented_answer, divide_by_zero),
    (laws.law_equals_the_reference, changing_scenarios(forget_zdr)),
]


@pytest.mark.parametrize(("law", "router"), BROKEN, ids=[name_of(law) for law, _ in BROKEN])
def test_a_router_that_breaks_the_law_is_told(law: Callable[..., None], router: Callable[..., Any]) -> None:
    def try_many() -> None:
        for seed in range(100):
            law(router, random_scenario(random.Random(seed)))

    with pytest.raises(AssertionError):
        try_many()


def test_every_law_is_tried_on_a_router_that_breaks_it() -> None:
    assert {law for law, _ in BROKEN} == set(laws.LAWS)
    assert set(laws.__all__) == {law.__name__ for law in laws.LAWS} | {"LAWS"}
