"""Regimes fitted by maximum likelihood: to a log's failures, or to incidents that somebody wrote down.

A log is cut into stretches; in each, requests fail at one rate in good times and at another in bad ones, and good and bad alternate as a Markov chain. Baum and Welch's
iteration finds the chain that makes the log likeliest; it is believed if it beats one constant rate by more than its parameters are worth (BIC).
"""

from __future__ import annotations

from itertools import pairwise
from math import log
from typing import TYPE_CHECKING, Final

import attrs
import numpy as np

from routecore.errors import Fault, SimulationError
from routecore.simulate.world.regimes import Regime, provider_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["Fitted", "fit_bursts", "of_incidents", "shared_bursts"]

_STRETCHES: Final = 6_000
"""A log is cut into so many at most; bursts shorter than a stretch are seen as one long."""
_LEAST_ROWS, _LEAST_FAILURES, _LEAST_BURSTS = 200, 5, 3
_STEPS: Final = 40
_SETTLED: Final = 1e-3
"""A gain in log-likelihood below which the iteration stops."""
_PARAMETERS: Final = 3
"""More than one constant rate has: a second rate and two chances to change."""


@attrs.frozen
class Fitted:
    """What a log's failures look like: the ``usual`` rate of good times and a ``regime`` of bad ones, or ``None`` and the ``reason``.

    ``bad``: (start, end) of the stretches that were likelier bad than good.
    """

    usual: float
    regime: Regime | None = None
    reason: str | None = None
    bad: tuple[tuple[float, float], ...] = ()


def fit_bursts(at: NDArray[np.float64], failed: NDArray[np.bool_]) -> Fitted:
    """Return the bursts that are likeliest behind failures at the times ``at`` (seconds, ascending).

    Where there is too little to tell bursts from chance, the regime is ``None``, and ``reason`` says so: failures are then taken to be independent.
    """
    rows, failures = len(at), int(failed.sum())
    usual = failures / max(rows, 1)
    if failures < _LEAST_FAILURES or rows < _LEAST_ROWS:
        return Fitted(usual, reason=f"fewer than {_LEAST_ROWS} requests or {_LEAST_FAILURES} failures")
    span = float(at[-1] - at[0])
    if span <= 0:
        return Fitted(usual, reason="all requests at one moment")
    width = max(span / _STRETCHES, 1.0)
    place = np.minimum(((at - at[0]) / width).astype(np.int64), int(span / width))
    asked = np.bincount(place).astype(np.float64)
    lost = np.bincount(place, failed).astype(np.float64)
    rates, chances, likelihood, bad = _baum_welch(asked, lost, usual)
    alone = failures * log(usual) + (rows - failures) * log(1.0 - usual) if usual < 1 else 0.0
    stretches = _runs(bad)
    # half of the usual penalty for every parameter that one rate has not
    if likelihood - alone < 0.5 * _PARAMETERS * log(rows) + 2.0:
        return Fitted(usual, reason="no sign of bursts")
    if len(stretches) < _LEAST_BURSTS:
        return Fitted(usual, reason=f"fewer than {_LEAST_BURSTS} bursts: the log is too short")
    start = float(at[0])
    spans = tuple((start + first * width, start + (last + 1) * width) for first, last in stretches)
    regime = Regime("errors", width / chances[0], max(width / chances[1], 1.0), float(rates[1]))
    return Fitted(float(rates[0]), regime, None, spans)


