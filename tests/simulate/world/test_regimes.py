"""Closed forms of regimes: shares of time, bursts that last, a provider's endpoints together, and their fit."""

from itertools import pairwise

import numpy as np
import pytest

from routecore.errors import SimulationError
from routecore.simulate import World, steady, trace_of
from routecore.simulate.world.bursts import fit_bursts, of_incidents
from routecore.simulate.world.regimes import Regime, bursts, unfold
from routecore.simulate.world.server import Server

YEAR = 365 * 86_400.0


def bad(effects, at):
    return np.any([(one.start <= at) & (at < one.end) for one in effects], axis=0)


def test_the_share_of_bad_time_and_the_lengths_are_those_of_the_alternating_process():
    found = bursts(3, 11, 3_600, 400, YEAR)
    lengths = np.array([end - start for start, end in found])
    assert lengths.sum() / YEAR == pytest.approx(0.1, rel=0.05)
    assert lengths.mean() == pytest.approx(400, rel=0.05)
    # an exponential's standard deviation is its mean
    assert lengths.std() == pytest.approx(400, rel=0.08)
    assert all(a[1] < b[0] for a, b in pairwise(found))


def test_who_asks_again_soon_meets_the_same_regime_as_often_as_the_closed_form_says():
    # P(bad at t + s | bad at t) = share + (1 - share) exp(-s (1/up + 1/down))
    effects = unfold("m@p", [Regime("fail", 900, 100)], 5, YEAR)
    at = np.arange(0, YEAR - 1_000, 997.0)
    first = bad(effects, at)
    for gap in (5.0, 60.0, 600.0):
        again = bad(effects, at[first] + gap)
        assert again.mean() == pytest.approx(0.1 + 0.9 * np.exp(-gap * (1 / 900 + 1 / 100)), abs=0.02)


def test_a_providers_part_hits_its_endpoints_at_once_and_nobody_elses():
    regime = Regime("fail", 3_600, 400, provider_share=1.0)
    one, two, other = (unfold(name, [regime], 7, YEAR / 10) for name in ("m@p", "n@p/fp8", "m@q"))
    assert [effect[1:3] for effect in one] == [effect[1:3] for effect in two]
    assert {effect.start for effect in one}.isdisjoint({effect.start for effect in other})
    assert regime.share == pytest.approx(0.1)


def test_an_unfolded_world_is_the_seeds_alone():
    world = World({"m@p": steady(regimes=[{"kind": "errors", "up_seconds": 60, "down_seconds": 20, "rate": 0.5}])})
    one, again, other = world.unfolded(1, 3_600), world.unfolded(1, 3_600), world.unfolded(2, 3_600)
    assert one.endpoints["m@p"].drawn == again.endpoints["m@p"].drawn != other.endpoints["m@p"].drawn
    assert World.from_mapping(one.to_mapping()) == world


def test_an_endpoint_in_a_burst_behaves_as_its_regime_says():
    server = Server(0, "m@p", World({"m@p": steady(regimes=[Regime("hang", 60, 60)])}).unfolded(0, 600).endpoints["m@p"], None, can_cache=False)
    drawn = server.behaviour.drawn
    for moment, hangs in ((drawn[0].start, True), (drawn[0].end, False), (drawn[1].start, True)):
        server.refresh(moment)
        assert server.hangs is hangs


@pytest.mark.slow
def test_bursts_are_found_again_in_a_log_of_them_and_nothing_in_one_without():
    random = np.random.default_rng(4)
    effects = unfold("m@p", [Regime("errors", 3_000, 300, 0.6)], 9, 5 * 86_400.0)
    at = np.sort(random.random(40_000)) * 5 * 86_400.0
    fitted = fit_bursts(at, random.random(len(at)) < np.where(bad(effects, at), 0.6, 0.004))
    assert fitted.regime is not None
    assert fitted.regime.up_seconds == pytest.approx(3_000, rel=0.35)
    assert fitted.regime.down_seconds == pytest.approx(300, rel=0.35)
    assert fitted.regime.value == pytest.approx(0.6, abs=0.05)
    assert fitted.usual == pytest.approx(0.004, abs=0.002)
    alone = fit_bursts(at, random.random(len(at)) < 0.05)
    assert (alone.regime, alone.reason) == (None, "no sign of bursts")


def test_a_log_too_short_for_bursts_says_so_and_assumes_independence():
    at = np.arange(100.0)
    fitted = fit_bursts(at, at == 7)
    assert fitted.regime is None
    assert "fewer than 200 requests" in fitted.reason
    rows = [
        {"timestamp_s": place, "model": "m", "prompt_tokens": 1, "completion_tokens": 9, "endpoint": "m@p", "ttft_s": 0.5, "total_s": 2, "status": 200}
        for place in range(50)
    ]
    assert any("could not be fitted for 1 endpoints: fewer than 200" in one for one in World.from_log(trace_of(rows)).sources)


def test_incidents_give_mean_times_and_too_few_give_none():
    assert of_incidents([(0, 100), (500, 700)], 1_000)[1:3] == (350.0, 150.0)
    for wrong in ([(0, 100)], [(0, 100), (50, 200)], [(0, 100), (900, 1_100)]):
        with pytest.raises(SimulationError, match="incidents"):
            of_incidents(wrong, 1_000)


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ([7], "regimes[0]"),
        ([{"kind": ["fail"]}], "regimes[0]"),
        ([{"kind": "fail", "up_seconds": 0, "down_seconds": 1}], "regimes[0].up_seconds"),
        ([{"kind": "fail", "up_seconds": 10**400, "down_seconds": 1}], "regimes[0].up_seconds"),
        ([{"kind": "errors", "up_seconds": 1, "down_seconds": 1}], "regimes[0].rate"),
        ([{"kind": "slow", "up_seconds": 1, "down_seconds": 1, "factor": -1}], "regimes[0].factor"),
        ([{"kind": "fail", "up_seconds": 1, "down_seconds": 1, "provider_share": 2}], "regimes[0].provider_share"),
        ("fail", "regimes"),
    ],
)
def test_a_regime_that_cannot_be_is_named_with_its_path(wrong, path):
    with pytest.raises(SimulationError) as caught:
        steady(regimes=wrong)
    assert [fault.path for fault in caught.value.faults] == [path]
