"""Short ways to write a scenario, and to read its answer: a test then shows only what its claim is about."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from routecore import Catalog, Context, Facts, Plan, Settings, decide, decide_scenario

MODEL = "a/b"
FREE_OF_BALANCE = {"balance": {"price": 0}}
"""Settings under which every endpoint weighs the same."""


def per_million(usd: Any) -> str:
    """Return the wire's price per token of a price per million tokens."""
    return format(Decimal(str(usd)).scaleb(-6), "f")


def row(slug: str = "p", model: str = MODEL, *, price: Any = (1, 2), **fields: Any) -> dict[str, Any]:
    """Return a catalog row; ``price`` is (prompt, completion) in USD per million tokens, ``None`` for no price list at all."""
    found: dict[str, Any] = {"model": model, "provider": re.split("[/#]", slug)[0], "slug": slug}
    if price is not None:
        prompt, completion = price if isinstance(price, tuple) else (price, price)
        found["pricing"] = {name: per_million(one) for name, one in (("prompt", prompt), ("completion", completion)) if one is not None}
    if "pricing" in fields and "pricing" in found:
        found["pricing"].update(fields.pop("pricing"))
    return {**found, **fields}


def scene(*rows: dict[str, Any], provider: Any = None, body: Any = None, model: Any = MODEL, **parts: Any) -> dict[str, Any]:
    """Return the scenario that asks ``rows`` for ``model``; ``parts`` are its context, stats, health, settings, draw."""
    request = {"model": model, "provider": provider, **(body or {})}
    return {"catalog": {"endpoints": list(rows)}, "request": {key: value for key, value in request.items() if value is not None}, **parts}


def ask(*rows: dict[str, Any], **parts: Any) -> dict[str, Any]:
    """Return the answer to ``scene(...)``."""
    return decide_scenario(scene(*rows, **parts))


def plan(*rows: dict[str, Any], provider: Any = None, body: Any = None, model: Any = MODEL, stats: Any = None, health: Any = None, **parts: Any) -> Plan:
    """Return the plan of the same scenario, as ``decide`` gives it."""
    request = scene(provider=provider, body=body, model=model)["request"]
    context, settings = Context.parse(parts.pop("context", None)), Settings.parse(parts.pop("settings", None))
    return decide(Catalog.from_mapping({"endpoints": list(rows)}), request, Facts.from_mapping(stats, health), context=context, settings=settings, **parts)


def slugs(answer: dict[str, Any]) -> list[str]:
    """Return the slugs of the plan's attempts, in order."""
    assert "error" not in answer, answer
    return [one["slug"] for one in answer["attempts"]]


def attempts(answer: dict[str, Any]) -> list[str]:
    """Return the attempts in order, as ``slug`` for shared capacity and ``slug:KEY_ID`` for a key of one's own."""
    assert "error" not in answer, answer
    return [one["slug"] if one["key_id"] is None else f"{one['slug']}:{one['key_id']}" for one in answer["attempts"]]


def chances(answer: dict[str, Any]) -> dict[str, float]:
    """Return each attempt's probability by slug."""
    return {one["slug"]: one["probability"] for one in answer["attempts"]}


def rejected(answer: dict[str, Any]) -> dict[str, list[str]]:
    """Return the rules that each rejected endpoint fails, by slug."""
    found = answer["error"]["metadata"] if "error" in answer else answer
    return {one["endpoint"].partition("@")[2]: one["rules"] for one in found["rejections"]}


def details(answer: dict[str, Any]) -> dict[str, list[str]]:
    """Return the reasons of each rejected endpoint, by slug."""
    found = answer["error"]["metadata"] if "error" in answer else answer
    return {one["endpoint"].partition("@")[2]: one["details"] for one in found["rejections"]}


def warned(answer: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the warnings as (code, path) pairs."""
    assert "error" not in answer, answer
    return [(one["code"], one["path"]) for one in answer["warnings"]]


def error(answer: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return the answer's error body after seeing that it is of that kind, with the code that goes with it."""
    assert "error" in answer, answer
    body: dict[str, Any] = answer["error"]
    code = {"unknown_model": 404, "no_eligible_endpoint": 503}.get(kind, 400)
    assert (body["type"], body["code"]) == (kind, code), body
    return body


def faults(answer: dict[str, Any], kind: str) -> list[str]:
    """Return the paths of the answer's faults; the first is its ``param``, and each is in the message with its value."""
    body = error(answer, kind)
    paths = [fault["path"] for fault in body["metadata"]["faults"]]
    assert body["param"] == paths[0]
    for fault in body["metadata"]["faults"][:5]:
        assert f"{fault['path']}: " in body["message"]
        assert fault["expected"] in body["message"]
        assert set(fault) == {"path", "value", "expected"}
    return paths
