"""Any value as short, harmless text: what a message, a record or a terminal can show, whatever it is given."""

from __future__ import annotations

import math
from reprlib import Repr
from typing import Any

SHOWN_CHARACTERS = 120


_MAX_DEPTH = 6


_MOST_NODES = 1_000


_LONGEST_TEXT = 4_096


_LARGEST_INT = 2**64


def printable(text: str) -> str:
    """Escape what UTF-8 cannot carry (lone surrogates), leave the rest alone."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def jsonable(value: object) -> Any:  # noqa: ANN401 - JSON has no narrower type
    """Return ``value`` as JSON can hold it; what JSON cannot hold comes back as text, and what is too much is cut with a ``…``.

    Never raises, and stays small: hostile values (cycles, a broken ``__repr__``, NaN, lone surrogates, a million items) become short text.

    >>> jsonable({"a": float("nan"), "b": [1, None]})
    {'a': 'nan', 'b': [1, None]}
    """
    return _jsonable(value, 0, [_MOST_NODES])


def _jsonable(value: object, depth: int, budget: list[int]) -> Any:  # noqa: ANN401 - as above
    budget[0] -= 1
    kind = type(value)
    if value is None or kind is bool:
        return value
    if isinstance(value, int) and kind is int:
        return value if -_LARGEST_INT < value < _LARGEST_INT else short_text(value)
    if isinstance(value, float) and kind is float:
        return value if math.isfinite(value) else str(value)
    if isinstance(value, str) and kind is str:
        return printable(value if len(value) <= _LONGEST_TEXT else value[:_LONGEST_TEXT] + "…")
    if depth < _MAX_DEPTH and budget[0] > 0:
        if isinstance(value, (list, tuple)) and kind in {list, tuple}:
            items = []
            for item in value:
                if budget[0] <= 0:
                    items.append("…")
                    break
                items.append(_jsonable(item, depth + 1, budget))
            return items
        if isinstance(value, dict) and kind is dict:
            found = {}
            for key, item in value.items():
                if budget[0] <= 0:
                    found["…"] = "…"
                    break
                found[short_text(key)] = _jsonable(item, depth + 1, budget)
            return found
    if kind in {list, tuple, dict}:
        # deep, or past what is worth showing: not walked at all, as it may hold itself many times over
        return "{…}" if kind is dict else "[…]"
    return short_text(value)


class _Brief(Repr):
    """A repr that looks at the first few items of the first few levels only."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 2
        self.maxlist = self.maxtuple = self.maxdict = self.maxset = self.maxfrozenset = 6
        self.maxstring = self.maxother = self.maxlong = 4 * SHOWN_CHARACTERS


_BRIEF = _Brief()


def short_text(value: object) -> str:
    """Give any object as short printable text, whatever its ``__repr__`` does."""
    if type(value) is str:
        return printable(value if len(value) <= _LONGEST_TEXT else value[:_LONGEST_TEXT] + "…")
    try:
        text = _BRIEF.repr(value)
    except Exception:  # noqa: BLE001 - a hostile __repr__ may raise anything, and a fault must still be reported
        text = f"<{type(value).__name__}>"
    return printable(text if len(text) <= 4 * SHOWN_CHARACTERS else text[: 4 * SHOWN_CHARACTERS] + "…")
