"""Small feeds for the importer's tests."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from routecore.adapters.openrouter import import_endpoints

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
ENDPOINT: dict[str, Any] = {
    "name": "P | a/b",
    "provider_name": "P",
    "tag": "p/fp8",
    "quantization": "fp8",
    "context_length": 1000,
    "max_completion_tokens": 100,
    "max_prompt_tokens": None,
    "pricing": {"prompt": "0.000001", "completion": "0.000002", "discount": 0},
    "supported_parameters": ["tools"],
    "status": 0,
    "supports_implicit_caching": False,
    "latency_last_30m": None,
    "throughput_last_30m": None,
}


def answer(*changes: dict, **model) -> dict:
    endpoints = []
    for change in changes or ({},):
        one = copy.deepcopy(ENDPOINT)
        one["pricing"].update(change.get("pricing", {}))
        one.update({key: value for key, value in change.items() if key != "pricing"})
        endpoints.append(one)
    return {"data": {"id": "a/b", "architecture": {"input_modalities": ["text", "image"]}, "endpoints": endpoints, **model}}


def only_row(document: dict, **options) -> dict:
    (row,) = import_endpoints(document, **options).catalog_mapping["endpoints"]
    return row


def oddities(document: dict, **options) -> list[tuple[str, object]]:
    return [(one.field, one.value) for one in import_endpoints(document, **options).oddities]
