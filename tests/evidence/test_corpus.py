"""Every input that a fuzzer kept, and every one that once broke something, holds again; and each target on a few made of chance."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.evidence.targets import TARGETS

CORPUS = Path(__file__).resolve().parent / "corpus"
INPUTS = sorted(path for path in CORPUS.rglob("*") if path.is_file())


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: path.relative_to(CORPUS).as_posix())
def test_an_input_that_a_fuzzer_kept_is_answered_as_documented(path):
    TARGETS[path.relative_to(CORPUS).parts[0]](path.read_bytes())


@pytest.mark.parametrize("name", TARGETS)
def test_bytes_of_chance_are_answered_as_documented(name):
    rng = random.Random(name)
    for size in (0, 1, 7, 64, 400):
        for _ in range(4):
            TARGETS[name](rng.randbytes(size))
