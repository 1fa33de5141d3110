"""What the openai, anthropic and httpx packages raise, made by the packages themselves against a transport of the test's own."""

from __future__ import annotations

import json

import pytest

from routecore.live.outcome import Outcome

httpx = pytest.importorskip("httpx", reason="the extra `sdks` is not installed")
openai = pytest.importorskip("openai", reason="the extra `sdks` is not installed")
anthropic = pytest.importorskip("anthropic", reason="the extra `sdks` is not installed")

# the HTTP client that the SDKs bring: httpx, or its successor
CLIENTS = {module: __import__(module._base_client.httpx.__name__ if hasattr(module._base_client, "httpx") else "httpx2") for module in (openai, anthropic)}


def client(module, handler):
    """An SDK's client whose every request is answered by ``handler``."""
    http = CLIENTS[module]
    make = openai.OpenAI if module is openai else anthropic.Anthropic
    return make(api_key="k", base_url="https://upstream.test/v1", max_retries=0, http_client=http.Client(transport=http.MockTransport(handler)))


def ask(module, made, *, stream=False):
    messages = [{"role": "user", "content": "Hello"}]
    if module is openai:
        return made.chat.completions.create(model="m", messages=messages, stream=stream)
    return made.messages.create(model="m", messages=messages, max_tokens=9, stream=stream)


def outcome_of(module, handler, *, stream=False):
    made = client(module, handler)
    try:
        answer = ask(module, made, stream=stream)
        for _ in answer if stream else ():
            pass
    except Exception as error:  # noqa: BLE001 - whatever the SDK raises is the subject
        return Outcome.from_exception(error, unix_now=0.0)
    pytest.fail("nothing was raised")
    return None


def answers(module, status, body, headers=None):
    http = CLIENTS[module]
    text = body if isinstance(body, (str, bytes)) else json.dumps(body)
    return lambda _: http.Response(status, content=text, headers={"content-type": "application/json", **(headers or {})})


OPENAI = [
    (400, {"error": {"message": "…", "type": "invalid_request_error", "code": "context_length_exceeded"}}, "unsuitable"),
    (400, {"code": "Client specified an invalid argument", "error": "Incorrect API key provided: x"}, "credential"),
    (401, {"error": {"message": "Incorrect API key", "code": "invalid_api_key"}}, "credential"),
    (404, {"error": {"message": "no such model", "code": "model_not_found"}}, "credential"),
    (409, {"error": {"message": "conflict"}}, "caller"),
    (422, {"detail": [{"type": "extra_forbidden", "msg": "Extra inputs are not permitted", "input": {"error": {"code": "insufficient_quota"}}}]}, "unsuitable"),
    (429, {"error": {"message": "…", "type": "insufficient_quota", "code": "insufficient_quota"}}, "credential"),
    (429, {"error": {"message": "…", "code": "rate_limit_exceeded"}}, "rate_limit"),
    (500, "<html>502</html>", "server"),
]
ANTHROPIC = [
    (400, {"type": "error", "error": {"type": "invalid_request_error", "message": "Your credit balance is too low to access the API."}}, "credential"),
    (400, {"type": "error", "error": {"type": "invalid_request_error", "message": "prompt is too long: 3 tokens > 2 maximum"}}, "unsuitable"),
    (404, {"type": "error", "error": {"type": "not_found_error", "message": "model: x"}}, "credential"),
    (413, {"type": "error", "error": {"type": "request_too_large", "message": "…"}}, "caller"),
    (429, {"type": "error", "error": {"type": "rate_limit_error", "message": "…"}}, "rate_limit"),
    (529, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, "server"),
]


@pytest.mark.parametrize(("module", "status", "body", "kind"), [*((openai, *row) for row in OPENAI), *((anthropic, *row) for row in ANTHROPIC)])
def test_an_sdk_s_error_is_read_like_the_answer_it_came_from(module, status, body, kind):
    outcome = outcome_of(module, answers(module, status, body, {"retry-after-ms": "1500"}))
    assert (outcome.kind, outcome.status) == (kind, status)
    assert outcome.kind == Outcome.from_http(status, body=body).kind
    if kind in {"rate_limit", "server"}:
        assert outcome.retry_after_seconds == 1.5


def raising(module, name):
    http = CLIENTS[module]

    def handler(request):
        raise getattr(http, name)("…", request=request)

    return handler


@pytest.mark.parametrize("module", [openai, anthropic])
@pytest.mark.parametrize(
    ("name", "kind"),
    [("ConnectError", "connection"), ("ReadError", "connection"), ("RemoteProtocolError", "connection"), ("ReadTimeout", "timeout"), ("ConnectTimeout", "timeout"),
     ("PoolTimeout", "gateway")],
)  # fmt: skip
def test_what_broke_below_an_sdk_is_told(module, name, kind):
    assert outcome_of(module, raising(module, name)).kind == kind


@pytest.mark.parametrize("module", [openai, anthropic])
def test_a_slip_below_an_sdk_is_raised_again(module):
    def handler(request):
        raise TypeError("a slip of the gateway's")

    # some of their versions put an error of their own around it
    with pytest.raises((TypeError, module.APIConnectionError)) as caught:
        outcome_of(module, handler)
    assert isinstance(caught.value.__cause__ or caught.value, TypeError)


def events(module, *lines):
    http = CLIENTS[module]
    return lambda _: http.Response(200, content="".join(f"{line}\n\n" for line in lines), headers={"content-type": "text/event-stream"})


@pytest.mark.parametrize(("code", "kind"), [("rate_limit_exceeded", "rate_limit"), ("server_error", "server"), ("insufficient_quota", "credential")])
def test_an_error_in_the_middle_of_an_openai_stream_is_read(code, kind):
    lines = ('data: {"choices": [{"delta": {"content": "Hi"}}]}', f'data: {{"error": {{"message": "…", "type": "x", "code": "{code}"}}}}')
    assert outcome_of(openai, events(openai, *lines), stream=True).kind == kind


@pytest.mark.parametrize(("sort", "kind"), [("overloaded_error", "server"), ("rate_limit_error", "rate_limit")])
def test_an_error_in_the_middle_of_an_anthropic_stream_is_read(sort, kind):
    line = f'event: error\ndata: {{"type": "error", "error": {{"type": "{sort}", "message": "…"}}}}'
    assert outcome_of(anthropic, events(anthropic, line), stream=True).kind == kind


def test_a_200_that_is_no_json_is_a_failing_provider_s():
    assert outcome_of(anthropic, answers(anthropic, 200, "{ cut")).kind == "server"


@pytest.mark.parametrize("http", {httpx, *CLIENTS.values()}, ids=lambda http: http.__name__)
def test_the_http_client_s_own_errors_are_read(http):
    request = http.Request("POST", "https://upstream.test")

    def kind_of(error):
        return Outcome.from_exception(error).kind

    response = http.Response(429, request=request, json={"error": {"code": "insufficient_quota"}})
    assert kind_of(http.HTTPStatusError("…", request=request, response=response)) == "credential"
    unread = http.Response(503, request=request, stream=http.ByteStream(b""))
    assert kind_of(http.HTTPStatusError("…", request=request, response=unread)) == "server"
    assert kind_of(http.PoolTimeout("…")) == "gateway"
    assert kind_of(http.WriteTimeout("…")) == "timeout"
    assert kind_of(http.CloseError("…")) == "connection"
    assert kind_of(http.DecodingError("…")) == "server"
    for slip in (http.LocalProtocolError("…"), http.UnsupportedProtocol("…"), http.InvalidURL("…"), http.StreamConsumed()):
        with pytest.raises(type(slip)):
            kind_of(slip)
