"""What changed between two catalogs: everything, nothing twice, and the mistakes of feeds by name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routecore import Catalog
from routecore.catalog.diff import diff_catalogs

rows = st.lists(
    st.builds(
        lambda model, slug, price: {"model": model, "provider": slug, "pricing": {"prompt": price}},
        st.sampled_from(["a", "b"]),
        st.sampled_from(["p", "q", "r"]),
        st.sampled_from(["0", "0.000001", "0.001"]),
    ),
    unique_by=lambda row: (row["model"], row["provider"]),
    max_size=6,
)


def catalog(*prices, **more):
    return Catalog.from_mapping(
        {"endpoints": [{"model": "m", "provider": f"p{place}", "pricing": {"prompt": price}, **more} for place, price in enumerate(prices)]}
    )


@pytest.mark.laws
@given(rows, rows)
def test_what_was_added_is_what_is_removed_on_the_way_back(one, other):
    old, new = Catalog.from_mapping({"endpoints": one}), Catalog.from_mapping({"endpoints": other})
    there, back = diff_catalogs(old, new), diff_catalogs(new, old)
    assert set(there.added) == set(back.removed)
    assert set(there.removed) == set(back.added)
    assert {(change.endpoint, change.field, change.after) for change in there.changed} == {
        (change.endpoint, change.field, change.before) for change in back.changed
    }


@pytest.mark.laws
@given(rows)
def test_a_catalog_and_its_rows_in_another_order_do_not_differ(given_rows):
    old, new = Catalog.from_mapping({"endpoints": given_rows}), Catalog.from_mapping({"endpoints": given_rows[::-1]})
    found = diff_catalogs(old, new)
    assert (found.added, found.removed, found.changed, found.alarms()) == ((), (), (), ())


def test_a_price_that_becomes_unknown_is_a_change_and_not_a_price_of_nothing():
    (change,) = diff_catalogs(catalog("0.1"), Catalog.from_mapping({"endpoints": [{"model": "m", "provider": "p0"}]})).changed
    assert (change.field, change.before, change.after, change.factor) == ("pricing.prompt", "0.1", None, None)


def test_half_of_the_endpoints_gone_is_an_alarm_and_less_is_none():
    assert diff_catalogs(catalog("1", "1"), catalog("1")).alarms() == ("1 of 2 endpoints are gone",)
    assert diff_catalogs(catalog("1", "1", "1"), catalog("1", "1")).alarms() == ()


@pytest.mark.parametrize(
    ("before", "after", "alarmed"), [("0.000001", "0.001", True), ("0.001", "0.00001", True), ("0.000001", "0.0000999", False), ("0", "5", False)]
)
def test_a_price_that_jumps_by_a_hundred_in_either_direction_is_an_alarm(before, after, alarmed):
    assert bool(diff_catalogs(catalog(before), catalog(after)).alarms()) is alarmed
