"""Backtests on logs that the simulator made itself, and on logs that changed half-way."""

import numpy as np
import pytest

from routecore import Catalog
from routecore.errors import SimulationError
from routecore.simulate import Policy, World, simulate, steady, trace_of, validate

CATALOG = Catalog.from_mapping({"endpoints": [{"model": "m", "provider": name, "pricing": {"prompt": "1e-6", "completion": "2e-6"}} for name in ("a", "b")]})


def log(seed, rows=600, *, worse=1.0, columns=("ttft_s", "total_s", "cost_usd")):
    """Requests served by two endpoints; from the middle on first tokens come ``worse`` times as late."""
    random = np.random.default_rng(seed)
    found = []
    for place in range(rows):
        name = "ab"[place % 2]
        first = float(0.5 * np.exp(0.4 * random.standard_normal())) * (2 if name == "b" else 1) * (worse if place * 2 >= rows else 1)
        tokens = int(random.integers(20, 400))
        told = {"ttft_s": first, "total_s": first + (tokens - 1) / 50, "cost_usd": (1_000 * 1e-6 + tokens * 2e-6)}
        found.append(
            {
                "timestamp_s": place * 2.0, "model": "m", "prompt_tokens": 1_000, "completion_tokens": tokens, "endpoint": f"m@{name}",
                "status": 500 if random.random() < 0.03 else 200, **{key: told[key] for key in columns},
            }
        )  # fmt: skip
    return trace_of(found)


def test_the_bands_hold_what_a_world_that_stays_itself_shows():
    held = [one.holds for seed in range(4) for one in validate(log(seed), CATALOG, worlds=40, seed=seed).figures]
    assert len(held) >= 32
    assert sum(map(bool, held)) / len(held) >= 0.9


def test_a_figure_that_changed_by_more_than_days_do_is_refused_and_ranks_nobody():
    found = validate(log(1, worse=4.0), CATALOG, worlds=40)
    refused = {one.name for one in found.refused}
    assert {"ttft_mean", "ttft_p50"} <= refused
    assert "cost_per_request" not in refused
    policies = [Policy("p"), Policy("q", provider={"order": ["b"]})]
    report = found.judge(simulate(log(1), CATALOG, World(found.world.endpoints, steady()), policies))
    assert report.differences()["q"]["ttft_mean"]["value"] is None
    assert report.differences()["q"]["cost_per_request"]["value"] is not None
    assert any(one.startswith("Refused: first token, mean") for one in report.to_dict()["warnings"])
    assert [row[0] for row in found.table() if row[-1] == "OUT"] == [one.label for one in found.refused]


def test_what_the_log_has_no_column_for_is_named_and_left_out():
    found = validate(log(2, columns=("ttft_s", "total_s")), CATALOG, worlds=20)
    assert "cost_per_request" not in {one.name for one in found.figures}
    assert any("the log has no cost_usd" in one for one in found.notes)


@pytest.mark.parametrize(("given", "said"), [({"split": 1}, "split"), ({"worlds": 3}, "worlds"), ({"split": 0.01}, "at least 50")])
def test_what_cannot_be_backtested_is_refused(given, said):
    with pytest.raises(SimulationError, match=said):
        validate(log(3, 200), CATALOG, **given)
