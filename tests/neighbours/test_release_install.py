"""The wheel, installed in an empty environment, plans and bills. The neighbour is the package index."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
USE = """
import routecore
plan = routecore.decide(routecore.example_catalog(), {"model": "z-ai/glm-4.7"}, routecore.example_facts())
assert plan.first.endpoint.model == "z-ai/glm-4.7"
assert routecore.__file__.startswith(PREFIX), routecore.__file__
"""


@pytest.mark.slow
def test_the_wheel_plans_in_an_empty_environment(tmp_path):
    build = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", tmp_path / "dist", ROOT]
    subprocess.run(build, check=True, capture_output=True)
    venv.create(tmp_path / "empty", with_pip=True)
    python = tmp_path / "empty" / "bin" / "python"
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    got = subprocess.run([python, "-m", "pip", "install", "--quiet", f"{wheel}[cli]"], check=False, capture_output=True, text=True)
    if got.returncode and ("No matching distribution" in got.stderr or "Connection" in got.stderr):
        pytest.skip(f"no package index: {got.stderr.strip().splitlines()[-1]}")
    assert got.returncode == 0, got.stderr
    subprocess.run([python, "-c", f"PREFIX = {str(tmp_path)!r}\n{USE}"], check=True, cwd=tmp_path)
    said = subprocess.run([tmp_path / "empty" / "bin" / "routecore", "--help"], check=True, cwd=tmp_path, capture_output=True, text=True)
    assert "plan" in said.stdout
