"""Model: with several models and ``partition: "model"``, all of the first model's attempts, then the second's, and so on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
