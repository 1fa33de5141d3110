"""Scenarios as plain wire mappings, made from the throws of a die: one source for Hypothesis and for seeded runs.

The generator aims at what routers get wrong, not at uniform noise: few models and providers so that names meet, variants
and twins of quantization, values that are unknown, ties, prices of 0, limits that are met exactly, keys that match by
half, pins of every form. ``SeededDice`` throws from a ``random.Random`` (thousands of scenarios a second or so);
``routecore.testing.strategies`` throws from Hypothesis, so that failures shrink.
"""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

from routecore.testing.dice import Dice, Mapping, SeededDice
from routecore.testing.extras import add_extras
from routecore.testing.vocabulary import (
    BODY_PARAMETERS,
    COUNTS,
    EXPONENTS,
    EXTREME_EXPONENTS,
    EXTREME_FIGURES,
    EXTREME_TOKENS,
    FEES,
    LEVELS,
    LIMITS,
    MODELS,
    PARAMETERS,
    PARTS,
    PERCENTILES,
    POLICIES,
    PROVIDERS,
    RATES,
    SECONDS,
    SPEEDS,
    SPELLINGS,
    TOKEN_PRICES,
    TOKENS,
    VARIANTS,
)

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

__all__ = [
    "Dice",
    "SeededDice",
    "make_catalog",
    "make_context",
    "make_health",
    "make_provider_block",
    "make_request",
    "make_scenario",
    "make_settings",
    "make_stats",
    "random_scenario",
]

T = TypeVar("T")


def random_scenario(rng: random.Random) -> Mapping:
    """Make a valid scenario from ``rng``.

    >>> import random
    >>> sorted(random_scenario(random.Random(0)))[0]
    'catalog'
    """
    return make_scenario(SeededDice(rng))


def _some(dice: Dice, options: Sequence[T], most: int) -> list[T]:
    return [dice.choice(options) for _ in range(dice.integer(1, most))]


# The catalog ---------------------------------------------------------------------------------------------------------


def make_catalog(dice: Dice, most: int = 9) -> Mapping:
    """Make a catalog of up to ``most`` endpoints of one to three models, without two rows of one id."""
    models = _some(dice, MODELS, 2)
    rows: list[Mapping] = []
    taken: set[tuple[str, str]] = set()
    for _ in range(dice.integer(min(2, most), most)):
        row = _make_row(dice, dice.choice(models))
        place = (row["model"], (row.get("slug") or row["provider"]).lower())
        if place not in taken:
            taken.add(place)
            rows.append(row)
    return {"endpoints": rows}


def _make_row(dice: Dice, model: str) -> Mapping:
    provider = dice.choice(PROVIDERS)
    slug = provider + dice.choice(VARIANTS) + ("#2" if dice.chance(0.05) else "")
    row: Mapping = {"model": model, "provider": provider.title() if dice.chance(0.1) else provider}
    if slug != provider or dice.chance(0.3):
        row["slug"] = slug.upper() if dice.chance(0.1) else slug
    for key, likelihood, options in (
        ("quantization", 0.7, ("fp8", "fp8", "fp4", "bf16", "none", None)),
        ("context_length", 0.7, (*LIMITS, *LIMITS, 0, None)),
        ("max_output_tokens", 0.5, LIMITS),
        ("max_prompt_tokens", 0.15, LIMITS),
        ("implicit_caching", 0.7, (True, True, False)),
        ("distillable", 0.6, (True, True, False, None)),
        ("disabled", 0.15, (True, False, False)),
        ("data_policy", 0.8, POLICIES),
        (
            "input_modalities",
            0.6,
            (["text"], ["text", "image"], ["text", "image", "audio"], ["text", "video"], ["image", "file"], ["image", "audio", "video", "file"], []),
        ),
        ("unheard_of", 0.05, ("ignored",)),
    ):
        if dice.chance(likelihood):
            row[key] = copy.deepcopy(dice.choice(options))
    if dice.chance(0.85):
        row["supported_parameters"] = [name for name in (*PARAMETERS, "tools", "max_tokens") if dice.chance(0.85)]
    if dice.chance(0.93):
        row["pricing"] = _make_pricing(dice)
    return row


