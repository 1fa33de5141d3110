"""Strategy, adjusted price: requests are spread by what a good result costs in all, in USD of this request.

Over a set of ``n`` endpoints (those of one model; with ``partition: "none"`` all):

    seconds = latency_p50 + completion_tokens / throughput_p50
    G = price · (1 + error_penalty · e + tool_error_penalty · q + rate_limit_penalty · r)
        + time_value / 3600 · seconds + first_token_value / 3600 · latency_p50
    d = G / min(G) − 1
    w = exp(−fade · d) / (1 + exp((d − edge) / width))
    p = (1 − n · ε) · w / Σw + ε,      ε = min(floor, 0.5 / n)

The constants are settings; where each comes from says ``docs/explanation/adjusted-price.md``.
"""

from __future__ import annotations

from decimal import Decimal
from math import exp, inf, log, log1p
from typing import TYPE_CHECKING, Final, NamedTuple

from routecore.request.context import NOMINAL_COMPLETION_TOKENS, NOMINAL_PROMPT_TOKENS
from routecore.routing.facts import p50
from routecore.routing.ranking.balance import median
from routecore.routing.ranking.rates import shrunk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from routecore.request.settings import AdjustedPrice
    from routecore.routing.case import Case
    from routecore.routing.facts import EndpointStats

__all__ = ["Parts", "Waits", "logs", "parts", "share_logs", "waits"]

LEAST_USD: Final = 1e-12
"""An adjusted price is never below this, so that distances from the best are finite."""
_FEMTODOLLARS: Final = 1e15
_STEEP: Final = 700.0
"""exp of more than this overflows."""


class Waits(NamedTuple):
    """What of the adjusted price does not depend on the request, for each endpoint of a set: failures as multiples of the price, waiting in USD."""

    errors: list[float]
    tool_errors: list[float]
    rate_limits: list[float]
    first_token: list[float]
    """USD of the time until the first token."""
    each_token: list[float]
    """USD of the time that one output token takes."""
    cached: list[float | None]
    """The share of the prompt that is read from cache."""


class Parts(NamedTuple):
    """An endpoint's adjusted price in USD of this request, part by part, and its distance from the best of the set (0: it is the best)."""

    price: float
    errors: float
    tool_errors: float
    rate_limits: float
    waiting: float
    total: float
    distance: float

    def __str__(self) -> str:
        shown = " + ".join(
            f"{name} {value:.3g}"
            for name, value in (
                ("price", self.price),
                ("errors", self.errors),
                ("tool errors", self.tool_errors),
                ("429s", self.rate_limits),
                ("waiting", self.waiting),
            )
            if value or name == "price"
        )
        return f"adjusted price {self.total:.4g} USD ({shown}), {self.distance:.1%} above the best"


def sets(case: Case, rows: Sequence[int]) -> list[list[int]]:
    """Return the places in ``rows`` of each set: the endpoints of one model; with ``partition: "none"``, all."""
    if case.preferences.partition == "none" or len(case.pool.models) == 1:
        return [list(range(len(rows)))]
    of_model: dict[int, list[int]] = {}
    for place, row in enumerate(rows):
        of_model.setdefault(case.pool.model_position[row], []).append(place)
    return list(of_model.values())


def waits(case: Case, rows: Sequence[int]) -> Waits:
    """Return what does not depend on the request, for the endpoints of one set."""
    constants, least = case.settings.adjusted_price, case.settings.min_samples
    ids, known = case.pool.ids, case.facts.stats
    stats = [known.get(ids[row]) for row in rows]
    latency = _or_median([p50(one, "latency", least) or None for one in stats])
    throughput = _or_median([p50(one, "throughput", least) or None for one in stats])
    first, hour = constants.time_value / 3600 + constants.first_token_value / 3600, constants.time_value / 3600
    return Waits(
        [constants.error_penalty * rate for rate in shrunk([_rated(one, _errors(one)) for one in stats], 0.0)],
        [constants.tool_error_penalty * rate for rate in shrunk([_rated(one, one and one.tool_error_rate) for one in stats], 0.0)],
        [constants.rate_limit_penalty * rate for rate in shrunk([_rated(one, one and one.rate_limit_rate) for one in stats], 0.0)],
        [0.0 if value is None else first * value for value in latency],
        [0.0 if value is None else hour / value for value in throughput],
        [None if one is None else one.cached_share for one in stats],
    )


def _errors(stats: EndpointStats | None) -> float | None:
    """Return the error rate; without one a known success rate gives it."""
    if stats is None:
        return None
    if stats.error_rate is not None:
        return stats.error_rate
    return None if stats.success_rate is None else 1 - stats.success_rate


