"""Warnings: what a caller should know although it is no error. Computed when asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from routecore.reading.checks import HINTS, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from routecore.routing.attempt import Attempt
    from routecore.routing.case import Case

__all__ = ["WARNINGS", "Warned", "warnings_of"]

WARNINGS: Final = {
    "models_as_string": "`models` is a string; it was read as a list of one name",
    "unknown_model": "the catalog does not know a model of the list; it was passed over",
    "unmatched_slug": "a slug of `order`, `only` or `ignore` matches no endpoint of the asked models",
    "rising_throughput": "throughput rises from p50 to p99, so it speaks of the best requests: only its p50 was used",
    "ignored_parameter": "the first attempt does not support a parameter of the request, and will ignore it",
    "unknown_price": "an endpoint of the plan has no prompt or no completion price, so its expected price is not known",
}
"""Every warning code with its meaning."""


class Warned(NamedTuple):
    """A warning: its code, the path it is about, and the words."""

    code: str
    path: str
    message: str

    def to_dict(self) -> dict[str, Any]:
        """Return the warning as the wire's object."""
        return {"code": self.code, "path": self.path, "message": self.message}


def warnings_of(case: Case, ranked: Sequence[Attempt]) -> tuple[Warned, ...]:
    """Return the warnings of a case and its ranked attempts (none where nothing is eligible), in the order of ``WARNINGS``."""
    return (*_models(case), *_slugs(case), *_throughput(case), *_parameters(case, ranked), *_prices(case, ranked))


def _models(case: Case) -> Iterator[Warned]:
    if case.request.models_as_string:
        yield Warned("models_as_string", "models", "models is a string; write it as a list of names")
    for place, (name, path) in enumerate(case.unknown_models):
        near = nearest(name, case.catalog.models) if place < HINTS else []
        hint = f"; did you mean {', '.join(map(repr, near))}?" if near else ""
        yield Warned("unknown_model", path, f"the catalog has no model {name!r}{hint}")


def _slugs(case: Case) -> Iterator[Warned]:
    known = case.pool.by_slug
    hints = HINTS
    for key in ("order", "only", "ignore"):
        for place, slug in enumerate(getattr(case.preferences, key)):
            if slug not in known:
                near = nearest(slug, known, most=1) if hints > 0 else []
                hints -= 1
                hint = f"; did you mean {near[0]!r}?" if near else ""
                yield Warned("unmatched_slug", f"provider.{key}[{place}]", f"no endpoint of the asked models is {slug!r}{hint}")


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
