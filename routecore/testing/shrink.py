"""Making a failing scenario small: what is left is what the failure needs."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["smallest"]

MOST_TRIES = 600


def smallest(scenario: Any, fails: Callable[[Any], bool], tries: int = MOST_TRIES) -> Any:  # noqa: ANN401 - JSON
    """Take parts out of a scenario for as long as ``fails`` still says that it fails; at most ``tries`` questions.

    >>> smallest({"a": [1, 2, 3], "b": {"c": 4}}, lambda one: 2 in one.get("a", []))
    {'a': [2]}
    """
    left = tries
    current = copy.deepcopy(scenario)
    shrunk = True
    while shrunk and left > 0:
        shrunk = False
        for path in sorted(_paths(current), key=len):
            smaller = _without(current, path)
            if smaller is None:
                continue
            left -= 1
            if fails(smaller):
                current, shrunk = smaller, True
                break
            if left <= 0:
                break
    return current


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401
    """Every place inside, the last of a list first, so that the others keep their numbers in messages."""
    if isinstance(value, dict):
        places: list[Any] = list(value)
    elif isinstance(value, list):
        places = list(reversed(range(len(value))))
    else:
        return
    for place in places:
        yield (*path, place)
        yield from _paths(value[place], (*path, place))


def _without(value: Any, path: tuple[Any, ...]) -> Any:  # noqa: ANN401
    """A copy without what stands at ``path``, ``None`` if nothing does."""
    other = copy.deepcopy(value)
    holder = other
    try:
        for place in path[:-1]:
            holder = holder[place]
        del holder[path[-1]]
    except (KeyError, IndexError, TypeError):
        return None
    return other
