"""Every worked sum of the cost documentation is a sum that the library gives."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.parametrize("page", ["reference/price-cards.md", "how-to/bill-a-log.md"])
def test_the_worked_sums_of_the_page_hold(page):
    result = doctest.testfile(str(DOCS / page), module_relative=False)
    assert result.attempted > 5
    assert result.failed == 0
