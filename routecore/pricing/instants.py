"""When a price holds: an instant as price cards see it, by the minute of the UTC day and the weekday."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["instant_at", "instant_of"]

_MINUTES: Final = 24 * 60


def instant_of(moment: datetime) -> tuple[int, int]:
    """Return the minute of the UTC day and the ISO weekday of ``moment``; one without an offset is UTC already.

    >>> from datetime import datetime
    >>> instant_of(datetime.fromisoformat("2026-03-01T01:29:59+01:00"))
    (29, 7)
    """
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC)
    return moment.hour * 60 + moment.minute, moment.isoweekday()


def instant_at(now: float) -> tuple[int, int]:
    """Return the minute of the UTC day and the ISO weekday of ``now``, in seconds since the epoch.

    >>> instant_at(0.0), instant_at(1772324999.9)
    ((0, 4), (29, 7))
    """
    minutes = int(now // 60)
    # the epoch began on a Thursday
    return minutes % _MINUTES, (minutes // _MINUTES + 3) % 7 + 1
