"""What looks wrong in a catalog, in the statistics and in the provider blocks used with it, though each is well-formed."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from statistics import median_low
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from routecore.reading.checks import lower, nearest, number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from routecore.catalog.catalog import Catalog

__all__ = ["LINTS", "Finding", "lint"]

_SLUG_LISTS: Final = ("order", "only", "ignore")
_PRICES: Final = ("prompt", "completion")
_DEAREST: Final = Decimal("0.01")
"""USD a token: ten thousand dollars a million. The dearest model that was ever listed cost six hundred."""

_OFF: Final = 300
"""A price so many times the middle of its model's others, or less than one such part of it, is off by a unit: real ones differ by tens."""

_LONG_SECONDS: Final = 100.0
"""A median first token later than this was measured in milliseconds."""


class Finding(NamedTuple):
    """One thing that looks wrong: the lint's name, where, what it is, and what would mend it."""

    lint: str
    where: str
    problem: str
    remedy: str

    def to_dict(self) -> dict[str, str]:
        """Return the finding as JSON can hold it."""
        return self._asdict()


class _Given(NamedTuple):
    catalog: Catalog
    stats: Mapping[str, Any]
    blocks: Mapping[str, Mapping[str, Any]]


def lint(catalog: Catalog, *, stats: Mapping[str, Any] | None = None, blocks: Mapping[str, Any] | None = None) -> list[Finding]:
    """Return everything that looks wrong, by the table ``LINTS``, in its order.

    Args:
        catalog: The catalog.
        stats: Statistics of its endpoints in the wire form, endpoint id -> ``latency`` …
        blocks: Provider blocks that are used with it, name -> block: the callers', an account's, a policy's.

    Returns:
        Findings; none is proof of a fault, and an empty list is no proof of health.

    Example:
        >>> from routecore import Catalog
        >>> catalog = Catalog.from_mapping({"endpoints": [{"model": "a/b", "provider": "deepinfra"}]})
        >>> [(one.where, one.problem) for one in lint(catalog, blocks={"team": {"only": ["deepinfa"]}})]
        [('team.only', "'deepinfa' names no endpoint of the catalog")]
    """
    found = {name: block for name, block in (blocks or {}).items() if isinstance(block, dict)}
    given = _Given(catalog, stats or {}, found)
    return [finding for one in LINTS.values() for finding in one(given)]


def _dead_slugs(given: _Given) -> Iterator[Finding]:
    known = {name for endpoint in given.catalog for name in (endpoint.provider, endpoint.slug)}
    for name, block in given.blocks.items():
        for key in _SLUG_LISTS:
            slugs = block.get(key)
            for slug in slugs if isinstance(slugs, list) else ():
                if isinstance(slug, str) and lower(slug) not in known:
                    near = nearest(lower(slug), known, most=1)
                    remedy = f"did you mean {near[0]!r}?" if near else "take it out, or add the endpoint"
                    yield Finding("dead_slug", f"{name}.{key}", f"{slug!r} names no endpoint of the catalog", remedy)


def _price_scale(given: _Given) -> Iterator[Finding]:
    for model in given.catalog.models:
        offers = [endpoint for _, endpoint in given.catalog.rows(model)]
        for price in _PRICES:
            listed = [(one, value) for one in offers if one.pricing is not None and (value := one.pricing.price(price)) is not None and value > 0]
            # of two offers that differ the cheaper is believed: nobody can tell
            middle = median_low(value for _, value in listed) if listed else None
            for one, value in listed:
                problem = _scale(value, middle)
                if problem is not None:
                    yield Finding(
                        "price_scale",
                        f"{one.id} pricing.{price}",
                        f"{value:f} USD a token: {problem}",
                        "prices are USD a token: 3 dollars a million is 0.000003",
                    )


def _scale(value: Decimal, middle: Decimal | None) -> str | None:
    if middle is not None and value >= middle * _OFF:
        return f"about {_power(value / middle)} times the {middle:f} that its model costs elsewhere"
    if middle is not None and value * _OFF <= middle:
        return f"about one {_power(middle / value)}th of the {middle:f} that its model costs elsewhere"
    return f"{value * 1_000_000:,.0f} USD a million tokens" if value >= _DEAREST else None


def _power(ratio: Decimal) -> str:
    """Return the power of a thousand that is nearest to a ratio."""
    return "1,000" if ratio < 31_623 else "1,000,000" if ratio < 31_622_777 else "1,000,000,000"


def _milliseconds(given: _Given) -> Iterator[Finding]:
    for endpoint, row in given.stats.items():
        latency = row.get("latency") if isinstance(row, dict) else None
        middle = number(latency.get("p50")) if isinstance(latency, dict) else None
        if middle is not None and middle >= _LONG_SECONDS:
            yield Finding("milliseconds", f"stats.{endpoint}.latency.p50", f"{middle:g} seconds to the first token", "latencies are seconds: divide by 1,000")


def _unknown_dropped(given: _Given) -> Iterator[Finding]:
    unknown = [endpoint.id for endpoint in given.catalog if endpoint.quantization == "unknown"]
    for name, block in given.blocks.items():
        levels = block.get("quantizations")
        if unknown and isinstance(levels, list) and levels and not {"unknown", "none"} & {lower(one) for one in levels if isinstance(one, str)}:
            shown = ", ".join(str(one) for one in levels)
            problem = f"[{shown}] removes {len(unknown)} of {len(given.catalog)} endpoints, whose quantization is unknown: {unknown[0]} is one"
            yield Finding("unknown_dropped", f"{name}.quantizations", problem, "add 'unknown' if these may serve too")


def _contradictory_policies(given: _Given) -> Iterator[Finding]:
    stated: dict[tuple[str, str], dict[bool, str]] = defaultdict(dict)
    for endpoint in given.catalog:
        policy = endpoint.data_policy
        if policy.trains and policy.retains is False:
            yield Finding("contradictory_policies", endpoint.id, "trains on prompts that it does not retain", "state one of both: it is taken as training")
        for name, value in (("trains", policy.trains), ("retains", policy.retains)):
            if value is not None:
                stated[endpoint.slug.partition("#")[0], name].setdefault(value, endpoint.id)
    for (slug, name), values in stated.items():
        if len(values) > 1:
            problem = f"{values[True]} {name} prompts, {values[False]} states that it does not"
            yield Finding("contradictory_policies", f"{slug} data_policy.{name}", problem, "one host has one policy: state it in one table, and join it")


LINTS: Final[dict[str, Callable[[_Given], Iterator[Finding]]]] = {
    "dead_slug": _dead_slugs,
    "price_scale": _price_scale,
    "milliseconds": _milliseconds,
    "unknown_dropped": _unknown_dropped,
    "contradictory_policies": _contradictory_policies,
}
"""Every lint by its name: a new one is a function and a row."""
