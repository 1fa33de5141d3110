from __future__ import annotations

import pytest

from routecore.live.health_table import Event
from routecore.live.kinds import FAILURES, KINDS, NEUTRAL, Action, Kind, Whose


def test_every_kind_has_its_row():
    assert list(KINDS) == list(Kind)


def test_only_a_success_has_no_error_type_and_no_two_kinds_share_one():
    types = [row.error_type for row in KINDS.values()]
    assert types.count(None) == 1
    assert KINDS[Kind.SUCCESS].error_type is None
    assert len(set(types)) == len(types)


@pytest.mark.parametrize("kind", Kind)
def test_what_is_an_endpoint_s_or_a_key_s_fault_is_an_event_of_health_and_nothing_else_but_success_is(kind):
    row = KINDS[kind]
    assert (row.event is not None) == (row.whose in {Whose.ENDPOINT, Whose.KEY} or kind is Kind.SUCCESS)


def test_failures_and_neutral_kinds_are_read_off_the_rows():
    assert set(FAILURES) == {"connection", "timeout", "server", "rate_limit"}
    assert set(NEUTRAL) == {"unsuitable", "moderation", "caller", "cancelled", "gateway"}
    assert KINDS[Kind.CREDENTIAL].event is Event.CREDENTIAL


def test_a_retry_is_for_what_may_pass_by_itself():
    assert {row.kind for row in KINDS.values() if row.exhausted is Action.RETRY} == set(FAILURES)
