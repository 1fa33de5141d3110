"""OpenRouter's public endpoint lists as a catalog and statistics, with everything that was odd named.

What a feed does not say stays unknown; what it says in a way that can be read in two is kept and reported. Nothing is invented, no row is dropped
without a word: a row that cannot be an endpoint is in ``refused``.
"""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import attrs

from routecore.catalog import QUANTIZATIONS, Catalog
from routecore.checks import is_name, is_slug, lower, number, whole
from routecore.errors import CatalogError, Fault, jsonable
from routecore.money import PLACES, plain, read_price, round_price

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ImportResult", "Oddity", "import_endpoints", "read_policies"]

PRICE_KEYS: Final = frozenset(
    {
        "prompt",
        "completion",
        "request",
        "image",
        "image_token",
        "image_output",
        "image_output_token",
        "audio",
        "audio_output",
        "input_audio_cache",
        "input_image_cache",
        "input_cache_read",
        "input_cache_write",
        "input_cache_write_1h",
        "internal_reasoning",
        "web_search",
        "video_token",
        "video_output_token",
    }
)
"""Prices of the feed that a price card has under the same name. Any other is named and left out."""

NO_SEPARATE_CHARGE: Final = frozenset({"internal_reasoning", "input_cache_write"})
"""Where this feed writes "0" for "not charged separately", which is not "free": the price is left out, and the token's ordinary price counts."""

NEVER_NEGATIVE: Final = "unknown: the feed writes -1 where a price depends on what is routed to"


class Oddity(NamedTuple):
    """Something in the feed that needed a decision: the row's path, the field, the value, and what was done."""

    path: str
    field: str
    value: object
    done: str

    def to_dict(self) -> dict[str, Any]:
        """Return the oddity as JSON can hold it."""
        return {"path": self.path, "field": self.field, "value": jsonable(self.value), "done": self.done}


@attrs.frozen
class ImportResult:
    """What a feed gave: rows in the catalog's wire form, statistics in the scenario's, all oddities, and the rows that could not be endpoints."""

    catalog_mapping: dict[str, Any]
    stats: dict[str, Any]
    oddities: tuple[Oddity, ...]
    refused: tuple[Fault, ...]
    rows_read: int

    def catalog(self) -> Catalog:
        """Return the catalog."""
        return Catalog.from_mapping(self.catalog_mapping)

    def summary(self) -> dict[str, Any]:
        """Return counts: rows read, endpoints, models, rows refused, endpoints with statistics, and oddities by field and what was done."""
        endpoints = self.catalog_mapping["endpoints"]
        counted = Counter((one.field, one.done) for one in self.oddities)
        return {
            "rows_read": self.rows_read,
            "endpoints": len(endpoints),
            "models": len({row["model"] for row in endpoints}),
            "refused": [fault.to_dict() for fault in self.refused],
            "with_statistics": len(self.stats),
            "oddities": [{"field": field, "done": done, "rows": rows} for (field, done), rows in sorted(counted.items(), key=lambda item: (-item[1], item[0]))],
        }


def import_endpoints(
    document: object,
    *,
    policies: dict[str, dict[str, bool]] | None = None,
    discount: Literal["apply", "leave out"] = "apply",
    negative_status: Literal["keep", "disable"] = "keep",
) -> ImportResult:
    """Return the endpoints of one ``/models/{author}/{slug}/endpoints`` answer, of a sweep of answers, or of a list of either.

    ``policies`` are what ``read_policies`` made of a provider directory. ``discount``: whether the feed's discount is taken off the listed price (the same
    list price stands with and without one) or left out, as already in it. ``negative_status``: what the feed's negative codes mean is not published;
    ``keep`` leaves such endpoints enabled, ``disable`` turns them off. Raises ``CatalogError`` if the document has none of these forms.

    >>> answer = {"data": {"id": "a/b", "endpoints": [{"tag": "p/fp8", "pricing": {"prompt": "0.000001", "completion": "-1"}, "context_length": 0}]}}
    >>> result = import_endpoints(answer)
    >>> result.catalog_mapping["endpoints"][0]["pricing"], [(one.field, one.value) for one in result.oddities]
    ({'prompt': '0.000001'}, [('context_length', 0), ('supported_parameters', None), ('pricing.completion', '-1')])
    """
    importer = _Importer(policies or {}, take_discount=discount == "apply", disable=negative_status == "disable")
    for path, model in _answers(document):
        importer.model(path, model)
    return importer.result()


