"""What policies and limits add to a scenario: tiers, prices in time, shares and caps, display names, dialects, affinities.

Thrown after everything else, so that a seed gives the scenario that it always gave, with more in it; about a third of all
scenarios are left as they were.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from routecore.testing.vocabulary import (
    ADJUSTED_PRICE,
    APIS,
    CAPS,
    INSTANTS,
    MORE_LEVELS,
    NOISY_PRICES,
    OFF_PARAMETERS,
    PROVIDERS,
    SERVICE_TIERS,
    SHARES,
    TIMES_OF_DAY,
    TOKEN_PRICES,
)

if TYPE_CHECKING:
    from routecore.testing.dice import Dice, Mapping

__all__ = ["add_extras", "add_to_catalog", "add_to_context", "add_to_health", "add_to_request", "add_to_settings", "add_to_stats"]

VERSIONED = "alpha/one@20250219"
OFFER = {"type": "function", "function": {"name": "look_up"}}
ANSWER = {"type": "function_call_output", "call_id": "c", "output": [{"type": "input_image", "image_url": "https://example.org/a.png"}]}


def add_extras(dice: Dice, scenario: Mapping) -> Mapping:
    """Add to a scenario, in place, what callers and operators may say beyond the documented platform."""
    if not dice.chance(0.65):
        return scenario
    catalog = add_to_catalog(dice, scenario["catalog"])
    add_to_request(dice, catalog, scenario["request"])
    if dice.chance(0.6):
        scenario["context"] = add_to_context(dice, catalog, scenario.get("context") or {})
    if dice.chance(0.7):
        scenario["stats"] = add_to_stats(dice, catalog, scenario.get("stats") or {})
    if dice.chance(0.35):
        scenario["health"] = add_to_health(dice, catalog, scenario.get("health") or {})
    if dice.chance(0.6):
        scenario["settings"] = add_to_settings(dice, scenario.get("settings") or {})
    if dice.chance(0.5):
        scenario["now"] = dice.choice(INSTANTS)
    return scenario


def add_to_catalog(dice: Dice, catalog: Mapping) -> Mapping:
    """Add tier endpoints beside those that are there, tiers, dialects, limits, prices in time, prices with float noise."""
    rows = catalog["endpoints"]
    taken = {(row["model"], _slug(row)) for row in rows}
    for row in list(rows):
        if dice.chance(0.35):
            other = {**copy.deepcopy(row), "slug": f"{row['provider']}/{dice.choice(('flex', 'priority', 'priority', 'flex', 'fast'))}"}
            if dice.chance(0.1):
                other["model"] = VERSIONED
            if (other["model"], _slug(other)) not in taken:
                taken.add((other["model"], _slug(other)))
                rows.append(other)
    for row in rows:
        _add_to_row(dice, row)
    return catalog


def _add_to_row(dice: Dice, row: Mapping) -> None:
    for key, likelihood, options in (
        ("tier", 0.1, ("default", "flex", "priority", "fast", None)),
        ("apis", 0.1, (["chat"], ["chat", "messages"], ["responses"], list(APIS), [], None)),
        ("limits", 0.1, ({"requests_per_minute": 600}, {"tokens_per_minute": 100_000, "max_in_flight": 8}, {}, None)),
        ("extra", 0.05, ({"base_url": "https://example.org"}, {})),
        ("quantization", 0.05, MORE_LEVELS),
    ):
        if dice.chance(likelihood):
            row[key] = copy.deepcopy(dice.choice(options))
    if row.get("pricing") and dice.chance(0.2):
        row["pricing"][dice.choice(("prompt", "completion", "input_cache_read", "input_cache_write"))] = dice.choice(NOISY_PRICES)
    if row.get("pricing") and dice.chance(0.2):
        cards = list(row["pricing"].get("overrides") or ())
        row["pricing"]["overrides"] = [*cards, *(_timed_card(dice) for _ in range(dice.integer(1, 2)))]


def _timed_card(dice: Dice) -> Mapping:
    card: Mapping = {dice.choice(("prompt", "completion", "input_cache_read")): dice.choice(TOKEN_PRICES)}
    if dice.chance(0.3):
        card["prompt_multiplier"] = dice.choice(("0.5", 2))
    for key, likelihood, options in (
        ("utc_start", 0.5, TIMES_OF_DAY),
        ("utc_end", 0.5, TIMES_OF_DAY),
        ("weekdays", 0.3, ([1, 2, 3, 4, 5], [6, 7], [], [4])),
        ("from", 0.2, ("2025-11-25", "2026-01-01T00:00:00Z", "2025-11-25T13:00:00+01:00")),
        ("until", 0.2, ("2026-11-25", "2027-01-01T00:00:00Z", "2026-11-25T11:00:00.000Z")),
        ("min_prompt_tokens", 0.2, (999, 3000)),
    ):
        if dice.chance(likelihood):
            card[key] = copy.deepcopy(dice.choice(options))
    return card


def _slug(row: Mapping) -> str:
    return str(row.get("slug") or row["provider"]).lower()


def _display_name(dice: Dice, catalog: Mapping) -> str:
    """A known provider's slug as people write it."""
    provider = str(dice.choice([row["provider"] for row in catalog["endpoints"]] or ["azure"]))
    spaced = provider.replace("-", " ").title()
    return dice.choice((spaced, spaced.replace(" ", "."), f"{spaced} " if catalog["endpoints"] else spaced, provider.replace("-", "")))


