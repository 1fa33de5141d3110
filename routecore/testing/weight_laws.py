"""What holds of every router's probabilities and weights: of the draw, of the balance, of the adjusted price, of traffic caps."""

from __future__ import annotations

import copy
import math
from collections import Counter
from fractions import Fraction
from itertools import combinations, permutations
from typing import Any

from routecore.testing.answers import (
    PROBABILITY_TOLERANCE,
    Answer,
    Attempt,
    DecideScenario,
    all_known,
    assert_same,
    attempts_of,
    changed,
    context_of,
    in_one_group,
    is_plan,
    rows_of,
    uncut,
)
from routecore.testing.chance import chi_square_tail

__all__ = [
    "law_a_cheaper_endpoint_never_loses",
    "law_a_third_keeps_ratios",
    "law_adjusted_shares",
    "law_better_gets_no_less",
    "law_better_weighs_no_less",
    "law_equal_shares",
    "law_frequencies",
    "law_probabilities",
    "law_scale_invariance",
    "law_traffic_caps",
]

FREQUENCY_ERROR_RATE = 1e-6
FREQUENCY_DRAWS = 400
SMALLEST_EXPECTED_COUNT = 5
SMALLEST_REST = 1e-4  # below it cancellation eats the tolerance
FLOOR = Fraction("0.018")
LEAST_CAP = 1e-9


def with_draw(scenario: Any, draw: int) -> Any:  # noqa: ANN401
    return {**scenario, "draw": draw}


def law_probabilities(decide_scenario: DecideScenario, scenario: Any) -> None:  # noqa: ANN401
    """Every probability is finite and in (0, 1], the last place of a group is certain, and the shares they imply do not depend on the draw."""
    whole = without_caps(uncut(scenario))
    implied: list[dict[Attempt, float]] = []
    for draw in (scenario.get("draw") or 0, 1, 2):
        answer = decide_scenario(with_draw(whole, draw))
        if not is_plan(answer):
            return
        probabilities = [attempt["probability"] for attempt in answer["attempts"]]
        assert all(type(p) in (int, float) and math.isfinite(p) and 0 < p <= 1 for p in probabilities), f"probabilities: {probabilities}"
        assert_same(probabilities[-1], 1.0, "probability of the last attempt of a whole plan")
        if answer["strategy"].startswith("sort:"):
            assert_same(probabilities, [1.0] * len(probabilities), "probabilities of a sorted plan")
        groups = groups_of(answer)
        if groups is None or _several_keys(answer):  # a second key waits for the first one's place
            return
        implied.append({attempt: share for group in groups for attempt, share in group.items()})
    for shares in implied[1:]:
        assert_same(set(shares), set(implied[0]), "attempts of two draws")
        for attempt, share in shares.items():
            first = implied[0][attempt]
            assert abs(share - first) < PROBABILITY_TOLERANCE, f"{attempt}: share {share}, by another draw {first}"


def groups_of(answer: Answer) -> list[dict[Attempt, float]] | None:
    """Each attempt's weight over its group's total, group by group, read back from the probabilities of one whole plan.

    ``None`` where one weight is so large that doubles cannot carry the rest of its group.
    """
    groups: list[dict[Attempt, float]] = [{}]
    left = 1.0
    for attempt, name in zip(answer["attempts"], attempts_of(answer), strict=True):
        groups[-1][name] = left * attempt["probability"]
        left *= 1 - attempt["probability"]
        if attempt["probability"] == 1:
            groups.append({})
            left = 1.0
        elif left < SMALLEST_REST:
            return None
    return groups[:-1]


def without_caps(scenario: Any) -> Any:  # noqa: ANN401
    """Return the scenario without traffic caps, which hold for the first place alone."""

    def forget(other: Any) -> None:  # noqa: ANN401
        for entry in (other.get("stats") or {}).values():
            (entry or {}).pop("share_cap", None)

    return changed(scenario, forget)


def balanced(scenario: Any) -> Any:  # noqa: ANN401
    """Return the scenario ranked by the balance, where it was by the adjusted price."""

    def choose(other: Any) -> None:  # noqa: ANN401
        if (other.get("settings") or {}).get("strategy") == "adjusted_price":
            del other["settings"]["strategy"]

    return changed(scenario, choose)


def _several_keys(answer: Answer) -> bool:
    keys = [attempt["endpoint"] for attempt in answer["attempts"] if attempt["credential"] == "byok"]
    return len(keys) > len(set(keys))


