"""A LiteLLM router's ``model_list`` as a catalog: its deployments as endpoints, and which is which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

from routecore.adapters.imported import Rows
from routecore.adapters.litellm_cards import read_cards
from routecore.adapters.litellm_prices import spelling_of
from routecore.adapters.oddities import Oddities, Oddity
from routecore.errors import Fault
from routecore.reading.checks import lower, whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from routecore.catalog.catalog import Catalog

__all__ = ["Deployments", "read_model_list"]

_LIMITS: Final = (("rpm", "requests_per_minute"), ("tpm", "tokens_per_minute"), ("max_parallel_requests", "max_in_flight"))
_UNREAD: Final = {
    "weight": "the draw goes by prices, statistics and capacity; a weight is none of these: unread",
    "max_budget": "budgets are LiteLLM's: unread",
    "budget_duration": "budgets are LiteLLM's: unread",
}
_PARAMETERS: Final = {
    "supports_function_calling": ("tools",),
    "supports_tool_choice": ("tool_choice",),
    "supports_parallel_function_calling": ("parallel_tool_calls",),
    "supports_response_schema": ("response_format", "structured_outputs"),
    "supports_reasoning": ("reasoning", "include_reasoning"),
}


@attrs.frozen
class Deployments:
    """A model list as a catalog. ``by_endpoint`` maps an endpoint's id to its deployment, ``endpoint_of`` a deployment's id (``model_info.id``) to its endpoint's.

    ``orders`` and ``tags`` are by endpoint's id; ``oddities`` say what of the list is not read.
    """

    catalog: Catalog
    by_endpoint: Mapping[str, Any]
    endpoint_of: Mapping[str, str]
    orders: Mapping[str, int]
    tags: Mapping[str, frozenset[str]]
    oddities: tuple[Oddity, ...]


def read_model_list(model_list: Iterable[Any], model_cost: Mapping[str, Any] | None = None, *, policies: object = None) -> Deployments:
    """Return the deployments of a LiteLLM router as endpoints.

    Args:
        model_list: ``litellm.Router(...).model_list``: rows with ``model_name``, ``litellm_params`` and ``model_info``, as mappings or as LiteLLM's objects.
        model_cost: LiteLLM's price map (``litellm.model_cost``), for what a row does not say itself: prices, lengths, parameters.
        policies: A table of data policies, slug -> ``{"trains": bool, "retains": bool}``.

    Returns:
        Endpoints named ``model_name@provider`` (or ``model_name@provider/region``), twins numbered. ``rpm``, ``tpm`` and ``max_parallel_requests`` become ``limits``;
        ``order`` and ``tags`` are kept beside; ``weight`` and budgets are named as unread.

    Raises:
        CatalogError: No row can be read, with a fault for each.

    Example:
        >>> row = {"model_name": "gpt", "litellm_params": {"model": "azure/gpt-4o", "rpm": 60, "region_name": "eu"}, "model_info": {"id": "d1"}}
        >>> found = read_model_list([row])
        >>> [endpoint.id for endpoint in found.catalog], found.endpoint_of["d1"]
        (['gpt@azure/eu'], 'gpt@azure/eu')
    """
    odd = Oddities()
    rows = Rows(odd, None, policies)
    by_endpoint: dict[str, Any] = {}
    endpoint_of: dict[str, str] = {}
    orders: dict[str, int] = {}
    tags: dict[str, frozenset[str]] = {}
    count = 0
    for index, one in enumerate(model_list):
        count += 1
        where = f"model_list[{index}]"
        deployment = _plain(one)
        params = _plain(deployment.get("litellm_params"))
        info = _plain(deployment.get("model_info"))
        model, upstream = deployment.get("model_name"), params.get("model")
        if not isinstance(model, str) or not isinstance(upstream, str):
            rows.refused.append(Fault(where, one, "a deployment: 'model_name', and 'litellm_params' with 'model'"))
            continue
        known = _known(upstream, info, params, model_cost or {})
        row = _row(model, upstream, params, info, known, where, odd)
        endpoint = rows.add(where, row)
        by_endpoint[endpoint] = one
        if isinstance(info.get("id"), str):
            endpoint_of[info["id"]] = endpoint
        order = params.get("order")
        if isinstance(order, int) and not isinstance(order, bool):
            orders[endpoint] = order
        if isinstance(params.get("tags"), list):
            tags[endpoint] = frozenset(tag for tag in params["tags"] if isinstance(tag, str))
        for field, why in _UNREAD.items():
            if params.get(field) is not None:
                odd.note(where, field, params[field], why)
    result = rows.result(rows_read=count)
    kept = result.catalog()
    return Deployments(
        catalog=kept,
        by_endpoint={endpoint: one for endpoint, one in by_endpoint.items() if endpoint in kept},
        endpoint_of={name: endpoint for name, endpoint in endpoint_of.items() if endpoint in kept},
        orders=orders,
        tags=tags,
        oddities=(*result.oddities, *(Oddity(fault.path, "deployment", fault.value, f"not {fault.expected}: left out") for fault in result.refused)),
    )


def _plain(value: Any) -> dict[str, Any]:  # noqa: ANN401 - LiteLLM's mappings and its pydantic objects
    """Return a row's fields, whatever carries them."""
    if isinstance(value, dict):
        return value
    dump = getattr(value, "model_dump", None)
    return dump(exclude_none=True) if callable(dump) else {}


def _known(upstream: str, info: Mapping[str, Any], params: Mapping[str, Any], model_cost: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is known of a model: the price map's row, and over it what the deployment says itself."""
    base = info.get("base_model") or params.get("base_model")
    names: Sequence[object] = (base, upstream, upstream.partition("/")[2])
    found: dict[str, Any] = next((model_cost[name] for name in names if isinstance(name, str) and isinstance(model_cost.get(name), dict)), {})
    own = {key: value for source in (info, params) for key, value in source.items() if value is not None and ("cost" in key or key in _OVERRIDES)}
    return {**found, **own}


_OVERRIDES: Final = frozenset({"max_input_tokens", "max_output_tokens", "tiered_pricing", *_PARAMETERS})


def _row(model: str, upstream: str, params: Mapping[str, Any], info: Mapping[str, Any], known: Mapping[str, Any], where: str, odd: Oddities) -> dict[str, Any]:
    stated = params.get("custom_llm_provider") or known.get("litellm_provider") or upstream.partition("/")[0]
    spelling = spelling_of(upstream, str(stated))
    region = params.get("region_name")
    slug = f"{spelling.provider}/{lower(region)}" if isinstance(region, str) and region else spelling.slug
    row: dict[str, Any] = {"model": model, "provider": spelling.provider, "slug": slug, "extra": {"deployment": info.get("id"), "model": upstream}}
    for ours, theirs in (("context_length", "max_input_tokens"), ("max_output_tokens", "max_output_tokens")):
        limit = whole(known.get(theirs))
        if limit:
            row[ours] = limit
    row["supported_parameters"] = [name for flag, names in _PARAMETERS.items() if known.get(flag) is True for name in names]
    row["input_modalities"] = sorted({"text", *({"image"} if known.get("supports_vision") is True else ()), *_listed(known.get("supported_modalities"))})
    limits = {ours: limit for theirs, ours in _LIMITS if (limit := whole(params.get(theirs)))}
    if limits:
        row["limits"] = limits
    prices, _ = read_cards(known, where, odd)
    return row if prices is None else {**row, "pricing": prices}


def _listed(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
