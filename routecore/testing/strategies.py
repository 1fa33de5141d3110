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

from routecore.testing import extras, generate, hostile

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
    dice = _DrawnDice(draw)
    return extras.add_to_catalog(dice, generate.make_catalog(dice, most))


@st.composite
def blocks(draw: st.DrawFn, catalog: Mapping, eagerness: float = 0.15) -> Mapping:
    """Valid provider blocks about ``catalog``, each key given with about the likelihood ``eagerness``."""
    return generate.make_provider_block(_DrawnDice(draw), catalog, eagerness)


@st.composite
def requests(draw: st.DrawFn, catalog: Mapping, eagerness: float = 0.15) -> Mapping:
    """Request bodies about ``catalog`` in three dialects, most with a provider block."""
    dice = _DrawnDice(draw)
    return extras.add_to_request(dice, catalog, generate.make_request(dice, catalog, eagerness))


@st.composite
def contexts(draw: st.DrawFn, catalog: Mapping, eagerness: float = 0.15) -> Mapping:
    """Contexts about ``catalog``: keys, ``byok_only``, pins, accounts, estimates."""
    dice = _DrawnDice(draw)
    return extras.add_to_context(dice, catalog, generate.make_context(dice, catalog, eagerness))


@st.composite
def stats(draw: st.DrawFn, catalog: Mapping) -> Mapping:
    """Statistics of ``catalog``'s endpoints, with gaps, zeros, few samples and throughput that rises."""
    dice = _DrawnDice(draw)
    return extras.add_to_stats(dice, catalog, generate.make_stats(dice, catalog))


@st.composite
def healths(draw: st.DrawFn, catalog: Mapping) -> Mapping:
    """Health of ``catalog``'s attempts, now and then all of them cooling."""
    dice = _DrawnDice(draw)
    return extras.add_to_health(dice, catalog, generate.make_health(dice, catalog))


@st.composite
def settings(draw: st.DrawFn) -> Mapping:
    """Settings: exponents of the balance, ``min_samples``, the sticky policy, what ``deny`` means."""
    dice = _DrawnDice(draw)
    return extras.add_to_settings(dice, generate.make_settings(dice))


@st.composite
def scenarios(draw: st.DrawFn, most_endpoints: int = 9) -> Mapping:
    """Whole valid scenarios; about two thirds have a plan."""
    return generate.make_scenario(_DrawnDice(draw), most_endpoints)


@st.composite
def hostile_scenarios(draw: st.DrawFn, *, json_only: bool = False) -> Any:  # noqa: ANN401 - it may be anything at all
    """Scenarios broken in one to three places; ``json_only`` keeps to what ``json.loads`` can give."""
    dice = _DrawnDice(draw)
    return hostile.make_hostile(dice, generate.make_scenario(dice), json_only=json_only)
