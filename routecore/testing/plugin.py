"""A pytest plugin: ``pytest -p routecore.testing.plugin``, or ``pytest_plugins = ["routecore.testing.plugin"]`` in a ``conftest.py``.

A test that takes ``routecore_check`` is run once for each named case, each law and the comparison with the reference. The router is
``--routecore-router MODULE:NAME`` (a function), ``--routecore-cmd COMMAND`` (a process), or a fixture ``routecore_router`` of one's own.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import pytest

from routecore.testing.conformance import check_router
from routecore.testing.harness import pasted
from routecore.testing.levels import LEVELS, laws_of
from routecore.testing.process import ProcessRouter
from routecore.testing.vectors import vectors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["routecore_check", "routecore_router"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("routecore", "hold a router against the rules")
    group.addoption("--routecore-router", metavar="MODULE:NAME", help="a function from a scenario to an answer, in the wire form")
    group.addoption("--routecore-cmd", metavar="COMMAND", help="a process that reads a scenario a line and writes an answer a line")
    group.addoption("--routecore-level", choices=LEVELS, default="full", help="how much of the wire the router reads (full)")
    group.addoption("--routecore-scenarios", type=int, default=25, metavar="N", help="random scenarios for each law (25)")
    group.addoption("--routecore-seed", type=int, default=0, metavar="N", help="of the random scenarios (0)")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that takes ``routecore_check`` once for each check of the level."""
    if "routecore_check" in metafunc.fixturenames:
        level = metafunc.config.getoption("routecore_level")
        checks = [("vectors", one["name"]) for one in vectors() if LEVELS.index(one["level"]) <= LEVELS.index(level)]
        checks += [("laws", law.__name__) for law in laws_of(level)]
        checks.append(("reference", "equals_the_reference"))
        metafunc.parametrize("routecore_check", checks, ids=[f"{part}: {name}" for part, name in checks], indirect=True)


@pytest.fixture(scope="session")
def routecore_router(request: pytest.FixtureRequest) -> Iterator[Callable[[Any], Any]]:
    """The router under test: a function from a scenario to an answer. Define a fixture of this name to give another."""
    command, named = (request.config.getoption(name) for name in ("routecore_cmd", "routecore_router"))
    if command:
        with ProcessRouter(command) as router:
            yield router
    elif named:
        module, _, name = named.partition(":")
        yield getattr(importlib.import_module(module), name)
    else:
        pytest.fail("no router: give --routecore-router MODULE:NAME or --routecore-cmd COMMAND, or define the fixture routecore_router", pytrace=False)


@pytest.fixture
def routecore_check(request: pytest.FixtureRequest, routecore_router: Callable[[Any], Any]) -> Callable[[], None]:
    """One check as a function: it fails with what differs and a small scenario to paste."""
    part, name = request.param
    option = request.config.getoption

    def hold() -> None:
        found = check_router(
            routecore_router,
            level=option("routecore_level"),
            scenarios=option("routecore_scenarios"),
            seed=option("routecore_seed"),
            parts=(part,),
            named=(name,),
        )
        for check in found:
            if check.first is not None:
                said = f"{check.held} of {check.tried} scenarios hold\n{check.first.words}\nThe scenario, to paste:\n{pasted(check.first.scenario)}"
                pytest.fail(said, pytrace=False)

    return hold
