"""Holding a router of any kind against named cases, against the laws and against the reference, and telling what differs."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from routecore.testing.answers import differences
from routecore.testing.hostile import random_hostile_scenario
from routecore.testing.laws import law_documented_answer
from routecore.testing.levels import LEVELS, laws_of, scenario_of
from routecore.testing.reference import reference_decide_scenario
from routecore.testing.shrink import smallest
from routecore.testing.vectors import vectors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from routecore.testing.answers import DecideScenario

__all__ = ["PARTS", "Check", "Difference", "check_router"]

PARTS = ("vectors", "laws", "reference", "hostile")
"""What a router is held against. Hostile scenarios are part of the level ``full`` alone."""


@dataclass(frozen=True)
class Difference:
    """Where a router differs: what was asked of it, in which words it differs, and a small scenario that shows it."""

    what: str
    words: str
    scenario: Any


@dataclass
class Check:
    """One thing that a router is held against: ``held`` of ``tried`` scenarios, and the first difference, made small."""

    part: str
    name: str
    tried: int = 0
    held: int = 0
    first: Difference | None = field(default=None)

    @property
    def holds(self) -> bool:
        """Say whether nothing differs."""
        return self.held == self.tried


def check_router(
    decide_scenario: DecideScenario,
    *,
    level: str = "full",
    scenarios: int = 50,
    seed: int = 0,
    parts: tuple[str, ...] = PARTS,
    named: tuple[str, ...] = (),
    shrink: bool = True,
) -> Iterator[Check]:
    """Hold a router against what it should be, and give each check when it is done.

    Args:
        decide_scenario: the router: from a scenario to an answer, both in the wire form. What it raises is a difference.
        level: how much of the wire it reads: ``basic``, ``documented`` or ``full``.
        scenarios: random scenarios for each law, for the comparison with the reference, and hostile ones.
        seed: of the random scenarios; the same seed asks the same.
        parts: which of ``PARTS``.
        named: only checks of these names, e.g. ``("law_subset",)``; empty: all.
        shrink: make the first differing scenario of each check small; it takes some hundred questions more.

    Yields:
        A ``Check`` for each named case, each law, the comparison with the reference, and hostile input.

    Example:
        >>> checks = list(check_router(reference_decide_scenario, level="basic", scenarios=2, parts=("vectors", "laws")))
        >>> all(check.holds for check in checks), len(checks) > 20
        (True, True)

    """
    if level not in LEVELS:
        raise ValueError(f"level: {level!r} is none of {', '.join(LEVELS)}")
    reached = LEVELS[: LEVELS.index(level) + 1]
    jobs: list[tuple[str, str, list[Any], Callable[[Any], str | None]]] = []
    if "vectors" in parts:
        jobs += [("vectors", one["name"], [one["scenario"]], _equals(decide_scenario)) for one in vectors() if one["level"] in reached]
    made = [scenario_of(level, random.Random(f"{seed} {number}")) for number in range(scenarios)]  # noqa: S311 - seeded chance
    if "laws" in parts:
        jobs += [("laws", law.__name__, made, _obeys(law, decide_scenario)) for law in laws_of(level)]
    if "reference" in parts:
        jobs.append(("reference", "equals_the_reference", made, _equals(decide_scenario)))
    if "hostile" in parts and level == "full":
        hostile = [random_hostile_scenario(random.Random(f"{seed} hostile {number}"), json_only=True) for number in range(scenarios)]  # noqa: S311
        jobs.append(("hostile", "documented_answer", [one for one in hostile if _is_json(one)], _obeys(law_documented_answer, decide_scenario)))
    for part, name, asked, judge in jobs:
        if not named or name in named:
            yield _run(Check(part, name), asked, judge, shrink=shrink)


def _run(check: Check, asked: list[Any], judge: Callable[[Any], str | None], *, shrink: bool) -> Check:
    for scenario in asked:
        check.tried += 1
        words = judge(scenario)
        if words is None:
            check.held += 1
        elif check.first is None:
            small = smallest(scenario, lambda one: _still_fails(judge, one)) if shrink else scenario
            check.first = Difference(check.name, judge(small) or words, small)
    return check


def _still_fails(judge: Callable[[Any], str | None], scenario: object) -> bool:
    """A scenario that lost its catalog or its request shows another failure: an invalid one, or one that laws do not expect."""
    if not (isinstance(scenario, dict) and isinstance(scenario.get("catalog"), dict) and isinstance(scenario.get("request"), dict)):
        return False
    answer = reference_decide_scenario(scenario)
    if answer.get("error", {}).get("code") == 400:
        return False
    return judge(scenario) is not None


def _equals(decide_scenario: DecideScenario) -> Callable[[Any], str | None]:
    """Compare with the reference in what the rules decide: words are free, probabilities agree within 1e-6."""

    def judge(scenario: object) -> str | None:
        try:
            found = differences(decide_scenario(scenario), reference_decide_scenario(scenario))
        except Exception as error:  # noqa: BLE001 - whatever a router raises is its difference
            return f"raised {type(error).__name__}: {error}"
        return "\n".join(found) or None

    return judge


def _obeys(law: Callable[[DecideScenario, Any], None], decide_scenario: DecideScenario) -> Callable[[Any], str | None]:
    def judge(scenario: object) -> str | None:
        try:
            law(decide_scenario, scenario)
        except AssertionError as broken:
            return str(broken)
        except Exception as error:  # noqa: BLE001 - whatever a router raises is its difference
            return f"raised {type(error).__name__}: {error}"
        return None

    return judge


def _is_json(value: object) -> bool:
    """Say whether a value is JSON as every language reads it: no NaN, not too deep, no integers beyond a double."""
    try:
        text = json.dumps(value, allow_nan=False)
        return all(abs(number) < 2**64 for number in _integers(json.loads(text)))
    except (ValueError, TypeError, RecursionError):
        return False


def _integers(value: Any) -> Iterator[int]:  # noqa: ANN401
    if isinstance(value, int):
        yield value
    elif isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _integers(inner)
