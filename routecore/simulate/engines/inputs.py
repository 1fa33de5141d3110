"""What must hold of a what-if's inputs before anything runs, and how its time is cut."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from routecore.errors import Fault, SimulationError
from routecore.request.body import SUFFIX_SORT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from routecore.catalog.catalog import Catalog
    from routecore.simulate.policy import Policy
    from routecore.simulate.traces.trace import Trace
    from routecore.simulate.world.world import World

__all__ = ["bucket_seconds", "check_inputs", "last_second", "model_of"]


_BUCKETS: Final = (1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 10_800.0, 86_400.0)


def check_inputs(trace: Trace, catalog: Catalog, world: World | None, policies: Sequence[Policy], *, strict: bool) -> None:
    """Raise ``SimulationError`` with every reason why these inputs cannot be run: before minutes of work, not after."""
    faults: list[Fault] = []
    if not policies:
        faults.append(Fault("policies", [], "at least one policy"))
    names = [policy.name for policy in policies]
    faults += [Fault("policies", name, "a name of one policy alone") for name in dict.fromkeys(names) if names.count(name) > 1]
    if not len(trace):
        faults.append(Fault("trace", trace.source, "a trace with at least one request"))
    unknown = [name for name in trace.names.models if model_of(name, catalog) is None]
    if unknown and (strict or len(unknown) == len(trace.names.models)):
        faults += [Fault("trace.model", name, "a model of the catalog") for name in unknown]
    for policy in policies:
        try:
            routed = policy.catalog_of(catalog)
            if world is not None:
                world.check(routed, [model for name in trace.names.models if (model := model_of(name, routed)) is not None])
        except SimulationError as error:
            faults.extend(error.faults)
    if faults:
        raise SimulationError(list(dict.fromkeys(faults)))


def last_second(trace: Trace) -> float:
    """Return when the last request arrives."""
    return float(trace.chunk(trace.count - 1).timestamp_s[-1])


def bucket_seconds(trace: Trace) -> float:
    """Return the length of the report's stretches of time: the shortest of a few that cut the trace into at most 120."""
    span = last_second(trace) - float(trace.chunk(0).timestamp_s[0])
    return next((one for one in _BUCKETS if span / one <= 120), _BUCKETS[-1])


def model_of(name: str, catalog: Catalog) -> str | None:
    """Return the catalog's model that a trace's name asks for, without a suffix that sorts; ``None`` if it has none.

    >>> from routecore import Catalog
    >>> catalog = Catalog.from_mapping({"endpoints": [{"model": "a/b", "provider": "p"}, {"model": "a/b:free", "provider": "p"}]})
    >>> model_of("a/b:nitro", catalog), model_of("a/b:free", catalog), model_of("a/b:best", catalog)
    ('a/b', 'a/b:free', None)
    """
    if name in catalog.models:
        return name
    stem, colon, suffix = name.rpartition(":")
    return stem if colon + suffix in SUFFIX_SORT and stem in catalog.models else None
