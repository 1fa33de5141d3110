"""Strategy, sorted: each sort gives one fixed order; unknown values last.

Ties: lower expected price (unknown last), then endpoint id, then BYOK before shared, then keys in the order of the context.
"""

from __future__ import annotations

from math import floor
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from routecore.routing.change import Change, Trial
from routecore.routing.facts import p50
from routecore.routing.masks import INFINITE
from routecore.routing.ranking.rates import shrunk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from routecore.catalog.endpoint import Endpoint
    from routecore.routing.case import Case
    from routecore.routing.ranking.field import Field

__all__ = ["SORTS", "Sort", "changes", "keys"]


class Sort(NamedTuple):
    """One sort key, whole: a key that has its row (and its name in ``request.preferences.SORTS``) is applied, explained and documented."""

    meaning: str
    values: Callable[[Field], list[Any]] | None
    """Each candidate's value, the best lowest, unknown ones infinite; ``None``: the tie-break by expected price says it all."""
    words: Callable[[Field, int], str]
    """A candidate's value in words."""


def _measured(metric: str, sign: float) -> Callable[[Field], list[Any]]:
    def values(field: Field) -> list[Any]:
        stats, least = field.case.facts.stats, field.case.settings.min_samples
        found = [p50(stats.get(one.endpoint.id), metric, least) for one in field.candidates]
        return [INFINITE if value is None else sign * value for value in found]

    return values


def _price_words(field: Field, position: int) -> str:
    quote = field.quote(position)
    return "expected price not known" if quote is None else f"expected price {float(quote) / 1e15:.6g} USD"


def _measured_words(metric: str, unit: str) -> Callable[[Field, int], str]:
    def words(field: Field, position: int) -> str:
        case = field.case
        value = p50(case.facts.stats.get(field.candidates[position].endpoint.id), metric, case.settings.min_samples)
        return f"{metric} p50 not known" if value is None else f"{metric} p50 {value:g} {unit}"

    return words


def tool_error_steps(field: Field) -> dict[int, int]:
    """Return, by row of the pool, the whole percent of malformed tool calls: 4.9 and 4.1 percent are one step.

    Rates are shrunk over the eligible endpoints; an unknown one is their mean, and where nobody has one all stand at 0.
    """
    stats = field.case.facts.stats
    rows = list(dict.fromkeys(one.row for one in field.candidates))
    known = [stats.get(field.pool.ids[row]) for row in rows]
    rates = shrunk([None if one is None or one.tool_error_rate is None else (one.tool_error_rate, one.samples) for one in known], 0.0)
    # nine decimals: what only binary fractions put below a whole percent is that percent
    return {row: floor(round(100 * rate, 9)) for row, rate in zip(rows, rates, strict=True)}


def _exacto(field: Field) -> list[Any]:
    speeds = _SPEED(field)
    if not field.case.request.shape.tools_listed:
        return speeds
    steps = tool_error_steps(field)
    return [(steps[one.row], speed) for one, speed in zip(field.candidates, speeds, strict=True)]


def _exacto_words(field: Field, position: int) -> str:
    speed = _measured_words("throughput", "tok/s")(field, position)
    if not field.case.request.shape.tools_listed:
        return speed
    return f"tool errors {tool_error_steps(field)[field.candidates[position].row]} %, {speed}"


_SPEED: Final = _measured("throughput", -1.0)

SORTS: Final = {
    "price": Sort("sorted by the expected price of this request, lowest first", None, _price_words),
    "throughput": Sort("sorted by output tokens per second (p50), highest first", _SPEED, _measured_words("throughput", "tok/s")),
    "latency": Sort("sorted by the time to the first token (p50), lowest first", _measured("latency", 1.0), _measured_words("latency", "s")),
    "exacto": Sort("with tools sorted by whole percents of malformed tool calls, fewest first, then by output tokens per second (p50)", _exacto, _exacto_words),
}
"""Every sort by its name in the provider block."""


def keys(field: Field, sort: str) -> list[Any]:
    """Return each candidate's sort key for ``sort``. Candidates of equal keys keep their order, which is that of endpoint ids.

    Prices are cold: what a pin holds stands in a place of its own, whatever it sorts by.
    """
    candidates = field.candidates
    quotes = field.quotes
    found: list[Any] = [INFINITE if (quote := quotes[one.row]) is None else quote for one in candidates]
    values = SORTS[sort].values
    if values is not None:
        found = list(zip(values(field), found, strict=True))
    if field.case.context.byok:
        # one endpoint's attempts: own keys in the order of the context, then shared capacity
        found = [(key, one.row, one.key_id is None, one.key_place) for key, one in zip(found, candidates, strict=True)]
    return found


def changes(case: Case, endpoint: Endpoint) -> Iterator[Trial]:
    """Yield each other sort."""
    del endpoint
    for sort in SORTS:
        if case.preferences.sort != sort:
            yield Trial(Change("caller", f"sort: {sort!r}"), case.preferring(sort=sort).replace(tier_sort=False))
