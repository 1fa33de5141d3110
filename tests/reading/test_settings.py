"""Every settings class says all that is wrong with it at once, by one set of validators."""

from __future__ import annotations

from math import inf, nan

import attrs
import pytest

from routecore import HealthSettings, InvalidRequest, RouterSettings, WindowSettings
from routecore.live.pins import PinSettings
from routecore.reading.settings import Check, finite_above, finite_from, one_of, share, whole_from


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (whole_from(1), (1, 10**400), (0, -1, True, 1.0, "1", None)),
        (finite_above(0), (0.1, 1, 1e300), (0, -0.0, -1, inf, nan, True, "1", None, 10**400)),
        (finite_above(0, most=1_000), (1_000, 0.5), (1_000.5, 0)),
        (finite_from(1), (1, 1.0, 7.5), (0.99, inf, nan, False, None)),
        (share(), (0, 1, 0.5), (-0.01, 1.01, nan, True, "0")),
        (one_of("a", "b"), ("a", "b"), ("c", "", None, 1, ["a"])),
    ],
)
def test_a_check_accepts_its_boundary_and_nothing_beyond(check: Check, good: tuple[object, ...], bad: tuple[object, ...]):
    assert [value for value in good if not check.accepts(value)] == []
    assert [value for value in bad if check.accepts(value)] == []


@pytest.mark.parametrize("kind", [RouterSettings, HealthSettings, WindowSettings, PinSettings])
def test_one_error_names_every_bad_field_by_its_path(kind: type):
    checked = [field.name for field in attrs.fields(kind) if isinstance(field.validator, Check)]
    assert checked
    with pytest.raises(InvalidRequest) as raised:
        kind(**dict.fromkeys(checked, object()))
    assert [fault.path for fault in raised.value.faults] == [f"{kind.WHERE}.{name}" for name in checked]


@pytest.mark.parametrize("kind", [RouterSettings, HealthSettings, WindowSettings, PinSettings])
def test_no_number_or_word_of_the_settings_goes_unchecked(kind: type):
    plain = [field.name for field in attrs.fields(kind) if isinstance(field.default, (int, float, str))]
    assert plain == [field.name for field in attrs.fields(kind) if isinstance(field.validator, Check)]
