"""Lists from outside, taken as far as they are lists of objects."""

from __future__ import annotations

from typing import Any

__all__ = ["objects"]

_MOST = 4_096


def objects(value: object) -> list[dict[Any, Any]]:
    """Return the objects of a list, at most 4,096; anything else has none.

    >>> objects([{"a": 1}, None]), objects("x")
    ([{'a': 1}], [])
    """
    return [item for item in value[:_MOST] if isinstance(item, dict)] if isinstance(value, list) else []
