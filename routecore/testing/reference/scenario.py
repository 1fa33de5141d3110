"""Reading a scenario: catalog, request, context, statistics, health, settings, draw, and the provider block.

Faults are looked for in that order; those of one kind are reported together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from routecore.testing.reference.block import PERCENTILES, QUANTIZATIONS, Block, read_block
from routecore.testing.reference.body import Asked, read_body
from routecore.testing.reference.price import read_pricing
from routecore.testing.reference.wire import Reader, ascii_lower

__all__ = ["Context", "Endpoint", "Key", "Scenario", "Settings", "Stats", "read_scenario", "same_id"]

WIDEST_DRAW = 2**64
CONTEXT_KEYS = ("byok", "byok_only", "sticky", "account", "prompt_tokens", "completion_tokens", "cached_tokens", "native_files")
ACCOUNT_KEYS = ("only", "ignore", "data_collection", "deny_training", "zdr")
KEY_KEYS = ("slug", "models", "key_id")
SETTINGS_KEYS = ("balance", "min_samples", "sticky", "deny_means", "latency")
BALANCE_KEYS = ("price", "throughput", "latency", "reliability")
LARGEST_EXPONENT = 100


@dataclass(frozen=True)
class Endpoint:
    """One row of the catalog."""

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
    pricing: dict[str, Any] | None = field(compare=False)

    @property
    def id(self) -> str:
        """``model@slug``."""
        return f"{self.model}@{self.slug}"


@dataclass(frozen=True)
class Stats:
    """What is known of an endpoint's recent past."""

    latency: dict[str, float]
    throughput: dict[str, float]
    samples: int | None
    success_rate: float | None


@dataclass(frozen=True)
class Key:
    """A key of the caller's own."""

    slug: str
    models: tuple[str, ...]
    key_id: str


@dataclass(frozen=True)
class Context:
    """By whom it is asked, and with what estimates."""

    byok: tuple[Key, ...] = ()
    byok_only: tuple[str, ...] = ()
    sticky: str | None = None
    account_only: tuple[str, ...] = ()
    account_ignore: tuple[str, ...] = ()
    account_data_collection: str = "allow"
    account_deny_training: bool = False
    account_zdr: bool = False
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int = 0
    native_files: bool = False


@dataclass(frozen=True)
class Settings:
    """How the operator set the router."""

    price: float = 1
    throughput: float = 0.5
    latency: float = 0.5
    reliability: float = 2
    min_samples: int = 1
    sticky: str = "documented"
    deny_means: str = "storing"


@dataclass(frozen=True)
class Scenario:
    """Everything that a decision is made of."""

    endpoints: tuple[Endpoint, ...]
    asked: Asked
    context: Context
    stats: dict[str, Stats]
    health: dict[str, str]
    settings: Settings
    draw: int
    block: Block


def same_id(text: str) -> str:
    """Give an endpoint id (or one with ``#shared``, ``#byok``, ``#byok:KEY``) with its slug in lower case.

    >>> same_id("a/B@DeepInfra/FP8#byok:K1")
    'a/B@deepinfra/fp8#byok:K1'
    """
    model, at, rest = text.partition("@")
    for mark in ("#byok:", "#byok", "#shared"):
        position = rest.find(mark)
        if position >= 0:
            return model + at + ascii_lower(rest[:position]) + rest[position:]
    return model + at + ascii_lower(rest)


def read_scenario(raw: object) -> Scenario:
    """Read a scenario; raise the refusal of the first kind of fault that it has."""
    parts: Mapping[Any, Any] = raw if isinstance(raw, Mapping) else {}

    reader = Reader()
    if not isinstance(raw, Mapping):
        reader.fault("scenario", raw, "an object")
        reader.refuse("invalid_request")
    endpoints = _read_catalog(parts.get("catalog"), reader)
    reader.refuse("invalid_catalog")

    reader = Reader()
    request: Mapping[Any, Any] = reader.mapping(parts.get("request"), "request") or {}
    asked = read_body(request, reader) if not reader.faults else Asked(models=())
    context = _read_context(parts.get("context"), reader)
    stats = _read_stats(parts.get("stats"), reader)
    health = _read_health(parts.get("health"), reader)
    settings = _read_settings(parts.get("settings"), reader)
    draw = None if parts.get("draw") is None else reader.whole(parts["draw"], "draw", WIDEST_DRAW)
    reader.refuse("invalid_request")

    reader = Reader()
    block = read_block(request.get("provider"), reader)
    reader.refuse("invalid_preferences")
    return Scenario(endpoints, asked, context, stats, health, settings, draw or 0, block)


def _read_catalog(raw: object, reader: Reader) -> tuple[Endpoint, ...]:
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
    model = reader.name(row.get("model"), f"{path}.model")
    provider = reader.name(row.get("provider"), f"{path}.provider")
    slug = provider
    if row.get("slug") is not None:
        slug = reader.name(row["slug"], f"{path}.slug", twin=True)
        if slug is not None and provider is not None:
            rest = ascii_lower(slug).removeprefix(ascii_lower(provider))
            if not ascii_lower(slug).startswith(ascii_lower(provider)) or not (rest == "" or rest[0] in "/#"):
                reader.fault(f"{path}.slug", slug, f"{provider!r} or {provider + '/…'!r}")
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
        pricing=pricing,
        **read,
    )


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


