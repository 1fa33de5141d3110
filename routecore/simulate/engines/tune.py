"""Choosing a policy: many candidates tried on little traffic, the better half on more, until the best is known; and the assumption that would change the choice."""

from __future__ import annotations

import re
from itertools import product
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import attrs

from routecore.errors import Fault, SimulationError
from routecore.simulate.engines.simulate import simulate
from routecore.simulate.report.summary import FIGURES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from routecore.catalog.catalog import Catalog
    from routecore.simulate.policy import Policy
    from routecore.simulate.report.report import Report, Result
    from routecore.simulate.traces.trace import Trace
    from routecore.simulate.world.behaviour import Behaviour
    from routecore.simulate.world.world import World

__all__ = ["Limit", "Tuned", "read_limit", "tornado", "tune"]

_SHORT: Final = {"cost": "cost_per_request", "ttft": "ttft_mean", "total": "total_mean", "success": "success_rate", "first_success": "first_success_rate"}
_LIMIT: Final = re.compile(r"(?P<figure>[a-z_.0-9]+)\s*(?P<sign><=|>=)\s*(?P<amount>[0-9.eE+-]+)\s*(?P<unit>s|%)?")
LIMIT_EXPECTED: Final = "a figure, <= or >=, and an amount, such as total.p90<=6s or first_success>=99%"
_MOST_CANDIDATES: Final = 500
_FIRST_RUNS: Final = 4


class Limit(NamedTuple):
    """What a policy must keep: a figure at most (``<=``) or at least (``>=``) an amount, in the figure's unit (seconds, shares, USD a request)."""

    figure: str
    sign: str
    amount: float

    def holds(self, figures: Mapping[str, float | None]) -> bool:
        """Tell whether it is kept; a figure that is not known keeps nothing."""
        value = figures[self.figure]
        return value is not None and (value <= self.amount if self.sign == "<=" else value >= self.amount)


@attrs.frozen
class Tuned:
    """The outcome of a search: the policy that is ``best`` within the limits (``None``: none is), and a report of those that were tried to the end, its frontier."""

    best: str | None
    report: Report
    tried: int
    rounds: tuple[tuple[int, int], ...]


def figure_of(name: str) -> str:
    """Return a figure's name from a short one: ``cost``, ``total.p90``, ``first_success``. Raises ``SimulationError``.

    >>> figure_of("total.p90"), figure_of("cost")
    ('total_p90', 'cost_per_request')
    """
    found = _SHORT.get(name, name.replace(".", "_"))
    if found not in FIGURES:
        raise SimulationError([Fault("figure", name, f"one of {', '.join([*_SHORT, *FIGURES])}")])
    return found


def read_limit(text: str) -> Limit:
    """Return the limit that a text spells.

    Args:
        text: A figure, ``<=`` or ``>=``, and an amount in its unit (seconds, USD, or a share as ``99%``).

    Returns:
        The limit.

    Raises:
        SimulationError: The text spells none.

    Example:
        >>> read_limit("total.p90<=6s")
        Limit(figure='total_p90', sign='<=', amount=6.0)
        >>> read_limit("first_success>=99%").amount
        0.99
    """
    found = _LIMIT.fullmatch(text.strip())
    try:
        amount = float(found["amount"]) if found is not None else None
    except ValueError:
        amount = None
    if found is None or amount is None:
        raise SimulationError([Fault("subject", text, LIMIT_EXPECTED)])
    return Limit(figure_of(found["figure"]), found["sign"], amount / 100.0 if found["unit"] == "%" else amount)


