"""The named hard filters: what removes an endpoint, in which order, and in which words.

``RULES`` is the table, in the order in which rules are applied and reported; each says which endpoints of a pool it keeps (one bit mask) and,
when asked, why it does not keep one. Eligibility only removes endpoints.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from routecore.request.preferences import Account
from routecore.routing.pool import mask_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from routecore.catalog.catalog import Endpoint
    from routecore.request.context import ByokKey
    from routecore.routing.case import Case
    from routecore.routing.pool import Pool

__all__ = ["RULES", "Eligibility", "Rejection", "Rule", "examine", "filters", "fits"]

MAX_RELAXATIONS: Final = 5
_SHOWN_NAMES: Final = 8


class Rule(NamedTuple):
    """One hard filter: its name on the wire, the mask that it keeps, and its reason against one endpoint in words."""

    name: str
    keeps: Callable[[Pool, Case], int]
    detail: Callable[[Endpoint, Case], str]
    of_request: bool = True
    """Whether the request could lift the rule; ``disabled`` and the account's policy stand whatever is asked."""


class Rejection(NamedTuple):
    """An endpoint that is not eligible, with every rule that it fails, in the table's order, and each rule's reason."""

    endpoint: Endpoint
    rules: tuple[str, ...]
    details: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the rejection as the wire's object."""
        return {"endpoint": self.endpoint.id, "rules": list(self.rules), "details": list(self.details)}


# --- each rule's mask -------------------------------------------------------------------------------------------------------------------------


def _denied(pool: Pool, case: Case) -> int:
    """Return who passes ``deny``: no training, and (unless deny is set to mean training alone) no retention."""
    return pool.no_training if case.settings.deny_means == "training" else pool.no_training & pool.retains_nothing


def _keeps_enabled(pool: Pool, case: Case) -> int:
    del case
    return pool.enabled


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
    return pool.max_output_tokens.at_least(case.request.max_tokens)


def _keeps_tools(pool: Pool, case: Case) -> int:
    return pool.by_parameter.get("tools", 0) if case.request.shape.tools else pool.all


def _asked_modalities(case: Case) -> frozenset[str]:
    modalities = case.request.shape.modalities
    # files work on any model, as the platform parses them, unless the gateway hands them over as they are
    return modalities if case.context.native_files else modalities - {"file"}


def _keeps_modality(pool: Pool, case: Case) -> int:
    return pool.accepting(_asked_modalities(case)) if case.request.shape.modalities else pool.all


def _keeps_require_parameters(pool: Pool, case: Case) -> int:
    return pool.supporting(case.request.shape.parameters) if case.preferences.require_parameters else pool.all


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


def _keeps_fallbacks(pool: Pool, case: Case) -> int:
    preferences = case.preferences
    return pool.named(preferences.order) if preferences.order and not preferences.allow_fallbacks else pool.all


def shared_is_closed(pool: Pool, case: Case) -> int:
    """Return the mask of the endpoints whose provider takes the caller's keys only. Names of providers, not of variants."""
    closed = set(case.context.byok_only)
    return mask_of([place for place, endpoint in enumerate(pool.endpoints) if endpoint.provider in closed], len(pool.endpoints))


def keyed_by(pool: Pool, key: ByokKey) -> int:
    """Return the mask of the endpoints that one key holds for: those its slug names, of its models or of all."""
    return pool.named((key.slug,)) & (pool.of_models(key.models) if key.models else pool.all)


def keyed(pool: Pool, case: Case) -> int:
    """Return the mask of the endpoints that some key of the context holds for."""
    mask = 0
    for key in case.context.byok:
        mask |= keyed_by(pool, key)
    return mask


# --- each rule's words ------------------------------------------------------------------------------------------------------------------------


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_SHOWN_NAMES])
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


def _detail_context(endpoint: Endpoint, case: Case) -> str:
    prompt, output = case.prompt_tokens or 0, case.request.max_tokens
    parts = []
    if endpoint.context_length is not None and prompt + output > endpoint.context_length:
        parts.append(f"prompt {prompt} + max_tokens {output} > context_length {endpoint.context_length} tokens")
    if endpoint.max_prompt_tokens is not None and prompt > endpoint.max_prompt_tokens:
        parts.append(f"prompt {prompt} > max_prompt_tokens {endpoint.max_prompt_tokens} tokens")
    return "; ".join(parts)


_PRICE_UNITS: Final = (("prompt", 9, "USD/Mtok"), ("completion", 9, "USD/Mtok"), ("request", 15, "USD/request"), ("image", 15, "USD/image"))


def _detail_max_price(endpoint: Endpoint, case: Case) -> str:
    limits, pricing = case.preferences.max_price, endpoint.pricing
    parts = []
    for name, power, unit in _PRICE_UNITS:
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


