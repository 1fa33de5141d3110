"""The kinds of outcome, and what each says: of the endpoint, of one credential, or of nobody but the caller."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

__all__ = ["FAILURES", "NEUTRAL", "Kind"]


class Kind(StrEnum):
    """How a try of an attempt ended. The values are the wire's.

    >>> Kind("rate_limit") is Kind.RATE_LIMIT
    True
    """

    SUCCESS = "success"
    CONNECTION = "connection"
    TIMEOUT = "timeout"
    SERVER = "server"
    RATE_LIMIT = "rate_limit"
    CREDENTIAL = "credential"
    MODERATION = "moderation"
    CALLER = "caller"
    CANCELLED = "cancelled"


FAILURES: Final = frozenset({Kind.CONNECTION, Kind.TIMEOUT, Kind.SERVER, Kind.RATE_LIMIT})
"""Kinds that count against the endpoint's success rate. A bad credential is the key's fault, not the endpoint's."""

NEUTRAL: Final = frozenset({Kind.MODERATION, Kind.CALLER, Kind.CANCELLED})
"""Kinds that say nothing about the endpoint: they change no health and no statistics."""
