"""Replicated runs of the closed loop: for each replication other traffic, other luck and another world, the same for every policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from routecore.errors import Fault, SimulationError
from routecore.simulate.engines.closed_loop import run_policy
from routecore.simulate.engines.workers import run_tasks
from routecore.simulate.noise import GOLDEN, mix
from routecore.simulate.report.replications import Replications
from routecore.simulate.report.summary import Summary

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from routecore.catalog.catalog import Catalog
    from routecore.simulate.policy import Policy
    from routecore.simulate.traces.trace import Trace
    from routecore.simulate.world.world import World

__all__ = ["Replicated", "Seeds", "replicate", "seeds_of"]

WATCHED: Final = ("cost_per_request", "ttft_mean", "total_mean")
"""Figures whose intervals a precision asks to be narrow."""
_FIRST_BLOCKS: Final = 6
_MOST_BLOCKS: Final = 250
_MOST_ROWS: Final = 5_000_000


class Seeds(NamedTuple):
    """What one replication draws from: ``traffic`` (``None``: the trace as it is), ``luck``, ``world`` (``None``: the world as it is)."""

    traffic: int | None
    luck: int
    world: int | None


class Replicated(NamedTuple):
    """Every policy's replications and the summary of all its runs together; whether it was stopped; what is to be said."""

    runs: list[Replications]
    summaries: list[Summary]
    unpriced: list[int]
    coolings: list[int]
    interrupted: bool
    notes: list[str]


def seeds_of(seed: int, block: int, *, doubted: bool) -> list[Seeds]:
    """Return the seeds of one block's runs: its own; with another luck; and, of a doubted world, with another world.

    >>> one, two, three = seeds_of(0, 4, doubted=True)
    >>> one.traffic == two.traffic == three.traffic, one.luck == three.luck != two.luck, one.world == two.world != three.world
    (True, True, True)
    """
    traffic, luck, other_luck, world, other_world = (mix(seed + (8 * block + place + 1) * GOLDEN) for place in range(5))
    first = Seeds(traffic, luck, world if doubted else None)
    return [first, first._replace(luck=other_luck), *([first._replace(world=other_world)] if doubted else [])]


