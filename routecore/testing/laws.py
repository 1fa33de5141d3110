"""What holds of every router that decides scenarios: one law a function, each one sentence, for any ``decide_scenario``.

A law takes the function under test (from a scenario to an answer, both in the wire form) and one valid scenario, and
raises ``AssertionError`` with a readable message if the law is broken. Laws that ask for more than one decision change
the scenario themselves; a scenario that a law does not speak of (say, an error where the law is about plans) passes.

>>> from routecore.testing.reference import reference_decide_scenario
>>> row = {"model": "m", "provider": "p", "pricing": {"prompt": "0.000001", "completion": "0.000002"}}
>>> law_determinism(reference_decide_scenario, {"catalog": {"endpoints": [row]}, "request": {"model": "m"}})
"""

from __future__ import annotations

import copy
import json
from collections import Counter
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from routecore.testing.answers import (
    LIFT,
    Answer,
    Attempt,
    DecideScenario,
    assert_same,
    attempts_of,
    block_of,
    changed,
    context_of,
    differences,
    drop_from_context,
    is_decided,
    is_plan,
    listed_price,
    matches,
    pool_of,
    rejections_of,
    rows_of,
    uncut,
)
from routecore.testing.reference import reference_decide_scenario
from routecore.testing.tier_laws import (
    law_affinity_stays,
    law_api_is_spoken,
    law_flex_is_never_dearer,
    law_full_is_never_removed,
    law_tiers_are_opt_in,
    law_tiers_change_no_other_rule,
)
from routecore.testing.weight_laws import (
    law_a_cheaper_endpoint_never_loses,
    law_a_third_keeps_ratios,
    law_adjusted_shares,
    law_better_gets_no_less,
    law_better_weighs_no_less,
    law_equal_shares,
    law_frequencies,
    law_probabilities,
    law_scale_invariance,
    law_traffic_caps,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "LAWS",
    "law_a_cheaper_endpoint_never_loses",
    "law_a_third_keeps_ratios",
    "law_adding_an_ineligible_endpoint",
    "law_adjusted_shares",
    "law_affinity_stays",
    "law_api_is_spoken",
    "law_better_gets_no_less",
    "law_better_weighs_no_less",
    "law_determinism",
    "law_documented_answer",
    "law_equal_shares",
    "law_equals_the_reference",
    "law_expansion",
    "law_flex_is_never_dearer",
    "law_frequencies",
    "law_full_is_never_removed",
    "law_loosening_a_filter",
    "law_never_a_forbidden_endpoint",
    "law_permutation",
    "law_permuting_the_catalog",
    "law_prefix",
    "law_probabilities",
    "law_relaxations",
    "law_scale_invariance",
    "law_subset",
    "law_tiers_are_opt_in",
    "law_tiers_change_no_other_rule",
    "law_traffic_caps",
]

DOCUMENTED_ERRORS = {
    "invalid_catalog": 400,
    "invalid_request": 400,
    "invalid_preferences": 400,
    "unknown_model": 404,
    "no_eligible_endpoint": 503,
}
PLAN_KEYS = {"attempts", "rejections", "funnel", "strategy", "sticky", "panic", "warnings", "draw"}
ATTEMPT_KEYS = {"endpoint", "model", "provider", "slug", "credential", "key_id", "probability", "expected_price"}


# The four steps ------------------------------------------------------------------------------------------------------


def law_subset(decide_scenario: DecideScenario, scenario: Any) -> None:  # noqa: ANN401
    """Eligibility only removes: every endpoint of the asked models is either rejected or attempted, never both, and none is made up."""
    answer = decide_scenario(uncut(scenario))
    if not is_plan(answer):
        return
    rows = rows_of(scenario)
    attempted = {endpoint for endpoint, _, _ in attempts_of(answer)}
    rejected = [rejection["endpoint"] for rejection in answer["rejections"]]
    assert attempted | set(rejected) <= set(rows), f"not in the catalog: {(attempted | set(rejected)) - set(rows)}"
    assert not attempted & set(rejected), f"attempted though rejected: {attempted & set(rejected)}"
    assert_same(rejected, [endpoint for endpoint in rows if endpoint in rejected], "rejections in catalog order, each once")
    models = {rows[endpoint]["model"] for endpoint in attempted | set(rejected)}
    assert_same(attempted, {key for key, row in rows.items() if row["model"] in models} - set(rejected), "attempted against not rejected")
    assert_same(answer["funnel"][0], {"rule": "catalog", "left": len(attempted) + len(rejected)}, "the funnel's start")
    assert_same(answer["funnel"][-1]["left"], len(attempted), "the funnel's end against the endpoints attempted")
    assert all(rejection["rules"] for rejection in answer["rejections"]), "a rejection without a rule"


