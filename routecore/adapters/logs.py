"""Structured logs: one JSON object a line through the standard library's ``logging``, for outcomes, changes of health and decisions.

What a provider or a caller wrote is never in a line: neither prompts nor upstream's error texts, which echo them.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any, Final

from routecore.safe_text import jsonable

if TYPE_CHECKING:
    from routecore.live.health import HealthChange
    from routecore.live.outcome import Outcome
    from routecore.routing.attempt import Attempt
    from routecore.routing.plan import Plan

__all__ = ["JsonFormatter", "RouterLog"]

_OUTCOME_FIELDS: Final = ("status", "ttft_seconds", "total_seconds", "output_tokens", "retry_after_seconds", "served_tier", "finish_reason")


class JsonFormatter(logging.Formatter):
    """Writes a record as one line of JSON: time, level, logger, event, and what the record's ``routecore`` attribute holds.

    >>> record = logging.LogRecord("routecore", logging.INFO, "", 0, "outcome", (), None)
    >>> record.routecore = {"endpoint": "a/b@p"}
    >>> json.loads(JsonFormatter().format(record))["endpoint"]
    'a/b@p'
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line. It never raises, whatever the record holds."""
        fields = getattr(record, "routecore", None)
        found: dict[str, Any] = {"time": record.created, "level": record.levelname.lower(), "logger": record.name, "event": record.getMessage()}
        if isinstance(fields, dict):
            found.update(fields)
        if record.exc_info and record.exc_info[0] is not None:
            found["exception"] = record.exc_info[0].__name__
        try:
            return json.dumps(found, allow_nan=False)
        except (TypeError, ValueError, RecursionError):
            # what JSON cannot hold becomes short text
            return json.dumps(jsonable(found))


class RouterLog:
    """Logs what a router tells: ``Router(catalog, on_outcome=log.outcome, on_health=log.health)``.

    Successes are at level DEBUG, failures at INFO, an attempt that starts to cool at WARNING. Fields stand in the record's ``routecore`` attribute, so that any formatter
    can use them; ``JsonFormatter`` writes them as JSON.
    """

    def __init__(self, logger: logging.Logger | str = "routecore") -> None:
        self.logger = logging.getLogger(logger) if isinstance(logger, str) else logger

    def outcome(self, attempt: Attempt, outcome: Outcome, plan: Plan | None = None) -> None:
        """Log how a try ended."""
        level = logging.DEBUG if str(outcome.kind) == "success" else logging.INFO
        if not self.logger.isEnabledFor(level):
            return
        fields: dict[str, Any] = {
            "endpoint": attempt.endpoint.id,
            "credential": attempt.credential,
            "outcome": str(outcome.kind),
            "probability": attempt.probability,
        }
        fields.update((name, value) for name in _OUTCOME_FIELDS if (value := getattr(outcome, name, None)) is not None)
        plan = getattr(attempt, "plan", None) if plan is None else plan
        if plan is not None:
            fields["strategy"] = plan.strategy
            fields["attempts"] = len(plan)
        self._write(level, "outcome", fields)

    def health(self, change: HealthChange) -> None:
        """Log a change of an attempt's health."""
        told = change.to_mapping()
        # the line's own event is "health"; what happened is its cause
        fields = {"cause" if name == "event" else name: value for name, value in told.items() if name != "detail" and value is not None}
        self._write(logging.WARNING if str(change.after) == "cooling" else logging.INFO, "health", fields)

    def decision(self, record: dict[str, Any]) -> None:
        """Log a decision record: a router's ``on_decision``."""
        self._write(logging.INFO, "decision", {"record": record})

    def _write(self, level: int, event: str, fields: dict[str, Any]) -> None:
        self.logger.log(level, event, extra={"routecore": fields})
