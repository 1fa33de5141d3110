"""The plan: the ordered attempts, and why each endpoint stands where it stands.

A plan is a prefix of the ranking, model by model. It draws its attempts when they are asked for and explains itself when it is asked to;
the tail that is drawn later is the tail that would have been drawn at once.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any, Final

from routecore.request.settings import Timeouts
from routecore.routing.attempt import PlannedAttempt
from routecore.routing.eligibility import examine
from routecore.routing.ranking.draw import uniform
from routecore.routing.ranking.ranking import FIRST_ONLY
from routecore.routing.ranking.tail import Tail
from routecore.routing.router_metadata import answer_metadata
from routecore.routing.timeouts import times_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from routecore.errors import Warned
    from routecore.routing.attempt import Attempt
    from routecore.routing.case import Case
    from routecore.routing.eligibility import Eligibility, Rejection
    from routecore.routing.explain import Why
    from routecore.routing.ranking.field import Sticky
    from routecore.routing.ranking.ranking import Ranking
    from routecore.routing.timeouts import Times
    from routecore.showing.html import View
    from routecore.showing.sheet import Sheet

__all__ = ["Plan"]

_TIMEOUTS: Final = Timeouts()


class Plan:
    """An ordered fallback plan. Iterate it to try its attempts; ``len`` tells how many there are without drawing them.

    Plans are equal if they say the same: attempts, rejections, funnel, strategy, sticky, panic, warnings and draw.
    """

    __slots__ = ("_eligibility", "_tail", "_times", "draw", "ranking")

    _tail: Tail
    _times: tuple[Times, ...]
    _eligibility: Eligibility

    def __init__(self, ranking: Ranking, draw: int) -> None:
        """Hold what was decided; nothing is drawn yet. ``draw`` is the 64-bit integer to draw with."""
        self.ranking = ranking
        self.draw = draw

    @property
    def case(self) -> Case:
        """What the plan was decided from."""
        return self.ranking.case

    # --- attempts -----------------------------------------------------------------------------------------------------------------------------

    @property
    def first(self) -> Attempt:
        """The attempt to try first. Its ``probability`` is the decision's propensity."""
        ranking = self.ranking
        if ranking.timed:
            return self.attempts[0]
        if ranking.first is not None:
            return ranking.first
        group = ranking.groups[0]
        running = group.opening_running
        return group.member(min(bisect_right(running, uniform(self.draw, 1) * running[-1]), len(running) - 1), ranking.field)

    @property
    def propensity(self) -> float:
        """The probability with which the first attempt was chosen."""
        return self.first.probability

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """All attempts, in the order in which to try them."""
        left = self._left()
        return tuple([PlannedAttempt(one, self, place) for place, one in enumerate(left)]) if self.ranking.timed else left

    def _left(self) -> tuple[Attempt, ...]:
        """Return what the cut leaves of the ranking."""
        cut = self.ranking.cut
        if cut is None:
            return self.ranked
        if cut == FIRST_ONLY:
            return self.ranked[:1]
        firsts: dict[str, Attempt] = {}
        for one in self.ranked:
            firsts.setdefault(one.endpoint.model, one)
        return tuple(firsts.values())

    @property
    def times(self) -> tuple[Times, ...]:
        """How long each attempt may take, in the order of ``attempts``, where every one before it has used up what it may."""
        found: tuple[Times, ...] | None = getattr(self, "_times", None)
        if found is None:
            found = self._times = tuple(times_of(self.case, [one.endpoint.id for one in self._left()]))
        return found

    @property
    def ranked(self) -> tuple[Attempt, ...]:
        """The whole ranking, before the cut."""
        fixed = self.ranking.fixed
        return tuple(self._drawn(self.ranking.size)) if fixed is None else fixed

    def _drawn(self, places: int) -> list[Attempt]:
        """Return the attempts drawn so far, ``places`` of them at least."""
        tail: Tail | None = getattr(self, "_tail", None)
        if tail is None:
            tail = self._tail = Tail()
        tail.draw(self.ranking, self.draw, places)
        return tail.drawn

    def __iter__(self) -> Iterator[Attempt]:
        if self.ranking.cut is not None or self.ranking.order is not None or self.ranking.timed:
            yield from self.attempts
            return
        for place in range(self.ranking.size):
            yield self._drawn(place + 1)[place]

    def __getitem__(self, place: int) -> Attempt:
        return self.first if place == 0 else self.attempts[place]

    def __len__(self) -> int:
        cut = self.ranking.cut
        return self.ranking.size if cut is None else 1 if cut == FIRST_ONLY else len(self._left())

    # --- what was decided ---------------------------------------------------------------------------------------------------------------------

    @property
    def strategy(self) -> str:
        """``balance``, ``inverse_square_price``, ``adjusted_price``, or ``sort:`` and the sort's name."""
        return self.ranking.strategy

    @property
    def sticky(self) -> Sticky:
        """What became of the session's pin: ``status`` and ``reason``."""
        return self.ranking.sticky

    @property
    def panic(self) -> bool:
        """Whether every attempt is cooling, so that health moved nothing."""
        return self.ranking.panic

    # --- why ----------------------------------------------------------------------------------------------------------------------------------

    @property
    def eligibility(self) -> Eligibility:
        """The account of the hard filters, computed when first asked for."""
        found: Eligibility | None = getattr(self, "_eligibility", None)
        if found is None:
            found = self._eligibility = examine(self.case)
        return found

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
        from routecore.routing.warnings import warnings_of

        return warnings_of(self.case, self.ranked)

    def why(self, endpoint_id: str) -> Why:
        """Say what put an endpoint where it is, and what change would put it first. Computed from the plan's own inputs by the code that decided.

        Args:
            endpoint_id: An endpoint of the asked models.

        Returns:
            Its place, what decided it, the reasons, and every change that would put it first, each tried by deciding again.

        Raises:
            UnknownEndpoint: No endpoint of the asked models has that id. It is a ``KeyError`` too.

        Example:
            >>> import routecore
            >>> plan = routecore.decide(routecore.example_catalog(), {"model": "openai/gpt-5", "provider": {"ignore": ["azure"]}})
            >>> plan.why("openai/gpt-5@azure").decided_by
            'ignore'
        """
        from routecore.routing.explain import why

        return why(self.ranking, self.draw, endpoint_id, self.attempts, self.rejections)

    def explain(self) -> View:
        """Return the whole account of the plan, to look at: the table, the filters, and of every endpoint why it stands where it stands and what would put it first.

        Plain text where it is printed or echoed, HTML in a notebook.

        Example:
            >>> import routecore
            >>> plan = routecore.decide(routecore.example_catalog(), {"model": "openai/gpt-5", "provider": {"sort": "price"}})
            >>> print(plan.explain())
            Plan for openai/gpt-5
            sort:price: sorted by the expected price of this request, lowest first
            ...
            Why each endpoint stands where it stands
            ...
        """
        from routecore.routing.plan_view import show_explanation, show_plan
        from routecore.showing.html import View

        def show(sheet: Sheet) -> None:
            show_plan(self, sheet, explain=True)
            show_explanation(self, sheet)

        return View(show)

    def _view(self) -> View:
        from routecore.routing.plan_view import show_plan
        from routecore.showing.html import View

        return View(lambda sheet: show_plan(self, sheet))

    def __str__(self) -> str:
        return str(self._view())

    def _repr_html_(self) -> str:
        return self._view()._repr_html_()

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as the wire's answer."""
        return {
            "attempts": self._attempts_on_the_wire(),
            "rejections": [one.to_dict() for one in self.rejections],
            "funnel": [{"rule": rule, "left": left} for rule, left in self.funnel],
            "strategy": self.strategy,
            "sticky": {"status": self.sticky.status, "reason": self.sticky.reason},
            "panic": self.panic,
            "warnings": [one.to_dict() for one in self.warnings],
            "draw": self.draw,
        }

    def to_openrouter_metadata(self, outcomes: Iterable[Any] = ()) -> dict[str, Any]:
        """Return the ``openrouter_metadata`` object that callers of OpenRouter's dialect know, for an answer that came of this plan.

        ``outcomes`` are what came of the tries, in order; (attempt, outcome) pairs where tries skipped attempts. Without any the plan is told as decided.

        >>> from routecore import Catalog, Outcome, decide
        >>> plan = decide(Catalog.from_mapping({"endpoints": [{"model": "a/b", "provider": "p"}]}), {"model": "a/b"})
        >>> plan.to_openrouter_metadata([Outcome.success()])["summary"]
        'available=1, selected=p'
        """
        return answer_metadata(self.case, self._left(), len(self.case.pool.endpoints), outcomes)

    def _attempts_on_the_wire(self) -> list[dict[str, Any]]:
        """Return the attempts as the wire's objects, with their times where the request or the settings say something of time."""
        found = [one.to_dict() for one in self._left()]
        if self.ranking.timed or self.case.settings.timeouts != _TIMEOUTS:
            for one, times in zip(found, self.times, strict=True):
                one["first_token_timeout_seconds"] = times.first_token
                one["total_timeout_seconds"] = times.total
                one["hedge_after_seconds"] = times.hedge_after
        return found

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Plan):
            return NotImplemented
        return self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment] # equal by content, and drawn as it is read

    def __repr__(self) -> str:
        return f"<Plan {self.strategy}: {self.first.key} first of {len(self)}>"
