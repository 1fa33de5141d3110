"""The plan of the house: a room imports only from rooms below it, and no imports run in a circle."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import routecore

ROOT = Path(routecore.__file__).parent
ROOMS = (
    "version",
    "safe_text",
    "errors",
    "reading",
    "pricing",
    "showing",
    "usage",
    "catalog",
    "cost",
    "request",
    "routing",
    "wire",
    "live",
    "simulate",
    "adapters",
    "testing",
    "cli",
)
"""From the ground up."""
FACES = {"routecore", "routecore.simulate", "routecore.adapters.openrouter", "routecore.testing.reference", "routecore.cli"}
"""The packages whose ``__init__`` holds more than a docstring: the public faces, and the door of the command."""


def name_of(path: Path) -> str:
    return ".".join(("routecore", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")


FILES = sorted(path for path in ROOT.rglob("*.py") if path.name != "__main__.py" and path != ROOT / "__init__.py")
MODULES = {name_of(path): path for path in FILES}


def imports_of(path: Path, *, types: bool) -> set[str]:
    """Return the modules of the house that a file imports, at its head or inside functions; with ``types`` also those for type checkers alone."""
    found = set()

    def walk(node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING" and not types:
                continue
            if isinstance(child, ast.Import):
                found.update(alias.name for alias in child.names)
            elif isinstance(child, ast.ImportFrom) and child.module is not None:
                found.update(f"{child.module}.{alias.name}" if f"{child.module}.{alias.name}" in MODULES else child.module for alias in child.names)
            walk(child)

    walk(ast.parse(path.read_text(encoding="utf-8")))
    return {name for name in found if name in MODULES}


def room_of(name: str) -> str:
    return name.split(".")[1]


def test_every_module_stands_in_a_room():
    assert {room_of(name) for name in MODULES} <= set(ROOMS)


@pytest.mark.parametrize("name", MODULES)
def test_a_room_imports_only_from_rooms_below_it(name):
    room = ROOMS.index(room_of(name))
    assert not {other for other in imports_of(MODULES[name], types=True) if ROOMS.index(room_of(other)) > room}


def test_no_import_that_runs_runs_in_a_circle():
    tuple(TopologicalSorter({name: imports_of(path, types=False) - {name} for name, path in MODULES.items()}).static_order())


def test_the_tests_of_other_routers_import_nothing_of_the_engine():
    engine = set(ROOMS) - {"version", "testing"}
    assert not {
        (name, other) for name, path in MODULES.items() if room_of(name) == "testing" for other in imports_of(path, types=True) if room_of(other) in engine
    }


@pytest.mark.parametrize("path", sorted(ROOT.rglob("__init__.py")), ids=lambda path: path.parent.relative_to(ROOT.parent).as_posix())
def test_the_door_of_a_room_is_a_sentence_and_nothing_else(path):
    body = ast.parse(path.read_text(encoding="utf-8")).body
    assert ast.get_docstring(ast.Module(body, [])), "no sentence"
    assert len(body) == 1 or ".".join(path.parent.relative_to(ROOT.parent).parts) in FACES
