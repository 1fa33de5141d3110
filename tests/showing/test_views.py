"""What shows itself: plans, bills, catalogs and reports as text and in notebooks, and short words for what is echoed."""

from __future__ import annotations

import pickle
import re
from html import unescape

import pytest

import routecore
from routecore import calculate_cost, decide, example_catalog, example_facts, simulate
from tests.routing.scenes import plan, row

CATALOG = example_catalog()
HOSTILE = "<script>alert(1)</script>\u202e"


def words(html):
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def bill():
    return calculate_cost(
        {"prompt": "0.0000002", "completion": "0.0000005", "input_cache_read": "0.00000005"},
        {"prompt_tokens": 163, "completion_tokens": 450, "prompt_tokens_details": {"cached_tokens": 151}},
        finish_reason="stop",
    )


def report():
    world = simulate.World.from_stats(example_facts())
    trace = simulate.generate(40, ["z-ai/glm-4.7"], seed=1)
    return simulate.simulate(trace, CATALOG, world, [simulate.Policy("now"), simulate.Policy("cheapest", provider={"sort": "price"})])


def test_a_notebook_shows_of_a_plan_what_print_shows():
    found = decide(CATALOG, {"model": "z-ai/glm-4.7", "provider": {"zdr": True}}, example_facts())
    assert words(found._repr_html_()) == " ".join(str(found).split())
    assert words(found.explain()._repr_html_()) == " ".join(str(found.explain()).split())


def test_a_notebook_shows_of_a_bill_what_print_shows():
    assert words(bill()._repr_html_()) == " ".join(str(bill()).split())
    assert "0.00023495" in str(bill())


def test_a_notebook_shows_every_model_of_a_catalog_and_the_figures_of_a_report():
    assert all(model in words(CATALOG._repr_html_()) for model in CATALOG.models)
    found = report()
    shown = words(found._repr_html_())
    assert all(" ".join(cell.split()) in shown for line in found.table() for cell in line)
    assert all(" ".join(text.split()) in shown for text in found.assumptions)


def test_what_a_catalog_holds_is_text_in_a_notebook_and_on_a_terminal():
    found = plan(row("p", model=HOSTILE), row("q", model=HOSTILE), model=HOSTILE)
    shown = (found._repr_html_(), found.case.catalog._repr_html_())
    assert not any("<script>" in text for text in shown)
    for text in (*shown, str(found), str(found.explain())):
        assert "\u202e" not in text


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: routecore.Router(CATALOG), r"<Router \d+ endpoints of 16 models, 0 with statistics>"),
        (report, r"<Report closed: now, cheapest; 40 requests>"),
        (lambda: plan(row("p"), row("q", disabled=True)).rejections[0], r"<Rejection a/b@q: disabled: the catalog disables this endpoint>"),
        (lambda: plan(row("p")), r"<Plan balance: a/b@p#shared first of 1>"),
        (bill, r"<CostBreakdown cost=0.00023495 list_cost=0.00023495 USD>"),
    ],
)
def test_what_is_echoed_is_short_and_says_what_it_is(made, said):
    assert re.fullmatch(said, repr(made()))


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("z-ai/glm-4.7", "'z-ai/glm-4.7' is a model; an endpoint's id is model@slug: it has 'z-ai/glm-4.7@"),
        ("z-ai/glm-4.7@zai", "'z-ai/glm-4.7@zai' is no endpoint's id, which is model@slug: did you mean 'z-ai/glm-4.7@z-ai'"),
        (7, "7 is no endpoint's id, which is model@slug"),
    ],
)
def test_a_lookup_that_misses_says_what_it_wants_and_what_is_near(key, said):
    with pytest.raises(KeyError) as caught:
        CATALOG[key]
    assert isinstance(caught.value, routecore.UnknownEndpoint)
    assert str(caught.value).startswith(said)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.near) == (str(caught.value), caught.value.near)


def test_a_plan_asked_about_a_foreign_endpoint_names_its_own():
    with pytest.raises(routecore.UnknownEndpoint, match="did you mean 'a/b@p'"):
        plan(row("p")).why("x/y@z")
