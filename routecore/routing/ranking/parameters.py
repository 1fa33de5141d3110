"""Parameters: with ``require_parameters`` not given, endpoints that support every parameter of the request come before those that would ignore one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routecore.routing.change import Change, Trial

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routecore.catalog.endpoint import Endpoint
    from routecore.routing.case import Case
    from routecore.routing.ranking.field import Field

NAME = "parameters"
EFFECT = "with `require_parameters` not given: endpoints that support every parameter of the request, then the others"


def places(field: Field) -> list[int] | None:
    """Return 0 for those that support every parameter and 1 for the others; ``None`` where nothing is asked or looked at."""
    parameters = field.case.request.shape.parameters
    if not parameters or field.case.preferences.require_parameters is not None:
        return None
    supporting = field.pool.supporting(parameters)
    return [0 if supporting >> one.row & 1 else 1 for one in field.candidates]


def words(field: Field, position: int) -> str:
    """Name the parameters that would be ignored."""
    ignored = sorted(field.case.request.shape.parameters - field.candidates[position].endpoint.supported_parameters)
    return f"would ignore {', '.join(ignored)}" if ignored else "supports every parameter"


def changes(case: Case, endpoint: Endpoint) -> Iterator[Trial]:
    """Yield not looking at parameters at all."""
    del endpoint
    if case.request.shape.parameters and case.preferences.require_parameters is None:
        yield Trial(Change("caller", "require_parameters: false"), case.preferring(require_parameters=False))