def tune(
    trace: Trace,
    catalog: Catalog,
    world: World,
    policy: Policy,
    parameters: Mapping[str, Sequence[Any]],
    *,
    objective: str = "cost",
    subject: Sequence[Limit] = (),
    replications: int = 24,
    seed: int = 0,
    processes: int = 1,
    progress: Callable[[int, int], object] | None = None,
) -> Tuned:
    """Search the policies that ``parameters`` span for the one with the least ``objective`` within limits.

    Successive halving over replications: every candidate runs four times, the better half twice as often, and so on up to ``replications``. Candidates that break a limit rank
    behind all that keep it. All meet the same traffic, luck and worlds.

    Args:
        trace: What was asked.
        catalog: The endpoints.
        world: How they behave.
        policy: What the candidates have in common.
        parameters: Paths into the policy and the values to try, such as ``{"balance.price": [0, 1, 2]}``.
        objective: The figure to make small: ``cost``, ``total``, ``ttft.p90`` and the like.
        subject: What must be kept.
        replications: Runs of those that are tried to the end.
        seed: The same seed gives the same search.
        processes: Runs side by side; the result is the same for any number.
        progress: Called with (done, total) requests of a round.

    Returns:
        The best policy's name, and the report of the last round.

    Raises:
        SimulationError: A figure or path that is none, no candidates or more than 500, or inputs that do not fit together.

    Example:
        >>> from routecore import Catalog
        >>> from routecore.simulate import Policy, World, generate, steady, tune
        >>> catalog = Catalog.from_mapping({"endpoints": [
        ...     {"model": "a/b", "provider": "cheap", "pricing": {"prompt": "0.000001", "completion": "0.000002"}},
        ...     {"model": "a/b", "provider": "dear", "pricing": {"prompt": "0.000003", "completion": "0.000006"}}]})
        >>> found = tune(generate(100, ["a/b"]), catalog, World({}, steady()), Policy("p"), {"balance.price": [0, 20]}, replications=4)
        >>> found.best
        'p balance.price=20'
    """
    wanted = figure_of(objective)
    candidates = [policy]
    for path, values in parameters.items():
        candidates = [one.having(path, value) for one, value in product(candidates, values)]
    if not parameters or not 1 <= len(candidates) <= _MOST_CANDIDATES:
        raise SimulationError([Fault("parameters", dict(parameters), f"parameters that span 1 to {_MOST_CANDIDATES} policies")])
    rounds = []
    tried = len(candidates)
    runs = min(_FIRST_RUNS, replications)
    while True:
        rounds.append((len(candidates), runs))
        report = simulate(trace, catalog, world, candidates, seed=seed, changes=False, replications=runs, processes=processes, progress=progress)
        ranked = sorted(report.results, key=lambda one: _rank(one, wanted, subject))
        if report.partial or (runs >= replications and len(candidates) <= 2) or len(candidates) == 1 or runs >= replications:
            first = ranked[0]
            kept = all(limit.holds(first.figures()) for limit in subject)
            return Tuned(first.name if kept else None, report, tried, tuple(rounds))
        names = {one.name for one in ranked[: max(1, (len(ranked) + 1) // 2)]}
        candidates = [one for one in candidates if one.name in names]
        runs = min(2 * runs, replications)


def _rank(one: Result, wanted: str, subject: Sequence[Limit]) -> tuple[int, float]:
    figures = one.figures()
    value = figures[wanted]
    sign = -1.0 if wanted in {"success_rate", "first_success_rate", "cached_share", "cache_saved_per_request"} else 1.0
    return sum(not limit.holds(figures) for limit in subject), float("inf") if value is None else sign * value


def tornado(
    trace: Trace,
    catalog: Catalog,
    world: World,
    policies: Sequence[Policy],
    *,
    objective: str = "cost",
    seed: int = 0,
) -> list[dict[str, Any]]:
    """Return what each single assumption does to the choice between two policies, the largest swing first.

    Of each endpoint that served, latency is doubled and halved, speed likewise, and its error rate multiplied by five; each time both policies run again. A row has
    ``assumption``, the ``difference`` of the objective (second policy minus first) as it then is, the ``swing`` from what it was, and whether that ``flips`` the choice.

    Args:
        trace: What was asked.
        catalog: The endpoints.
        world: How they behave, as it is assumed.
        policies: Two, between which to choose.
        objective: The figure that the choice is made by: ``cost``, ``ttft``, ``total_p90`` and the like.
        seed: The same seed gives the same luck to every run.

    Returns:
        A mapping for each assumption, the largest swing first.

    Raises:
        SimulationError: As ``simulate`` does, and for other than two policies.

    Example:
        >>> from routecore import Catalog
        >>> from routecore.simulate import Policy, World, generate, steady
        >>> catalog = Catalog.from_mapping({"endpoints": [{"model": "a/b", "provider": p, "pricing": {"prompt": "1e-6", "completion": "1e-6"}} for p in "xy"]})
        >>> world = World({"a/b@x": steady(ttft=1.0), "a/b@y": steady(ttft=1.5)})
        >>> rows = tornado(generate(50, ["a/b"]), catalog, world, [Policy("x", provider={"only": ["x"]}), Policy("y", provider={"only": ["y"]})], objective="ttft")
        >>> [row["assumption"] for row in rows if row["flips"]]
        ['latency of a/b@x times 2', 'latency of a/b@y times 0.5']
    """
    if len(policies) != 2:
        raise SimulationError([Fault("policies", len(policies), "two policies, between which to choose")])
    wanted = figure_of(objective)

    def run(there: World) -> tuple[float, set[str]]:
        report = simulate(trace, catalog, there, policies, seed=seed, replicates=0, changes=False)
        one, two = (result.figures()[wanted] for result in report.results)
        served = {key for result in report.results for key in result.summary.shares}
        return (two or 0.0) - (one or 0.0), served

    plain, served = run(world)
    rows = []
    for key in sorted(served):
        behaviour = world.of(key)
        assert behaviour is not None
        for words, changed in _changed(behaviour):
            difference, _ = run(world.changed({key: changed}))
            rows.append({"assumption": words.format(key), "difference": difference, "swing": difference - plain, "flips": difference * plain < 0})
    return sorted(rows, key=lambda row: -abs(float(row["swing"])))


def _changed(behaviour: Behaviour) -> list[tuple[str, Behaviour]]:
    """Return the behaviours that single assumptions would make of one, each with its words."""
    found = [(f"latency of {{}} times {factor:g}", attrs.evolve(behaviour, ttft=behaviour.ttft.times(factor))) for factor in (2.0, 0.5)]
    found += [
        (f"speed of {{}} times {factor:g}", attrs.evolve(behaviour, tokens_per_second=behaviour.tokens_per_second.times(factor))) for factor in (2.0, 0.5)
    ]
    if behaviour.error_rate:
        found.append(("errors of {} times 5", attrs.evolve(behaviour, error_rate=min(5 * behaviour.error_rate, 1.0))))
    return found
