"""How long to wait for each attempt of a plan, and when to start the next one beside it: pure numbers, from the facts that decided.

Without a deadline an attempt may take half as long again as its p99, within the settings' bounds. With one, each gives up early enough that the next still has
its own p90 before the deadline; the last one gets all that is left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from routecore.request.context import NOMINAL_COMPLETION_TOKENS
from routecore.routing.facts import known

if TYPE_CHECKING:
    from collections.abc import Sequence

    from routecore.request.settings import Timeouts
    from routecore.routing.case import Case
    from routecore.routing.facts import Percentiles

__all__ = ["Times", "seconds_of", "timeout", "times_of"]

SLACK: Final = 1.5
"""An attempt may take so many times its p99 before it is given up."""
_P95: Final = 5 / 9
"""Where p95 lies between p90 and p99; the logarithm of the latency is taken to be straight between them."""


class Times(NamedTuple):
    """How long one attempt may take, in seconds: to its first token, and in all; and when to start the next attempt beside it (``None``: never)."""

    first_token: float
    total: float
    hedge_after: float | None = None


class Latencies(NamedTuple):
    """What is known of an endpoint's first token, in seconds; ``None`` where it is not."""

    p50: float | None = None
    p90: float | None = None
    p99: float | None = None


def timeout(own: float, p90: float | None, next_p90: float | None, left: float, bounds: Timeouts) -> float:
    """Return when to give up on an attempt that has one after it, where ``left`` seconds are left until the deadline.

    Args:
        own: the attempt's timeout without a deadline.
        p90: its own p90, which it always gets unless the deadline forces it to less; unknown counts as ``bounds.least``.
        next_p90: the next attempt's p90, which is kept free for it; unknown counts as ``bounds.least``.
        left: seconds until the deadline, 0 or more.
        bounds: the settings' bounds.

    Returns:
        Seconds, from 0 to ``left``. More that is left never gives less.

    Example:
        >>> from routecore.request.settings import Timeouts
        >>> timeout(60.0, 2.0, 3.0, 10.0, Timeouts()), timeout(60.0, 2.0, 3.0, 4.0, Timeouts()), timeout(60.0, 2.0, 3.0, 1.0, Timeouts())
        (7.0, 2.0, 1.0)
    """
    mine = bounds.least if p90 is None else p90
    theirs = bounds.least if next_p90 is None else next_p90
    return min(left, max(mine, min(own, left - theirs)))


def times_of(case: Case, endpoint_ids: Sequence[str], left: float | None = None) -> list[Times]:
    """Return the times of attempts that are tried one after the other, each of which uses up what it may.

    Args:
        case: what was decided from; its facts and settings give the numbers.
        endpoint_ids: the endpoint of each attempt that is left to try, in order.
        left: seconds until the deadline; ``None`` takes the case's, and where that is ``None`` too there is no deadline.

    Returns:
        One ``Times`` for each attempt. Its seconds never exceed what is left; a longer deadline shortens none.
    """
    left = case.deadline_seconds if left is None else left
    bounds = case.settings.timeouts
    latencies = [seconds_of(case, one) for one in endpoint_ids]
    found = []
    for place, (endpoint_id, mine) in enumerate(zip(endpoint_ids, latencies, strict=True)):
        after = latencies[place + 1] if place + 1 < len(latencies) else None
        first = bounds.most if mine.p99 is None else min(max(SLACK * mine.p99, bounds.least), bounds.most)
        total = _total(case, endpoint_id, bounds)
        if left is not None:
            first = left if after is None else timeout(first, mine.p90, after.p90, left, bounds)
            total = left if after is None else min(max(total, first), left)
            left -= first
        found.append(Times(first, max(total, first), _hedge(mine, after) if case.settings.hedge else None))
    return found


def seconds_of(case: Case, endpoint_id: str) -> Latencies:
    """Return what is known of an endpoint's latency, as far as enough samples stand behind it."""
    stats = case.facts.stats.get(endpoint_id)
    if stats is None:
        return Latencies()
    latency = known(stats, stats.latency, case.settings.min_samples)
    return Latencies() if latency is None else Latencies(latency.p50, latency.p90, latency.p99)


def _total(case: Case, endpoint_id: str, bounds: Timeouts) -> float:
    """Return how long a whole answer may take: to its first token, and for the tokens asked."""
    stats, least = case.facts.stats.get(endpoint_id), case.settings.min_samples
    latency: Percentiles | None = None if stats is None else known(stats, stats.latency, least)
    throughput: Percentiles | None = None if stats is None else known(stats, stats.throughput, least)
    slow, slowest = None if throughput is None else throughput.p99, None if latency is None else latency.p99
    if slowest is None or not slow:
        return bounds.most_total
    tokens = case.request.max_tokens or case.completion_tokens
    seconds = slowest + (NOMINAL_COMPLETION_TOKENS if tokens is None else tokens) / slow
    return min(max(SLACK * seconds, bounds.least), bounds.most_total)


def _hedge(mine: Latencies, after: Latencies | None) -> float | None:
    """Return when the next attempt is worth starting beside this one: at its p95, where the next is likelier to answer in what is left of its own p99."""
    if after is None or after.p50 is None or mine.p90 is None or mine.p99 is None:
        return None
    p95 = mine.p90 ** (1 - _P95) * mine.p99**_P95
    return p95 if after.p50 < mine.p99 - p95 else None
