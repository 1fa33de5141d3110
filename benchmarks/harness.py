"""What the benchmarks share: paired, interleaved timing, and rows that print as a table or as JSON."""

from __future__ import annotations

import gc
import json
import statistics
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["Row", "compare", "interleaved", "print_json", "print_table"]


@dataclass
class Row:
    """One measured thing: seconds for one ``unit`` (median over rounds), and ratios to what it was measured beside.

    A ratio ``floor`` is how many times the floor's time this took; ``faster than NAME`` how many times this one's time NAME took. Each is the median of the
    rounds' own ratios. ``spread_s`` holds the quartiles of the time, ``ratio_spread`` those of the ratios.
    """

    name: str
    median_s: float
    unit: str
    ratios: dict[str, float] = field(default_factory=dict)
    spread_s: tuple[float, float] | None = None
    ratio_spread: dict[str, tuple[float, float]] = field(default_factory=dict)
    note: str = ""


def quartiles(values: Sequence[float]) -> tuple[float, float]:
    if len(values) < 2:
        return values[0], values[0]
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, high


def interleaved(works: Mapping[str, Callable[[], object]], rounds: int, *, calls: Mapping[str, int] | int = 1) -> dict[str, list[float]]:
    """Return each work's seconds per call in every round.

    Every round runs all of them, beginning with another one each time; the garbage collector rests meanwhile. ``calls`` is how many units one run of a work does.
    """
    names = list(works)
    times: dict[str, list[float]] = {name: [] for name in names}
    for work in works.values():
        work()
    gc.collect()
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        for number in range(rounds):
            turn = number % len(names)
            for name in names[turn:] + names[:turn]:
                units = calls if isinstance(calls, int) else calls[name]
                work = works[name]
                start = time.perf_counter()
                work()
                times[name].append((time.perf_counter() - start) / units)
            gc.collect()
    finally:
        if was_enabled:
            gc.enable()
    return times


def compare(
    mine: str, times: Mapping[str, list[float]], unit: str, *, floors: Sequence[str] = (), peers: Sequence[str] = (), title: str | None = None, note: str = ""
) -> list[Row]:
    """Return the rows of one comparison: ``mine`` with its ratios to ``floors`` and ``peers`` of the same rounds, then theirs."""
    row = Row(title or mine, statistics.median(times[mine]), unit, spread_s=quartiles(times[mine]), note=note)
    for floor in floors:
        ratios = [a / b for a, b in zip(times[mine], times[floor], strict=True)]
        label = "floor" if len(floors) == 1 else floor
        row.ratios[label], row.ratio_spread[label] = statistics.median(ratios), quartiles(ratios)
    for peer in peers:
        ratios = [b / a for a, b in zip(times[mine], times[peer], strict=True)]
        label = f"faster than {peer}"
        row.ratios[label], row.ratio_spread[label] = statistics.median(ratios), quartiles(ratios)
    others = [Row(f"{row.name}: {name}", statistics.median(times[name]), unit, spread_s=quartiles(times[name])) for name in (*floors, *peers)]
    return [row, *others]


def _seconds(value: float) -> str:
    for factor, unit in ((1.0, "s"), (1e3, "ms"), (1e6, "µs")):
        if value * factor >= 1:
            return f"{value * factor:.3g} {unit}"
    return f"{value * 1e9:.3g} ns"


def print_table(rows: Sequence[Row]) -> None:
    width = max(len(row.name) for row in rows)
    for row in rows:
        spread = "" if row.spread_s is None else f"  ({_seconds(row.spread_s[0])} to {_seconds(row.spread_s[1])})"
        print(f"{row.name:<{width}}  {_seconds(row.median_s):>9} per {row.unit}{spread}")
        for name, ratio in row.ratios.items():
            between = row.ratio_spread.get(name)
            shown = "" if between is None else f"  ({between[0]:.3g} to {between[1]:.3g})"
            words = f"{ratio:.3g} × the {name}'s time" if not name.startswith("faster than") else f"{ratio:.3g} × {name}"
            print(f"{'':<{width}}  {words}{shown}")
        if row.note:
            print(f"{'':<{width}}  {row.note}")


def print_json(rows: Sequence[Row]) -> None:
    shown: list[dict[str, Any]] = [asdict(row) for row in rows]
    print(json.dumps(shown, indent=2))
