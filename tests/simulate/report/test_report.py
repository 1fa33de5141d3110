"""Claims about reports: they say the same in every form, need no network, and let nothing in unescaped."""

import json
import re
from html import escape
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from routecore import Catalog
from routecore.simulate import Policy, World, generate, simulate, steady
from routecore.simulate.report.figures import change_shown, label_of
from routecore.simulate.report.summary import FIGURES, RATES
from routecore.simulate.report.verdict import verdicts, warnings_of

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


@pytest.fixture(scope="module")
def text(report):
    pytest.importorskip("vl_convert", reason="routecore[report] is not installed")
    return report.to_html()


def test_the_page_is_well_formed_and_needs_nothing_else(text):
    page = Page()
    page.feed(re.sub(r"<svg.*?</svg>|<script.*?</script>", "", text, flags=re.DOTALL))
    assert page.open == []
    assert page.links == []
    assert not page.tags & {"link", "iframe", "img", "object"}
    assert "url(http" not in text
    assert "@import" not in re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)


def test_what_comes_from_outside_is_escaped(text):
    assert NASTY not in text
    assert "&lt;script&gt;" in text


def test_the_page_reads_on_phones_in_the_dark_and_on_paper(text):
    assert 'name="viewport"' in text
    assert "prefers-color-scheme:dark" in text
    assert "@media print" in text


def test_the_page_has_every_chart_and_states_every_assumption_and_source(report, text):
    for title in ("Cost against time", "Shares over time: base", "Time to first token", "Time to last token", "Where the money went"):
        assert title in text
    assert "A composite" in text
    assert "prices of May" in text
    assert all(escape(one) in text for one in report.assumptions)


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
    figures = [one.figures() for one in report.results]
    assert {row[0] for row in rows[1:]} >= {label_of(name) for name in FIGURES if any(one[name] for one in figures)}
    assert next(row for row in rows if row[0] == "cost per 1,000 requests")[3].endswith("the same")
    assert "~" in next(row for row in rows if row[0] == "served at the first attempt")[3]
    assert str(report).count("\n") == len(rows) - 1


def test_histograms_are_in_the_json_only_when_asked_for(report):
    assert "hdr_microseconds" not in report.to_dict()["policies"][0]
    assert report.to_dict(histograms=True)["policies"][0]["hdr_microseconds"]["ttft"].startswith("HIST")


def test_importing_the_package_loads_no_numpy():
    import subprocess
    import sys

    code = "import sys, routecore, routecore.simulate; assert 'numpy' not in sys.modules; routecore.simulate.Summary; assert 'numpy' in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_verdict_says_percent_and_points_and_what_it_rests_on(report):
    first, second, third = (sentence for _, sentence in verdicts(report))
    assert re.fullmatch(r"\$[\d.]+ per 1,000 requests, [\d.]+ s to the last token, [\d.]+ % served at the first attempt\.", first)
    assert re.match(r"−\d+ % cost, [+−]\d+ % time to last token, first-attempt success −[\d.]+ points", second)
    assert third.startswith("the same cost, the same time to last token, first-attempt success the same")
    guessed = simulate(generate(300, ["m"]), CATALOG, World({"m@a": steady(assumed=["latency"]), "m@b": steady()}), [Policy("p", provider={"sort": "price"})])
    assert "100% of its traffic went to endpoints whose latency is assumed" in verdicts(guessed)[0][1]
    assert any("nobody measured latency of 100% of its traffic" in one for one in warnings_of(guessed))
    assert guessed.to_dict()["assumed"] == {"p": {"latency": 1.0}}


def test_the_warnings_name_cold_starts_single_runs_and_percentiles_that_are_not_told():
    found = warnings_of(simulate(generate(60, ["m"]), CATALOG, World({}, default=steady()), [Policy("p")], cold=True))
    assert any(one.startswith("Cold start") for one in found)
    assert any(one.startswith("One run") for one in found)
    assert any("too few served requests for p99" in one for one in found)


@pytest.mark.parametrize(
    ("change", "base", "unit", "name", "said"),
    [
        ((-0.5, -0.6, -0.4), 1.0, "s", "total_mean", "−50 % (−0.5 s ± 0.1 s)"),
        ((0.001, -0.001, 0.003), 0.1, "USD", "cost_per_request", "~+1.0 % (+$1.000 ± $2.000)"),
        ((0.01, 0.005, 0.015), 0.9, "share", "success_rate", "+1.00 points (± 0.50)"),
        ((1.0, None, None), 0.0, "attempts", "", "+1"),
        ((None, None, None), 1.0, "s", "", ""),
    ],
)
def test_differences_are_told_in_percent_and_in_their_unit(change, base, unit, name, said):
    assert change_shown(dict(zip(("value", "low", "high"), change, strict=True)), base, unit, name) == said


def test_labels_of_points_that_lie_together_are_moved_apart():
    from routecore.simulate.report.charts import _place_labels

    rows = [{"policy": f"policy {place}", "cost": 1.0 + place / 1_000, "wait": 1.0} for place in range(5)]
    _place_labels(rows, [0.0, 2.0], [0.0, 2.0])
    heights = sorted(row["dy"] for row in rows)
    assert all(b - a >= 14 for a, b in pairwise(heights))
