"""The README runs as it is pasted, shows what the library prints, and stays short."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import routecore

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
TWO_SCREENS = 100


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.splitlines()[2])
def test_a_block_pasted_into_a_file_runs(block, tmp_path):
    file = tmp_path / "pasted.py"
    file.write_text(block, encoding="utf-8")
    done = subprocess.run([sys.executable, str(file)], capture_output=True, text=True, check=False, env={"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"})
    assert (done.returncode, done.stderr) == (0, "")
    assert ("print(" in block) == bool(done.stdout)


def test_the_first_block_is_five_lines_without_prompts():
    lines = [line for line in BLOCKS[0].splitlines() if line]
    assert len(lines) == 5
    assert not any(line.startswith((">>>", "...", "$")) for line in lines)


def test_it_is_at_most_two_screens():
    assert len(README.splitlines()) <= TWO_SCREENS


def test_every_page_and_picture_that_it_names_is_there():
    for path in re.findall(r"\]\(([^)#]+)", README):
        assert (ROOT / path).is_file(), path


def test_what_is_named_as_code_can_be_imported():
    for name in re.findall(r"`(?:routecore\.)?([A-Za-z_]+)`", README):
        if name[0].isupper() or "_" in name:
            assert hasattr(routecore, name), name
