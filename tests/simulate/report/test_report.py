"""Claims about reports: they say the same in every form, need no network, and let nothing in unescaped."""

import json
import re
from html import escape
from html.parser import HTMLParser

import pytest

from routecore import Catalog
from routecore.simulate import Policy, World, generate, simulate, steady
from routecore.simulate.report.summary import FIGURES, RATES

CATALOG = Catalog.from_mapping(
    {
        "endpoints": [
            {"model": "m", "provider": name, "pricing": {"prompt": price, "completion": price}} for name, price in (("a", "0.000001"), ("b", "0.000002"))
        ]
    }
)
NASTY = '<script>alert("x")</script>&'


@pytest.fixture(scope="module")
def report():
    world = World({"m@a": steady(ttft={"p50": 0.5, "p90": 1.0}, error_rate=0.1), "m@b": steady(ttft=0.2)}, sources=["made up " + NASTY])
    policies = [Policy("base"), Policy(NASTY, provider={"sort": "price"}), Policy("same")]
    return simulate(generate(3_000, ["m"], rate_per_s=10, session_share=0.5), CATALOG, world, policies, sources=["prices of May"])


class Page(HTMLParser):
    void = frozenset({"meta", "br"})

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.links = [], set(), []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.links += [value for key, value in attrs if key in {"src", "href", "xlink:href"}]
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)


def test_the_page_is_well_formed_and_needs_nothing_else(report):
    text = report.to_html()
    page = Page()
    page.feed(text)
    assert page.open == []
    assert page.links == []
    assert not page.tags & {"script", "link", "iframe", "img", "object"}
    assert "url(" not in text
    assert "@import" not in text
    assert "http" not in text


def test_what_comes_from_outside_is_escaped(report):
    text = report.to_html()
    assert NASTY not in text
    assert "&lt;script&gt;" in text


def test_the_page_reads_on_phones_and_in_the_dark(report):
    text = report.to_html()
    assert 'name="viewport"' in text
    assert "prefers-color-scheme:dark" in text


def test_the_page_has_every_plot_and_states_every_assumption_and_source(report):
    text = report.to_html()
    for title in ("Cost against latency", "Shares over time: base", "Time to first token", "Time to last token", "Where the money went"):
        assert title in text
    assert "A composite" in text
    assert "prices of May" in text
    assert all(escape(one) in text for one in report.assumptions)
    assert not re.search(r'(?:points|x1|y1|cx|cy|width)="[^"]*nan', text)


def test_the_json_has_no_value_that_json_does_not_know_and_the_same_figures(report):
    found = json.loads(report.to_json())
    assert found["baseline"] == "base"
    for one, result in zip(found["policies"], report.results, strict=True):
        figures = result.summary.figures()
        assert set(one["figures"]) == set(FIGURES)
        assert all(one["figures"][name]["value"] == figures[name] for name in FIGURES)
        assert one["counts"]["requests"] == 3_000
    assert found["policies"][0]["difference"] is None
    assert found["assumptions"]


def test_a_policy_that_differs_in_name_alone_differs_in_nothing(report):
    same = report.differences()["same"]
    assert all(one["value"] in (0, None) for one in same.values())
    # but that nothing in so many requests leaves something open
    assert all(one["low"] in (0, None) for name, one in same.items() if name not in RATES)
    assert {same[name]["low"] for name in RATES} == {-3 / 3_000}
    assert report.results[2].changes.changed == 0


def test_the_table_has_a_column_a_policy_and_marks_differences_that_may_be_nothing(report):
    rows = report.table()
    assert all(len(row) == 4 for row in rows)
    assert {row[0] for row in rows[1:]} >= {name.replace("_", " ") for name in FIGURES}
    assert "~" in next(row for row in rows if row[0] == "cost per request")[3]
    assert str(report).count("\n") == len(rows) - 1


def test_histograms_are_in_the_json_only_when_asked_for(report):
    assert "hdr_microseconds" not in report.to_dict()["policies"][0]
    assert report.to_dict(histograms=True)["policies"][0]["hdr_microseconds"]["ttft"].startswith("HIST")


def test_importing_the_package_loads_no_numpy():
    import subprocess
    import sys

    code = "import sys, routecore, routecore.simulate; assert 'numpy' not in sys.modules; routecore.simulate.Summary; assert 'numpy' in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
