from __future__ import annotations

import asyncio
import errno
import json
import socket
import ssl
import urllib.error
import zlib

import pytest

from routecore.live.kinds import Kind
from routecore.live.outcome import Outcome


def named(name, *bases, **attributes):
    """An error whose class has that name and those bases, as some client's has."""
    return type(name, bases or (Exception,), attributes)


Transport = named("TransportError")
Timeout = named("TimeoutException", Transport)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (named("ReadTimeout", Timeout)(), "timeout"), (TimeoutError(), "timeout"), (named("ConnectError", Transport)(), "connection"),
        (ConnectionResetError(), "connection"), (OSError("no route"), "connection"), (socket.gaierror(), "connection"), (ssl.SSLError(), "connection"),
        (named("RemoteProtocolError", named("ProtocolError", Transport))(), "connection"), (EOFError(), "connection"),
        (asyncio.IncompleteReadError(b"", 3), "connection"), (asyncio.CancelledError(), "cancelled"), (named("Cancelled", BaseException)(), "cancelled"),
        (GeneratorExit(), "cancelled"), (named("PoolTimeout", Timeout)(), "gateway"), (OSError(errno.EMFILE, "too many open files"), "gateway"),
        (json.JSONDecodeError("x", "y", 0), "server"), (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "x"), "server"), (zlib.error("x"), "server"),
        (named("DecodingError", named("RequestError"))(), "server"), (named("ClientPayloadError")(), "connection"),
    ],
)  # fmt: skip
def test_what_a_client_raises_is_read_by_what_it_is(error, kind):
    outcome = Outcome.from_exception(error)
    assert (outcome.kind, outcome.detail) == (kind, type(error).__name__)


@pytest.mark.parametrize(
    "error",
    [KeyError("model"), ValueError("x"), TypeError(), AttributeError("x"), RuntimeError(), FileNotFoundError(), AssertionError(), RecursionError(), SystemExit(),
     named("LocalProtocolError", Transport)(), named("UnsupportedProtocol", Transport)(), named("InvalidURL")()],
)  # fmt: skip
def test_a_slip_of_the_gateway_s_own_is_raised_again(error):
    with pytest.raises(type(error)) as caught:
        Outcome.from_exception(error)
    assert caught.value is error


def wrapped(cause):
    """What an SDK makes of an error below it."""
    error = named("APIConnectionError", named("APIError"))("Connection error.")
    error.__cause__ = cause
    return error


def test_an_error_around_another_is_what_the_other_is():
    assert Outcome.from_exception(wrapped(None)).kind is Kind.CONNECTION
    assert Outcome.from_exception(wrapped(ConnectionRefusedError())).kind is Kind.CONNECTION
    assert Outcome.from_exception(wrapped(named("PoolTimeout", Timeout)())).kind is Kind.GATEWAY
    with pytest.raises(Exception, match="Connection error"):
        Outcome.from_exception(wrapped(TypeError("a slip")))


def test_a_group_is_what_its_first_is_and_one_slip_in_it_is_a_slip():
    assert Outcome.from_exception(ExceptionGroup("tasks", [TimeoutError(), OSError()])).kind is Kind.TIMEOUT
    assert Outcome.from_exception(ExceptionGroup("tasks", [ExceptionGroup("more", [OSError()])])).kind is Kind.CONNECTION
    with pytest.raises(ExceptionGroup):
        Outcome.from_exception(ExceptionGroup("tasks", [TimeoutError(), KeyError()]))


def test_causes_that_run_in_a_circle_end():
    error = wrapped(None)
    error.__cause__ = error
    assert Outcome.from_exception(error).kind is Kind.CONNECTION


class Response:
    def __init__(self, status_code=None, headers=None, content=b""):
        self.status_code, self.headers, self.content = status_code, headers or {}, content


def answered(status_code=None, body=None, response=None, name="APIStatusError"):
    error = named(name, named("APIError"))("…")
    for key, value in (("status_code", status_code), ("body", body), ("response", response)):
        if value is not None:
            setattr(error, key, value)
    return error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (answered(429, {"code": "insufficient_quota", "message": "…"}), "credential"),
        (answered(429, {"type": "error", "error": {"type": "rate_limit_error", "message": "…"}}), "rate_limit"),
        (answered(400, "Incorrect API key provided: x"), "credential"),
        (answered(400, None, Response(400, content=b'{"error": {"code": "context_length_exceeded"}}')), "unsuitable"),
        (answered(None, {"message": "overloaded", "type": "server_error", "code": None}, name="APIError"), "server"),
        (answered(None, {"code": "rate_limit_exceeded"}, name="APIError"), "rate_limit"),
        (answered(200, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}), "server"),
        (answered(200, None, Response(200), name="APIResponseValidationError"), "server"),
        (named("ClientResponseError", status=503)(), "server"),
        (named("GoogleAPICallError", code=429)(), "rate_limit"),
        (named("ClientError", code=400, details={"error": {"status": "INVALID_ARGUMENT", "details": [{"reason": "API_KEY_INVALID"}]}})(), "credential"),
        (urllib.error.HTTPError("https://x.test", 404, "no", None, None), "credential"),
    ],
)  # fmt: skip
def test_an_answer_inside_an_error_is_read_like_one_that_came_plainly(error, kind):
    assert Outcome.from_exception(error).kind == kind


def test_the_wait_stands_in_the_response_s_headers():
    assert Outcome.from_exception(answered(429, {}, Response(429, {"Retry-After": "9"}))).retry_after_seconds == 9.0


def test_botocore_s_error_holds_a_mapping_for_a_response():
    response = {
        "Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"},
        "ResponseMetadata": {"HTTPStatusCode": 400, "HTTPHeaders": {"retry-after": "3"}},
    }
    outcome = Outcome.from_exception(named("ClientError", response=response)())
    assert (outcome.kind, outcome.retry_after_seconds) == ("rate_limit", 3.0)


def test_a_response_that_was_never_read_is_judged_by_its_status():
    class Unread(Response):
        def __init__(self):
            self.status_code, self.headers = 529, {}

        @property
        def content(self):
            raise RuntimeError("not read")

        text = content

    assert Outcome.from_exception(answered(None, None, Unread(), name="HTTPStatusError")).kind is Kind.SERVER


def test_a_timeout_says_how_long_nothing_had_come():
    assert Outcome.from_exception(TimeoutError(), waited_seconds=8.0).waited_seconds == 8.0
    assert Outcome.from_exception(asyncio.CancelledError(), waited_seconds=0.1).waited_seconds == 0.1
    assert Outcome.from_exception(ConnectionResetError(), waited_seconds=8.0).waited_seconds is None
