"""What the page for those who come from elsewhere says to write here, runs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import routecore
from routecore import HealthSettings, Preferences, decide, example_catalog

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "how-to" / "coming-from.md").read_text(encoding="utf-8")
WRITTEN = re.findall(r"`(\{[^`]*\})`", PAGE)
CALLS = re.findall(r"`(HealthSettings\([^`]*\))`", PAGE)


@pytest.mark.parametrize("text", WRITTEN)
def test_what_stands_in_braces_is_a_block_or_a_body_that_runs(text):
    written = json.loads(text)
    if "model" in written:
        assert len(decide(example_catalog(), written)) >= 1
    else:
        assert Preferences.parse(written) is not None


@pytest.mark.parametrize("text", sorted(set(CALLS)))
def test_what_is_called_takes_what_it_is_given(text):
    assert eval(text, {"HealthSettings": HealthSettings}) is not None  # noqa: S307 - a call that the page shows


def test_every_public_name_of_the_page_is_one():
    for name in set(re.findall(r"`([A-Z][a-z]+(?:[A-Z][a-z]+)+)", PAGE)):
        assert name in routecore.__all__, name
