"""What users import: the list, the table and the imports for type checkers are one, every name loads, and a page of a user's code runs."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import subprocess
import sys
import types
from pathlib import Path

import pytest

import routecore
import routecore.simulate

ROOT = Path(routecore.__file__).parent
FACES = [routecore, routecore.simulate]


def imported_for_type_checkers(face: types.ModuleType) -> dict[str, str]:
    tree = ast.parse(Path(face.__file__).read_text(encoding="utf-8"))
    head = next(node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    return {alias.name: node.module for node in head.body for alias in node.names}


@pytest.mark.parametrize("face", FACES, ids=lambda face: face.__name__)
def test_the_list_of_names_is_written_out_and_equals_the_table_and_the_imports(face):
    tree = ast.parse(Path(face.__file__).read_text(encoding="utf-8"))
    written = next(node.value for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__")
    rooms = set(getattr(face, "_ROOMS", ()))
    assert ast.literal_eval(written) == face.__all__
    assert set(face.__all__) - {"__version__"} - rooms == set(face._HOME)
    assert imported_for_type_checkers(face) == {name: f"{face.__name__}.{home}" for name, home in face._HOME.items()} | dict.fromkeys(rooms, face.__name__)


@pytest.mark.parametrize("face", FACES, ids=lambda face: face.__name__)
def test_every_public_name_loads_stands_in_dir_and_no_module_hides_one(face):
    for path in (ROOT if face is routecore else ROOT / "simulate").glob("*.py"):
        if not path.stem.startswith("__"):
            importlib.import_module(f"{face.__name__}.{path.stem}")
    assert sorted(face.__all__) == dir(face)
    for name in face.__all__:
        assert isinstance(getattr(face, name), types.ModuleType) == (name in getattr(face, "_ROOMS", ())), name


@pytest.mark.parametrize("face", FACES, ids=lambda face: face.__name__)
def test_a_misspelt_name_is_an_attribute_error(face):
    with pytest.raises(AttributeError, match="no attribute 'Ruoter'"):
        _ = face.Ruoter


def test_a_page_of_a_users_code_runs():
    spec = importlib.util.spec_from_file_location("users_page", Path(__file__).resolve().parents[1] / "typing" / "api.py")
    page = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(page)
    page.main()


@pytest.mark.slow
def test_a_type_checker_finds_a_misspelt_name(tmp_path):
    (tmp_path / "user.py").write_text("from routecore import Ruoter\n", encoding="utf-8")
    mypy = [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "--cache-dir", str(tmp_path), "user.py"]
    said = subprocess.run(mypy, cwd=tmp_path, capture_output=True, text=True, check=False, env={"MYPYPATH": str(ROOT.parent), "PATH": ""})
    assert 'has no attribute "Ruoter"' in said.stdout


def test_importing_the_library_and_deciding_load_no_numpy():
    code = (
        "import sys, routecore; assert 'numpy' not in sys.modules and 'attrs' not in sys.modules;"
        "routecore.decide(routecore.example_catalog(), {'model': 'openai/gpt-5'});"
        "routecore.Router(routecore.example_catalog()).plan({'model': 'openai/gpt-5'});"
        "assert 'numpy' not in sys.modules and 'hdrh' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_library_is_typed():
    assert (ROOT / "py.typed").is_file()
