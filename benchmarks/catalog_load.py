"""A catalog file of many endpoints, read into a catalog and compiled (the pool of every model), beside ``json.loads`` of the same file.

The rows are of the shape that real catalogs have: a few thousand models of some tens of endpoints each, repeating providers, parameter lists and prices.
Before anything is timed, the catalog must have every row, and read back to the same version.
"""

from __future__ import annotations

import gc
import json
import random
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.harness import Row, compare
from routecore.catalog.catalog import Catalog
from routecore.catalog.endpoint import QUANTIZATIONS
from routecore.routing.pool import pool_of

ENDPOINTS, QUICK_ENDPOINTS = 100_000, 10_000
ENDPOINTS_PER_MODEL = 20
ROUNDS = 7
PARAMETERS = ("tools", "tool_choice", "temperature", "top_p", "top_k", "seed", "stop", "frequency_penalty", "presence_penalty", "response_format", "reasoning")


def rows(count: int) -> list[dict[str, Any]]:
    """Return ``count`` catalog rows, the same every time."""
    dice = random.Random(1)
    providers = [f"provider-{place}" for place in range(80)]
    lists = [sorted(dice.sample(PARAMETERS, dice.randrange(3, len(PARAMETERS)))) for _ in range(60)]
    made = []
    for place in range(count):
        model, number = divmod(place, ENDPOINTS_PER_MODEL)
        provider = providers[(model + number) % len(providers)]
        prompt = dice.randrange(1, 2000)
        made.append({
            "model": f"author-{model % 97}/model-{model}",
            "provider": provider,
            "slug": f"{provider}/{dice.choice(('fp8', 'bf16', 'turbo'))}",
            "quantization": dice.choice(QUANTIZATIONS),
            "context_length": dice.choice((8192, 32768, 131072, 163840, 1048576)),
            "max_output_tokens": dice.choice((None, 8192, 65536)),
            "supported_parameters": dice.choice(lists),
            "input_modalities": dice.choice((["text"], ["text", "image"])),
            "implicit_caching": dice.random() < 0.3,
            "data_policy": {"trains": False, "retains": dice.random() < 0.4},
            "pricing": {"prompt": f"{prompt}e-9", "completion": f"0.{prompt * 4:09d}", "input_cache_read": f"0.{prompt // 4:09d}"},
        })  # fmt: skip
    return made


def compiled(catalog: Catalog) -> Catalog:
    """Build the pool of every model, as the first request for each would."""
    for model in catalog.models:
        pool_of(catalog, (model,))
    return catalog


def timed(work: Any) -> float:
    """Return the seconds of one run, the collector at rest; what it made is thrown away outside the measured time."""
    gc.collect()
    gc.disable()
    try:
        start = time.perf_counter()
        kept = work()
        seconds = time.perf_counter() - start
    finally:
        gc.enable()
    del kept
    return seconds


def run(*, quick: bool = False) -> list[Row]:
    count = QUICK_ENDPOINTS if quick else ENDPOINTS
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "catalog.json"
        path.write_text(json.dumps({"endpoints": rows(count)}))

        catalog = Catalog.load(path)
        assert len(catalog) == count
        assert Catalog.from_mapping(catalog.to_mapping()).version == catalog.version
        assert sum(len(pool_of(catalog, (model,)).endpoints) for model in catalog.models) == count
        del catalog

        works = {
            "load and compile": lambda: compiled(Catalog.load(path)),
            "load": lambda: Catalog.load(path),
            "json.loads": lambda: json.loads(path.read_bytes()),
        }
        times: dict[str, list[float]] = {name: [] for name in works}
        for number in range(ROUNDS):
            turn = number % len(works)
            for name in [*works][turn:] + [*works][:turn]:
                times[name].append(timed(works[name]))
    unit = f"{count:,} endpoints"
    whole = compare("load and compile", times, unit, floors=("json.loads",), title="catalog: load and compile", note="required: at most 10 × json.loads")
    alone = compare("load", times, unit, floors=("json.loads",), title="catalog: load")
    return [*whole, alone[0]]
