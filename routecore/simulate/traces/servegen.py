"""Samples of ServeGen's published arrival rates and token histograms."""

from __future__ import annotations

from math import gamma
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from routecore.errors import Fault, SimulationError
from routecore.simulate.traces.columns import Chunk
from routecore.simulate.traces.generate import MOST_TOKENS
from routecore.simulate.traces.names import Names
from routecore.simulate.traces.trace import Trace

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["servegen"]


_WINDOW_SECONDS: Final = 600.0


def servegen(
    rates: str | Path, histograms: str | Path, *, model: str, seed: int = 0, start_s: float = 0.0, end_s: float | None = None, scale: float = 1.0
) -> Trace:
    """Return a sample of ServeGen's published workload: each client's arrivals window by window, with token counts from its histograms.

    Inter-arrival times are Gamma or Weibull as the table says (``param1`` is the shape; the scale is set so that the mean rate is the table's). A client without a
    histogram for a window takes its nearest earlier one.

    Args:
        rates: Its Parquet table of rates.
        histograms: Its Parquet table of token histograms.
        model: What every request asks for.
        seed: The same seed gives the same sample.
        start_s: Where in its time to begin, in seconds.
        end_s: Where to end; ``None``: at its end.
        scale: Multiplies every rate.

    Returns:
        The trace.

    Raises:
        SimulationError: pyarrow or a column is missing, or no window is in the stretch.

    Example:
        >>> servegen("rates.parquet", "histograms.parquet", model="a/b")  # doctest: +SKIP
        <Trace ...>
    """
    try:
        from pyarrow import parquet
    except ImportError:
        raise SimulationError([Fault(str(rates), "pyarrow is not installed", "a file that can be read here: pip install 'routecore[parquet]'")]) from None
    try:
        rows = parquet.read_table(rates, columns=["client", "window_s", "rate_rps", "family", "param1"]).to_pylist()
        table = parquet.read_table(histograms, columns=["client", "window_s", "field", "values", "probs"]).to_pylist()
    except (OSError, ValueError, KeyError) as error:
        raise SimulationError([Fault(str(rates), f"{type(error).__name__}: {error}"[:200], "ServeGen's tables of rates and of token histograms")]) from error
    end = float("inf") if end_s is None else end_s
    active = [row for row in rows if row["rate_rps"] > 0 and start_s <= row["window_s"] < end and row["param1"] > 0]
    counts = _Histograms(table)
    windows = sorted({row["window_s"] for row in active})
    if not windows:
        raise SimulationError([Fault("start_s, end_s", (start_s, end_s), "a stretch of the workload's time with arrivals in it")])
    by_window: dict[float, list[Any]] = {one: [] for one in windows}
    for row in active:
        by_window[row["window_s"]].append(row)
    # arrivals first, for their number; token counts when a chunk is asked for
    arrivals = [_arrivals(by_window[one], one, seed, scale) for one in windows]
    starts = np.concatenate(([0], np.cumsum([len(at) for at, _ in arrivals])))

    def make(index: int) -> Chunk:
        at, clients = arrivals[index]
        random = np.random.default_rng([seed, index, 1])
        prompt = np.zeros(len(at), np.int64)
        completion = np.zeros(len(at), np.int64)
        for client in np.unique(clients).tolist():
            mine = np.flatnonzero(clients == client)
            prompt[mine] = counts.sample(client, windows[index], "input_tokens", random, len(mine))
            completion[mine] = counts.sample(client, windows[index], "output_tokens", random, len(mine))
        numbers = np.arange(starts[index], starts[index + 1], dtype=np.int64)
        return Chunk(number=numbers, timestamp_s=at - start_s, model=np.zeros(len(at), np.int32), prompt_tokens=prompt, completion_tokens=completion)

    assumptions = ["ServeGen publishes rates and histograms, not requests: these are samples of them, and name no session"]
    if scale != 1:
        assumptions.append(f"every ServeGen rate is multiplied by {scale:g}")
    return Trace(make, len(windows), int(starts[-1]), Names([model]), source=f"ServeGen sample, seed {seed}", assumptions=assumptions)


def _arrivals(rows: Sequence[Any], window: float, seed: int, scale: float) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the times of one window's arrivals, sorted, and whose they are."""
    times, clients = [], []
    for row in rows:
        random = np.random.default_rng([seed, int(window), row["client"]])
        expected = row["rate_rps"] * scale * _WINDOW_SECONDS
        size = int(2 * expected + 6 * expected**0.5 + 10)
        shape = row["param1"]
        # in units of which the mean step is the table's rate: the fitted scales of bursty clients overstate it by a quarter
        unit = 1.0 / (row["rate_rps"] * scale * (shape if row["family"] == "Gamma" else gamma(1.0 + 1.0 / shape)))
        # from a window before: a renewal process that starts with an arrival is too busy at first where arrivals come in bursts
        now = -_WINDOW_SECONDS
        while True:
            steps = random.gamma(shape, 1.0, size) if row["family"] == "Gamma" else random.weibull(shape, size)
            at = now + np.cumsum(steps) * unit
            times.append(at[(at >= 0) & (at < _WINDOW_SECONDS)])
            clients.append(np.full(len(times[-1]), row["client"], np.int64))
            now = float(at[-1])
            if now >= _WINDOW_SECONDS:
                break
    joined = np.concatenate(times)
    order = np.argsort(joined, kind="stable")
    return window + joined[order], np.concatenate(clients)[order]


class _Histograms:
    """Token counts of every client and window, to sample from."""

    def __init__(self, table: Sequence[Any]) -> None:
        self._found: dict[tuple[int, str], list[tuple[float, NDArray[np.int64], NDArray[np.float64]]]] = {}
        for row in sorted(table, key=lambda one: one["window_s"]):
            if row["field"] in {"input_tokens", "output_tokens"} and row["values"]:
                chances = np.cumsum(np.asarray(row["probs"], np.float64))
                values = np.clip(np.rint(row["values"]), 0, MOST_TOKENS).astype(np.int64)
                self._found.setdefault((row["client"], row["field"]), []).append((row["window_s"], values, chances / chances[-1]))
        self._any = {field: [one for (_, name), kept in self._found.items() if name == field for one in kept] for field in ("input_tokens", "output_tokens")}
        if not all(self._any.values()):
            raise SimulationError([Fault("histograms", sorted({row["field"] for row in table}), "with input_tokens and output_tokens")])

    def sample(self, client: int, window: float, field: str, random: np.random.Generator, size: int) -> NDArray[np.int64]:
        """Return ``size`` counts of the client's latest histogram at ``window``, else its first, else anyone's."""
        kept = self._found.get((client, field)) or self._any[field]
        earlier = [one for one in kept if one[0] <= window]
        _, values, chances = earlier[-1] if earlier else kept[0]
        found: NDArray[np.int64] = values[np.minimum(np.searchsorted(chances, random.random(size), side="right"), len(values) - 1)]
        return found
