"""Who may import whom, and where each third party lives: the house, held by its imports."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import routecore

ROOT = Path(routecore.__file__).parent

# A module imports only from those above it. Rooms (folders) stand for all their files.
ORDER = [
    "version",
    "errors",
    "checks",
    "money",
    "price_card",
    "rates",
    "ladder",
    "price_reader",
    "pricing",
    "usage_report",
    "usage_formats",
    "usage",
    "cost_context",
    "cost",
    "reconciliation",
    "credits",
    "plan_cost",
    "catalog",
    "cost_log",
    "cost_table",
    "preferences",
    "settings",
    "context",
    "request",
    "facts",
    "attempt",
    "pool",
    "case",
    "eligibility",
    "expansion",
    "ranking",
    "plan",
    "decision",
    "explain",
    "plan_warnings",
    "records",
    "examples",
    "kinds",
    "retry_after",
    "http_errors",
    "outcome",
    "steps",
    "conversation",
    "window_log",
    "window_view",
    "window_sketch",
    "window_read",
    "window_hdr",
    "windows",
    "health_table",
    "health",
    "pins",
    "metrics",
    "live_plan",
    "router",
    "simulate",
    "adapters",
    "testing",
    "cli",
]
LEAVES = {"simulate", "adapters", "testing", "cli"}
"""Rooms that nothing above imports; the last ones may import from each other only downwards."""

HOMES = {
    "numpy": {"cost_table", "window_sketch", "window_read", "window_hdr", "simulate"},
    "hdrh": {"window_hdr", "simulate"},
    "cachetools": {"pins"},
    "hypothesis": {"testing"},
    "click": {"cli"},
    "rich": {"cli"},
    "pyarrow": {"simulate"},
}


def room_of(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").parts[0]


def imports_of(path: Path) -> list[tuple[str, bool]]:
    """Return (module, at load) of every import that happens at run time; what only type checkers see does not count."""
    found = []

    def walk(node: ast.AST, *, at_load: bool) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                continue
            if isinstance(child, ast.Import):
                found.extend((alias.name, at_load) for alias in child.names)
            elif isinstance(child, ast.ImportFrom) and child.module is not None:
                names = [f"{child.module}.{alias.name}" for alias in child.names] if child.module == "routecore" else [child.module]
                found.extend((name, at_load) for name in names)
            walk(child, at_load=at_load and not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)))

    walk(ast.parse(path.read_text(encoding="utf-8")), at_load=True)
    return found


FILES = sorted(path for path in ROOT.rglob("*.py") if path.name != "__main__.py" and path != ROOT / "__init__.py")


def test_every_module_has_its_place_in_the_order():
    assert {room_of(path) for path in FILES} == set(ORDER)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_module_imports_only_from_those_above_it(path):
    room = room_of(path)
    for module, at_load in imports_of(path):
        if not module.startswith("routecore.") or not at_load:
            continue
        other = module.split(".")[1]
        if other in ORDER and other != room:
            assert ORDER.index(other) < ORDER.index(room), f"{room} imports {other}, which stands below it"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nothing_above_imports_the_rooms_at_the_end_not_even_later(path):
    room = room_of(path)
    for module, _ in imports_of(path):
        if module.startswith("routecore."):
            other = module.split(".")[1]
            if other in LEAVES and room not in LEAVES:
                raise AssertionError(f"{room} imports {other}")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_each_third_party_has_one_home(path):
    for module, _ in imports_of(path):
        homes = HOMES.get(module.split(".")[0])
        assert homes is None or room_of(path) in homes, f"{module} in {path}"