def law_expansion(decide_scenario: DecideScenario, scenario: Any) -> None:  # noqa: ANN401
    """Expansion turns each eligible endpoint into one attempt for each key that matches it and a shared one, unless its provider is in ``byok_only``."""
    answer = decide_scenario(uncut(scenario))
    if not is_plan(answer):
        return
    rows, context = rows_of(scenario), context_of(scenario)
    if context.get("affinity") is not None:
        return
    expected: list[Attempt] = []
    for endpoint in pool_of(scenario, answer):
        row = rows[endpoint]
        for entry in context.get("byok") or ():
            key = {"slug": entry} if isinstance(entry, str) else entry
            if matches(key["slug"], row) and (not key.get("models") or row["model"] in key["models"]):
                expected.append((endpoint, "byok", key.get("key_id") or key["slug"]))
        if not any(matches(entry, {"provider": row["provider"]}) for entry in context.get("byok_only") or ()):
            expected.append((endpoint, "shared", None))
    assert_same(Counter(attempts_of(answer)), Counter(expected), "attempts against eligible endpoints and keys")


def law_permutation(decide_scenario: DecideScenario, scenario: Any) -> None:  # noqa: ANN401
    """Ranking only permutes: without sort, thresholds, statistics, health, pin and with another draw the same attempts are in the plan."""
    whole = uncut(scenario)

    def strip(other: Any) -> None:  # noqa: ANN401
        for key in ("stats", "health", "settings"):
            if key != "settings" or "deny_means" not in (other.get("settings") or {}):
                other.pop(key, None)
        for key in ("sort", "preferred_max_latency", "preferred_min_throughput"):
            block_of(other).pop(key, None)
        context_of(other).pop("sticky", None)
        other["draw"] = ((other.get("draw") or 0) + 1) % 2**64

    first, second = decide_scenario(whole), decide_scenario(changed(whole, strip))
    assert_same(is_plan(first), is_plan(second), "whether there is a plan")
    if is_plan(first):
        assert_same(Counter(attempts_of(first)), Counter(attempts_of(second)), "attempts against attempts ranked otherwise")


def law_prefix(decide_scenario: DecideScenario, scenario: Any) -> None:  # noqa: ANN401
    """The cut only drops: a plan without fallbacks is, model by model, the beginning of the plan with them."""

    def forbid(other: Any) -> None:  # noqa: ANN401
        other["request"]["provider"] = {**block_of(other), "allow_fallbacks": False, "order": None}

    def allow(other: Any) -> None:  # noqa: ANN401
        other["request"]["provider"] = {**block_of(other), "allow_fallbacks": True, "order": None}

    cut, whole = decide_scenario(changed(scenario, forbid)), decide_scenario(changed(scenario, allow))
    assert_same(is_plan(cut), is_plan(whole), "whether there is a plan")
    if not is_plan(cut):
        return
    left = [attempt["model"] for attempt in cut["attempts"]]
    assert len(left) == len(set(left)), f"more than the first attempt of a model is left: {left}"
    firsts = [next(attempt for attempt in whole["attempts"] if attempt["model"] == model) for model in left]
    assert_same(cut["attempts"], firsts, "attempts left by the cut against the first of each model")
    by_model = (block_of(scenario).get("sort") or {"partition": None}) if isinstance(block_of(scenario).get("sort"), dict) else {"partition": None}
    models = list(dict.fromkeys(attempt["model"] for attempt in whole["attempts"]))
    assert_same(left, models[:1] if by_model.get("partition") == "none" else models, "models of the attempts left by the cut")
    for key in ("rejections", "funnel", "strategy", "sticky", "panic"):
        assert_same(cut[key], whole[key], f"{key} with and without the cut")


# Purity --------------------------------------------------------------------------------------------------------------


def law_determinism(decide_scenario: DecideScenario, scenario: Any) -> None:  # noqa: ANN401
    """The same scenario gives the same answer, byte for byte, and is left as it was."""
    before = copy.deepcopy(scenario)
    first = json.dumps(decide_scenario(scenario))
    second = json.dumps(decide_scenario(copy.deepcopy(scenario)))
    assert_same(first, second, "two answers to one scenario")
    assert_same(scenario, before, "the scenario after the decision against before")


def law_permuting_the_catalog(decide_scenario: DecideScenario, scenario: Any) -> None:  # noqa: ANN401
    """Permuting the catalog changes nothing but the order of the rejections."""

    def turn(other: Any) -> None:  # noqa: ANN401
        other["catalog"]["endpoints"].reverse()

    def rotate(other: Any) -> None:  # noqa: ANN401
        rows = other["catalog"]["endpoints"]
        rows.append(rows.pop(0))

    first = decide_scenario(scenario)
    if not is_decided(first):
        return
    for change in (turn, rotate):
        assert_same(_without_catalog_order(first), _without_catalog_order(decide_scenario(changed(scenario, change))), "answers, catalog permuted")


