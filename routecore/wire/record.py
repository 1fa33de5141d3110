"""Decision records: a scenario with its answer, and the replay of what was decided."""

from __future__ import annotations

from typing import Any, NamedTuple

from routecore.errors import Fault, InvalidRequest, RoutecoreError
from routecore.routing.plan import Plan
from routecore.routing.solve import solve
from routecore.safe_text import withheld
from routecore.version import VERSION
from routecore.wire.scenario import read_scenario


def record(scenario: object) -> dict[str, Any]:
    """Decide a scenario and return its decision record. Never raises.

    Args:
        scenario: As ``decide_scenario`` takes it.

    Returns:
        ``scenario``, ``answer`` (a plan, or an error body) and ``versions`` of library, catalog and facts. Those of a scenario that cannot be read have no
        catalog and no facts.

    Example:
        >>> made = record({"catalog": {"endpoints": [{"model": "a/b", "provider": "p"}]}, "request": {"model": "a/b"}})
        >>> sorted(made), made["answer"]["attempts"][0]["endpoint"]
        (['answer', 'scenario', 'versions'], 'a/b@p')
    """
    versions: dict[str, Any] = {"library": VERSION, "catalog": None, "facts": None}
    try:
        case, draw = read_scenario(scenario)
        versions.update(catalog=case.catalog.version, facts=case.facts.version)
        answer = Plan(solve(case), draw).to_dict()
    except RoutecoreError as error:
        answer = error.to_dict()
    return {"scenario": _without_extra(scenario), "answer": answer, "versions": versions}


def _without_extra(scenario: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return the scenario without what a gateway keeps on its endpoints, which no record holds; itself where there is none."""
    if not isinstance(scenario, dict) or not isinstance(catalog := scenario.get("catalog"), dict):
        return scenario
    rows = catalog.get("endpoints")
    if not isinstance(rows, (list, tuple)) or not any(isinstance(row, dict) and "extra" in row for row in rows):
        return scenario
    kept = [{key: value for key, value in row.items() if key != "extra"} if isinstance(row, dict) else row for row in rows]
    return {**scenario, "catalog": {**catalog, "endpoints": kept}}


class Replay(NamedTuple):
    """What deciding again gave: ``identical``, the answer now, and each difference as ``(path, recorded, now)``."""

    identical: bool
    answer: dict[str, Any]
    differences: tuple[tuple[str, Any, Any], ...]
    versions: dict[str, Any]


def replay(recorded: object) -> Replay:
    """Decide a decision record's scenario again, and compare.

    Args:
        recorded: A decision record, as ``record`` or a router's ``to_record`` made it.

    Returns:
        Whether the answer is identical, the answer now, every difference with its path, and the versions now.

    Raises:
        InvalidRequest: It is no decision record.

    Example:
        >>> scenario = {"catalog": {"endpoints": [{"model": "a/b", "provider": "p"}]}, "request": {"model": "a/b"}}
        >>> replay(record(scenario)).identical
        True
    """
    if not isinstance(recorded, dict) or "scenario" not in recorded or not isinstance(recorded.get("answer"), dict):
        raise InvalidRequest([Fault("record", withheld(recorded), "a decision record: an object with 'scenario', 'answer' and 'versions'")])
    again = record(recorded["scenario"])
    differences = tuple(_differences("", recorded["answer"], again["answer"]))
    return Replay(not differences, again["answer"], differences, again["versions"])


def _differences(path: str, before: Any, after: Any) -> list[tuple[str, Any, Any]]:  # noqa: ANN401 - any JSON
    if isinstance(before, dict) and isinstance(after, dict):
        keys = [*before, *(key for key in after if key not in before)]
        return [found for key in keys for found in _differences(f"{path}.{key}" if path else str(key), before.get(key), after.get(key))]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [found for index, pair in enumerate(zip(before, after, strict=True)) for found in _differences(f"{path}[{index}]", *pair)]
    return [] if type(before) is type(after) and before == after else [(path, before, after)]
