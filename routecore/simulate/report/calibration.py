"""How well a world predicts what a log shows: each figure's predicted band, what was observed, in or out."""

from __future__ import annotations

from typing import Any

import attrs

__all__ = ["Calibrated"]


@attrs.frozen
class Calibrated:
    """One figure of a backtest. ``low`` to ``high``: the band that should hold ``observed`` in 95 of 100 cases; ``None``s: it could not be predicted or seen.

    >>> Calibrated("total_p90", "last token, p90", "s", 5.0, 4.0, 6.5, 7.0).holds
    False
    """

    name: str
    label: str
    unit: str
    predicted: float | None
    low: float | None
    high: float | None
    observed: float | None

    @property
    def holds(self) -> bool | None:
        """Whether what was observed lies in the band; ``None`` where that cannot be told."""
        if self.low is None or self.high is None or self.observed is None:
            return None
        return self.low <= self.observed <= self.high

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return {**attrs.asdict(self), "holds": self.holds}