def _without_catalog_order(answer: Answer) -> dict[str, Any]:
    kept: dict[str, Any] = {"rejected": sorted((r["endpoint"], r["rules"]) for r in rejections_of(answer))}
    if is_plan(answer):
        kept |= {key: answer[key] for key in ("attempts", "funnel", "strategy", "sticky", "panic")}
        kept["warnings"] = sorted((w["code"], w["path"]) for w in answer["warnings"] if not w["path"].startswith("endpoints["))
    else:
        kept |= {key: answer["error"]["metadata"][key] for key in ("funnel", "relaxations")}
    return kept


def law_adding_an_ineligible_endpoint(decide_scenario: DecideScenario, scenario: Any) -> None:  # noqa: ANN401
    """Adding endpoints that are not eligible changes neither the attempts, their order, prices and probabilities, nor the relaxations."""

    def add(other: Any) -> None:  # noqa: ANN401
        added = {"provider": "added-and-disabled", "disabled": True, "pricing": {"prompt": "0.000000001", "completion": "0"}}
        models = dict.fromkeys(row["model"] for row in other["catalog"]["endpoints"])
        other["catalog"]["endpoints"][:0] = [{"model": model, **added} for model in models]
        figures = {"p50": 0.001, "p75": 0.001, "p90": 0.001, "p99": 0.001}
        fast = {"latency": figures, "throughput": dict.fromkeys(figures, 1000000.0), "samples": 10**6, "success_rate": 1}
        other["stats"] = {**(other.get("stats") or {}), **{f"{model}@added-and-disabled": fast for model in models}}

    first = decide_scenario(scenario)
    if not is_decided(first):
        return
    second = decide_scenario(changed(scenario, add))
    assert_same(is_plan(first), is_plan(second), "whether there is a plan")
    if is_plan(first):
        for key in ("attempts", "strategy", "sticky", "panic"):
            assert_same(first[key], second[key], f"{key} with a disabled endpoint added")
    else:
        relaxations = [answer["error"]["metadata"]["relaxations"] for answer in (first, second)]
        assert_same(relaxations[0], relaxations[1], "relaxations with a disabled endpoint added")


# Filters -------------------------------------------------------------------------------------------------------------


def law_loosening_a_filter(decide_scenario: DecideScenario, scenario: Any) -> None:  # noqa: ANN401
    """Lifting a filter never shrinks the pool of eligible endpoints."""
    whole = uncut(scenario)  # a cut hides models of which nothing was rejected
    answer = decide_scenario(whole)
    if not is_decided(answer):
        return
    before = pool_of(whole, answer)
    for rule, lift in (*LIFT.items(), ("account", drop_from_context("account"))):
        looser = uncut(changed(scenario, lift))
        after = pool_of(looser, decide_scenario(looser))
        assert before <= after, f"lifting {rule} removed {before - after}"


def law_relaxations(decide_scenario: DecideScenario, scenario: Any) -> None:  # noqa: ANN401
    """Lifting all rules of a relaxation makes the request routable, and lifting all but one of them does not."""
    answer = decide_scenario(scenario)
    if is_plan(answer) or answer["error"]["type"] != "no_eligible_endpoint":
        return
    relaxations = answer["error"]["metadata"]["relaxations"]
    assert_same(relaxations, sorted(relaxations, key=lambda rules: (len(rules), sorted(rules))), "relaxations by size, then by sorted names")
    assert len(relaxations) <= 5, f"more than 5 relaxations: {relaxations}"
    for rules in relaxations:
        assert_same(rules, [rule for rule in LIFT if rule in rules], "rules of a relaxation in the order of the rules")

        def lift(other: Any, lifted: list[str]) -> None:  # noqa: ANN401
            for rule in lifted:
                LIFT[rule](other)

        def is_routable(lifted: list[str]) -> bool:
            return is_plan(decide_scenario(changed(scenario, lambda other: lift(other, lifted))))

        assert is_routable(rules), f"lifting {rules} does not make the request routable"
        for spared in rules:
            fewer = [rule for rule in rules if rule != spared]
            assert not is_routable(fewer), f"{rules} is not minimal: {fewer} is enough"


