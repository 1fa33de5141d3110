"""``routecore demo``: one screen that says what the library is for, and a tour of every feature."""

from __future__ import annotations

from decimal import Decimal

from routecore import calculate_cost, decide, example_catalog, example_facts
from routecore.cli.commands import demo
from routecore.wire.examples import example_requests, read_example
from tests.cli.command_line import run

SCREEN = 40


def test_the_demo_fits_one_screen_and_says_what_is_next():
    done = run("demo", COLUMNS="100")
    assert (done.code, done.err) == (0, "")
    assert len(done.out.splitlines()) <= SCREEN
    assert "Next\n  routecore plan --catalog example" in done.out


def test_the_demo_has_a_plan_with_reasons_a_why_not_a_bill_and_a_verdict():
    out = run("demo", COLUMNS="100").out
    plan = decide(example_catalog(), demo._REQUEST, example_facts(), context=demo._CONTEXT)
    for place, one in enumerate(plan.attempts, 1):
        assert f"{place}  {one.endpoint.slug}" in out
        assert plan.why(one.endpoint.id).sides[-1].words in out
    bill = calculate_cost(plan.first.endpoint.pricing, demo._USAGE, finish_reason="stop")
    assert f"{bill.cost} USD charged" in out
    assert bill.cost > Decimal(0)
    for words in ("Why not the cheaper one?", "to be first: without the thresholds", "cheaper", "slower to the last"):
        assert words in out


def test_the_cheaper_one_that_is_asked_about_really_is_cheaper():
    plan = decide(example_catalog(), demo._REQUEST, example_facts(), context=demo._CONTEXT)
    assert plan.attempts[1].expected_price < plan.first.expected_price


def test_the_tour_shows_every_documented_request_with_its_plan():
    done = run("demo", "--all")
    assert (done.code, done.err) == (0, "")
    for number, one in enumerate(example_requests(), 1):
        assert f"{number} of {len(example_requests())}: {one['title']}" in done.out
    assert done.out.count("  try  ") + done.out.count("error: ") == len(example_requests())
    assert read_example("catalog")["date"] in done.out


def test_the_what_if_is_written_as_a_page_that_opens_in_a_browser(tmp_path):
    path = tmp_path / "report.html"
    assert str(path) in run("demo", "--report", path).out
    assert "<html" in path.read_text(encoding="utf-8")


def test_a_report_that_cannot_be_written_is_told_before_the_work(tmp_path):
    done = run("demo", "--report", tmp_path / "no" / "report.html")
    assert (done.code, done.out) == (2, "")
