"""The reader of catalog rows: every fault of every row, by its path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeGuard

import attrs

from routecore.catalog.endpoint import APIS, NOTHING, QUANTIZATIONS, TEXT_ONLY, TIER_OF, UNKNOWN_POLICY, DataPolicy, Endpoint, tier_of_slug
from routecore.catalog.limits import EndpointLimits
from routecore.errors import Fault, Warned
from routecore.pricing.price_list import Pricing
from routecore.reading.checks import (
    BOOL_EXPECTED,
    LIST_EXPECTED,
    MODEL_EXPECTED,
    NAME_EXPECTED,
    WHOLE_EXPECTED,
    below,
    is_model,
    is_name,
    is_slug,
    lower,
    nearest,
    whole,
)
from routecore.safe_text import shown_name, withheld

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["ROW_KEYS", "RowReader", "id_of", "twins"]

ROW_KEYS: Final = frozenset({*(field.name for field in attrs.fields(Endpoint) if field.name != "id")})
"""The keys of a row that are read."""
_APIS: Final = frozenset(APIS)
MOST_WARNINGS: Final = 1_000
"""Warnings that one catalog keeps."""
_QUANTIZATION: Final = {**{level: level for level in QUANTIZATIONS}, "none": "unknown"}


def twins(ids: Sequence[str | None]) -> list[Fault]:
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


def id_of(row: object) -> str | None:
    """Return the id that a row would have, whatever else is wrong with it; ``None`` where its names cannot be read."""
    if not isinstance(row, dict):
        return None
    model, provider, slug = row.get("model"), row.get("provider"), row.get("slug")
    slug = provider if slug is None else slug
    return f"{model}@{lower(str(slug))}" if is_model(model) and is_slug(slug) else None


class RowReader:
    """Reads rows, remembering what it has already checked: real catalogs repeat models, providers and parameter lists."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        self._models: set[str] = set()
        self._providers: dict[str, str] = {}
        self._lists: dict[tuple[str, ...], frozenset[str]] = {}
        self._policies: dict[tuple[bool | None, bool | None], DataPolicy] = {}
        self._near: dict[str, str | None] = {}
        self.warnings: list[Warned] = []
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
        if not isinstance(model, str) or model not in self._models:
            self._model(model, f"{path}.model")
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
        tier, apis, limits, extra = get("tier"), get("apis"), get("limits"), get("extra")
        if not row.keys() <= ROW_KEYS:
            self._unknown(row, path)
        endpoint = (
            model,
            provider,
            slug,
            quantization,
            context_length,
            max_output,
            max_prompt,
            NOTHING if parameters is None else self._strings(parameters, f"{path}.supported_parameters"),
            TEXT_ONLY if modalities is None else self._strings(modalities, f"{path}.input_modalities"),
            self._flag(row, "implicit_caching", path),
            UNKNOWN_POLICY if policy is None else self._policy(policy, f"{path}.data_policy"),
            self._flag(row, "distillable", path),
            self._flag(row, "disabled", path),
            pricing,
            self._tier(tier, slug, f"{path}.tier"),
            None if apis is None else self._apis(apis, f"{path}.apis"),
            None if limits is None else EndpointLimits.parse(limits, f"{path}.limits", self.faults),
            None if extra is None else self._extra(extra, f"{path}.extra"),
        )
        if len(self.faults) != before:
            return None
        return Endpoint(f"{model}@{slug}", *endpoint)  # type: ignore[arg-type]

    def _tier(self, value: object, slug: str | None, path: str) -> str:
        if value is None:
            return "default" if slug is None else tier_of_slug(slug)
        if not isinstance(value, str) or value not in TIER_OF:
            self.faults.append(Fault(path, value, f"one of {', '.join(map(repr, TIER_OF))}"))
            return "default"
        return TIER_OF[value]

    def _apis(self, value: object, path: str) -> frozenset[str]:
        found = self._strings(value, path)
        if not found <= _APIS and isinstance(value, (list, tuple)):
            self.faults.extend(
                Fault(f"{path}[{index}]", item, f"one of {', '.join(map(repr, APIS))}")
                for index, item in enumerate(value)
                if isinstance(item, str) and item not in _APIS
            )
        return found

    def _extra(self, value: object, path: str) -> Mapping[str, Any] | None:
        if isinstance(value, dict):
            return dict(value)
        self.warnings.append(Warned("unknown_key", path, f"{withheld(value)} is no object of what the gateway wants to find on the endpoint, and was ignored"))
        return None

    def _unknown(self, row: dict[Any, Any], path: str) -> None:
        """Note keys that look like a known one misspelt: ignored by rule, but rarely by intention."""
        for key in row:
            if key in ROW_KEYS or not isinstance(key, str) or len(self.warnings) >= MOST_WARNINGS:
                continue
            if key not in self._near:
                if len(self._near) >= MOST_WARNINGS:
                    continue
                self._near[key] = next(iter(nearest(key, ROW_KEYS, most=1)), None)
            near = self._near[key]
            if near is not None:
                self.warnings.append(
                    Warned("unknown_key", below(path, key), f"{shown_name(key)} is not a key of a row, and was ignored; did you mean {near!r}?")
                )

    def _model(self, value: object, path: str) -> None:
        if is_model(value):
            self._models.add(value)
        else:
            self.faults.append(Fault(path, value, MODEL_EXPECTED))

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
            return NOTHING
        try:
            return self._lists[tuple(value)]
        except Exception:  # noqa: BLE001, S110 - a hostile item's __hash__ may raise anything
            pass  # a new list, or one that holds what cannot be hashed: check it item by item
        for index, item in enumerate(value):
            if not isinstance(item, str):
                self.faults.append(Fault(f"{path}[{index}]", item, "a name"))
        if not all(isinstance(item, str) for item in value):
            return NOTHING
        found = self._lists[tuple(value)] = frozenset(value)
        return found

    def _policy(self, value: object, path: str) -> DataPolicy:
        if not isinstance(value, dict):
            self.faults.append(Fault(path, value, "an object with 'trains' and 'retains'"))
            return UNKNOWN_POLICY
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