def read_policies(directory: object) -> dict[str, dict[str, bool]]:
    """Return provider slug -> what its data policy states (``trains``, ``retains``) from a provider directory; a provider that states nothing is left out.

    >>> read_policies({"data": [{"slug": "p", "dataPolicy": {"training": False, "retainsPrompts": True}}, {"slug": "q"}]})
    {'p': {'trains': False, 'retains': True}}
    """
    rows = directory.get("data") if isinstance(directory, dict) else directory
    if not isinstance(rows, list):
        raise CatalogError([Fault("providers", directory, "a list of providers, or an object with one under 'data'")])
    found = {}
    for row in rows:
        slug = row.get("slug") if isinstance(row, dict) else None
        policy = row.get("dataPolicy") if isinstance(row, dict) else None
        if is_slug(slug) and isinstance(policy, dict):
            stated = {ours: policy[theirs] for ours, theirs in (("trains", "training"), ("retains", "retainsPrompts")) if isinstance(policy.get(theirs), bool)}
            if stated:
                found[lower(slug)] = stated
    return found


def _answers(document: object, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (path, model with its endpoints) from any of the known forms."""
    if isinstance(document, list):
        for index, one in enumerate(document):
            yield from _answers(one, f"{path}[{index}]")
        return
    if isinstance(document, dict):
        if isinstance(document.get("endpoints"), list):
            yield path, document
            return
        for key in ("data", "response"):
            if isinstance(document.get(key), (dict, list)):
                below = f"{path}.{key}" if path else key
                for where, model in _answers(document[key], below):
                    # a sweep's own name for the model stands beside the answer, and tells variants apart that answer under one id
                    yield where, {**model, "id": document["modelId"], "answered_as": model.get("id")} if "modelId" in document else model
                return
        if "modelId" in document:
            # a sweep's row whose answer failed: it has no endpoints, and says so
            yield path, {"id": document["modelId"], "endpoints": []}
            return
    raise CatalogError([Fault(path or "document", document, "an endpoints answer, a sweep of them, or a list")])


class _Importer:
    def __init__(self, policies: dict[str, dict[str, bool]], *, take_discount: bool, disable: bool) -> None:
        self.policies = policies
        self.take_discount = take_discount
        self.disable = disable
        self.rows: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.stats: dict[str, Any] = {}
        self.oddities: list[Oddity] = []
        self.refused: list[Fault] = []
        self.seen: dict[str, int] = {}
        self.rows_read = 0

    def odd(self, path: str, field: str, value: object, done: str) -> None:
        self.oddities.append(Oddity(path, field, value, done))

    def model(self, path: str, model: dict[str, Any]) -> None:
        architecture = model.get("architecture")
        modalities = architecture.get("input_modalities") if isinstance(architecture, dict) else None
        answered = model.get("answered_as")
        if answered is not None and answered != model.get("id"):
            self.odd(path, "id", answered, "answered under another name than it was asked by: kept under the name asked")
        if not model["endpoints"]:
            self.odd(path, "endpoints", [], "a model without endpoints: nothing to import")
        for index, raw in enumerate(model["endpoints"]):
            self.rows_read += 1
            where = f"{path}.endpoints[{index}]" if path else f"endpoints[{index}]"
            if not isinstance(raw, dict):
                self.refused.append(Fault(where, raw, "an endpoint: an object"))
                continue
            name = model.get("id") or raw.get("model_id")
            if not is_name(name):
                self.refused.append(Fault(f"{where}.model_id", name, "a model's name"))
                continue
            self.endpoint(where, str(name), modalities, raw)

    def endpoint(self, where: str, model: str, modalities: object, raw: dict[str, Any]) -> None:
        slug = self._slug(where, raw)
        if slug is None:
            return
        provider = slug.partition("/")[0]
        times = self.seen[f"{model}@{slug}"] = self.seen.get(f"{model}@{slug}", 0) + 1
        if times > 1:
            self.odd(where, "tag", slug, "a twin of an earlier endpoint: numbered")
            slug = f"{slug}#{times}"
        row: dict[str, Any] = {"model": model, "provider": provider, "slug": slug, "quantization": self._quantization(where, raw.get("quantization"))}
        for ours, theirs in (("context_length", "context_length"), ("max_output_tokens", "max_completion_tokens"), ("max_prompt_tokens", "max_prompt_tokens")):
            limit = self._limit(where, theirs, raw.get(theirs))
            if limit is not None:
                row[ours] = limit
        row["supported_parameters"] = self._names(where, "supported_parameters", raw.get("supported_parameters"))
        if modalities is not None:
            row["input_modalities"] = self._names(where, "input_modalities", modalities)
        if isinstance(raw.get("supports_implicit_caching"), bool):
            row["implicit_caching"] = raw["supports_implicit_caching"]
        policy = self.policies.get(provider)
        if policy is not None:
            row["data_policy"] = policy
        elif self.policies:
            self.odd(where, "data_policy", provider, "not in the provider directory: unknown, so taken as training and retaining")
        status = raw.get("status")
        if status not in (None, 0):
            self.odd(
                where, "status", status, "its meaning is not published: disabled as asked" if self.disable else "its meaning is not published: left enabled"
            )
            if self.disable and isinstance(status, int) and status < 0:
                row["disabled"] = True
        pricing = self._pricing(where, raw.get("pricing"))
        if pricing is not None:
            row["pricing"] = pricing
        self.rows.append(row)
        self.paths.append(where)
        measured = self._statistics(where, raw)
        if measured:
            self.stats[f"{model}@{slug}"] = measured

    def _slug(self, where: str, raw: dict[str, Any]) -> str | None:
        tag = raw.get("tag")
        if is_slug(tag):
            return lower(str(tag))
        name = raw.get("provider_name")
        made = lower("-".join(name.split())) if isinstance(name, str) else None
        if tag is None and is_slug(made):
            self.odd(where, "tag", tag, "missing: made of provider_name")
            return made
        self.refused.append(Fault(f"{where}.tag", tag, "a provider's tag such as 'deepinfra/fp8'"))
        return None

    def _quantization(self, where: str, level: object) -> str:
        if level in (None, "") or not isinstance(level, str):
            if level not in (None, ""):
                self.odd(where, "quantization", level, "no level that is known: unknown")
            return "unknown"
        if lower(level) in QUANTIZATIONS:
            return lower(level)
        self.odd(where, "quantization", level, "no level that is known: unknown")
        return "unknown"

    def _limit(self, where: str, field: str, value: object) -> int | None:
        limit = whole(value)
        if limit:
            return limit
        if value is not None:
            self.odd(where, field, value, "0 tokens are no limit that makes sense: unknown" if limit == 0 else "no number of tokens: unknown")
        return None

    def _names(self, where: str, field: str, value: object) -> list[str]:
        if isinstance(value, list) and all(isinstance(name, str) for name in value):
            return value
        self.odd(where, field, value, "no list of names: none")
        return []

    def _pricing(self, where: str, raw: object) -> dict[str, Any] | None:
        if not isinstance(raw, dict):
            self.odd(where, "pricing", raw, "no prices: unknown, which is not free")
            return None
        prices: dict[str, Any] = {}
        for key, value in raw.items():
            field = f"pricing.{key}"
            if value is None:
                continue
            if key == "discount":
                self._discount(where, value, prices)
            elif key not in PRICE_KEYS:
                self.odd(where, field, value, "no price that a price card has: left out")
            else:
                price = self._price(where, field, value)
                if price is None:
                    continue
                if price == "0" and key in NO_SEPARATE_CHARGE:
                    self.odd(where, field, value, 'the feed\'s "0" for "no separate charge": left out')
                    continue
                if price == "0" and key in {"prompt", "completion"}:
                    self.odd(where, field, value, "free: kept as 0")
                if key == "image" and value == raw.get("prompt"):
                    self.odd(where, field, value, "equal to the prompt price, so perhaps per token and not per image: kept per image, as the feed defines it")
                prices[key] = price
        return prices

    def _price(self, where: str, field: str, value: object) -> str | None:
        price = read_price(value)
        if price is None:
            amount = str(value)
            if not isinstance(value, bool) and isinstance(value, (str, int, float)) and amount.startswith("-"):
                self.odd(where, field, value, NEVER_NEGATIVE)
                return None
            price = round_price(value)
            if price is None:
                self.odd(where, field, value, "no price: unknown")
                return None
            self.odd(where, field, value, f"finer than a femtodollar: rounded to {PLACES} places")
        return plain(price, PLACES)

    def _discount(self, where: str, value: object, prices: dict[str, Any]) -> None:
        share = number(value)
        if share == 0:
            return
        if share is None or share > 1:
            self.odd(where, "pricing.discount", value, "no fraction from 0 to 1: left out")
        elif self.take_discount:
            self.odd(where, "pricing.discount", value, "taken off the listed price, which stands without it elsewhere")
            prices["discount"] = str(value)
        else:
            self.odd(where, "pricing.discount", value, "left out as asked")

    def _statistics(self, where: str, raw: dict[str, Any]) -> dict[str, Any]:
        measured: dict[str, Any] = {}
        latency = self._percentiles(where, "latency_last_30m", raw.get("latency_last_30m"), 1000.0)
        if latency:
            measured["latency"] = latency
        throughput = self._percentiles(where, "throughput_last_30m", raw.get("throughput_last_30m"), 1.0)
        if throughput:
            values = list(throughput.values())
            if any(after > before for before, after in pairwise(values)):
                self.odd(where, "throughput_last_30m", raw["throughput_last_30m"], "rises from p50 to p99, so it speaks of the best requests: only p50 is kept")
                throughput = {key: value for key, value in throughput.items() if key == "p50"}
            if throughput:
                measured["throughput"] = throughput
        for field in ("uptime_last_5m", "uptime_last_30m"):
            share = number(raw.get(field))
            if share is not None and share <= 100:
                measured["success_rate"] = share / 100
                break
        return measured

    def _percentiles(self, where: str, field: str, raw: object, unit: float) -> dict[str, float]:
        if raw is None:
            return {}
        if not isinstance(raw, dict):
            self.odd(where, field, raw, "no percentiles: unknown")
            return {}
        found = {}
        for key in ("p50", "p75", "p90", "p99"):
            value = raw.get(key)
            amount = number(value)
            if amount is not None and math.isfinite(amount / unit):
                found[key] = amount / unit
            elif value is not None:
                self.odd(where, f"{field}.{key}", value, "no number: unknown")
        return found

    def result(self) -> ImportResult:
        """Return what was read; rows that the catalog itself would refuse are refused here, by name."""
        rows = self.rows
        try:
            Catalog.from_mapping({"endpoints": rows})
        except CatalogError as error:
            bad = set()
            for fault in error.faults:
                index = int(fault.path.partition("[")[2].partition("]")[0])
                bad.add(index)
                self.refused.append(Fault(f"{self.paths[index]}: {fault.path}", fault.value, fault.expected))
            rows = [row for index, row in enumerate(rows) if index not in bad]
        kept = {f"{row['model']}@{row['slug']}" for row in rows}
        stats = {endpoint_id: row for endpoint_id, row in self.stats.items() if endpoint_id in kept}
        return ImportResult({"endpoints": rows}, stats, tuple(self.oddities), tuple(self.refused), self.rows_read)
