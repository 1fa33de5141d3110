"""Reading scenarios and answers in their wire form, and changing scenarios: what the laws are written with."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

__all__ = [
    "LIFT",
    "PROBABILITY_TOLERANCE",
    "Answer",
    "Attempt",
    "DecideScenario",
    "all_known",
    "assert_same",
    "attempts_of",
    "block_of",
    "changed",
    "context_of",
    "differences",
    "drop_from_context",
    "in_one_group",
    "is_decided",
    "is_own_slug",
    "is_plan",
    "listed_price",
    "matches",
    "pool_of",
    "rejections_of",
    "rows_of",
    "tier_of",
    "uncut",
]

Answer = Mapping[str, Any]
DecideScenario = Callable[[Any], Answer]
Attempt = tuple[str, str, str | None]

PROBABILITY_TOLERANCE = 1e-6


def attempts_of(answer: Answer) -> list[Attempt]:
    """What names each attempt, in plan order."""
    return [(attempt["endpoint"], attempt["credential"], attempt["key_id"]) for attempt in answer["attempts"]]


def rejections_of(answer: Answer) -> list[Any]:
    """The rejections of a plan, or of an empty pool."""
    if "error" in answer:
        return list(answer["error"]["metadata"]["rejections"])
    return list(answer["rejections"])


def is_plan(answer: Answer) -> bool:
    """Say whether the answer is a plan."""
    return "error" not in answer


def is_decided(answer: Answer) -> bool:
    """A plan, or an empty pool: the scenario was valid and its model known."""
    return is_plan(answer) or answer["error"]["type"] == "no_eligible_endpoint"


def block_of(scenario: Any) -> dict[str, Any]:  # noqa: ANN401
    """The provider block, or an empty mapping that belongs to nobody."""
    return scenario["request"].get("provider") or {}


def context_of(scenario: Any) -> dict[str, Any]:  # noqa: ANN401
    """The context, or an empty mapping that belongs to nobody."""
    return scenario.get("context") or {}


def rows_of(scenario: Any) -> dict[str, dict[str, Any]]:  # noqa: ANN401
    """Catalog rows by endpoint id."""
    return {f"{row['model']}@{slug_of(row)}": row for row in scenario["catalog"]["endpoints"]}


def slug_of(row: Mapping[str, Any]) -> str:
    """A row's slug, in lower case."""
    return str(row.get("slug") or row["provider"]).lower()


def tier_of(row: Mapping[str, Any]) -> str:
    """A row's service tier: its own word, or the last part of a slug with a variant."""
    last = slug_of(row).partition("#")[0].rpartition("/")[2] if "/" in slug_of(row) else "default"
    word = row.get("tier") or (last if last in ("flex", "priority", "fast") else "default")
    return "priority" if word == "fast" else str(word)


def is_own_slug(entry: str, row: Mapping[str, Any]) -> bool:
    """Say whether a slug of the wire is a row's own, where ``fast`` is ``priority``."""
    return _as_compared(entry.lower()) == _as_compared(slug_of(row))


def _as_compared(slug: str) -> str:
    return slug.removesuffix("/fast") + "/priority" if slug.endswith("/fast") else slug


def matches(entry: str, row: Mapping[str, Any]) -> bool:
    """Say whether a slug of the wire, or a provider's display name, matches a row of the catalog."""
    bare = [name.lower().translate(dict.fromkeys(map(ord, " .-"))) for name in (entry, row["provider"])]
    return bare[0] == bare[1] or is_own_slug(entry, row)


def listed_price(row: Mapping[str, Any], part: str) -> Fraction | None:
    """A price of a row in USD, to 15 places."""
    price = (row.get("pricing") or {}).get(part)
    return None if price is None else round(Fraction(str(price)) * 10**15) / Fraction(10**15)


def pool_of(scenario: Any, answer: Answer) -> set[str]:  # noqa: ANN401
    """Ids of the eligible endpoints: those of the asked models that were not rejected."""
    rows = rows_of(scenario)
    asked = {attempt["model"] for attempt in answer.get("attempts", ())} | {rows[r["endpoint"]]["model"] for r in rejections_of(answer)}
    return {key for key, row in rows.items() if row["model"] in asked} - {rejection["endpoint"] for rejection in rejections_of(answer)}


