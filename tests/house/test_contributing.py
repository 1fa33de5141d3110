"""The worked pages of CONTRIBUTING: each patch applies to a copy of the library, its claim holds there and not before, and it touches as few files as it says."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "contributing"
MOST_FILES = {
    "add-a-hard-filter": 2,
    "add-a-sort-key": 2,
    "add-a-price-key": 3,
    "add-an-outcome-kind": 2,
    "add-a-usage-shape": 2,
    "add-an-importer": 2,
}


def block(page: str, language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", (PAGES / f"{page}.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return found


def holds(claim: str, tree: Path) -> bool:
    return subprocess.run([sys.executable, "-c", claim], cwd=tree, env={"PYTHONPATH": str(tree)}, capture_output=True, check=False).returncode == 0


def test_every_page_has_its_number_of_files():
    assert {path.stem for path in PAGES.glob("add-*.md")} == set(MOST_FILES)


@pytest.mark.slow
@pytest.mark.parametrize("page", MOST_FILES)
def test_the_patch_of_a_page_applies_makes_its_claim_hold_and_touches_few_files(page, tmp_path):
    patch, claim = block(page, "diff"), block(page, "python")
    shutil.copytree(ROOT / "routecore", tmp_path / "routecore", ignore=shutil.ignore_patterns("__pycache__"))
    assert not holds(claim, tmp_path)
    applied = subprocess.run(["git", "apply", "--recount", "-C1", "-"], cwd=tmp_path, input=patch, text=True, capture_output=True, check=False)
    assert applied.returncode == 0, applied.stderr
    assert holds(claim, tmp_path)
    touched = set(re.findall(r"^diff --git a/(\S+)", patch, re.MULTILINE))
    assert len(touched) <= MOST_FILES[page]
    assert all(name.startswith("routecore/") for name in touched)