def law_never_a_forbidden_endpoint(decide_scenario: DecideScenario, scenario: Any) -> None:  # noqa: ANN401
    """No attempt violates ``zdr``, ``data_collection``, ``only``, ``ignore``, ``max_price`` or the account's policy."""
    answer = decide_scenario(scenario)
    if not is_plan(answer):
        return
    rows, block, account = rows_of(scenario), block_of(scenario), context_of(scenario).get("account") or {}
    narrow = (scenario.get("settings") or {}).get("deny_means") == "training"
    for endpoint in {endpoint for endpoint, _, _ in attempts_of(answer)}:
        row = rows[endpoint]
        policy = row.get("data_policy") or {}
        retains = policy.get("retains") is not False
        trains = retains if policy.get("trains") is None else policy["trains"]
        for who, rules in (("the request", block), ("the account", account)):
            assert not (rules.get("zdr") and retains), f"{endpoint} retains; {who} says zdr"
            denied = trains if narrow else trains or retains
            assert not (rules.get("data_collection") == "deny" and denied), f"{endpoint} collects; {who} denies it"
            allowed = not rules.get("only") or any(matches(entry, row) for entry in rules["only"])
            assert allowed, f"{endpoint} is not in {who}'s only"
            assert not any(matches(entry, row) for entry in rules.get("ignore") or ()), f"{endpoint} is in {who}'s ignore"
        assert not (account.get("deny_training") and trains), f"{endpoint} trains; the account denies it"
        assert not row.get("disabled"), f"{endpoint} is disabled"
        for part, limit in (block.get("max_price") or {}).items():
            price = listed_price(row, part)
            assert price is not None or part not in ("prompt", "completion"), f"{endpoint}: {part} price unknown under max_price"
            scale = 10**6 if part in ("prompt", "completion") else 1
            assert price is None or limit is None or price * scale <= Fraction(str(limit)), f"{endpoint}: {part} is too dear"


# Answers -------------------------------------------------------------------------------------------------------------


def law_documented_answer(decide_scenario: DecideScenario, scenario: Any) -> None:  # noqa: ANN401
    """Whatever the input, the answer is a plan or one of the documented errors, as JSON can hold it; nothing is raised."""
    try:
        answer = decide_scenario(scenario)
    except Exception as raised:
        message = f"raised {type(raised).__name__}: {raised}"
        raise AssertionError(message) from raised
    text = json.dumps(answer, allow_nan=False, ensure_ascii=False)
    text.encode("utf-8")
    if is_plan(answer):
        assert set(answer) == PLAN_KEYS, f"keys of a plan: {sorted(answer)}"
        assert answer["attempts"], "a plan without attempts"
        for attempt in answer["attempts"]:
            assert set(attempt) >= ATTEMPT_KEYS, f"keys of an attempt: {sorted(attempt)}"
        return
    error = answer["error"]
    assert set(error) == {"message", "type", "param", "code", "metadata"}, f"keys of an error: {sorted(error)}"
    assert DOCUMENTED_ERRORS.get(error["type"]) == error["code"], f"not a documented error: {error['type']}/{error['code']}"
    keys = {400: {"faults"}, 404: {"near"}, 503: {"funnel", "rejections", "relaxations"}}[error["code"]]
    assert keys <= set(error["metadata"]), f"metadata of {error['type']}: {sorted(error['metadata'])}"
    for fault in error["metadata"].get("faults", ()):
        assert set(fault) == {"path", "value", "expected"}, f"keys of a fault: {sorted(fault)}"
    if error["code"] == 400:
        assert error["metadata"]["faults"], "a refusal without a fault"
        assert_same(error["param"], error["metadata"]["faults"][0]["path"], "param against the first fault's path")


def law_equals_the_reference(decide_scenario: DecideScenario, scenario: Any) -> None:  # noqa: ANN401
    """The answer is the reference's: attempts, rejections, funnel, relaxations, pin, panic, strategy, warnings, and the place of every fault."""
    found = differences(decide_scenario(scenario), reference_decide_scenario(scenario))
    assert not found, "differs from the reference:\n  " + "\n  ".join(found)


LAWS: tuple[Callable[[DecideScenario, Any], None], ...] = (
    law_subset,
    law_expansion,
    law_permutation,
    law_prefix,
    law_determinism,
    law_permuting_the_catalog,
    law_adding_an_ineligible_endpoint,
    law_loosening_a_filter,
    law_relaxations,
    law_never_a_forbidden_endpoint,
    law_api_is_spoken,
    law_affinity_stays,
    law_tiers_are_opt_in,
    law_flex_is_never_dearer,
    law_tiers_change_no_other_rule,
    law_full_is_never_removed,
    law_probabilities,
    law_better_weighs_no_less,
    law_a_third_keeps_ratios,
    law_equal_shares,
    law_adjusted_shares,
    law_scale_invariance,
    law_better_gets_no_less,
    law_a_cheaper_endpoint_never_loses,
    law_traffic_caps,
    law_frequencies,
    law_documented_answer,
    law_equals_the_reference,
)
"""All laws about one valid scenario, for a parametrized test."""
