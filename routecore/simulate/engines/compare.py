"""Which requests another policy would have sent elsewhere first, and why: two runs' first choices side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from routecore.simulate.engines.runs import COOLING, PINNED, SORTED
from routecore.simulate.report.changes import REASONS, Changes

if TYPE_CHECKING:
    from routecore.simulate.engines.runs import Run

__all__ = ["compare"]


_EXAMPLES: Final = 20
_NAMES: Final = tuple(REASONS)


def compare(before: Run, after: Run) -> Changes:
    """Return what changed in the first choices from one run to another, over the requests that both decided.

    Args:
        before: A run that kept its choices.
        after: Another one, over the same trace.

    Returns:
        How many requests go elsewhere first, why, from where to where, and examples.

    Example:
        ``routecore.simulate.diff`` makes both runs and compares them.
    """
    one, two = before.choices, after.choices
    assert one is not None
    assert two is not None
    size = min(len(one.endpoint), len(two.endpoint))
    a, b = np.array(one.endpoint[:size]), np.array(two.endpoint[:size])
    names = _Names(before.ids, after.ids)
    b = names.translated(b)
    rows = np.flatnonzero(a != b)
    codes = np.full(len(rows), len(_NAMES) - 1, np.int64)
    marks_a, marks_b = np.array(one.marks[:size])[rows], np.array(two.marks[:size])[rows]
    chance_a, chance_b = np.array(one.propensity[:size])[rows], np.array(two.propensity[:size])[rows]
    # from the least telling to the most: the later overwrites
    same_rules = before.policy.settings == after.policy.settings
    codes[(chance_a != chance_b) & ~np.bool_(same_rules)] = _NAMES.index("weights")
    codes[(marks_a ^ marks_b) & COOLING != 0] = _NAMES.index("cooldown")
    codes[(marks_a | marks_b) & PINNED != 0] = _NAMES.index("session pin")
    codes[(marks_a ^ marks_b) & SORTED != 0] = _NAMES.index("strategy")
    field_a, field_b = np.array(one.field[:size])[rows], np.array(two.field[:size])[rows]
    details: dict[tuple[int, int, int, int], str | None] = {}
    pairs, inverse = (
        np.unique(np.stack([a[rows], b[rows], field_a, field_b], axis=1), axis=0, return_inverse=True)
        if len(rows)
        else (np.zeros((0, 4), int), np.zeros(0, int))
    )
    missing = np.zeros(len(pairs), bool)
    for place, (mine, theirs, mine_field, theirs_field) in enumerate(pairs.tolist()):
        detail = names.absent(mine, theirs, mine_field, theirs_field, one.fields, two.fields)
        details[mine, theirs, mine_field, theirs_field] = detail
        missing[place] = detail is not None
    codes[missing[inverse.reshape(-1)]] = _NAMES.index("eligibility")
    codes[(a[rows] < 0) | (b[rows] < 0)] = _NAMES.index("refused")
    moves: dict[tuple[str | None, str | None], int] = {}
    if len(rows):
        found, counts = np.unique(np.stack([a[rows], b[rows]], axis=1), axis=0, return_counts=True)
        moves = {(names.of(x), names.of(y)): count for (x, y), count in zip(found.tolist(), counts.tolist(), strict=True)}
    examples = []
    for code, reason in enumerate(_NAMES):
        for place in np.flatnonzero(codes == code)[:_EXAMPLES].tolist():
            row = int(rows[place])
            detail = details.get((int(a[row]), int(b[row]), int(field_a[place]), int(field_b[place])))
            if reason == "weights":
                detail = f"probability {chance_a[place]:.3g} before, {chance_b[place]:.3g} after"
            examples.append(
                {"request": row, "before": names.of(int(a[row])), "after": names.of(int(b[row])), "reason": reason, "detail": detail or REASONS[reason]}
            )
    tally = {reason: int((codes == code).sum()) for code, reason in enumerate(_NAMES)}
    return Changes(size, len(rows), {reason: count for reason, count in tally.items() if count}, moves, examples)


class _Names:
    """Both runs' endpoints under one set of codes, the first run's."""

    def __init__(self, first: list[str], second: list[str]) -> None:
        self.ids = list(first)
        place = {name: code for code, name in enumerate(first)}
        table = []
        for name in second:
            if name not in place:
                place[name] = len(self.ids)
                self.ids.append(name)
            table.append(place[name])
        self._table = np.array([*table, -1])
        self._back = {code: own for own, code in enumerate(table)}

    def translated(self, codes: Any) -> Any:  # noqa: ANN401 - an array
        """Return the second run's codes as the first's; -1 stays."""
        return self._table[codes]

    def of(self, code: int) -> str | None:
        return self.ids[code] if code >= 0 else None

    def absent(self, mine: int, theirs: int, mine_field: int, theirs_field: int, fields_a: list[Any], fields_b: list[Any]) -> str | None:
        """Return which choice the other policy could not make and why, ``None`` if both could make both."""
        if min(mine, theirs, mine_field, theirs_field) < 0:
            return None
        mine_there = self._back.get(mine)
        eligible, rules = fields_b[theirs_field]
        if mine_there is None or mine_there not in eligible:
            return f"{self.of(mine)} is not eligible after: {rules.get(mine_there, 'not in the catalog')}"
        eligible, rules = fields_a[mine_field]
        if theirs not in eligible:
            return f"{self.of(theirs)} was not eligible before: {rules.get(theirs, 'not in the catalog')}"
        return None
