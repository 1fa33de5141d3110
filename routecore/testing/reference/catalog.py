"""Reading the catalog: one row after the other, and two rows of one id."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from routecore.testing.reference.block import QUANTIZATIONS
from routecore.testing.reference.price import read_pricing
from routecore.testing.reference.tiers import TIERS, tier_of_slug
from routecore.testing.reference.wire import ascii_lower

if TYPE_CHECKING:
    from collections.abc import Mapping

    from routecore.testing.reference.wire import Reader

__all__ = ["APIS", "Endpoint", "read_catalog", "read_limits"]

APIS = ("chat", "messages", "responses", "completions", "embeddings", "images", "rerank")
LIMITS = ("requests_per_minute", "tokens_per_minute", "max_in_flight")


@dataclass(frozen=True)
class Endpoint:
    """One row of the catalog. ``apis``: those it speaks, ``None`` where it speaks all."""

    model: str
    provider: str
    slug: str
    quantization: str
    context_length: int | None
    max_output_tokens: int | None
    max_prompt_tokens: int | None
    supported_parameters: frozenset[str]
    input_modalities: frozenset[str]
    implicit_caching: bool
    trains: bool
    retains: bool
    distillable: bool
    disabled: bool
    tier: str
    apis: frozenset[str] | None
    pricing: dict[str, Any] | None = field(compare=False)

    @property
    def id(self) -> str:
        """``model@slug``."""
        return f"{self.model}@{self.slug}"


def read_catalog(raw: object, reader: Reader) -> tuple[Endpoint, ...]:
    """Read all rows; faults go to ``reader``."""
    catalog = reader.mapping(raw, "catalog")
    if catalog is None:
        return ()
    endpoints: list[Endpoint] = []
    first_row_of: dict[str, int] = {}
    for position, row in enumerate(reader.items(catalog.get("endpoints"), "endpoints") or []):
        path = f"endpoints[{position}]"
        if reader.mapping(row, path) is None:
            continue
        endpoint = _read_row(row, path, reader)
        if endpoint is None:
            continue
        if endpoint.id in first_row_of:
            reader.fault(path, endpoint.id, f"an id of its own: endpoints[{first_row_of[endpoint.id]}] has the same")
        first_row_of.setdefault(endpoint.id, position)
        endpoints.append(endpoint)
    return tuple(endpoints)


def _read_row(row: Mapping[Any, Any], path: str, reader: Reader) -> Endpoint | None:
    model = reader.name(row.get("model"), f"{path}.model", at=True)
    provider = reader.name(row.get("provider"), f"{path}.provider")
    slug = _read_slug(row, provider, path, reader)
    quantization = "unknown"
    if row.get("quantization") is not None:
        level = reader.choice(row["quantization"], f"{path}.quantization", (*QUANTIZATIONS, "none"))
        quantization = "unknown" if level is None or level == "none" else level

    def limit(key: str) -> int | None:
        return None if row.get(key) is None else reader.whole(row[key], f"{path}.{key}")

    def flag(key: str) -> bool:
        return row.get(key) is not None and reader.boolean(row[key], f"{path}.{key}") is True

    def words(key: str) -> frozenset[str]:
        found = [] if row.get(key) is None else reader.items(row[key], f"{path}.{key}") or []
        return frozenset(item for i, item in enumerate(found) if reader.text(item, f"{path}.{key}[{i}]") is not None)

    read: dict[str, Any] = {key: limit(key) for key in ("context_length", "max_output_tokens", "max_prompt_tokens")}
    read |= {key: words(key) for key in ("supported_parameters", "input_modalities")}
    read |= {key: flag(key) for key in ("implicit_caching", "distillable", "disabled")}
    trains, retains = _read_policy(row.get("data_policy"), f"{path}.data_policy", reader)
    tier = None if row.get("tier") is None else reader.choice(row["tier"], f"{path}.tier", TIERS)
    apis = None
    if row.get("apis") is not None:
        apis = frozenset(reader.choice(api, f"{path}.apis[{i}]", APIS) or "" for i, api in enumerate(reader.items(row["apis"], f"{path}.apis") or []))
    read_limits(row.get("limits"), f"{path}.limits", reader)
    if row.get("extra") is not None:
        reader.mapping(row["extra"], f"{path}.extra")
    pricing = None if row.get("pricing") is None else read_pricing(row["pricing"], f"{path}.pricing", reader)
    if model is None or provider is None or slug is None:
        return None
    return Endpoint(
        model=model,
        provider=ascii_lower(provider),
        slug=ascii_lower(slug),
        quantization=quantization,
        trains=trains,
        retains=retains,
        tier=tier_of_slug(slug) if tier is None else "priority" if tier == "fast" else tier,
        apis=apis,
        pricing=pricing,
        **read,
    )


def _read_slug(row: Mapping[Any, Any], provider: str | None, path: str, reader: Reader) -> str | None:
    """A slug begins with its provider; a missing one is the provider."""
    if row.get("slug") is None:
        return provider
    slug = reader.name(row["slug"], f"{path}.slug", twin=True)
    if slug is not None and provider is not None:
        rest = ascii_lower(slug).removeprefix(ascii_lower(provider))
        if not ascii_lower(slug).startswith(ascii_lower(provider)) or not (rest == "" or rest[0] in "/#"):
            reader.fault(f"{path}.slug", slug, f"{provider!r} or {provider + '/…'!r}")
    return slug


def _read_policy(raw: object, path: str, reader: Reader) -> tuple[bool, bool]:
    """Return (trains, retains), with the careful reading of what is missing."""
    if raw is None:
        return True, True
    policy = reader.mapping(raw, path)
    if policy is None:
        return True, True
    stated = {part: None if policy.get(part) is None else reader.boolean(policy[part], f"{path}.{part}") for part in ("trains", "retains")}
    retains = stated["retains"] is not False
    trains = retains if stated["trains"] is None else stated["trains"]
    return trains, retains


def read_limits(raw: object, path: str, reader: Reader) -> None:
    """Check the limits of a row or of a key: the router counts against them, a decision hears of them as health."""
    limits = None if raw is None else reader.mapping(raw, path)
    if limits is not None:
        reader.refuse_unknown(limits, LIMITS, path)
    for key in LIMITS:
        if limits is not None and limits.get(key) is not None:
            reader.whole(limits[key], f"{path}.{key}")