def _make_pricing(dice: Dice) -> Mapping:
    pricing: Mapping = {}
    for key, likelihood, options in (
        ("prompt", 0.95, TOKEN_PRICES),
        ("completion", 0.95, TOKEN_PRICES),
        ("input_cache_read", 0.5, TOKEN_PRICES),
        ("cache_read_multiplier", 0.05, ("0.1", 1, "1.5")),
        ("request", 0.15, FEES),
        ("image", 0.15, FEES),
        ("web_search", 0.1, FEES),
        ("discount", 0.1, ("0.25", 0, 1, "0.5")),
    ):
        if dice.chance(likelihood):
            pricing[key] = dice.choice(options)
    if dice.chance(0.2):
        pricing["overrides"] = [_make_card(dice) for _ in range(dice.integer(1, 2))]
    return pricing


def _make_card(dice: Dice) -> Mapping:
    card: Mapping = {"min_prompt_tokens": dice.choice((0, 999, 1000, 3000, 200_000))}
    for key, likelihood, options in (
        ("inclusive", 0.3, (True, False)),
        ("prompt", 0.3, TOKEN_PRICES),
        ("completion", 0.3, TOKEN_PRICES),
        ("input_cache_read", 0.2, TOKEN_PRICES),
        ("prompt_multiplier", 0.4, (2, "1.5", 0)),
        ("completion_multiplier", 0.4, ("1.5", 1)),
        ("cache_read_multiplier", 0.1, ("0.1", "0.25")),
        ("request", 0.1, FEES),
        ("utc_start", 0.1, (30, "2330")),
    ):
        if dice.chance(likelihood):
            card[key] = dice.choice(options)
    return card


# The request ---------------------------------------------------------------------------------------------------------


def _slugs(dice: Dice, catalog: Mapping, most: int = 3) -> list[str]:
    """Slugs as callers write them: providers and variants of the catalog, other spellings, some that match nothing."""
    known = [row.get("slug") or row["provider"] for row in catalog["endpoints"]] + [row["provider"] for row in catalog["endpoints"]]
    return [dice.choice(known) if known and dice.chance(0.8) else dice.choice(SPELLINGS) for _ in range(dice.integer(1, most))]


def make_provider_block(dice: Dice, catalog: Mapping, eagerness: float = 0.15) -> Mapping:
    """Make a provider block, each key given with about the likelihood ``eagerness``; limits meet the catalog's prices exactly."""
    block: Mapping = {}

    def give(key: str, value: object, likelihood: float = eagerness) -> None:
        if dice.chance(likelihood):
            block[key] = value

    give("order", _slugs(dice, catalog), eagerness * 1.5)
    give("only", _slugs(dice, catalog, 4))
    give("ignore", _slugs(dice, catalog, 2))
    give("allow_fallbacks", dice.choice((False, False, True)), eagerness * 1.5)
    give("require_parameters", dice.choice((True, False)), eagerness * 1.5)
    give("data_collection", dice.choice(("deny", "deny", "allow")))
    give("zdr", dice.choice((True, True, False)))
    give("enforce_distillable_text", dice.choice((True, False)), eagerness * 0.7)
    give("quantizations", [dice.choice(LEVELS) for _ in range(dice.integer(2, 5))])
    by = dice.choice(("price", "throughput", "latency"))
    partition = dice.choice(("model", "none", "none"))
    give("sort", dice.choice((by, by, {"by": by}, {"by": by, "partition": partition}, {"partition": partition})), eagerness * 2)
    give("preferred_max_latency", _make_cutoffs(dice, SECONDS), eagerness * 1.3)
    give("preferred_min_throughput", _make_cutoffs(dice, SPEEDS), eagerness * 1.3)
    give("max_price", _make_max_price(dice, catalog))
    if dice.chance(0.1):
        block[dice.choice(("order", "only", "ignore", "quantizations"))] = dice.choice(([], None))
    if dice.chance(0.05):
        block[dice.choice(("sort", "max_price", "preferred_max_latency"))] = dice.choice(({}, None))
    return block


def _make_cutoffs(dice: Dice, values: Sequence[float]) -> object:
    if dice.chance(0.4):
        return dice.choice(values)
    return {percentile: dice.choice(values) for percentile in PERCENTILES if dice.chance(0.5)}


