"""Figures as people read them: see ``routecore.showing.figures``."""

from __future__ import annotations

from routecore.showing.figures import amounts, count, exact, per_million, percent, plural, two_places

__all__ = ["amounts", "count", "exact", "per_million", "percent", "plural", "two_places"]
