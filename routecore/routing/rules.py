"""The named hard filters: what removes an endpoint, in which order, and in which words.

``RULES`` is the table, in the order in which rules are applied and reported; each says which endpoints of a pool it keeps (one bit mask) and,
when asked, why it does not keep one. Eligibility only removes endpoints.
"""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import attrs

from routecore.catalog.endpoint import twin_slug
from routecore.request.body import MAX_TOKENS_KEYS, SUFFIX_TIER
from routecore.request.preferences import PRICE_LIMITS
from routecore.routing.keys import affinity_of, keyed, shared_is_closed
from routecore.routing.masks import bits
from routecore.safe_text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from routecore.catalog.endpoint import Endpoint
    from routecore.routing.case import Case
    from routecore.routing.pool import Pool

__all__ = ["RULES", "Reads", "Rule"]

_SHOWN_NAMES: Final = 8
_SHOWN_LETTERS: Final = 48


class Reads(Enum):
    """What a rule looks at beside the catalog: it says when the rule is asked again, and whose it is to lift."""

    CATALOG = "catalog"
    ACCOUNT = "account"
    REQUEST = "request"
    """The provider block and the shape of the body: what stays the same for requests that are read alike."""
    NUMBERS = "numbers"
    """Token counts, which change with every request."""
    KEYS = "keys"
    """The caller's credentials."""


class Rule(NamedTuple):
    """One hard filter, whole: a filter that has its row is applied, explained, lifted and documented."""

    name: str
    """Its name on the wire."""
    removes: str
    """Which endpoints it removes, in a reader's words."""
    reads: Reads
    keeps: Callable[[Pool, Case], int]
    """The mask of the endpoints that it keeps."""
    detail: Callable[[Endpoint, Case], str]
    """Its reason against one endpoint, in words."""
    lift: Callable[[Case], Case] | None
    """The case without it, for a trial; ``None`` where nothing but another catalog lifts it."""

    @property
    def of_request(self) -> bool:
        """Whether the request could lift the rule; the catalog and the account's policy stand whatever is asked."""
        return self.reads not in {Reads.CATALOG, Reads.ACCOUNT}


# --- each rule's mask -------------------------------------------------------------------------------------------------------------------------


def _denied(pool: Pool, case: Case) -> int:
    """Return who passes ``deny``: no training, and (unless deny is set to mean training alone) no retention."""
    return pool.no_training if case.settings.deny_means == "training" else pool.no_training & pool.retains_nothing


def _keeps_enabled(pool: Pool, case: Case) -> int:
    del case
    return pool.enabled


def _keeps_api(pool: Pool, case: Case) -> int:
    api = case.context.api
    return pool.all if api is None or pool.by_api is None else pool.by_api.get(api, 0)


def _keeps_account_only(pool: Pool, case: Case) -> int:
    only = case.context.account.only
    return pool.named(only) if only else pool.all


def _keeps_account_ignore(pool: Pool, case: Case) -> int:
    return pool.all & ~pool.named(case.context.account.ignore)


def _keeps_account_data_collection(pool: Pool, case: Case) -> int:
    return _denied(pool, case) if case.context.account.deny_data_collection else pool.all


def _keeps_account_training(pool: Pool, case: Case) -> int:
    return pool.no_training if case.context.account.deny_training else pool.all


def _keeps_account_zdr(pool: Pool, case: Case) -> int:
    return pool.retains_nothing if case.context.account.zdr else pool.all


def _keeps_only(pool: Pool, case: Case) -> int:
    only = case.preferences.only
    return pool.named(only) if only else pool.all


def _keeps_ignore(pool: Pool, case: Case) -> int:
    return pool.all & ~pool.named(case.preferences.ignore)


def _keeps_service_tier(pool: Pool, case: Case) -> int:
    by_tier = pool.by_tier
    special = by_tier.get("flex", 0) | by_tier.get("priority", 0)
    if not special:
        return pool.all
    mask = by_tier.get("default", 0)
    asked = case.request.shape.tier
    if asked == "flex":
        # flex alone, never the dearer default, for each model that has an enabled flex endpoint
        flex = by_tier.get("flex", 0)
        for of_model in pool.by_model.values():
            if of_model & flex & pool.enabled:
                mask &= ~of_model
        mask |= flex
    elif asked == "priority":
        mask |= by_tier.get("priority", 0)
    elif case.suffix is not None and asked != "default" and not case.preferences.order:
        mask |= by_tier.get(SUFFIX_TIER.get(case.suffix, "default"), 0)
    if case.preferences.order or case.preferences.only:
        # whose own slug is written out was asked for by name
        written = (*case.preferences.order, *case.preferences.only)
        named = {case.catalog.provider_named(slug) or slug for slug in written}
        for place in bits(pool.all & ~mask):
            slug = pool.endpoints[place].slug
            if slug in named or twin_slug(slug) in named:
                mask |= 1 << place
    return mask


