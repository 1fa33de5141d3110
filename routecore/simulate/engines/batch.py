"""The batch engine: whole traces decided with NumPy against frozen statistics, and the world asked what came of every first attempt.

A part of the work is some chunks of the trace, and gives a ``Part``; parts add up to the same whatever the cut, in one process or in many.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, Protocol

import attrs

from routecore.simulate.engines.assumptions import assumed_of, batch_assumptions, notes_of, sources_of
from routecore.simulate.engines.batch_decider import Decider
from routecore.simulate.engines.batch_outcomes import Outcomes, price_changes
from routecore.simulate.engines.inputs import bucket_seconds, check_inputs, last_second
from routecore.simulate.engines.workers import run_tasks, uninterrupted
from routecore.simulate.report.report import Report, Result
from routecore.simulate.report.summary import REPLICATES, Summary
from routecore.simulate.world.frozen import WorldFacts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from routecore.catalog.catalog import Catalog
    from routecore.routing.facts import Facts
    from routecore.simulate.policy import Policy
    from routecore.simulate.traces.trace import Trace
    from routecore.simulate.world.world import World

__all__ = ["Job", "Part", "batch"]

_TASKS_A_PROCESS: Final = 4


@attrs.define
class Part:
    """What some chunks came to under one policy. ``a.merge(b)`` is associative and commutative."""

    summary: Summary
    unpriced: int = 0
    interrupted: bool = False

    def merge(self, other: Part) -> Part:
        """Return what both came to."""
        return Part(self.summary.merge(other.summary), self.unpriced + other.unpriced, self.interrupted or other.interrupted)


@attrs.frozen
class Job:
    """Everything that running some chunks under a policy needs: hand it to any process that can have the trace."""

    trace: Trace
    catalog: Catalog
    world: World
    policy: Policy
    seed: int = 0
    bucket_s: float = 300.0
    start_epoch: float | None = None
    facts: Facts | None = None
    report_bucket_s: float = 60.0
    replicates: int = REPLICATES

    def run(self, first: int, last: int, told: Callable[[int], object] | None = None) -> Part:
        """Run the chunks from ``first`` up to, not including, ``last``; ``told(requests)`` hears of each chunk that is done."""
        routed = self.policy.catalog_of(self.catalog)
        facts = WorldFacts(self.world, [endpoint.id for endpoint in routed]) if self.facts is None else self.facts
        changes = price_changes(self.world, routed)
        decider = Decider(
            self.catalog, self.policy, self.trace.names, facts, seed=self.seed, bucket_s=self.bucket_s, start_epoch=self.start_epoch, changes=changes
        )
        # statistics are the long run's; what comes of an attempt is this run's bursts
        lived = self.world.unfolded(self.seed, last_second(self.trace) + 1.0, [one.id for one in (*self.catalog, *routed)])
        outcomes = Outcomes(lived, self.catalog, self.policy, decider, seed=self.seed, start_epoch=self.start_epoch)
        summary = Summary(bucket_s=self.report_bucket_s, replicates=self.replicates)
        interrupted = False
        try:
            for index in range(first, last):
                chunk = self.trace.chunk(index)
                columns = outcomes.columns(chunk, decider.decide(chunk))
                with uninterrupted():
                    summary.add(columns, decider.codes.endpoints)
                    outcomes.keep()
                if told is not None:
                    told(len(chunk))
        except KeyboardInterrupt:
            interrupted = True
        kept = outcomes.kept
        for code, endpoint_id in enumerate(decider.codes.endpoints):
            if kept.attempts[code]:
                summary.count_attempts(endpoint_id, kept.attempts[code], kept.failures[code])
        summary.outcomes = {kind: count for kind, count in kept.kinds.items() if count}
        summary.rejections = kept.rejections
        for error, count in kept.errors.items():
            summary.counts[error] += count
        return Part(summary, kept.unpriced, interrupted)


class Runner(Protocol):
    """Runs the parts of a batch elsewhere, such as on a cluster (``routecore.adapters.dask.Cluster``); ``parts`` is into how many the trace is cut for it."""

    parts: int

    def __call__(
        self,
        work: Callable[[Any, Callable[[int], object]], Any],
        tasks: Sequence[Any],
        processes: int = 1,
        progress: Callable[[int, int], object] | None = None,
        total: int = 0,
    ) -> tuple[list[tuple[Any, Any]], bool]:
        """Return (task, result) of every task that was finished, in their order, and whether the others were stopped."""
        ...


def batch(
    trace: Trace,
    catalog: Catalog,
    world: World,
    policies: Sequence[Policy],
    *,
    seed: int = 0,
    bucket_s: float = 300.0,
    facts: Facts | None = None,
    start_epoch: float | None = None,
    replicates: int = REPLICATES,
    processes: int = 1,
    runner: Runner | None = None,
    strict: bool = False,
    sources: Iterable[str] = (),
    progress: Callable[[int, int], object] | None = None,
) -> Report:
    """Decide the whole trace under every policy, ask the world what came of the first attempts, and return the report. The first policy is the baseline.

    A ``KeyboardInterrupt`` stops: the report holds what is done, and says that it is partial.

    Args:
        trace: What was asked.
        catalog: The endpoints.
        world: How they behave.
        policies: What to compare, the baseline first.
        seed: The same seed gives the same run.
        bucket_s: Statistics are looked at every so many seconds.
        facts: Statistics that hold throughout; without, the world's own.
        start_epoch: The wall clock at second 0, in seconds since the epoch, for prices with time windows.
        replicates: Resamplings for the intervals.
        processes: How many work side by side; the result is the same for any number.
        runner: Runs the parts elsewhere, such as on a Dask cluster; the result is the same.
        strict: Refuse a trace that asks for models that the catalog does not know; else they are counted.
        sources: Where catalog and others come from, for the report.
        progress: Called with (done, total) requests, over all policies.

    Returns:
        The report.

    Raises:
        SimulationError: The inputs do not fit together; raised before anything runs.

    Example:
        >>> from routecore import Catalog
        >>> from routecore.simulate import Policy, World, batch, generate, steady
        >>> catalog = Catalog.from_mapping({"endpoints": [
        ...     {"model": "a/b", "provider": "cheap", "pricing": {"prompt": "0.000001", "completion": "0.000002"}},
        ...     {"model": "a/b", "provider": "dear", "pricing": {"prompt": "0.000003", "completion": "0.000006"}}]})
        >>> report = batch(generate(1_000, ["a/b"]), catalog, World({}, steady()), [Policy("balance"), Policy("cheap", provider={"sort": "price"})])
        >>> report.engine, report.results[1].summary.shares
        ('batch', {'a/b@cheap': 1.0})
    """
    check_inputs(trace, catalog, world, policies, strict=strict)
    report_bucket_s = bucket_seconds(trace)
    jobs = [Job(trace, catalog, world, policy, seed, bucket_s, start_epoch, facts, report_bucket_s, replicates) for policy in policies]
    parts = runner.parts if runner is not None else 1 if processes == 1 else processes * _TASKS_A_PROCESS
    cuts = _cuts(trace.count, parts)
    # one process goes on with its rankings from chunk to chunk; many get parts to share out
    tasks = [(place, first, last) for place in range(len(jobs)) for first, last in cuts]
    run = run_tasks if runner is None else runner
    found, interrupted = run(lambda task, told: jobs[task[0]].run(task[1], task[2], told), tasks, processes, progress, len(trace) * len(policies))
    results = []
    for place, policy in enumerate(policies):
        part = Part(Summary(bucket_s=report_bucket_s, replicates=replicates))
        for task, one in found:
            if task[0] == place:
                part = part.merge(one)
        results.append(
            Result(
                policy.name,
                policy.to_mapping(),
                part.summary,
                None,
                part.summary.counts["requests"],
                part.summary.counts["requests"] < len(trace),
                None,
                part.unpriced,
            )
        )
    report = Report(
        "batch",
        trace.to_dict(),
        results,
        len(trace),
        seed,
        batch_assumptions(trace, policies, bucket_s, given=facts is not None),
        sources_of(trace, world, sources),
    )
    report.assumed = assumed_of(world, [policy.catalog_of(catalog) for policy in policies])
    report.notes += notes_of(report)
    if interrupted:
        report.notes.append("the run was stopped before its end")
    return report


def _cuts(chunks: int, parts: int) -> list[tuple[int, int]]:
    """Return ``parts`` (at most ``chunks``) ranges of chunks, as even as can be.

    >>> _cuts(5, 2)
    [(0, 2), (2, 5)]
    """
    parts = max(1, min(parts, chunks))
    edges = [chunks * place // parts for place in range(parts + 1)]
    return list(pairwise(edges))
