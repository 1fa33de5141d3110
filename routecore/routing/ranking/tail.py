"""The lazy draw: how far a ranking has been drawn, and its next place."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from routecore.routing.ranking.balance import scaled
from routecore.routing.ranking.draw import uniform

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from routecore.routing.attempt import Attempt
    from routecore.routing.ranking.ranking import Ranking


TINY: Final = 1e-200
"""Weights that add up to less than this are scaled again before they are drawn from: far enough above the smallest float to lose nothing."""


class Tail:
    """How far a plan has been drawn: the attempts so far, and what is left of the group that is being drawn from."""

    __slots__ = ("after", "drawn", "group", "left", "logs", "weights")

    def __init__(self) -> None:
        self.drawn: list[Attempt] = []
        self.group = 0
        self.left: list[int] = []
        self.after: Mapping[int, int] = {}
        self.weights: list[float] = []
        self.logs: list[float] = []

    def draw(self, ranking: Ranking, draw: int, places: int) -> None:
        """Draw until there are ``places`` attempts: each place among the members left in its group, in canonical order, by weight."""
        drawn, field = self.drawn, ranking.field
        left, weights, logs = self.left, self.weights, self.logs
        opening: Sequence[float]
        running: Sequence[float]
        while len(drawn) < places:
            if left:
                opening = weights
                running = list(accumulate(weights))
                if running[-1] < TINY:
                    opening = weights = self.weights = scaled(logs)
                    running = list(accumulate(weights))
            else:
                group = ranking.groups[self.group]
                self.group += 1
                if len(group.positions) == 1 and not group.after:
                    drawn.append(group.member(0, field))
                    continue
                self.after = group.after
                left = self.left = list(group.positions)
                weights = self.weights = list(group.weights)
                logs = self.logs = list(group.logs)
                # a plan's first place alone knows caps, which only the first group has
                opening, running = group.opening, group.opening_running
            total = running[-1]
            # below the total by construction; the bound guards against rounding at the very end
            taken = min(bisect_right(running, uniform(draw, len(drawn) + 1) * total), len(left) - 1)
            position = left[taken]
            drawn.append(field.attempt(position, opening[taken] / total))
            follower = self.after.get(position)
            if follower is None:
                del left[taken], weights[taken], logs[taken]
            else:
                # the endpoint's next key stands where this one stood
                left[taken] = follower


def ranked(ranking: Ranking, draw: int) -> tuple[Attempt, ...]:
    """Return the whole ranking as drawn with ``draw``, before the cut."""
    if ranking.fixed is not None:
        return ranking.fixed
    tail = Tail()
    tail.draw(ranking, draw, ranking.size)
    return tuple(tail.drawn)