def _make_max_price(dice: Dice, catalog: Mapping) -> Mapping:
    limits: Mapping = {}
    for part, scale in (("prompt", 1_000_000), ("completion", 1_000_000), ("request", 1), ("image", 1)):
        if dice.chance(0.45):
            prices = [(row.get("pricing") or {}).get(part) for row in catalog["endpoints"]]
            exact = [_plain(Decimal(str(price)) * scale) for price in prices if price is not None]
            limits[part] = dice.choice(exact) if exact and dice.chance(0.6) else dice.choice((0, 0.5, "1", 2, 5.0, "0.0000001"))
    return limits


def _plain(value: Decimal) -> str:
    return format(value, "f")


def make_request(dice: Dice, catalog: Mapping, eagerness: float = 0.15) -> Mapping:
    """Make a body: models (some unknown, some with a suffix), parameters in three dialects, content, and a provider block."""
    known = [row["model"] for row in catalog["endpoints"]]
    suffixed = [model + dice.choice((":floor", ":nitro")) for model in known]
    names = [*known, *known, *known, *suffixed[: dice.integer(0, 1)]]
    body: Mapping = {"model": dice.choice(names) if dice.chance(0.97) else "nobody/has"}
    if dice.chance(0.35):
        body["models"] = [dice.choice(names) if dice.chance(0.85) else dice.choice(("nobody/has", "gamma/three")) for _ in range(dice.integer(1, 4))]
        if dice.chance(0.2):
            del body["model"]
        elif dice.chance(0.05):
            body["models"] = body["models"][0]
    if dice.chance(0.5):
        body |= copy.deepcopy(dict(_some(dice, BODY_PARAMETERS, 3)))
    if dice.chance(0.15):
        body[dice.choice(("tools", "tool_choice"))] = dice.choice(([{"type": "function"}], [], "none", None))
    lengths = [row[key] for row in catalog["endpoints"] for key in ("max_output_tokens", "context_length") if row.get(key) is not None]
    for key in ("max_tokens", "max_completion_tokens", "max_output_tokens"):
        if dice.chance(0.1):
            body[key] = dice.choice(lengths) if lengths and dice.chance(0.5) else dice.choice(TOKENS)
    content: object = "hello"
    if dice.chance(0.15):
        content = copy.deepcopy(_some(dice, PARTS, 2))
    if dice.chance(0.9):
        body[dice.choice(("messages", "messages", "input"))] = [{"role": "user", "content": content}]
    if dice.chance(0.85):
        body["provider"] = make_provider_block(dice, catalog, eagerness)
    return body


# What is known beside it ---------------------------------------------------------------------------------------------


def _ids(catalog: Mapping) -> list[str]:
    return [f"{row['model']}@{(row.get('slug') or row['provider']).lower()}" for row in catalog["endpoints"]]


def _attempt_name(dice: Dice, catalog: Mapping, keys: Sequence[str]) -> str:
    name = dice.choice(_ids(catalog)) if dice.chance(0.93) else "no/model@x"
    forms = ["", "", "#shared", "#shared", "#byok", *(f"#byok:{key}" for key in keys)]
    return name + dice.choice(forms)


def _make_keys(dice: Dice, catalog: Mapping) -> list[str | Mapping]:
    keys: list[str | Mapping] = []
    for number, slug in enumerate(_slugs(dice, catalog, 4)):
        if slug not in keys and dice.chance(0.5):
            keys.append(slug)
            continue
        key: Mapping = {"slug": slug, "key_id": f"k{number}"}
        if dice.chance(0.4):
            key["models"] = _some(dice, MODELS, 2) if dice.chance(0.8) else []
        keys.append(key)
    return keys


def _key_ids(context: Mapping) -> list[str]:
    return [key if isinstance(key, str) else key["key_id"] for key in context.get("byok", [])]


def make_context(dice: Dice, catalog: Mapping, eagerness: float = 0.15) -> Mapping:
    """Make a context: keys that match wholly, by region, by model or not at all; an account; a pin; estimates."""
    context: Mapping = {}
    if dice.chance(eagerness * 2.5):
        context["byok"] = _make_keys(dice, catalog)
    keys = _key_ids(context)
    if dice.chance(eagerness):
        context["byok_only"] = _some(dice, [*PROVIDERS, "Azure", "azure/us-east5"], 2)
    if dice.chance(0.4):
        context["sticky"] = _attempt_name(dice, catalog, keys)
    account: Mapping = {}
    for key, value in (
        ("only", [*_slugs(dice, catalog, 4), *_slugs(dice, catalog, 4)]),
        ("ignore", _slugs(dice, catalog, 2)),
        ("data_collection", dice.choice(("deny", "allow"))),
        ("deny_training", True),
        ("zdr", dice.choice((True, False))),
    ):
        if dice.chance(eagerness * 0.6):
            account[key] = value
    if account:
        context["account"] = account
    for key, options in (
        ("prompt_tokens", TOKENS),
        ("completion_tokens", TOKENS),
        ("cached_tokens", TOKENS),
        ("native_files", (True, False)),
    ):
        if dice.chance(0.4):
            context[key] = dice.choice(options)
    if dice.chance(0.03):
        context["completion_tokens"] = dice.choice(EXTREME_TOKENS)
    return context


