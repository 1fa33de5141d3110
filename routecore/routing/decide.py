"""The pure function: a catalog, a request and facts in, a plan out.

Four steps, each of which ``Router`` may cache and none of which it may change:

    preferences = Preferences.parse(block)        validated once
    request     = read(body)                      the body's only reader
    mask        = filters(pool, case) & fits(…)   eligible endpoints
    ranking     = rank(case, expand(…))           nothing drawn yet

No clock, no randomness, no I/O, no global state: the same arguments give the same plan, byte for byte.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

from routecore.errors import Fault, InvalidRequest, NoEligibleEndpoint, UnknownModel
from routecore.reading.checks import HINTS, nearest
from routecore.request.body import SUFFIX_SORT, Request, read
from routecore.request.context import Context
from routecore.request.preferences import Preferences
from routecore.request.settings import Settings
from routecore.routing.case import Case
from routecore.routing.expansion import expand
from routecore.routing.facts import NO_FACTS, Facts
from routecore.routing.plan import Plan
from routecore.routing.pool import pool_of
from routecore.routing.ranking.draw import DRAW_LIMIT
from routecore.routing.ranking.rank import rank
from routecore.routing.rules import examine, filters, fits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from routecore.catalog.catalog import Catalog
    from routecore.routing.ranking.rank import Ranking
    from routecore.routing.rules import Rejection

__all__ = ["decide"]

_SHOWN_REJECTIONS: Final = 4


def decide(
    catalog: Catalog,
    request: Mapping[str, Any] | Request,
    facts: Facts = NO_FACTS,
    *,
    context: Mapping[str, Any] | Context | None = None,
    settings: Mapping[str, Any] | Settings | None = None,
    now: float | None = None,
    draw: int = 0,
) -> Plan:
    """Return the fallback plan of one request.

    ``request`` is the caller's body (or one already ``read``), ``context`` and ``settings`` the wire's objects or their parsed forms.
    ``now`` is in seconds since the epoch and only prices with time windows look at it. ``draw`` is an integer from 0 to 2**64 - 1.

    Raises ``InvalidRequest``, then ``InvalidPreferences`` (each with every fault), ``UnknownModel`` if the catalog knows none of the asked models,
    ``NoEligibleEndpoint`` if no endpoint passes every hard filter.

    >>> from routecore import Catalog, decide
    >>> catalog = Catalog.from_mapping({"endpoints": [
    ...     {"model": "a/b", "provider": "dear", "pricing": {"prompt": "0.000002", "completion": "0.000002"}},
    ...     {"model": "a/b", "provider": "cheap", "pricing": {"prompt": "0.000001", "completion": "0.000001"}},
    ... ]})
    >>> plan = decide(catalog, {"model": "a/b", "provider": {"sort": "price"}})
    >>> [(attempt.endpoint.slug, str(attempt.expected_price)) for attempt in plan]
    [('cheap', '0.004'), ('dear', '0.008')]
    """
    faults: list[Fault] = []
    body = request if isinstance(request, Request) else read(request, faults)
    known_context = context if isinstance(context, Context) else Context.parse(context, faults=faults)
    known_settings = settings if isinstance(settings, Settings) else Settings.parse(settings, faults=faults)
    check_draw(draw, faults)
    if faults:
        raise InvalidRequest(faults)
    case = pose(catalog, body, Preferences.parse(body.provider), known_context, facts, known_settings, now)
    return Plan(solve(case), draw)


def check_draw(draw: object, faults: list[Fault]) -> None:
    """Note a draw that is no 64-bit integer."""
    if isinstance(draw, bool) or not isinstance(draw, int) or not 0 <= draw < DRAW_LIMIT:
        faults.append(Fault("draw", draw, "an integer from 0 to 2**64 - 1"))


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
