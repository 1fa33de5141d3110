"""Off-policy estimates: what another policy would have come to, from a log alone, weighted by how likely each policy was to choose what was chosen.

No world is needed, and none is believed; what is needed is a log whose choices were drawn, with their propensities. Where the log's policy gave a choice no chance
that the other one needs, there is nothing to weight: the answer is "not identifiable" with the reason, not a number.

Sources: Horvitz and Thompson 1952 (IPS); Swaminathan and Joachims 2015 (self-normalised); Dudik, Langford and Li 2011 (doubly robust); Li et al. 2011 (replay).
"""

from __future__ import annotations

from math import isfinite, log, sqrt
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
_FEW_EFFECTIVE: Final = 50
_HEAVY: Final = 0.05
"""Share of the whole weight on one row above which normal intervals are not trusted."""
_ROWS_FOR_LINE: Final = 10
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
    probability that lies on choices that the log's policy never makes, ``unidentifiable`` the share of rows with any such choice. ``pinned`` rows were chosen by a session's
    pin: they are a stratum of their own, taken as they were logged. ``warnings``: weights that do not average 1, few effective rows, heavy weights.
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
    unidentifiable: float = 0.0
    pinned: int = 0
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON can hold it."""
        found = attrs.asdict(self, recurse=False)
        found["logged"] = self.logged.to_dict()
        found["estimates"] = {name: one.to_dict() for name, one in self.estimates.items()}
        found["assumptions"], found["warnings"] = list(self.assumptions), list(self.warnings)
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
    facts: Facts | Callable[[float], Facts] = NO_FACTS,
    logging: Policy | None = None,
    logging_facts: Facts | Callable[[float], Facts] | None = None,
    tolerance: float = 0.0,
    seed: int = 0,
    progress: Callable[[int, int], object] | None = None,
) -> OffPolicy:
    """Estimate what a policy would have come to on a logged trace, from the log's propensities. Nothing is replayed.

    Rows that carry the propensities of all endpoints at their moment (decision records do, and a column ``propensities``) tell by them what could be chosen. Without those and
    without ``logging``, a propensity of 1 says that the log's policy makes no other choice, and an endpoint that the log never shows is taken to be one that it
    never chooses. Rows that a session's pin decided (``pinned``) stay as they were logged; a policy without pins cannot be judged on them.

    Args:
        trace: The log: requests with endpoint, propensity and outcome.
        catalog: The endpoints.
        policy: The policy that is asked about.
        reward: What to estimate, one of ``REWARDS``.
        facts: The statistics that the policy decides with, or a function of a row's time (seconds) that gives those of that moment.
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
    rows = _Log(trace, reward)
    if not rows.used:
        raise SimulationError([Fault("trace", rows.skipped, "a log: no row has endpoint, propensity and reward")])
    targets = _Chances(catalog, policy, facts, trace)
    loggers = None if logging is None else _Chances(catalog, logging, facts if logging_facts is None else logging_facts, trace)
    table = _Table(rows, targets, loggers, trace, seed, progress, sticks=policy.settings.sticky != "off")
    skipped = dict(rows.skipped)
    if table.refused:
        skipped["no eligible endpoint under the policy"] = table.refused
    estimates = table.estimates(tolerance)
    rewards, units = np.concatenate((table.reward, table.pinned_reward)), np.concatenate((table.units, table.pinned_units))
    logged = _mean(rewards, units, float(len(rewards)))
    return OffPolicy(
        policy.name,
        reward,
        len(trace),
        len(rewards),
        skipped,
        logged,
        estimates,
        table.unsupported,
        (*OFF_POLICY, *trace.assumptions),
        table.unidentifiable,
        len(table.pinned_reward),
        tuple(table.warnings()),
    )


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

    def __init__(self, catalog: Catalog, policy: Policy, facts: Facts | Callable[[float], Facts], trace: Trace) -> None:
        self.catalog = policy.catalog_of(catalog)
        self.policy = policy
        self._facts_at = (lambda _: facts) if isinstance(facts, Facts) else facts
        self.facts = self._facts_at(0.0)
        self.names = trace.names
        self._kept: dict[tuple[int, int, bool, int, int, int], dict[str, float] | None] = {}

    def of(self, at: float, model: int, provider: int, tools: bool, most: int, prompt: int, completion: int) -> dict[str, float] | None:  # noqa: FBT001 - a column
        """Return endpoint id -> probability, ``None`` where the policy refuses the request."""
        facts = self._facts_at(at)
        if facts is not self.facts:
            # statistics are those of the row's time
            self.facts = facts
            self._kept.clear()
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