def _read_context(raw: object, reader: Reader) -> Context:
    context = {} if raw is None else reader.mapping(raw, "context")
    if not context:
        return Context()
    reader.refuse_unknown(context, CONTEXT_KEYS, "context")
    account: Mapping[Any, Any] = {}
    if context.get("account") is not None:
        account = reader.mapping(context["account"], "context.account") or {}
        reader.refuse_unknown(account, ACCOUNT_KEYS, "context.account")

    def flag(part: Mapping[Any, Any], key: str, path: str) -> bool:
        return part.get(key) is not None and reader.boolean(part[key], f"{path}.{key}") is True

    def tokens(key: str) -> int | None:
        return None if context.get(key) is None else reader.whole(context[key], f"context.{key}")

    def slugs(part: Mapping[Any, Any], key: str, path: str) -> tuple[str, ...]:
        return () if part.get(key) is None else tuple(reader.names(part[key], f"{path}.{key}", twin=True))

    collection = account.get("data_collection")
    if collection is not None:
        collection = reader.choice(collection, "context.account.data_collection", ("allow", "deny"))
    return Context(
        byok=_read_keys(context.get("byok"), reader),
        byok_only=slugs(context, "byok_only", "context"),
        sticky=None if context.get("sticky") is None else reader.text(context["sticky"], "context.sticky"),
        account_only=slugs(account, "only", "context.account"),
        account_ignore=slugs(account, "ignore", "context.account"),
        account_data_collection=collection or "allow",
        account_deny_training=flag(account, "deny_training", "context.account"),
        account_zdr=flag(account, "zdr", "context.account"),
        prompt_tokens=tokens("prompt_tokens"),
        completion_tokens=tokens("completion_tokens"),
        cached_tokens=tokens("cached_tokens") or 0,
        native_files=flag(context, "native_files", "context"),
    )


def _read_keys(raw: object, reader: Reader) -> tuple[Key, ...]:
    keys: list[Key] = []
    for position, entry in enumerate([] if raw is None else reader.items(raw, "context.byok") or []):
        path = f"context.byok[{position}]"
        models: tuple[str, ...] = ()
        if isinstance(entry, str):
            slug = reader.name(entry, path, twin=True)
            key_id, key_path = slug, path
        elif isinstance(entry, Mapping):
            reader.refuse_unknown(entry, KEY_KEYS, path)
            slug = reader.name(entry.get("slug"), f"{path}.slug", twin=True)
            models = () if entry.get("models") is None else tuple(reader.names(entry["models"], f"{path}.models"))
            key_path = f"{path}.key_id"
            key_id = slug if entry.get("key_id") is None else reader.name(entry["key_id"], key_path, twin=True)
        else:
            reader.fault(path, entry, "a slug or an object with slug, models and key_id")
            continue
        if key_id is None or slug is None:
            continue
        if key_id in [key.key_id for key in keys]:
            reader.fault(key_path, key_id, "a key_id given once")
        keys.append(Key(slug, models, key_id))
    return tuple(keys)


def _read_stats(raw: object, reader: Reader) -> dict[str, Stats]:
    read: dict[str, Stats] = {}
    for endpoint_id, value in ({} if raw is None else reader.mapping(raw, "stats") or {}).items():
        path = f"stats.{endpoint_id}"
        stats = {} if value is None else reader.mapping(value, path)
        if stats is None:
            continue
        measures: dict[str, dict[str, float]] = {"latency": {}, "throughput": {}}
        for measure, found in measures.items():
            percentiles = {} if stats.get(measure) is None else reader.mapping(stats[measure], f"{path}.{measure}") or {}
            for percentile in PERCENTILES:
                if percentiles.get(percentile) is not None:
                    number = reader.number(percentiles[percentile], f"{path}.{measure}.{percentile}")
                    if number is not None:
                        found[percentile] = number
        samples = None if stats.get("samples") is None else reader.whole(stats["samples"], f"{path}.samples")
        rate = None if stats.get("success_rate") is None else reader.number(stats["success_rate"], f"{path}.success_rate", most=1)
        if isinstance(endpoint_id, str):
            read[same_id(endpoint_id)] = Stats(measures["latency"], measures["throughput"], samples, rate)
    return read


def _read_health(raw: object, reader: Reader) -> dict[str, str]:
    read: dict[str, str] = {}
    for key, value in ({} if raw is None else reader.mapping(raw, "health") or {}).items():
        state = None if value is None else reader.choice(value, f"health.{key}", ("cooling", "available"))
        if isinstance(key, str) and state is not None and read.get(same_id(key)) != "cooling":
            read[same_id(key)] = state
    return read


def _read_settings(raw: object, reader: Reader) -> Settings:
    settings = {} if raw is None else reader.mapping(raw, "settings")
    if not settings:
        return Settings()
    reader.refuse_unknown(settings, SETTINGS_KEYS, "settings")
    read: dict[str, Any] = {}
    if settings.get("balance") is not None:
        balance = reader.mapping(settings["balance"], "settings.balance")
        if balance is not None:
            reader.refuse_unknown(balance, BALANCE_KEYS, "settings.balance")
            for key in BALANCE_KEYS:
                value = balance.get(key)
                read[key] = 0 if value is None else reader.number(value, f"settings.balance.{key}", most=LARGEST_EXPONENT)
    if settings.get("min_samples") is not None:
        read["min_samples"] = reader.whole(settings["min_samples"], "settings.min_samples")
    for key, allowed in (("sticky", ("documented", "compatible", "economic", "off")), ("deny_means", ("storing", "training"))):
        if settings.get(key) is not None:
            read[key] = reader.choice(settings[key], f"settings.{key}", allowed)
    if settings.get("latency") is not None:
        reader.choice(settings["latency"], "settings.latency", ("ttft", "total"))
    return Settings(**read)
