"""The pure function: a catalog, a request and facts in, a plan out.

Four steps, each of which ``Router`` may cache and none of which it may change:

    preferences = Preferences.parse(block)        validated once
    request     = read(body)                      the body's only reader
    mask        = filters(pool, case) & fits(…)   eligible endpoints
    ranking     = rank(case, expand(…))           nothing drawn yet

No clock, no randomness, no I/O, no global state: the same arguments give the same plan, byte for byte.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from routecore.errors import Fault, InvalidRequest
from routecore.reading.checks import number
from routecore.request.body import Request, read
from routecore.request.context import Context
from routecore.request.preferences import Preferences
from routecore.request.settings import Settings
from routecore.routing.facts import NO_FACTS, Facts
from routecore.routing.plan import Plan
from routecore.routing.ranking.draw import DRAW_LIMIT
from routecore.routing.solve import pose, solve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from routecore.catalog.catalog import Catalog

__all__ = ["check_draw", "decide", "read_now"]


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
    """Return the fallback plan of one request. Pure: no clock, no randomness, no I/O; equal arguments give equal plans.

    Args:
        catalog: The endpoints.
        request: The caller's body, or one already read.
        facts: Statistics and health, frozen.
        context: Keys, account, pin and token estimates; the wire's object or a parsed one.
        settings: The operator's settings, likewise.
        now: Seconds since the epoch. Only prices with time windows look at it.
        draw: An integer from 0 to 2**64 - 1 that the plan is drawn with.

    Returns:
        The plan, with ordered attempts, rejections, warnings, and why.

    Raises:
        InvalidRequest: The request, the context or the settings cannot be read.
        InvalidPreferences: The provider block cannot be read.
        UnknownModel: The catalog knows none of the asked models.
        NoEligibleEndpoint: No endpoint passes every hard filter.

    Example:
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
    known_context = context if isinstance(context, Context) else Context.parse(context, faults=faults, providers=catalog)
    known_settings = settings if isinstance(settings, Settings) else Settings.parse(settings, faults=faults)
    check_draw(draw, faults)
    instant = read_now(now, faults)
    if faults:
        raise InvalidRequest(faults)
    case = pose(catalog, body, Preferences.parse(body.provider, providers=catalog), known_context, facts, known_settings, instant)
    return Plan(solve(case), draw)


def check_draw(draw: object, faults: list[Fault]) -> None:
    """Note a draw that is no 64-bit integer."""
    if isinstance(draw, bool) or not isinstance(draw, int) or not 0 <= draw < DRAW_LIMIT:
        faults.append(Fault("draw", draw, "an integer from 0 to 2**64 - 1"))


def read_now(value: object, faults: list[Fault]) -> float | None:
    """Return an instant in seconds since the epoch (UTC), before it or after, noting what is no finite number."""
    if value is None:
        return None
    # clocks of a simulation may start anywhere, also below 0
    seconds = number(value if not isinstance(value, (int, float)) or isinstance(value, bool) else abs(value))
    if seconds is None:
        faults.append(Fault("now", value, "seconds since the epoch: a finite number"))
        return None
    return float(value)  # type: ignore[arg-type]
