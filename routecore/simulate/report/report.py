"""The report: what every policy came to, what is different from the baseline, and everything that was assumed on the way."""

from __future__ import annotations

import json
from math import ceil
from typing import TYPE_CHECKING, Any, Final

import attrs

from routecore.simulate.report.figures import change_shown, label_of, shown
from routecore.simulate.report.summary import FIGURES, RATES, difference, rare_bounds, rare_difference
from routecore.simulate.report.verdict import assumed_shares, verdicts, warnings_of
from routecore.version import VERSION

if TYPE_CHECKING:
    from routecore.simulate.report.calibration import Calibrated
    from routecore.simulate.report.changes import Changes
    from routecore.simulate.report.replications import Replications
from routecore.simulate.report.summary import Summary

__all__ = ["Report", "Result"]


@attrs.define
class Result:
    """One policy in a report: its name, what it is (as JSON), its summary; what changed from the baseline; and how far it came.

    ``value`` is the parameter's value in a sweep. ``coolings``: cooldowns that began. ``unpriced``: requests served at an unknown price, which are in no sum of money.
    """

    name: str
    policy: dict[str, Any]
    summary: Summary
    changes: Changes | None = None
    done: int = 0
    partial: bool = False
    coolings: int | None = None
    unpriced: int = 0
    value: float | str | None = None
    runs: Replications | None = None

    def figures(self) -> dict[str, float | None]:
        """Return every figure of ``FIGURES``: of the run, or the mean over replications."""
        return self.summary.figures() if self.runs is None else {name: self.runs.mean(name) for name in FIGURES}

    def intervals(self) -> dict[str, tuple[float, float] | None]:
        """Return each figure's 95 % interval: from the spread between replications where there are any, else from a bootstrap over sessions."""
        if self.runs is None:
            return self.summary.intervals()
        found = {name: self.runs.interval(name) for name in FIGURES}
        counts = self.summary.counts
        each = round(self.a_run(counts["requests"]))
        for name, count in RATES.items():
            # failures rounded up: what happened once in all runs can happen in one
            found[name] = rare_bounds(found[name], each - min(ceil(self.a_run(counts["requests"] - counts[count])), each), each)
        return found

    def a_run(self, count: int) -> float:
        """Return a count of all replications as one run's."""
        return count / (1 if self.runs is None else max(self.runs.count, 1))


