"""A router's plan: a plan that knows its session and what to do after each try."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from routecore.live.steps import StepSettings, next_after
from routecore.routing.attempt import Attempt
from routecore.routing.plan import Plan
from routecore.routing.ranking.field import Sticky

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routecore.live.outcome import Outcome
    from routecore.live.session import Session
    from routecore.live.steps import Step
    from routecore.routing.ranking.ranking import Ranking

__all__ = ["LiveAttempt", "LivePlan"]

_STEPS = StepSettings()


class LiveAttempt(Attempt):
    """An attempt that knows the plan it came from, and its place there (from 0)."""

    __slots__ = ("place", "plan")

    def __init__(self, attempt: Attempt, plan: LivePlan, place: int) -> None:
        super().__init__(attempt.endpoint, attempt.key, attempt.key_id, attempt.probability, attempt.quote)
        self.plan = plan
        self.place = place


class LivePlan(Plan):
    """A plan with its session: iterating it gives attempts that ``Router.observe`` can pin and step on from."""

    __slots__ = ("_retried", "_steps", "session")

    def __init__(self, ranking: Ranking, draw: int, session: Session | None = None, steps: StepSettings = _STEPS) -> None:
        # a plan is made for every request: what is empty at first is not stored
        self.ranking = ranking
        self.draw = draw
        self.session = session
        self._steps = steps

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

    def __iter__(self) -> Iterator[LiveAttempt]:
        for place, attempt in enumerate(super().__iter__()):
            yield LiveAttempt(attempt, self, place)

    def next_after(self, outcome: Outcome, attempt: Attempt | None = None) -> Step:
        """Return what to do after ``outcome`` of ``attempt`` (without one: of the first): the next attempt, the same again after a wait, stop, or done.

        A plan is gone through once more at most: after one ``retry`` it says ``stop``.
        """
        place = attempt.place if isinstance(attempt, LiveAttempt) else 0
        step = next_after(outcome, attempts_left=len(self) - 1 - place, retries_left=0 if getattr(self, "_retried", False) else 1, settings=self._steps)
        if step.action == "retry":
            self._retried = True
        return step

    def to_scenario(self) -> dict[str, Any]:
        """Return the scenario that decides this plan again: the asked models' part of the catalog, and a body without its prompt."""
        case = self.case
        context = case.context.to_mapping()
        for name, value in (
            ("sticky", case.sticky),
            ("prompt_tokens", case.prompt_tokens),
            ("completion_tokens", case.completion_tokens),
            ("cached_tokens", case.cached_tokens or None),
        ):
            context.pop(name, None)
            if value is not None:
                context[name] = value
        asked = set(case.pool.ids)
        facts = case.facts.to_mapping()
        return {
            "catalog": {"endpoints": [endpoint.to_mapping() for _, endpoint in case.pool.rows]},
            "stats": {endpoint_id: row for endpoint_id, row in facts["stats"].items() if endpoint_id in asked},
            "health": {key: state for key, state in facts["health"].items() if key.partition("#")[0] in asked or key.rpartition("#")[0] in asked},
            "request": case.request.to_body(),
            "context": context,
            "settings": case.settings.to_mapping(),
            "draw": self.draw,
        }

    def to_record(self) -> dict[str, Any]:
        """Return the decision record: the scenario, its answer, and the versions of catalog, facts and library."""
        from routecore.wire.record import record

        made = record(self.to_scenario())
        made["versions"]["catalog"] = self.case.catalog.version
        made["propensity"] = self.propensity
        return made
