"""How long an answer asks to stay away, wherever a provider puts it. What cannot be read is named, never guessed.

The sources, in this order; the first that states a wait above 0 counts, as a wait of 0, or one that is over, says nothing:

1. ``retry-after-ms`` (OpenAI, Azure).
2. ``Retry-After``: seconds, an HTTP date (RFC 9110, § 10.2.3), or, above 10**9, an epoch.
3. The body: Gemini's ``RetryInfo.retryDelay``, the upstream's headers that OpenRouter relays in ``metadata.headers``, a number ``retry_after``.
4. ``x-ratelimit-reset-…``, ``anthropic-ratelimit-…-reset`` and their like, of what has 0 remaining: seconds, an epoch, ``2m30s`` or RFC 3339.
5. For a rate limit, the message itself ("Please try again in 1.2s"): streams carry no other word.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_tz
from itertools import islice
from math import inf
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["headers_of", "parse_retry_after", "stated_wait"]

_SECONDS: Final = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,9})?\Z")
_DURATION: Final = re.compile(r"(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m(?!s))?(?:(\d{1,9}(?:\.\d{1,9})?)s)?(?:(\d{1,12}(?:\.\d{1,9})?)ms)?\Z")
_SPOKEN: Final = re.compile(r"\b(?:try again|retry) (?:in|after) ((?:\d{1,6}h)?(?:\d{1,6}m(?!s))?\d{1,9}(?:\.\d{1,9})?)\s?(ms|s\b|seconds?|m\b|minutes?)")
_QUOTED: Final = re.compile(r"\"[^\"]*\"|`[^`]*`|(?<!\w)'[^']*'|“[^”]*”")
_LONGEST: Final = 128
_MOST_HEADERS: Final = 512
_EPOCH: Final = 1e9
_EPOCH_MILLISECONDS: Final = 1e12
_MEANT: Final = "neither seconds nor an HTTP date"


def headers_of(headers: object) -> dict[str, str]:
    """Return headers by lower-case name, whatever they come as: a mapping, an object with ``items()``, or pairs; names and values as text or bytes.

    The first of a repeated name counts. Bytes are read as Latin-1; what is no header is passed over; at most 512 are looked at.

    >>> headers_of([(b"Retry-After", b"7"), ("Date", "x"), ("date", "y"), 3])
    {'retry-after': '7', 'date': 'x'}
    """
    found: dict[str, str] = {}
    if not headers:
        return found
    items = getattr(headers, "items", None)
    try:
        pairs: Iterable[Any] = items() if callable(items) else headers  # type: ignore[assignment] # what is no iterable raises, below
        for pair in islice(pairs, _MOST_HEADERS):
            if not isinstance(pair, (tuple, list)) or len(pair) != 2:
                continue
            name, value = _text(pair[0]), _text(pair[1])
            if name is not None and value is not None:
                found.setdefault(name.strip().lower(), value)
    except (TypeError, ValueError):
        return found
    return found


def _text(value: object) -> str | None:
    if isinstance(value, (bytes, bytearray)):
        return bytes(value[:4_096]).decode("latin-1")
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        # as Python's own clients give some; a number too long to print is no header
        return repr(value) if isinstance(value, float) or -(2**63) < value < 2**63 else None
    return None


def parse_retry_after(text: str, *, unix_now: float | None = None) -> tuple[float | None, str | None]:
    """Return ``(seconds to wait, None)``, or ``(None, why it cannot be read)``.

    Seconds may have a fraction; a number above 10**9 is a moment (seconds since 1970). An HTTP date counts from ``unix_now`` (seconds since 1970, UTC); one
    in the past is 0 s. Nothing is bounded here: health bounds what it waits. Source: RFC 9110, § 10.2.3.

    >>> parse_retry_after("120")
    (120.0, None)
    >>> parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", unix_now=784111770.0)
    (7.0, None)
    >>> parse_retry_after("-3")
    (None, 'neither seconds nor an HTTP date')
    """
    value = text.strip()
    if len(value) > _LONGEST:
        return None, _MEANT
    if _SECONDS.match(value):
        seconds = float(value)
        return (seconds, None) if seconds <= _EPOCH else _until(seconds, unix_now, "an epoch")
    moment = _http_date(value)
    return (None, _MEANT) if moment is None else _until(moment, unix_now, "an HTTP date")


def _until(moment: float, unix_now: float | None, what: str) -> tuple[float | None, str | None]:
    if unix_now is None:
        return None, f"{what}, and the time now is not known"
    return max((moment / 1e3 if moment > _EPOCH_MILLISECONDS else moment) - unix_now, 0.0), None


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


def stated_wait(
    headers: Mapping[str, str], errors: Sequence[Mapping[Any, Any]], message: str | None, *, unix_now: float | None
) -> tuple[float | None, str | None]:
    """Return how many seconds an answer asks to wait, and what of it could not be read.

    Args:
        headers: By lower-case name, as ``headers_of`` gives them.
        errors: The answer's error objects, outermost first.
        message: The error's own words, where they may be believed (a rate limit); else ``None``.
        unix_now: Seconds since 1970. Without it moments count from the answer's own ``Date``, which no skew of clocks can spoil.

    Returns:
        The seconds, above 0 and finite, or ``None`` where none are stated; and why the first unreadable source could not be read.

    Example:
        >>> stated_wait({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "2m30s"}, [], None, unix_now=None)
        (150.0, None)
    """
    now = date_seconds(headers.get("date")) if unix_now is None else unix_now
    problem: str | None = None
    for wait, trouble in _sources(headers, errors, message, now):
        if wait is not None and 0 < wait < inf:
            return wait, problem
        problem = problem or trouble
    return None, problem


def _sources(
    headers: Mapping[str, str], errors: Sequence[Mapping[Any, Any]], message: str | None, now: float | None
) -> Iterable[tuple[float | None, str | None]]:
    yield from _headers(headers, now)
    for error in errors:
        yield from _body(error, now)
    yield _reset(headers, now), None
    if message is not None:
        yield _spoken(message), None


def _headers(headers: Mapping[str, str], now: float | None) -> Iterable[tuple[float | None, str | None]]:
    milliseconds = headers.get("retry-after-ms")
    if milliseconds is not None:
        readable = len(milliseconds) <= _LONGEST and _SECONDS.match(milliseconds.strip())
        yield (float(milliseconds) / 1e3, None) if readable else (None, f"retry-after-ms {milliseconds[:64]!r}: no milliseconds")
    asked = headers.get("retry-after")
    if asked is not None:
        wait, trouble = parse_retry_after(asked, unix_now=now)
        yield wait, None if trouble is None else f"Retry-After {asked[:64]!r}: {trouble}"


def _body(error: Mapping[Any, Any], now: float | None) -> Iterable[tuple[float | None, str | None]]:
    """Look at an error object's own places: Gemini's details, the headers that OpenRouter relays, and a number under the name of one."""
    for name in ("retry_after", "estimated_time"):
        # Cloudflare's, and Hugging Face's while a model loads
        yield _number(error.get(name)), None
    details = error.get("details")
    for detail in details[:32] if isinstance(details, list) else ():
        delay = detail.get("retryDelay") if isinstance(detail, dict) else None
        if isinstance(delay, str):
            yield _moment(delay, now), None
        elif isinstance(delay, dict):
            # the protocol buffer's own form
            yield _number(delay.get("seconds")), None
    metadata = error.get("metadata")
    if isinstance(metadata, dict):
        relayed = headers_of(metadata.get("headers"))
        yield from _headers(relayed, now)
        # OpenRouter relays the reset without saying what remains
        bare = relayed.get("x-ratelimit-reset")
        yield (_reset(relayed, now) if bare is None else _moment(bare, now)), None
        yield _number(metadata.get("retry_after_seconds")), None


def _reset(headers: Mapping[str, str], now: float | None) -> float | None:
    """Return when the last of the limits with nothing remaining is full again.

    A reset that comes without its remaining count is of what is used up (Azure sends ``x-rate-limit-reset-tokens`` alone).
    """
    limits = {name.replace("rate-limit", "ratelimit"): value.strip() for name, value in headers.items() if "ratelimit" in name.replace("-", "")}
    waits = []
    for name, value in limits.items():
        if "reset" in name and limits.get(name.replace("reset", "remaining"), "0") in {"0", "0.0"}:
            wait = _moment(value, now)
            if wait is not None:
                waits.append(wait)
    return max(waits, default=None)


def _moment(text: str, now: float | None) -> float | None:
    """Read seconds, an epoch, a duration such as ``2m30s`` or ``172ms``, or an RFC 3339 instant, as seconds from now."""
    value = text.strip()
    if not value or len(value) > _LONGEST:
        return None
    if _SECONDS.match(value) or (value.isascii() and value.isdigit()):
        seconds = float(value)
        return seconds if seconds <= _EPOCH else _until(seconds, now, "")[0]
    parts = _DURATION.match(value)
    if parts is not None:
        days, hours, minutes, seconds, milliseconds = (float(part or 0) for part in parts.groups())
        return days * 86_400 + hours * 3_600 + minutes * 60 + seconds + milliseconds / 1e3
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        return None
    return _until(instant.replace(tzinfo=instant.tzinfo or UTC).timestamp(), now, "")[0]


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    if isinstance(value, str):
        return float(value) if len(value) <= _LONGEST and _SECONDS.match(value) else None
    return float(value) if 0 <= value < 2**63 else None


def _spoken(message: str) -> float | None:
    """Read "try again in 9m38.016s" or "retry after 33 seconds", outside quotes: what a caller wrote is no wait."""
    found = _SPOKEN.search(_QUOTED.sub("", message[:2_000].lower()))
    if found is None:
        return None
    number, unit = found.groups()
    if unit == "ms":
        return _moment(f"{number}ms", None)
    if unit.startswith("m"):
        return (_number(number) or 0.0) * 60 or None
    return _moment(f"{number}s", None)