def _keeps_data_collection(pool: Pool, case: Case) -> int:
    return _denied(pool, case) if case.preferences.deny_data_collection else pool.all


def _keeps_zdr(pool: Pool, case: Case) -> int:
    return pool.retains_nothing if case.preferences.zdr else pool.all


def _keeps_distillable(pool: Pool, case: Case) -> int:
    return pool.distillable if case.preferences.enforce_distillable_text else pool.all


def _keeps_quantizations(pool: Pool, case: Case) -> int:
    levels = case.preferences.quantizations
    if not levels:
        return pool.all
    mask = 0
    for level in levels:
        mask |= pool.by_quantization.get(level, 0)
    return mask


def _keeps_context_length(pool: Pool, case: Case) -> int:
    prompt = case.prompt_tokens or 0
    return pool.context_length.at_least(prompt + case.request.max_tokens) & pool.max_prompt_tokens.at_least(prompt)


def _keeps_max_tokens(pool: Pool, case: Case) -> int:
    return pool.all if not case.request.max_tokens else pool.max_output_tokens.at_least(case.request.max_tokens)


def _keeps_tools(pool: Pool, case: Case) -> int:
    return pool.by_parameter.get("tools", 0) if case.request.shape.tools else pool.all


def _asked_modalities(case: Case) -> frozenset[str]:
    modalities = case.request.shape.modalities
    # files work on any model, as the platform parses them, unless the gateway hands them over as they are
    return modalities if case.context.native_files else modalities - {"file"}


def _keeps_modality(pool: Pool, case: Case) -> int:
    return pool.accepting(_asked_modalities(case)) if case.request.shape.modalities else pool.all


def _keeps_require_parameters(pool: Pool, case: Case) -> int:
    if not case.preferences.require_parameters:
        return pool.all
    shape = case.request.shape
    mask = pool.supporting(shape.parameters)
    if shape.tool_choice:
        mask &= pool.by_parameter.get("tool_choice", 0)
    if shape.max_tokens:
        mask &= pool.supporting_any(MAX_TOKENS_KEYS)
    return mask


def _keeps_max_price(pool: Pool, case: Case) -> int:
    limits = case.preferences.max_price
    if limits is None:
        return pool.all
    mask = pool.all
    if limits.prompt is not None:
        mask &= pool.prompt_price.at_most(limits.prompt, missing_passes=False)
    if limits.completion is not None:
        mask &= pool.completion_price.at_most(limits.completion, missing_passes=False)
    if limits.request is not None:
        mask &= pool.request_price.at_most(limits.request, missing_passes=True)
    if limits.image is not None:
        mask &= pool.image_price.at_most(limits.image, missing_passes=True)
    return mask


def _keeps_byok_only(pool: Pool, case: Case) -> int:
    byok_only = case.context.byok_only
    if not byok_only:
        return pool.all
    return pool.all & ~shared_is_closed(pool, case) | keyed(pool, case)


def _keeps_affinity(pool: Pool, case: Case) -> int:
    affinity = affinity_of(case)
    return pool.all if affinity is None else affinity.keeps(pool, case)


def _keeps_fallbacks(pool: Pool, case: Case) -> int:
    preferences = case.preferences
    return pool.named(preferences.order) if preferences.order and not preferences.allow_fallbacks else pool.all


# --- each rule's words ------------------------------------------------------------------------------------------------------------------------


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(printable(name[:_SHOWN_LETTERS]) for name in names[:_SHOWN_NAMES])
    return f"[{shown}, … {len(names) - _SHOWN_NAMES} more]" if len(names) > _SHOWN_NAMES else f"[{shown}]"


def _detail_deny(endpoint: Endpoint, case: Case) -> str:
    policy = endpoint.data_policy
    trains = "trains on prompts" if policy.trains else "may train on prompts (policy unknown)" if policy.may_train else None
    retains = "retains prompts" if policy.retains else "may retain prompts (policy unknown)" if policy.may_retain else None
    if case.settings.deny_means == "training":
        retains = None
    return " and ".join(part for part in (trains, retains) if part)


def _detail_zdr(endpoint: Endpoint, case: Case) -> str:
    del case
    return "retains prompts" if endpoint.data_policy.retains else "retention unknown, taken as retaining"


