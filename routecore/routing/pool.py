"""The endpoints of the asked models, compiled: each fact that a rule asks for is a bit mask over them.

Endpoints stand in ascending order of id, so that ascending bits are the canonical order of a draw and the order of the catalog's rows decides nothing.
A filter is then one ``&``, whatever the number of endpoints. A pool is built once for a catalog and a list of models, and only ever read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from routecore.catalog.endpoint import APIS, twin_slug
from routecore.request.context import NOMINAL_COMPLETION_TOKENS, NOMINAL_PROMPT_TOKENS
from routecore.routing.attempt import attempt_key
from routecore.routing.masks import Limits, cheapest_first, mask_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from decimal import Decimal

    from routecore.catalog.catalog import Catalog
    from routecore.catalog.endpoint import Endpoint

__all__ = ["Pool", "pool_of"]


_MOST_LISTS: Final = 1_000
_MOST_KEPT: Final = 100_000
"""Endpoints in the kept pools of several models together."""


def _masks(groups: Sequence[Iterable[str]]) -> dict[str, int]:
    places: dict[str, list[int]] = {}
    for place, names in enumerate(groups):
        for name in names:
            found = places.get(name)
            if found is None:
                places[name] = [place]
            else:
                found.append(place)
    size = len(groups)
    return {name: mask_of(found, size) for name, found in places.items()}


def _slugs_of(endpoint: Endpoint) -> set[str]:
    """Return the slugs that match an endpoint: its provider, its own, and its own with the tier in other words."""
    twin = twin_slug(endpoint.slug)
    return {endpoint.provider, endpoint.slug} if twin is None else {endpoint.provider, endpoint.slug, twin}


class Pool:
    """The endpoints of some models, indexed for the rules. ``models`` are the known ones, in the order asked."""

    __slots__ = (
        "_linear",
        "_rates",
        "all",
        "by_api",
        "by_modality",
        "by_model",
        "by_nominal_quote",
        "by_parameter",
        "by_quantization",
        "by_slug",
        "by_tier",
        "caching",
        "catalog",
        "catalog_order",
        "completion_price",
        "context_length",
        "distillable",
        "enabled",
        "endpoints",
        "ids",
        "image_price",
        "index_of",
        "max_output_tokens",
        "max_prompt_tokens",
        "memo",
        "model_position",
        "models",
        "no_training",
        "nominal_quotes",
        "priced_in_time",
        "prompt_price",
        "request_price",
        "retains_nothing",
        "rows",
        "shared_keys",
    )

    def __init__(self, models: tuple[str, ...], rows: Sequence[tuple[int, Endpoint]], catalog: Catalog) -> None:
        """Index ``rows``, (position in the catalog, endpoint) pairs."""
        ordered = sorted(rows, key=lambda row: row[1].id)
        endpoints = tuple(endpoint for _, endpoint in ordered)
        self.models = models
        self.memo: dict[int, Any] = {}
        self.rows = sorted(rows, key=lambda row: row[0])
        self.endpoints = endpoints
        self.ids = [endpoint.id for endpoint in endpoints]
        self.index_of = {endpoint_id: index for index, endpoint_id in enumerate(self.ids)}
        self.shared_keys = [attempt_key(endpoint_id, None) for endpoint_id in self.ids]
        self.catalog_order = sorted(range(len(ordered)), key=lambda index: ordered[index][0])
        position = {model: place for place, model in enumerate(models)}
        self.model_position = [position[endpoint.model] for endpoint in endpoints]
        self.all = (1 << len(endpoints)) - 1

        self.by_model = _masks([[endpoint.model] for endpoint in endpoints])
        self.catalog = catalog
        self.by_slug = _masks([_slugs_of(endpoint) for endpoint in endpoints])
        self.by_tier = _masks([[endpoint.tier] for endpoint in endpoints])
        # a closed interface is rare: an endpoint that states none offers all
        self.by_api = (
            _masks([APIS if endpoint.apis is None else endpoint.apis for endpoint in endpoints])
            if any(endpoint.apis is not None for endpoint in endpoints)
            else None
        )
        self.by_quantization = _masks([[endpoint.quantization] for endpoint in endpoints])
        self.by_parameter = _masks([endpoint.supported_parameters for endpoint in endpoints])
        self.by_modality = _masks([endpoint.input_modalities for endpoint in endpoints])
        self.enabled = self._where([not endpoint.disabled for endpoint in endpoints])
        self.retains_nothing = self._where([not endpoint.data_policy.may_retain for endpoint in endpoints])
        self.no_training = self._where([not endpoint.data_policy.may_train for endpoint in endpoints])
        self.distillable = self._where([endpoint.distillable for endpoint in endpoints])
        self.caching = self._where([endpoint.can_cache for endpoint in endpoints])

        self.context_length = Limits([endpoint.context_length for endpoint in endpoints])
        self.max_output_tokens = Limits([endpoint.max_output_tokens for endpoint in endpoints])
        self.max_prompt_tokens = Limits([endpoint.max_prompt_tokens for endpoint in endpoints])
        prices = [endpoint.pricing for endpoint in endpoints]
        self.prompt_price = Limits([None if price is None else price.prompt for price in prices])
        self.completion_price = Limits([None if price is None else price.completion for price in prices])
        self.request_price = Limits([None if price is None else price.request for price in prices])
        self.image_price = Limits([None if price is None else price.image for price in prices])
        self.priced_in_time = any(price is not None and price.timed for price in prices)
        self._rates = [None if price is None else price.linear for price in prices]
        self._linear = all(
            rates is not None or price is None or (not price.overrides and price.quote_femtodollars(0, 0) is None)
            for rates, price in zip(self._rates, prices, strict=True)
        )
        self.nominal_quotes = self.quotes(NOMINAL_PROMPT_TOKENS, NOMINAL_COMPLETION_TOKENS, None)
        self.by_nominal_quote = cheapest_first(self.nominal_quotes)

    @staticmethod
    def _where(flags: Sequence[bool]) -> int:
        return mask_of([place for place, flag in enumerate(flags) if flag], len(flags))

    def named(self, slugs: Iterable[str]) -> int:
        """Return the mask of the endpoints that any of ``slugs`` (a provider, or one endpoint's slug) names."""
        mask = 0
        for slug in slugs:
            mask |= self.of_slug(slug)
        return mask

    def of_slug(self, slug: str) -> int:
        """Return the mask of the endpoints that one slug, or a provider's display name, matches."""
        mask = self.by_slug.get(slug)
        if mask is not None:
            return mask
        provider = self.catalog.provider_named(slug)
        return 0 if provider is None else self.by_slug.get(provider, 0)

    def of_models(self, models: Iterable[str]) -> int:
        """Return the mask of the endpoints of ``models``."""
        mask = 0
        for model in models:
            mask |= self.by_model.get(model, 0)
        return mask

    def supporting(self, parameters: Iterable[str]) -> int:
        """Return the mask of the endpoints that support every one of ``parameters``."""
        mask = self.all
        for name in parameters:
            mask &= self.by_parameter.get(name, 0)
        return mask

    def supporting_any(self, parameters: Iterable[str]) -> int:
        """Return the mask of the endpoints that support at least one of ``parameters``."""
        mask = 0
        for name in parameters:
            mask |= self.by_parameter.get(name, 0)
        return mask

    def accepting(self, modalities: Iterable[str]) -> int:
        """Return the mask of the endpoints that accept every one of ``modalities`` as input."""
        mask = self.all
        for name in modalities:
            mask &= self.by_modality.get(name, 0)
        return mask

    def quotes(self, prompt_tokens: int, completion_tokens: int, now: float | None) -> list[int | Decimal | None]:
        """Return each endpoint's expected price of a cold request, in femtodollars, exact; ``None`` where a price is unknown."""
        if self._linear:
            # the common case, without a call for each endpoint: flat prices are a multiplication and an addition
            return [None if rates is None else rates[0] * prompt_tokens + rates[1] * completion_tokens + rates[3] for rates in self._rates]
        return [
            None if (pricing := endpoint.pricing) is None else pricing.quote_femtodollars(prompt_tokens, completion_tokens, 0, now)
            for endpoint in self.endpoints
        ]


def pool_of(catalog: Catalog, models: tuple[str, ...]) -> Pool:
    """Return the pool of ``models`` (all known to the catalog), from the catalog's memo where it was built before.

    The memo is bounded: a pool for each model, and lists of models as long as they hold no more than 100,000 endpoints together.
    """
    single = len(models) == 1
    memo: dict[tuple[str, ...], Pool] = catalog.pools if single else catalog.list_pools
    pool = memo.get(models)
    if pool is None:
        pool = Pool(models, [row for model in models for row in catalog.rows(model)], catalog)
        # counting costs a look at each kept pool, so it is done once in a while
        if not single and len(memo) % 64 == 63 and (len(memo) > _MOST_LISTS or sum(len(kept.endpoints) for kept in list(memo.values())) > _MOST_KEPT):
            memo.clear()
        memo[models] = pool
    return pool
