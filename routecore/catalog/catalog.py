"""The endpoint catalog: frozen, versioned by its content, indexed by model.

A catalog is loaded once and read by every decision. Loading checks every row and reports all bad ones at once;
what a row does not say stays ``None`` (unknown), except where the wire form gives a default.
"""

from __future__ import annotations

import json
from functools import partial
from hashlib import blake2b
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from routecore.catalog.by_hand import expand_by_hand, read_file
from routecore.catalog.rows import RowReader, id_of, twins
from routecore.errors import CatalogError, Fault, UnknownEndpoint
from routecore.reading.checks import OBJECT_EXPECTED, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from os import PathLike

    from routecore.catalog.endpoint import Endpoint
    from routecore.errors import Warned

__all__ = ["Catalog"]


_JOINTS: Final = {ord(joint): None for joint in " .-"}


class Catalog:
    """All endpoints, frozen: iterate it, look models up, hand it to ``decide``.

    ``models`` maps a model's name to the positions of its endpoints. ``rounded`` says which
    prices were finer than a femtodollar and had to be rounded (path, price given, price used); no decision reads those. ``warnings`` name row keys that look like a known one
    misspelt. ``pools`` and ``list_pools`` are where what is compiled from the catalog is kept, for as long as the catalog.

    >>> catalog = Catalog.from_mapping({"endpoints": [{"model": "a/b", "provider": "p", "pricing": {"prompt": "0.000001"}}]})
    >>> [endpoint.id for endpoint in catalog], "a/b" in catalog.models
    (['a/b@p'], True)
    """

    __slots__ = ("_by_id", "_providers", "_version", "endpoints", "list_pools", "models", "pools", "rounded", "warnings")

    endpoints: tuple[Endpoint, ...]
    models: Mapping[str, tuple[int, ...]]
    rounded: tuple[tuple[str, object, str], ...]
    warnings: tuple[Warned, ...]
    pools: dict[tuple[str, ...], Any]
    list_pools: dict[tuple[str, ...], Any]
    _by_id: dict[str, Endpoint]
    _providers: tuple[frozenset[str], dict[str, str | None]] | None
    _version: str | None

    def __init__(self, endpoints: tuple[Endpoint, ...], rounded: tuple[tuple[str, object, str], ...] = (), warnings: tuple[Warned, ...] = ()) -> None:
        """Index ``endpoints``; two of one id are a ``CatalogError`` that names both rows."""
        by_id: dict[str, Endpoint] = {}
        by_model: dict[str, list[int]] = {}
        for position, endpoint in enumerate(endpoints):
            by_id[endpoint.id] = endpoint
            positions = by_model.get(endpoint.model)
            if positions is None:
                by_model[endpoint.model] = [position]
            else:
                positions.append(position)
        if len(by_id) != len(endpoints):
            raise CatalogError(twins([endpoint.id for endpoint in endpoints]))
        fill = partial(object.__setattr__, self)
        fill("endpoints", endpoints)
        fill("models", MappingProxyType({model: tuple(positions) for model, positions in by_model.items()}))
        fill("rounded", rounded)
        fill("warnings", warnings)
        fill("_providers", None)
        fill("pools", {})
        fill("list_pools", {})
        fill("_by_id", by_id)
        fill("_version", None)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Catalog is frozen; make another one instead of setting {name!r}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a Catalog is frozen; {name!r} stays")

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by the rows; what was compiled is compiled again."""
        return Catalog, (self.endpoints, self.rounded, self.warnings)

    @classmethod
    def from_mapping(cls, mapping: object) -> Catalog:
        """Read a catalog in the wire form. Unknown keys of a row are ignored.

        Args:
            mapping: ``{"endpoints": [row, …]}``.

        Returns:
            The catalog, frozen.

        Raises:
            CatalogError: With a fault for every bad value of every bad row: its path (``endpoints[3].pricing.prompt``), the value, what was expected.

        Example:
            >>> catalog = Catalog.from_mapping({"endpoints": [{"model": "a/b", "provider": "p"}]})
            >>> [endpoint.id for endpoint in catalog]
            ['a/b@p']
        """
        if not isinstance(mapping, dict):
            raise CatalogError([Fault("catalog", mapping, OBJECT_EXPECTED)])
        rows = mapping.get("endpoints")
        if not isinstance(rows, (list, tuple)):
            raise CatalogError([Fault("endpoints", rows, "a list of endpoints")])
        faults: list[Fault] = []
        reader = RowReader(faults)
        read = reader.read
        endpoints = [read(row, f"endpoints[{index}]") for index, row in enumerate(rows)]
        kept = tuple(endpoint for endpoint in endpoints if endpoint is not None)
        if faults:
            # twins are faults of the same load, also where a row has others
            raise CatalogError([*faults, *twins([id_of(row) for row in rows])])
        return cls(kept, tuple(reader.rounded), tuple(reader.warnings))

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Catalog:
        """Read a catalog file: JSON or YAML (by its ending), the wire form, prices per million tokens allowed under ``pricing.per_million``.

        Raises:
            CatalogError: The file is neither, or its rows have faults.
            OSError: It cannot be opened.
        """
        return cls.from_mapping(expand_by_hand(read_file(path)))

    @property
    def version(self) -> str:
        """A hash of the content: catalogs with the same rows in the same order have the same version, in any process.

        >>> Catalog(()).version
        'c-786a02f742015903'
        """
        if self._version is not None:
            return self._version
        digest = blake2b()
        for endpoint in self.endpoints:
            digest.update(json.dumps(endpoint.to_mapping(), sort_keys=True, separators=(",", ":")).encode())
            digest.update(b"\n")
        version = f"c-{digest.hexdigest()[:16]}"
        object.__setattr__(self, "_version", version)
        return version

    def to_mapping(self) -> dict[str, Any]:
        """Return the catalog in the wire form, ``extra`` too; ``from_mapping`` reads it back to the same version."""
        return {"endpoints": [endpoint.to_mapping(extra=True) for endpoint in self.endpoints]}

    def rows(self, model: str) -> list[tuple[int, Endpoint]]:
        """Return the endpoints of ``model`` with their positions in the catalog; empty for a model that it does not know."""
        return [(position, self.endpoints[position]) for position in self.models.get(model, ())]

    def provider_named(self, text: str) -> str | None:
        """Return the provider that ``text``, in ASCII lower case, is a display name of; ``None`` if it is a provider's slug, or nobody's name.

        A display name differs from the provider in case, spaces, dots and dashes alone; one that fits two providers is nobody's.

        >>> Catalog.from_mapping({"endpoints": [{"model": "a/b", "provider": "amazon-bedrock"}]}).provider_named("amazon bedrock")
        'amazon-bedrock'
        """
        if self._providers is None:
            providers = frozenset(endpoint.provider for endpoint in self.endpoints)
            names: dict[str, str | None] = {}
            for provider in sorted(providers):
                key = provider.translate(_JOINTS)
                names[key] = None if key in names else provider
            object.__setattr__(self, "_providers", (providers, names))
        assert self._providers is not None
        providers, names = self._providers
        return None if text in providers else names.get(text.translate(_JOINTS))

    def get(self, endpoint_id: str) -> Endpoint | None:
        """Return the endpoint of that id, or ``None``."""
        return self._by_id.get(endpoint_id)

    def __getitem__(self, endpoint_id: str) -> Endpoint:
        found = self._by_id.get(endpoint_id)
        if found is None:
            raise UnknownEndpoint(endpoint_id, self._near(endpoint_id), is_model=endpoint_id in self.models)
        return found

    def _near(self, endpoint_id: object) -> list[str]:
        """Return ids that may have been meant: of a model its endpoints, else those that are spelt alike."""
        if not isinstance(endpoint_id, str):
            return []
        of_model = self.models.get(endpoint_id)
        return nearest(endpoint_id, self._by_id) if of_model is None else [self.endpoints[position].id for position in of_model]

    def __iter__(self) -> Iterator[Endpoint]:
        return iter(self.endpoints)

    def __len__(self) -> int:
        return len(self.endpoints)

    def __contains__(self, endpoint_id: object) -> bool:
        return endpoint_id in self._by_id

    def _repr_html_(self) -> str:
        from routecore.catalog.view import show_models
        from routecore.showing.html import View

        return View(lambda sheet: show_models(self, sheet))._repr_html_()

    def __repr__(self) -> str:
        return f"<Catalog {len(self.endpoints)} endpoints of {len(self.models)} models>"
