"""Counts that no reader read: whatever a provider adds to its usage tomorrow is told, not lost."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from routecore.usage.report import Anomaly

if TYPE_CHECKING:
    from routecore.usage.report import Reported

__all__ = ["MOST_TOLD", "unread_counts"]

_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^A-Z\W_]+")
_COUNTS: Final = frozenset(
    word + ending for word in ("token", "call", "search", "image", "second", "character", "iteration", "page", "unit", "minute") for ending in ("", "s", "es")
) | {"query", "queries"}
# money, rates, limits and clocks have such words in their names, and count nothing
_NO_COUNTS: Final = frozenset(
    [
        "cost",
        "costs",
        "price",
        "prices",
        "usd",
        "ticks",
        "spend",
        "credit",
        "credits",
        "rate",
        "per",
        "limit",
        "limits",
        "window",
        "max",
        "min",
        "budget",
        "remaining",
        "time",
        "times",
        "latency",
        "ms",
        "id",
        "ids",
    ]
)
_MONEY: Final = frozenset({"cost", "costs", "price", "prices", "pricing", "credits"})
MOST_TOLD: Final = 32
"""So many unread counts are told one by one; a last anomaly says how many more there are."""
_LONGEST_PATH: Final = 200


def unread_counts(report: Reported) -> list[Anomaly]:
    """Return an anomaly for every number of the body, at any depth, that is not 0, whose name speaks of a count and that nobody has read.

    Takes time linear in the size of the body, and each object once, also where it holds itself.
    """
    found: list[Anomaly] = []
    more = 0
    seen = report.seen
    # an object or list, its name, and where it stands, as a chain of (name, the rest)
    stack: list[tuple[Any, tuple[Any, ...]]] = [(report.body, ())]
    walked: set[int] = set()
    while stack:
        node, chain = stack.pop()
        if id(node) in walked:
            continue
        walked.add(id(node))
        children = node.items() if isinstance(node, dict) else enumerate(node)
        for key, value in children:
            if isinstance(value, (dict, list, tuple)):
                if (id(node), key) not in seen and not (isinstance(key, str) and _MONEY & _words(key)):
                    stack.append((value, (key, chain)))
            elif isinstance(key, str) and _is_count(key, value) and (id(node), key) not in seen:
                if len(found) < MOST_TOLD:
                    found.append(Anomaly("unread_count", _path(report.path, (key, chain)), value, 0))
                else:
                    more += 1
    if more:
        found.append(Anomaly("unread_count", report.path, f"{more} more counts", 0))
    return found


def _is_count(key: str, value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return False
    # whatever is equal to 0 counts nothing; a signalling NaN cannot even be asked
    if not (isinstance(value, Decimal) and value.is_snan()) and value == 0:
        return False
    words = _words(key)
    return bool(_COUNTS & words) and not _NO_COUNTS & words


def _words(key: str) -> set[str]:
    """Return the words of a name such as ``web_search_requests`` or ``cachedInputTokens``, in lower case."""
    return {word.lower() for word in _WORDS.findall(key[:_LONGEST_PATH])}


def _path(top: str, chain: tuple[Any, ...]) -> str:
    """Spell a chain out; of a long one, its end."""
    parts: list[str] = []
    length = 0
    while chain and length < _LONGEST_PATH:
        key, chain = chain
        part = f"[{key}]" if isinstance(key, int) else f".{key[:_LONGEST_PATH] if isinstance(key, str) else type(key).__name__}"
        parts.append(part)
        length += len(part)
    return f"{top}{'….' if chain else ''}{''.join(reversed(parts))}"
