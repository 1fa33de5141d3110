"""Traffic caps: no endpoint's shared attempt gets more than its share of first picks, as long as others can take what is left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

LEAST_CAP: Final = 1e-9
"""A cap counts at least so much: nobody's chance is 0, so that every choice has a propensity."""


def capped(weights: Sequence[float], caps: Sequence[float | None]) -> list[float]:
    """Return the shares that ``weights`` make under ``caps`` (from 0 to 1, ``None``: no cap), adding up to 1.

    What stands above its cap is cut to it, and what is left goes to the uncapped in proportion to their weights, until none is above. If every one has been
    cut, shares stand in proportion to the caps.

    Example:
        >>> [round(share, 3) for share in capped([6.0, 3.0, 1.0], [0.3, None, None])]
        [0.3, 0.525, 0.175]
        >>> [round(share, 3) for share in capped([1.0, 1.0], [0.1, 0.3])]
        [0.25, 0.75]
    """
    limits = [None if cap is None else max(cap, LEAST_CAP) for cap in caps]
    cut: dict[int, float] = {}
    while len(cut) < len(weights):
        free = [place for place in range(len(weights)) if place not in cut]
        left = max(1.0 - sum(cut.values()), 0.0)
        total = sum(weights[place] for place in free)
        shares = {place: left * weights[place] / total for place in free}
        above = {place: limit for place in free if (limit := limits[place]) is not None and shares[place] > limit}
        if not above:
            return [cut.get(place, shares.get(place, 0.0)) for place in range(len(weights))]
        cut.update(above)
    whole = sum(cut.values())
    return [cut[place] / whole for place in range(len(weights))]
