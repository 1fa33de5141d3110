"""Off-policy estimates: what another policy would have come to, from a log alone, weighted by how likely each policy was to choose what was chosen.

No world is needed, and none is believed; what is needed is a log whose choices were drawn, with their propensities. Where the log's policy gave a choice no chance
that the other one needs, there is nothing to weight: the answer is "not identifiable" with the reason, not a number.

Sources: Horvitz and Thompson 1952 (IPS); Swaminathan and Joachims 2015 (self-normalised); Dudik, Langford and Li 2011 (doubly robust); Li et al. 2011 (replay).
"""

from __future__ import annotations

from math import isfinite, sqrt
from typing import TYPE_CHECKING, Any, Final

import attrs
import numpy as np

from routecore.errors import Fault, NoEligibleEndpoint, SimulationError, UnknownModel
from routecore.request.body import read
from routecore.request.preferences import Preferences
from routecore.routing.facts import NO_FACTS, Facts
from routecore.routing.solve import pose, solve
from routecore.simulate.engines.assumptions import OFF_POLICY
from routecore.simulate.engines.requests import body_of
from routecore.simulate.noise import draws, uniforms
from routecore.simulate.report.figures import shown
from routecore.simulate.report.summary import Z_95

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from routecore.catalog.catalog import Catalog
    from routecore.simulate.policy import Policy
    from routecore.simulate.traces.columns import Chunk
    from routecore.simulate.traces.trace import Trace

__all__ = ["ESTIMATORS", "REWARDS", "Estimate", "OffPolicy", "first_chances", "ope"]

REWARDS: Final = {
    "cost_usd": ("USD", "logged cost a request"),
    "ttft_s": ("s", "logged time to first token"),
    "total_s": ("s", "logged time to last token"),
    "success": ("share", "logged status below 400"),
}
"""What can be estimated -> unit, meaning."""

ESTIMATORS: Final = {
    "replay": "mean over requests where the policy's own draw matches the log; unbiased only where the log chose evenly",
    "ips": "inverse propensity scoring: unbiased, and wide where weights are large",
    "snips": "self-normalised: slightly biased, narrower; the weights' mean is divided out",
    "dr": "doubly robust: a model of each endpoint's mean, corrected by the weighted errors that it makes on the log",
}
"""Estimator -> what it is."""

_EVEN: Final = 1e-9
_MOST_KEPT: Final = 200_000


@attrs.frozen
class Estimate:
    """One estimator's answer: the value with its 95 % interval, ``None`` where it is not identifiable, and then ``reason`` says why. ``ess``: effective sample size."""

    value: float | None
    low: float | None
    high: float | None
    ess: float
    reason: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the estimate as JSON can hold it."""
        return attrs.asdict(self)


@attrs.frozen
class OffPolicy:
    """What a log says of one policy: an ``Estimate`` for each estimator, beside the log's own mean.

    ``used`` rows of ``requests`` carried endpoint, propensity and reward; ``skipped`` counts the others by reason. ``unsupported`` is the share of the policy's
    probability that lies on choices that the log's policy never makes.
    """

    policy: str
    reward: str
    requests: int
    used: int
    skipped: dict[str, int]
    logged: Estimate
    estimates: dict[str, Estimate]
    unsupported: float
    assumptions: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON can hold it."""
        found = attrs.asdict(self, recurse=False)
        found["logged"] = self.logged.to_dict()
        found["estimates"] = {name: one.to_dict() for name, one in self.estimates.items()}
        found["assumptions"] = list(self.assumptions)
        return {"engine": "ope", **found, "unit": REWARDS[self.reward][0]}

    def table(self) -> list[list[str]]:
        """Return the rows of a table for a terminal, the first its heading."""
        unit = REWARDS[self.reward][0]
        rows = [[f"{self.policy}: {self.reward}", "value", "95 % interval", "effective sample"]]
        for name, one in (("logged", self.logged), *self.estimates.items()):
            between = "–" if one.low is None else f"{shown(one.low, unit)} to {shown(one.high, unit)}"
            rows.append(
                [name, "not identifiable" if one.value is None else shown(one.value, unit), between if one.reason is None else one.reason, f"{one.ess:,.0f}"]
            )
        return rows

    def __str__(self) -> str:
        rows = self.table()
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)


