"""Every setting of a router, as one object."""

from __future__ import annotations

from typing import ClassVar

import attrs

from routecore.live.answers import AnswerRule, Answers
from routecore.live.health import HealthSettings
from routecore.live.limits import LimitSettings
from routecore.live.pins import PinSettings
from routecore.live.steps import StepSettings
from routecore.live.windows.settings import WindowSettings
from routecore.reading.settings import finite_above, whole_from
from routecore.request.settings import Settings

__all__ = ["RouterSettings"]


def _rows(value: object) -> tuple[AnswerRule, ...]:
    return Answers(value).own if isinstance(value, (list, tuple)) else Answers([value]).own  # type: ignore[list-item] # refused by name


@attrs.frozen
class RouterSettings:
    """Every setting of a router: one frozen object of frozen objects. Raises ``InvalidRequest`` naming every bad setting.

    >>> RouterSettings().decision.min_samples
    10
    """

    WHERE: ClassVar[str] = "settings"

    decision: Settings = Settings(min_samples=10)  # noqa: RUF009 - frozen, so one default may be shared
    windows: WindowSettings = WindowSettings()  # noqa: RUF009 - frozen, so one default may be shared
    health: HealthSettings = HealthSettings()  # noqa: RUF009 - frozen, so one default may be shared
    pins: PinSettings = PinSettings()  # noqa: RUF009 - frozen, so one default may be shared
    limits: LimitSettings = LimitSettings()  # noqa: RUF009 - frozen, so one default may be shared
    steps: StepSettings = StepSettings()  # noqa: RUF009 - frozen, so one default may be shared
    answers: tuple[AnswerRule, ...] = attrs.field(default=(), converter=_rows)
    """The operator's rows of the table of answers, which go before ours."""
    tick_seconds: float = attrs.field(default=5.0, validator=finite_above(0, "seconds"))
    """When nobody has called ``tick`` for so long, the next ``plan`` does."""
    max_prepared: int = attrs.field(default=4_096, validator=whole_from(1))
    """Bodies that differ in what routing looks at and are remembered as read. Beyond, the oldest are forgotten and read again."""
    max_prepared_bytes: int = attrs.field(default=100_000_000, validator=whole_from(0))
    """Bytes that those may take, about, with the rankings that were made of them."""
