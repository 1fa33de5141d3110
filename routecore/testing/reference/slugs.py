"""Slugs: which endpoints one names, and the display names that stand for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routecore.testing.reference.wire import LONGEST_NAME, ascii_lower

if TYPE_CHECKING:
    from collections.abc import Iterable

    from routecore.testing.reference.catalog import Endpoint
    from routecore.testing.reference.wire import Reader

__all__ = ["SlugReader", "is_own_slug", "named", "plain_slug", "slug_matches"]

LEFT_OUT = " .-"
"""What a display name may write otherwise than the slug: spaces, dots and dashes, beside the case of its letters."""


def plain_slug(text: str) -> str:
    """Give a slug as it is compared: in lower case, and ``fast`` as its variant's last part read as ``priority``.

    >>> plain_slug("Anthropic/Fast"), plain_slug("p/eu/fast#2"), plain_slug("fast")
    ('anthropic/priority', 'p/eu/priority#2', 'fast')
    """
    lower, mark, twin = ascii_lower(text).partition("#")
    head, slash, last = lower.rpartition("/")
    return (head + slash + "priority" if slash and last == "fast" else lower) + mark + twin


def is_own_slug(entry: str, endpoint: Endpoint) -> bool:
    """Say whether an entry is the endpoint's own slug, and not merely its provider's."""
    return plain_slug(entry) == plain_slug(endpoint.slug)


def slug_matches(entry: str, endpoint: Endpoint) -> bool:
    """``provider`` matches every endpoint of that provider, ``provider/variant`` that endpoint alone; case does not count."""
    return ascii_lower(entry) == endpoint.provider or is_own_slug(entry, endpoint)


def named(entries: Iterable[str], endpoint: Endpoint) -> bool:
    """Say whether any entry matches the endpoint."""
    return any(slug_matches(entry, endpoint) for entry in entries)


class SlugReader:
    """Reads slugs, takes display names for the slugs of known providers, and remembers where it did."""

    def __init__(self, providers: Iterable[str]) -> None:
        """Know these providers, in lower case."""
        self.providers = tuple(dict.fromkeys(providers))
        self.display_names: list[tuple[str, str, str]] = []

    def read(self, value: object, path: str, reader: Reader) -> str | None:
        """Give the slug that ``value`` is or stands for, or note a fault."""
        if isinstance(value, str) and len(value) <= LONGEST_NAME and ascii_lower(value) not in self.providers:
            meant = [provider for provider in self.providers if _bare(provider) == _bare(value)]
            if len(meant) == 1 and _bare(value):  # one that fits two providers is nobody's
                self.display_names.append((path, value, meant[0]))
                return meant[0]
        return reader.name(value, path, twin=True)

    def read_list(self, value: object, path: str, reader: Reader) -> tuple[str, ...]:
        """A list of slugs; a lone string is not one."""
        read = [self.read(entry, f"{path}[{position}]", reader) for position, entry in enumerate(reader.items(value, path) or [])]
        return tuple(slug for slug in read if slug is not None)


def _bare(text: str) -> str:
    return "".join(letter for letter in ascii_lower(text) if letter not in LEFT_OUT)
