"""When a price holds: an instant as price cards see it, and the dates and times that bound a card."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

__all__ = ["MOMENT_EXPECTED", "Instant", "instant_at", "instant_of", "moment_text", "read_moment"]

MOMENT_EXPECTED: Final = "a date such as 2026-08-21, or an instant such as 2026-08-21T12:00:00Z"

_MINUTES: Final = 24 * 60
_MICROSECOND: Final = timedelta(microseconds=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MOMENT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?([Zz]|[+-][0-9]{2}:[0-9]{2})?)?", re.ASCII)


class Instant(NamedTuple):
    """An instant: the minute of the UTC day, the ISO weekday, and the microseconds since the epoch, which alone know the date."""

    minute: int
    weekday: int
    microseconds: int


def instant_of(moment: datetime) -> Instant:
    """Return the instant of ``moment``; one without an offset is UTC already.

    >>> instant_of(datetime.fromisoformat("2026-03-01T01:29:59+01:00"))
    Instant(minute=29, weekday=7, microseconds=1772324999000000)
    """
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return Instant(moment.hour * 60 + moment.minute, moment.isoweekday(), (moment - _EPOCH) // _MICROSECOND)


def instant_at(now: float) -> Instant:
    """Return the instant of ``now``, in seconds since the epoch.

    >>> instant_at(0.0), instant_at(1772324999.5)
    (Instant(minute=0, weekday=4, microseconds=0), Instant(minute=29, weekday=7, microseconds=1772324999500000))
    """
    minutes = int(now // 60)
    # the epoch began on a Thursday
    return Instant(minutes % _MINUTES, (minutes // _MINUTES + 3) % 7 + 1, math.floor(now * 1_000_000))


def read_moment(value: object) -> int | None:
    """Return a date (its first moment in UTC) or an RFC 3339 instant as microseconds since the epoch, ``None`` for what is neither.

    >>> read_moment("1970-01-02"), read_moment("1970-01-01T01:00:00+01:00"), read_moment("1970-01-01T24:00:00Z"), read_moment(0)
    (86400000000, 0, None, None)
    """
    if not isinstance(value, str) or _MOMENT.fullmatch(value) is None:
        return None
    try:
        return instant_of(datetime.fromisoformat(value)).microseconds
    except (ValueError, OverflowError):
        return None


def moment_text(microseconds: int) -> str:
    """Return a moment as ``read_moment`` reads it.

    >>> moment_text(86_400_000_000), moment_text(3_600_500_000)
    ('1970-01-02T00:00:00Z', '1970-01-01T01:00:00.500000Z')
    """
    return (_EPOCH + timedelta(microseconds=microseconds)).isoformat().replace("+00:00", "Z")
