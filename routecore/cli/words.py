"""What the wire's names mean, in words for someone who meets them for the first time."""

from __future__ import annotations

from typing import Final

from routecore.routing.ranking.sorting import SORTS
from routecore.routing.rules import RULES

__all__ = ["RULE_MEANINGS", "SKIPPED", "STRATEGIES"]

RULE_MEANINGS: Final = {rule.name: rule.removes for rule in RULES}
"""Every hard filter: what it removes."""

STRATEGIES: Final = {
    "balance": "a weighted draw: the cheaper, faster and more reliable an endpoint is, the likelier it comes first",
    **{f"sort:{name}": sort.meaning for name, sort in SORTS.items()},
}

SKIPPED: Final = {
    "explicit_preferences": "the request chooses providers itself",
    "ineligible": "the pinned endpoint may not serve this request",
    "no_cache": "the pinned endpoint does not cache prompts",
    "cooling": "the pinned endpoint is cooling down after failures",
    "uneconomic": "another endpoint is cheaper even with a cold cache",
}
"""Why a session's pin was not followed."""
