"""Model: with several models and ``partition: "model"``, all of the first model's attempts, then the second's, and so on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routecore.routing.change import Change, Trial

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routecore.catalog.endpoint import Endpoint
    from routecore.routing.case import Case
    from routecore.routing.ranking.field import Field

NAME = "model"
EFFECT = "with `models` and `partition: \"model\"`: the first model's attempts, then the second's, …"


def places(field: Field) -> list[int] | None:
    """Return the position of each candidate's model among those asked; ``None`` for one model or ``partition: "none"``."""
    if len(field.pool.models) == 1 or field.case.preferences.partition == "none":
        return None
    position = field.pool.model_position
    return [position[one.row] for one in field.candidates]


def words(field: Field, position: int) -> str:
    """Name the model and its place."""
    index = field.candidates[position].row
    return f"{field.pool.endpoints[index].model} is model {field.pool.model_position[index] + 1} of {len(field.pool.models)}"


def changes(case: Case, endpoint: Endpoint) -> Iterator[Trial]:
    """Yield one ranking over all models, and asking for the endpoint's model first."""
    models = case.pool.models
    if case.preferences.partition == "model" and len(models) > 1:
        yield Trial(Change("caller", 'sort.partition: "none"'), case.preferring(partition="none"))
        asked = (endpoint.model, *(name for name in models if name != endpoint.model))
        yield Trial(Change("caller", f"{endpoint.model!r} asked first"), case.repooled(asked))
