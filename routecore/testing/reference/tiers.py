"""Service tiers: what an endpoint offers, what a request asks for, who passes, who comes first, and what is sorted by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from routecore.testing.reference.slugs import is_own_slug, plain_slug

if TYPE_CHECKING:
    from collections.abc import Iterable

    from routecore.testing.reference.block import Block
    from routecore.testing.reference.catalog import Endpoint

__all__ = ["TIERS", "TierRule", "tier_of_slug", "tier_rule", "tier_word"]

TIERS = ("default", "flex", "priority", "fast")
ADMITTED_BY_SUFFIX = {":nitro": "priority", ":floor": "flex"}


def tier_of_slug(slug: str) -> str:
    """The tier that the last part of a slug with a variant names.

    >>> tier_of_slug("openai/flex"), tier_of_slug("p/eu/fast"), tier_of_slug("flex"), tier_of_slug("p/fp8")
    ('flex', 'priority', 'default', 'default')
    """
    bare = plain_slug(slug).partition("#")[0]
    _, slash, last = bare.rpartition("/")
    return last if slash and last in ("flex", "priority") else "default"


def tier_word(service_tier: object, speed: object) -> str | None:
    """What the body asks for: ``priority``, ``flex``, ``default`` (said, or another word), or nothing.

    ``auto`` counts as nothing. Anthropic's ``speed`` counts where no ``service_tier`` stands.

    >>> tier_word("fast", None), tier_word("auto", "fast"), tier_word("standard", "fast"), tier_word("scale", None), tier_word(None, None)
    ('priority', 'priority', 'default', 'another', None)
    """
    if service_tier is None or service_tier == "auto":
        return "priority" if speed == "fast" else None
    words = {"priority": "priority", "fast": "priority", "flex": "flex", "default": "default", "standard": "default"}
    return words.get(service_tier, "another") if isinstance(service_tier, str) else "another"


@dataclass(frozen=True)
class TierRule:
    """One row of the table of tiers, for one request."""

    asked: str | None
    admitted: str | None
    with_flex: frozenset[str]
    block: Block

    @property
    def sort(self) -> str | None:
        """The sort that the tier brings, where none is given."""
        if self.asked == "priority":
            return "throughput"
        return "price" if self.asked == "flex" and self.with_flex else None

    @property
    def priority_first(self) -> bool:
        """Say whether endpoints of the priority tier come first."""
        return self.asked == "priority"

    def passes(self, endpoint: Endpoint) -> bool:
        """Say whether an endpoint's tier was asked for."""
        if any(is_own_slug(entry, endpoint) for entry in (*self.block.order, *self.block.only)):
            return True
        if self.asked == "priority":
            return endpoint.tier in ("default", "priority")
        if self.asked == "flex":
            if endpoint.model in self.with_flex:
                return endpoint.tier == "flex"
            return endpoint.tier in ("default", "flex")  # a flex endpoint here is disabled, and fails that rule alone
        return endpoint.tier in ("default", self.admitted)


def tier_rule(asked: str | None, suffix: str | None, block: Block, endpoints: Iterable[Endpoint]) -> TierRule:
    """The row that holds for a request, of the asked models' ``endpoints`` and the model suffix that counts."""
    admitted = ADMITTED_BY_SUFFIX.get(suffix or "") if not block.order and asked != "default" else None
    with_flex = frozenset(endpoint.model for endpoint in endpoints if endpoint.tier == "flex" and not endpoint.disabled)
    return TierRule(asked, admitted, with_flex, block)
