"""From a read request to its ranking: the case is posed, then solved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from routecore.errors import NoEligibleEndpoint, UnknownModel
from routecore.reading.checks import HINTS, nearest
from routecore.request.body import SUFFIX_HINTS, SUFFIX_SORT, Request
from routecore.routing.case import Case
from routecore.routing.eligibility import examine, filters, fits
from routecore.routing.expansion import expand
from routecore.routing.pool import pool_of
from routecore.routing.ranking.rank import rank
from routecore.routing.warnings import warnings_of

if TYPE_CHECKING:
    from routecore.catalog.catalog import Catalog
    from routecore.request.context import Context
    from routecore.request.preferences import Preferences
    from routecore.request.settings import Settings
    from routecore.routing.eligibility import Rejection
    from routecore.routing.facts import Facts
    from routecore.routing.pool import Pool
    from routecore.routing.ranking.ranking import Ranking


_SHOWN_REJECTIONS: Final = 4
_SHOWN_MODELS: Final = 8


def pose(catalog: Catalog, request: Request, preferences: Preferences, context: Context, facts: Facts, settings: Settings, now: float | None) -> Case:
    """Return the case: the asked models resolved against the catalog, a suffix or a service tier turned into its sort. Raises ``UnknownModel``."""
    models, suffix, unknown = resolve(catalog, request)
    pool = pool_of(catalog, models)
    tier_sort = False
    if preferences.sort is None:
        sort = None if suffix is None else SUFFIX_SORT[suffix]
        if sort is None and request.shape.tier is not None:
            sort = _tier_sort(pool, request.shape.tier)
            tier_sort = sort is not None
        if sort is not None:
            preferences = attrs.evolve(preferences, sort=sort)
    return Case(
        catalog,
        pool,
        request,
        preferences,
        context,
        facts,
        settings,
        now=now,
        prompt_tokens=context.prompt_tokens,
        completion_tokens=context.completion_tokens,
        cached_tokens=context.cached_tokens,
        sticky=context.sticky,
        unknown_models=unknown,
        no_pin=context.no_pin,
        deadline_seconds=context.deadline_seconds,
        suffix=suffix,
        tier_sort=tier_sort,
    )


def _tier_sort(pool: Pool, tier: str) -> str | None:
    """Return the sort that a service tier brings: the fastest first for priority, the cheapest for flex where a model has it."""
    if tier == "priority":
        return "throughput"
    return "price" if tier == "flex" and pool.by_tier.get("flex", 0) & pool.enabled else None


def stem_of(catalog: Catalog, name: str) -> tuple[str, str | None] | None:
    """Return the model of the catalog that ``name`` asks for, and the suffix that it ends with; ``None`` where the catalog knows none.

    A suffix is one only where the catalog has no model of the whole name.

    >>> from routecore import Catalog
    >>> catalog = Catalog.from_mapping({"endpoints": [{"model": "a/b", "provider": "p"}]})
    >>> stem_of(catalog, "a/b"), stem_of(catalog, "a/b:floor"), stem_of(catalog, "a/c:floor")
    (('a/b', None), ('a/b', ':floor'), None)
    """
    if name in catalog.models:
        return name, None
    stem, colon, word = name.rpartition(":")
    suffix = colon + word
    return (stem, suffix) if suffix in SUFFIX_SORT and stem in catalog.models else None


def resolve(catalog: Catalog, request: Request) -> tuple[tuple[str, ...], str | None, tuple[tuple[str, str], ...]]:
    """Return the known models in the order asked, each once; the first suffix; the unknown names with their paths. Raises ``UnknownModel`` if none is known."""
    known: dict[str, None] = {}
    suffix = None
    unknown = []
    for name, path in zip(request.models, request.paths, strict=True):
        found = stem_of(catalog, name)
        if found is None:
            unknown.append((name, path))
        else:
            known[found[0]] = None
            suffix = suffix or found[1]
    if not known:
        near: dict[str, None] = {}
        for name, _ in unknown[:HINTS]:
            near.update(dict.fromkeys(nearest(name, catalog.models)))
        hint = next((SUFFIX_HINTS[word] for name, _ in unknown if (word := f":{name.rpartition(':')[2]}") in SUFFIX_HINTS), None)
        raise UnknownModel([name for name, _ in unknown], list(near), hint)
    return tuple(known), suffix, tuple(unknown)


def solve(case: Case, like: Ranking | None = None) -> Ranking:
    """Return the ranking of a case: eligibility removes, expansion multiplies, ranking permutes. Raises ``NoEligibleEndpoint``.

    ``like`` is the ranking of a case that differs in nothing but token estimates and pin: what does not depend on those is taken from it.
    """
    pool = case.pool
    view = filters(pool, case) if like is None else like.view
    mask = view & fits(pool, case)
    if not mask:
        raise nothing_eligible(case)
    return rank(case, expand(pool, mask, case), view, like)


def nothing_eligible(case: Case) -> NoEligibleEndpoint:
    """Return the error that says why nothing is left, and what would help."""
    account = examine(case)
    asked = case.pool.models
    models = ", ".join(map(repr, asked[:_SHOWN_MODELS])) + (f" and {len(asked) - _SHOWN_MODELS} more" if len(asked) > _SHOWN_MODELS else "")
    shown = "; ".join(_in_words(one) for one in account.rejections[:_SHOWN_REJECTIONS])
    more = len(account.rejections) - _SHOWN_REJECTIONS
    hidden = f"; and {more} more" if more > 0 else ""
    if account.relaxations:
        sets = [" with ".join(map(repr, rules)) for rules in account.relaxations]
        hint = f"Lifting {' or '.join(sets)} would help."
    else:
        hint = "Nothing that the request could lift would help: the catalog or the account's policy stands against every endpoint."
    message = f"no eligible endpoint for {models}: 0 of {len(account.rejections)} passed ({shown}{hidden}). {hint}"
    return NoEligibleEndpoint(
        message,
        [{"rule": rule, "left": left} for rule, left in account.funnel],
        [one.to_dict() for one in account.rejections],
        account.relaxations,
        [one.to_dict() for one in warnings_of(case, ())],
    )


def _in_words(rejection: Rejection) -> str:
    return f"{rejection.endpoint.slug}: {rejection.rules[0]}: {rejection.details[0]}"