def ope(
    trace: Trace,
    catalog: Catalog,
    policy: Policy,
    *,
    reward: str = "cost_usd",
    facts: Facts = NO_FACTS,
    logging: Policy | None = None,
    logging_facts: Facts | None = None,
    tolerance: float = 0.0,
    seed: int = 0,
    progress: Callable[[int, int], object] | None = None,
) -> OffPolicy:
    """Estimate what a policy would have come to on a logged trace, from the log's propensities. Nothing is replayed.

    Without ``logging``, a propensity of 1 says that the log's policy makes no other choice, and an endpoint that the log never shows is taken to be one that it
    never chooses.

    Args:
        trace: The log: requests with endpoint, propensity and outcome.
        catalog: The endpoints.
        policy: The policy that is asked about.
        reward: What to estimate, one of ``REWARDS``.
        facts: The statistics that the policy decides with.
        logging: The policy that made the log, if it is known: which choices it never makes is then known exactly.
        logging_facts: The statistics that it decided with.
        tolerance: So much of the policy's probability may lie on choices that the log never makes, 0 to 1 (a bias of at most that share of the rewards' range).
            With more, nothing is identifiable.
        seed: Of the resampling.
        progress: Called with (done, total) rows.

    Returns:
        Each estimator's value with its interval, or the reason why there is none.

    Raises:
        SimulationError: The reward or the tolerance is none, or no row has what is needed.

    Example:
        >>> from routecore import example_catalog
        >>> from routecore.simulate import Policy, trace_of
        >>> row = {"model": "openai/gpt-5", "prompt_tokens": 10, "completion_tokens": 5, "endpoint": "openai/gpt-5@azure", "propensity": 0.4, "cost_usd": 0.01}
        >>> found = ope(trace_of([{"timestamp_s": n, **row} for n in range(20)]), example_catalog(), Policy("now"))
        >>> found.policy, found.requests
        ('now', 20)
    """
    faults = []
    if reward not in REWARDS:
        faults.append(Fault("reward", reward, f"one of {', '.join(REWARDS)}"))
    if isinstance(tolerance, bool) or not isinstance(tolerance, (int, float)) or not 0 <= tolerance < 1:
        faults.append(Fault("tolerance", tolerance, "a share from 0 to below 1"))
    if faults:
        raise SimulationError(faults)
    log = _Log(trace, reward)
    if not log.used:
        raise SimulationError([Fault("trace", log.skipped, "a log: no row has endpoint, propensity and reward")])
    targets = _Chances(catalog, policy, facts, trace)
    loggers = None if logging is None else _Chances(catalog, logging, facts if logging_facts is None else logging_facts, trace)
    table = _Table(log, targets, loggers, trace, seed, progress)
    skipped = dict(log.skipped)
    if table.refused:
        skipped["no eligible endpoint under the policy"] = table.refused
    estimates = table.estimates(tolerance)
    logged = _mean(table.reward, table.units, float(table.rows))
    return OffPolicy(policy.name, reward, len(trace), table.rows, skipped, logged, estimates, table.unsupported, (*OFF_POLICY, *trace.assumptions))


def first_chances(ranking: Any) -> dict[str, float]:  # noqa: ANN401 - a Ranking
    """Return each endpoint's probability of being a ranking's first choice."""
    if ranking.order is not None:
        return {ranking.first.endpoint.id: 1.0}
    group = ranking.groups[0]
    found: dict[str, float] = {}
    for place, weight in zip(group.positions, group.opening, strict=True):
        endpoint_id = ranking.field.candidates[place].endpoint.id
        found[endpoint_id] = found.get(endpoint_id, 0.0) + weight / group.opening_running[-1]
    return found


class _Log:
    """The rows that can be used: columns of what was chosen, how likely, and what it came to."""

    def __init__(self, trace: Trace, reward: str) -> None:
        self.skipped: dict[str, int] = {}
        kept: list[Chunk] = []
        rewards: list[NDArray[np.float64]] = []
        for chunk in trace.chunks():
            value = np.where(chunk.status == 0, np.nan, chunk.status < 400) if reward == "success" else np.asarray(getattr(chunk, reward))
            chance = np.asarray(chunk.propensity)
            good = np.ones(len(chunk), bool)
            for reason, bad in (
                ("no endpoint logged", chunk.endpoint < 0),
                ("no propensity logged", np.isnan(chance)),
                ("a propensity outside 0 to 1, or 0", ~np.isnan(chance) & ~((chance > 0) & (chance <= 1))),
                (f"no {reward} logged", np.isnan(value)),
            ):
                count = int((bad & good).sum())
                if count:
                    self.skipped[reason] = self.skipped.get(reason, 0) + count
                good &= ~bad
            if good.any():
                kept.append(chunk.take(good))
                rewards.append(value[good].astype(np.float64))
        self.chunks = kept
        self.rewards = rewards
        self.used = sum(map(len, kept))


