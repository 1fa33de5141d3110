"""Attempts: an endpoint and whose credential."""

from __future__ import annotations

import pytest

from routecore.routing.attempt import attempt_key
from tests.routing.scenes import plan, row


def test_the_key_of_an_attempt_names_endpoint_and_credential():
    assert attempt_key("a/b@p", None) == "a/b@p#shared"
    assert attempt_key("a/b@p", "k") == "a/b@p#byok:k"


def test_an_attempt_on_the_wire_has_the_documented_fields():
    own, shared = plan(row("p/fp8"), context={"byok": [{"slug": "p", "key_id": "K"}]})
    assert own.to_dict() == {
        "endpoint": "a/b@p/fp8", "model": "a/b", "provider": "p", "slug": "p/fp8", "credential": "byok", "key_id": "K",
        "probability": 1.0, "expected_price": "0.005",
    }  # fmt: skip
    assert plan(row("p/flex"), body={"service_tier": "flex"}).first.to_dict()["service_tier"] == "flex"
    assert (shared.credential, shared.key_id, shared.key) == ("shared", None, "a/b@p/fp8#shared")


@pytest.mark.parametrize(
    ("price", "text"),
    [
        ((1, 2), "0.005"),
        ((0, 0), "0"),
        (("0.000000001", 0), "0.000000000003"),
        (None, None),
        ((1, None), None),
        ((None, 1), None),
        ((999999999999, 0), "2999999999.997"),
    ],
)
def test_an_expected_price_is_plain_decimal_text_or_null(price, text):
    assert plan(row(price=price)).first.to_dict()["expected_price"] == text


def test_attempts_are_equal_if_they_say_the_same():
    one, other = plan(row()).first, plan(row()).first
    assert one == other
    assert hash(one) == hash(other)
    assert one != plan(row(price=9)).first
    assert one != "a/b@p#shared"
    assert "a/b@p#shared" in repr(one)
