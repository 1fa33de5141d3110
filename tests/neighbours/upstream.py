"""A provider on this machine that behaves as it is told, for gateways to be driven against."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

USAGE = {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15}


class Upstream:
    """One server for many providers: ``url("north")`` is one's address, ``tell("north", "500", "ok")`` what it does next; the last thing told it does for good.

    Behaviours: ``ok``, ``slow`` (0.4 s to the first byte), ``hang``, ``cut`` (ends in the middle), ``silent`` (opens a stream and says nothing), ``html``, ``broken`` (half a JSON),
    ``empty`` (``{}``), ``huge`` (20 MB), ``short`` (less than it says), ``reset``, ``error200``, ``no_usage``, ``wrong_usage``, ``credit``, ``context``, a status such as ``500``, or a status with headers and body.
    """

    def __init__(self) -> None:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                outer.serve(self)

            def log_message(self, *_: object) -> None:
                pass

        self._told: dict[str, list[Any]] = {}
        self.calls: list[tuple[str, str, dict[str, Any], dict[str, str]]] = []
        self._lock = threading.Lock()
        self.stop = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/{name}/v1"

    def tell(self, name: str, *behaviours: Any) -> None:
        with self._lock:
            self._told[name] = list(behaviours)

    def called(self) -> list[str]:
        """The providers that were called, in order."""
        with self._lock:
            return [name for name, _, _, _ in self.calls]

    def reset(self) -> None:
        with self._lock:
            self._told.clear()
            self.calls.clear()

    def close(self) -> None:
        self.stop.set()
        self._server.shutdown()
        self._server.server_close()

    # --- one request --------------------------------------------------------------------------------------------------------------------------

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        body = json.loads(handler.rfile.read(int(handler.headers["content-length"])))
        _, name, _, path = handler.path.split("/", 3)
        with self._lock:
            self.calls.append((name, path, body, {key.lower(): value for key, value in handler.headers.items()}))
            told = self._told.get(name) or ["ok"]
            behaviour = told.pop(0) if len(told) > 1 else told[0]
        try:
            self._behave(handler, behaviour, path, body)
        except (BrokenPipeError, ConnectionResetError):
            handler.close_connection = True

    def _behave(self, handler: BaseHTTPRequestHandler, behaviour: Any, path: str, body: dict[str, Any]) -> None:  # noqa: C901 - a table of behaviours, written out
        if isinstance(behaviour, tuple):
            status, headers, answer = behaviour
            return self._answer(handler, status, answer, headers)
        if behaviour == "hang":
            self.stop.wait(30)
            handler.close_connection = True
            return None
        if behaviour == "slow":
            time.sleep(0.4)
        if behaviour == "html":
            return self._answer(handler, 200, b"<html><body>Bad gateway</body></html>", {"content-type": "text/html"})
        if behaviour == "broken":
            return self._answer(handler, 200, b'{"choices": [{"mess')
        if behaviour == "huge":
            return self._answer(handler, 200, b'{"choices": "' + b"x" * 20_000_000 + b'"}')
        if behaviour == "short":
            # says more than it sends
            return self._answer(handler, 200, b"{}", {"content-length": "500", "connection": "close"}, close=True)
        if behaviour == "reset":
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            handler.connection.close()
            handler.close_connection = True
            return None
        if behaviour == "empty":
            return self._answer(handler, 200, {})
        if behaviour == "error200":
            return self._answer(handler, 200, {"error": {"message": "upstream overloaded", "code": 502}})
        if behaviour == "credit":
            return self._answer(
                handler, 429, {"error": {"message": "You exceeded your current quota", "type": "insufficient_quota", "code": "insufficient_quota"}}
            )
        if behaviour == "context":
            return self._answer(
                handler, 400, {"error": {"message": "maximum context length is 8 tokens", "type": "invalid_request_error", "code": "context_length_exceeded"}}
            )
        if isinstance(behaviour, str) and behaviour.isdigit():
            return self._answer(handler, int(behaviour), {"error": {"message": f"status {behaviour}", "type": "server_error"}})
        stream = bool(body.get("stream"))
        if path == "messages":
            return self._events(handler, behaviour, _messages_events(body)) if stream else self._answer(handler, 200, _message(body))
        if path == "responses":
            return self._events(handler, behaviour, _responses_events(body)) if stream else self._answer(handler, 200, _response(body))
        if stream:
            return self._events(handler, behaviour, _chat_events(body, behaviour))
        return self._answer(handler, 200, _completion(body, behaviour))

    def _answer(self, handler: BaseHTTPRequestHandler, status: int, answer: Any, headers: dict[str, str] | None = None, *, close: bool = False) -> None:
        data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        handler.send_response(status)
        for key, value in {"content-type": "application/json", "content-length": str(len(data)), **(headers or {})}.items():
            handler.send_header(key, value)
        handler.end_headers()
        handler.wfile.write(data)
        handler.close_connection = close or handler.close_connection

    def _events(self, handler: BaseHTTPRequestHandler, behaviour: str, events: list[bytes]) -> None:
        handler.send_response(200)
        handler.send_header("content-type", "text/event-stream")
        handler.send_header("transfer-encoding", "chunked")
        handler.end_headers()
        if behaviour == "silent":
            self._chunk(handler, b": ping\n\n")
            self.stop.wait(30)
            return
        for place, event in enumerate(events):
            if behaviour == "cut" and place == len(events) // 2:
                handler.close_connection = True
                return
            # a chunk ends wherever it ends: in the middle of an event too
            self._chunk(handler, event[: len(event) // 2])
            self._chunk(handler, event[len(event) // 2 :])
        handler.wfile.write(b"0\r\n\r\n")

    @staticmethod
    def _chunk(handler: BaseHTTPRequestHandler, data: bytes) -> None:
        if data:
            handler.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            handler.wfile.flush()


def _completion(body: dict[str, Any], behaviour: str) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": body["model"],
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello there"}, "finish_reason": "stop"}],
        "usage": USAGE,
    }
    if behaviour == "no_usage":
        del answer["usage"]
    if behaviour == "wrong_usage":
        answer["usage"] = {"prompt_tokens": -5, "completion_tokens": "many", "total_tokens": 1e400}
        answer["usage"]["total_tokens"] = None
    return answer


def _sse(value: object, name: str | None = None) -> bytes:
    event = "" if name is None else f"event: {name}\n"
    return f"{event}data: {value if isinstance(value, str) else json.dumps(value)}\n\n".encode()


def _chat_events(body: dict[str, Any], behaviour: str) -> list[bytes]:
    base = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": body["model"]}
    parts = [{"role": "assistant", "content": ""}, {"content": "Hello"}, {"content": " there"}]
    events = [_sse({**base, "choices": [{"index": 0, "delta": part, "finish_reason": None}]}) for part in parts]
    events.append(_sse({**base, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}))
    if behaviour == "error_event":
        return [*events[:2], _sse({"error": {"message": "overloaded", "code": 529}})]
    asked = (body.get("stream_options") or {}).get("include_usage")
    if asked and behaviour != "no_usage":
        events.append(_sse({**base, "choices": [], "usage": USAGE}))
    return [b": ping\n\n", *events, _sse("[DONE]")]


def _message(body: dict[str, Any]) -> dict[str, Any]:
    usage = {"input_tokens": 12, "output_tokens": 3}
    content = [{"type": "text", "text": "Hello there"}]
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": content,
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": usage,
    }


def _messages_events(body: dict[str, Any]) -> list[bytes]:
    start = {**_message(body), "content": [], "stop_reason": None, "usage": {"input_tokens": 12, "output_tokens": 1}}
    events = [
        {"type": "message_start", "message": start},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "ping"},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello there"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": 3}},
        {"type": "message_stop"},
    ]
    return [_sse(event, str(event["type"])) for event in events]


def _response(body: dict[str, Any]) -> dict[str, Any]:
    part = {"type": "output_text", "text": "Hello there", "annotations": []}
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": "completed",
        "model": body["model"],
        "output": [{"type": "message", "id": "msg_1", "status": "completed", "role": "assistant", "content": [part]}],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": 12,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": 3,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 15,
        },
    }


def _responses_events(body: dict[str, Any]) -> list[bytes]:
    done = _response(body)
    events = [
        {"type": "response.created", "sequence_number": 0, "response": {**done, "status": "in_progress", "output": [], "usage": None}},
        {
            "type": "response.output_text.delta",
            "sequence_number": 1,
            "item_id": "msg_1",
            "output_index": 0,
            "content_index": 0,
            "delta": "Hello there",
            "logprobs": [],
        },
        {"type": "response.completed", "sequence_number": 2, "response": done},
    ]
    return [_sse(event, str(event["type"])) for event in events]
