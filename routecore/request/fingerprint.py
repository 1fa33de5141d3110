"""A key for bodies that are read alike, so that what was read can be kept."""

from __future__ import annotations

import marshal
from typing import Any

from routecore.reading.checks import INTEGER_LIMIT
from routecore.request.body import (
    FORMAT_KEYS,
    MAX_TOKENS_KEYS,
    NO_MODALITIES,
    PARAMETER_OF_KEY,
    PLAIN_KEYS,
    SESSION_ID_LIMIT,
    SHAPING_KEYS,
    asked_in,
    modalities_of,
)

__all__ = ["exact_bytes", "fingerprint"]


def exact_bytes(value: Any) -> bytes | None:  # noqa: ANN401 - any JSON
    """Return bytes that are equal for equal JSON and differ for anything else: ``1``, ``True`` and ``1.0`` differ, and so do orders of keys.

    ``None`` for what is no plain JSON (a subclass of ``dict`` may be any mapping, with any ``repr``), runs in a circle, or is too deep.

    >>> exact_bytes({"a": 1}) == exact_bytes({"a": True}), exact_bytes({"a": [1.5, "x"]}) == exact_bytes({"a": [1.5, "x"]})
    (False, True)
    """
    try:
        # version 2 writes values alone: no references, and nothing of how strings are kept
        return marshal.dumps(value, 2)
    except (ValueError, RecursionError):
        return None


def fingerprint(body: dict[str, Any]) -> tuple[Any, ...] | None:
    """Return a key under which ``read(body)`` and the parsed provider block may be kept: equal keys are read alike.

    ``None`` where a body is better read in full: it has faults, or an unusual form. The key tells ``1`` from ``True`` and holds no prompt.
    """
    model, models, provider = body.get("model"), body.get("models"), body.get("provider")
    if type(model) is not str:
        return None
    block = listed = None
    if provider is not None and (block := exact_bytes(provider)) is None:
        return None
    if models is not None and (listed := exact_bytes(models)) is None:
        return None
    extras = _extras(body)
    if extras is None:
        return None
    modalities = NO_MODALITIES
    messages, items = body.get("messages"), body.get("input")
    if messages is not None or items is not None:
        if (messages is not None and type(messages) is not list) or (items is not None and type(items) is not str and type(items) is not list):
            return None
        modalities = modalities_of(body)
    return (model, listed, block, extras, modalities)


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
        elif key in PARAMETER_OF_KEY or key in FORMAT_KEYS:
            extras.append(tuple(asked_in(key, value)))
        elif type(value) is str:
            # service_tier, speed, tool_choice: the word counts
            extras.append(value)
        elif type(value) in {list, dict}:
            # tools and tool_choice: whether there is something
            extras.append(len(value) > 0)
        else:
            return None
    return () if extras is None else tuple(extras)