def make_stats(dice: Dice, catalog: Mapping) -> Mapping:
    """Make statistics: most throughput falls with the percentile, some rises; some percentiles, counts and rates are missing."""
    stats: Mapping = {}
    for endpoint_id in [*_ids(catalog), "no/model@x"]:
        if dice.chance(0.3):
            continue
        entry: Mapping = {}
        if dice.chance(0.85):
            entry["latency"] = _make_percentiles(dice, SECONDS, falling=False)
        if dice.chance(0.85):
            entry["throughput"] = _make_percentiles(dice, SPEEDS, falling=not dice.chance(0.15))
        if dice.chance(0.7):
            entry["samples"] = dice.choice(COUNTS)
        if dice.chance(0.7):
            entry["success_rate"] = dice.choice(RATES)
        model, _, slug = endpoint_id.partition("@")
        stats[f"{model}@{slug.title()}" if dice.chance(0.05) else endpoint_id] = entry
    return stats


def _make_percentiles(dice: Dice, values: Sequence[float], *, falling: bool) -> Mapping:
    if dice.chance(0.03):
        values = EXTREME_FIGURES
    drawn = sorted((dice.choice(values) for _ in PERCENTILES), reverse=falling)
    return {percentile: value for percentile, value in zip(PERCENTILES, drawn, strict=True) if dice.chance(0.85)}


def make_health(dice: Dice, catalog: Mapping, keys: Sequence[str] = ()) -> Mapping:
    """Make health: some attempts cooling, now and then all of them."""
    if dice.chance(0.1):
        return dict.fromkeys(_ids(catalog), "cooling")
    return {_attempt_name(dice, catalog, keys): dice.choice(("cooling", "cooling", "available")) for _ in range(dice.integer(1, 4))}


def make_settings(dice: Dice) -> Mapping:
    """Make settings: exponents, ``min_samples``, the sticky policy, what ``deny`` means."""
    settings: Mapping = {}
    if dice.chance(0.7):
        names = ("price", "throughput", "latency", "reliability")
        exponents = EXTREME_EXPONENTS if dice.chance(0.1) else EXPONENTS
        settings["balance"] = {name: dice.choice(exponents) for name in names if dice.chance(0.7)} or {"price": 1}
    if dice.chance(0.4):
        settings["min_samples"] = dice.choice((0, 1, 10, 11))
    if dice.chance(0.5):
        settings["sticky"] = dice.choice(("documented", "compatible", "compatible", "economic", "economic", "off"))
    if dice.chance(0.2):
        settings["deny_means"] = dice.choice(("training", "storing"))
    return settings


def make_scenario(dice: Dice, most_endpoints: int = 9, *, extras: bool = True) -> Mapping:
    """Make a whole valid scenario; about two thirds have a plan. ``extras``: with policies, limits, tiers and prices in time."""
    eagerness = dice.choice((0.02, 0.05, 0.1, 0.1, 0.2, 0.4))
    catalog = make_catalog(dice, most_endpoints)
    scenario: Mapping = {"catalog": catalog, "request": make_request(dice, catalog, eagerness)}
    context = make_context(dice, catalog, eagerness)
    if dice.chance(0.9):
        scenario["context"] = context
    if dice.chance(0.8):
        scenario["stats"] = make_stats(dice, catalog)
    if dice.chance(0.4):
        scenario["health"] = make_health(dice, catalog, _key_ids(context))
    if dice.chance(0.7):
        scenario["settings"] = make_settings(dice)
    if dice.chance(0.9):
        scenario["draw"] = dice.integer(0, 2**64 - 1)
    return add_extras(dice, scenario) if extras else scenario
