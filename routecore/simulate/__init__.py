"""What-if: traffic replayed under another policy, in a world that both meet alike.

Three engines share one trace format, one world and one report: ``simulate`` runs the real ``Router`` on virtual time, ``batch`` decides whole traces with NumPy
against frozen statistics, ``ope`` estimates from logged propensities. Names are loaded when they are first used: NumPy comes with them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from routecore.simulate.batch_engine import batch
    from routecore.simulate.changes import Changes, compare
    from routecore.simulate.distribution import Quantiles
    from routecore.simulate.generating import generate, servegen
    from routecore.simulate.off_policy import ope
    from routecore.simulate.policy import Policy
    from routecore.simulate.report import Report, Result
    from routecore.simulate.study import sweep
    from routecore.simulate.summary import Summary, difference
    from routecore.simulate.trace import Trace, read_trace, trace_of
    from routecore.simulate.whatif import diff, simulate
    from routecore.simulate.world import Behaviour, World, steady

__all__ = [
    "Behaviour",
    "Changes",
    "Policy",
    "Quantiles",
    "Report",
    "Result",
    "Summary",
    "Trace",
    "World",
    "batch",
    "compare",
    "diff",
    "difference",
    "generate",
    "ope",
    "read_trace",
    "servegen",
    "simulate",
    "steady",
    "sweep",
    "trace_of",
]
# modules are named apart from the functions that live in them: a package's attribute cannot be both
_HOME = {
    "Behaviour": "world",
    "Changes": "changes",
    "Policy": "policy",
    "Quantiles": "distribution",
    "Report": "report",
    "Result": "report",
    "Summary": "summary",
    "Trace": "trace",
    "World": "world",
    "batch": "batch_engine",
    "compare": "changes",
    "diff": "whatif",
    "difference": "summary",
    "generate": "generating",
    "ope": "off_policy",
    "read_trace": "trace",
    "servegen": "generating",
    "simulate": "whatif",
    "steady": "world",
    "sweep": "study",
    "trace_of": "trace",
}
"""Public name -> the module it lives in."""

if not TYPE_CHECKING:  # a type checker reads the imports above, and so knows a misspelt name

    def __getattr__(name: str) -> object:
        """Load a public name on first use, and keep it."""
        home = _HOME.get(name)
        if home is None:
            message = f"module 'routecore.simulate' has no attribute {name!r}"
            raise AttributeError(message)
        value = getattr(import_module(f"routecore.simulate.{home}"), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted(__all__)
