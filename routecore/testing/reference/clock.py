"""Instants and the hours of a week, counted from the epoch: what timed price cards are compared with."""

from __future__ import annotations

import re
from datetime import date, timedelta
from fractions import Fraction

__all__ = ["instant_of_text", "minute_of_day", "weekday"]

RFC_3339 = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?(?:([Zz])|([+-])([0-9]{2}):([0-9]{2})))?",
    re.ASCII,
)
EPOCH = date(1970, 1, 1)
DAY = 86_400


def minute_of_day(now: Fraction) -> int:
    """The minute of the UTC day, from 0 to 1439.

    >>> minute_of_day(Fraction(90)), minute_of_day(Fraction(-1))
    (1, 1439)
    """
    return int(now % DAY // 60)


def weekday(now: Fraction) -> int:
    """The ISO day of the week, Monday 1 to Sunday 7; the epoch was a Thursday.

    >>> weekday(Fraction(0)), weekday(Fraction(4 * 86400))
    (4, 1)
    """
    return int((now // DAY + 3) % 7 + 1)


def instant_of_text(text: str) -> Fraction | None:
    """Read an RFC 3339 instant, or a date as its first instant in UTC, as seconds since the epoch; ``None`` if it is neither.

    >>> instant_of_text("1970-01-02"), instant_of_text("1970-01-01T01:00:00.5+01:00"), instant_of_text("1970-02-30")
    (Fraction(86400, 1), Fraction(1, 2), None)
    """
    match = RFC_3339.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, part, _, sign, ahead_hours, ahead_minutes = match.groups()
    try:
        days = (date(int(year), int(month), int(day)) - EPOCH) // timedelta(days=1)
    except ValueError:
        return None
    if hour is None:
        return Fraction(days * DAY)
    if int(hour) > 23 or int(minute) > 59 or int(second) > 59 or int(ahead_hours or 0) > 23 or int(ahead_minutes or 0) > 59:
        return None
    ahead = (int(ahead_hours or 0) * 60 + int(ahead_minutes or 0)) * 60 * (-1 if sign == "-" else 1)
    seconds = days * DAY + int(hour) * 3600 + int(minute) * 60 + int(second) - ahead
    return seconds + (Fraction(int(part), 10 ** len(part)) if part else Fraction(0))
