from __future__ import annotations

import threading
from itertools import pairwise

import pytest

from routecore.errors import InvalidRequest
from routecore.live.pins import MemoryPins, Pin, PinFound, Pins, PinSettings, pin_key

CONVERSATION = "session:s1"


def found(attempt=None, reason=None):
    return PinFound(attempt, reason)


def test_there_is_no_pin_before_a_success():
    assert Pins().find("acme", CONVERSATION, "m", 0.0) == found()


def test_a_pin_holds_for_five_minutes_and_not_at_the_end_of_them():
    pins = Pins()
    pins.served("acme", CONVERSATION, "m", "m@p#shared", 100.0)
    assert pins.find("acme", CONVERSATION, "m", 399.9) == found("m@p#shared")
    assert pins.find("acme", CONVERSATION, "m", 400.0) == found(reason="expired")


def test_an_hour_s_cache_makes_an_hour_s_pin():
    pins = Pins()
    pins.served("acme", CONVERSATION, "m", "m@p#shared", 0.0, 3_600.0)
    assert pins.find("acme", CONVERSATION, "m", 3_599.9).attempt == "m@p#shared"
    assert pins.find("acme", CONVERSATION, "m", 3_600.0).reason == "expired"


def test_each_success_refreshes_and_a_fallback_s_success_moves_the_pin():
    pins = Pins()
    pins.served("acme", CONVERSATION, "m", "m@p#shared", 0.0)
    pins.served("acme", CONVERSATION, "m", "m@p#shared", 200.0)
    assert pins.find("acme", CONVERSATION, "m", 499.0) == found("m@p#shared")
    pins.served("acme", CONVERSATION, "m", "m@q#byok:k", 499.0)
    assert pins.find("acme", CONVERSATION, "m", 500.0) == found("m@q#byok:k")


def test_looking_does_not_refresh():
    pins = Pins()
    pins.served("acme", CONVERSATION, "m", "m@p#shared", 0.0)
    pins.find("acme", CONVERSATION, "m", 299.0)
    assert pins.find("acme", CONVERSATION, "m", 301.0).reason == "expired"


@pytest.mark.parametrize("other", [("evil", CONVERSATION, "m"), (None, CONVERSATION, "m"), ("acme", "session:s2", "m"), ("acme", CONVERSATION, "n")])
def test_another_account_conversation_or_model_has_its_own_pin(other):
    pins = Pins()
    pins.served("acme", CONVERSATION, "m", "m@p#shared", 0.0)
    assert pins.find(*other, 1.0) == found()


def test_what_has_no_conversation_is_unidentifiable_and_never_pinned():
    pins = Pins()
    pins.served("acme", None, "m", "m@p#shared", 0.0)
    pins.forget("acme", None, "m")
    assert pins.find("acme", None, "m", 1.0) == found(reason="unidentifiable")
    assert len(pins.store) == 0


def test_a_pin_forgotten_is_gone():
    pins = Pins()
    pins.served("acme", CONVERSATION, "m", "m@p#shared", 0.0)
    pins.forget("acme", CONVERSATION, "m")
    pins.forget("acme", CONVERSATION, "m")
    assert pins.find("acme", CONVERSATION, "m", 1.0) == found()


def test_pins_are_bounded_and_those_used_longest_ago_go_first():
    store = MemoryPins(PinSettings(max_pins=3))
    for name in (b"a", b"b", b"c"):
        store.put(name, Pin("x#shared", 1_000.0), 0.0)
    store.get(b"a", 1.0)
    store.put(b"d", Pin("x#shared", 1_000.0), 2.0)
    assert [store.get(name, 3.0) is not None for name in (b"a", b"b", b"c", b"d")] == [True, False, True, True]
    assert len(store) == 3


def test_keys_of_different_parts_never_meet():
    parts = [("a", "bc", "m"), ("ab", "c", "m"), (None, "bc", "m"), ("a", "b", "cm"), ("-", "bc", "m"), ("", "bc", "m"), ("a", "bc|m", ""), ("a|1:b", "c", "m")]
    keys = sorted(pin_key(*part) for part in parts)
    assert all(a != b for a, b in pairwise(keys))
    assert {len(key) for key in keys} == {16}


def test_a_store_that_fails_is_a_store_without_the_pin_and_counted():
    class Broken:
        def get(self, *_):
            raise ConnectionError

        def put(self, *_):
            raise ConnectionError

        def delete(self, *_):
            raise ConnectionError

    pins = Pins(Broken())
    pins.served("acme", CONVERSATION, "m", "m@p#shared", 0.0)
    pins.forget("acme", CONVERSATION, "m")
    assert pins.find("acme", CONVERSATION, "m", 1.0) == found()
    assert pins.store_errors == 3


def test_many_threads_keep_the_bound():
    pins = Pins(MemoryPins(PinSettings(max_pins=50)))

    def work(seed):
        for index in range(2_000):
            pins.served("acme", f"session:{(index * seed) % 200}", "m", "m@p#shared", float(index))
            pins.find("acme", f"session:{index % 200}", "m", float(index))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(pins.store), pins.store_errors) == (50, 0)


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "9"])
def test_a_bad_setting_is_named(value):
    with pytest.raises(InvalidRequest, match=r"settings\.pins\.max_pins"):
        PinSettings(max_pins=value)
