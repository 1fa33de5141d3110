"""Sweeps: one parameter of a policy tried at many values, on one trace in one world, and drawn as a frontier."""

from __future__ import annotations

import json
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

from routecore.errors import Fault, SimulationError
from routecore.simulate.engines.batch import batch
from routecore.simulate.engines.closed_loop import run_policy
from routecore.simulate.engines.inputs import bucket_seconds, check_inputs
from routecore.simulate.engines.names import RUNNING
from routecore.simulate.engines.simulate import report_of, simulate
from routecore.simulate.engines.workers import run_tasks
from routecore.simulate.report.report import Result
from routecore.simulate.report.summary import REPLICATES, Summary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from routecore.catalog.catalog import Catalog
    from routecore.simulate.policy import Policy
    from routecore.simulate.report.report import Report
    from routecore.simulate.traces.trace import Trace
    from routecore.simulate.world.world import World

__all__ = ["read_parameter", "sweep"]

_MOST_VALUES: Final = 1_000
PARAMETER_EXPECTED: Final = "a parameter and its values, such as balance.price=0:4:9 (from, to, how many) or sticky=documented,off"


def read_parameter(text: str) -> tuple[str, list[Any]]:
    """Return a parameter's path and the values to try from the text of a command line. Raises ``SimulationError``.

    ``NAME=FROM:TO:COUNT`` gives ``COUNT`` values evenly from one to the other, both included; ``NAME=A,B,C`` those, each as JSON if it is, else as text.

    >>> read_parameter("balance.price=0:4:9")[1]
    [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0]
    >>> read_parameter("sticky=documented,off")
    ('sticky', ['documented', 'off'])
    """
    name, equals, values = text.partition("=")
    fault = Fault("parameter", text, PARAMETER_EXPECTED)
    if not equals or not name.strip() or not values.strip():
        raise SimulationError([fault])
    if values.count(":") == 2 and "," not in values:
        try:
            start, stop, count = float(values.split(":")[0]), float(values.split(":")[1]), int(values.split(":")[2])
        except ValueError:
            raise SimulationError([fault]) from None
        if not isfinite(start) or not isfinite(stop) or not 2 <= count <= _MOST_VALUES:
            raise SimulationError([Fault("parameter", text, f"{PARAMETER_EXPECTED}, finite, 2 to {_MOST_VALUES:,} values")])
        # from both ends, so that the last is the one that was written; rounded to what people would have written
        return name.strip(), [float(f"{(start * (count - 1 - place) + stop * place) / (count - 1):.12g}") for place in range(count)]
    found = [_value(one.strip()) for one in values.split(",")]
    return name.strip(), found


def _value(text: str) -> Any:  # noqa: ANN401 - JSON, or text
    try:
        return json.loads(text)
    except ValueError:
        return text


