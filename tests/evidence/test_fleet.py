"""A minute of a fleet in a storm, from a few seeds. ``make soak`` runs an hour of it."""

from __future__ import annotations

import pytest

from tests.evidence.fleet import Fleet


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_what_must_hold_of_a_fleet_holds_through_a_storm(seed):
    counts = Fleet(seed, rate=60.0, seconds=60.0).run()
    assert counts["served"] > 0.8 * counts["requests"]
    assert counts["to probing"] > 0
    assert counts["clock jumps"] > 0
    assert counts["exports merged"] > 50


@pytest.mark.slow
def test_a_seed_replays():
    first, again = (Fleet(7, rate=30.0, seconds=30.0).run() for _ in range(2))
    assert first == again
