"""The example gateway, driven by real clients, against providers that misbehave in every way that was reported."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

httpx = pytest.importorskip("httpx", reason="httpx is not installed")
uvicorn = pytest.importorskip("uvicorn", reason="uvicorn is not installed")
pytest.importorskip("starlette", reason="starlette is not installed")
pytest.importorskip("prometheus_client", reason="the extra 'prometheus' is not installed")
yaml = pytest.importorskip("yaml", reason="the extra 'yaml' is not installed")

# connections of callers that left are closed by the collector, in whatever test that is
pytestmark = [pytest.mark.filterwarnings("ignore::ResourceWarning"), pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]
ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "docs" / "examples"
HELLO = [{"role": "user", "content": "Hello"}]
PRICES = {"prompt": "0.000001", "completion": "0.000002"}


@pytest.fixture(scope="module", autouse=True)
def _importable():
    sys.path.insert(0, str(EXAMPLES))
    yield
    sys.path.remove(str(EXAMPLES))


def row(upstream, name, **more):
    return {"model": "acme/large", "provider": name, "pricing": PRICES, "extra": {"base_url": upstream.url(name), "model": f"{name}-large"}, **more}


class Running:
    """A gateway in a thread of its own."""

    def __init__(self, path: Path) -> None:
        from gateway import app

        self.path = path
        self.server = uvicorn.Server(uvicorn.Config(app.create(path), host="127.0.0.1", port=0, log_level="error", lifespan="on", loop="asyncio"))
        self._thread = threading.Thread(target=self.server.run, daemon=True)
        self._thread.start()
        deadline = time.monotonic() + 10
        while not self.server.started and time.monotonic() < deadline:
            time.sleep(0.01)
        self.url = f"http://127.0.0.1:{self.server.servers[0].sockets[0].getsockname()[1]}"

    def close(self) -> None:
        self.server.should_exit = True
        self._thread.join(10)

    def ask(self, route="/v1/chat/completions", headers=None, **body):
        body = {"model": "acme/large", "messages": HELLO, **body}
        return httpx.post(self.url + route, json=body, headers=headers, timeout=20)


@pytest.fixture
def start(upstream, tmp_path):
    """Start a gateway on rows of the configuration, and end it after the test."""
    running = []

    def begin(*names, **document):
        rows = [name if isinstance(name, dict) else row(upstream, name) for name in names]
        path = tmp_path / "gateway.yaml"
        path.write_text(yaml.safe_dump({"endpoints": rows, **document}), encoding="utf-8")
        running.append(Running(path))
        return running[-1]

    yield begin
    for one in running:
        one.close()


def order(*names):
    return {"order": list(names)}


# --- clients ------------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [False, True])
def test_the_openai_client_talks_chat(start, stream):
    openai = pytest.importorskip("openai")
    client = openai.OpenAI(base_url=f"{start('north').url}/v1", api_key="none", max_retries=0)
    made = client.chat.completions.create(model="acme/large", messages=HELLO, stream=stream)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in made) if stream else made.choices[0].message.content
    assert text == "Hello there"


@pytest.mark.parametrize("stream", [False, True])
def test_the_openai_client_talks_responses(start, stream):
    openai = pytest.importorskip("openai")
    client = openai.OpenAI(base_url=f"{start('north').url}/v1", api_key="none", max_retries=0)
    made = client.responses.create(model="acme/large", input="Hello", stream=stream)
    if stream:
        made = next(event.response for event in made if event.type == "response.completed")
    assert made.output_text == "Hello there"


@pytest.mark.parametrize("stream", [False, True])
def test_the_anthropic_client_talks_messages(start, stream):
    anthropic = pytest.importorskip("anthropic")
    client = anthropic.Anthropic(base_url=start("north").url, api_key="none", max_retries=0)
    if stream:
        with client.messages.stream(model="acme/large", max_tokens=10, messages=HELLO) as events:
            made = events.get_final_message()
    else:
        made = client.messages.create(model="acme/large", max_tokens=10, messages=HELLO)
    assert (made.content[0].text, made.usage.output_tokens) == ("Hello there", 3)


@pytest.mark.filterwarnings("ignore")
def test_litellm_as_a_client_streams(start):
    litellm = pytest.importorskip("litellm")
    running = start("north")
    made = litellm.completion(model="openai/acme/large", api_base=f"{running.url}/v1", api_key="none", messages=HELLO, stream=True)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in made) == "Hello there"


def test_a_client_gets_its_own_kind_of_error(start, upstream):
    openai, anthropic = pytest.importorskip("openai"), pytest.importorskip("anthropic")
    running = start("north")
    upstream.tell("north", (429, {"retry-after": "45"}, {"error": {"message": "slow down"}}))
    with pytest.raises(openai.RateLimitError) as limited:
        openai.OpenAI(base_url=f"{running.url}/v1", api_key="none", max_retries=0).chat.completions.create(model="acme/large", messages=HELLO)
    assert limited.value.response.headers["retry-after"] == "45"
    upstream.tell("north", "400")
    with pytest.raises(anthropic.BadRequestError) as refused:
        anthropic.Anthropic(base_url=running.url, api_key="none", max_retries=0).messages.create(model="acme/large", max_tokens=1, messages=HELLO)
    assert refused.value.body["type"] == "error"


# --- providers that misbehave ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "behaviour", ["500", "529", "429", "html", "broken", "empty", "error200", "credit", "401", "404", "context", "hang", "huge", "short", "reset"]
)
def test_another_provider_serves_where_one_misbehaves(start, upstream, behaviour, stream):
    running = start("north", "south", timeouts={"first_token_seconds": 0.5, "total_seconds": 0.5})
    upstream.tell("north", behaviour)
    answer = running.ask(provider=order("north", "south"), stream=stream)
    assert answer.status_code == 200
    assert "Hello" in answer.text
    assert upstream.called() == ["north", "south"]


def test_another_provider_serves_where_nobody_listens(start, upstream):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = {**row(upstream, "north"), "extra": {"base_url": f"http://127.0.0.1:{closed.getsockname()[1]}/v1"}}
        answer = start(nobody, "south").ask(provider=order("north", "south"))
    assert (answer.status_code, answer.json()["provider"]) == (200, "south")


def test_a_stream_without_a_first_token_is_tried_elsewhere(start, upstream):
    running = start("north", "south", timeouts={"first_token_seconds": 0.5})
    upstream.tell("north", "silent")
    answer = running.ask(provider=order("north", "south"), stream=True)
    assert "Hello" in answer.text
    assert answer.headers["x-routecore-endpoint"] == "acme/large@south"


def test_a_stream_that_is_cut_ends_with_an_error_event_and_is_not_repeated(start, upstream):
    running = start("north", "south")
    upstream.tell("north", "cut")
    answer = running.ask(provider=order("north", "south"), stream=True)
    events = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: {")]
    assert events[0]["choices"][0]["delta"]
    assert events[-1]["error"]["type"] == "api_error"
    assert upstream.called() == ["north"]


def test_a_slow_first_token_is_waited_for(start, upstream):
    running = start("north", "south", timeouts={"first_token_seconds": 5})
    upstream.tell("north", "slow")
    assert "Hello" in running.ask(provider=order("north", "south"), stream=True).text
    assert upstream.called() == ["north"]


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        ({"retry-after": "45"}, {}, "45"),
        ({"retry-after-ms": "90000"}, {}, "90"),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1m10s"}, {}, "70"),
        (
            {},
            {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "50s"}]}},
            "50",
        ),
    ],
)
def test_every_form_of_a_wait_reaches_the_caller(start, upstream, headers, body, expected):
    running = start("north")
    upstream.tell("north", (429, headers, body or {"error": {"message": "slow down", "type": "rate_limit"}}))
    answer = running.ask()
    assert (answer.status_code, answer.headers["retry-after"], answer.headers["x-should-retry"]) == (429, expected, "true")


def test_the_callers_own_fault_is_told_at_once(start, upstream):
    running = start("north", "south")
    upstream.tell("north", "422")
    assert running.ask(provider=order("north", "south")).status_code == 422
    assert upstream.called() == ["north"]


def test_what_a_provider_wrote_reaches_no_caller(start, upstream):
    running = start("north")
    upstream.tell("north", (400, {}, {"error": {"message": "sk-of-the-house is not allowed here"}}))
    assert "sk-of-the-house" not in running.ask().text


def test_a_caller_who_leaves_ends_the_attempt_and_blames_nobody(start, upstream):
    running = start("north")
    upstream.tell("north", "hang")
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{running.url}/v1/chat/completions", json={"model": "acme/large", "messages": HELLO}, timeout=0.3)
    deadline = time.monotonic() + 10
    page = ""
    while 'routecore_outcome="cancelled"} 1.0' not in page and time.monotonic() < deadline:
        page = httpx.get(f"{running.url}/metrics").text
        time.sleep(0.05)
    assert 'routecore_outcome="cancelled"} 1.0' in page
    assert httpx.get(f"{running.url}/health").json()["cooling"] == []


# --- costs, reasons, metrics ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("route", "body"), [("/v1/chat/completions", {}), ("/v1/messages", {"max_tokens": 9}), ("/v1/responses", {"input": "Hello"})])
def test_the_cost_is_told_when_it_is_asked_for(start, route, body, stream):
    running = start("north")
    asked = running.ask(route, usage={"include": True}, stream=stream, **body).text
    # 12 tokens read and 3 made
    assert '"cost": 1.8e-05' in asked or '"cost":1.8e-05' in asked
    assert '"cost"' not in running.ask(route, stream=stream, **body).text


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("behaviour", ["no_usage", "wrong_usage"])
def test_usage_that_is_missing_or_wrong_costs_nobody_knows_what_and_not_nothing(start, upstream, behaviour, stream):
    running = start("north")
    upstream.tell("north", behaviour)
    answer = running.ask(usage={"include": True}, stream=stream)
    assert answer.status_code == 200
    assert '"cost":0' not in answer.text.replace(" ", "").replace('"cost":0.0000', "")


def test_keys_for_the_router_do_not_go_upstream_and_usage_is_asked_for(start, upstream):
    running = start("north")
    running.ask(provider=order("north"), usage={"include": True}, session_id="s1", stream=True)
    ((_, _, body, _),) = upstream.calls
    assert body.keys() == {"model", "messages", "stream", "stream_options"}
    assert (body["model"], body["stream_options"]) == ("north-large", {"include_usage": True})


def test_a_caller_who_did_not_ask_for_usage_gets_no_chunk_of_it(start):
    chunks = [json.loads(line[6:]) for line in start("north").ask(stream=True).text.splitlines() if line.startswith("data: {")]
    assert all(chunk["choices"] for chunk in chunks)


@pytest.mark.parametrize("header", ["X-OpenRouter-Metadata", "X-OpenRouter-Experimental-Metadata"])
@pytest.mark.parametrize("stream", [False, True])
def test_openrouters_header_brings_its_metadata(start, upstream, header, stream):
    running = start("north", "south")
    upstream.tell("north", "500")
    text = running.ask(headers={header: "enabled"}, provider=order("north", "south"), stream=stream).text
    last = [line[6:] for line in text.splitlines() if line.startswith("data: {")][-1] if stream else text
    told = json.loads(last)["openrouter_metadata"]
    assert [(one["provider"], one["status"]) for one in told["attempts"]] == [("north", 500), ("south", 200)]
    assert told["attempt"] == 2
    assert "openrouter_metadata" not in running.ask(stream=stream).text


def test_an_endpoint_that_does_not_speak_the_dialect_is_not_asked(start, upstream):
    running = start({**row(upstream, "north"), "apis": ["chat"]}, {**row(upstream, "south"), "apis": ["messages"]})
    assert running.ask("/v1/messages", max_tokens=9).status_code == 200
    assert running.ask().json()["provider"] == "north"
    assert upstream.called() == ["south", "north"]
    refused = running.ask("/v1/responses", input="Hello")
    assert (refused.status_code, "api" in refused.text) == (503, True)


def test_explain_decides_without_calling_anybody(start, upstream):
    running = start("north", {**row(upstream, "south"), "disabled": True})
    told = httpx.post(f"{running.url}/explain", json={"model": "acme/large"}).json()
    assert [one["endpoint"] for one in told["attempts"]] == ["acme/large@north"]
    assert "disabled" in json.dumps(told["why"]["acme/large@south"])
    assert upstream.called() == []


def test_faults_of_a_body_are_told_in_its_dialect(start):
    running = start("north")
    chat = running.ask(provider={"srot": "price"})
    assert (chat.status_code, chat.json()["error"]["metadata"]["faults"][0]["path"]) == (400, "provider.srot")
    assert running.ask(model="acme/nobody").status_code == 404
    messages = running.ask("/v1/messages", model="acme/nobody").json()
    assert (messages["type"], messages["error"]["type"]) == ("error", "not_found_error")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_object_is_a_bad_request(start, content):
    assert httpx.post(f"{start('north').url}/v1/chat/completions", content=content).status_code == 400


def test_accounts_are_known_by_their_keys_and_have_their_policies(start, upstream, monkeypatch):
    monkeypatch.setenv("TEAM_7_KEY", "sk-team-7")
    private = {**row(upstream, "south"), "data_policy": {"trains": False, "retains": False}}
    running = start("north", private, accounts={"team-7": {"key_env": "TEAM_7_KEY", "policy": {"zdr": True}}})
    assert running.ask().status_code == 401
    assert running.ask(headers={"Authorization": "Bearer sk-team-7"}).json()["provider"] == "south"


def test_attempts_are_histograms_on_the_page_of_metrics(start, upstream):
    running = start("north", "south")
    upstream.tell("north", "500")
    running.ask(provider=order("north", "south"), stream=True)
    page = httpx.get(f"{running.url}/metrics").text
    assert "gen_ai_client_operation_duration_seconds_count{" in page
    assert "gen_ai_client_operation_time_to_first_chunk_seconds_count{" in page


# --- the configuration ----------------------------------------------------------------------------------------------------------------------------


def until(claim):
    deadline = time.monotonic() + 10
    while not claim() and time.monotonic() < deadline:
        time.sleep(0.05)
    return claim()


def test_a_file_that_changes_is_read_again_and_one_with_faults_is_not_taken(start, upstream):
    running = start("north")
    version = httpx.get(f"{running.url}/health").json()["version"]
    running.path.write_text(yaml.safe_dump({"endpoints": [row(upstream, "north"), row(upstream, "south")]}), encoding="utf-8")
    assert until(lambda: httpx.get(f"{running.url}/health").json()["endpoints"] == 2)
    assert running.ask(provider={"only": ["south"]}).json()["provider"] == "south"
    taken = httpx.get(f"{running.url}/health").json()["version"]
    assert taken != version
    running.path.write_text("endpoints: [{model: 7}]", encoding="utf-8")
    time.sleep(2.5)
    assert httpx.get(f"{running.url}/health").json()["version"] == taken


@pytest.mark.parametrize(
    ("rows", "path"),
    [
        ([{"model": "m", "provider": "p"}], r"endpoints\[0\].extra.base_url"),
        ([{"model": "m", "provider": "p", "extra": {"base_url": "http://x", "key_env": "NO_SUCH_KEY"}}], r"key_env"),
    ],
)
def test_a_configuration_without_an_address_or_a_key_names_what_is_missing(tmp_path, rows, path):
    from gateway.config import Config

    from routecore import CatalogError

    file = tmp_path / "c.yaml"
    file.write_text(yaml.safe_dump({"endpoints": rows}), encoding="utf-8")
    with pytest.raises(CatalogError, match=path):
        Config.load(file, {})


def test_it_starts_as_its_page_says_and_answers_curl(tmp_path):
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    environment = {**os.environ, "PYTHONPATH": f"{EXAMPLES}{os.pathsep}{ROOT}"}
    with subprocess.Popen([sys.executable, "-m", "gateway", "--port", port], env=environment, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        try:
            assert any("Listening" in line for line in process.stdout)
            body = json.dumps({"model": "acme/large", "messages": HELLO, "usage": {"include": True}})
            command = [curl, "-s", "--retry", "20", "--retry-connrefused", "--retry-delay", "1", f"http://127.0.0.1:{port}/v1/chat/completions", "-d", body]
            answer = json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout)
            assert answer["choices"][0]["message"]["content"].startswith("Hello from")
            assert answer["usage"]["cost"] > 0
        finally:
            process.terminate()
            process.wait(10)


def test_its_routing_core_can_be_read_in_one_sitting():
    assert len((EXAMPLES / "gateway" / "core.py").read_text(encoding="utf-8").splitlines()) <= 300


def test_many_requests_at_once_are_all_answered(start, upstream):
    running = start("north", "south")
    upstream.tell("north", "500", "ok")

    async def all_of_them():
        async with httpx.AsyncClient(timeout=20) as client:
            body = {"model": "acme/large", "messages": HELLO}
            return await asyncio.gather(*(client.post(f"{running.url}/v1/chat/completions", json={**body, "stream": bool(n % 2)}) for n in range(40)))

    assert {answer.status_code for answer in asyncio.run(all_of_them())} == {200}