RULES: Final = (
    Rule("disabled", _keeps_enabled, lambda endpoint, case: "the catalog disables this endpoint", of_request=False),
    Rule("account.only", _keeps_account_only, lambda endpoint, case: f"{endpoint.slug} not in {_listed(case.context.account.only)}", of_request=False),
    Rule("account.ignore", _keeps_account_ignore, lambda endpoint, case: f"{endpoint.slug} in {_listed(case.context.account.ignore)}", of_request=False),
    Rule("account.data_collection", _keeps_account_data_collection, _detail_deny, of_request=False),
    Rule("account.training", _keeps_account_training, _detail_training, of_request=False),
    Rule("account.zdr", _keeps_account_zdr, _detail_zdr, of_request=False),
    Rule("only", _keeps_only, lambda endpoint, case: f"{endpoint.slug} not in {_listed(case.preferences.only)}"),
    Rule("ignore", _keeps_ignore, lambda endpoint, case: f"{endpoint.slug} in {_listed(case.preferences.ignore)}"),
    Rule("data_collection", _keeps_data_collection, _detail_deny),
    Rule("zdr", _keeps_zdr, _detail_zdr),
    Rule("enforce_distillable_text", _keeps_distillable, lambda endpoint, case: "the author is not known to allow distillation"),
    Rule(
        "quantizations",
        _keeps_quantizations,
        lambda endpoint, case: f"{endpoint.quantization} not in {_listed(case.preferences.quantizations)}",
    ),
    Rule("context_length", _keeps_context_length, _detail_context),
    Rule(
        "max_tokens",
        _keeps_max_tokens,
        lambda endpoint, case: f"max_tokens {case.request.max_tokens} > max_output_tokens {endpoint.max_output_tokens} tokens",
    ),
    Rule("tools", _keeps_tools, lambda endpoint, case: "does not support tools"),
    Rule(
        "modality",
        _keeps_modality,
        lambda endpoint, case: f"does not accept {', '.join(sorted(_asked_modalities(case) - endpoint.input_modalities))}",
    ),
    Rule(
        "require_parameters",
        _keeps_require_parameters,
        lambda endpoint, case: f"does not support {', '.join(sorted(case.request.shape.parameters - endpoint.supported_parameters))}",
    ),
    Rule("max_price", _keeps_max_price, _detail_max_price),
    Rule("byok_only", _keeps_byok_only, lambda endpoint, case: f"{endpoint.provider} takes the caller's own keys only, and no key matches"),
    Rule(
        "fallbacks_disabled",
        _keeps_fallbacks,
        lambda endpoint, case: f"{endpoint.slug} not in order {_listed(case.preferences.order)}, and fallbacks are off",
    ),
)
"""Every hard filter, in the order in which rules are applied and reported."""

_LIVE: Final = frozenset({"context_length", "max_tokens", "byok_only"})
_OF_ACCOUNT: Final = tuple(rule.keeps for rule in RULES if rule.name.startswith("account."))
_COMPILED: Final = tuple(rule.keeps for rule in RULES if rule.name not in _LIVE and not rule.name.startswith("account."))
_NO_ACCOUNT: Final = Account()


# --- what decisions ask -----------------------------------------------------------------------------------------------------------------------


def filters(pool: Pool, case: Case) -> int:
    """Return the mask that the compiled rules keep: all but those that read token counts or credentials."""
    mask = pool.all
    for keeps in _COMPILED:
        mask &= keeps(pool, case)
    if case.context.account != _NO_ACCOUNT:
        for keeps in _OF_ACCOUNT:
            mask &= keeps(pool, case)
    return mask


def fits(pool: Pool, case: Case) -> int:
    """Return the mask that the live rules keep: those that read token counts or credentials."""
    mask = _keeps_context_length(pool, case)
    if case.request.max_tokens:
        mask &= _keeps_max_tokens(pool, case)
    if case.context.byok_only:
        mask &= _keeps_byok_only(pool, case)
    return mask


class Eligibility(NamedTuple):
    """The explained form of eligibility: the kept mask, the funnel, every rejection in catalog order, and the relaxations."""

    mask: int
    funnel: tuple[tuple[str, int], ...]
    rejections: tuple[Rejection, ...]
    relaxations: tuple[tuple[str, ...], ...]


def examine(case: Case) -> Eligibility:
    """Apply every rule to every endpoint and keep the account of it.

    ``relaxations`` are the minimal sets of rules whose lifting would let an endpoint through: by size, then by their sorted names, at most 5.
    """
    pool = case.pool
    masks = [rule.keeps(pool, case) for rule in RULES]
    left = pool.all
    funnel = [("catalog", left.bit_count())]
    for rule, mask in zip(RULES, masks, strict=True):
        after = left & mask
        if after != left:
            funnel.append((rule.name, after.bit_count()))
        left = after
    rejections = []
    sets: set[frozenset[str]] = set()
    for index in pool.catalog_order:
        if left >> index & 1:
            continue
        endpoint = pool.endpoints[index]
        failed = [rule for rule, mask in zip(RULES, masks, strict=True) if not mask >> index & 1]
        rejections.append(Rejection(endpoint, tuple(rule.name for rule in failed), tuple(rule.detail(endpoint, case) for rule in failed)))
        if all(rule.of_request for rule in failed):
            sets.add(frozenset(rule.name for rule in failed))
    return Eligibility(left, tuple(funnel), tuple(rejections), _minimal(sets))


def _minimal(sets: set[frozenset[str]]) -> tuple[tuple[str, ...], ...]:
    minimal = [one for one in sets if not any(other < one for other in sets)]
    minimal.sort(key=lambda one: (len(one), sorted(one)))
    return tuple(tuple(rule.name for rule in RULES if rule.name in one) for one in minimal[:MAX_RELAXATIONS])