@attrs.define(repr=False)
class Report:
    """Results of several policies on one trace in one world. ``to_dict`` for machines, ``table`` for terminals, ``to_html`` for people.

    The first result is the baseline. ``expected`` is how many requests a whole run has; ``partial`` tells that it was stopped before. ``parameter`` is what a
    sweep swept. ``assumptions`` hold for every figure; ``sources`` say where trace, catalog and world come from. ``assumed``: endpoint id -> what nobody measured of it
    (``latency``, ``throughput``, ``failures``). ``cold``: the router began without statistics. ``calibration``: what a backtest found, ``refused`` the figures that failed it.
    """

    engine: str
    trace: dict[str, Any]
    results: list[Result]
    expected: int
    seed: int = 0
    assumptions: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    parameter: str | None = None
    title: str = "What if"
    notes: list[str] = attrs.field(factory=list)
    assumed: dict[str, tuple[str, ...]] = attrs.field(factory=dict)
    cold: bool = False
    refused: tuple[str, ...] = ()
    calibration: tuple[Calibrated, ...] | None = None

    @property
    def partial(self) -> bool:
        """Whether the run was stopped before its end."""
        return any(one.partial or one.done < self.expected for one in self.results)

    @property
    def baseline(self) -> Result:
        """The result that the others are compared with."""
        return self.results[0]

    def differences(self) -> dict[str, dict[str, dict[str, float | None]]]:
        """Return each other policy's paired differences to the baseline, by name; none where one of the two is partial, as they then saw other requests."""
        base = self.baseline
        found = {one.name: _difference(base, one) for one in self.results[1:] if one.done == base.done}
        # a figure that failed its backtest ranks nobody
        for failed in () if self.calibration is None else (one.name for one in self.calibration if one.holds is False):
            for each in found.values():
                each[failed] = {"value": None, "low": None, "high": None}
        return found

    @property
    def spread(self) -> str:
        """What the intervals are of: ``replications``, ``bootstrap`` (no policy learns), or ``one run`` (of a router that learns, which is no 95 % interval)."""
        if self.baseline.runs is not None:
            return "replications"
        return "one run" if self.engine == "closed" else "bootstrap"

    def to_dict(self, *, histograms: bool = False) -> dict[str, Any]:
        """Return everything as JSON can hold it."""
        differences = self.differences()
        return {
            "routecore": VERSION,
            "title": self.title,
            "engine": self.engine,
            "intervals": self.spread,
            "seed": self.seed,
            "trace": self.trace,
            "verdict": dict(verdicts(self)),
            "warnings": warnings_of(self),
            "assumed": {one.name: assumed_shares(self, one) for one in self.results},
            "cold": self.cold,
            "partial": self.partial,
            "requests_expected": self.expected,
            "parameter": self.parameter,
            "baseline": self.baseline.name,
            "policies": [
                {
                    "name": one.name,
                    "policy": one.policy,
                    "value": one.value,
                    "requests_done": one.done,
                    "partial": one.partial,
                    "cooldowns": one.coolings,
                    "unpriced_requests": one.unpriced,
                    "replications": None if one.runs is None else {"runs": one.runs.count, **{name: one.runs.to_dict(name)["sd"] for name in FIGURES}},
                    **one.summary.to_dict(histograms=histograms, figures=one.figures(), intervals=one.intervals()),
                    "difference": differences.get(one.name),
                    "changes": None if one.changes is None else one.changes.to_dict(),
                }
                for one in self.results
            ],
            "assumptions": list(self.assumptions),
            "sources": list(self.sources),
            "notes": list(self.notes),
        }

    def to_json(self) -> str:
        """Return ``to_dict`` as text."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)

    def table(self) -> list[list[str]]:
        """Return the rows of a table for a terminal, the first its heading: a figure, then a column for each policy, the baseline's ± and the others' differences.

        Money is for 1,000 requests, differences are in percent and in their unit. One whose 95 % interval holds 0 is marked ``~``: it may be nothing. Rows of nothing
        but zeros are left out.
        """
        rows = [[SPREADS[self.spread], *(one.name + (" (partial)" if one.partial else "") for one in self.results)]]
        differences = self.differences()
        figures = [one.figures() for one in self.results]
        between = self.baseline.intervals()
        for name, (unit, _) in FIGURES.items():
            if all(not one[name] for one in figures):
                continue
            row = [label_of(name)]
            for place, one in enumerate(self.results):
                text = shown(figures[place][name], unit, name)
                change, ends = differences.get(one.name, {}).get(name), between[name]
                if change is not None and change["value"] is not None:
                    text += f"  {change_shown(change, figures[0][name], unit, name)}"
                elif place == 0 and ends is not None:
                    text += f" ± {shown((ends[1] - ends[0]) / 2, unit, name)}"
                row.append(text)
            rows.append(row)
        counted: list[tuple[str, list[str]]] = [
            ("cache hits of later turns", [_share(one.summary.cache_hit_rate) for one in self.results]),
            ("session switches", [f"{one.a_run(one.summary.counts['session_switches']):,.0f}" for one in self.results]),
            ("saved by insurance", [shown(one.a_run(one.summary.money["insured"]) / 1e15, "USD") for one in self.results]),
            ("first choice changed", ["–" if one.changes is None else f"{one.changes.changed:,} of {one.changes.compared:,}" for one in self.results]),
        ]
        rows += [[label, *cells] for label, cells in counted if not set(cells) <= {"–", "0", "$0.00"}]
        return rows

    def to_html(self) -> str:
        """Return the report as one page that needs nothing else: no network. Raises ``SimulationError`` where ``routecore[report]`` is not installed."""
        from routecore.simulate.report.page import page

        return page(self)

    def __repr__(self) -> str:
        partial = ", partial" if self.partial else ""
        return f"<Report {self.engine}: {', '.join(one.name for one in self.results)}; {self.expected:,} requests{partial}>"

    def _repr_html_(self) -> str:
        from routecore.showing.html import View
        from routecore.simulate.report.view import show_figures

        return View(lambda sheet: show_figures(self, sheet))._repr_html_()

    def __str__(self) -> str:
        rows = self.table()
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)


SPREADS: Final = {
    "replications": "± 95 %, over replications",
    "bootstrap": "± 95 %, over sessions",
    "one run": "± spread of one run",
}
"""What a ± is of."""


def _difference(base: Result, other: Result) -> dict[str, dict[str, float | None]]:
    if base.runs is None or other.runs is None:
        return difference(base.summary, other.summary)
    runs = other.runs.minus(base.runs)
    found: dict[str, dict[str, float | None]] = {}
    for name in FIGURES:
        between = runs.interval(name)
        found[name] = {"value": runs.mean(name), "low": None if between is None else between[0], "high": None if between is None else between[1]}
    requests = base.summary.counts["requests"] // max(base.runs.count, 1)
    for name in RATES:
        found[name] = rare_difference(found[name], requests)
    return found


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"
