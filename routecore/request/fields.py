"""Readers of single fields that the provider block, the account and the settings share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from routecore.errors import Fault
from routecore.reading.checks import (
    BOOL_EXPECTED,
    SLUG_EXPECTED,
    is_slug,
    lower,
)

if TYPE_CHECKING:
    from collections.abc import Callable


def one_of(values: tuple[str, ...]) -> str:
    """Return what is expected of an enum, in words.

    >>> one_of(("allow", "deny"))
    "one of 'allow', 'deny'"
    """
    return f"one of {', '.join(map(repr, values))}"


def read_slugs(value: object, path: str, faults: list[Fault]) -> tuple[str, ...]:
    """Return a list of slugs in lower case, noting what is no list or no slug. An empty list is "not given"."""
    if not isinstance(value, (list, tuple)):
        faults.append(Fault(path, value, "a list of provider slugs"))
        return ()
    slugs = []
    for index, item in enumerate(value):
        if is_slug(item):
            slugs.append(lower(item))
        else:
            faults.append(Fault(f"{path}[{index}]", item, SLUG_EXPECTED))
    return tuple(slugs)


def slugs(name: str) -> Callable[..., None]:
    """Return the reader of a list of slugs into the field ``name``."""

    def read(found: dict[str, Any], value: object, path: str, faults: list[Fault]) -> None:
        found[name] = read_slugs(value, path, faults)

    return read


def flag(name: str) -> Callable[..., None]:
    """Return the reader of a bool into the field ``name``."""

    def read(found: dict[str, Any], value: object, path: str, faults: list[Fault]) -> None:
        if value is not True and value is not False:
            faults.append(Fault(path, value, BOOL_EXPECTED))
        found[name] = value

    return read


def read_data_collection(found: dict[str, Any], value: object, path: str, faults: list[Fault]) -> None:
    """Read ``data_collection``: ``allow`` or ``deny``."""
    if not isinstance(value, str) or value not in ("allow", "deny"):
        faults.append(Fault(path, value, "one of 'allow', 'deny'"))
    else:
        found["deny_data_collection"] = value == "deny"
