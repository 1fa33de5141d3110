"""The backtest: a world fitted to the first part of a log predicts the second, figure by figure, and is told where it was wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs
import numpy as np

from routecore.errors import Fault, SimulationError
from routecore.simulate.engines.batch_decider import Decider, Decisions
from routecore.simulate.engines.batch_outcomes import Outcomes
from routecore.simulate.noise import GOLDEN, mix
from routecore.simulate.policy import Policy
from routecore.simulate.report.calibration import Calibrated
from routecore.simulate.report.figures import label_of, shown
from routecore.simulate.report.intervals import enough_for
from routecore.simulate.report.summary import FIGURES
from routecore.simulate.world.frozen import WorldFacts
from routecore.simulate.world.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from routecore.catalog.catalog import Catalog
    from routecore.simulate.report.report import Report
    from routecore.simulate.traces.columns import Chunk
    from routecore.simulate.traces.trace import Trace
    from routecore.simulate.world.behaviour import Behaviour

__all__ = ["Validation", "validate"]

_WORLDS: Final = 100
_LEAST_ROWS: Final = 50
_NAMES: Final = ("cost_per_request", "ttft_mean", "ttft_p50", "ttft_p90", "ttft_p99", "total_mean", "total_p50", "total_p90", "total_p99", "first_success_rate")
_SHARES: Final = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
_NEEDS: Final = {"cost": "cost_usd", "ttft": "ttft_s", "total": "total_s", "first": "status"}


@attrs.frozen
class Validation:
    """What a backtest found: each figure's band as predicted, what was observed, in or out; the world fitted to the whole log; and what is to be said."""

    figures: tuple[Calibrated, ...]
    world: World
    fitted: int
    predicted: int
    notes: tuple[str, ...]

    @property
    def refused(self) -> tuple[Calibrated, ...]:
        """The figures whose observed value lay outside of the band: no policies are ranked by them."""
        return tuple(one for one in self.figures if one.holds is False)

    def judge(self, report: Report) -> Report:
        """Mark in a report which figures failed: their differences are not told. Returns the same report."""
        report.calibration = self.figures
        report.refused = tuple(
            f"{one.label}: predicted {shown(one.low, one.unit, one.name)} to {shown(one.high, one.unit, one.name)}, observed {shown(one.observed, one.unit, one.name)}; policies are not ranked by it"
            for one in self.refused
        )
        report.notes += self.notes
        return report

    def table(self) -> list[list[str]]:
        """Return the rows of a table for a terminal, the first its heading."""
        rows = [["figure", "predicted", "95 % band", "observed", ""]]
        for one in self.figures:
            band = "–" if one.low is None else f"{shown(one.low, one.unit, one.name)} to {shown(one.high, one.unit, one.name)}"
            said = {True: "in", False: "OUT", None: "not to be told"}[one.holds]
            rows.append([one.label, shown(one.predicted, one.unit, one.name), band, shown(one.observed, one.unit, one.name), said])
        return rows

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the world as JSON can hold it."""
        return {
            "engine": "validate",
            "fitted_on": self.fitted,
            "predicted": self.predicted,
            "figures": [one.to_dict() for one in self.figures],
            "refused": [one.name for one in self.refused],
            "notes": list(self.notes),
            "sources": list(self.world.sources),
        }


def validate(
    trace: Trace,
    catalog: Catalog,
    *,
    split: float = 0.5,
    default: Behaviour | None = None,
    worlds: int = _WORLDS,
    seed: int = 0,
    progress: Callable[[int, int], object] | None = None,
) -> Validation:
    """Fit a world to the first part of a log, predict its second part at the endpoints that were chosen there, and compare.

    Each of ``worlds`` draws from the fitted world serves the second part anew; the middle 95 % of a figure's values is its band. A figure that the log has no column for is
    named and left out. Costs are predicted without caches, and so not at all where the log's prompts were cached.

    Args:
        trace: The log: requests with endpoint and what came of them (``status``, ``ttft_s``, ``total_s``, ``cost_usd``), at least 50 on either side.
        catalog: The endpoints, with their prices.
        split: The share of the log, in order of time, that the world is fitted to.
        default: The behaviour of endpoints that the first part shows too little of; without, their rows are left out.
        worlds: Draws from the fitted world, at least 20.
        seed: The same seed draws the same worlds.
        progress: Called with (done, total) worlds.

    Returns:
        Every figure's calibration, and the world fitted to the whole log.

    Raises:
        SimulationError: A share or number that cannot be, or a log without what a backtest needs; the missing columns are named.

    Example:
        >>> from routecore import Catalog
        >>> from routecore.simulate import trace_of, validate
        >>> catalog = Catalog.from_mapping({"endpoints": [{"model": "m", "provider": "p", "pricing": {"prompt": "1e-6", "completion": "1e-6"}}]})
        >>> row = {"model": "m", "prompt_tokens": 10, "completion_tokens": 11, "endpoint": "m@p", "status": 200, "ttft_s": 0.5, "total_s": 1.5}
        >>> found = validate(trace_of([{"timestamp_s": n, **row} for n in range(200)]), catalog)
        >>> next(one for one in found.figures if one.name == "ttft_mean").holds
        True
    """
    faults = []
    if isinstance(split, bool) or not isinstance(split, (int, float)) or not 0 < split < 1:
        faults.append(Fault("split", split, "a share above 0 and below 1"))
    if isinstance(worlds, bool) or not isinstance(worlds, int) or worlds < 20:
        faults.append(Fault("worlds", worlds, "a whole number, 20 or more"))
    if faults:
        raise SimulationError(faults)
    cut = int(len(trace) * split)
    first = trace.head(cut)
    second = (
        [part for chunk in trace.chunks() if len(part := chunk.take((chunk.number > first.chunk(first.count - 1).number[-1]) & (chunk.endpoint >= 0)))]
        if cut
        else []
    )
    fitted = World.from_log(first, default=default)
    known = np.array([fitted.of(name) is not None and catalog.get(name) is not None for name in trace.names.endpoints], bool)
    left_out = sum(int((~known[chunk.endpoint]).sum()) for chunk in second) if len(known) else 0
    second = [part for chunk in second if len(part := chunk.take(known[chunk.endpoint]))]
    rows = sum(map(len, second))
    if rows < _LEAST_ROWS or cut < _LEAST_ROWS:
        raise SimulationError(
            [Fault("trace", f"{cut:,} requests to fit, {rows:,} to predict", f"at least {_LEAST_ROWS} of each with a logged endpoint of the catalog")]
        )
    observed, missing = _observed(second)
    if not observed:
        raise SimulationError([Fault("trace", sorted(missing), "a log with at least one of these columns")])
    made: dict[str, list[float]] = {name: [] for name in observed}
    for draw in range(worlds):
        own = mix(seed + (draw + 1) * GOLDEN)
        figures = _predicted(second, trace, catalog, fitted, own)
        for name, values in made.items():
            value = figures.get(name)
            if value is not None:
                values.append(value)
        if progress is not None:
            progress(draw + 1, worlds)
    notes = [f"the log has no {column}: {', '.join(label_of(name) for name in names)} cannot be checked" for column, names in missing.items()]
    if left_out:
        notes.append(f"{left_out:,} requests of the second part went to endpoints that the first part, or the catalog, does not show enough of: left out")
    calibrated = []
    for name, value in observed.items():
        values = made[name]
        low, high = (float(edge) for edge in np.quantile(values, [0.025, 0.975])) if len(values) * 2 >= worlds else (None, None)
        calibrated.append(Calibrated(name, label_of(name), FIGURES[name][0], float(np.mean(values)) if values else None, low, high, value))
    return Validation(tuple(calibrated), World.from_log(trace, default=default), cut, rows, tuple(notes))


def _observed(chunks: list[Chunk]) -> tuple[dict[str, float], dict[str, list[str]]]:
    """Return what the log shows, and the figures that each missing column leaves unknown."""
    columns = {
        name: np.concatenate([np.asarray(getattr(one, name)) for one in chunks]) for name in ("cost_usd", "ttft_s", "total_s", "status", "cached_prefix_tokens")
    }
    served = columns["status"] < 400
    found: dict[str, float] = {}
    missing: dict[str, list[str]] = {}
    for name in _NAMES:
        column = _NEEDS[name.partition("_")[0]]
        if column == "status":
            known = columns["status"] != 0
            value = float((columns["status"][known] < 400).mean()) if known.any() else None
        else:
            values = columns[column][served & ~np.isnan(columns[column])]
            value = _figure(name, values)
            if column == "cost_usd" and columns["cached_prefix_tokens"].any():
                value = None
        if value is None:
            missing.setdefault(column, []).append(name)
        else:
            found[name] = value
    return found, missing


def _figure(name: str, values: NDArray[np.float64]) -> float | None:
    share = _SHARES.get(name.rpartition("_")[2])
    if not len(values):
        return None
    if share is None:
        return float(values.mean())
    return float(np.quantile(values, share)) if enough_for(share, len(values)) else None


def _predicted(chunks: list[Chunk], trace: Trace, catalog: Catalog, fitted: World, seed: int) -> dict[str, float | None]:
    """Return the figures of one draw: the second part served anew, at the endpoints that were chosen."""
    world = fitted.sampled(seed, [one.id for one in catalog])
    policy = Policy("as logged")
    decider = Decider(catalog, policy, trace.names, WorldFacts(world, ()))
    lived = world.unfolded(seed, float(chunks[-1].timestamp_s[-1]) + 1.0, [one.id for one in catalog])
    outcomes = Outcomes(lived, catalog, policy, decider, seed=seed, start_epoch=None)
    place = {key: code for code, key in enumerate(decider.codes.endpoints)}
    codes = np.array([place.get(name, -1) for name in trace.names.endpoints], np.int32)
    columns = [outcomes.columns(chunk, Decisions(codes[chunk.endpoint], np.ones(len(chunk)))) for chunk in chunks]
    served = np.concatenate([one["served"] for one in columns])
    charged = np.concatenate([np.asarray(one["charged"], np.float64) for one in columns]) / 1e15
    found: dict[str, float | None] = {"first_success_rate": float(served.mean()), "cost_per_request": float(charged[served].mean()) if served.any() else None}
    for metric in ("ttft", "total"):
        seconds = np.concatenate([one[f"{metric}_us"] for one in columns])[served] / 1e6
        found |= {name: _figure(name, seconds) for name in _NAMES if name.startswith(metric)}
    return found
