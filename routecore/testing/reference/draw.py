"""The draw: place after place, in proportion to the weights, by splitmix64; the first place under the traffic caps."""

from __future__ import annotations

from dataclasses import replace
from decimal import Context, Decimal, localcontext
from typing import TYPE_CHECKING

from routecore.testing.reference.weights import log_weights

if TYPE_CHECKING:
    from routecore.testing.reference.request import Attempt, Request

__all__ = ["capped", "rank_by_draw", "splitmix64"]

EXACT = Context(prec=50, Emax=10**18 - 1, Emin=-(10**18) + 1)  # far beyond a double, so that rounding never decides a draw
LEAST_CAP = Decimal("1e-9")


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


def rank_by_draw(request: Request, attempts: list[Attempt], places: dict[tuple[str, int, str], tuple[int, ...]]) -> list[Attempt]:
    """Order the attempts; ``places``: each one's place in the passes, by its name."""
    left = list(attempts)
    plan: list[Attempt] = []
    with localcontext(EXACT):
        logs = log_weights(request, list(dict.fromkeys(attempt.endpoint for attempt in attempts)))
        while left:
            best = min(places[attempt.by_name] for attempt in left)
            candidates = _candidates([attempt for attempt in left if places[attempt.by_name] == best])
            largest = max(logs[attempt.endpoint.id] for attempt in candidates)
            shares = _shares([(logs[attempt.endpoint.id] - largest).exp() for attempt in candidates])
            if not plan:
                shares = capped(shares, [_cap(request, attempt) for attempt in candidates])
            u = Decimal(splitmix64(request.scenario.draw, len(plan) + 1) >> 11) / Decimal(2**53)
            taken = next((place for place in range(len(shares)) if sum(shares[: place + 1]) > u * sum(shares)), len(shares) - 1)
            plan.append(replace(candidates[taken], probability=float(shares[taken])))
            left.remove(candidates[taken])
    return plan


def _candidates(best: list[Attempt]) -> list[Attempt]:
    """In ascending order of name; of one endpoint's BYOK attempts only the first in the order of the context's keys."""
    first_key = {attempt.endpoint.id: attempt.key_id for attempt in sorted(best, key=lambda a: -a.key_place) if attempt.credential == "byok"}
    kept = [attempt for attempt in best if attempt.credential == "shared" or attempt.key_id == first_key[attempt.endpoint.id]]
    return sorted(kept, key=lambda attempt: attempt.by_name)


def _cap(request: Request, attempt: Attempt) -> Decimal | None:
    """The traffic cap of a shared attempt; none is none."""
    cap = request.stats_of(attempt.endpoint).rates.get("share_cap")
    return None if cap is None or attempt.credential != "shared" else max(Decimal(str(cap)), LEAST_CAP)


def _shares(weights: list[Decimal]) -> list[Decimal]:
    total = sum(weights, Decimal(0))
    return [weight / total for weight in weights]


def capped(shares: list[Decimal], caps: list[Decimal | None]) -> list[Decimal]:
    """Cut each share that stands above its cap, and give what is left to the uncut in proportion, until none is above.

    If every one has been cut, shares stand in proportion to the caps.

    >>> [str(share) for share in capped([Decimal("0.5"), Decimal("0.3"), Decimal("0.2")], [Decimal("0.1"), None, Decimal("0.3")])]
    ['0.1', '0.6', '0.3']
    """
    cut: dict[int, Decimal] = {}
    now = list(shares)
    while above := {i: cap for i, cap in enumerate(caps) if cap is not None and i not in cut and now[i] > cap}:
        cut |= above
        if len(cut) == len(shares):
            return _shares([cut[i] for i in range(len(shares))])
        rest, uncut = 1 - sum(cut.values()), sum(share for i, share in enumerate(shares) if i not in cut)
        now = [cut[i] if i in cut else rest * share / uncut for i, share in enumerate(shares)]
    return now
