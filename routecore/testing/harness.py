"""Assertions for a router's own test suite: laws of one plan, laws of a router, and a failure that shows a scenario to paste."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from routecore.testing import laws
from routecore.testing.answers import block_of, differences
from routecore.testing.reference import reference_decide_scenario
from routecore.testing.shrink import smallest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from routecore.testing.answers import DecideScenario

__all__ = ["PLAN_LAWS", "assert_plan_is_the_references", "assert_plan_laws", "assert_router_laws", "pasted"]

PLAN_LAWS = (
    laws.law_documented_answer,
    laws.law_subset,
    laws.law_never_a_forbidden_endpoint,
    laws.law_api_is_spoken,
    laws.law_affinity_stays,
)
"""The laws that one answer to one scenario can break by itself."""


def pasted(scenario: object) -> str:
    """Return a scenario on one line of JSON, to paste; what JSON cannot hold as its ``repr``."""
    try:
        return json.dumps(scenario, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return repr(scenario)[:2000]


def assert_plan_laws(scenario: Mapping[str, Any], plan: object) -> None:
    """Hold one plan, however it was made, against what must be true of it.

    Args:
        scenario: the mapping that was decided, in the wire form.
        plan: the answer: a mapping in the wire form, or anything whose ``to_dict()`` gives one.

    Raises:
        AssertionError: a law is broken; the message ends with the scenario, to paste.

    Example:
        >>> scenario = {"catalog": {"endpoints": [{"model": "m", "provider": "p"}]}, "request": {"model": "m"}}
        >>> assert_plan_laws(scenario, reference_decide_scenario(scenario))

    """
    answer = _as_answer(plan)
    cut = block_of(scenario).get("allow_fallbacks") is False
    for law in PLAN_LAWS:
        if not (cut and law is laws.law_subset):  # a plan that was cut does not name all that is eligible
            _hold(law, lambda _: answer, scenario)


def assert_plan_is_the_references(scenario: Mapping[str, Any], plan: object) -> None:
    """Hold one plan against the reference's answer to the same scenario: words are free, probabilities agree within 1e-6.

    Raises:
        AssertionError: they differ; the message ends with the scenario, to paste.

    """
    found = differences(_as_answer(plan), reference_decide_scenario(scenario))
    assert not found, "differs from the reference:\n  " + "\n  ".join(found) + _to_paste(scenario)


def assert_router_laws(
    decide_scenario: DecideScenario, scenario: Mapping[str, Any], of: Iterable[Callable[..., None]] = laws.LAWS, *, shrink: bool = True
) -> None:
    """Hold a router against laws on one scenario; where one breaks, the scenario in the message is made small first.

    Args:
        decide_scenario: the router: from a scenario to an answer, both in the wire form.
        scenario: a valid scenario, say of ``generate.random_scenario`` or ``strategies.scenarios``.
        of: the laws; all of them unless told otherwise.
        shrink: make the scenario small. Under Hypothesis, which shrinks by itself, it takes less time without.

    Raises:
        AssertionError: a law is broken; the message ends with the scenario, to paste.

    """
    for law in of:
        try:
            law(decide_scenario, scenario)
        except AssertionError:
            small = smallest(scenario, lambda one, law=law: _breaks(law, decide_scenario, one)) if shrink else scenario  # type: ignore[misc]
            _hold(law, decide_scenario, small)
            raise


def _hold(law: Callable[[DecideScenario, Any], None], decide_scenario: DecideScenario, scenario: Mapping[str, Any]) -> None:
    try:
        law(decide_scenario, scenario)
    except AssertionError as broken:
        raise AssertionError(f"{law.__name__}: {broken}{_to_paste(scenario)}") from None


def _breaks(law: Callable[[DecideScenario, Any], None], decide_scenario: DecideScenario, scenario: Any) -> bool:  # noqa: ANN401
    if not isinstance(scenario, dict) or reference_decide_scenario(scenario).get("error", {}).get("code") == 400:
        return False
    try:
        law(decide_scenario, scenario)
    except AssertionError:
        return True
    except Exception:  # noqa: BLE001 - another failure is not this one
        return False
    return False


def _to_paste(scenario: object) -> str:
    return f"\nThe scenario, to paste:\n{pasted(scenario)}"


def _as_answer(plan: Any) -> Mapping[str, Any]:  # noqa: ANN401
    answer = plan if isinstance(plan, Mapping) else plan.to_dict()
    assert isinstance(answer, Mapping), f"neither an answer nor a plan: {type(plan).__name__}"
    return answer
