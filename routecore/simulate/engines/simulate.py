"""``simulate`` and ``diff``: policies run one after the other in the same world, and compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from routecore.simulate.engines.assumptions import assumed_of, closed_assumptions, notes_of, sources_of
from routecore.simulate.engines.closed_loop import run_policy
from routecore.simulate.engines.compare import compare
from routecore.simulate.engines.inputs import bucket_seconds, check_inputs
from routecore.simulate.engines.replicate import replicate
from routecore.simulate.report.changes import Changes
from routecore.simulate.report.report import Report, Result
from routecore.simulate.report.summary import REPLICATES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from routecore.catalog.catalog import Catalog
    from routecore.simulate.engines.runs import Run
    from routecore.simulate.policy import Policy
    from routecore.simulate.traces.trace import Trace
    from routecore.simulate.world.world import World

__all__ = ["diff", "report_of", "simulate"]

_MOST_COMPARED: Final = 5_000_000


def simulate(
    trace: Trace,
    catalog: Catalog,
    world: World,
    policies: Sequence[Policy],
    *,
    seed: int = 0,
    start_epoch: float | None = None,
    replicates: int = REPLICATES,
    strict: bool = False,
    changes: bool | None = None,
    sources: Iterable[str] = (),
    cold: bool = False,
    replications: int | None = None,
    precision: float | None = None,
    enough: Callable[[], bool] | None = None,
    processes: int = 1,
    progress: Callable[[int, int], object] | None = None,
) -> Report:
    """Run every policy over the trace in the same world, with the real router, and return the report. The first policy is the baseline.

    With ``replications`` each policy runs so many times, with other traffic, other luck and (where it is in doubt) another world each, the same for every policy:
    figures are their means, and intervals come from their spread. Without, there is one run, whose intervals cannot see what requests share (windows, cooldowns,
    caches, queues): the report says "spread of one run". A ``KeyboardInterrupt`` stops: the report holds what is done, and says that it is partial.

    Args:
        trace: What was asked.
        catalog: The endpoints.
        world: How they behave.
        policies: What to compare, the baseline first.
        seed: The same seed gives the same run.
        start_epoch: The wall clock at second 0, in seconds since the epoch, for prices with time windows.
        replicates: Resamplings for the intervals of one run.
        strict: Refuse a trace that asks for models that the catalog does not know; else they are counted.
        changes: Compare first choices request by request; by default up to 5 million requests.
        sources: Where catalog and others come from; shown beside the trace's and the world's.
        cold: The router starts without statistics.
        replications: Runs of each policy.
        precision: Add replications until the intervals of cost and times are so narrow to either side, as a share (0.02) of the figure.
        enough: Stop adding when this returns true.
        processes: Replications side by side; the result is the same for any number.
        progress: Called with (done, total) every few thousand requests, over all policies.

    Returns:
        The report.

    Raises:
        SimulationError: The inputs do not fit together; raised before anything runs.

    Example:
        >>> from routecore import Catalog
        >>> from routecore.simulate import Policy, World, generate, simulate, steady
        >>> catalog = Catalog.from_mapping({"endpoints": [
        ...     {"model": "a/b", "provider": "cheap", "pricing": {"prompt": "0.000001", "completion": "0.000002"}},
        ...     {"model": "a/b", "provider": "dear", "pricing": {"prompt": "0.000003", "completion": "0.000006"}}]})
        >>> world = World({"a/b@cheap": steady(ttft=2.0), "a/b@dear": steady(ttft=0.2)})
        >>> report = simulate(generate(200, ["a/b"]), catalog, world, [Policy("balance"), Policy("fast", provider={"sort": "price"})])
        >>> report.results[1].summary.shares
        {'a/b@cheap': 1.0}
    """
    check_inputs(trace, catalog, world, policies, strict=strict)
    keep = len(policies) > 1 and len(trace) <= _MOST_COMPARED if changes is None else changes
    bucket = bucket_seconds(trace)
    if replications is not None or precision is not None:
        return _replicated(
            trace,
            catalog,
            world,
            policies,
            replications,
            precision,
            enough,
            seed,
            start_epoch,
            bucket,
            processes,
            sources=sources,
            progress=progress,
            cold=cold,
            changes=keep,
        )
    total = len(trace) * len(policies)
    runs: list[Run] = []
    for place, policy in enumerate(policies):
        told = None if progress is None else _told(progress, place * len(trace), total)
        run = run_policy(
            trace,
            catalog,
            world,
            policy,
            seed=seed,
            start_epoch=start_epoch,
            bucket_s=bucket,
            replicates=replicates,
            keep_choices=keep,
            cold=cold,
            progress=told,
        )
        runs.append(run)
        if run.partial:
            break
    results = []
    for run in runs:
        found = compare(runs[0], run) if keep and run is not runs[0] else None
        results.append(Result(run.policy.name, run.policy.to_mapping(), run.summary, found, run.done, run.partial, run.coolings, run.unpriced))
    return report_of(trace, catalog, world, policies, results, seed=seed, start_epoch=start_epoch, sources=sources, cold=cold)


def _replicated(
    trace: Trace,
    catalog: Catalog,
    world: World,
    policies: Sequence[Policy],
    replications: int | None,
    precision: float | None,
    enough: Callable[[], bool] | None,
    seed: int,
    start_epoch: float | None,
    bucket_s: float,
    processes: int,
    *,
    sources: Iterable[str],
    progress: Callable[[int, int], object] | None,
    cold: bool,
    changes: bool,
) -> Report:
    found = replicate(
        trace,
        catalog,
        world,
        policies,
        replications=replications,
        precision=precision,
        enough=enough,
        seed=seed,
        start_epoch=start_epoch,
        bucket_s=bucket_s,
        cold=cold,
        processes=processes,
        progress=progress,
    )
    compared: list[Changes | None] = [None] * len(policies)
    if changes and len(policies) > 1 and not found.interrupted:
        # request by request on the trace as it is, once
        runs = [run_policy(trace, catalog, world, one, seed=seed, start_epoch=start_epoch, bucket_s=bucket_s, replicates=0, cold=cold) for one in policies]
        compared = [None, *(compare(runs[0], run) for run in runs[1:])]
    results = []
    for place, policy in enumerate(policies):
        runs_of = found.runs[place]
        done = len(trace) if runs_of.count else 0
        results.append(
            Result(
                policy.name,
                policy.to_mapping(),
                found.summaries[place],
                compared[place],
                done,
                found.interrupted,
                round(found.coolings[place] / max(runs_of.count, 1)),
                found.unpriced[place],
                runs=runs_of,
            )
        )
    report = report_of(trace, catalog, world, policies, results, seed=seed, start_epoch=start_epoch, sources=sources, cold=cold)
    report.notes += found.notes
    return report


def report_of(
    trace: Trace,
    catalog: Catalog,
    world: World,
    policies: Sequence[Policy],
    results: list[Result],
    *,
    seed: int,
    start_epoch: float | None = None,
    sources: Iterable[str] = (),
    cold: bool = False,
) -> Report:
    """Return the report of closed-loop results, with everything that they assume, where it all comes from and what was odd."""
    assumptions = closed_assumptions(trace, catalog, world, policies, start_epoch, cold=cold, replicated=any(one.runs is not None for one in results))
    report = Report("closed", trace.to_dict(), results, len(trace), seed, assumptions, sources_of(trace, world, sources))
    report.assumed, report.cold = assumed_of(world, [policy.catalog_of(catalog) for policy in policies]), cold
    report.notes += notes_of(report)
    return report


def diff(
    trace: Trace, catalog: Catalog, world: World, before: Policy, after: Policy, *, seed: int = 0, progress: Callable[[int, int], object] | None = None
) -> Changes:
    """Return which requests one policy sends elsewhere first than another does, and why each.

    Args:
        trace: What was asked.
        catalog: The endpoints.
        world: How they behave.
        before: The policy that is compared with.
        after: The other policy.
        seed: The same seed gives the same run.
        progress: Called with (done, total) requests.

    Returns:
        How many requests change, the reasons, the moves, and examples.

    Raises:
        SimulationError: The inputs do not fit together.

    Example:
        >>> from routecore import example_catalog, example_facts
        >>> from routecore.simulate import Policy, World, generate
        >>> trace, world = generate(50, ["z-ai/glm-4.7"], seed=1), World.from_stats(example_facts())
        >>> found = diff(trace, example_catalog(), world, Policy("now"), Policy("now too"))
        >>> found.changed, found.compared
        (0, 50)
    """
    report = simulate(trace, catalog, world, [before, after], seed=seed, replicates=0, changes=True, progress=progress)
    found = report.results[-1].changes
    return Changes(0, 0, {}, {}, []) if found is None else found


def _told(progress: Callable[[int, int], object], before: int, total: int) -> Callable[[int], object]:
    return lambda done: progress(before + done, total)
