"""One row, one place: every class of ``CLASSES`` is counted by a field, priced by a key and shown in an item, and nothing else is."""

import pytest

from routecore.cost.items import ITEMS
from routecore.cost.table import COLUMNS
from routecore.pricing.classes import CLASSES, PRICES, TOKEN
from routecore.pricing.rates import Rates
from routecore.usage.counts import Usage
from routecore.usage.fields import NAMES, PROMPT, completion_counts, prompt_counts

PER_REQUEST = "request"


def test_every_field_of_a_usage_is_one_class_and_every_class_but_the_request_one_field():
    assert sorted(NAMES) == sorted(one.field for one in CLASSES if one.price != PER_REQUEST) == sorted(COLUMNS)


def test_every_class_has_a_price_of_its_own_name_and_an_item_of_the_bill():
    assert len(set(PRICES)) == len(CLASSES)
    assert {one.item for one in CLASSES} == set(ITEMS)


def test_a_fallback_stands_before_what_falls_back_to_it_and_on_its_side():
    seen = {}
    for one in CLASSES:
        for other in (one.fallback, one.joins):
            assert other is None or seen[other].side == one.side
        seen[one.price] = one


@pytest.mark.parametrize("one", [one for one in CLASSES if one.field], ids=lambda one: one.price)
def test_a_token_is_counted_on_the_side_of_its_class_and_what_is_no_token_on_none(one):
    usage = Usage(**{one.field: 7})
    assert sum(prompt_counts(usage)) == (7 if one.side == "prompt" else 0) == (7 if one.field in PROMPT else 0)
    assert sum(completion_counts(usage)) == (7 if one.side == "completion" else 0)
    assert (one.side == "") == (one.unit != TOKEN)


def test_a_usage_is_plain_when_it_is_text_cache_and_reasoning_alone():
    assert Usage(text=1, cached=2, written_5m=3, written_1h=4, text_out=5, reasoning=6).plain
    others = set(NAMES) - {"text", "cached", "written_5m", "written_1h", "text_out", "reasoning"}
    assert not any(Usage(**{name: 1}).plain for name in others)


def test_replacing_a_count_keeps_track_of_what_is_plain():
    usage = Usage(text=5)._replace(audio=3)
    assert (usage.text, usage.audio, usage.plain) == (5, 3, False)
    assert usage._replace(audio=0) == Usage(text=5)


def test_rates_have_a_place_for_every_price():
    rates = Rates({}, ())
    assert [getattr(rates, name) for name in PRICES] == [None] * len(PRICES)
