"""What could not be read of a trace: every kind counted, the first of each kept."""

from __future__ import annotations

from typing import Any, NamedTuple

from routecore.errors import Fault, SimulationError

__all__ = ["RowFault", "TraceFaults"]


class RowFault(NamedTuple):
    """One row that was not taken as it stands: where, and why. ``dropped`` tells whether it is missing from the trace."""

    file: str
    line: int
    reason: str
    dropped: bool = True

    def to_dict(self) -> dict[str, Any]:
        """Return the fault as JSON can hold it."""
        return self._asdict()


class TraceFaults:
    """What was wrong with a trace's rows: every kind counted, the first of each kept with file, line and reason. ``strict`` raises at the first.

    >>> faults = TraceFaults()
    >>> faults.note("t.csv", 7, Fault("prompt_tokens", -5, "a whole number of tokens, 0 or more"))
    >>> faults.dropped, faults.examples[0].reason
    (1, 'prompt_tokens: -5 is not a whole number of tokens, 0 or more')
    """

    shown = 20
    """Examples kept of each kind."""

    def __init__(self, *, strict: bool = False) -> None:
        self.strict = strict
        self.dropped = 0
        self.counts: dict[str, int] = {}
        self.examples: list[RowFault] = []

    def note(self, file: str, line: int, fault: Fault, *, dropped: bool = True) -> None:
        """Count a row; under ``strict`` raise ``SimulationError`` that names it."""
        if self.strict:
            raise SimulationError([Fault(f"{file}:{line}: {fault.path}", fault.value, fault.expected)])
        self.dropped += dropped
        kind = f"{fault.path}: not {fault.expected}"
        seen = self.counts.get(kind, 0)
        self.counts[kind] = seen + 1
        if seen < self.shown:
            self.examples.append(RowFault(file, line, str(fault), dropped))

    def __len__(self) -> int:
        return sum(self.counts.values())

    def to_dict(self) -> dict[str, Any]:
        """Return counts and examples as JSON can hold them."""
        return {"dropped": self.dropped, "counts": dict(self.counts), "examples": [one.to_dict() for one in self.examples]}
