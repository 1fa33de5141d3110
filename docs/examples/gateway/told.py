"""What callers are told: costs, routing metadata, errors; each in the dialect of the request."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from routecore import RoutecoreError, calculate_cost

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routecore import Attempt, Outcome, Run, StreamEvent, StreamReader

    from .core import Ask

TYPES = {400: "invalid_request_error", 401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}


# --- errors -------------------------------------------------------------------------------------------------------------------------------------


def error(dialect: str, status: int, message: str, metadata: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return an error's body. What a provider wrote is never in it: it may repeat what another caller sent."""
    kind = TYPES.get(status, "invalid_request_error" if status < 500 else "api_error")
    if dialect == "messages":
        return {"type": "error", "error": {"type": kind, "message": message}}
    return {"error": {"message": message, "type": kind, "code": status, "param": None, **({"metadata": metadata} if metadata else {})}}


def refusal(dialect: str, fault: RoutecoreError) -> dict[str, Any]:
    """Return the body of a request that no plan could be made for, with every fault or every rule that removed an endpoint."""
    return error(dialect, fault.code, str(fault), fault.metadata)


# --- costs and metadata -------------------------------------------------------------------------------------------------------------------------


def cost(attempt: Attempt, usage: object, finish_reason: str | None, served_tier: str | None) -> dict[str, Any]:
    """Return ``cost`` in USD and its parts; a cost that is not known is ``None``, not 0."""
    if usage is None or attempt.endpoint.pricing is None:
        return {"cost": None}
    try:
        context = {} if served_tier is None else {"served_tier": served_tier}
        found = calculate_cost(attempt.endpoint.pricing, usage, finish_reason=finish_reason, context=context)
    except RoutecoreError as fault:
        return {"cost": None, "cost_details": {"unknown": str(fault)}}
    details = found.to_dict()["cost_details"]
    return {"cost": float(found.cost), "cost_details": {name: float(value) if isinstance(value, str) else value for name, value in details.items()}}


def metadata(ask: Ask, run: Run, serving: Attempt) -> dict[str, Any]:
    """Return OpenRouter's ``openrouter_metadata``: what was asked, how it was ordered, who was tried."""
    plan = run.plan
    tried = [*((attempt, outcome.status) for attempt, outcome in run.outcomes if attempt.key != serving.key), (serving, 200)]
    return {
        "requested": ask.body.get("model"),
        "strategy": plan.strategy,
        "summary": f"available={len(plan)}, selected={serving.endpoint.provider}",
        "attempt": len(tried),
        "is_byok": serving.key_id is not None,
        "endpoints": {
            "total": len(plan) + len(plan.rejections),
            "available": [{"provider": one.endpoint.provider, "model": one.endpoint.model, "selected": one.key == serving.key} for one in plan],
        },
        "attempts": [{"provider": one.endpoint.provider, "model": one.endpoint.model, "status": status} for one, status in tried],
        "pipeline": [],
    }


def completed(ask: Ask, attempt: Attempt, run: Run, body: dict[str, Any], outcome: Outcome) -> dict[str, Any]:
    """Return a provider's whole answer as the caller gets it."""
    body["model"] = attempt.endpoint.model
    if ask.dialect != "messages":
        body["provider"] = attempt.endpoint.provider
    if ask.wants_cost:
        body["usage"] = {**(body.get("usage") or {}), **cost(attempt, outcome.usage, outcome.finish_reason, outcome.served_tier)}
    if ask.wants_metadata:
        body["openrouter_metadata"] = metadata(ask, run, attempt)
    return body


class Writer:
    """Events of a provider as the caller gets them: the cost joined to the usage, metadata on the last of them, chunks of usage that nobody asked for left out."""

    def __init__(self, ask: Ask, attempt: Attempt, run: Run, reader: StreamReader) -> None:
        self.ask = ask
        self.attempt = attempt
        self.run = run
        self.reader = reader
        self.held: tuple[str | None, Any] | None = None
        options = ask.body.get("stream_options")
        self.wants_usage = ask.wants_cost or (isinstance(options, dict) and options.get("include_usage") is True)

    def take(self, event: StreamEvent) -> Iterator[bytes]:
        """Yield what goes on now. With metadata, one event is held back: the last one carries it."""
        data = event.data
        if isinstance(data, dict):
            if self.ask.dialect == "chat" and data.get("usage") and not data.get("choices") and not self.wants_usage:
                return
            data = self._told(data)
        if self.ask.wants_metadata and isinstance(data, dict) and event.name != "ping":
            if self.held is not None:
                yield _event(*self.held)
            self.held = (event.name, data)
            return
        yield from self._release()
        yield _event(event.name, data)

    def rest(self) -> Iterator[bytes]:
        """Yield what was held back, at the end."""
        yield from self._release()

    def _release(self) -> Iterator[bytes]:
        if self.held is not None:
            name, data = self.held
            self.held = None
            yield _event(name, {**data, "openrouter_metadata": metadata(self.ask, self.run, self.attempt)})

    def _told(self, data: dict[str, Any]) -> dict[str, Any]:
        if self.ask.dialect == "chat" and "model" in data:
            data = {**data, "model": self.attempt.endpoint.model, "provider": self.attempt.endpoint.provider}
        if not self.ask.wants_cost:
            return data
        if self.ask.dialect == "responses" and data.get("type") == "response.completed" and isinstance(data.get("response"), dict):
            return {**data, "response": self._priced(data["response"])}
        if data.get("usage") and (self.ask.dialect == "chat" or data.get("type") == "message_delta"):
            return self._priced(data)
        return data

    def _priced(self, holder: dict[str, Any]) -> dict[str, Any]:
        found = cost(self.attempt, self.reader.usage, self.reader.finish_reason, self.reader.served_tier)
        return {**holder, "usage": {**(holder.get("usage") or {}), **found}}


def _event(name: str | None, data: object) -> bytes:
    head = "" if name is None else f"event: {name}\n"
    return f"{head}data: {data if isinstance(data, str) else json.dumps(data)}\n\n".encode()