class _Chances:
    """A policy's first choices: the probability of each endpoint for each sort of request, computed by the core that decides."""

    def __init__(self, catalog: Catalog, policy: Policy, facts: Facts, trace: Trace) -> None:
        self.catalog = policy.catalog_of(catalog)
        self.policy = policy
        self.facts = facts
        self.names = trace.names
        self._kept: dict[tuple[int, int, bool, int, int, int], dict[str, float] | None] = {}

    def of(self, model: int, provider: int, tools: bool, most: int, prompt: int, completion: int) -> dict[str, float] | None:  # noqa: FBT001 - a column
        """Return endpoint id -> probability, ``None`` where the policy refuses the request."""
        estimates = self.policy.estimates
        key = (model, provider, tools, most, -1 if estimates == "nominal" else prompt, completion if estimates == "tokens" else -1)
        if key not in self._kept:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[key] = self._solve(key)
        return self._kept[key]

    def _solve(self, key: tuple[int, int, bool, int, int, int]) -> dict[str, float] | None:
        model, provider, tools, most, prompt, completion = key
        body = body_of(self.names, self.policy, (model, provider, tools, most))
        faults: list[Fault] = []
        request = read(body, faults)
        try:
            case = pose(self.catalog, request, Preferences.parse(request.provider), self.policy.context, self.facts, self.policy.settings, None)
            ranking = solve(case.with_numbers(None if prompt < 0 else prompt, None if completion < 0 else completion, None))
        except (NoEligibleEndpoint, UnknownModel):
            return None
        return first_chances(ranking)


