"""The feeds that a catalog can be made of: one row a feed, with its importer, how a document of it is recognised, and the options it takes."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from routecore.errors import CatalogError, Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from routecore.adapters.imported import ImportResult

__all__ = ["FEEDS", "Feed", "feed_of", "import_feed"]

_LOOKED_AT: Final = 20
"""Rows of a document that are looked at to recognise it: feeds have thousands of one form."""


class Feed(NamedTuple):
    """One feed. ``importer`` is ``module:function``, loaded when it is used; ``options`` are the names of its keyword arguments."""

    name: str
    words: str
    recognise: Callable[[Any], bool]
    importer: str
    options: frozenset[str]

    def read(self, document: object, **options: object) -> ImportResult:
        """Return what the importer makes of a document. Raises ``CatalogError`` for an option that this feed does not take, and what the importer raises."""
        faults = [
            Fault(name, value, f"an option of the feed {self.name!r}: {', '.join(sorted(self.options))}")
            for name, value in options.items()
            if name not in self.options
        ]
        if faults:
            raise CatalogError(faults)
        module, _, function = self.importer.partition(":")
        result: ImportResult = getattr(import_module(module), function)(document, **options)
        return result


def _is_openrouter(document: Any) -> bool:  # noqa: ANN401 - whatever the file holds
    if isinstance(document, list):
        return bool(document) and _is_openrouter(document[0])
    return isinstance(document, dict) and "endpoints" not in document and isinstance(document.get("data"), (dict, list))


def _some(document: Any) -> list[Any]:  # noqa: ANN401 - whatever the file holds
    """Return the first values of an object, or the first items of a list."""
    rows = document.values() if isinstance(document, dict) else document if isinstance(document, list) else ()
    return [row for row, _ in zip(rows, range(_LOOKED_AT), strict=False)]


def _is_litellm(document: Any) -> bool:  # noqa: ANN401 - whatever the file holds
    return isinstance(document, dict) and any(isinstance(row, dict) and "litellm_provider" in row for row in _some(document))


def _is_models_dev(document: Any) -> bool:  # noqa: ANN401 - whatever the file holds
    if isinstance(document, dict) and isinstance(document.get("providers"), dict):
        return _is_models_dev(document["providers"])
    return isinstance(document, dict) and any(isinstance(row, dict) and isinstance(row.get("models"), dict) for row in _some(document))


def _is_genai_prices(document: Any) -> bool:  # noqa: ANN401 - whatever the file holds
    if isinstance(document, dict) and isinstance(document.get("providers"), list):
        return _is_genai_prices(document["providers"])
    return isinstance(document, list) and any(isinstance(row, dict) and "api_pattern" in row and isinstance(row.get("models"), list) for row in _some(document))


_EVERY: Final = frozenset({"canonical", "policies"})

FEEDS: Final = {
    feed.name: feed
    for feed in (
        Feed(
            "openrouter",
            "OpenRouter's endpoint lists",
            _is_openrouter,
            "routecore.adapters.openrouter:import_endpoints",
            _EVERY | {"providers", "models", "stats", "discount", "negative_status", "renamed"},
        ),
        Feed("litellm", "LiteLLM's price map", _is_litellm, "routecore.adapters.litellm_prices:import_price_map", _EVERY),
        Feed("genai-prices", "the data of genai-prices", _is_genai_prices, "routecore.adapters.genai_prices:import_prices", _EVERY | {"on"}),
        Feed("models.dev", "the api.json of models.dev", _is_models_dev, "routecore.adapters.models_dev:import_api", _EVERY),
    )
}
"""Every feed by its name; the first is the command line's default."""


def feed_of(document: object) -> Feed | None:
    """Return the feed that a document is of, ``None`` where it is of none (a catalog in the library's own form, too).

    >>> feed_of({"gpt-5": {"litellm_provider": "openai"}}).name, feed_of({"endpoints": []})
    ('litellm', None)
    """
    return next((feed for feed in FEEDS.values() if feed.recognise(document)), None)


def import_feed(document: object, feed: str | None = None, **options: object) -> ImportResult:
    """Return the endpoints of a feed's document; without ``feed`` the document is recognised.

    Args:
        document: The parsed JSON of the feed.
        feed: The feed's name, a key of ``FEEDS``; ``None``: told by the document.
        **options: What the feed's importer takes. Every one takes ``canonical`` (feed's name of a model -> the catalog's) and ``policies`` (provider's slug ->
            ``{"trains": bool, "retains": bool}``), as no feed states these.

    Returns:
        Rows in the catalog's wire form, with everything that was odd.

    Raises:
        CatalogError: The document is of no feed that is known, an option is none of this feed's, or nothing could be imported.

    Example:
        >>> row = {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1e-06, "output_cost_per_token": 4e-06}
        >>> [endpoint.id for endpoint in import_feed({"gpt-4o": row}).catalog()]
        ['gpt-4o@openai']
    """
    known = ", ".join(FEEDS)
    found = feed_of(document) if feed is None else FEEDS.get(feed)
    if found is None:
        raise CatalogError(
            [Fault("document", document, f"a document of a feed that is known: {known}") if feed is None else Fault("feed", feed, f"one of {known}")]
        )
    return found.read(document, **options)
