"""The endpoint catalog: frozen, versioned by its content, indexed by model.

A catalog is loaded once and read by every decision. Loading checks every row and reports all bad ones at once;
what a row does not say stays ``None`` (unknown), except where the wire form gives a default.
"""

from __future__ import annotations

import json
from functools import partial
from hashlib import blake2b
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeGuard

import attrs

from routecore.errors import CatalogError, Fault
from routecore.pricing.price_list import Pricing
from routecore.reading.checks import BOOL_EXPECTED, LIST_EXPECTED, NAME_EXPECTED, OBJECT_EXPECTED, WHOLE_EXPECTED, is_name, is_slug, lower, whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from os import PathLike

__all__ = ["QUANTIZATIONS", "Catalog", "DataPolicy", "Endpoint"]

QUANTIZATIONS: Final = ("int4", "int8", "fp4", "fp6", "fp8", "fp16", "bf16", "fp32", "unknown")
"""The quantization levels, as the platform's documentation lists them (§ Quantization Levels); ``none`` is an alias of ``unknown``."""

_QUANTIZATION: Final = {**{level: level for level in QUANTIZATIONS}, "none": "unknown"}
_TEXT_ONLY: Final = frozenset({"text"})
_NOTHING: Final[frozenset[str]] = frozenset()


@attrs.frozen
class DataPolicy:
    """What a provider does with prompts. ``None`` is unknown, and unknown is taken as the careful reading: it trains, it retains.

    Who does not retain cannot train, unless the row states that it does.

    >>> DataPolicy(trains=None, retains=False).may_train
    False
    >>> DataPolicy().may_retain
    True
    """

    trains: bool | None = None
    retains: bool | None = None

    @property
    def may_retain(self) -> bool:
        """Whether prompts may be retained: anything but a stated ``retains: false``."""
        return self.retains is not False

    @property
    def may_train(self) -> bool:
        """Whether prompts may be trained on: as stated; where unknown, as retention allows."""
        return self.may_retain if self.trains is None else self.trains


_UNKNOWN_POLICY: Final = DataPolicy()


@attrs.frozen(eq=False)
class Endpoint:
    """One provider's offering of one model: the unit that is chosen.

    Names and limits are the wire's. A limit of ``None`` does not limit; a ``pricing`` of ``None`` is unknown, not free.
    Endpoints compare by identity; ``id`` (``model@slug``) is unique in a catalog.
    """

    id: str
    model: str
    provider: str
    slug: str
    quantization: str = "unknown"
    context_length: int | None = None
    max_output_tokens: int | None = None
    max_prompt_tokens: int | None = None
    supported_parameters: frozenset[str] = _NOTHING
    input_modalities: frozenset[str] = _TEXT_ONLY
    implicit_caching: bool = False
    data_policy: DataPolicy = _UNKNOWN_POLICY
    distillable: bool = False
    disabled: bool = False
    pricing: Pricing | None = None

    @property
    def can_cache(self) -> bool:
        """Whether a warm prompt is worth keeping here: implicit caching, or cache reads priced below the prompt."""
        return self.implicit_caching or (self.pricing is not None and self.pricing.cache_reads_are_cheaper)

    def to_mapping(self) -> dict[str, Any]:
        """Return the row in the wire form, without what is unknown or default."""
        row: dict[str, Any] = {"model": self.model, "provider": self.provider, "slug": self.slug, "quantization": self.quantization}
        for name in ("context_length", "max_output_tokens", "max_prompt_tokens"):
            value = getattr(self, name)
            if value is not None:
                row[name] = value
        row["supported_parameters"] = sorted(self.supported_parameters)
        row["input_modalities"] = sorted(self.input_modalities)
        row["implicit_caching"] = self.implicit_caching
        policy = {name: value for name, value in (("trains", self.data_policy.trains), ("retains", self.data_policy.retains)) if value is not None}
        if policy:
            row["data_policy"] = policy
        row["distillable"] = self.distillable
        row["disabled"] = self.disabled
        if self.pricing is not None:
            row["pricing"] = self.pricing.to_mapping()
        return row