def law_better_weighs_no_less(decide_scenario: DecideScenario, scenario: Any) -> None:  # noqa: ANN401
    """Of two endpoints with known, paid data, the one that is cheaper, faster and more reliable never weighs less; equal ones weigh the same."""
    whole = balanced(all_known(in_one_group(scenario)))
    answer = decide_scenario(whole)
    groups = groups_of(answer) if is_plan(answer) else None
    if groups is None or len(groups) > 1:  # a weight that rounds to certainty looks like a group of its own
        return
    prices = {endpoint: Fraction(attempt["expected_price"]) for attempt in answer["attempts"] for endpoint in [attempt["endpoint"]]}
    for (better, better_share), (worse, worse_share) in permutations(groups[0].items(), 2):
        one, other = (
            (prices[endpoint], stats["latency"]["p50"], -stats["throughput"]["p50"], -stats["success_rate"])
            for endpoint, stats in ((endpoint, whole["stats"][endpoint]) for endpoint, _, _ in (better, worse))
        )
        if all(x <= y for x, y in zip(one, other, strict=True)):
            assert better_share >= worse_share - PROBABILITY_TOLERANCE, f"{better} weighs {better_share}, {worse} {worse_share}: {one}, {other}"


def law_a_third_keeps_ratios(decide_scenario: DecideScenario, scenario: Any) -> None:  # noqa: ANN401
    """Adding a third endpoint never changes the ratio of the weights of two with known, paid data, where reliability does not count."""

    def add(other: Any) -> None:  # noqa: ANN401
        row = {"provider": "a-third", "data_policy": {"retains": False}, "distillable": True}
        models = dict.fromkeys(row["model"] for row in other["catalog"]["endpoints"])
        other["catalog"]["endpoints"] += [{"model": model, **row} for model in models]

    def ignore_reliability(other: Any) -> None:  # noqa: ANN401
        balance = (other.get("settings") or {}).get("balance") or {"price": 1, "throughput": 0.5, "latency": 0.5}
        other["settings"] = {**(other.get("settings") or {}), "balance": {**balance, "reliability": 0}}

    whole = changed(balanced(all_known(in_one_group(scenario))), ignore_reliability)
    answers = [decide_scenario(whole), decide_scenario(all_known(changed(whole, add)))]
    before, after = (groups_of(answer) if is_plan(answer) else None for answer in answers)
    if before is None or after is None or len(before) + len(after) > 2:  # as above
        return
    shares, later = before[0], after[0]
    for one, other in combinations(shares, 2):
        drift = shares[one] * later[other] - shares[other] * later[one]
        ratios = f"{shares[one]} : {shares[other]}, then {later[one]} : {later[other]}"
        assert abs(drift) < PROBABILITY_TOLERANCE, f"{one} : {other} is {ratios}"


def law_frequencies(decide_scenario: DecideScenario, scenario: Any, draws: int = FREQUENCY_DRAWS) -> None:  # noqa: ANN401
    """Over many draws each attempt comes first as often as its stated probability says (chi-square, fixed draws, error rate 1e-6)."""
    first = decide_scenario(with_draw(scenario, 0))
    if not is_plan(first) or first["attempts"][0]["probability"] == 1:
        return
    stated: dict[Attempt, float] = {}
    counts: Counter[Attempt] = Counter()
    for draw in range(draws):
        answer = decide_scenario(with_draw(scenario, draw))
        attempt, probability = attempts_of(answer)[0], answer["attempts"][0]["probability"]
        assert abs(stated.setdefault(attempt, probability) - probability) < PROBABILITY_TOLERANCE, f"{attempt}: probability varies with the draw"
        counts[attempt] += 1
    unseen = 1 - sum(stated.values())
    assert unseen > -PROBABILITY_TOLERANCE, f"probabilities of the first place sum to {sum(stated.values())}"
    cells = [(counts[attempt], draws * probability) for attempt, probability in stated.items()] + [(0, draws * max(unseen, 0.0))]
    large = [cell for cell in cells if cell[1] >= SMALLEST_EXPECTED_COUNT]
    rest = [cell for cell in cells if cell[1] < SMALLEST_EXPECTED_COUNT]
    pooled = (sum(observed for observed, _ in rest), sum(expected for _, expected in rest))
    if pooled[1] >= SMALLEST_EXPECTED_COUNT:
        large.append(pooled)
    elif large:  # too little for a cell of its own: it joins the smallest
        smallest = min(large, key=lambda cell: cell[1])
        large[large.index(smallest)] = (smallest[0] + pooled[0], smallest[1] + pooled[1])
    statistic = sum((observed - expected) ** 2 / expected for observed, expected in large)
    likelihood = chi_square_tail(statistic, len(large) - 1)
    assert likelihood >= FREQUENCY_ERROR_RATE, f"chi-square {statistic:.1f} over {len(large)} cells, p = {likelihood:.1e}: {dict(counts)} against {stated}"


