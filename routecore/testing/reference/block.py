"""Reading the provider block."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fractions import Fraction

    from routecore.testing.reference.slugs import SlugReader
    from routecore.testing.reference.wire import Reader

__all__ = ["PERCENTILES", "QUANTIZATIONS", "Block", "read_block"]

QUANTIZATIONS = ("int4", "int8", "fp4", "fp6", "fp8", "fp16", "bf16", "fp32", "mxfp4", "mxfp8", "nvfp4", "unknown")
SORTS = ("price", "throughput", "latency", "exacto")
PERCENTILES = ("p50", "p75", "p90", "p99")
BLOCK_KEYS = (
    "order", "allow_fallbacks", "require_parameters", "data_collection", "zdr", "enforce_distillable_text", "only", "ignore",
    "quantizations", "sort", "preferred_min_throughput", "preferred_max_latency", "max_price",
)  # fmt: skip


@dataclass(frozen=True)
class Block:
    """The provider block; an empty list, an empty mapping and ``None`` mean "not given"."""

    order: tuple[str, ...] = ()
    allow_fallbacks: bool = True
    require_parameters: bool | None = None
    data_collection: str = "allow"
    zdr: bool = False
    enforce_distillable_text: bool = False
    only: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    quantizations: tuple[str, ...] = ()
    sort: str | None = None
    partition: str = "model"
    preferred_min_throughput: dict[str, float] = field(default_factory=dict)
    preferred_max_latency: dict[str, float] = field(default_factory=dict)
    max_price: dict[str, Fraction] = field(default_factory=dict)


def read_block(raw: object, reader: Reader, slugs: SlugReader) -> Block:
    """Read the provider block; all its faults go to ``reader``."""
    block = {} if raw is None else reader.mapping(raw, "provider")
    if not block:
        return Block()
    reader.refuse_unknown(block, BLOCK_KEYS, "provider")
    read: dict[str, Any] = {}
    for key in BLOCK_KEYS:
        value = block.get(key)
        path = f"provider.{key}"
        if value is None:
            continue
        if key in ("order", "only", "ignore"):
            read[key] = slugs.read_list(value, path, reader)
        elif key in ("allow_fallbacks", "require_parameters", "zdr", "enforce_distillable_text"):
            read[key] = reader.boolean(value, path)
        elif key == "data_collection":
            read[key] = reader.choice(value, path, ("allow", "deny"))
        elif key == "quantizations":
            levels = [reader.choice(level, f"{path}[{i}]", (*QUANTIZATIONS, "none")) for i, level in enumerate(reader.items(value, path) or [])]
            read[key] = tuple("unknown" if level == "none" else level for level in levels if level is not None)
        elif key == "sort":
            read.update(_read_sort(value, reader))
        elif key == "max_price":
            limits = reader.mapping(value, path) or {}
            reader.refuse_unknown(limits, ("prompt", "completion", "request", "image"), path)
            read[key] = {
                part: reader.decimal(limits[part], f"{path}.{part}") for part in ("prompt", "completion", "request", "image") if limits.get(part) is not None
            }
        else:
            read[key] = _read_cutoffs(value, path, reader)
    return Block(**read)


def _read_sort(value: object, reader: Reader) -> dict[str, Any]:
    if isinstance(value, str):
        return {"sort": reader.choice(value, "provider.sort", SORTS)}
    if not isinstance(value, Mapping):
        reader.fault("provider.sort", value, ", ".join(SORTS) + ", or an object with by and partition")
        return {}
    reader.refuse_unknown(value, ("by", "partition"), "provider.sort")
    read: dict[str, Any] = {}
    if value.get("by") is not None:
        read["sort"] = reader.choice(value["by"], "provider.sort.by", SORTS)
    if value.get("partition") is not None:
        read["partition"] = reader.choice(value["partition"], "provider.sort.partition", ("model", "none"))
    return read


def _read_cutoffs(value: object, path: str, reader: Reader) -> dict[str, float]:
    if not isinstance(value, Mapping):
        number = reader.number(value, path)
        return {} if number is None else {"p50": number}
    reader.refuse_unknown(value, PERCENTILES, path)
    cutoffs: dict[str, float] = {}
    for percentile in PERCENTILES:
        if value.get(percentile) is not None:
            number = reader.number(value[percentile], f"{path}.{percentile}")
            if number is not None:
                cutoffs[percentile] = number
    return cutoffs
