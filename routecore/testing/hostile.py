"""Scenarios broken on purpose: what a router must answer with a documented error, or with a plan, but never with a traceback."""

from __future__ import annotations

import copy
import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from routecore.testing.dice import Dice, Mapping, SeededDice
from routecore.testing.generate import make_scenario

if TYPE_CHECKING:
    import random

__all__ = ["make_hostile", "random_hostile_scenario"]

_HOSTILE_JSON: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, -0.5, 101, math.nan, math.inf, -math.inf, 2**63, 2**64, -(2**63), 10**400, 1e300, "", " ", "a b",
    "\ud800", "x@y", "x#1", "x#2", "\x00", "x" * 257, "NaN", "1e9999999", "-1", "0.0000000000000001", "1000000", "1_0", "１", "true",
    [], {}, [[]], [None], [""], [1], {"p95": 1}, {"": 0}, {"by": "price", "oops": 1}, {"prompt": -1}, {"only": "azure"},
)  # fmt: skip
_HOSTILE_PYTHON: tuple[Any, ...] = (
    b"bytes",
    {1: 2},
    {None: None},
    (),
    ("azure",),
    frozenset({1}),
    Decimal("NaN"),
    Decimal(-1),
    1j,
    range(3),
    object(),
)
_STRAY_KEYS = ("oops", "p95", "p50", "by", "slug", "zdr", "prompt", "response_format", "model", "key_id", "", "\ud800")
_DEPTH = 3000


def random_hostile_scenario(rng: random.Random, *, json_only: bool = False) -> Any:  # noqa: ANN401 - it may be anything at all
    """Make a scenario from ``rng`` and break it in a few places. ``json_only``: with what JSON can hold, NaN and infinity included."""
    dice = SeededDice(rng)
    return make_hostile(dice, make_scenario(dice), json_only=json_only)


def make_hostile(dice: Dice, scenario: Mapping, *, json_only: bool = False) -> Any:  # noqa: ANN401 - it may be anything at all
    """Break a scenario in one to three places: wrong types, NaN, bools, huge numbers, lone surrogates, deep nesting, stray and missing keys.

    ``json_only`` keeps to values that ``json.loads`` can give.
    """
    values = _HOSTILE_JSON if json_only else (*_HOSTILE_JSON, *_HOSTILE_PYTHON)
    if dice.chance(0.01):
        return dice.choice(values)
    broken = copy.deepcopy(scenario)
    for _ in range(dice.integer(1, 3)):
        if not broken:
            break
        holder = dice.choice(_holders(_part(dice, broken)))
        deed = dice.choice(("replace", "replace", "replace", "stray", "remove", "wrap", "nest", "repeat"))
        _do(dice, holder, deed, copy.deepcopy(dice.choice(values)))
    if broken and dice.chance(0.05):  # last, as whatever came after would have to copy it
        _do(dice, dice.choice(_holders(_part(dice, broken))), "replace", _nested(dice.choice(("list", "dict", "content"))))
    return broken


def _part(dice: Dice, scenario: Mapping) -> Any:  # noqa: ANN401
    """One part of the scenario, all about equally likely, so that the catalog's many rows do not drown the rest."""
    request = scenario.get("request")
    block = request.get("provider") if isinstance(request, dict) else None
    parts = [scenario, *(scenario.get(key) for key in ("catalog", "context", "stats", "health", "settings")), request, block, block]
    return dice.choice([part for part in parts if part and isinstance(part, (dict, list))] or [scenario])


def _holders(root: Any) -> list[Any]:  # noqa: ANN401
    """Every list and mapping inside ``root`` and itself, shallow ones more than once."""
    found: list[Any] = []
    level: list[Any] = [root]
    for weight in (6, 4, 2, 1, 1):
        found += [holder for holder in level for _ in range(weight)]
        level = [inner for holder in level for inner in (holder.values() if isinstance(holder, dict) else holder) if isinstance(inner, (dict, list))]
    return found


def _do(dice: Dice, holder: Any, deed: str, value: object) -> None:  # noqa: ANN401
    keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
    if not keys or deed == "stray":
        if isinstance(holder, dict):
            holder[dice.choice(_STRAY_KEYS)] = value
        else:
            holder.append(value)
        return
    key = dice.choice(keys)
    if deed == "remove":
        del holder[key]
    elif deed == "repeat" and isinstance(holder, list):
        holder.append(copy.deepcopy(holder[key]))
    else:
        old = holder[key]
        holder[key] = [old] if deed == "wrap" else {"inner": old} if deed == "nest" else value


def _nested(kind: str) -> object:
    value: object = []
    for _ in range(_DEPTH):
        value = [value] if kind == "list" else {"content": [value]} if kind == "content" else {"a": value}
    return value
