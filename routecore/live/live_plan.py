"""A router's plan: a plan that knows its session and what to do after each try."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from routecore.live.kinds import KINDS, Action, Among
from routecore.live.pins import PinWrite, pin_key, response_of
from routecore.live.steps import Progress, Step, StepSettings, step_of
from routecore.routing.attempt import Attempt, PlannedAttempt
from routecore.routing.plan import Plan
from routecore.routing.ranking.field import Sticky
from routecore.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from routecore.live.outcome import Outcome
    from routecore.live.session import Session
    from routecore.routing.ranking.ranking import Ranking

__all__ = ["LiveAttempt", "LivePlan"]

_STEPS = StepSettings()


class LiveAttempt(PlannedAttempt):
    """An attempt that knows the router's plan it came from, and its place there (from 0). ``ticket`` is above 0 while it counts as in flight."""

    __slots__ = ("ticket",)

    plan: LivePlan

    def __init__(self, attempt: Attempt, plan: LivePlan, place: int) -> None:
        super().__init__(attempt, plan, place)
        self.ticket = 0


class LivePlan(Plan):
    """A plan with its session: iterating it gives attempts that ``Router.observe`` can pin and step on from, each begun as it is given.

    ``holder`` is what the plan holds a probe's lease by, where its first attempt is one. A plan is pickled without its prompt and without its router.
    """

    __slots__ = ("_begin", "_progress", "_steps", "holder", "session")

    _progress: Progress

    def __init__(
        self,
        ranking: Ranking,
        draw: int,
        session: Session | None = None,
        steps: StepSettings = _STEPS,
        begin: Callable[[LiveAttempt], object] | None = None,
        holder: object = None,
    ) -> None:
        # a plan is made for every request: what is empty at first is not stored
        self.ranking = ranking
        self.draw = draw
        self.session = session
        self._steps = steps
        self._begin = begin
        self.holder = holder

    def __getstate__(self) -> tuple[Ranking, int, Session | None, StepSettings]:
        """Pickle what was decided and whose turn it was."""
        return self.ranking, self.draw, self.session, self._steps

    def __setstate__(self, state: tuple[Ranking, int, Session | None, StepSettings]) -> None:
        """Take what was pickled: a plan that no router counts."""
        self.ranking, self.draw, self.session, self._steps = state
        self._begin = self.holder = None

    @property
    def sticky(self) -> Sticky:
        """What became of the session's pin; without one the reason may be ``expired`` or ``unidentifiable``.

        Where the caller chose providers, a pin changes nothing but this, and is looked up when this is asked for.
        """
        session, own = self.session, self.ranking.sticky
        if session is None:
            return own
        if session.pins is not None:
            found = session.find(session.pins, self.case.pool.models)
            return Sticky("none", found.reason) if found.attempt is None else Sticky("skipped", "explicit_preferences")
        return own if session.reason is None or own.status != "none" else Sticky("none", session.reason)

    @property
    def first(self) -> Attempt:
        """The attempt to try first; one that is a probe knows its plan, so that its outcome ends the lease. ``probability`` is the decision's propensity."""
        found = super().first
        return found if self.holder is None else LiveAttempt(found, self, 0)

    def __iter__(self) -> Iterator[LiveAttempt]:
        begin = self._begin
        # most plans are not tried further than this, and the first attempt needs no order of the others
        live = LiveAttempt(super().first, self, 0)
        if begin is not None:
            begin(live)
        yield live
        ordered = super().__iter__()
        next(ordered)
        for place, attempt in enumerate(ordered, 1):
            live = LiveAttempt(attempt, self, place)
            if begin is not None:
                begin(live)
            yield live

    def at(self, place: int) -> LiveAttempt:
        """Return the attempt at a place, from 0, as iterating gives it."""
        return LiveAttempt(self[place], self, place)

    def after(self, place: int) -> LiveAttempt | None:
        """Return the first attempt after ``place`` that has neither ended nor been ruled out; ``None`` if there is none."""
        progress: Progress | None = getattr(self, "_progress", None)
        following = (place + 1 if place + 1 < len(self) else None) if progress is None else progress.after(place, len(self))
        return None if following is None else self.at(following)

    def next_after(self, outcome: Outcome, attempt: Attempt | None = None, *, delivered: bool = False) -> Step:
        """Return what to do after ``outcome`` of ``attempt`` (without one: of the first): the next attempt, one again after a wait, stop, or done.

        ``attempt`` may come from iterating the plan, from ``attempts`` or from ``first``. Answers that rule attempts out (``unsuitable``, ``moderation``) do so
        for all later steps. A plan is gone through once more at most: after one ``retry`` it says ``stop``. With ``delivered``, where output has
        already gone to the caller, nothing is repeated: a failure is ``stop``.

        Args:
            outcome: How the attempt ended.
            attempt: Which one; without one, the first.
            delivered: Whether output has already gone to the caller.

        Returns:
            The step, with its action, the attempt that it is about, how many seconds to wait, and why.
        """
        row = KINDS[outcome.kind]
        if row.left is Action.DONE:
            return Step(Action.DONE, 0.0, row.reason)
        progress: Progress | None = getattr(self, "_progress", None)
        if progress is None:
            progress = self._progress = Progress()
        place = self._place(attempt)
        progress.note(place, outcome, self.attempts if row.among is not Among.ANY else ())
        if delivered:
            return Step(Action.STOP, 0.0, f"{row.reason}; part of the answer is with the caller, so nothing is repeated")
        step, at = step_of(progress, place, len(self), self._steps)
        return step if at is None else step._replace(attempt=self.at(at))

    def _place(self, attempt: Attempt | None) -> int:
        """Return an attempt's place in this plan; one that is not in it counts as the first."""
        if attempt is None:
            return 0
        if isinstance(attempt, LiveAttempt) and attempt.plan is self:
            return attempt.place
        return next((place for place, one in enumerate(super().__iter__()) if one.key == attempt.key), 0)

    def pin_write(self, attempt: Attempt) -> PinWrite | None:
        """Return what to write into a pin store of the gateway's own when ``attempt`` has served: key, attempt, and for how many seconds.

        ``None`` where there is no conversation to pin. For stores that the router may ask itself, ``observe`` has written it already.
        """
        session = self.session
        if session is None or session.conversation is None:
            return None
        return PinWrite(session.key(attempt.endpoint.model), attempt.key, session.cache_seconds)

    def response_write(self, attempt: Attempt, response_id: str, ttl_seconds: float = 86_400.0) -> PinWrite:
        """Return what to write so that a request that goes on from ``response_id`` finds the host that made it.

        Args:
            attempt: The attempt that served.
            response_id: The answer's id.
            ttl_seconds: How long to keep it.
        """
        account = self.case.context.account_id if self.session is None else self.session.account
        return PinWrite(pin_key(account, response_of(response_id), ""), attempt.key, ttl_seconds)

    def to_scenario(self) -> dict[str, Any]:
        """Return the scenario that decides this plan again: the asked models' part of the catalog, and a body without its prompt."""
        case, session = self.case, self.session
        context = case.context.to_mapping()
        pin, no_pin = case.sticky, case.no_pin
        if session is not None and session.pins is not None:
            # where the caller chose providers the pin was not looked up; it decides nothing but what is told of it
            found = session.find(session.pins, case.pool.models)
            pin, no_pin = found.attempt, found.reason
        elif session is not None and pin is None:
            no_pin = session.reason
        for name, value in (
            ("sticky", pin),
            ("prompt_tokens", case.prompt_tokens),
            ("completion_tokens", case.completion_tokens),
            ("cached_tokens", case.cached_tokens or None),
            ("deadline_seconds", case.deadline_seconds),
            ("no_pin", no_pin),
        ):
            context.pop(name, None)
            if value is not None:
                context[name] = value
        asked = set(case.pool.ids)
        facts = case.facts.to_mapping()
        scenario = {
            "catalog": {"endpoints": [endpoint.to_mapping() for _, endpoint in case.pool.rows]},
            "stats": {endpoint_id: row for endpoint_id, row in facts["stats"].items() if endpoint_id in asked},
            "health": {key: state for key, state in facts["health"].items() if key.partition("#")[0] in asked or key.rpartition("#")[0] in asked},
            "request": case.request.to_body(),
            "context": context,
            "settings": case.settings.to_mapping(),
            "draw": self.draw,
        }
        if case.now is not None:
            scenario["now"] = case.now
        return scenario

    def to_record(self) -> dict[str, Any]:
        """Return the decision record: the scenario, this plan as its answer, and the versions of catalog, facts and library."""
        versions = {"library": VERSION, "catalog": self.case.catalog.version, "facts": self.case.facts.version}
        # a copy: the caller's block may change after the call, and the record must not
        return deepcopy({"scenario": self.to_scenario(), "answer": self.to_dict(), "versions": versions, "propensity": self.propensity})