def sweep(
    trace: Trace,
    catalog: Catalog,
    world: World,
    policy: Policy,
    parameter: str,
    values: Sequence[Any],
    *,
    engine: str = "closed",
    seed: int = 0,
    start_epoch: float | None = None,
    replicates: int = REPLICATES,
    processes: int = 1,
    strict: bool = False,
    sources: Iterable[str] = (),
    replications: int | None = None,
    precision: float | None = None,
    enough: Callable[[], bool] | None = None,
    cold: bool = False,
    progress: Callable[[int, int], object] | None = None,
) -> Report:
    """Run the policy at every value of one parameter and return the report; its first result, the baseline, is the first value.

    A ``KeyboardInterrupt`` stops: the values that are done are in the report, which says that it is partial.

    Args:
        trace: What was asked.
        catalog: The endpoints.
        world: How they behave.
        policy: What the parameter is changed in.
        parameter: A path into the policy: ``balance.price``, ``sticky``, ``provider.sort``, ``health.cooldown_seconds``.
        values: What it becomes, in order.
        engine: ``closed``, the real router, or ``batch``, first choices on frozen statistics.
        seed: The same seed gives the same run.
        start_epoch: The wall clock at second 0, in seconds since the epoch, for prices with time windows.
        replicates: Resamplings for the intervals of one run.
        processes: Values side by side; the result is the same for any number.
        strict: Refuse a trace that asks for models that the catalog does not know; else they are counted.
        sources: Where catalog and others come from, for the report.
        replications: Of the closed loop, as ``simulate`` has it.
        precision: Likewise.
        enough: Likewise.
        cold: Likewise.
        progress: Called with (done, total) requests, over all values.

    Returns:
        The report.

    Raises:
        SimulationError: No policy has such a path or value, or the inputs do not fit together; raised before anything runs.

    Example:
        >>> from routecore import Catalog
        >>> from routecore.simulate import Policy, World, generate, steady, sweep
        >>> catalog = Catalog.from_mapping({"endpoints": [
        ...     {"model": "a/b", "provider": "cheap", "pricing": {"prompt": "0.000001", "completion": "0.000002"}},
        ...     {"model": "a/b", "provider": "dear", "pricing": {"prompt": "0.000003", "completion": "0.000006"}}]})
        >>> report = sweep(generate(500, ["a/b"]), catalog, World({}, steady()), Policy("p"), "balance.price", [0, 20], engine="batch")
        >>> report.parameter, [(one.value, round(one.summary.shares["a/b@cheap"], 1)) for one in report.results]
        ('balance.price', [(0, 0.5), (20, 1.0)])
    """
    faults: list[Fault] = []
    if engine not in RUNNING:
        faults.append(Fault("engine", engine, f"one of {', '.join(RUNNING)}"))
    if not values:
        faults.append(Fault("values", values, "at least one value"))
    policies = []
    for value in values:
        try:
            policies.append(policy.having(parameter, value))
        except SimulationError as error:
            faults += error.faults
    if faults:
        raise SimulationError(list(dict.fromkeys(faults)))
    if engine == "batch":
        report = batch(
            trace,
            catalog,
            world,
            policies,
            seed=seed,
            start_epoch=start_epoch,
            replicates=replicates,
            processes=processes,
            strict=strict,
            sources=sources,
            progress=progress,
        )
    elif replications is not None or precision is not None:
        report = simulate(
            trace,
            catalog,
            world,
            policies,
            seed=seed,
            start_epoch=start_epoch,
            strict=strict,
            changes=False,
            sources=sources,
            cold=cold,
            replications=replications,
            precision=precision,
            enough=enough,
            processes=processes,
            progress=progress,
        )
    else:
        report = _closed(trace, catalog, world, policies, seed, start_epoch, replicates, processes, sources, progress, strict=strict, cold=cold)
    report.parameter = parameter
    for one in report.results:
        one.value = values[[policy.name for policy in policies].index(one.name)]
    return report


def _closed(
    trace: Trace,
    catalog: Catalog,
    world: World,
    policies: Sequence[Policy],
    seed: int,
    start_epoch: float | None,
    replicates: int,
    processes: int,
    sources: Iterable[str],
    progress: Callable[[int, int], object] | None,
    *,
    strict: bool,
    cold: bool,
) -> Report:
    check_inputs(trace, catalog, world, policies, strict=strict)
    bucket_s = bucket_seconds(trace)

    def work(place: int, told: Callable[[int], object]) -> Result:
        counted = 0

        def step(done: int) -> None:
            nonlocal counted
            told(done - counted)
            counted = done

        policy = policies[place]
        run = run_policy(
            trace,
            catalog,
            world,
            policy,
            seed=seed,
            start_epoch=start_epoch,
            bucket_s=bucket_s,
            replicates=replicates,
            keep_choices=False,
            cold=cold,
            progress=step,
        )
        return _Finished(policy.name, policy.to_mapping(), run.summary, None, run.done, run.partial, run.coolings, run.unpriced)

    found, _ = run_tasks(work, range(len(policies)), processes, progress, len(trace) * len(policies))
    results: list[Result] = [one for _, one in found]
    if not results:
        # stopped before any value was done: the report still says what it was going to be about
        results.append(Result(policies[0].name, policies[0].to_mapping(), Summary(bucket_s=bucket_s, replicates=replicates), None, 0, partial=True))
    report = report_of(trace, catalog, world, policies, results, seed=seed, start_epoch=start_epoch, sources=sources, cold=cold)
    if len(results) < len(policies):
        report.notes.append(f"stopped: {len(results)} of {len(policies)} values are here")
    return report


class _Finished(Result):
    """A result that ends the sweep if it was stopped."""

    @property
    def interrupted(self) -> bool:
        """Whether the run was stopped before its end."""
        return self.partial
