"""A state machine to subclass for a router that keeps state: catalogs are swapped, statistics and health change, and every plan is held.

What it finds is what adapters get wrong: a plan from the catalog before, health that is not heard of, a cache whose key forgets something.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from routecore.testing import strategies
from routecore.testing.harness import assert_plan_is_the_references, assert_plan_laws, pasted

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["RouterMachine"]


class RouterMachine(RuleBasedStateMachine):
    """Drives a router through changes of its state, and holds each plan against the laws and the reference.

    Subclass it, write the five methods below, and give pytest its ``TestCase``. ``equals_reference = False`` holds the laws alone.

    Example:
        >>> from routecore.testing.reference import reference_decide_scenario
        >>> class Machine(RouterMachine):
        ...     def load(self, catalog): self.catalog_of_router, self.parts = catalog, {}
        ...     def learn_stats(self, stats): self.parts["stats"] = stats
        ...     def learn_health(self, health): self.parts["health"] = health
        ...     def configure(self, settings): self.parts["settings"] = settings
        ...     def plan(self, request, context, draw):
        ...         return reference_decide_scenario({"catalog": self.catalog_of_router, "request": request, "context": context, "draw": draw, **self.parts})
        >>> from hypothesis import settings
        >>> from hypothesis.stateful import run_state_machine_as_test
        >>> run_state_machine_as_test(Machine, settings=settings(max_examples=2, stateful_step_count=4, deadline=None, database=None))

    """

    equals_reference: ClassVar[bool] = True
    most_endpoints: ClassVar[int] = 6

    def __init__(self) -> None:
        """Nothing is loaded yet."""
        super().__init__()
        self.catalog: dict[str, Any] = {"endpoints": []}
        self.known: dict[str, dict[str, Any]] = {}

    def load(self, catalog: Mapping[str, Any]) -> None:
        """Give the router a catalog; what it knew of statistics, health and settings is forgotten."""
        raise NotImplementedError

    def learn_stats(self, stats: Mapping[str, Any]) -> None:
        """Give the router statistics, in place of those before."""
        raise NotImplementedError

    def learn_health(self, health: Mapping[str, Any]) -> None:
        """Tell the router who is cooling or full, in place of what it was told before."""
        raise NotImplementedError

    def configure(self, settings: Mapping[str, Any]) -> None:
        """Give the router settings, in place of those before."""
        raise NotImplementedError

    def plan(self, request: Mapping[str, Any], context: Mapping[str, Any], draw: int) -> object:
        """Ask the router for a plan: an answer in the wire form, or an object whose ``to_dict()`` gives one."""
        raise NotImplementedError

    @initialize(data=st.data())
    def start(self, data: st.DataObject) -> None:
        """Begin with some catalog."""
        self.swap_catalog(data)

    @rule(data=st.data())
    def swap_catalog(self, data: st.DataObject) -> None:
        """Load another catalog."""
        self.catalog, self.known = data.draw(strategies.catalogs(self.most_endpoints)), {}
        self.load(self.catalog)

    @rule(data=st.data())
    def change_stats(self, data: st.DataObject) -> None:
        """Measure something else."""
        self.known["stats"] = data.draw(strategies.stats(self.catalog))
        self.learn_stats(self.known["stats"])

    @rule(data=st.data())
    def change_health(self, data: st.DataObject) -> None:
        """Let attempts cool, fill up, or be well."""
        self.known["health"] = data.draw(strategies.healths(self.catalog))
        self.learn_health(self.known["health"])

    @rule(data=st.data())
    def change_settings(self, data: st.DataObject) -> None:
        """Set the router otherwise."""
        self.known["settings"] = data.draw(strategies.settings())
        self.configure(self.known["settings"])

    @precondition(lambda self: self.catalog["endpoints"])
    @rule(data=st.data(), draw=st.integers(0, 2**64 - 1))
    def ask_for_a_plan(self, data: st.DataObject, draw: int) -> None:
        """Ask, and hold the answer."""
        request = data.draw(strategies.requests(self.catalog))
        context = data.draw(strategies.contexts(self.catalog))
        scenario = {"catalog": self.catalog, "request": request, "context": context, "draw": draw, **self.known}
        note(f"The scenario, to paste:\n{pasted(scenario)}")
        answer = self.plan(request, context, draw)
        assert_plan_laws(scenario, answer)
        if self.equals_reference:
            assert_plan_is_the_references(scenario, answer)