def _rated(stats: EndpointStats | None, rate: float | None) -> tuple[float, int | None] | None:
    return None if stats is None or rate is None else (rate, stats.samples)


def _or_median(values: list[float | None]) -> list[float | None]:
    known = [value for value in values if value is not None]
    if len(known) == len(values) or not known:
        return values
    middle = median(known)
    return [middle if value is None else value for value in values]


def prices(case: Case, rows: Sequence[int], quotes: Sequence[int | Decimal | None], cached: Sequence[float | None]) -> list[float]:
    """Return each expected price of the request in USD, with the endpoint's own share of the prompt read from cache.

    Unknown prices take the median of the known; none known: 0.
    """
    found: list[float | None] = []
    prompt = NOMINAL_PROMPT_TOKENS if case.prompt_tokens is None else case.prompt_tokens
    completion = NOMINAL_COMPLETION_TOKENS if case.completion_tokens is None else case.completion_tokens
    for row, share in zip(rows, cached, strict=True):
        quote = quotes[row]
        if share and quote is not None:
            pricing = case.pool.endpoints[row].pricing
            assert pricing is not None
            quote = pricing.quote(prompt, completion, read_tokens(prompt, share), case.now)
        found.append(None if quote is None else float(quote) / _FEMTODOLLARS)
    return [0.0 if value is None else value for value in _or_median(found)]


def read_tokens(prompt: int, share: float) -> int:
    """Return how many of ``prompt`` tokens are read from cache: exact, by the share's decimal text.

    >>> read_tokens(1000, 0.29), read_tokens(3, 0.5)
    (290, 1)
    """
    return int(Decimal(repr(float(share))) * prompt)


def parts(case: Case, rows: Sequence[int], quotes: Sequence[int | Decimal | None], known: Waits | None = None) -> list[Parts]:
    """Return the adjusted price of each endpoint of one set, part by part."""
    wait = waits(case, rows) if known is None else known
    completion = NOMINAL_COMPLETION_TOKENS if case.completion_tokens is None else case.completion_tokens
    made = []
    for price, errors, tool_errors, limits, first, each in zip(prices(case, rows, quotes, wait.cached), *wait[:5], strict=True):
        waiting = first + completion * each
        total = price * (1 + errors + tool_errors + limits) + waiting
        made.append(Parts(price, price * errors, price * tool_errors, price * limits, waiting, max(total, LEAST_USD), 0.0))
    best = min(one.total for one in made)
    return [one._replace(distance=one.total / best - 1) for one in made]


def share_logs(totals: Sequence[float], constants: AdjustedPrice) -> list[float]:
    """Return the logarithms of the shares that adjusted prices (USD, above 0) make. Shares add up to 1, and each is at least ε, so a finite logarithm.

    Example:
        >>> from routecore.request.settings import AdjustedPrice
        >>> [round(exp(one), 3) for one in share_logs([1.0, 1.0, 2.0], AdjustedPrice())]
        [0.491, 0.491, 0.018]
    """
    best = min(totals)
    fade, edge, width = constants.fade, constants.edge, constants.width
    raw = []
    for total in totals:
        distance = total / best - 1
        steep = (distance - edge) / width
        raw.append(-fade * distance - (steep if steep > _STEEP else log1p(exp(steep))))
    top = max(raw)
    weights = [exp(one - top) for one in raw]
    whole = sum(weights)
    floor = min(constants.floor, 0.5 / len(totals))
    if floor == 0:
        return [max(one - top, -inf) - log(whole) for one in raw]
    spread = (1 - len(totals) * floor) / whole
    return [log(spread * weight + floor) for weight in weights]


def logs(case: Case, rows: Sequence[int], quotes: Sequence[int | Decimal | None], known: list[Waits] | None = None) -> tuple[list[float], list[Waits]]:
    """Return the logarithm of each endpoint's share, set by set, and what did not depend on the request, to be given again for requests like it.

    ``rows`` are places in the case's pool, ``quotes`` the pool's cold expected prices in femtodollars.
    """
    constants = case.settings.adjusted_price
    completion = NOMINAL_COMPLETION_TOKENS if case.completion_tokens is None else case.completion_tokens
    found = [0.0] * len(rows)
    kept = []
    for number, places in enumerate(sets(case, rows)):
        members = [rows[place] for place in places]
        wait = waits(case, members) if known is None else known[number]
        kept.append(wait)
        totals = [
            max(price * (1 + errors + tool_errors + limits) + first + completion * each, LEAST_USD)
            for price, errors, tool_errors, limits, first, each in zip(prices(case, members, quotes, wait.cached), *wait[:5], strict=True)
        ]
        for place, one in zip(places, share_logs(totals, constants), strict=True):
            found[place] = one
    return found, kept
