"""Requests to providers: whom to call, with whose key, and what of the caller's body is theirs."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx

    from routecore import Endpoint

PATHS = {"chat": "chat/completions", "messages": "messages", "responses": "responses"}
OURS = frozenset({"models", "provider", "route", "session_id", "usage"})
"""Keys of a body that are for the router and would be refused by a provider."""


@dataclass(frozen=True)
class Target:
    """Where an endpoint is: its base URL, the name of the model there, and its key."""

    base_url: str
    model: str
    key: str | None

    @classmethod
    def of(cls, endpoint: Endpoint) -> Target:
        """Read what the endpoint's row holds for the gateway alone; the configuration has checked it."""
        extra = endpoint.extra or {}
        variable = extra.get("key_env")
        return cls(extra["base_url"].rstrip("/"), extra.get("model") or endpoint.model, None if variable is None else os.environ.get(variable))


def request(client: httpx.AsyncClient, target: Target, dialect: str, body: dict[str, Any]) -> httpx.Request:
    """Make the provider's request of the caller's."""
    sent = {**{key: value for key, value in body.items() if key not in OURS}, "model": target.model}
    if dialect == "chat" and body.get("stream") is True:
        # a bill needs the usage, which comes only when it is asked for
        sent["stream_options"] = {**(body.get("stream_options") or {}), "include_usage": True}
    headers = {}
    if dialect == "messages":
        headers["anthropic-version"] = "2023-06-01"
        if target.key is not None:
            headers["x-api-key"] = target.key
    elif target.key is not None:
        headers["authorization"] = f"Bearer {target.key}"
    return client.build_request("POST", f"{target.base_url}/{PATHS[dialect]}", json=sent, headers=headers)


async def whole(response: httpx.Response, most: int) -> bytes:
    """Return a whole answer; one of more than ``most`` bytes is cut there, and so is no completion."""
    content = bytearray()
    async for piece in response.aiter_bytes():
        content += piece
        if len(content) > most:
            break
    return bytes(content[:most])


def parsed(content: bytes) -> dict[str, Any]:
    """Return the answer of a provider, which was a completion."""
    found: dict[str, Any] = json.loads(content)
    return found
