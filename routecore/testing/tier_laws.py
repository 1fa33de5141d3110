"""What holds of every router that knows service tiers, full endpoints, dialects and affinities."""

from __future__ import annotations

from collections import Counter
from typing import Any

from routecore.testing.answers import (
    DecideScenario,
    assert_same,
    attempts_of,
    block_of,
    changed,
    context_of,
    is_decided,
    is_own_slug,
    is_plan,
    matches,
    rejections_of,
    rows_of,
    tier_of,
    uncut,
)

__all__ = [
    "law_affinity_stays",
    "law_api_is_spoken",
    "law_flex_is_never_dearer",
    "law_full_is_never_removed",
    "law_tiers_are_opt_in",
    "law_tiers_change_no_other_rule",
]


def _opted_in(scenario: Any, row: Any) -> bool:  # noqa: ANN401
    """A provider's display name stands for its slug, which is the own slug of an endpoint without a variant."""
    names = matches if "/" not in str(row.get("slug") or "") and "#" not in str(row.get("slug") or "") else is_own_slug
    return any(names(entry, row) for key in ("order", "only") for entry in block_of(scenario).get(key) or ())


def _asking(scenario: Any, tier: str | None) -> Any:  # noqa: ANN401
    """Return the scenario asking for a tier, or for none; without a suffix that admits one."""

    def ask(other: Any) -> None:  # noqa: ANN401
        known = {row["model"] for row in other["catalog"]["endpoints"]}
        body = other["request"]
        for key in ("service_tier", "speed"):
            body.pop(key, None)
        if tier is not None:
            body["service_tier"] = tier
        models = [body.get("model"), *(body["models"] if isinstance(body.get("models"), list) else [body.get("models")])]
        named = [name if name in known or not name.endswith((":nitro", ":floor", ":exacto")) else name.rpartition(":")[0] for name in models if name]
        body.pop("model", None)
        body["models"] = named

    return changed(scenario, ask)


def law_tiers_are_opt_in(decide_scenario: DecideScenario, scenario: Any) -> None:  # noqa: ANN401
    """Where nobody asks for a tier, no attempt is of one, unless the block names the endpoint by its own slug."""
    answer = decide_scenario(uncut(_asking(scenario, None)))
    if not is_plan(answer):
        return
    rows = rows_of(scenario)
    for endpoint, _, _ in attempts_of(answer):
        row = rows[endpoint]
        assert tier_of(row) == "default" or _opted_in(scenario, row), f"{endpoint} is of the tier {tier_of(row)}, for which nobody asked"


def law_flex_is_never_dearer(decide_scenario: DecideScenario, scenario: Any) -> None:  # noqa: ANN401
    """A request for flex never falls back to the dearer default of a model that has an enabled flex endpoint."""
    answer = decide_scenario(uncut(_asking(scenario, "flex")))
    if not is_plan(answer):
        return
    rows = rows_of(scenario)
    with_flex = {row["model"] for row in rows.values() if tier_of(row) == "flex" and not row.get("disabled")}
    for endpoint, _, _ in attempts_of(answer):
        row = rows[endpoint]
        allowed = row["model"] not in with_flex or tier_of(row) == "flex" or _opted_in(scenario, row)
        assert allowed, f"{endpoint} is of the tier {tier_of(row)}, and {row['model']} has flex"


def law_tiers_change_no_other_rule(decide_scenario: DecideScenario, scenario: Any) -> None:  # noqa: ANN401
    """Asking for a tier admits by the rule ``service_tier`` alone: privacy, the account and every other rule hold as they did."""
    told = []
    for tier in (None, "priority", "flex"):
        answer = decide_scenario(uncut(_asking(scenario, tier)))
        if not is_decided(answer):
            return
        rules = {rejection["endpoint"]: [rule for rule in rejection["rules"] if rule != "service_tier"] for rejection in rejections_of(answer)}
        told.append({endpoint: failed for endpoint, failed in rules.items() if failed})
    for others in told[1:]:
        assert_same(others, told[0], "rules other than service_tier, by the tier that is asked for")


def law_full_is_never_removed(decide_scenario: DecideScenario, scenario: Any) -> None:  # noqa: ANN401
    """Attempts that are full stay in the plan; a full attempt is not cooling, and makes neither panic nor a pin ``skipped``."""

    def fill(other: Any) -> None:  # noqa: ANN401
        other["health"] = {**dict.fromkeys(list(rows_of(other))[::2], "full"), **(other.get("health") or {})}

    def forget(other: Any) -> None:  # noqa: ANN401
        other["health"] = {key: word for key, word in (other.get("health") or {}).items() if word == "cooling"}

    whole = uncut(changed(scenario, forget))
    first, second = decide_scenario(whole), decide_scenario(changed(whole, fill))
    assert_same(is_plan(first), is_plan(second), "whether there is a plan")
    if not is_plan(first):
        return
    assert_same(Counter(attempts_of(first)), Counter(attempts_of(second)), "attempts, and those with every other endpoint full")
    for key in ("funnel", "panic", "sticky"):
        assert_same(first[key], second[key], f"{key} with every other endpoint full")


def law_affinity_stays(decide_scenario: DecideScenario, scenario: Any) -> None:  # noqa: ANN401
    """With an affinity, every attempt is of its provider and its credential."""
    affinity = context_of(scenario).get("affinity")
    answer = decide_scenario(scenario)
    if affinity is None or not is_plan(answer):
        return
    head, _, credential = affinity.partition("#")
    rows = rows_of(scenario)
    for endpoint, kind, key_id in attempts_of(answer):
        provider = rows[endpoint]["provider"].lower()
        assert head.rpartition("@")[2].lower().partition("/")[0] == provider, f"{endpoint} is not of the provider of {affinity}"
        assert credential in ("", kind, f"{kind}:{key_id}"), f"{endpoint} with {kind} {key_id} is not {affinity}"


def law_api_is_spoken(decide_scenario: DecideScenario, scenario: Any) -> None:  # noqa: ANN401
    """Where the context names a dialect, every attempt's endpoint speaks it."""
    api = context_of(scenario).get("api")
    answer = decide_scenario(scenario)
    if api is None or not is_plan(answer):
        return
    rows = rows_of(scenario)
    for endpoint, _, _ in attempts_of(answer):
        assert rows[endpoint].get("apis") is None or api in rows[endpoint]["apis"], f"{endpoint} does not speak {api}"
