"""Ranking: attempts, the pin, the passes as one tuple, the sort or the draw, the cut."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import pairwise

from routecore.testing.reference.price import can_cache, expected_price
from routecore.testing.reference.rules import key_matches, slug_matches
from routecore.testing.reference.scenario import Endpoint, Scenario, Stats, same_id
from routecore.testing.reference.wire import ascii_lower

__all__ = ["Attempt", "Request", "balance_weights", "cut", "expand", "known_percentiles", "price_of", "rank", "splitmix64", "sticky_of"]

DIGITS = 50  # far beyond a double, so that rounding never decides a draw
PRIOR_OUTCOMES = 20
SAMPLES_WHERE_MISSING = 100
LEAST_SUCCESS = Fraction(1, 100)
EMPTY = Stats({}, {}, None, None)


@dataclass(frozen=True)
class Attempt:
    """One try: an endpoint and whose credential. ``key_place``: where in the context its key stands."""

    endpoint: Endpoint
    credential: str
    key_id: str | None
    key_place: int
    pinned: bool = False
    probability: float = 1.0

    @property
    def by_name(self) -> tuple[str, int, str]:
        """Ascending order of (endpoint id, BYOK before shared, key_id)."""
        return (self.endpoint.id, 0 if self.credential == "byok" else 1, self.key_id or "")


@dataclass(frozen=True)
class Request:
    """A scenario with its names resolved: the models asked, the sort and whether it was asked for."""

    scenario: Scenario
    models: tuple[str, ...]
    sort: str | None

    def cooling(self, attempt: Attempt) -> bool:
        """Cooling if any key of ``health`` that applies says so."""
        return any(state == "cooling" and names_attempt(key, attempt) for key, state in self.scenario.health.items())

    def stats_of(self, endpoint: Endpoint) -> Stats:
        """The endpoint's statistics, empty where there are none."""
        return self.scenario.stats.get(endpoint.id, EMPTY)


def names_attempt(key: str, attempt: Attempt) -> bool:
    """An endpoint id names all its attempts; ``#shared``, ``#byok`` and ``#byok:KEY_ID`` name fewer."""
    names = [attempt.endpoint.id, f"{attempt.endpoint.id}#{attempt.credential}"]
    if attempt.credential == "byok":
        names.append(f"{attempt.endpoint.id}#byok:{attempt.key_id}")
    return key in names


def expand(request: Request, eligible: list[Endpoint]) -> list[Attempt]:
    """One BYOK attempt for every key that matches, and a shared one unless the provider is in ``byok_only``."""
    context = request.scenario.context
    only_own = [ascii_lower(provider) for provider in context.byok_only]
    attempts: list[Attempt] = []
    for endpoint in eligible:
        for place, key in enumerate(context.byok):
            if key_matches(key, endpoint):
                attempts.append(Attempt(endpoint, "byok", key.key_id, place))
        if endpoint.provider not in only_own:
            attempts.append(Attempt(endpoint, "shared", None, len(context.byok)))
    return attempts


def price_of(request: Request, attempt: Attempt) -> Fraction | None:
    """Expected price of the request: warm for pinned attempts, cold for all others."""
    context = request.scenario.context
    cached = context.cached_tokens if attempt.pinned else 0
    return expected_price(attempt.endpoint.pricing, context.prompt_tokens, context.completion_tokens, cached)


# The pin -------------------------------------------------------------------------------------------------------------


def sticky_of(request: Request, attempts: list[Attempt]) -> tuple[str, str | None, list[Attempt]]:
    """Return status, reason, and the attempts with the pinned ones marked (none unless the status is ``hit``)."""
    scenario = request.scenario
    pin = scenario.context.sticky
    if pin is None or scenario.settings.sticky == "off":
        return "none", None, attempts
    block = scenario.block
    explicit = bool(block.order) or request.sort is not None
    if scenario.settings.sticky != "compatible":
        explicit = explicit or bool(block.only) or bool(block.ignore)
    if explicit:
        return "skipped", "explicit_preferences", attempts
    pinned = [attempt for attempt in attempts if names_attempt(same_id(pin), attempt)]
    marked = [replace(attempt, pinned=attempt in pinned) for attempt in attempts]
    reason = _reason_to_skip(request, marked)
    return ("hit", None, marked) if reason is None else ("skipped", reason, attempts)


