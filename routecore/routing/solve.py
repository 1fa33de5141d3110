"""From a read request to its ranking: the case is posed, then solved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from routecore.errors import NoEligibleEndpoint, UnknownModel
from routecore.reading.checks import HINTS, nearest
from routecore.request.body import SUFFIX_SORT, Request
from routecore.routing.case import Case
from routecore.routing.eligibility import examine, filters, fits
from routecore.routing.expansion import expand
from routecore.routing.pool import pool_of
from routecore.routing.ranking.rank import rank

if TYPE_CHECKING:
    from routecore.catalog.catalog import Catalog
    from routecore.request.context import Context
    from routecore.request.preferences import Preferences
    from routecore.request.settings import Settings
    from routecore.routing.eligibility import Rejection
    from routecore.routing.facts import Facts
    from routecore.routing.ranking.ranking import Ranking


_SHOWN_REJECTIONS: Final = 4


def pose(catalog: Catalog, request: Request, preferences: Preferences, context: Context, facts: Facts, settings: Settings, now: float | None) -> Case:
    """Return the case: the asked models resolved against the catalog, a suffix turned into its sort."""
    models, suffix, unknown = resolve(catalog, request)
    if suffix is not None and preferences.sort is None:
        preferences = attrs.evolve(preferences, sort=suffix)
    return Case(
        catalog,
        pool_of(catalog, models),
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
    )


def resolve(catalog: Catalog, request: Request) -> tuple[tuple[str, ...], str | None, tuple[tuple[str, str], ...]]:
    """Return the known models in the order asked, each once; the sort that the first suffix asks for; the unknown names with their paths.

    ``:floor`` and ``:nitro`` are suffixes only where the catalog has no model of the whole name. Raises ``UnknownModel`` if none is known.
    """
    known: dict[str, None] = {}
    suffix_sort = None
    unknown = []
    for name, path in zip(request.models, request.paths, strict=True):
        if name in catalog.models:
            known[name] = None
            continue
        stem, colon, suffix = name.rpartition(":")
        sort = SUFFIX_SORT.get(colon + suffix)
        if sort is not None and stem in catalog.models:
            known[stem] = None
            suffix_sort = suffix_sort or sort
        else:
            unknown.append((name, path))
    if not known:
        near: dict[str, None] = {}
        for name, _ in unknown[:HINTS]:
            near.update(dict.fromkeys(nearest(name, catalog.models)))
        raise UnknownModel([name for name, _ in unknown], list(near))
    return tuple(known), suffix_sort, tuple(unknown)


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
    models = ", ".join(map(repr, case.pool.models))
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
    )


def _in_words(rejection: Rejection) -> str:
    return f"{rejection.endpoint.slug}: {rejection.rules[0]}: {rejection.details[0]}"
