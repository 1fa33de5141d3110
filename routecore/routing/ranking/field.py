"""The field: all candidates of one decision with what the passes read. Each pass gives every candidate a place; none removes one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from routecore.request.context import NOMINAL_COMPLETION_TOKENS, NOMINAL_PROMPT_TOKENS
from routecore.routing.attempt import Attempt

if TYPE_CHECKING:
    from collections.abc import Container, Sequence
    from decimal import Decimal

    from routecore.routing.case import Case
    from routecore.routing.expansion import Candidate
    from routecore.routing.pool import Pool
    from routecore.routing.ranking.adjusted_price import Waits

__all__ = ["Field", "Sticky"]


class Sticky(NamedTuple):
    """What became of the session's pin: ``hit``, ``none``, or ``skipped`` with the reason. ``pinned`` are the candidates' places in the field."""

    status: str
    reason: str | None = None
    pinned: frozenset[int] = frozenset()


NO_PIN: Final = Sticky("none")


class Field:
    """The candidates, the cold quotes of their endpoints (by place in the pool), and who is cooling.

    ``stat_logs`` are the balance's logarithms without the price: they hold for other estimates too.
    """

    __slots__ = ("candidates", "case", "cooling", "full", "pool", "quotes", "stat_logs", "sticky", "waits")

    def __init__(self, case: Case, candidates: Sequence[Candidate]) -> None:
        self.case = case
        self.pool: Pool = case.pool
        self.candidates = candidates
        self.quotes = cold_quotes(case)
        facts = case.facts
        self.cooling: list[bool] | None = _named(facts.cooling, candidates) if facts.cooling else None
        self.full: list[bool] | None = _named(facts.full, candidates) if facts.full else None
        self.sticky = NO_PIN
        self.stat_logs: list[float] | None = None
        self.waits: list[Waits] | None = None

    @property
    def panic(self) -> bool:
        """Whether every candidate is cooling, so that health moves nothing."""
        return self.cooling is not None and all(self.cooling)

    def warm_quote(self, position: int) -> int | Decimal | None:
        """Return the expected price of the candidate with the context's cached tokens read from its cache."""
        pricing = self.candidates[position].endpoint.pricing
        if pricing is None:
            return None
        case = self.case
        prompt = NOMINAL_PROMPT_TOKENS if case.prompt_tokens is None else case.prompt_tokens
        completion = NOMINAL_COMPLETION_TOKENS if case.completion_tokens is None else case.completion_tokens
        return pricing.quote_femtodollars(prompt, completion, min(case.cached_tokens, prompt), case.now)

    def attempt(self, position: int, probability: float) -> Attempt:
        """Return the candidate as an attempt of that probability."""
        one = self.candidates[position]
        return Attempt(one.endpoint, one.key, one.key_id, probability, self.quote(position), self)

    def quote(self, position: int) -> int | Decimal | None:
        """Return the expected price of the candidate: warm where the pin holds, else cold."""
        return self.warm_quote(position) if position in self.sticky.pinned else self.quotes[self.candidates[position].row]


def cold_quotes(case: Case) -> Sequence[int | Decimal | None]:
    """Return every endpoint's cold quote. A request without estimates is nominal, and was priced when the pool was built."""
    pool, prompt, completion = case.pool, case.prompt_tokens, case.completion_tokens
    if prompt is None and completion is None and not (pool.priced_in_time and case.now is not None):
        return pool.nominal_quotes
    return pool.quotes(NOMINAL_PROMPT_TOKENS if prompt is None else prompt, NOMINAL_COMPLETION_TOKENS if completion is None else completion, case.now)


def _named(keys: Container[str], candidates: Sequence[Candidate]) -> list[bool] | None:
    """Return whom the health keys name, or ``None`` where it is nobody. Any key that applies to an attempt counts."""
    flags = [one.key in keys or one.endpoint.id in keys or (one.key_id is not None and f"{one.endpoint.id}#byok" in keys) for one in candidates]
    return flags if any(flags) else None
