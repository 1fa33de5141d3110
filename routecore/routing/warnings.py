"""Warnings: what a caller should know although it is no error. Computed when asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from routecore.errors import Warned
from routecore.reading.checks import HINTS, nearest
from routecore.safe_text import shown_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from routecore.routing.attempt import Attempt
    from routecore.routing.case import Case

MOST_SLUGS: Final = 100
"""Slugs of a request that warnings look at one by one."""

__all__ = ["WARNINGS", "warnings_of"]

WARNINGS: Final = {
    "models_as_string": "`models` is a string; it was read as a list of one name",
    "unknown_model": "the catalog does not know a model of the list; it was passed over",
    "unmatched_slug": "a slug of `order`, `only` or `ignore` matches no endpoint of the asked models",
    "display_name": "the display name of a provider was taken for its slug",
    "rising_throughput": "throughput rises from p50 to p99, so it speaks of the best requests: only its p50 was used",
    "ignored_parameter": "the first attempt does not support a parameter of the request, and will ignore it",
    "unknown_price": "an endpoint of the plan has no prompt or no completion price, so its expected price is not known",
}
"""Every warning code with its meaning."""


def warnings_of(case: Case, ranked: Sequence[Attempt]) -> tuple[Warned, ...]:
    """Return the warnings of a case and its ranked attempts (none where nothing is eligible), in the order of ``WARNINGS``."""
    return (*_models(case), *_slugs(case), *_names(case), *_throughput(case), *_parameters(case, ranked), *_prices(case, ranked))


def _models(case: Case) -> Iterator[Warned]:
    if case.request.models_as_string:
        yield Warned("models_as_string", "models", "models is a string; write it as a list of names")
    for place, (name, path) in enumerate(case.unknown_models[:MOST_SLUGS]):
        near = nearest(name, case.catalog.models) if place < HINTS else []
        hint = f"; did you mean {', '.join(map(repr, near))}?" if near else ""
        yield Warned("unknown_model", path, f"the catalog has no model {shown_name(name)}{hint}")


def _slugs(case: Case) -> Iterator[Warned]:
    known = case.pool.by_slug
    hints = HINTS
    shown = MOST_SLUGS
    for key in ("order", "only", "ignore"):
        for place, slug in enumerate(getattr(case.preferences, key)):
            if slug in known or case.pool.of_slug(slug):
                continue
            if shown == 0:
                yield Warned("unmatched_slug", f"provider.{key}", f"more slugs than {MOST_SLUGS} match no endpoint of the asked models; the rest is not listed")
                return
            shown -= 1
            near = nearest(slug, known, most=1) if hints > 0 else []
            hints -= 1
            hint = f"; did you mean {near[0]!r}?" if near else ""
            yield Warned("unmatched_slug", f"provider.{key}[{place}]", f"no endpoint of the asked models is {shown_name(slug)}{hint}")


def _names(case: Case) -> Iterator[Warned]:
    """Yield the display names that stand for a provider, in the order in which the request is read: context, then block."""
    context, preferences = case.context, case.preferences
    named = case.catalog.provider_named
    for path, slugs in (
        ("context.account.only", context.account.only),
        ("context.account.ignore", context.account.ignore),
        ("context.byok", tuple(key.slug for key in context.byok)),
        ("context.byok_only", context.byok_only),
        *((f"provider.{key}", getattr(preferences, key)) for key in ("order", "only", "ignore")),
    ):
        for place, slug in enumerate(slugs[:MOST_SLUGS]):
            provider = None if slug in case.pool.by_slug else named(slug)
            if provider is not None:
                yield Warned("display_name", f"{path}[{place}]", f"{slug!r} is taken for {provider!r}; write the slug")


def _throughput(case: Case) -> Iterator[Warned]:
    rising = case.facts.rising
    for index in case.pool.catalog_order if rising else ():
        endpoint_id = case.pool.ids[index]
        if endpoint_id in rising:
            yield Warned("rising_throughput", f"stats.{endpoint_id}.throughput", "throughput rises from p50 to p99: only its p50 was used")


def _parameters(case: Case, ranked: Sequence[Attempt]) -> Iterator[Warned]:
    if ranked and case.preferences.require_parameters is None:
        first = ranked[0].endpoint
        for parameter in sorted(case.request.shape.parameters - first.supported_parameters):
            for key in case.request.keys_of(parameter):
                yield Warned("ignored_parameter", key, f"{first.id}, the first attempt, does not support {parameter!r} and will ignore it")


def _prices(case: Case, ranked: Sequence[Attempt]) -> Iterator[Warned]:
    unknown = {attempt.endpoint.id for attempt in ranked if attempt.quote is None}
    for position, endpoint in case.pool.rows if unknown else ():
        if endpoint.id in unknown:
            missing = "pricing" if endpoint.pricing is None else "pricing.prompt" if endpoint.pricing.prompt is None else "pricing.completion"
            yield Warned("unknown_price", f"endpoints[{position}].{missing}", f"{missing} of {endpoint.id} is not known, so its expected price is not either")