def _reason_to_skip(request: Request, attempts: list[Attempt]) -> str | None:
    pinned = [attempt for attempt in attempts if attempt.pinned]
    if not pinned:
        return "ineligible"
    endpoint = pinned[0].endpoint
    if not can_cache(endpoint.pricing, implicit_caching=endpoint.implicit_caching):
        return "no_cache"
    if all(request.cooling(attempt) for attempt in pinned):
        return "cooling"
    if request.scenario.settings.sticky == "economic":
        warm = price_of(request, pinned[0])
        others = [price_of(request, attempt) for attempt in attempts if not attempt.pinned and not request.cooling(attempt)]
        known = [price for price in others if price is not None]
        if warm is not None and known and warm > min(known):
            return "uneconomic"
    return None


# Percentiles ---------------------------------------------------------------------------------------------------------


def rises(throughput: dict[str, float]) -> bool:
    """Say whether throughput rises anywhere from p50 to p99."""
    values = [throughput[percentile] for percentile in ("p50", "p75", "p90", "p99") if percentile in throughput]
    return any(later > earlier for earlier, later in pairwise(values))


def known_percentiles(request: Request, endpoint: Endpoint) -> tuple[dict[str, float], dict[str, float]]:
    """Return the (latency, throughput) percentiles that count as known."""
    stats = request.stats_of(endpoint)
    if stats.samples is not None and stats.samples < request.scenario.settings.min_samples:
        return {}, {}
    throughput = stats.throughput
    if rises(throughput):
        throughput = {percentile: value for percentile, value in throughput.items() if percentile == "p50"}
    return stats.latency, throughput


# The passes ----------------------------------------------------------------------------------------------------------


def passes(request: Request, attempt: Attempt, *, panic: bool) -> tuple[int, ...]:
    """Places in passes 9 to 2, the most significant first."""
    endpoint, block = attempt.endpoint, request.scenario.block
    byok = attempt.credential == "byok"
    matched = any(key_matches(key, endpoint) for key in request.scenario.context.byok)
    position = next((i for i, entry in enumerate(block.order) if slug_matches(entry, endpoint)), len(block.order))
    in_order = position < len(block.order)
    ignores = any(name not in endpoint.supported_parameters for name, _ in request.scenario.asked.parameters)

    health = 1 if request.cooling(attempt) and not panic else 0
    model = request.models.index(endpoint.model) if block.partition == "model" else 0
    parameters = 1 if block.require_parameters is None and ignores else 0
    credential = 0 if byok and (in_order or not block.order) else 1
    sticky = 0 if attempt.pinned else 1
    own = 0 if byok else 1 if matched and not block.order and request.sort is None else 2
    return (health, model, parameters, credential, _threshold(request, endpoint), sticky, position, own)


def _threshold(request: Request, endpoint: Endpoint) -> int:
    """Meets all cutoffs (0) < not known (1) < fails one (2)."""
    latency, throughput = known_percentiles(request, endpoint)
    place = 0
    for percentile, cutoff in request.scenario.block.preferred_max_latency.items():
        value = latency.get(percentile)
        place = max(place, 1 if value is None else 2 if value > cutoff else 0)
    for percentile, cutoff in request.scenario.block.preferred_min_throughput.items():
        value = throughput.get(percentile)
        place = max(place, 1 if value is None else 2 if value < cutoff else 0)
    return place


def rank(request: Request, attempts: list[Attempt], *, panic: bool) -> list[Attempt]:
    """Order the attempts: one sort by the tuple of passes, or place by place by the draw."""
    if request.sort is None:
        return _rank_by_draw(request, attempts, panic=panic)
    return sorted(attempts, key=lambda attempt: (passes(request, attempt, panic=panic), _sort_place(request, attempt)))


def _sort_place(request: Request, attempt: Attempt) -> tuple[object, ...]:
    latency, throughput = known_percentiles(request, attempt.endpoint)
    price = price_of(request, attempt)
    by_price = (price is None, price or 0)
    ties = (by_price, attempt.endpoint.id, attempt.credential != "byok", attempt.key_place)
    if request.sort == "price":
        return ties
    if request.sort == "latency":
        seconds = latency.get("p50")
        return (seconds is None, seconds or 0, *ties)
    speed = throughput.get("p50")
    return (speed is None, -(speed or 0), *ties)


def splitmix64(seed: int, nth: int) -> int:
    """The ``nth`` output (from 1) of splitmix64 seeded with ``seed``.

    >>> [hex(splitmix64(0, n)) for n in (1, 2)]
    ['0xe220a8397b1dcdaf', '0x6e789e6aa1b965f4']
    """
    mask = 2**64 - 1
    state = (seed + nth * 0x9E3779B97F4A7C15) & mask
    mixed = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & mask
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & mask
    return mixed ^ (mixed >> 31)