# The adjusted price --------------------------------------------------------------------------------------------------


def adjusted(scenario: Any, *, rates: bool = False) -> Any:  # noqa: ANN401
    """Return the scenario with one group of endpoints ranked by the adjusted price, all known and paid; ``rates``: keep those of ``stats``."""
    kept = ("error_rate", "rate_limit_rate", "tool_error_rate", "cached_share") if rates else ()
    whole = all_known(in_one_group(scenario))
    before = scenario.get("stats") or {}

    def set_up(other: Any) -> None:  # noqa: ANN401
        other["settings"] = {**(other.get("settings") or {}), "strategy": "adjusted_price"}
        for key in ("prompt_tokens", "completion_tokens"):
            context_of(other).pop(key, None)
        for endpoint, entry in other["stats"].items():
            entry.pop("success_rate", None)
            entry |= {key: (before.get(endpoint) or {}).get(key) for key in kept}

    return changed(whole, set_up)


def _shares(answer: Answer) -> dict[str, float] | None:
    """Each endpoint's share of the first place, or ``None`` where one plan does not tell them all."""
    groups = groups_of(answer) if is_plan(answer) else None
    return None if groups is None or len(groups) > 1 else {endpoint: share for (endpoint, _, _), share in groups[0].items()}


def law_adjusted_shares(decide_scenario: DecideScenario, scenario: Any) -> None:  # noqa: ANN401
    """By the adjusted price the shares of the first place sum to 1, and everybody keeps at least the floor (or half of an equal share)."""
    whole = adjusted(scenario, rates=True)
    shares = _shares(decide_scenario(whole))
    if shares is None:
        return
    assert abs(sum(shares.values()) - 1) < PROBABILITY_TOLERANCE, f"shares sum to {sum(shares.values())}"
    stated = ((whole.get("settings") or {}).get("adjusted_price") or {}).get("floor")
    least = min(FLOOR if stated is None else Fraction(str(stated)), Fraction(1, 2 * len(shares)))
    for endpoint, share in shares.items():
        assert share >= least - PROBABILITY_TOLERANCE, f"{endpoint}: share {share} is below {float(least)}"


def law_scale_invariance(decide_scenario: DecideScenario, scenario: Any) -> None:  # noqa: ANN401
    """Scaling all prices and both values of time by one factor changes no probability of a plan by the adjusted price."""

    def double(other: Any) -> None:  # noqa: ANN401
        for row in other["catalog"]["endpoints"]:
            for key in ("prompt", "completion", "request", "input_cache_read", "input_cache_write"):
                if row["pricing"].get(key) is not None:
                    row["pricing"][key] = _plain(2 * Fraction(str(row["pricing"][key])))
        settings = other["settings"]["adjusted_price"] = {**(other["settings"].get("adjusted_price") or {})}
        for key in ("time_value", "first_token_value"):
            settings[key] = 2 * (0.36 if settings.get(key) is None else settings[key])

    def forget_limits(other: Any) -> None:  # noqa: ANN401
        (other["request"].get("provider") or {}).pop("max_price", None)

    whole = changed(adjusted(scenario, rates=True), forget_limits)
    first, second = decide_scenario(whole), decide_scenario(changed(whole, double))
    assert_same(is_plan(first), is_plan(second), "whether there is a plan")
    if is_plan(first):
        assert_same(attempts_of(first), attempts_of(second), "attempts at twice the scale")
        for one, other in zip(first["attempts"], second["attempts"], strict=True):
            assert abs(one["probability"] - other["probability"]) < PROBABILITY_TOLERANCE, f"{one['endpoint']}: {one} at twice the scale {other}"


def _plain(value: Fraction) -> str:
    return f"{int(value * 10**30)}e-30"


