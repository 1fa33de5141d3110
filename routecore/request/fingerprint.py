"""A key for bodies that are read alike, so that what was read can be kept."""

from __future__ import annotations

from typing import Any

from routecore.reading.checks import (
    INTEGER_LIMIT,
)
from routecore.request.body import FORMAT_KEYS, MAX_TOKENS_KEYS, NO_MODALITIES, PLAIN_KEYS, SESSION_ID_LIMIT, SHAPING_KEYS, asked_in, modalities_of


def fingerprint(body: dict[str, Any]) -> tuple[Any, ...] | None:
    """Return a key under which ``read(body)`` and the parsed provider block may be kept: equal keys are read alike.

    ``None`` where a body is better read in full: it has faults, or an unusual form. The key tells ``1`` from ``True`` and holds no prompt.
    """
    model, models, provider = body.get("model"), body.get("models"), body.get("provider")
    if type(model) is not str:
        return None
    block = None if provider is None else repr(provider)
    extras = _extras(body)
    if extras is None:
        return None
    modalities = NO_MODALITIES
    messages, items = body.get("messages"), body.get("input")
    if messages is not None or items is not None:
        if (messages is not None and type(messages) is not list) or (items is not None and type(items) is not str and type(items) is not list):
            return None
        modalities = modalities_of(body)
    return (model, None if models is None else repr(models), block, extras, modalities)


def _extras(body: dict[str, Any]) -> tuple[Any, ...] | None:
    """Return what of the body's other keys shapes the request, flat; ``None`` where one has a fault."""
    extras: list[Any] | None = None
    for key, value in body.items():
        if key in PLAIN_KEYS or value is None or key not in SHAPING_KEYS:
            continue
        if key == "session_id":
            if type(value) is not str or len(value) > SESSION_ID_LIMIT:
                return None
            continue
        extras = [] if extras is None else extras
        extras.append(key)
        if key in MAX_TOKENS_KEYS:
            if type(value) is not int or not 0 <= value < INTEGER_LIMIT:
                return None
            extras.append(value)
        elif key in FORMAT_KEYS:
            extras.append(tuple(asked_in({key: value})))
    return () if extras is None else tuple(extras)
