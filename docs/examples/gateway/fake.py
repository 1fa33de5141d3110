"""A provider that makes up answers, so that the gateway runs without keys: it says who was asked, in all three dialects, streaming or not."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request


def create() -> Starlette:
    """Return the application: ``/{provider}/v1/chat/completions``, ``…/messages``, ``…/responses``. A provider called ``busy`` is always at its limit."""

    async def serve(request: Request) -> Response:
        provider, dialect = request.path_params["provider"], request.path_params["dialect"]
        body = await request.json()
        if provider == "busy":
            return JSONResponse({"error": {"message": "at the limit", "type": "rate_limit"}}, 429, {"retry-after": "30"})
        text = f"Hello from {provider}, as {body['model']}."
        if body.get("stream"):
            return StreamingResponse(_stream(dialect, body, text), media_type="text/event-stream")
        return JSONResponse(_whole(dialect, body, text))

    return Starlette(routes=[Route("/{provider}/v1/{dialect:path}", serve, methods=["POST"])])


def _whole(dialect: str, body: dict[str, Any], text: str) -> dict[str, Any]:
    model = body["model"]
    if dialect == "messages":
        usage = {"input_tokens": 20, "output_tokens": 8}
        return {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": model,
            "content": [{"type": "text", "text": text}],
            "stop_reason": "end_turn",
            "usage": usage,
        }
    if dialect == "responses":
        output = [
            {"type": "message", "id": "m1", "role": "assistant", "status": "completed", "content": [{"type": "output_text", "text": text, "annotations": []}]}
        ]
        usage = {"input_tokens": 20, "output_tokens": 8, "total_tokens": 28}
        return {"id": "resp_1", "object": "response", "created_at": 1, "status": "completed", "model": model, "output": output, "usage": usage}
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 20, "completion_tokens": 8, "total_tokens": 28}
    return {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": model, "choices": [choice], "usage": usage}


async def _stream(dialect: str, body: dict[str, Any], text: str) -> AsyncIterator[bytes]:
    for event in _events(dialect, body, text):
        await asyncio.sleep(0.02)
        name = f"event: {event['type']}\n" if "type" in event else ""
        yield f"{name}data: {json.dumps(event)}\n\n".encode()
    if dialect == "chat/completions":
        yield b"data: [DONE]\n\n"


def _events(dialect: str, body: dict[str, Any], text: str) -> list[dict[str, Any]]:
    words = [f"{word} " for word in text.split()]
    whole = _whole(dialect, body, text)
    if dialect == "messages":
        start = {**whole, "content": [], "stop_reason": None, "usage": {"input_tokens": 20, "output_tokens": 1}}
        deltas = [{"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word}} for word in words]
        return [
            {"type": "message_start", "message": start},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            *deltas,
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 8}},
            {"type": "message_stop"},
        ]
    if dialect == "responses":
        place = {"item_id": "m1", "output_index": 0, "content_index": 0}
        deltas = [{"type": "response.output_text.delta", "delta": word, **place} for word in words]
        return [
            {"type": "response.created", "response": {**whole, "status": "in_progress", "output": []}},
            *deltas,
            {"type": "response.completed", "response": whole},
        ]
    base = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": body["model"]}
    chunks = [{**base, "choices": [{"index": 0, "delta": {"content": word}, "finish_reason": None}]} for word in words]
    return [*chunks, {**base, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}, {**base, "choices": [], "usage": whole["usage"]}]