def law_better_gets_no_less(decide_scenario: DecideScenario, scenario: Any) -> None:  # noqa: ANN401
    """By the adjusted price, where all is known and no rates are given, an endpoint that is better in every input never gets less."""
    whole = adjusted(scenario)
    answer = decide_scenario(whole)
    shares = _shares(answer)
    if shares is None:
        return
    prices = {attempt["endpoint"]: Fraction(attempt["expected_price"]) for attempt in answer["attempts"]}
    for better, worse in permutations(shares, 2):
        one, other = (
            (prices[endpoint], whole["stats"][endpoint]["latency"]["p50"], -whole["stats"][endpoint]["throughput"]["p50"]) for endpoint in (better, worse)
        )
        if all(x <= y for x, y in zip(one, other, strict=True)):
            assert shares[better] >= shares[worse] - PROBABILITY_TOLERANCE, f"{better} gets {shares[better]}, {worse} {shares[worse]}: {one}, {other}"


def law_equal_shares(decide_scenario: DecideScenario, scenario: Any) -> None:  # noqa: ANN401
    """Equal endpoints get equal shares, by the balance and by the adjusted price."""

    def add_a_twin(other: Any) -> None:  # noqa: ANN401
        for endpoint, row in list(rows_of(other).items()):
            twin = {**copy.deepcopy(row), "provider": "twin", "slug": f"twin/of-{endpoint.rpartition('@')[2].replace('/', '-').replace('#', '-')}"}
            twin["tier"] = row["tier"] = "default"
            other["catalog"]["endpoints"].append(twin)
            other["stats"][f"{row['model']}@{twin['slug']}"] = copy.deepcopy(other["stats"].get(endpoint))

    def list_nobody(other: Any) -> None:  # noqa: ANN401
        for part in (other["request"].get("provider") or {}, context_of(other).get("account") or {}):
            for key in ("only", "ignore"):
                part.pop(key, None)

    for whole in (adjusted(scenario, rates=True), balanced(all_known(in_one_group(scenario)))):
        doubled = changed(changed(whole, list_nobody), add_a_twin)
        shares = _shares(decide_scenario(doubled))
        for endpoint, share in (shares or {}).items():
            model, _, slug = endpoint.rpartition("@")
            twin = f"{model}@twin/of-{slug.replace('/', '-').replace('#', '-')}"
            if shares is not None and twin in shares:
                assert abs(share - shares[twin]) < PROBABILITY_TOLERANCE, f"{endpoint} gets {share}, its twin {shares[twin]}"


def law_a_cheaper_endpoint_never_loses(decide_scenario: DecideScenario, scenario: Any) -> None:  # noqa: ANN401
    """By the adjusted price, an endpoint that becomes cheaper never loses share."""
    whole = adjusted(scenario, rates=True)
    before = _shares(decide_scenario(whole))
    for endpoint in list(before or ())[:3]:

        def halve(other: Any, name: str = endpoint) -> None:  # noqa: ANN401
            pricing = rows_of(other)[name]["pricing"]
            for key in ("prompt", "completion", "request", "input_cache_read"):
                if pricing.get(key) is not None:
                    pricing[key] = _plain(Fraction(int(Fraction(str(pricing[key])) * 10**15 / 2), 10**15))

        after = _shares(decide_scenario(changed(whole, halve)))
        if before is not None and after is not None and endpoint in after:
            assert after[endpoint] >= before[endpoint] - PROBABILITY_TOLERANCE, f"{endpoint} had {before[endpoint]}, and cheaper {after[endpoint]}"


def law_traffic_caps(decide_scenario: DecideScenario, scenario: Any) -> None:  # noqa: ANN401
    """Nobody's share of the first place is above its traffic cap, unless all have caps that together leave some of it over."""
    before = scenario.get("stats") or {}

    def cap(other: Any) -> None:  # noqa: ANN401
        other["stats"] = {endpoint: {**entry, "share_cap": (before.get(endpoint) or {}).get("share_cap")} for endpoint, entry in other["stats"].items()}

    whole = changed(all_known(in_one_group(scenario)), cap)
    answer = decide_scenario(uncut(whole))
    if not is_plan(answer) or answer["strategy"].startswith("sort:"):
        return
    caps = {endpoint: whole["stats"][endpoint]["share_cap"] for endpoint, _, _ in attempts_of(answer)}
    if None not in caps.values() and sum(max(cap, LEAST_CAP) for cap in caps.values()) < 1:
        return
    for draw in range(8):
        first = decide_scenario(with_draw(whole, draw))["attempts"][0]
        limit = caps[first["endpoint"]]
        assert limit is None or first["probability"] <= max(limit, LEAST_CAP) + PROBABILITY_TOLERANCE, f"{first} is above its cap {limit}"
