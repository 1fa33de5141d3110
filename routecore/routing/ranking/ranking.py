"""A ranked field: one fixed order, or groups to draw from."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Final

from routecore.routing.ranking import balance

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from routecore.routing.attempt import Attempt
    from routecore.routing.ranking.field import Field


_NOBODY: Final[Mapping[int, int]] = {}
FIRST_ONLY: Final = "first"
FIRST_OF_EACH_MODEL: Final = "first of each model"


class Group:
    """Candidates that share the best place in every pass, in canonical order, with what a draw among them needs.

    ``positions`` are places in the field; ``weights`` are scaled by the largest, ``running`` their running sums. ``logs`` are the logarithms, not scaled:
    what is left of an extreme group is scaled again, so that no weight is lost to another's size. ``after`` says who may be drawn once another has been: an
    endpoint's next key of one's own. ``opening`` are the weights of a plan's first place, ``opening_running`` their sums: those of all places, but for caps.
    """

    __slots__ = ("_members", "after", "logs", "opening", "opening_running", "positions", "running", "weights")

    def __init__(self, positions: Sequence[int], logs: list[float], after: Mapping[int, int] = _NOBODY) -> None:
        self.positions = positions
        self.logs = logs
        self.after = after
        self.weights = self.opening = balance.scaled(logs)
        self.running = self.opening_running = list(accumulate(self.weights))
        self._members: list[Attempt | None] = [None] * len(positions)

    def cap(self, shares: list[float]) -> None:
        """Let the first place be drawn by ``shares``; later places by the weights as they are."""
        self.opening = shares
        self.opening_running = list(accumulate(shares))

    def member(self, place: int, field: Field) -> Attempt:
        """Return one member as the attempt that it is if it is drawn first; made when first asked for."""
        found = self._members[place]
        if found is None:
            found = self._members[place] = field.attempt(self.positions[place], self.opening[place] / self.opening_running[-1])
        return found


class Ranking:
    """The ranked field of a case: ``order`` is the whole order where nothing is drawn (a sort); else ``groups``, best first, each to be drawn from.

    ``cut`` says what ``allow_fallbacks: false`` leaves without ``order``: ``None`` (nothing is cut), ``first``, or ``first of each model``.
    ``view`` is the mask that the compiled rules keep. Plans of one ranking share it; attempts are made when they are first asked for.
    """

    __slots__ = ("_fixed", "case", "cut", "field", "first", "groups", "order", "size", "sticky", "strategy", "timed", "view")

    def __init__(self, field: Field, view: int, strategy: str, order_: list[int] | None, groups: list[Group]) -> None:
        case = field.case
        self.case = case
        self.field = field
        self.view = view
        self.strategy = strategy
        self.order = order_
        self.groups = groups
        self.sticky = field.sticky
        self.size = len(field.candidates)
        self.first: Attempt | None = None if order_ is None else field.attempt(order_[0], 1.0)
        self._fixed: tuple[Attempt, ...] | None = None
        # whether what an attempt may take depends on its plan
        self.timed = case.deadline_seconds is not None or case.settings.hedge
        preferences = case.preferences
        self.cut: str | None = None
        if not preferences.allow_fallbacks and not preferences.order:
            several = len(case.pool.models) > 1 and preferences.partition == "model"
            self.cut = FIRST_OF_EACH_MODEL if several else FIRST_ONLY

    @property
    def panic(self) -> bool:
        """Whether every attempt is cooling, so that health moved nothing."""
        return self.field.panic

    @property
    def fixed(self) -> tuple[Attempt, ...] | None:
        """The whole order as attempts, where nothing is drawn; ``None`` for a balance."""
        if self._fixed is None and self.order is not None:
            attempt = self.field.attempt
            self._fixed = tuple([attempt(position, 1.0) for position in self.order])
        return self._fixed