def _rank_by_draw(request: Request, attempts: list[Attempt], *, panic: bool) -> list[Attempt]:
    weight_of = balance_weights(request, list(dict.fromkeys(attempt.endpoint for attempt in attempts)))
    places = {attempt.by_name: passes(request, attempt, panic=panic) for attempt in attempts}
    left = list(attempts)
    plan: list[Attempt] = []
    with localcontext() as context:
        context.prec = DIGITS
        while left:
            best = min(places[attempt.by_name] for attempt in left)
            candidates = sorted((a for a in left if places[a.by_name] == best), key=lambda a: a.by_name)
            total = sum((weight_of[a.endpoint.id] for a in candidates), Decimal(0))
            u = Decimal(splitmix64(request.scenario.draw, len(plan) + 1) >> 11) / Decimal(2**53)
            running = Decimal(0)
            for candidate in candidates:
                running += weight_of[candidate.endpoint.id]
                if running > u * total:
                    break
            plan.append(replace(candidate, probability=float(weight_of[candidate.endpoint.id] / total)))
            left.remove(candidate)
    return plan


# The balance ---------------------------------------------------------------------------------------------------------


def _median(values: list[Fraction]) -> Fraction:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 == 1 else (ordered[middle - 1] + ordered[middle]) / 2


def _filled(values: list[Fraction | None]) -> list[Fraction]:
    """Unknown takes the median of the known; none known: 1."""
    known = [value for value in values if value is not None]
    return [(_median(known) if known else Fraction(1)) if value is None else value for value in values]


def _prices(request: Request, endpoints: list[Endpoint]) -> list[Fraction]:
    context = request.scenario.context
    prices = [expected_price(endpoint.pricing, context.prompt_tokens, context.completion_tokens) for endpoint in endpoints]
    positive = [price for price in prices if price is not None and price > 0]
    for_zero = min(positive) / 10 if positive else Fraction(1)
    return _filled([for_zero if price == 0 else price for price in prices])


def _medians_known(values: list[float | None]) -> list[Fraction]:
    """A p50 of 0 is not known."""
    return _filled([None if value is None or value == 0 else Fraction(value) for value in values])


def _successes(request: Request, endpoints: list[Endpoint]) -> list[Fraction]:
    stats = [request.stats_of(endpoint) for endpoint in endpoints]
    rates = [None if stat.success_rate is None else Fraction(stat.success_rate) for stat in stats]
    counts = [Fraction(SAMPLES_WHERE_MISSING if stat.samples is None else stat.samples) for stat in stats]
    rated = [(rate, count) for rate, count in zip(rates, counts, strict=True) if rate is not None]
    total = sum((count for _, count in rated), Fraction(0))
    if total == 0:
        return [Fraction(1)] * len(endpoints)
    mean = sum((rate * count for rate, count in rated), Fraction(0)) / total
    shrunk = [mean if rate is None else (rate * count + mean * PRIOR_OUTCOMES) / (count + PRIOR_OUTCOMES) for rate, count in zip(rates, counts, strict=True)]
    return [max(success, LEAST_SUCCESS) for success in shrunk]


def balance_weights(request: Request, endpoints: list[Endpoint]) -> dict[str, Decimal]:
    """price^-a * throughput^b * latency^-c * success^d of each endpoint, scaled by the largest; in logs, to 50 digits."""
    settings = request.scenario.settings
    latencies, throughputs = zip(*(known_percentiles(request, endpoint) for endpoint in endpoints), strict=True)
    factors = (
        (_prices(request, endpoints), -Decimal(settings.price)),
        (_medians_known([throughput.get("p50") for throughput in throughputs]), Decimal(settings.throughput)),
        (_medians_known([latency.get("p50") for latency in latencies]), -Decimal(settings.latency)),
        (_successes(request, endpoints), Decimal(settings.reliability)),
    )
    with localcontext() as context:
        context.prec = DIGITS
        logs = [Decimal(0)] * len(endpoints)
        for values, exponent in factors:
            if exponent != 0:
                logs = [log + exponent * (Decimal(v.numerator) / Decimal(v.denominator)).ln() for log, v in zip(logs, values, strict=True)]
        largest = max(logs)
        return {endpoint.id: (log - largest).exp() for endpoint, log in zip(endpoints, logs, strict=True)}


# The cut -------------------------------------------------------------------------------------------------------------


def cut(request: Request, plan: list[Attempt]) -> list[Attempt]:
    """``allow_fallbacks: false`` without ``order`` leaves the first attempt, of each model where models are ranked one by one."""
    block = request.scenario.block
    if block.allow_fallbacks or block.order:
        return plan
    if block.partition == "none" or len(request.models) == 1:
        return plan[:1]
    kept: list[Attempt] = []
    for attempt in plan:
        if attempt.endpoint.model not in [other.endpoint.model for other in kept]:
            kept.append(attempt)
    return kept
