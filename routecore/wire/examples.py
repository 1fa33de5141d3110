"""The example catalog that ships with the package: real endpoints as facts, statistics that are made up, and documented requests."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from routecore.catalog.catalog import Catalog
from routecore.routing.facts import Facts

__all__ = ["example_catalog", "example_facts", "example_requests"]


def example_catalog() -> Catalog:
    """Return the example catalog: real endpoints of 16 models with source and date, a selection that is not kept up to date.

    Returns:
        The catalog.

    Example:
        >>> catalog = example_catalog()
        >>> len(catalog) >= 60, len(catalog.models) >= 12
        (True, True)
    """
    return Catalog.from_mapping(read_example("catalog"))


def example_facts() -> Facts:
    """Return statistics for the example catalog: made up for illustration, of the shape that a router measures.

    Returns:
        The facts.

    Example:
        >>> example_facts().stats["deepseek/deepseek-v3.2@deepinfra/fp4"].latency.p50 > 0
        True
    """
    return Facts.from_mapping(read_example("stats")["stats"])


def example_requests() -> list[dict[str, Any]]:
    """Return documented requests, one for each feature: a title, a sentence, the rules, passes and strategies that it ``shows``, the body and the context.

    Some have ``health`` too, as a scenario has it.

    Returns:
        The requests, in the order of the tour.

    Example:
        >>> example_requests()[1]["request"]["provider"]
        {'sort': 'price'}
    """
    requests: list[dict[str, Any]] = read_example("requests")["requests"]
    return requests


def read_example(name: str) -> dict[str, Any]:
    """Return one of the example files (``catalog``, ``stats``, ``requests``) as it stands."""
    document: dict[str, Any] = json.loads((files("routecore") / "data" / f"example_{name}.json").read_text(encoding="utf-8"))
    return document
