"""``simulate`` and ``diff``: policies run one after the other in the same world, and compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from routecore.errors import Fault, SimulationError
from routecore.request.body import SUFFIX_SORT
from routecore.simulate.engines.closed_loop import run_policy
from routecore.simulate.engines.compare import Changes, compare
from routecore.simulate.policy import ESTIMATES
from routecore.simulate.report.report import Report, Result
from routecore.simulate.report.summary import REPLICATES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from routecore.catalog.catalog import Catalog
    from routecore.simulate.engines.runs import Run
    from routecore.simulate.policy import Policy
    from routecore.simulate.traces.trace import Trace
    from routecore.simulate.world.world import World

__all__ = ["bucket_seconds", "check_inputs", "diff", "report_of", "simulate"]

_MOST_COMPARED: Final = 5_000_000
_BUCKETS: Final = (1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 10_800.0, 86_400.0)

ASSUMPTIONS: Final = (
    "arrivals are the trace's and react to nothing: a session's next turn comes when it came, however fast the one before was served",
    "a request has the same tokens wherever it is served; time to first token does not depend on the prompt's length",
    "latency, throughput and failures of an attempt depend on (request, endpoint, try) alone: every policy meets the same ones",
    "the router starts without statistics, pins and cooldowns, and measures its own while the trace runs",
    "a session's cached prefix is read at the cache price where the same attempt served its last turn within the cache's lifetime",
    "cache writes are billed where the price card has a price for them, as if every prompt of a session were marked for caching",
    "failed attempts charge nothing (insured); the provider bills the prompt of those it failed on, and nothing of those it refused",
    "intervals are 95 %, from a bootstrap over sessions (over requests without one): they speak of this traffic in this world, not of what the world has wrong",
    "times are served requests' times from arrival, failed attempts and waits included; without streaming the first token is the last",
)


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
    progress: Callable[[int, int], object] | None = None,
) -> Report:
    """Run every policy over the trace in the same world, with the real router, and return the report. The first policy is the baseline.

    ``sources`` say where catalog and others come from; they are shown beside the trace's and the world's. ``start_epoch``: the wall clock at second 0, for prices with
    time windows. ``strict`` refuses a trace that asks for models that the catalog does not know; else they are counted. ``changes``: compare first choices request by
    request (by default up to 5 million requests). ``progress(done, total)`` is called every few thousand requests, over all policies.
    A ``KeyboardInterrupt`` stops: the report holds what is done, and says that it is partial.

    Raises ``SimulationError`` for inputs that do not fit together, before anything runs.

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
    total = len(trace) * len(policies)
    runs: list[Run] = []
    for place, policy in enumerate(policies):
        told = None if progress is None else _told(progress, place * len(trace), total)
        run = run_policy(
            trace, catalog, world, policy, seed=seed, start_epoch=start_epoch, bucket_s=bucket, replicates=replicates, keep_choices=keep, progress=told
        )
        runs.append(run)
        if run.partial:
            break
    results = []
    for run in runs:
        found = compare(runs[0], run) if keep and run is not runs[0] else None
        results.append(Result(run.policy.name, run.policy.to_mapping(), run.summary, found, run.done, run.partial, run.coolings, run.unpriced))
    return report_of(trace, catalog, world, policies, results, seed=seed, start_epoch=start_epoch, sources=sources)


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
) -> Report:
    """Return the report of closed-loop results, with everything that they assume, where it all comes from and what was odd."""
    assumptions = _assumptions(trace, catalog, world, policies, start_epoch)
    report = Report("closed", trace.to_dict(), results, len(trace), seed, assumptions, _sources(trace, world, sources))
    report.notes += _notes(report)
    return report


def diff(
    trace: Trace, catalog: Catalog, world: World, before: Policy, after: Policy, *, seed: int = 0, progress: Callable[[int, int], object] | None = None
) -> Changes:
    """Return which requests ``after`` sends elsewhere first than ``before`` does, and why each. Raises as ``simulate`` does."""
    report = simulate(trace, catalog, world, [before, after], seed=seed, replicates=0, changes=True, progress=progress)
    found = report.results[-1].changes
    return Changes(0, 0, {}, {}, []) if found is None else found


