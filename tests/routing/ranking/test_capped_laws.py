"""Traffic caps: shares under caps, and that only a plan's first place knows them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routecore.routing.ranking.capped import capped
from tests.routing.scenes import FREE_OF_BALANCE, plan, row

weighted = st.lists(st.tuples(st.floats(1e-6, 1), st.one_of(st.none(), st.floats(0, 1))), min_size=1, max_size=8)


@pytest.mark.laws
@given(weighted)
def test_shares_add_up_to_1_and_stand_below_their_caps_as_long_as_somebody_can_take_the_rest(pairs):
    weights, caps = zip(*pairs, strict=True)
    found = capped(weights, caps)
    assert sum(found) == pytest.approx(1)
    assert all(share > 0 for share in found)
    if any(cap is None for cap in caps) or sum(cap for cap in caps if cap is not None) > 1.000001:
        assert all(cap is None or share <= max(cap, 1e-9) * (1 + 1e-9) for share, cap in zip(found, caps, strict=True))


@pytest.mark.laws
@given(weighted)
def test_who_is_not_capped_keeps_the_proportion_of_the_weights(pairs):
    weights, caps = zip(*pairs, strict=True)
    found = capped(weights, caps)
    free = [(weight, share) for weight, share, cap in zip(weights, found, caps, strict=True) if cap is None]
    assert all(share / weight == pytest.approx(free[0][1] / free[0][0]) for weight, share in free)


def test_without_caps_shares_are_the_weights():
    assert capped([3.0, 1.0], [None, None]) == [0.75, 0.25]


def test_if_every_one_is_cut_shares_stand_in_proportion_to_the_caps():
    assert capped([1.0, 1.0], [0.1, 0.3]) == pytest.approx([0.25, 0.75])


def test_only_the_first_place_of_a_plan_knows_a_cap():
    stats = {"a/b@p": {"share_cap": 0.1}}
    for draw in range(20):
        found = plan(row("p"), row("q"), row("r"), settings=FREE_OF_BALANCE, stats=stats, draw=draw).attempts
        assert found[0].probability == pytest.approx({"p": 0.1, "q": 0.45, "r": 0.45}[found[0].endpoint.slug])
        assert found[1].probability == pytest.approx(0.5)


def test_a_cap_is_the_shared_attempts_alone():
    stats = {"a/b@p": {"share_cap": 0.1}}
    found = plan(row("p"), row("q"), settings=FREE_OF_BALANCE, stats=stats, context={"byok": ["p", "q"]})
    assert found.first.probability == 0.5