def _own_slugs(dice: Dice, catalog: Mapping) -> list[str]:
    """Some slugs with a variant, tiers among them, and display names."""
    known = [_slug(row) for row in catalog["endpoints"]]
    return [dice.choice(known) if known and dice.chance(0.7) else _display_name(dice, catalog) for _ in range(dice.integer(1, 3))]


def add_to_request(dice: Dice, catalog: Mapping, body: Mapping) -> Mapping:
    """Add a tier, a suffix, tools, values that switch a parameter off, display names, ``exacto``, the new levels."""
    if dice.chance(0.4):
        body["service_tier"] = dice.choice(SERVICE_TIERS)
    if dice.chance(0.1):
        body["speed"] = dice.choice(("fast", "fast", "standard", None))
    if dice.chance(0.15) and body.get("model") in [row["model"] for row in catalog["endpoints"]]:
        body["model"] += dice.choice((":exacto", ":nitro", ":floor"))
    if dice.chance(0.1):
        body["models"] = [VERSIONED, *(body["models"] if isinstance(body.get("models"), list) else ())]
    if dice.chance(0.15):
        body["tools"] = [OFFER]
    if dice.chance(0.1):
        body["tool_choice"] = dice.choice(("none", "auto", {"type": "function"}))
    if dice.chance(0.3):
        body |= copy.deepcopy(dict([dice.choice(OFF_PARAMETERS)]))
    if dice.chance(0.05):
        body["max_tokens"] = 1000.0
    if dice.chance(0.05):
        body["input"] = [ANSWER]
    block = _add_to_block(dice, catalog, dict(body.get("provider") or {}))
    if block:
        body["provider"] = block
    return body


def _add_to_block(dice: Dice, catalog: Mapping, block: Mapping) -> Mapping:
    for key, likelihood in (("order", 0.1), ("only", 0.07), ("ignore", 0.07)):
        if dice.chance(likelihood):
            block[key] = _own_slugs(dice, catalog)
    if dice.chance(0.1):
        block["sort"] = dice.choice(("exacto", {"by": "exacto"}, {"by": "exacto", "partition": "none"}))
    if dice.chance(0.03):
        block["quantizations"] = list(MORE_LEVELS)
    if dice.chance(0.15):
        block["require_parameters"] = dice.choice((True, False, None))
    return block


def add_to_context(dice: Dice, catalog: Mapping, context: Mapping) -> Mapping:
    """Add a dialect, an affinity, why there is no pin, keys with limits, several keys of one endpoint, display names."""
    for key, likelihood, options in (("api", 0.2, APIS), ("no_pin", 0.3, ("expired", "unidentifiable")), ("prompt_tokens", 0.05, (1000.0,))):
        if dice.chance(likelihood):
            context[key] = dice.choice(options)
    if dice.chance(0.25):
        slug = dice.choice([_slug(row) for row in catalog["endpoints"]] or ["azure"])
        keys = [*context.get("byok", ())]
        context["byok"] = [*keys, {"slug": slug, "key_id": "z", "limits": {"requests_per_minute": 60}}, {"slug": slug, "key_id": "a"}]
    if dice.chance(0.1):
        context["byok"] = [*context.get("byok", ()), _display_name(dice, catalog)]
        if len({entry if isinstance(entry, str) else entry["key_id"] for entry in context["byok"]}) < len(context["byok"]):
            del context["byok"][-1]
    if dice.chance(0.12):
        row = dice.choice(catalog["endpoints"] or [{"model": "m", "provider": "azure"}])
        marks = ("", "#shared", "#shared", "#byok", "#byok:a")
        context["affinity"] = f"{row['model']}@{_slug(row)}{dice.choice(marks)}" if dice.chance(0.95) else "of no known form"
    if dice.chance(0.05):
        context["byok_only"] = [_display_name(dice, catalog)]
    if dice.chance(0.05):
        context["account"] = {**(context.get("account") or {}), dice.choice(("only", "ignore")): [*PROVIDERS[:3], _display_name(dice, catalog)]}
    return context


def add_to_stats(dice: Dice, catalog: Mapping, stats: Mapping) -> Mapping:
    """Add rates of errors, of 429s and of wrong tool calls, the cached share, traffic caps."""
    for row in catalog["endpoints"]:
        entry: Mapping = dict(stats.get(f"{row['model']}@{_slug(row)}") or {})
        for key, likelihood, options in (
            ("error_rate", 0.4, SHARES),
            ("rate_limit_rate", 0.4, SHARES),
            ("tool_error_rate", 0.5, SHARES),
            ("cached_share", 0.4, SHARES),
            ("share_cap", 0.15, CAPS),
        ):
            if dice.chance(likelihood):
                entry[key] = dice.choice(options)
        if entry:
            stats[f"{row['model']}@{_slug(row)}"] = entry
    return stats


def add_to_health(dice: Dice, catalog: Mapping, health: Mapping) -> Mapping:
    """Add attempts that are full, now and then all of them."""
    marks = ("", "", "#shared", "#byok", "#byok:a")
    everyone = dice.chance(0.1)
    for row in catalog["endpoints"]:
        if everyone or dice.chance(0.3):
            health[f"{row['model']}@{_slug(row)}{'' if everyone else dice.choice(marks)}"] = "full"
    return health


def add_to_settings(dice: Dice, settings: Mapping) -> Mapping:
    """Add a strategy and what it is set by."""
    if dice.chance(0.8):
        settings["strategy"] = dice.choice(("adjusted_price", "adjusted_price", "adjusted_price", "inverse_square_price", "balance"))
    if dice.chance(0.4):
        settings["adjusted_price"] = {key: dice.choice(options) for key, options in ADJUSTED_PRICE.items() if dice.chance(0.4)}
    return settings
