"""What the engines assume, where a run's inputs come from, and what was odd about it: the sentences of every report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from routecore.simulate.policy import ESTIMATES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from routecore.catalog.catalog import Catalog
    from routecore.simulate.policy import Policy
    from routecore.simulate.report.report import Report
    from routecore.simulate.traces.trace import Trace
    from routecore.simulate.world.world import World

__all__ = ["BATCH", "CLOSED", "OFF_POLICY", "assumed_of", "batch_assumptions", "closed_assumptions", "notes_of", "sources_of"]

_SAME_TOKENS: Final = "a request has the same tokens wherever it is served"
_FAILED_CHARGE: Final = "failed attempts charge nothing (insured); the provider bills the prompt of those it failed on, and nothing of those it refused"
_INTERVALS: Final = (
    "intervals are 95 %, from a bootstrap over sessions (over requests without one): they speak of this traffic in this world, not of what the world has wrong"
)

_REPLICATED: Final = "intervals are 95 %, from the spread between replications: other traffic (sessions resampled), other luck (bursts too) and other worlds that the data leave possible"
_ONE_RUN: Final = "what is given as ± is the spread of one run, from a bootstrap over sessions: it cannot see what requests share (windows, cooldowns, caches, queues), and is no 95 % interval"

CLOSED: Final = (
    "arrivals are the trace's and react to nothing: a session's next turn comes when it came, however fast the one before was served",
    _SAME_TOKENS,
    "latency, throughput and failures of an attempt depend on (request, endpoint, try) alone: every policy meets the same ones",
    "caches are kept per endpoint: a session's prefix is read at the cache price where that endpoint was given it within the cache's lifetime, whoever served in between",
    "cache writes are billed where the price card has a price for them, as if every prompt of a session were marked for caching",
    _FAILED_CHARGE,
    "times are served requests' times from arrival, failed attempts and waits included; without streaming the first token is the last",
)
"""Of the closed loop."""

BATCH: Final = (
    "batch: every request is decided alone, on statistics frozen at the start of its stretch of {bucket_s:g} s: what holds then is known at once, an outage as a cooldown",
    "batch: first attempts only: no fallbacks, no retries, no pins, no prompt caches, no capacity limits; a request whose first attempt fails counts as failed",
    _SAME_TOKENS,
    "latency, throughput and failures of an attempt depend on (request, endpoint, try) alone: every policy meets the same ones, and the closed loop's",
    _FAILED_CHARGE,
    _INTERVALS,
)
"""Of the batch engine; the first is of its own statistics."""

OFF_POLICY: Final = (
    "propensities are those of the first attempt as it was logged, and what was logged is what came of it",
    "pins and cooldowns of the other policy are not modelled: its first choice is that of a request without them",
    "one request's choice does not change another's outcome",
    "intervals are 95 %, normal, clustered by session; they widen with the weights but cannot see what was never logged",
)
"""Of estimates from a log."""


def closed_assumptions(
    trace: Trace, catalog: Catalog, world: World, policies: Sequence[Policy], start_epoch: float | None, *, cold: bool, replicated: bool = False
) -> tuple[str, ...]:
    """Return what a closed-loop run of these inputs assumes."""
    found = list(CLOSED)
    start = (
        "without statistics, and measures its own"
        if cold
        else "with the statistics of the world at its start, without pins and cooldowns, and measures its own"
    )
    found.append(f"the router starts {start} while the trace runs")
    if not any(one.prefill_tokens_per_second is not None for one in world.endpoints.values()):
        found.append("time to first token does not depend on the prompt's length: nothing tells how")
    found.append(_REPLICATED if replicated else _ONE_RUN)
    found += [f"{policy.name}: {ESTIMATES[policy.estimates]}" for policy in policies]
    found += [
        f"{policy.name}: requests go by the router's run with a deadline of {policy.deadline_s:g} s; an attempt that it closes is billed its prompt where failures are"
        for policy in policies
        if policy.deadline_s is not None
    ]
    asked = [catalog.endpoints[row].id for name in trace.names.models for row in catalog.models.get(name, ())]
    left = [one for one in asked if one not in world.endpoints]
    if left:
        found.append(f"the world's default behaviour stands for {len(left)} of the {len(asked)} endpoints of the asked models, which it does not name")
    if start_epoch is None and any(endpoint.pricing is not None and endpoint.pricing.timed for endpoint in catalog):
        found.append("the trace's wall clock is not known: prices with time windows do not hold")
    return (*found, *trace.assumptions)


def batch_assumptions(trace: Trace, policies: Sequence[Policy], bucket_s: float, *, given: bool) -> tuple[str, ...]:
    """Return what a batch run assumes; ``given``: on statistics that hold throughout."""
    first = "batch: every request is decided alone, on the same given statistics" if given else BATCH[0].format(bucket_s=bucket_s)
    blind = [
        f"{policy.name}: batch: its deadline has no effect, as nothing comes after a first attempt" for policy in policies if policy.deadline_s is not None
    ]
    return (first, *BATCH[1:], *(f"{policy.name}: {ESTIMATES[policy.estimates]}" for policy in policies), *blind, *trace.assumptions)


def sources_of(trace: Trace, world: World, sources: Iterable[str]) -> tuple[str, ...]:
    """Return where trace, world and the rest come from."""
    return (f"trace: {trace.source}", *(f"world: {one}" for one in (world.sources or ("not said where it comes from",))), *sources)


def assumed_of(world: World, catalogs: Iterable[Catalog]) -> dict[str, tuple[str, ...]]:
    """Return what nobody measured of each endpoint: what its behaviour says, and everything of those that the world's default stands for."""
    found = {key: one.assumed for key, one in world.endpoints.items() if one.assumed}
    found |= {one.id: ("failures", "latency", "throughput") for catalog in catalogs for one in catalog if one.id not in world.endpoints}
    return found


def notes_of(report: Report) -> list[str]:
    """Return what was odd about a run: rows that could not be taken, requests that nobody could serve, policies that were stopped."""
    notes = []
    faults: dict[str, Any] = report.trace["faults"]
    if faults["counts"]:
        kinds = "; ".join(f"{count:,} × {kind}" for kind, count in faults["counts"].items())
        notes.append(f"{faults['dropped']:,} rows of the trace could not be taken ({kinds})")
    for one in report.results:
        counts = one.summary.counts
        for name, words in (("unknown_model", "ask for models that the catalog does not know"), ("no_endpoint", "had no eligible endpoint")):
            if counts[name]:
                notes.append(f"{one.name}: {counts[name]:,} requests {words}; they count as failed")
        if one.unpriced:
            notes.append(f"{one.name}: {one.unpriced:,} requests were served at an unknown price and are in no sum of money")
        if one.partial and report.engine == "closed":
            notes.append(f"{one.name}: stopped after {one.done:,} of {report.expected:,} requests")
    if report.engine == "closed" and len(report.results) < 2 and report.partial:
        notes.append("policies after the one that was stopped did not run")
    return notes
