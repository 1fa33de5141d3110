"""What-if: traffic replayed under another policy, in a world that both meet alike.

Three engines share one trace format, one world and one report: ``simulate`` runs the real ``Router`` on virtual time, ``batch`` decides whole traces with NumPy
against frozen statistics, ``ope`` estimates from logged propensities. Names are loaded when they are first used: NumPy comes with them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from routecore.simulate.engines.batch import batch
    from routecore.simulate.engines.compare import compare
    from routecore.simulate.engines.off_policy import ope
    from routecore.simulate.engines.simulate import diff, simulate
    from routecore.simulate.engines.sweep import sweep
    from routecore.simulate.engines.tune import Limit, Tuned, read_limit, tornado, tune
    from routecore.simulate.engines.validate import Validation, validate
    from routecore.simulate.policy import Policy
    from routecore.simulate.report.changes import Changes
    from routecore.simulate.report.report import Report, Result
    from routecore.simulate.report.summary import Summary, difference
    from routecore.simulate.traces.files import read_trace
    from routecore.simulate.traces.generate import generate
    from routecore.simulate.traces.servegen import servegen
    from routecore.simulate.traces.trace import Trace, trace_of
    from routecore.simulate.world.behaviour import Behaviour, steady
    from routecore.simulate.world.distribution import Quantiles
    from routecore.simulate.world.world import World

__all__ = [
    "Behaviour",
    "Changes",
    "Limit",
    "Policy",
    "Quantiles",
    "Report",
    "Result",
    "Summary",
    "Trace",
    "Tuned",
    "Validation",
    "World",
    "batch",
    "compare",
    "diff",
    "difference",
    "generate",
    "ope",
    "read_limit",
    "read_trace",
    "servegen",
    "simulate",
    "steady",
    "sweep",
    "tornado",
    "trace_of",
    "tune",
    "validate",
]
# modules are named apart from the functions that live in them: a package's attribute cannot be both
_HOME = {
    "Behaviour": "world.behaviour",
    "Changes": "report.changes",
    "Limit": "engines.tune",
    "Policy": "policy",
    "Quantiles": "world.distribution",
    "Report": "report.report",
    "Result": "report.report",
    "Summary": "report.summary",
    "Trace": "traces.trace",
    "Tuned": "engines.tune",
    "Validation": "engines.validate",
    "World": "world.world",
    "batch": "engines.batch",
    "compare": "engines.compare",
    "diff": "engines.simulate",
    "difference": "report.summary",
    "generate": "traces.generate",
    "ope": "engines.off_policy",
    "read_limit": "engines.tune",
    "read_trace": "traces.files",
    "servegen": "traces.servegen",
    "simulate": "engines.simulate",
    "steady": "world.behaviour",
    "sweep": "engines.sweep",
    "tornado": "engines.tune",
    "trace_of": "traces.trace",
    "tune": "engines.tune",
    "validate": "engines.validate",
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