class _Table:
    """The log beside the policy's probabilities: one row a used request."""

    def __init__(  # noqa: PLR0912, PLR0915 - one pass over the rows that fills every column
        self, log: _Log, targets: _Chances, loggers: _Chances | None, trace: Trace, seed: int, progress: Callable[[int, int], object] | None
    ) -> None:
        endpoints = trace.names.endpoints
        seen: dict[int, set[str]] = {}
        means: dict[tuple[int, str], list[float]] = {}
        for chunk, rewards in zip(log.chunks, log.rewards, strict=True):
            for model, code, value in zip(chunk.model.tolist(), chunk.endpoint.tolist(), rewards.tolist(), strict=True):
                seen.setdefault(model, set()).add(endpoints[code])
                row = means.setdefault((model, endpoints[code]), [0.0, 0.0])
                row[0] += 1
                row[1] += value
        overall = sum(row[1] for row in means.values()) / sum(row[0] for row in means.values())
        expected = {key: row[1] / row[0] for key, row in means.items()}
        chosen, chances, direct, model_error, match, rewards_kept, units, lacking = [], [], [], [], [], [], [], []
        self.refused = 0
        self.missing: dict[str, float] = {}
        self.certain = 0
        done = 0
        for chunk, rewards in zip(log.chunks, log.rewards, strict=True):
            points = uniforms(draws(seed, chunk.number)).tolist()
            columns = zip(
                chunk.model.tolist(), chunk.provider.tolist(), chunk.tools.tolist(), chunk.max_tokens.tolist(), chunk.prompt_tokens.tolist(), chunk.completion_tokens.tolist(),
                chunk.endpoint.tolist(), chunk.propensity.tolist(), rewards.tolist(), points, chunk.units.tolist(), strict=True,
            )  # fmt: skip
            for model, provider, tools, most, prompt, completion, code, propensity, value, point, unit in columns:
                target = targets.of(model, provider, tools, most, prompt, completion)
                if target is None:
                    self.refused += 1
                    continue
                logged = endpoints[code]
                mine = target.get(logged, 0.0)
                if loggers is not None:
                    supported: Any = loggers.of(model, provider, tools, most, prompt, completion) or {}
                elif propensity >= 1.0 - _EVEN:
                    supported = (logged,)
                    self.certain += 1
                else:
                    supported = seen[model]
                lack = 0.0
                for name, chance in target.items():
                    if name not in supported and chance > 0:
                        lack += chance
                        self.missing[name] = self.missing.get(name, 0.0) + chance
                running, pick = 0.0, logged
                for name, chance in target.items():
                    running += chance
                    pick = name
                    if running > point:
                        break
                chosen.append(mine)
                chances.append(propensity)
                direct.append(sum(chance * expected.get((model, name), overall) for name, chance in target.items()))
                model_error.append(value - expected[model, logged])
                match.append(pick == logged)
                rewards_kept.append(value)
                units.append(unit)
                lacking.append(lack)
            done += len(chunk)
            if progress is not None:
                progress(done, log.used)
        self.rows = len(rewards_kept)
        self.reward = np.array(rewards_kept)
        self.weight = np.array(chosen) / np.array(chances) if chosen else np.zeros(0)
        self.direct, self.error, self.match = np.array(direct), np.array(model_error), np.array(match, bool)
        self.units = np.array(units, np.uint64)
        self.unsupported = float(np.mean(lacking)) if lacking else 1.0

    def estimates(self, tolerance: float) -> dict[str, Estimate]:
        """Return every estimator's answer, or why there is none."""
        total = float(self.weight.sum())
        ess = total**2 / float((self.weight**2).sum()) if total > 0 else 0.0
        reason = self._obstacle(tolerance, total)
        if reason is not None:
            return {name: Estimate(None, None, None, ess, reason) for name in ESTIMATORS}
        matched = self.match.astype(np.float64)
        found = {
            "replay": _ratio(matched, self.reward, self.units, float(matched.sum()))
            if matched.any()
            else Estimate(None, None, None, 0.0, "no draw of the policy's matches the log")
        }
        found["ips"] = _mean(self.weight * self.reward, self.units, ess)
        found["snips"] = _ratio(self.weight, self.reward, self.units, ess)
        found["dr"] = _mean(self.direct + self.weight * self.error, self.units, ess)
        return found

    def _obstacle(self, tolerance: float, total: float) -> str | None:
        if not self.rows:
            return "the policy finds no eligible endpoint for any logged request"
        if self.unsupported > tolerance + _EVEN:
            worst = sorted(self.missing.items(), key=lambda one: -one[1])[:3]
            names = ", ".join(f"{name} ({share / self.rows:.1%})" for name, share in worst)
            sure = f"; {self.certain:,} of {self.rows:,} logged choices were certain, and say nothing of the others" if self.certain else ""
            return f"{self.unsupported:.1%} of the policy's choices are ones that the log's policy never makes: {names}{sure}"
        if total == 0:
            return "the policy would never choose what the log shows"
        return None


def _half(influence: NDArray[np.float64], units: NDArray[np.uint64]) -> float:
    """Return the half-width of the 95 % interval of a mean of ``influence`` (of mean 0), clustered by unit."""
    _, place = np.unique(units, return_inverse=True)
    sums = np.bincount(place.reshape(-1), weights=influence)
    clusters = len(sums)
    if clusters < 2:
        return float("nan")
    return Z_95 * sqrt(float((sums**2).sum()) * clusters / (clusters - 1)) / len(influence)


def _mean(values: NDArray[np.float64], units: NDArray[np.uint64], ess: float) -> Estimate:
    value = float(values.mean())
    return _estimate(value, _half(values - value, units), ess)


def _ratio(weights: NDArray[np.float64], values: NDArray[np.float64], units: NDArray[np.uint64], ess: float) -> Estimate:
    level = float(weights.mean())
    value = float((weights * values).mean()) / level
    return _estimate(value, _half(weights * (values - value) / level, units), ess)


def _estimate(value: float, half: float, ess: float) -> Estimate:
    if not isfinite(half):
        return Estimate(value, None, None, ess, None)
    return Estimate(value, value - half, value + half, ess)


def estimates_of(results: Sequence[OffPolicy]) -> dict[str, Any]:
    """Return several policies' estimates as one JSON object."""
    return {"engine": "ope", "policies": [one.to_dict() for one in results]}