class _Direct:
    """The model of what a choice comes to: of each endpoint of each model a straight line over the prompt's tokens, or its mean where rows are few."""

    def __init__(self, log: _Log, endpoints: list[str]) -> None:
        sums: dict[tuple[int, str], NDArray[np.float64]] = {}
        for chunk, rewards in zip(log.chunks, log.rewards, strict=True):
            for model, code, prompt, value in zip(chunk.model.tolist(), chunk.endpoint.tolist(), chunk.prompt_tokens.tolist(), rewards.tolist(), strict=True):
                row = sums.setdefault((model, endpoints[code]), np.zeros(5))
                row += (1.0, prompt, value, prompt * prompt, prompt * value)
        whole = sum(sums.values(), np.zeros(5))
        self._overall = float(whole[2] / whole[0])
        self._lines = {key: _line(*row.tolist()) for key, row in sums.items()}

    def of(self, model: int, endpoint_id: str, prompt: int) -> float:
        """Return what is expected of a request at an endpoint; of one that was never logged the overall mean."""
        level, slope = self._lines.get((model, endpoint_id), (self._overall, 0.0))
        return level + slope * prompt


def _line(rows: float, prompts: float, values: float, squares: float, products: float) -> tuple[float, float]:
    """Return (level, slope) of the least-squares line, or the mean where fewer than ten rows or equal prompts do not tell one."""
    spread = squares - prompts * prompts / rows
    if rows < _ROWS_FOR_LINE or spread <= 1e-9 * max(squares, 1.0):
        return values / rows, 0.0
    slope = (products - prompts * values / rows) / spread
    return (values - slope * prompts) / rows, slope


class _Table:
    """The log beside the policy's probabilities: one row a used request."""

    def __init__(  # noqa: PLR0912, PLR0915 - one pass over the rows that fills every column
        self, log: _Log, targets: _Chances, loggers: _Chances | None, trace: Trace, seed: int, progress: Callable[[int, int], object] | None, *, sticks: bool
    ) -> None:
        endpoints, known = trace.names.endpoints, trace.names.chances
        seen: dict[int, set[str]] = {}
        for chunk in log.chunks:
            for model, code in zip(chunk.model.tolist(), chunk.endpoint.tolist(), strict=True):
                seen.setdefault(model, set()).add(endpoints[code])
        expected = _Direct(log, endpoints)
        chosen, chances, direct, model_error, match, rewards_kept, units, lacking = [], [], [], [], [], [], [], []
        pinned_rewards, pinned_units = [], []
        self.refused = self.certain = self.adrift = 0
        self.missing: dict[str, float] = {}
        done = 0
        for chunk, rewards in zip(log.chunks, log.rewards, strict=True):
            points = uniforms(draws(seed, chunk.number)).tolist()
            columns = zip(
                chunk.timestamp_s.tolist(), chunk.model.tolist(), chunk.provider.tolist(), chunk.tools.tolist(), chunk.max_tokens.tolist(), chunk.prompt_tokens.tolist(),
                chunk.completion_tokens.tolist(), chunk.endpoint.tolist(), chunk.propensity.tolist(), rewards.tolist(), points, chunk.units.tolist(),
                chunk.chances.tolist(), chunk.pinned.tolist(), strict=True,
            )  # fmt: skip
            for at, model, provider, tools, most, prompt, completion, code, propensity, value, point, unit, all_chances, pinned in columns:
                if pinned and sticks:
                    pinned_rewards.append(value)
                    pinned_units.append(unit)
                    continue
                target = targets.of(at, model, provider, tools, most, prompt, completion)
                if target is None:
                    self.refused += 1
                    continue
                logged = endpoints[code]
                mine = target.get(logged, 0.0)
                if loggers is not None:
                    supported: Any = loggers.of(at, model, provider, tools, most, prompt, completion) or {}
                elif all_chances >= 0:
                    supported = {name for name, chance in known[all_chances].items() if chance > 0}
                elif propensity >= 1.0 - _EVEN:
                    supported = (logged,)
                    self.certain += 1
                else:
                    supported = seen[model]
                self.adrift += pinned
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
                direct.append(sum(chance * expected.of(model, name, prompt) for name, chance in target.items()))
                model_error.append(value - expected.of(model, logged, prompt))
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
        self.unidentifiable = float(np.mean(np.array(lacking) > _EVEN)) if lacking else 0.0
        self.pinned_reward, self.pinned_units = np.array(pinned_rewards), np.array(pinned_units, np.uint64)

    def warnings(self) -> list[str]:
        """Return what makes the estimates doubtful: weights that do not average 1, few effective rows, few rows that carry all."""
        if self.rows < 2 or not self.weight.any():
            return []
        found = []
        mean, error = float(self.weight.mean()), float(self.weight.std(ddof=1)) / sqrt(self.rows)
        if abs(mean - 1.0) > 3.0 * max(error, 1e-12) and abs(mean - 1.0) > _EVEN:
            found.append(f"weights average {mean:.3f}, not 1 (± {1.96 * error:.3f}): the propensities are not those of the choices that were made")
        ess = float(self.weight.sum()) ** 2 / float((self.weight**2).sum())
        if ess < _FEW_EFFECTIVE:
            found.append(f"the {self.rows:,} rows are worth {ess:,.0f}: too few to rely on")
        if self.heavy:
            found.append(
                f"one row carries {self.weight.max() / self.weight.sum():.0%} of the weight: intervals are empirical-Bernstein ones, which hold for heavy weights"
            )
        return found

    @property
    def heavy(self) -> bool:
        """Whether single weights are so large that normal intervals would not hold."""
        return bool(self.rows and self.weight.any() and self.weight.max() / self.weight.sum() > max(_HEAVY, 8.0 / self.rows))

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
        heavy = self.heavy
        found["ips"] = _mean(self.weight * self.reward, self.units, ess, heavy=heavy)
        found["snips"] = _ratio(self.weight, self.reward, self.units, ess, heavy=heavy)
        found["dr"] = _mean(self.direct + self.weight * self.error, self.units, ess, heavy=heavy)
        return {name: self._with_pinned(one) for name, one in found.items()} if len(self.pinned_reward) else found

    def _with_pinned(self, one: Estimate) -> Estimate:
        """Return the estimate of all rows: those that were drawn as estimated, those that a pin decided as they were."""
        if one.value is None:
            return one
        share = len(self.pinned_reward) / (len(self.pinned_reward) + self.rows)
        as_logged = _mean(self.pinned_reward, self.pinned_units, float(len(self.pinned_reward)))
        assert as_logged.value is not None
        value = share * as_logged.value + (1.0 - share) * one.value
        if one.low is None or one.high is None or as_logged.low is None or as_logged.high is None:
            return attrs.evolve(one, value=value, low=None, high=None)
        half = sqrt((share * (as_logged.high - as_logged.low) / 2.0) ** 2 + ((1.0 - share) * (one.high - one.low) / 2.0) ** 2)
        return attrs.evolve(one, value=value, low=value - half, high=value + half)

    def _obstacle(self, tolerance: float, total: float) -> str | None:
        if not self.rows:
            return "the policy finds no eligible endpoint for any logged request"
        if self.unsupported > tolerance + _EVEN:
            worst = sorted(self.missing.items(), key=lambda one: -one[1])[:3]
            names = ", ".join(f"{name} ({share / self.rows:.1%})" for name, share in worst)
            if self.adrift:
                return f"{self.adrift:,} of {self.rows:,} logged choices were a session's pin, and the policy has no pins: what it would choose was never tried there"
            sure = f"; {self.certain:,} of {self.rows:,} logged choices were certain, and say nothing of the others" if self.certain else ""
            return f"{self.unidentifiable:.1%} of the rows cannot be told: {self.unsupported:.1%} of the policy's choices are ones that the log's policy never makes: {names}{sure}"
        if total == 0:
            return "the policy would never choose what the log shows"
        return None


