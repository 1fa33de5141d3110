"""The one loop that reads an object key by key: each known key by its reader, each unknown one a fault with the nearest known key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from routecore.errors import MOST_FAULTS, Fault
from routecore.reading.checks import HINTS, below, nearest
from routecore.safe_text import names_a_secret, withheld

__all__ = ["LONGEST_LIST", "Reader", "into", "read_object"]

Reader = Callable[[dict[str, Any], object, str, list[Fault]], None]
"""Reads one value into the fields that it fills: ``(fields, value, path, faults)``. What cannot be read is noted, and fills nothing."""

LONGEST_LIST: Final = 10_000
"""Entries of a list that a caller may send: slugs, keys, models. A longer one is a fault."""


def into(field: str, read: Callable[[object, str, list[Fault]], object]) -> Reader:
    """Return the reader that puts what ``read`` returns into ``field``."""

    def reader(fields: dict[str, Any], value: object, path: str, faults: list[Fault]) -> None:
        fields[field] = read(value, path, faults)

    return reader


def read_object(
    value: object,
    path: str,
    readers: Mapping[str, Reader],
    faults: list[Fault],
    *,
    expected: str,
    key_expected: str,
    elsewhere: Callable[[str], str | None] | None = None,
) -> dict[str, Any]:
    """Return the fields that an object's keys fill, noting every fault. ``None``, and a key whose value is ``None``, are not given.

    Args:
        value: what stands at ``path``; anything but an object is a fault, and not shown, as it may be anything.
        path: the object's own path.
        readers: known key -> its reader.
        faults: where faults are noted; past 1,000 of them the rest of the object is not looked at, and the last fault says so.
        expected: what the object is, in words.
        key_expected: what a known key is, in words.
        elsewhere: says of an unknown key where it belongs instead, in words that follow ``key_expected``; ``None`` if it belongs nowhere.

    Returns:
        Field name -> value, without the keys that are not given.

    Example:
        >>> faults: list[Fault] = []
        >>> read_object({"size": 3, "sise": 4}, "box", {"size": into("size", lambda value, path, faults: value)}, faults,
        ...             expected="an object: a box", key_expected="a key of a box")
        {'size': 3}
        >>> print(faults[0])
        box.sise: 4 is not a key of a box; did you mean 'size'?
    """
    fields: dict[str, Any] = {}
    if value is None:
        return fields
    if not isinstance(value, dict):
        faults.append(Fault(path, withheld(value), expected))
        return fields
    hints = HINTS
    for seen, (key, item) in enumerate(value.items()):
        reader = readers.get(key) if isinstance(key, str) else None
        if reader is not None:
            if item is not None:
                reader(fields, item, below(path, key), faults)
            continue
        if len(faults) >= MOST_FAULTS:
            faults.append(Fault(path, withheld(value), f"{expected} with fewer faults: {len(value) - seen} of its keys were not looked at"))
            break
        words = elsewhere(key) if elsewhere is not None and isinstance(key, str) else None
        if words is None:
            near = nearest(key, readers, most=1) if hints > 0 and isinstance(key, str) else []
            hints -= 1
            words = f"; did you mean {near[0]!r}?" if near else ""
        faults.append(Fault(below(path, key), withheld(item) if names_a_secret(key) else item, f"{key_expected}{words}"))
    return fields