def check_inputs(trace: Trace, catalog: Catalog, world: World | None, policies: Sequence[Policy], *, strict: bool) -> None:
    """Raise ``SimulationError`` with every reason why these inputs cannot be run: before minutes of work, not after."""
    faults: list[Fault] = []
    if not policies:
        faults.append(Fault("policies", [], "at least one policy"))
    names = [policy.name for policy in policies]
    faults += [Fault("policies", name, "a name of one policy alone") for name in dict.fromkeys(names) if names.count(name) > 1]
    if not len(trace):
        faults.append(Fault("trace", trace.source, "a trace with at least one request"))
    unknown = [name for name in trace.names.models if not _known(name, catalog)]
    if unknown and (strict or len(unknown) == len(trace.names.models)):
        faults += [Fault("trace.model", name, "a model of the catalog") for name in unknown]
    for policy in policies:
        try:
            routed = policy.catalog_of(catalog)
            if world is not None:
                world.check(routed, [name if name in routed.models else name.rpartition(":")[0] for name in trace.names.models])
        except SimulationError as error:
            faults.extend(error.faults)
    if faults:
        raise SimulationError(list(dict.fromkeys(faults)))


def bucket_seconds(trace: Trace) -> float:
    """Return the length of the report's stretches of time: the shortest of a few that cut the trace into at most 120."""
    last = trace.chunk(trace.count - 1).timestamp_s
    span = float(last[-1]) - float(trace.chunk(0).timestamp_s[0]) if len(last) else 0.0
    return next((one for one in _BUCKETS if span / one <= 120), _BUCKETS[-1])


def _known(name: str, catalog: Catalog) -> bool:
    stem, colon, suffix = name.rpartition(":")
    return name in catalog.models or (colon + suffix in SUFFIX_SORT and stem in catalog.models)


def _told(progress: Callable[[int, int], object], before: int, total: int) -> Callable[[int], object]:
    return lambda done: progress(before + done, total)


def _assumptions(trace: Trace, catalog: Catalog, world: World, policies: Sequence[Policy], start_epoch: float | None) -> tuple[str, ...]:
    found = list(ASSUMPTIONS)
    found += [f"{policy.name}: {ESTIMATES[policy.estimates]}" for policy in policies]
    asked = [catalog.endpoints[row].id for name in trace.names.models for row in catalog.models.get(name, ())]
    left = [one for one in asked if one not in world.endpoints]
    if left:
        found.append(f"the world's default behaviour stands for {len(left)} of the {len(asked)} endpoints of the asked models, which it does not name")
    if start_epoch is None and any(endpoint.pricing is not None and endpoint.pricing.timed for endpoint in catalog):
        found.append("the trace's wall clock is not known: prices with time windows do not hold")
    return (*found, *trace.assumptions)


def _sources(trace: Trace, world: World, sources: Iterable[str]) -> tuple[str, ...]:
    return (f"trace: {trace.source}", *(f"world: {one}" for one in (world.sources or ("not said where it comes from",))), *sources)


def _notes(report: Report) -> list[str]:
    notes = []
    faults: dict[str, Any] = report.trace["faults"]
    if faults["counts"]:
        kinds = "; ".join(f"{count:,} × {kind}" for kind, count in faults["counts"].items())
        notes.append(f"{faults['dropped']:,} rows of the trace could not be taken ({kinds})")
    for one in report.results:
        counts = one.summary.counts
        if counts["unknown_model"]:
            notes.append(f"{one.name}: {counts['unknown_model']:,} requests ask for models that the catalog does not know; they count as failed")
        if counts["no_endpoint"]:
            notes.append(f"{one.name}: {counts['no_endpoint']:,} requests had no eligible endpoint; they count as failed")
        if one.unpriced:
            notes.append(f"{one.name}: {one.unpriced:,} requests were served at an unknown price and are in no sum of money")
        if one.partial:
            notes.append(f"{one.name}: stopped after {one.done:,} of {report.expected:,} requests")
    if len(report.results) < 2 and report.partial:
        notes.append("policies after the one that was stopped did not run")
    return notes
