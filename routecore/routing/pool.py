"""The endpoints of the asked models, compiled: each fact that a rule asks for is a bit mask over them.

Endpoints stand in ascending order of id, so that ascending bits are the canonical order of a draw and the order of the catalog's rows decides nothing.
A filter is then one ``&``, whatever the number of endpoints. A pool is built once for a catalog and a list of models, and only ever read.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Any, Final

from routecore.routing.attempt import attempt_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from decimal import Decimal

    from routecore.catalog.catalog import Catalog, Endpoint

__all__ = ["Pool", "bits", "pool_of"]

NOMINAL_PROMPT_TOKENS: Final = 3_000
NOMINAL_COMPLETION_TOKENS: Final = 1_000
"""The request that is priced where the context gives no estimate."""

INFINITE: Final = float("inf")
_SHORT: Final = 256
_MOST_BITS: Final = 1 << 22
_MOST_LISTS: Final = 1_000
_MOST_KEPT: Final = 100_000
"""Endpoints in the kept pools of several models together."""


def bits(mask: int) -> list[int]:
    """Return the set bits of ``mask``, ascending, in time linear in its length.

    >>> bits(0b1011)
    [0, 1, 3]
    """
    found = []
    if mask.bit_length() <= _SHORT:
        while mask:
            low = mask & -mask
            found.append(low.bit_length() - 1)
            mask ^= low
        return found
    digits = bin(mask)[:1:-1]
    place = digits.find("1")
    while place >= 0:
        found.append(place)
        place = digits.find("1", place + 1)
    return found


def mask_of(places: Iterable[int], size: int) -> int:
    """Return the mask with a bit set at each of ``places``, all below ``size``, in time linear in the size.

    >>> bin(mask_of([0, 1, 3], 4))
    '0b1011'
    """
    digits = bytearray(b"0") * (size or 1)
    for place in places:
        digits[-1 - place] = 49  # "1"
    return int(digits, 2)


def cheapest_first(quotes: Sequence[int | Decimal | None]) -> list[int]:
    """Return the places of ``quotes``, the lowest first, unknown ones last; equal ones keep their order.

    >>> cheapest_first([3, None, 1, 3])
    [2, 0, 3, 1]
    """
    # an unknown price is above every price, and infinity compares exactly with ints and decimals
    keys = [INFINITE if quote is None else quote for quote in quotes]
    return sorted(range(len(keys)), key=keys.__getitem__)


class Limits:
    """Numbers of a pool's endpoints, sorted, to ask "who has at least (at most) so much?" with one bisection.

    A mask is kept for each distinct number, as long as they take little room together; for a huge pool masks are made when asked for.
    """

    __slots__ = ("_below", "_missing", "_order", "_present", "_size", "_values")

    def __init__(self, numbers: Sequence[int | None]) -> None:
        order = sorted((value, place) for place, value in enumerate(numbers) if value is not None)
        size = len(numbers)
        self._size = size
        self._values = [value for value, _ in order]
        self._order = [place for _, place in order]
        self._missing = mask_of([place for place, value in enumerate(numbers) if value is None], size)
        self._present = mask_of(self._order, size)
        self._below: dict[int, int] | None = {0: 0}
        mask = 0
        for count, (value, place) in enumerate(order, 1):
            mask |= 1 << place
            if count == len(order) or order[count][0] != value:
                self._below[count] = mask
            if len(self._below) * size > _MOST_BITS:
                self._below = None
                break

    def _lowest(self, count: int) -> int:
        """Return the mask of the ``count`` lowest numbers; a count between equal numbers is never asked for."""
        return mask_of(self._order[:count], self._size) if self._below is None else self._below[count]

    def at_least(self, number: int) -> int:
        """Return the mask of those with ``number`` or more; a missing limit does not limit."""
        return (self._present & ~self._lowest(bisect_left(self._values, number))) | self._missing

    def at_most(self, number: int, *, missing_passes: bool) -> int:
        """Return the mask of those with ``number`` or less."""
        found = self._lowest(bisect_right(self._values, number))
        return found | self._missing if missing_passes else found


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


class Pool:
    """The endpoints of some models, indexed for the rules. ``models`` are the known ones, in the order asked."""

    __slots__ = (
        "_linear",
        "_rates",
        "all",
        "by_modality",
        "by_model",
        "by_nominal_quote",
        "by_parameter",
        "by_quantization",
        "by_slug",
        "caching",
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

    def __init__(self, models: tuple[str, ...], rows: Sequence[tuple[int, Endpoint]]) -> None:
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
        self.by_slug = _masks([{endpoint.provider, endpoint.slug} for endpoint in endpoints])
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
            rates is not None or price is None or (not price.overrides and price.quote(0, 0) is None) for rates, price in zip(self._rates, prices, strict=True)
        )
        self.nominal_quotes = self.quotes(NOMINAL_PROMPT_TOKENS, NOMINAL_COMPLETION_TOKENS, None)
        self.by_nominal_quote = cheapest_first(self.nominal_quotes)

    @staticmethod
    def _where(flags: Sequence[bool]) -> int:
        return mask_of([place for place, flag in enumerate(flags) if flag], len(flags))

    def named(self, slugs: Iterable[str]) -> int:
        """Return the mask of the endpoints that any of ``slugs`` (a provider, or one endpoint's slug) names."""
        mask = 0
        by_slug = self.by_slug
        for slug in slugs:
            mask |= by_slug.get(slug, 0)
        return mask

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
        return [None if (pricing := endpoint.pricing) is None else pricing.quote(prompt_tokens, completion_tokens, 0, now) for endpoint in self.endpoints]


def pool_of(catalog: Catalog, models: tuple[str, ...]) -> Pool:
    """Return the pool of ``models`` (all known to the catalog), from the catalog's memo where it was built before.

    The memo is bounded: a pool for each model, and lists of models as long as they hold no more than 100,000 endpoints together.
    """
    single = len(models) == 1
    memo: dict[tuple[str, ...], Pool] = catalog.pools if single else catalog.list_pools
    pool = memo.get(models)
    if pool is None:
        pool = Pool(models, [row for model in models for row in catalog.rows(model)])
        # counting costs a look at each kept pool, so it is done once in a while
        if not single and len(memo) % 64 == 63 and (len(memo) > _MOST_LISTS or sum(len(kept.endpoints) for kept in list(memo.values())) > _MOST_KEPT):
            memo.clear()
        memo[models] = pool
    return pool
