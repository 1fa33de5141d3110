"""A trace's names of models beside the catalog's: what is meant beyond doubt, and what might be."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from routecore.reading.checks import nearest
from routecore.simulate.engines.inputs import model_of

if TYPE_CHECKING:
    from routecore.catalog.catalog import Catalog
    from routecore.simulate.traces.trace import Trace

__all__ = ["Match", "match_models"]


class Match(NamedTuple):
    """One of the trace's names that the catalog does not have: ``sure`` what it must mean, else ``near`` what it might."""

    name: str
    sure: str | None
    near: tuple[str, ...]


def match_models(trace: Trace, catalog: Catalog) -> list[Match]:
    """Return what the trace's unknown names of models mean in the catalog.

    Sure is a model whose name is the same but for its author, case and punctuation, if it is the only one such. Nothing is changed.

    >>> from routecore import Catalog
    >>> from routecore.simulate import trace_of
    >>> catalog = Catalog.from_mapping({"endpoints": [{"model": "z-ai/glm-4.7", "provider": "p"}]})
    >>> row = {"timestamp_s": 0, "prompt_tokens": 1, "completion_tokens": 1}
    >>> [one[:2] for one in match_models(trace_of([{**row, "model": "GLM-4-7"}, {**row, "model": "glm-5"}]), catalog)]
    [('GLM-4-7', 'z-ai/glm-4.7'), ('glm-5', None)]
    """
    alike: dict[str, list[str]] = {}
    for model in catalog.models:
        alike.setdefault(_plain(model), []).append(model)
    found = []
    for name in trace.names.models:
        if model_of(name, catalog) is None:
            same = alike.get(_plain(name), [])
            found.append(Match(name, same[0] if len(same) == 1 else None, tuple(same) or tuple(nearest(name, catalog.models))))
    return found


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9:]+", "", name.lower().rpartition("/")[2])
