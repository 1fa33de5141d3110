"""The draw: splitmix64, place by place."""

from __future__ import annotations

import pytest

from routecore.routing.ranking.draw import uniform
from tests.routing.scenes import ask, attempts, faults, row, scene, slugs

SEEDED = {
    0: [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F, 0xF88BB8A8724C81EC, 0x1B39896A51A8749B],
    1234567: [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821],
}
"""Outputs that the generator's author and its other implementations publish."""


@pytest.mark.parametrize("seed", SEEDED)
def test_place_n_uses_the_upper_53_bits_of_the_nth_output_of_splitmix64(seed):
    assert [uniform(seed, place) for place in range(1, 6)] == [(output >> 11) / 2**53 for output in SEEDED[seed]]


@pytest.mark.parametrize("draw", [0, 1, 2**63, 2**64 - 1, 0x9E3779B97F4A7C15, 2**64 - 0x9E3779B97F4A7C15])
def test_a_number_is_from_0_to_below_1_at_every_place(draw):
    assert all(0 <= uniform(draw, place) < 1 for place in range(1, 2000))


def test_draws_that_differ_by_one_generator_step_are_one_sequence_shifted():
    assert [uniform(0x9E3779B97F4A7C15, place) for place in range(1, 5)] == [uniform(0, place) for place in range(2, 6)]


def literal(members, weights, draw):
    """Draw as the documentation says it, without any short cut."""
    left, found = sorted(members), []
    for place in range(1, len(members) + 1):
        total = sum(weights[one] for one in left)
        running = 0.0
        for one in left:
            running += weights[one]
            if running > uniform(draw, place) * total:
                break
        left.remove(one)
        found.append(one)
    return found


@pytest.mark.parametrize("draw", [0, 1, 7, 12345, 2**64 - 1, 2**63 + 5])
def test_a_plan_is_the_literal_draw_from_running_sums(draw):
    prices = {f"p{place:02}": 1 + place for place in range(12)}
    weights = {slug: 1 / price for slug, price in prices.items()}
    rows = [row(slug, price=price) for slug, price in prices.items()]
    assert slugs(ask(*rows, settings={"balance": {"price": 1}}, draw=draw)) == literal(prices, weights, draw)


def test_candidates_stand_by_endpoint_id_then_byok_before_shared_then_key_id():
    context = {"byok": [{"slug": "b", "key_id": "z"}, {"slug": "b", "key_id": "k"}, {"slug": "a", "key_id": "m"}]}
    members = ["a:m", "b:z"]
    for draw in range(20):
        answer = ask(row("b"), row("a"), context=context, settings={"balance": {"price": 0}}, draw=draw)
        # of b's keys the operator's first stands in the draw, and the other after it
        own = attempts(answer)[:3]
        assert [one for one in own if one != "b:k"] == literal(members, dict.fromkeys(members, 1), draw)
        assert own.index("b:z") < own.index("b:k")


def test_ids_are_compared_by_code_point_and_not_by_letter_case_or_locale():
    rows = [row("p", "a/B"), row("p", "a/a"), row("p", "a/ä")]
    body = {"models": ["a/ä", "a/a", "a/B"]}
    parts = {"model": None, "body": body, "provider": {"sort": {"partition": "none"}}, "settings": {"balance": {"price": 0}}}
    members = ["a/B", "a/a", "a/ä"]
    for draw in range(10):
        assert [one["model"] for one in ask(*rows, draw=draw, **parts)["attempts"]] == literal(members, dict.fromkeys(members, 1), draw)


def test_the_draw_of_a_place_is_that_of_the_plans_place_whatever_group_it_is_in():
    rows = [row(f"p{place}") for place in range(4)]
    parts = {"provider": {"order": ["p0"]}, "settings": {"balance": {"price": 0}}}
    for draw in range(20):
        left, expected = ["p1", "p2", "p3"], ["p0"]
        for place in (2, 3, 4):
            expected.append(left.pop(int(uniform(draw, place) * len(left))))
        assert slugs(ask(*rows, draw=draw, **parts)) == expected


@pytest.mark.parametrize("draw", [0, 1, 2**64 - 1])
def test_a_draw_is_any_unsigned_64_bit_integer(draw):
    assert ask(row(), draw=draw)["draw"] == draw


@pytest.mark.parametrize("draw", [-1, 2**64, True, False, 0.5, "7", [], {}, float("nan"), float("inf"), 10**400])
def test_anything_else_is_a_fault(draw):
    assert faults(ask(row(), draw=draw), "invalid_request") == ["draw"]


def test_a_missing_draw_is_0():
    assert scene(row()).get("draw") is None
    assert ask(row())["draw"] == ask(row(), draw=None)["draw"] == 0


def test_the_order_of_rows_decides_nothing():
    rows = [row(f"p{place}", price=1 + place) for place in range(8)]
    for draw in range(10):
        assert slugs(ask(*rows, draw=draw)) == slugs(ask(*reversed(rows), draw=draw))