def replicate(
    trace: Trace,
    catalog: Catalog,
    world: World,
    policies: Sequence[Policy],
    *,
    replications: int | None,
    precision: float | None = None,
    enough: Callable[[], bool] | None = None,
    seed: int = 0,
    start_epoch: float | None = None,
    bucket_s: float = 60.0,
    cold: bool = False,
    processes: int = 1,
    progress: Callable[[int, int], object] | None = None,
) -> Replicated:
    """Run every policy ``replications`` times (rounded up to whole blocks of two, or of three where the world is in doubt).

    With a ``precision`` (a share) more are added until the intervals of cost, first and last token of every policy are that narrow to either side, ``enough()`` says
    that time is up, or nothing but traffic and world are left to narrow. Raises ``SimulationError`` for numbers that cannot be.
    """
    _check(trace, replications, precision)
    doubted = world.doubted
    size = 3 if doubted else 2
    wanted = _FIRST_BLOCKS if replications is None else max(2, -(-replications // size))
    ids = [one.id for one in catalog] + [one.id for policy in policies for one in policy.catalog_of(catalog)]

    def work(task: tuple[int, int, int], told: Callable[[int], object]) -> tuple[Summary, int, int, bool]:
        block, run, place = task
        seeds = seeds_of(seed, block, doubted=doubted)[run]
        traffic = trace if seeds.traffic is None else trace.resampled(seeds.traffic)
        there = world if seeds.world is None else world.sampled(seeds.world, ids)
        told_before = 0

        def step(done: int) -> None:
            nonlocal told_before
            told(done - told_before)
            told_before = done

        found = run_policy(
            traffic,
            catalog,
            there,
            policies[place],
            seed=seeds.luck,
            start_epoch=start_epoch,
            bucket_s=bucket_s,
            replicates=0,
            keep_choices=False,
            cold=cold,
            progress=step,
        )
        return found.summary, found.unpriced, found.coolings, found.partial

    blocks: list[list[list[dict[str, float | None]]]] = [[] for _ in policies]
    merged = [Summary(bucket_s=bucket_s, replicates=0) for _ in policies]
    unpriced, coolings = [0] * len(policies), [0] * len(policies)
    notes: list[str] = []
    done = 0
    interrupted = False
    while not interrupted and done < wanted:
        tasks = [(block, run, place) for block in range(done, wanted) for run in range(size) for place in range(len(policies))]
        before = done * size * len(policies) * len(trace)
        total = wanted * size * len(policies) * len(trace)
        found, interrupted = run_tasks(work, tasks, processes, _after(progress, before, total), total)
        whole = {task: one for task, one in found if not one[3]}
        interrupted = interrupted or any(one[3] for _, one in found)
        for block in range(done, wanted):
            if not all((block, run, place) in whole for run in range(size) for place in range(len(policies))):
                break
            done = block + 1
            for place in range(len(policies)):
                runs = [whole[block, run, place] for run in range(size)]
                blocks[place].append([_figures(one[0], len(trace)) for one in runs])
                for summary, missing, cooled, _ in runs:
                    merged[place] = merged[place].merge(summary)
                    unpriced[place] += missing
                    coolings[place] += cooled
        if precision is None or interrupted:
            break
        made = [Replications(one) for one in blocks]
        wide, narrowest = _too_wide(made, precision)
        if wide is None or done >= _MOST_BLOCKS or (enough is not None and enough()):
            if wide is not None:
                notes.append(f"time was up before every interval was within {precision:.1%}: the widest is within {wide:.1%}")
            break
        if narrowest > precision:
            notes.append(
                f"traffic and world leave {narrowest:.1%} however many replications there are: a precision of {precision:.1%} cannot be had from this log"
            )
            break
        wanted = min(_MOST_BLOCKS, done + max(2, done // 2))
    return Replicated([Replications(one) for one in blocks], merged, unpriced, coolings, interrupted, notes)


def _figures(summary: Summary, requests: int) -> dict[str, float | None]:
    """Return a run's figures; totals for as many requests as the trace has."""
    found = summary.figures()
    each = found["cost_per_request"]
    return {**found, "cost_total": None if each is None else each * requests}


def _too_wide(made: Sequence[Replications], precision: float) -> tuple[float | None, float]:
    """Return the widest relative half-width above the precision (``None``: none is), and the widest that replications cannot narrow."""
    widest, narrowest = 0.0, 0.0
    for runs in made:
        for name in WATCHED:
            mean, between, least = runs.mean(name), runs.interval(name), runs.least_half(name)
            if mean and between is not None and least is not None:
                widest = max(widest, (between[1] - between[0]) / 2.0 / abs(mean))
                narrowest = max(narrowest, least / abs(mean))
    return (widest if widest > precision else None), narrowest


def _after(progress: Callable[[int, int], object] | None, before: int, total: int) -> Callable[[int, int], object] | None:
    return None if progress is None else lambda done, _: progress(min(before + done, total), total)


def _check(trace: Trace, replications: Any, precision: Any) -> None:  # noqa: ANN401 - whatever was given
    faults = []
    if replications is not None and (isinstance(replications, bool) or not isinstance(replications, int) or not 2 <= replications <= 10_000):
        faults.append(Fault("replications", replications, "a whole number from 2 to 10,000"))
    if precision is not None and (isinstance(precision, bool) or not isinstance(precision, (int, float)) or not 0 < precision < 1):
        faults.append(Fault("precision", precision, "a share above 0 and below 1, such as 0.02"))
    if len(trace) > _MOST_ROWS:
        faults.append(Fault("trace", len(trace), f"a trace of at most {_MOST_ROWS:,} requests to replicate: take the first with head()"))
    if faults:
        raise SimulationError(faults)
