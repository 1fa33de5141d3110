"""Hypothesis strategies of routing scenarios in their wire form, for property tests of any router.

``scenarios()`` is the whole; its parts (``catalogs``, ``blocks``, ``requests``, ``contexts``, ``stats``, ``healths``,
``settings``) take the catalog that they shall speak of, so that names meet. ``hostile_scenarios()`` are scenarios broken in
a few places. All are plain dicts and lists, JSON in all but the hostile ones.

>>> from hypothesis import given
>>> @given(scenarios())
... def holds(scenario):
...     assert scenario["catalog"]["endpoints"]
>>> holds()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from hypothesis import strategies as st

from routecore.testing import generate, hostile

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["blocks", "catalogs", "contexts", "healths", "hostile_scenarios", "requests", "scenarios", "settings", "stats"]

T = TypeVar("T")
Mapping = dict[str, Any]


class _DrawnDice:
    """Dice thrown by Hypothesis; a chance shrinks to false, a choice to its first option."""

    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
        self._draw = draw

    def chance(self, likelihood: float) -> bool:
        return bool(self._draw(st.integers(0, 99)) >= 100 - round(100 * likelihood))

    def integer(self, low: int, high: int) -> int:
        return int(self._draw(st.integers(low, high)))

    def choice(self, options: Sequence[T]) -> T:
        position: int = self._draw(st.integers(0, len(options) - 1))
        return options[position]


@st.composite
def catalogs(draw: st.DrawFn, most: int = 9) -> Mapping:
    """Catalogs of up to ``most`` endpoints of one to three models: variants, twins, ties, free and unpriced ones."""
    return generate.make_catalog(_DrawnDice(draw), most)


@st.composite
def blocks(draw: st.DrawFn, catalog: Mapping, eagerness: float = 0.15) -> Mapping:
    """Valid provider blocks about ``catalog``, each key given with about the likelihood ``eagerness``."""
    return generate.make_provider_block(_DrawnDice(draw), catalog, eagerness)


@st.composite
def requests(draw: st.DrawFn, catalog: Mapping, eagerness: float = 0.15) -> Mapping:
    """Request bodies about ``catalog`` in three dialects, most with a provider block."""
    return generate.make_request(_DrawnDice(draw), catalog, eagerness)


@st.composite
def contexts(draw: st.DrawFn, catalog: Mapping, eagerness: float = 0.15) -> Mapping:
    """Contexts about ``catalog``: keys, ``byok_only``, pins, accounts, estimates."""
    return generate.make_context(_DrawnDice(draw), catalog, eagerness)


@st.composite
def stats(draw: st.DrawFn, catalog: Mapping) -> Mapping:
    """Statistics of ``catalog``'s endpoints, with gaps, zeros, few samples and throughput that rises."""
    return generate.make_stats(_DrawnDice(draw), catalog)


@st.composite
def healths(draw: st.DrawFn, catalog: Mapping) -> Mapping:
    """Health of ``catalog``'s attempts, now and then all of them cooling."""
    return generate.make_health(_DrawnDice(draw), catalog)


@st.composite
def settings(draw: st.DrawFn) -> Mapping:
    """Settings: exponents of the balance, ``min_samples``, the sticky policy, what ``deny`` means."""
    return generate.make_settings(_DrawnDice(draw))


@st.composite
def scenarios(draw: st.DrawFn, most_endpoints: int = 9) -> Mapping:
    """Whole valid scenarios; about two thirds have a plan."""
    return generate.make_scenario(_DrawnDice(draw), most_endpoints)


@st.composite
def hostile_scenarios(draw: st.DrawFn, *, json_only: bool = False) -> Any:  # noqa: ANN401 - it may be anything at all
    """Scenarios broken in one to three places; ``json_only`` keeps to what ``json.loads`` can give."""
    dice = _DrawnDice(draw)
    return hostile.make_hostile(dice, generate.make_scenario(dice), json_only=json_only)
