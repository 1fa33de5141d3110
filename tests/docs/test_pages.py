"""Every example of the documentation is run, and says what the library does."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
PAGES = sorted(page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md") if "_build" not in page.parts and ">>> " in page.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", PAGES)
def test_the_examples_of_the_page_hold(page):
    result = doctest.testfile(str(DOCS / page), module_relative=False, optionflags=OPTIONS)
    assert result.attempted > 0
    assert result.failed == 0


def test_the_pages_that_teach_have_examples():
    assert {"tutorial/1-a-first-plan.md", "tutorial/2-a-loop.md", "reference/wire-form.md", "reference/price-cards.md", "how-to/bill-a-log.md"} <= set(PAGES)