def changed(scenario: Any, change: Callable[[Any], None]) -> Any:  # noqa: ANN401
    """Return a deep copy of the scenario with the change made."""
    other = copy.deepcopy(scenario)
    change(other)
    return other


def uncut(scenario: Any) -> Any:  # noqa: ANN401
    """Return the scenario without a cut: where no ``order`` is given, fallbacks are allowed."""

    def allow(other: Any) -> None:  # noqa: ANN401
        if other["request"].get("provider") and not other["request"]["provider"].get("order"):
            other["request"]["provider"].pop("allow_fallbacks", None)

    return changed(scenario, allow)


def assert_same(first: object, second: object, what: str) -> None:
    """Fail unless both are equal, and show both."""
    assert first == second, f"{what}:\n  {first}\nis not\n  {second}"


def in_one_group(scenario: Any) -> Any:  # noqa: ANN401
    """Return the scenario with nothing but the balance to rank by: no order, sort, thresholds, keys, pin or health, all models at once."""

    def strip(other: Any) -> None:  # noqa: ANN401
        block = {**block_of(other), "sort": {"partition": "none"}}
        for key in ("order", "allow_fallbacks", "preferred_max_latency", "preferred_min_throughput"):
            block.pop(key, None)
        if block.get("require_parameters") is not True:
            block["require_parameters"] = False
        other["request"]["provider"] = block
        for name in ("model", "models"):
            if other["request"].get(name):
                other["request"][name] = _without_suffixes(other["request"][name], {row["model"] for row in other["catalog"]["endpoints"]})
        for key in ("byok", "byok_only", "sticky", "affinity"):
            context_of(other).pop(key, None)
        for key in ("service_tier", "speed"):
            other["request"].pop(key, None)
        other.pop("health", None)

    return changed(scenario, strip)


def _without_suffixes(models: Any, known: set[str]) -> Any:  # noqa: ANN401
    if not isinstance(models, str):
        return [_without_suffixes(model, known) for model in models]
    suffixed = models not in known and models.endswith((":floor", ":nitro", ":exacto"))
    return models.rpartition(":")[0] if suffixed else models


def all_known(scenario: Any) -> Any:  # noqa: ANN401
    """Return the scenario with the data of every endpoint known and paid, where it was not; counts of samples all alike."""

    def fill(other: Any) -> None:  # noqa: ANN401
        stats = other.get("stats") or {}
        other["stats"] = {}
        for number, (endpoint, row) in enumerate(rows_of(other).items()):
            pricing = row["pricing"] = {**(row.get("pricing") or {})}
            for part in ("prompt", "completion"):
                if not pricing.get(part) or Fraction(str(pricing[part])) == 0:
                    pricing[part] = f"0.00000{number % 4 + 1}"
            for key in ("overrides", "discount"):
                pricing.pop(key, None)
            entry = stats.get(endpoint) or {}
            known = {measure: (entry.get(measure) or {}).get("p50") for measure in ("latency", "throughput")}
            rate = entry.get("success_rate")
            other["stats"][endpoint] = {
                "latency": {"p50": known["latency"] or 0.25 * (number % 5 + 1)},
                "throughput": {"p50": known["throughput"] or 20.0 * (number % 3 + 1)},
                "success_rate": 0.9 if rate is None else rate,
            }

    return changed(scenario, fill)


# Lifting filters ----------------------------------------------------------------------------------------------------


def _drop_from_block(*keys: str) -> Callable[[Any], None]:
    def drop(other: Any) -> None:  # noqa: ANN401
        for key in keys:
            block_of(other).pop(key, None)

    return drop


def _set_rows(**values: object) -> Callable[[Any], None]:
    def change(other: Any) -> None:  # noqa: ANN401
        for row in other["catalog"]["endpoints"]:
            row.update(copy.deepcopy(values))

    return change


def _support_tools(other: Any) -> None:  # noqa: ANN401
    for row in other["catalog"]["endpoints"]:
        row["supported_parameters"] = [*(row.get("supported_parameters") or ()), "tools"]


def _ask_for_any_tier(other: Any) -> None:  # noqa: ANN401
    for key in ("service_tier", "speed"):
        other["request"].pop(key, None)
    _set_rows(tier="default")(other)


