"""How long samples count, and what is too much."""

from __future__ import annotations

from typing import ClassVar, Final

import attrs

from routecore.reading.settings import finite_above, one_of, whole_from

__all__ = ["WindowSettings"]

_MOST: Final = 1_000_000


@attrs.frozen
class WindowSettings:
    """How long samples count, and what is too much. Raises ``InvalidRequest`` naming every bad setting.

    >>> WindowSettings(latency="median")
    Traceback (most recent call last):
        ...
    routecore.errors.InvalidRequest: 1 fault in the request: settings.windows.latency: 'median' is not 'ttft' or 'total'
    """

    WHERE: ClassVar[str] = "settings.windows"

    seconds: float = attrs.field(default=300.0, validator=finite_above(0, "seconds", most=_MOST))
    """Length of the window. A sample leaves within 10 s of reaching this age, given a tick every 5 s."""
    latency: str = attrs.field(default="ttft", validator=one_of("ttft", "total"))
    """What a latency is: ``ttft`` (time to first token, where the response streamed) or ``total`` (whole responses). Never both in one window."""
    min_samples: int = attrs.field(default=10, validator=whole_from(1))
    """A metric with fewer samples has no percentiles."""
    exact_samples: int = attrs.field(default=65_536, validator=whole_from(1))
    """An endpoint with more samples of a metric than this in its window is summed up in a histogram."""
    max_samples: int = attrs.field(default=8_000_000, validator=whole_from(1))
    """Samples held exactly over all endpoints (8 bytes each); beyond, the largest logs become histograms."""
    max_unlisted: int = attrs.field(default=1_000, validator=whole_from(0))
    """Endpoints outside the catalog that are kept (late outcomes after a catalog swap)."""
    max_latency_seconds: float = attrs.field(default=3_600.0, validator=finite_above(0, "seconds", most=_MOST))
    """A longer latency is absurd: refused and counted."""
    max_tokens_per_second: float = attrs.field(default=100_000.0, validator=finite_above(0, most=_MOST))
    """A higher throughput is absurd: refused and counted."""

    @property
    def period_seconds(self) -> float:
        """Samples are dated in periods of this length and leave together, when the youngest has reached the window's age."""
        return min(2.5, self.seconds / 120)