def _detail_training(endpoint: Endpoint, case: Case) -> str:
    del case
    return "trains on prompts" if endpoint.data_policy.trains else "training unknown, taken as training"


def _detail_tier(endpoint: Endpoint, case: Case) -> str:
    asked = case.request.shape.tier
    return f"tier {endpoint.tier}, " + (f"and the request asks for {asked}" if asked in {"flex", "priority"} else "which the request does not ask for")


def _detail_parameters(endpoint: Endpoint, case: Case) -> str:
    shape, supported = case.request.shape, endpoint.supported_parameters
    missing = sorted(shape.parameters - supported)
    if shape.tool_choice and "tool_choice" not in supported:
        missing.append("tool_choice")
    if shape.max_tokens and supported.isdisjoint(MAX_TOKENS_KEYS):
        missing.append("max_tokens")
    return f"does not support {', '.join(missing)}"


def _detail_context(endpoint: Endpoint, case: Case) -> str:
    prompt, output = case.prompt_tokens or 0, case.request.max_tokens
    parts = []
    if endpoint.context_length is not None and prompt + output > endpoint.context_length:
        parts.append(f"prompt {prompt} + max_tokens {output} > context_length {endpoint.context_length} tokens")
    if endpoint.max_prompt_tokens is not None and prompt > endpoint.max_prompt_tokens:
        parts.append(f"prompt {prompt} > max_prompt_tokens {endpoint.max_prompt_tokens} tokens")
    return "; ".join(parts)


def _detail_max_price(endpoint: Endpoint, case: Case) -> str:
    limits, pricing = case.preferences.max_price, endpoint.pricing
    parts = []
    for name, (power, unit) in PRICE_LIMITS.items():
        limit = getattr(limits, name)
        if limit is None:
            continue
        price = None if pricing is None else getattr(pricing, name)
        if price is None:
            if name in {"prompt", "completion"}:
                parts.append(f"{name} price unknown, limit {_money(limit, power)} {unit}")
        elif price > limit:
            parts.append(f"{name} {_money(price, power)} > {_money(limit, power)} {unit}")
    return "; ".join(parts)


def _money(amount: int, power: int) -> str:
    text = f"{Decimal(amount).scaleb(-power):f}"
    whole, _, cents = text.partition(".")
    return f"{whole}.{cents.rstrip('0'):0<2}"


def _account(case: Case, **changes: Any) -> Case:  # noqa: ANN401 - the fields of Account
    return case.asking(account=attrs.evolve(case.context.account, **changes))


def _unlimited(case: Case) -> Case:
    return case.replace(request=attrs.evolve(case.request, max_tokens=0, shape=attrs.evolve(case.request.shape, max_tokens=False)))


def by_naming(case: Case) -> Case:
    """Return the case as it is: what lifts the rule for an endpoint is its own slug in ``order`` or ``only``."""
    return case