def _drop_only(other: Any) -> None:  # noqa: ANN401
    """Drop ``only``, and leave the tiers in that it opts in to."""
    asked = other["request"].get("service_tier")
    rows = other["catalog"]["endpoints"]
    with_flex = {row["model"] for row in rows if tier_of(row) == "flex" and not row.get("disabled")}
    for row in rows:
        if any(is_own_slug(entry, row) for entry in block_of(other).get("only") or ()):
            row["tier"] = "flex" if asked == "flex" and row["model"] in with_flex else "default"
    block_of(other).pop("only", None)


def drop_from_context(key: str) -> Callable[[Any], None]:
    """Return the change that takes ``key`` out of the context."""

    def drop(other: Any) -> None:  # noqa: ANN401
        context_of(other).pop(key, None)

    return drop


LIFT: dict[str, Callable[[Any], None]] = {
    "api": drop_from_context("api"),
    "only": _drop_only,
    "ignore": _drop_from_block("ignore"),
    "service_tier": _ask_for_any_tier,
    "data_collection": _drop_from_block("data_collection"),
    "zdr": _drop_from_block("zdr"),
    "enforce_distillable_text": _drop_from_block("enforce_distillable_text"),
    "quantizations": _drop_from_block("quantizations"),
    "context_length": _set_rows(context_length=None, max_prompt_tokens=None),
    "max_tokens": _set_rows(max_output_tokens=None),
    "tools": _support_tools,
    "modality": _set_rows(input_modalities=["text", "image", "audio", "video", "file"]),
    "require_parameters": _drop_from_block("require_parameters"),
    "max_price": _drop_from_block("max_price"),
    "byok_only": drop_from_context("byok_only"),
    "affinity": drop_from_context("affinity"),
    "fallbacks_disabled": _drop_from_block("allow_fallbacks"),
}
"""For each rule that a request can lift, in the order of the rules, the change to a scenario that lifts it and nothing else."""


# Comparing answers --------------------------------------------------------------------------------------------------


def differences(answer: Answer, expected: Answer) -> list[str]:
    """Say where two answers differ in what the rules decide: words in messages and details are free, probabilities agree within 1e-6.

    The warning ``unknown_price`` is left out, as the rules do not say when it is due.
    """
    found: list[str] = []

    def compare(what: str, got: object, want: object) -> None:
        if got != want:
            found.append(f"{what}: {got}, expected {want}")

    if not is_plan(answer) or not is_plan(expected):
        got, want = answer.get("error") or {}, expected.get("error") or {}
        for key in ("type", "code"):
            compare(f"error {key}", got.get(key), want.get(key))
        if found:
            return [*found, f"messages: {got.get('message')} / {want.get('message')}"]
        for key in ("relaxations", "funnel"):
            compare(key, got["metadata"].get(key), want["metadata"].get(key))
        faults = [sorted(fault["path"] for fault in error["metadata"].get("faults", ())) for error in (got, want)]
        compare("paths of faults", *faults)
        if len(faults[1]) <= 1:
            compare("param", got["param"], want["param"])
        if "rejections" in want["metadata"]:
            compare("rejections", rules_of(answer), rules_of(expected))
            compare("warnings", *(warnings_of(one["metadata"]) for one in (got, want)))
        return found

    for key in ("funnel", "strategy", "panic", "sticky", "draw"):
        compare(key, answer[key], expected[key])
    compare("rejections", rules_of(answer), rules_of(expected))
    compare("warnings", *(warnings_of(one) for one in (answer, expected)))
    compare("attempts", attempts_of(answer), attempts_of(expected))
    if attempts_of(answer) == attempts_of(expected):
        for name, got, want in zip(attempts_of(answer), answer["attempts"], expected["attempts"], strict=True):
            if abs(got["probability"] - want["probability"]) > PROBABILITY_TOLERANCE:
                compare(f"probability of {name}", got["probability"], want["probability"])
            prices = [None if one["expected_price"] is None else Fraction(one["expected_price"]) for one in (got, want)]
            compare(f"expected price of {name}", *prices)
            for key in ("model", "provider", "slug", "service_tier"):
                compare(f"{key} of {name}", got.get(key, "default" if key == "service_tier" else None), want[key])
    return found


def rules_of(answer: Answer) -> list[tuple[str, list[str]]]:
    return [(rejection["endpoint"], list(rejection["rules"])) for rejection in rejections_of(answer)]


def warnings_of(answer: Answer) -> list[tuple[str, str]]:
    return sorted((warning["code"], warning["path"]) for warning in answer.get("warnings", ()) if warning["code"] != "unknown_price")
