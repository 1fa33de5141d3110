"""Joining the parts in which a stream reports its usage: an opening event with the prompt, later ones with what has been written so far."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from routecore.errors import Fault, InvalidUsage
from routecore.reading.checks import OBJECT_EXPECTED

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["merge_usage"]

_DEEPEST: Final = 8
"""Objects inside objects are joined to this depth; below it the later one stands in place of the earlier. No dialect nests deeper than three."""


def merge_usage(*parts: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the usage body that the parts of one stream make together: of each key, the last value that is not null.

    Objects (``cache_creation``, ``prompt_tokens_details``) are joined key by key; a list (``iterations``, Gemini's modality lists) is taken whole. Streams report
    running totals, so nothing is added up: join the parts of one response, never two responses.

    Args:
        parts: The usage objects in the order in which the stream sent them, in one dialect; ``None`` for an event without one. Parts may themselves be joined ones.

    Returns:
        A new body for ``Usage.parse``; ``{}`` where no part has anything. The parts are left as they are.

    Raises:
        InvalidUsage: A part is neither an object nor ``None``.

    Example:
        >>> start = {"input_tokens": 25, "cache_read_input_tokens": 1000, "output_tokens": 1}
        >>> merge_usage(start, {"output_tokens": 15, "input_tokens": None})
        {'input_tokens': 25, 'cache_read_input_tokens': 1000, 'output_tokens': 15}
    """
    merged: dict[str, Any] = {}
    for number, part in enumerate(parts):
        if part is None:
            continue
        if not isinstance(part, dict):
            raise InvalidUsage([Fault(f"usage[{number}]", part, OBJECT_EXPECTED)])
        _join(merged, part, _DEEPEST)
    return merged


def _join(into: dict[str, Any], part: Mapping[str, Any], depth: int) -> None:
    for key, value in part.items():
        if value is None:
            into.setdefault(key, None)
        elif isinstance(value, dict) and depth:
            known = into.get(key)
            # a copy, so that the next part changes nothing of this one
            fresh = dict(known) if isinstance(known, dict) else {}
            _join(fresh, value, depth - 1)
            into[key] = fresh
        else:
            into[key] = value
