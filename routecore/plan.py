"""The plan: the ordered attempts, and why each endpoint stands where it stands.

A plan is a prefix of the ranking, model by model. It draws its attempts when they are asked for and explains itself when it is asked to;
the tail that is drawn later is the tail that would have been drawn at once.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from routecore.attempt import Attempt
from routecore.eligibility import examine
from routecore.ranking.balance import scaled
from routecore.ranking.draw import uniform

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from routecore.case import Case
    from routecore.eligibility import Eligibility, Rejection
    from routecore.explain import Why
    from routecore.plan_warnings import Warned
    from routecore.ranking import Ranking
    from routecore.ranking.field import Sticky

__all__ = ["Plan"]

_TINY = 1e-200
"""Weights that add up to less than this are scaled again before they are drawn from: far enough above the smallest float to lose nothing."""

FIRST_ONLY = "first"
FIRST_OF_EACH_MODEL = "first of each model"


class Plan:
    """An ordered fallback plan. Iterate it to try its attempts; ``len`` tells how many there are without drawing them.

    Plans are equal if they say the same: attempts, rejections, funnel, strategy, sticky, panic, warnings and draw.
    """

    __slots__ = ("_drawn", "_eligibility", "_group", "_left", "_logs", "_weights", "case", "cut", "ranking")

    def __init__(self, case: Case, ranking: Ranking) -> None:
        """Hold what was decided; nothing is drawn yet."""
        self.case = case
        self.ranking = ranking
        preferences = case.preferences
        self.cut: str | None = None
        if not preferences.allow_fallbacks and not preferences.order:
            several = len(case.pool.models) > 1 and preferences.partition == "model"
            self.cut = FIRST_OF_EACH_MODEL if several else FIRST_ONLY
        self._drawn: Sequence[Attempt] = ()
        self._group = 0
        self._left: list[Attempt] | None = None
        self._weights: list[float] | None = None
        self._logs: list[float] = []
        self._eligibility: Eligibility | None = None

    # --- attempts -----------------------------------------------------------------------------------------------------------------------------

    @property
    def first(self) -> Attempt:
        """The attempt to try first. Its ``probability`` is the decision's propensity."""
        fixed = self.ranking.fixed
        if fixed is not None:
            return fixed[0]
        if self._drawn:
            return self._drawn[0]
        group = self.ranking.groups[0]
        running = group.running
        # below the total by construction; the bound guards against rounding at the very end
        return group.members[min(bisect_right(running, uniform(self.case.draw, 1) * running[-1]), len(running) - 1)]

    @property
    def propensity(self) -> float:
        """The probability with which the first attempt was chosen."""
        return self.first.probability

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """All attempts, in the order in which to try them."""
        if self.cut == FIRST_ONLY:
            return (self.first,)
        ranked = self.ranked
        if self.cut == FIRST_OF_EACH_MODEL:
            seen: set[str] = set()
            return tuple(one for one in ranked if one.endpoint.model not in seen and not seen.add(one.endpoint.model))  # type: ignore[func-returns-value]
        return ranked

    @property
    def ranked(self) -> tuple[Attempt, ...]:
        """The whole ranking, before the cut."""
        if self.ranking.fixed is not None:
            return self.ranking.fixed
        while len(self._drawn) < self.ranking.size:
            self._draw()
        return tuple(self._drawn)

    def _draw(self) -> None:
        """Draw the next place: among the members left in the group, in canonical order, by weight."""
        if not isinstance(self._drawn, list):
            self._drawn = list(self._drawn)
        drawn = self._drawn
        if self._left is None or self._weights is None:
            group = self.ranking.groups[self._group]
            if len(group.members) == 1:
                drawn.append(group.members[0])
                self._group += 1
                return
            self._left, self._weights, self._logs = list(group.members), list(group.weights), list(group.logs)
            running: Sequence[float] = group.running
        else:
            running = tuple(accumulate(self._weights))
            if running[-1] < _TINY:
                self._weights = scaled(self._logs)
                running = tuple(accumulate(self._weights))
        left, weights = self._left, self._weights
        total = running[-1]
        taken = min(bisect_right(running, uniform(self.case.draw, len(drawn) + 1) * total), len(left) - 1)
        one = left.pop(taken)
        probability = weights.pop(taken) / total
        self._logs.pop(taken)
        drawn.append(one if one.probability == probability else Attempt(one.endpoint, one.key, one.key_id, probability, one.quote))
        if not left:
            self._left = self._weights = None
            self._group += 1

    def __iter__(self) -> Iterator[Attempt]:
        if self.cut is not None or self.ranking.fixed is not None:
            yield from self.attempts
            return
        for place in range(self.ranking.size):
            while len(self._drawn) <= place:
                self._draw()
            yield self._drawn[place]

    def __getitem__(self, place: int) -> Attempt:
        return self.first if place == 0 else self.attempts[place]

    def __len__(self) -> int:
        if self.cut == FIRST_ONLY:
            return 1
        return self.ranking.size if self.cut is None else len(self.attempts)

    # --- what was decided ---------------------------------------------------------------------------------------------------------------------

    @property
    def strategy(self) -> str:
        """``balance``, or ``sort:price``, ``sort:throughput``, ``sort:latency``."""
        return self.ranking.strategy

    @property
    def sticky(self) -> Sticky:
        """What became of the session's pin: ``status`` and ``reason``."""
        return self.ranking.sticky

    @property
    def panic(self) -> bool:
        """Whether every attempt is cooling, so that health moved nothing."""
        return self.ranking.panic

    @property
    def draw(self) -> int:
        """The 64-bit integer that the plan was drawn with."""
        return self.case.draw

    # --- why ----------------------------------------------------------------------------------------------------------------------------------

    @property
    def eligibility(self) -> Eligibility:
        """The account of the hard filters, computed when first asked for."""
        if self._eligibility is None:
            self._eligibility = examine(self.case)
        return self._eligibility

    @property
    def rejections(self) -> tuple[Rejection, ...]:
        """Each endpoint of the asked models that is not eligible, with every rule that it fails, in catalog order."""
        return self.eligibility.rejections

    @property
    def funnel(self) -> tuple[tuple[str, int], ...]:
        """How many endpoints each rule left, for each rule that removed some; first all of the asked models (``catalog``)."""
        return self.eligibility.funnel

    @property
    def warnings(self) -> tuple[Warned, ...]:
        """What the caller should know although it is no error."""
        from routecore.plan_warnings import warnings_of

        return warnings_of(self)

    def why(self, endpoint_id: str) -> Why:
        """Say what put an endpoint where it is, and what change would put it first.

        Raises ``KeyError`` for an id that no endpoint of the asked models has. Computed from the plan's own inputs by the code that decided.
        """
        from routecore.explain import why

        return why(self, endpoint_id)

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as the wire's answer."""
        return {
            "attempts": [one.to_dict() for one in self.attempts],
            "rejections": [one.to_dict() for one in self.rejections],
            "funnel": [{"rule": rule, "left": left} for rule, left in self.funnel],
            "strategy": self.strategy,
            "sticky": {"status": self.sticky.status, "reason": self.sticky.reason},
            "panic": self.panic,
            "warnings": [one.to_dict() for one in self.warnings],
            "draw": self.draw,
        }

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Plan):
            return NotImplemented
        return self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment] # equal by content, and drawn as it is read

    def __repr__(self) -> str:
        return f"<Plan {self.strategy}: {self.first.key} first of {len(self)}>"
