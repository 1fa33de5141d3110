from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routecore.live.outcome import Outcome
from routecore.live.waits import headers_of, parse_retry_after
from tests.live.answer_bodies import google, openrouter

NOW = 784_111_770.0  # Sun, 06 Nov 1994 08:49:30 GMT
DATE = "Sun, 06 Nov 1994 08:49:37 GMT"


def wait(headers=None, body=None, status=429, now=NOW):
    return Outcome.from_http(status, headers, body, unix_now=now).retry_after_seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0), ("120", 120.0), (" 5 ", 5.0), ("1.5", 1.5), (DATE, 7.0), ("Sunday, 06-Nov-94 08:49:37 GMT", 7.0), ("Sun Nov  6 08:49:37 1994", 7.0),
        ("Sun, 06 Nov 1994 08:49:00 GMT", 0.0), ("1000000000", 1e9), ("1000000001", 1_000_000_001 - NOW), ("1784111770", 1e9),
    ],
)  # fmt: skip
def test_retry_after_is_read_in_every_form(text, seconds):
    assert parse_retry_after(text, unix_now=NOW) == (seconds, None)


@pytest.mark.parametrize("text", ["", "-1", "nan", "inf", "1e3", "٣", "soon", "a:b", "99:99:99", "Sun, 31 Feb 2020 25:61:61 GMT", "9" * 200, "5, 6"])
def test_a_bad_retry_after_is_left_out_and_named(text):
    outcome = Outcome.from_http(429, headers={"retry-after": text}, unix_now=0.0)
    assert outcome.retry_after_seconds is None
    assert "neither seconds nor an HTTP date" in outcome.problem


@given(st.text())
def test_any_retry_after_is_read_or_named(text):
    """A header never raises; it gives seconds or a reason, never both."""
    seconds, problem = parse_retry_after(text, unix_now=0.0)
    assert (seconds is None) != (problem is None)
    assert seconds is None or 0 <= seconds < inf


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({"retry-after-ms": "1500"}, None, 1.5),
        ({"retry-after-ms": "1500", "retry-after": "9"}, None, 1.5),
        ({"Retry-After": "9", "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "3s"}, None, 9.0),
        ({"retry-after": "9"}, google(429, "RESOURCE_EXHAUSTED", "", {"@type": "…RetryInfo", "retryDelay": "38.5s"}), 9.0),
        ({}, google(429, "RESOURCE_EXHAUSTED", "", {"@type": "…Help"}, {"@type": "…RetryInfo", "retryDelay": "38.5s"}), 38.5),
        ({}, [google(429, "RESOURCE_EXHAUSTED", "", {"@type": "…RetryInfo", "retryDelay": {"seconds": 8}})], 8.0),
        ({}, openrouter(429, "…", headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": f"{int(NOW + 11_000_000_000)}"}), 11e9),
        ({}, openrouter(429, "…", headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": f"{1_800_000_000_000}"}), 1_800_000_000 - NOW),
        ({}, openrouter(429, "…", headers={"Retry-After": "13"}), 13.0),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "2m30s"}, None, 150.0),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "172ms"}, None, 0.172),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1h2m3.5s"}, None, 3723.5),
        ({"x-ratelimit-remaining-requests": "7", "x-ratelimit-reset-requests": "2m30s"}, None, None),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "4", "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "9"}, None, 9.0),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "1800000000"}, None, 1_800_000_000 - NOW),
        ({"anthropic-ratelimit-tokens-remaining": "0", "anthropic-ratelimit-tokens-reset": "1994-11-06T08:49:42Z"}, None, 12.0),
        ({"anthropic-ratelimit-tokens-remaining": "900", "anthropic-ratelimit-tokens-reset": "1994-11-06T08:49:42Z"}, None, None),
        ({"x-rate-limit-reset-tokens": "55", "x-ratelimit-remaining-requests": "3"}, None, 55.0),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "30"}, None, 30.0),
        ({}, {"error": {"message": "Rate limit reached. Please try again in 9m38.016s."}}, 578.016),
        ({}, {"retry_after": 30, "error_code": 1015}, 30.0),
        ({}, {"error": "Model x is currently loading", "estimated_time": 20.5}, 20.5),
        ({}, {"error": {"message": "Please try again in 250ms."}}, 0.25),
        ({}, {"error": {"message": "Requests have exceeded the limit. Please retry after 33 seconds."}}, 33.0),
        ({}, {"error": {"message": 'Too many tokens for "try again in 900s"'}}, None),
    ],
)  # fmt: skip
def test_a_wait_is_found_wherever_it_is_put_and_in_the_stated_order(headers, body, seconds):
    assert wait(headers, body) == (seconds if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize("text", ["0", "0.0", "Sun, 06 Nov 1994 08:49:00 GMT"])
def test_a_wait_of_0_or_in_the_past_counts_as_none_stated(text):
    assert wait({"retry-after": text}) is None
    assert wait({"retry-after": text, "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "6s"}) == 6.0


@pytest.mark.parametrize("status", [500, 503, 529, 408])
def test_a_failing_provider_s_wait_is_read_too(status):
    assert wait({"retry-after": "60"}, status=status) == 60.0


def test_what_blames_nobody_states_no_wait():
    assert wait({"retry-after": "60"}, status=400) is None
    assert Outcome.from_http(200, {"Retry-After": "5"}).retry_after_seconds is None


def test_a_moment_counts_from_the_answer_s_own_date_where_the_time_is_not_given():
    headers = {"RETRY-AFTER": DATE.encode(), "Date": "Sun, 06 Nov 1994 08:49:30 GMT"}
    assert wait(headers, status=503, now=None) == 7.0
    reset = {
        "date": "Sun, 06 Nov 1994 08:49:30 GMT",
        "anthropic-ratelimit-requests-remaining": "0",
        "anthropic-ratelimit-requests-reset": "1994-11-06T08:49:42Z",
    }
    assert wait(reset, now=None) == 12.0


def test_a_date_without_any_time_to_count_from_is_named():
    outcome = Outcome.from_http(429, headers={"Retry-After": DATE})
    assert (outcome.retry_after_seconds, "the time now is not known" in outcome.problem) == (None, True)


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "7"}, [("Retry-After", "7")], ((b"retry-after", b"7"),), {b"RETRY-AFTER": b"7"}, {"retry-after": 7}, iter([("retry-after", "7")]),
        [None, 3, ("x",), ("retry-after", "7"), ("retry-after", "9")], [["Retry-After", "7"]],
    ],
)  # fmt: skip
def test_headers_may_come_as_a_mapping_or_as_pairs(headers):
    assert wait(headers) == 7.0


@pytest.mark.parametrize("headers", [7, "Retry-After: 7", b"x", [], {}, None, object(), [("retry-after", object())], [("a" * 10, 10**400)]])
def test_what_are_no_headers_states_no_wait(headers):
    assert wait(headers) is None


@given(st.recursive(st.none() | st.binary() | st.text() | st.integers() | st.floats(), lambda inner: st.lists(inner) | st.tuples(inner, inner)))
def test_any_headers_are_read_without_an_error(headers):
    """Whatever stands where headers belong gives text by text."""
    found = headers_of(headers)
    assert all(isinstance(name, str) and isinstance(value, str) for name, value in found.items())
