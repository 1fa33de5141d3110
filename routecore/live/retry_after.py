"""Reading ``Retry-After``, in both forms that HTTP gives it. What cannot be read is named, never guessed."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_tz
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["header", "parse_retry_after"]

_SECONDS: Final = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,9})?\Z")
_LONGEST: Final = 128


def header(headers: Mapping[Any, object] | None, name: str) -> str | None:
    """Return the header ``name`` (lower case) as text, whatever the case of its spelling; ``None`` if missing. Bytes are read as Latin-1.

    >>> header({"Retry-After": "7"}, "retry-after")
    '7'
    """
    if not headers:
        return None
    for key, value in headers.items():
        spelt = key.decode("latin-1") if isinstance(key, bytes) else key
        if isinstance(spelt, str) and spelt.lower() == name:
            if isinstance(value, bytes):
                return value.decode("latin-1")
            return value if isinstance(value, str) else str(value)[:_LONGEST]
    return None


def parse_retry_after(text: str, *, unix_now: float | None = None) -> tuple[float | None, str | None]:
    """Return ``(seconds to wait, None)``, or ``(None, why it cannot be read)``.

    Seconds may have a fraction. An HTTP date counts from ``unix_now`` (seconds since 1970, UTC); one in the past is 0 s.
    Nothing is bounded here: health bounds what it waits. Source: RFC 9110, § 10.2.3.

    >>> parse_retry_after("120")
    (120.0, None)
    >>> parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", unix_now=784111770.0)
    (7.0, None)
    >>> parse_retry_after("-3")
    (None, 'neither seconds nor an HTTP date')
    """
    value = text.strip()
    if len(value) > _LONGEST:
        return None, "neither seconds nor an HTTP date"
    if _SECONDS.match(value):
        return float(value), None
    moment = _http_date(value)
    if moment is None:
        return None, "neither seconds nor an HTTP date"
    if unix_now is None:
        return None, "an HTTP date, and the time now is not known"
    return max(moment - unix_now, 0.0), None


def date_seconds(text: str | None) -> float | None:
    """Return an HTTP date as seconds since 1970, UTC; ``None`` if it is none.

    >>> date_seconds("Sunday, 06-Nov-94 08:49:37 GMT"), date_seconds("soon")
    (784111777.0, None)
    """
    return None if text is None or len(text) > _LONGEST else _http_date(text.strip())


def _http_date(value: str) -> float | None:
    # a date has a time of day; without one the parser would read a lone word or number as some date
    if ":" not in value:
        return None
    try:
        parts = parsedate_tz(value)
        if parts is None:
            return None
        year, month, day, hour, minute, second = parts[:6]
        # a leap second is written as :60, which a datetime does not know
        moment = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
        return moment.timestamp() - (parts[9] or 0)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
