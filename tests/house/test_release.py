"""A release is the same bytes from the same commit, and holds what it should."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def built(place: Path, tree: Path) -> dict[str, Path]:
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(place), str(tree)]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000", "PYTHONPATH": ""})
    return {path.suffix: path for path in place.iterdir()}


@pytest.fixture(scope="module")
def twice(tmp_path_factory):
    """Two builds, from two copies of the tree in two places."""
    folders = [tmp_path_factory.mktemp(f"build{number}") for number in (1, 2)]
    made = []
    for folder in folders:
        tree = folder / "tree"
        names = subprocess.run(["git", "-C", ROOT, "ls-files"], check=False, capture_output=True, text=True).stdout.split("\n")
        if names == [""]:
            pytest.skip("not a git checkout: which files belong to it is not known")
        for name in filter(None, names):
            if (ROOT / name).is_file():
                (tree / name).parent.mkdir(parents=True, exist_ok=True)
                (tree / name).write_bytes((ROOT / name).read_bytes())
        made.append(built(folder / "dist", tree))
    return made


@pytest.mark.slow
def test_two_builds_of_one_tree_are_the_same_bytes(twice):
    first, second = twice
    assert set(first) == {".whl", ".gz"}
    assert {suffix: path.read_bytes() for suffix, path in first.items()} == {suffix: path.read_bytes() for suffix, path in second.items()}


@pytest.mark.slow
def test_the_wheel_holds_the_library_with_its_data_and_types_and_nothing_else(twice):
    names = zipfile.ZipFile(twice[0][".whl"]).namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"routecore"}
    assert {"routecore/py.typed", "routecore/__init__.py"} < set(names)
    assert any(name.startswith("routecore/data/") and name.endswith(".json") for name in names)


@pytest.mark.slow
def test_the_sdist_holds_what_the_checkout_holds_but_what_belongs_to_hosts(twice):
    with tarfile.open(twice[0][".gz"]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "Makefile", "tests/conftest.py", "docs/index.md", "benchmarks/__main__.py", ".ci/run"} <= names
