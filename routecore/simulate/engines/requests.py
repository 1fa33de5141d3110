"""The body of a trace's row: one maker for every engine, so that all decide on the same request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from routecore.simulate.policy import Policy
    from routecore.simulate.traces.names import Names

__all__ = ["Asked", "body_of"]


class Asked(NamedTuple):
    """What routing looks at in a row: the codes of model and provider block (-1: none), whether there are tools, and ``max_tokens`` (0: none).

    Rows that agree in it are one request to the router, but for their tokens and their session.
    """

    model: int
    provider: int
    tools: bool
    max_tokens: int


def body_of(names: Names, policy: Policy, asked: tuple[int, int, bool, int]) -> dict[str, Any]:
    """Return the body of requests that ask for this, under the policy's own provider block.

    >>> from routecore.simulate.policy import Policy
    >>> from routecore.simulate.traces.names import Names
    >>> body_of(Names(["a/b"]), Policy("cheap", provider={"sort": "price"}), (0, -1, True, 64))
    {'model': 'a/b', 'provider': {'sort': 'price'}, 'tools': [{'type': 'function'}], 'max_tokens': 64}
    """
    model, provider, tools, most = asked
    body: dict[str, Any] = {"model": names.models[model]}
    block = policy.block(names.providers[provider] if provider >= 0 else None)
    if block:
        body["provider"] = block
    if tools:
        body["tools"] = [{"type": "function"}]
    if most:
        body["max_tokens"] = most
    return body
