"""Each third party has one home, and what reads a clock or makes chance has one too."""

from __future__ import annotations

import ast

import pytest

from tests.house.test_rooms import FILES, ROOT

HOMES = {
    "numpy": ("cost/table", "live/windows", "simulate"),
    "hdrh": ("live/windows", "simulate/report"),
    "cachetools": ("live/pins",),
    "hypothesis": ("testing",),
    "click": ("cli",),
    "rich": ("cli",),
    "litellm": ("adapters/litellm",),
    "opentelemetry": ("adapters/otel",),
    "prometheus_client": ("adapters/prometheus",),
    "pyarrow": ("simulate/traces",),
    "redis": ("adapters/redis",),
    "distributed": ("adapters/dask",),
    "vl_convert": ("simulate/report",),
    "yaml": ("catalog/by_hand",),
}
CLOCKS = {"time.time", "time.monotonic", "time.perf_counter", "time.time_ns", "datetime.now", "datetime.utcnow", "date.today"}
ENTROPY = {"random", "secrets", "os.urandom", "uuid"}
MAY_READ_THE_CLOCK = ("live/router.py", "cli", "adapters")
"""Only the router may default to the real clock; commands show how long they took, and a peer's exchange may default to it too."""
MAY_MAKE_CHANCE = ("live/router.py", "testing")
"""``testing`` throws dice that its caller seeds."""


def is_in(path, places):
    where = path.relative_to(ROOT).as_posix()
    return any(where == place or where.removesuffix(".py") == place or where.startswith(f"{place}/") for place in places)


def imported(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None and node.level == 0:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def used(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute):
            yield ast.unparse(node)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_each_third_party_has_one_home(path):
    for module in imported(path):
        homes = HOMES.get(module.split(".")[0])
        assert homes is None or is_in(path, homes), module


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_only_the_router_may_default_to_the_real_clock_or_to_fresh_entropy(path):
    if not is_in(path, MAY_READ_THE_CLOCK):
        assert not {name for name in (*used(path), *imported(path)) if any(name.endswith(clock) for clock in CLOCKS)}
    if not is_in(path, MAY_MAKE_CHANCE):
        assert not {name for name in imported(path) if name.split(".")[0] in ENTROPY or name in ENTROPY}
