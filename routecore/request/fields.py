"""Readers of single fields that the provider block, the account, the context and the settings share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from routecore.errors import Fault
from routecore.reading.checks import BOOL_EXPECTED, SLUG_EXPECTED, is_slug, lower
from routecore.reading.objects import LONGEST_LIST
from routecore.safe_text import withheld

if TYPE_CHECKING:
    from routecore.reading.objects import Reader

__all__ = ["Providers", "UnnamedProvider", "choice", "flag", "one_of", "read_data_collection", "read_list", "read_slugs", "settle", "slugs"]

_LONGEST_NAME = 256


class Providers(Protocol):
    """What knows the providers by their display names: a catalog."""

    def provider_named(self, text: str) -> str | None:
        """Return the provider that ``text`` is a display name of, ``None`` if it is none."""


class UnnamedProvider(Fault):
    """A text with white space where a slug belongs: no fault if it is the display name of a provider that the catalog knows."""


def settle(faults: list[Fault], before: int, providers: Providers | None) -> None:
    """Take back the faults past ``before`` that are none: display names of providers that the catalog knows. Without a catalog nobody knows any."""
    if providers is not None and len(faults) > before:
        faults[before:] = [one for one in faults[before:] if not isinstance(one, UnnamedProvider) or providers.provider_named(lower(str(one.value))) is None]


def one_of(values: tuple[str, ...]) -> str:
    """Return what is expected of an enum, in words.

    >>> one_of(("allow", "deny"))
    "one of 'allow', 'deny'"
    """
    return f"one of {', '.join(map(repr, values))}"


def read_list(value: object, path: str, faults: list[Fault], expected: str) -> list[Any] | tuple[Any, ...]:
    """Return a list, or an empty one after noting what is none, or is longer than any list may be."""
    if not isinstance(value, (list, tuple)):
        faults.append(Fault(path, value, expected))
        return ()
    if len(value) > LONGEST_LIST:
        faults.append(Fault(path, withheld(value), f"{expected}, of at most {LONGEST_LIST:,} entries"))
        return ()
    return value


def is_display_name(text: object) -> bool:
    """Tell whether a text with white space may be a provider's display name.

    >>> is_display_name("Amazon Bedrock"), is_display_name("deepinfra"), is_display_name(" ")
    (True, False, False)
    """
    return (
        isinstance(text, str)
        and 0 < len(text) <= _LONGEST_NAME
        and " " in text
        and not text.isspace()
        and text.isprintable()
        and not any(mark in text for mark in "@#/")
    )


def read_slug(value: object, path: str, faults: list[Fault]) -> str | None:
    """Return a slug (or a display name, noted for ``settle`` to judge) in lower case, ``None`` after noting what is neither."""
    if is_slug(value):
        return lower(value)
    if is_display_name(value):
        faults.append(UnnamedProvider(path, value, f"{SLUG_EXPECTED}, or the name of a provider of the catalog"))
        return lower(str(value))
    faults.append(Fault(path, value, SLUG_EXPECTED))
    return None


def read_slugs(value: object, path: str, faults: list[Fault]) -> tuple[str, ...]:
    """Return a list of slugs in lower case, noting what is no list or no slug. An empty list is "not given"."""
    found = [read_slug(item, f"{path}[{index}]", faults) for index, item in enumerate(read_list(value, path, faults, "a list of provider slugs"))]
    return tuple([slug for slug in found if slug is not None])


def slugs(name: str) -> Reader:
    """Return the reader of a list of slugs into the field ``name``."""

    def read(found: dict[str, Any], value: object, path: str, faults: list[Fault]) -> None:
        found[name] = read_slugs(value, path, faults)

    return read


def flag(name: str) -> Reader:
    """Return the reader of a bool into the field ``name``."""

    def read(found: dict[str, Any], value: object, path: str, faults: list[Fault]) -> None:
        if value is not True and value is not False:
            faults.append(Fault(path, value, BOOL_EXPECTED))
        found[name] = value

    return read


def choice(name: str, values: tuple[str, ...]) -> Reader:
    """Return the reader of one of some words into the field ``name``."""

    def read(found: dict[str, Any], value: object, path: str, faults: list[Fault]) -> None:
        if not isinstance(value, str) or value not in values:
            faults.append(Fault(path, value, one_of(values)))
        else:
            found[name] = value

    return read


def read_data_collection(found: dict[str, Any], value: object, path: str, faults: list[Fault]) -> None:
    """Read ``data_collection``: ``allow`` or ``deny``."""
    if not isinstance(value, str) or value not in ("allow", "deny"):
        faults.append(Fault(path, value, "one of 'allow', 'deny'"))
    else:
        found["deny_data_collection"] = value == "deny"