RULES: Final = (
    Rule(
        "disabled",
        "endpoints that the catalog disables",
        Reads.CATALOG,
        _keeps_enabled,
        lambda endpoint, case: "the catalog disables this endpoint",
        None,
    ),
    Rule(
        "api",
        "endpoints that do not offer the interface that the caller speaks",
        Reads.REQUEST,
        _keeps_api,
        lambda endpoint, case: f"offers {_listed(sorted(endpoint.apis or ()))}, not {case.context.api}",
        lambda case: case.asking(api=None),
    ),
    Rule(
        "account.only",
        "endpoints that the account's only does not name",
        Reads.ACCOUNT,
        _keeps_account_only,
        lambda endpoint, case: f"{endpoint.slug} not in {_listed(case.context.account.only)}",
        lambda case: _account(case, only=()),
    ),
    Rule(
        "account.ignore",
        "endpoints that the account's ignore names",
        Reads.ACCOUNT,
        _keeps_account_ignore,
        lambda endpoint, case: f"{endpoint.slug} in {_listed(case.context.account.ignore)}",
        lambda case: _account(case, ignore=()),
    ),
    Rule(
        "account.data_collection",
        "with the account's deny: endpoints that train on or store prompts",
        Reads.ACCOUNT,
        _keeps_account_data_collection,
        _detail_deny,
        lambda case: _account(case, deny_data_collection=False),
    ),
    Rule(
        "account.training",
        "with the account's deny_training: endpoints that train on prompts",
        Reads.ACCOUNT,
        _keeps_account_training,
        _detail_training,
        lambda case: _account(case, deny_training=False),
    ),
    Rule(
        "account.zdr",
        "with the account's zdr: endpoints that retain prompts",
        Reads.ACCOUNT,
        _keeps_account_zdr,
        _detail_zdr,
        lambda case: _account(case, zdr=False),
    ),
    Rule(
        "only",
        "endpoints that only does not name",
        Reads.REQUEST,
        _keeps_only,
        lambda endpoint, case: f"{endpoint.slug} not in {_listed(case.preferences.only)}",
        lambda case: case.preferring(only=()),
    ),
    Rule(
        "ignore",
        "endpoints that ignore names",
        Reads.REQUEST,
        _keeps_ignore,
        lambda endpoint, case: f"{endpoint.slug} in {_listed(case.preferences.ignore)}",
        lambda case: case.preferring(ignore=()),
    ),
    Rule(
        "service_tier",
        "endpoints of a service tier that nobody asked for",
        Reads.REQUEST,
        _keeps_service_tier,
        _detail_tier,
        by_naming,
    ),
    Rule(
        "data_collection",
        "with deny: endpoints that train on or store prompts",
        Reads.REQUEST,
        _keeps_data_collection,
        _detail_deny,
        lambda case: case.preferring(deny_data_collection=False),
    ),
    Rule(
        "zdr",
        "endpoints that retain prompts",
        Reads.REQUEST,
        _keeps_zdr,
        _detail_zdr,
        lambda case: case.preferring(zdr=False),
    ),
    Rule(
        "enforce_distillable_text",
        "endpoints whose author is not known to allow distillation",
        Reads.REQUEST,
        _keeps_distillable,
        lambda endpoint, case: "the author is not known to allow distillation",
        lambda case: case.preferring(enforce_distillable_text=False),
    ),
    Rule(
        "quantizations",
        "endpoints of another quantization level",
        Reads.REQUEST,
        _keeps_quantizations,
        lambda endpoint, case: f"{endpoint.quantization} not in {_listed(case.preferences.quantizations)}",
        lambda case: case.preferring(quantizations=()),
    ),
    Rule(
        "context_length",
        "endpoints that the prompt and the output asked for do not fit",
        Reads.NUMBERS,
        _keeps_context_length,
        _detail_context,
        lambda case: _unlimited(case).replace(prompt_tokens=None),
    ),
    Rule(
        "max_tokens",
        "endpoints that give no output so long",
        Reads.NUMBERS,
        _keeps_max_tokens,
        lambda endpoint, case: f"max_tokens {case.request.max_tokens} > max_output_tokens {endpoint.max_output_tokens} tokens",
        _unlimited,
    ),
    Rule(
        "tools",
        "endpoints without tools, where the request uses them",
        Reads.REQUEST,
        _keeps_tools,
        lambda endpoint, case: "does not support tools",
        lambda case: case.shaping(tools=False, tools_listed=False, tool_choice=False),
    ),
    Rule(
        "modality",
        "endpoints that do not accept an input modality of the messages",
        Reads.REQUEST,
        _keeps_modality,
        lambda endpoint, case: f"does not accept {', '.join(sorted(_asked_modalities(case) - endpoint.input_modalities))}",
        lambda case: case.shaping(modalities=frozenset()),
    ),
    Rule(
        "require_parameters",
        "with require_parameters true: endpoints that lack a parameter of the request, tool_choice and max_tokens among them",
        Reads.REQUEST,
        _keeps_require_parameters,
        _detail_parameters,
        lambda case: case.preferring(require_parameters=None),
    ),
    Rule(
        "max_price",
        "endpoints dearer than a limit; an equal price stays",
        Reads.REQUEST,
        _keeps_max_price,
        _detail_max_price,
        lambda case: case.preferring(max_price=None),
    ),
    Rule(
        "byok_only",
        "endpoints of providers that take the caller's keys only, where no key matches",
        Reads.KEYS,
        _keeps_byok_only,
        lambda endpoint, case: f"{endpoint.provider} takes the caller's own keys only, and no key matches",
        lambda case: case.asking(byok_only=()),
    ),
    Rule(
        "affinity",
        "endpoints of another provider, or without the credential, than made the response that the request goes on from",
        Reads.KEYS,
        _keeps_affinity,
        lambda endpoint, case: f"the earlier response was made by {affinity_of(case)}",
        lambda case: case.asking(affinity=None),
    ),
    Rule(
        "fallbacks_disabled",
        "with allow_fallbacks false and an order: endpoints that order does not name",
        Reads.REQUEST,
        _keeps_fallbacks,
        lambda endpoint, case: f"{endpoint.slug} not in order {_listed(case.preferences.order)}, and fallbacks are off",
        lambda case: case.preferring(allow_fallbacks=True),
    ),
)
"""Every hard filter, in the order in which rules are applied and reported."""
