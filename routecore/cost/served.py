"""Which endpoint served a row of a log; prices are never guessed from another provider's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from routecore.errors import Fault, InvalidRequest
from routecore.reading.checks import lower

if TYPE_CHECKING:
    from collections.abc import Mapping

    from routecore.catalog.catalog import Catalog
    from routecore.catalog.endpoint import Endpoint

__all__ = ["served_by"]

_NO_SLUG: Final = re.compile(r"[^a-z0-9/]+")
_DATE: Final = re.compile(r"-(20[0-9]{6}|20[0-9]{2}-[0-9]{2}-[0-9]{2})(?=$|:)")
_MOST_NAMED: Final = 10
"""So many of the endpoints that were meant are named in a fault."""


def served_by(row: Mapping[str, Any], catalog: Catalog) -> Endpoint:
    """Return the one endpoint that ``row`` names by ``endpoint``, or by ``model`` with ``provider`` or ``slug``.

    A provider may be named by its slug, by its display name (``Amazon Bedrock`` is ``amazon-bedrock``) or by a variant. A model that the catalog does not have is
    looked for with its provider before it (``openai/gpt-5``), with its ``variant`` after it (``:free``), and without the date of a snapshot (``-20260910``).

    Raises ``InvalidRequest`` where that is no endpoint, or more than one.
    """
    named = row.get("endpoint")
    if isinstance(named, str):
        found = catalog.get(named) or catalog.get(lower(named))
        if found is not None:
            return found
        raise InvalidRequest([Fault("endpoint", named, "the id of an endpoint of the catalog")])
    slug, provider = row.get("slug"), row.get("provider")
    model = row.get("model") if row.get("model") is not None else row.get("modelVersion")
    offers = _offers(model, provider, row.get("variant"), catalog)
    if not offers:
        raise InvalidRequest([Fault("model", model, "a model of the catalog")])
    for path, value, attribute in (("slug", slug, "slug"), ("provider", provider, "provider")):
        if value is None:
            continue
        kept = _named(value, attribute, offers)
        if not kept:
            raise InvalidRequest([Fault(path, value, f"one of {_names(offers)}, which serve {model!r}")])
        offers = kept
    if len(offers) > 1:
        # the provider's plain slug is the endpoint itself, not one of its variants
        plain_ones = [endpoint for endpoint in offers if endpoint.slug == endpoint.provider] if provider is not None else []
        if len(plain_ones) != 1:
            raise InvalidRequest([Fault("slug" if provider is not None else "provider", slug, f"given: {model!r} is served by {_names(offers)}")])
        offers = plain_ones
    return offers[0]


def _offers(model: object, provider: object, variant: object, catalog: Catalog) -> list[Endpoint]:
    if not isinstance(model, str):
        return []
    ending = f":{variant}" if isinstance(variant, str) and variant and variant != "standard" and ":" not in model else ""
    spellings = [f"{model}{ending}", model]
    if isinstance(provider, str) and "/" not in model:
        spellings.append(f"{lower(provider)}/{model}")
    spellings.extend([_DATE.sub("", spelling) for spelling in spellings])
    for spelling in spellings:
        offers = [endpoint for _, endpoint in catalog.rows(spelling)]
        if offers:
            return offers
    return []


def _named(value: object, attribute: str, offers: list[Endpoint]) -> list[Endpoint]:
    if not isinstance(value, str):
        return []
    written = lower(value)
    kept = [endpoint for endpoint in offers if getattr(endpoint, attribute) == written]
    # a provider that names its variant, as logs do
    kept = kept or [endpoint for endpoint in offers if endpoint.slug == written]
    # a display name: other letters than a slug's are its dashes
    meant = _NO_SLUG.sub("", written)
    return kept or [endpoint for endpoint in offers if meant and _NO_SLUG.sub("", getattr(endpoint, attribute)) == meant]


def _names(offers: list[Endpoint]) -> str:
    more = len(offers) - _MOST_NAMED
    return ", ".join(endpoint.slug for endpoint in offers[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