class Catalog:
    """All endpoints, frozen: iterate it, look models up, hand it to ``decide``.

    ``models`` maps a model's name to the positions of its endpoints. ``rounded`` says which
    prices were finer than a femtodollar and had to be rounded (path, price given, price used); no decision reads those. ``pools`` and ``list_pools`` are where what is compiled from the catalog is kept, for as long as the catalog.

    >>> catalog = Catalog.from_mapping({"endpoints": [{"model": "a/b", "provider": "p", "pricing": {"prompt": "0.000001"}}]})
    >>> [endpoint.id for endpoint in catalog], "a/b" in catalog.models
    (['a/b@p'], True)
    """

    __slots__ = ("_by_id", "_version", "endpoints", "list_pools", "models", "pools", "rounded")

    endpoints: tuple[Endpoint, ...]
    models: Mapping[str, tuple[int, ...]]
    rounded: tuple[tuple[str, object, str], ...]
    pools: dict[tuple[str, ...], Any]
    list_pools: dict[tuple[str, ...], Any]
    _by_id: dict[str, Endpoint]
    _version: str | None

    def __init__(self, endpoints: tuple[Endpoint, ...], rounded: tuple[tuple[str, object, str], ...] = ()) -> None:
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
            raise CatalogError(_twins([endpoint.id for endpoint in endpoints]))
        fill = partial(object.__setattr__, self)
        fill("endpoints", endpoints)
        fill("models", MappingProxyType({model: tuple(positions) for model, positions in by_model.items()}))
        fill("rounded", rounded)
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
        return Catalog, (self.endpoints, self.rounded)

    @classmethod
    def from_mapping(cls, mapping: object) -> Catalog:
        """Read a catalog in the wire form, ``{"endpoints": [row, …]}``. Unknown keys of a row are ignored.

        Raises ``CatalogError`` with a fault for every bad value of every bad row: its path (``endpoints[3].pricing.prompt``), the value, what was expected.
        """
        if not isinstance(mapping, dict):
            raise CatalogError([Fault("catalog", mapping, OBJECT_EXPECTED)])
        rows = mapping.get("endpoints")
        if not isinstance(rows, (list, tuple)):
            raise CatalogError([Fault("endpoints", rows, "a list of endpoints")])
        faults: list[Fault] = []
        reader = _RowReader(faults)
        read = reader.read
        endpoints = [read(row, f"endpoints[{index}]") for index, row in enumerate(rows)]
        kept = tuple(endpoint for endpoint in endpoints if endpoint is not None)
        if faults:
            # twins are faults of the same load, also where a row has others
            raise CatalogError([*faults, *_twins([_id_of(row) for row in rows])])
        return cls(kept, tuple(reader.rounded))

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Catalog:
        """Read a catalog file (JSON, the wire form). ``CatalogError`` if it is no JSON; ``OSError`` if it cannot be opened."""
        data = Path(path).read_bytes()
        try:
            mapping = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise CatalogError([Fault(str(path), f"{type(error).__name__}: {error}", "a JSON file")]) from error
        return cls.from_mapping(mapping)

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
        """Return the catalog in the wire form; ``from_mapping`` reads it back to the same version."""
        return {"endpoints": [endpoint.to_mapping() for endpoint in self.endpoints]}

    def rows(self, model: str) -> list[tuple[int, Endpoint]]:
        """Return the endpoints of ``model`` with their positions in the catalog; empty for a model that it does not know."""
        return [(position, self.endpoints[position]) for position in self.models.get(model, ())]

    def get(self, endpoint_id: str) -> Endpoint | None:
        """Return the endpoint of that id, or ``None``."""
        return self._by_id.get(endpoint_id)

    def __getitem__(self, endpoint_id: str) -> Endpoint:
        return self._by_id[endpoint_id]

    def __iter__(self) -> Iterator[Endpoint]:
        return iter(self.endpoints)

    def __len__(self) -> int:
        return len(self.endpoints)

    def __contains__(self, endpoint_id: object) -> bool:
        return endpoint_id in self._by_id

    def __repr__(self) -> str:
        return f"<Catalog {len(self.endpoints)} endpoints of {len(self.models)} models>"


def _twins(ids: Sequence[str | None]) -> list[Fault]:
    """Return a fault for every row whose id an earlier row has, naming that row."""
    first: dict[str, int] = {}
    faults = []
    for index, endpoint_id in enumerate(ids):
        if endpoint_id is None:
            continue
        earlier = first.setdefault(endpoint_id, index)
        if earlier != index:
            faults.append(Fault(f"endpoints[{index}]", endpoint_id, f"an endpoint of its own: endpoints[{earlier}] has the same id"))
    return faults


def _id_of(row: object) -> str | None:
    """Return the id that a row would have, whatever else is wrong with it; ``None`` where its names cannot be read."""
    if not isinstance(row, dict):
        return None
    model, provider, slug = row.get("model"), row.get("provider"), row.get("slug")
    slug = provider if slug is None else slug
    return f"{model}@{lower(str(slug))}" if is_name(model) and is_slug(slug) else None