def _baum_welch(
    asked: NDArray[np.float64], lost: NDArray[np.float64], usual: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], float, NDArray[np.bool_]]:
    """Return rates of good and bad stretches, the chances to turn bad and good, the log-likelihood, and which stretches were likelier bad."""
    rates = np.array([usual / 3.0, min(max(3.0 * usual, 0.3), 0.95)])
    chances = np.array([0.02, 0.2])
    size = len(asked)
    likelihood = 0.0
    gamma = np.zeros((size, 2))
    for _ in range(_STEPS):
        rates = np.clip(rates, 1e-6, 1.0 - 1e-6)
        emission = lost[:, None] * np.log(rates) + (asked - lost)[:, None] * np.log1p(-rates)
        top = emission.max(axis=1)
        weight = np.exp(emission - top[:, None])
        stay_good, turn_bad, turn_good, stay_bad = 1.0 - chances[0], chances[0], chances[1], 1.0 - chances[1]
        good, bad = weight[:, 0].tolist(), weight[:, 1].tolist()
        share = chances[0] / (chances[0] + chances[1])
        forward, scale = [], []
        a, b = 1.0 - share, share
        for step in range(size):
            if step:
                a, b = a * stay_good + b * turn_good, a * turn_bad + b * stay_bad
            a, b = a * good[step], b * bad[step]
            total = a + b
            a, b = a / total, b / total
            forward.append((a, b))
            scale.append(total)
        before, likelihood = likelihood, float(np.log(scale).sum() + top.sum())
        backward = [(1.0, 1.0)] * size
        x = y = 1.0
        for step in range(size - 1, 0, -1):
            u, v = x * good[step] / scale[step], y * bad[step] / scale[step]
            x, y = stay_good * u + turn_bad * v, turn_good * u + stay_bad * v
            backward[step - 1] = (x, y)
        f, g = np.array(forward), np.array(backward)
        gamma = f * g
        gamma /= gamma.sum(axis=1, keepdims=True)
        turns_bad = float((f[:-1, 0] * turn_bad * weight[1:, 1] * g[1:, 1] / np.array(scale[1:])).sum())
        turns_good = float((f[:-1, 1] * turn_good * weight[1:, 0] * g[1:, 0] / np.array(scale[1:])).sum())
        chances = np.clip(np.array([turns_bad / max(gamma[:-1, 0].sum(), 1e-9), turns_good / max(gamma[:-1, 1].sum(), 1e-9)]), 1e-6, 1.0)
        rates = (gamma * lost[:, None]).sum(axis=0) / np.maximum((gamma * asked[:, None]).sum(axis=0), 1e-9)
        if abs(likelihood - before) < _SETTLED:
            break
    if rates[0] > rates[1]:
        rates, chances, gamma = rates[::-1].copy(), chances[::-1].copy(), gamma[:, ::-1]
    return rates, chances, likelihood, gamma[:, 1] > 0.5


def _runs(bad: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], bad, [False])).astype(np.int8)))
    return [(int(first), int(last) - 1) for first, last in zip(edges[::2], edges[1::2], strict=True)]


def shared_bursts(fits: Mapping[str, Fitted]) -> dict[str, float]:
    """Return for each endpoint which share of its bursts came while most of its provider's other endpoints had one too."""
    found = {}
    for key, one in fits.items():
        others = [two for name, two in fits.items() if name != key and provider_of(name) == provider_of(key)]
        if others:
            together = [sum(any(a < end and start < b for a, b in two.bad) for two in others) * 2 > len(others) for start, end in one.bad]
            found[key] = sum(together) / len(together)
    return found


def of_incidents(incidents: Sequence[tuple[float, float]], watched_s: float, *, kind: str = "fail", value: float | None = None) -> Regime:
    """Return the regime that is likeliest behind incidents (start, end) seen in ``watched_s`` seconds: mean times, which for exponentials are the maximum of likelihood.

    Raises ``SimulationError`` where there are fewer than two, or they overlap or lie outside.

    >>> of_incidents([(100, 160), (400, 440)], 1_000)
    Regime(kind='fail', up_seconds=450.0, down_seconds=50.0, value=None, provider_share=0.0)
    """
    ordered = sorted(incidents)
    if len(ordered) < 2:
        raise SimulationError([Fault("incidents", ordered, "at least two: of fewer no time between them can be told")])
    if any(not 0 <= start < end <= watched_s for start, end in ordered) or any(a[1] > b[0] for a, b in pairwise(ordered)):
        raise SimulationError([Fault("incidents", ordered, f"apart, and within 0 to {watched_s:g} s")])
    down = sum(end - start for start, end in ordered)
    return Regime(kind, (watched_s - down) / len(ordered), down / len(ordered), value)