def _half(influence: NDArray[np.float64], units: NDArray[np.uint64], *, heavy: bool = False) -> float:
    """Return the half-width of the 95 % interval of a mean of ``influence`` (of mean 0), clustered by unit.

    ``heavy``: Maurer and Pontil's empirical Bernstein bound with the range that was seen, where that is wider.
    """
    _, place = np.unique(units, return_inverse=True)
    sums = np.bincount(place.reshape(-1), weights=influence)
    clusters = len(sums)
    if clusters < 2:
        return float("nan")
    normal = Z_95 * sqrt(float((sums**2).sum()) * clusters / (clusters - 1)) / len(influence)
    if not heavy:
        return normal
    log_term = log(2.0 / 0.025)
    spread = float((sums**2).sum()) / (clusters - 1)
    bound = sqrt(2.0 * spread * log_term / clusters) + 7.0 * float(sums.max() - sums.min()) * log_term / (3.0 * (clusters - 1))
    return max(normal, bound * clusters / len(influence))


def _mean(values: NDArray[np.float64], units: NDArray[np.uint64], ess: float, *, heavy: bool = False) -> Estimate:
    value = float(values.mean())
    return _estimate(value, _half(values - value, units, heavy=heavy), ess)


def _ratio(weights: NDArray[np.float64], values: NDArray[np.float64], units: NDArray[np.uint64], ess: float, *, heavy: bool = False) -> Estimate:
    level = float(weights.mean())
    value = float((weights * values).mean()) / level
    return _estimate(value, _half(weights * (values - value) / level, units, heavy=heavy), ess)


def _estimate(value: float, half: float, ess: float) -> Estimate:
    if not isfinite(half):
        return Estimate(value, None, None, ess, None)
    return Estimate(value, value - half, value + half, ess)


def estimates_of(results: Sequence[OffPolicy]) -> dict[str, Any]:
    """Return several policies' estimates as one JSON object."""
    return {"engine": "ope", "policies": [one.to_dict() for one in results]}