class _RowReader:
    """Reads rows, remembering what it has already checked: real catalogs repeat models, providers and parameter lists."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        self._models: set[str] = set()
        self._providers: dict[str, str] = {}
        self._lists: dict[tuple[str, ...], frozenset[str]] = {}
        self._policies: dict[tuple[bool | None, bool | None], DataPolicy] = {}
        self.rounded: list[tuple[str, object, str]] = []
        self._price = Pricing.reader(faults, self.rounded)

    def read(self, row: object, path: str) -> Endpoint | None:
        """Return the row's endpoint, or ``None`` after noting its faults."""
        if not isinstance(row, dict):
            self.faults.append(Fault(path, row, "an endpoint: an object"))
            return None
        before = len(self.faults)
        get = row.get
        model = get("model")
        # a dict hit is the common case; anything unhashable or new takes the checked way
        if (not isinstance(model, str) or model not in self._models) and self._check_name(model, f"{path}.model"):
            self._models.add(model)
        provider = get("provider")
        if isinstance(provider, str) and provider in self._providers:
            provider = self._providers[provider]
        elif self._check_name(provider, f"{path}.provider"):
            provider = self._providers[provider] = lower(provider)
        else:
            provider = None
        slug = get("slug")
        slug = provider if slug is None else self._slug(slug, provider, f"{path}.slug")
        level = get("quantization")
        quantization = "unknown" if level is None else _QUANTIZATION.get(level) if isinstance(level, str) else None
        if quantization is None:
            self.faults.append(Fault(f"{path}.quantization", level, f"one of {', '.join(QUANTIZATIONS)}"))
        context_length, max_output, max_prompt = get("context_length"), get("max_output_tokens"), get("max_prompt_tokens")
        # exact ints are the common case and need no call
        if context_length is not None and not (type(context_length) is int and 0 <= context_length < 2**63):
            context_length = self._limit(context_length, f"{path}.context_length")
        if max_output is not None and not (type(max_output) is int and 0 <= max_output < 2**63):
            max_output = self._limit(max_output, f"{path}.max_output_tokens")
        if max_prompt is not None and not (type(max_prompt) is int and 0 <= max_prompt < 2**63):
            max_prompt = self._limit(max_prompt, f"{path}.max_prompt_tokens")
        parameters = get("supported_parameters")
        modalities = get("input_modalities")
        policy = get("data_policy")
        prices = get("pricing")
        pricing = None if prices is None else self._price(prices, f"{path}.pricing")
        endpoint = (
            model,
            provider,
            slug,
            quantization,
            context_length,
            max_output,
            max_prompt,
            _NOTHING if parameters is None else self._strings(parameters, f"{path}.supported_parameters"),
            _TEXT_ONLY if modalities is None else self._strings(modalities, f"{path}.input_modalities"),
            self._flag(row, "implicit_caching", path),
            _UNKNOWN_POLICY if policy is None else self._policy(policy, f"{path}.data_policy"),
            self._flag(row, "distillable", path),
            self._flag(row, "disabled", path),
            pricing,
        )
        if len(self.faults) != before:
            return None
        return Endpoint(f"{model}@{slug}", *endpoint)  # type: ignore[arg-type]

    def _check_name(self, value: object, path: str) -> TypeGuard[str]:
        if is_name(value):
            return True
        self.faults.append(Fault(path, value, NAME_EXPECTED))
        return False

    def _slug(self, value: object, provider: str | None, path: str) -> str | None:
        if not is_slug(value):
            self.faults.append(Fault(path, value, "a slug: the provider, or the provider, '/' and a variant"))
            return None
        assert isinstance(value, str)
        slug = lower(value)
        if provider is not None and slug != provider and not (slug.startswith(provider) and slug[len(provider)] in "/#"):
            self.faults.append(Fault(path, value, f"a slug that begins with its provider, {provider!r} or '{provider}/…'"))
        return slug

    def _limit(self, value: object, path: str) -> int | None:
        limit = whole(value)
        if limit is None:
            self.faults.append(Fault(path, value, WHOLE_EXPECTED))
        return limit

    def _flag(self, row: Mapping[str, object], key: str, path: str) -> bool:
        value = row.get(key)
        if value is None:
            return False
        if value is not True and value is not False:
            self.faults.append(Fault(f"{path}.{key}", value, BOOL_EXPECTED))
        return value is True

    def _strings(self, value: object, path: str) -> frozenset[str]:
        if not isinstance(value, (list, tuple)):
            self.faults.append(Fault(path, value, f"{LIST_EXPECTED} of names"))
            return _NOTHING
        try:
            return self._lists[tuple(value)]
        except Exception:  # noqa: BLE001, S110 - a hostile item's __hash__ may raise anything
            pass  # a new list, or one that holds what cannot be hashed: check it item by item
        for index, item in enumerate(value):
            if not isinstance(item, str):
                self.faults.append(Fault(f"{path}[{index}]", item, "a name"))
        if not all(isinstance(item, str) for item in value):
            return _NOTHING
        found = self._lists[tuple(value)] = frozenset(value)
        return found

    def _policy(self, value: object, path: str) -> DataPolicy:
        if not isinstance(value, dict):
            self.faults.append(Fault(path, value, "an object with 'trains' and 'retains'"))
            return _UNKNOWN_POLICY
        stated = []
        for key in ("trains", "retains"):
            part = value.get(key)
            if part is not None and part is not True and part is not False:
                self.faults.append(Fault(f"{path}.{key}", part, BOOL_EXPECTED))
                part = None
            stated.append(part)
        trains, retains = stated
        policy = self._policies.get((trains, retains))
        if policy is None:
            policy = self._policies[trains, retains] = DataPolicy(trains, retains)
        return policy
