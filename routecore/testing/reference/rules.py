"""Eligibility: for each endpoint every rule, one after the other; the funnel; the minimal relaxations."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

from routecore.testing.reference.slugs import named, slug_matches
from routecore.testing.reference.wire import ascii_lower, is_name, plain_decimal

if TYPE_CHECKING:
    from fractions import Fraction

    from routecore.testing.reference.block import Block
    from routecore.testing.reference.catalog import Endpoint
    from routecore.testing.reference.context import Context, Key
    from routecore.testing.reference.scenario import Scenario
    from routecore.testing.reference.tiers import TierRule

__all__ = ["RULES", "credentials_of", "failed_rules", "funnel_of", "key_matches", "relaxations_of"]

RULES = (
    "disabled", "api", "account.only", "account.ignore", "account.data_collection", "account.training", "account.zdr",
    "only", "ignore", "service_tier", "data_collection", "zdr", "enforce_distillable_text", "quantizations",
    "context_length", "max_tokens", "tools", "modality", "require_parameters", "max_price", "byok_only", "affinity", "fallbacks_disabled",
)  # fmt: skip
MAX_TOKENS = ("max_tokens", "max_completion_tokens", "max_output_tokens")
MOST_RELAXATIONS = 5
PER_MILLION = {"prompt": 1_000_000, "completion": 1_000_000, "request": 1, "image": 1}


def key_matches(key: Key, endpoint: Endpoint) -> bool:
    """A key holds for what its slug matches, and for its models alone where it names some."""
    return slug_matches(key.slug, endpoint) and (not key.models or endpoint.model in key.models)


def credentials_of(context: Context, endpoint: Endpoint) -> list[tuple[str, str | None, int]]:
    """Whose credentials an endpoint may be tried with: (``byok``, its key_id, its place) for every key that matches, and (``shared``, …).

    A provider in ``byok_only`` has no shared attempts. With an affinity to one provider and credential, all others are left out.
    """
    found: list[tuple[str, str | None, int]] = [("byok", key.key_id, place) for place, key in enumerate(context.byok) if key_matches(key, endpoint)]
    if not _needs_own_key(context, endpoint):
        found.append(("shared", None, len(context.byok)))
    return [one for one in found if context.affinity is None or _is_near(context.affinity, endpoint, one[0], one[1])]


def _needs_own_key(context: Context, endpoint: Endpoint) -> bool:
    return endpoint.provider in [ascii_lower(provider) for provider in context.byok_only]


def _lacks_a_key(context: Context, endpoint: Endpoint) -> bool:
    return _needs_own_key(context, endpoint) and not any(key_matches(key, endpoint) for key in context.byok)


def _is_far(context: Context, endpoint: Endpoint) -> bool:
    """Say whether the affinity leaves an endpoint nothing; where it lacks a key, ``byok_only`` alone takes its shared capacity."""
    if context.affinity is None or credentials_of(context, endpoint):
        return False
    return not (_lacks_a_key(context, endpoint) and _is_near(context.affinity, endpoint, "shared", None))


def _is_near(affinity: str, endpoint: Endpoint, credential: str, key_id: str | None) -> bool:
    """Say whether an attempt is of the provider and the credential that made the answer which the request goes on from.

    ``affinity`` names an attempt as a pin does: the provider stands at the beginning of its slug. A provider's slug alone will do, and a text of another form names nobody.
    """
    head, mark = affinity, ""
    for position in [place for word in ("#byok", "#shared") if (place := affinity.find(word)) >= 0][:1]:
        head, mark = affinity[:position], affinity[position:]
    model, at, slug = head.rpartition("@")
    if not (is_name(slug, twin=True, at=False) and (at == "" or is_name(model, twin=False, at=True))):
        return False
    rest = ascii_lower(slug).removeprefix(endpoint.provider)
    of_the_provider = ascii_lower(slug).startswith(endpoint.provider) and (rest == "" or rest[0] in "/#")
    return of_the_provider and mark in ("", f"#{credential}", f"#{credential}:{key_id}")


def failed_rules(scenario: Scenario, endpoint: Endpoint, tiers: TierRule) -> list[tuple[str, str]]:
    """Every rule that the endpoint fails, in the order of the rules, each with a detail in words."""
    block, context, asked = scenario.block, scenario.context, scenario.asked
    collects = endpoint.trains if scenario.settings.deny_means == "training" else endpoint.trains or endpoint.retains
    policy = f"trains {endpoint.trains}, retains {endpoint.retains}"
    missing = sorted({name for name in (*(name for name, _ in asked.parameters), *asked.required_too) if not _supports(endpoint, name)})
    unread = sorted(_needed_modalities(scenario) - endpoint.input_modalities)
    fails: dict[str, str | None] = {
        "disabled": "disabled" if endpoint.disabled else None,
        "api": f"speaks {sorted(endpoint.apis or ())}" if context.api is not None and endpoint.apis is not None and context.api not in endpoint.apis else None,
        "account.only": f"{endpoint.slug} not in {context.account_only}" if context.account_only and not named(context.account_only, endpoint) else None,
        "account.ignore": f"{endpoint.slug} in {context.account_ignore}" if named(context.account_ignore, endpoint) else None,
        "account.data_collection": policy if context.account_data_collection == "deny" and collects else None,
        "account.training": policy if context.account_deny_training and endpoint.trains else None,
        "account.zdr": policy if context.account_zdr and endpoint.retains else None,
        "only": f"{endpoint.slug} not in {block.only}" if block.only and not named(block.only, endpoint) else None,
        "ignore": f"{endpoint.slug} in {block.ignore}" if named(block.ignore, endpoint) else None,
        "service_tier": f"tier {endpoint.tier} was not asked for" if not tiers.passes(endpoint) else None,
        "data_collection": policy if block.data_collection == "deny" and collects else None,
        "zdr": policy if block.zdr and endpoint.retains else None,
        "enforce_distillable_text": "not distillable" if block.enforce_distillable_text and not endpoint.distillable else None,
        "quantizations": f"{endpoint.quantization} not in {block.quantizations}"
        if block.quantizations and endpoint.quantization not in block.quantizations
        else None,
        "context_length": _too_long(context, endpoint, asked.max_tokens),
        "max_tokens": f"{asked.max_tokens} > {endpoint.max_output_tokens}"
        if endpoint.max_output_tokens is not None and asked.max_tokens > endpoint.max_output_tokens
        else None,
        "tools": "no tools" if asked.tools and "tools" not in endpoint.supported_parameters else None,
        "modality": f"does not read {unread}" if unread else None,
        "require_parameters": f"ignores {missing}" if block.require_parameters is True and missing else None,
        "max_price": _too_dear(block, endpoint),
        "byok_only": f"no key for {endpoint.slug}" if _lacks_a_key(context, endpoint) else None,
        "affinity": f"not {context.affinity}" if _is_far(context, endpoint) else None,
        "fallbacks_disabled": f"{endpoint.slug} not in {block.order}"
        if block.order and not block.allow_fallbacks and not named(block.order, endpoint)
        else None,
    }
    return [(rule, detail) for rule in RULES if (detail := fails[rule]) is not None]


def _supports(endpoint: Endpoint, name: str) -> bool:
    """A limit of output tokens is supported under any of its names."""
    return any(word in endpoint.supported_parameters for word in (MAX_TOKENS if name == "max_tokens" else (name,)))


def _needed_modalities(scenario: Scenario) -> set[str]:
    """Files need no modality, as the platform parses them, unless the context says ``native_files``."""
    return {kind for kind in scenario.asked.modalities if kind != "file" or scenario.context.native_files}


def _too_long(context: Context, endpoint: Endpoint, max_tokens: int) -> str | None:
    prompt = context.prompt_tokens or 0
    if endpoint.context_length is not None and prompt + max_tokens > endpoint.context_length:
        return f"{prompt} + {max_tokens} > {endpoint.context_length}"
    if endpoint.max_prompt_tokens is not None and prompt > endpoint.max_prompt_tokens:
        return f"{prompt} > {endpoint.max_prompt_tokens}"
    return None


def _too_dear(block: Block, endpoint: Endpoint) -> str | None:
    """Compare list prices: an unknown prompt or completion price fails its limit, a missing request or image price is none."""
    for part, limit in block.max_price.items():
        price: Fraction | None = None if endpoint.pricing is None else endpoint.pricing.get(part)
        if price is None and part in ("prompt", "completion"):
            return f"{part} price unknown"
        if price is not None and price * PER_MILLION[part] > limit:
            return f"{part} {plain_decimal(price * PER_MILLION[part])} > {plain_decimal(limit)}"
    return None


def funnel_of(endpoints: list[Endpoint], failures: dict[str, list[str]]) -> list[dict[str, Any]]:
    """How many endpoints are left after each rule that removed some; the first rule that an endpoint fails counts it."""
    left = len(endpoints)
    funnel: list[dict[str, Any]] = [{"rule": "catalog", "left": left}]
    for rule in RULES:
        removed = len([endpoint for endpoint in endpoints if failures[endpoint.id][:1] == [rule]])
        if removed > 0:
            left -= removed
            funnel.append({"rule": rule, "left": left})
    return funnel


def relaxations_of(failures: dict[str, list[str]]) -> list[list[str]]:
    """Every minimal set of rules whose lifting would leave an endpoint, found by trying all sets from the smallest.

    >>> relaxations_of({"a": ["zdr", "max_price"], "b": ["only"], "c": ["only", "tools"], "d": ["disabled"]})
    [['only'], ['zdr', 'max_price']]
    """
    wanted = [frozenset(rules) for rules in failures.values() if not any(rule == "disabled" or rule.startswith("account.") for rule in rules)]
    concerned = [rule for rule in RULES if any(rule in rules for rules in wanted)]
    minimal: list[frozenset[str]] = []
    longest = max(map(len, wanted), default=0)  # a larger set than any endpoint needs is never minimal
    for size in range(1, longest + 1):
        for lifted in map(frozenset, combinations(concerned, size)):
            routable = any(rules <= lifted for rules in wanted)
            if routable and not any(smaller < lifted for smaller in minimal):
                minimal.append(lifted)
    minimal.sort(key=lambda lifted: (len(lifted), sorted(lifted)))
    return [[rule for rule in RULES if rule in lifted] for lifted in minimal[:MOST_RELAXATIONS]]
