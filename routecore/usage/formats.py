"""The dialects that providers report usage in: one function each, from the body to a ``Reported``, and how a dialect is recognised.

| format | prompt total | completion total |
|---|---|---|
| ``openai_chat`` (this platform's own shape too) | ``prompt_tokens``, includes cache reads and writes | ``completion_tokens``, includes reasoning |
| ``openai_responses`` | ``input_tokens``, includes cache reads and writes | ``output_tokens``, includes reasoning |
| ``anthropic`` | ``input_tokens`` + cache reads + cache writes | ``output_tokens``, includes thinking |
| ``gemini`` | ``promptTokenCount`` (includes cached content) + ``toolUsePromptTokenCount`` | ``candidatesTokenCount`` + ``thoughtsTokenCount`` |
| ``bedrock_converse`` | ``inputTokens`` + cache reads + cache writes | ``outputTokens`` |
| ``xai_chat`` | as ``openai_chat`` | ``completion_tokens`` + ``reasoning_tokens``; never guessed, only told |
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from routecore.errors import Fault
from routecore.usage.report import check_limits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from routecore.usage.report import Reported

__all__ = ["FORMATS", "PLATFORM", "recognise"]

PLATFORM: Final = "platform"
"""The platform's own shape (``infron`` is the same): chat totals, with ``input_tokens`` and ``output_tokens`` (mostly 0) beside them."""

_GEMINI_KEYS: Final = frozenset(
    f"{head}{tail}"
    for head, tail in (
        ("prompt", "TokenCount"), ("candidates", "TokenCount"), ("thoughts", "TokenCount"), ("toolUsePrompt", "TokenCount"), ("response", "TokenCount"),
        ("cachedContent", "TokenCount"), ("prompt", "TokensDetails"), ("candidates", "TokensDetails"), ("cache", "TokensDetails"),
        ("prompt_", "token_count"), ("candidates_", "token_count"), ("thoughts_", "token_count"), ("tool_use_prompt_", "token_count"),
        ("response_", "token_count"), ("cached_content_", "token_count"), ("candidates_", "tokens_details"), ("cache_", "tokens_details"),
    )
)  # fmt: skip
_BEDROCK_KEYS: Final = frozenset({
    "inputTokens", "outputTokens", "cacheReadInputTokens", "cacheReadInputTokenCount", "cacheWriteInputTokens", "cacheWriteInputTokenCount",
})  # fmt: skip
_SDK_KEYS: Final = frozenset({"cachedInputTokens", "reasoningTokens", "inputTokenDetails", "outputTokenDetails"})
_CHAT_KEYS: Final = frozenset({"prompt_tokens", "completion_tokens", "prompt_tokens_details", "completion_tokens_details"})
_INPUT_KEYS: Final = frozenset({"input_tokens", "output_tokens"})
_ANTHROPIC_KEYS: Final = frozenset({"cache_read_input_tokens", "cache_creation_input_tokens", "cache_creation"})
_RESPONSES_KEYS: Final = frozenset({"input_tokens_details", "output_tokens_details", "input_token_details", "output_token_details"})
_MODALITIES: Final = {"AUDIO": "audio", "IMAGE": "image", "DOCUMENT": "image", "VIDEO": "video"}


def _given(value: object) -> bool:
    """Tell whether a key's value says anything: not null, not empty."""
    return value is not None and value not in ("", {})


def recognise(body: Mapping[Any, Any]) -> str | None:
    """Return the format whose keys ``body`` has, ``None`` if it has no format's, or two readings that would differ.

    >>> recognise({"prompt_tokens": 12, "input_tokens": 0}), recognise({"inputTokens": 3}), recognise({"total_tokens": 9})
    ('platform', 'bedrock_converse', None)
    """
    keys = {key for key in body if isinstance(key, str)}
    given = {key for key in keys if _given(body[key])}
    # chat totals win over an input_tokens: 0 beside them; a gateway that fills only the other pair is read by that pair
    if keys & {"prompt_tokens", "completion_tokens"}:
        return PLATFORM if keys & _INPUT_KEYS else "openai_chat"
    if keys & _GEMINI_KEYS:
        return "gemini"
    if keys & _BEDROCK_KEYS:
        # an SDK writes the same totals with another meaning: its input includes the cache
        return None if keys & _SDK_KEYS else "bedrock_converse"
    if keys & _INPUT_KEYS:
        exclusive, inclusive = given & _ANTHROPIC_KEYS, given & {"input_tokens_details", "input_token_details"}
        if exclusive and inclusive:
            # read one way the cached tokens are inside input_tokens, read the other way they are not
            return None
        if exclusive:
            return "anthropic"
        # without any cache count the two dialects mean the same
        return "openai_responses" if given & _RESPONSES_KEYS else "anthropic"
    if keys & _ANTHROPIC_KEYS:
        return "anthropic"
    if keys & (_CHAT_KEYS - {"prompt_tokens_details"}) or isinstance(body.get("prompt_tokens_details"), dict):
        return "openai_chat"
    return "openai_responses" if keys & _RESPONSES_KEYS else None


def _calls(report: Reported) -> None:
    """Read what is counted by number: searches and server-side calls."""
    body, path = report.body, report.path
    tools = report.object(body, "server_tool_use", path)
    inner = f"{path}.server_tool_use"
    report.take("searches", (tools, "web_search_requests", inner), (body, "web_search_requests", path), (body, "num_search_queries", path))
    report.take("plugin_searches", (tools, "plugin_web_search_requests", inner), (body, "plugin_web_search_requests", path))
    report.take("tool_calls", (tools, "tool_calls", inner), (tools, "tool_call_requests", inner))


def _writes(report: Reported, total: tuple[tuple[Mapping[Any, Any], str, str], ...], parts: Mapping[Any, Any], path: str) -> None:
    report.take("written", *total)
    report.take("written_5m", (parts, "ephemeral_5m_input_tokens", path))
    report.take("written_1h", (parts, "ephemeral_1h_input_tokens", path))


def _prompt_details(report: Reported, details: Mapping[Any, Any], path: str) -> None:
    """Read the details of a prompt that includes them (chat and responses)."""
    body, top = report.body, report.path
    report.take(
        "cached",
        (details, "cached_tokens", path),
        (body, "prompt_cache_hit_tokens", top),
        (body, "cache_read_input_tokens", top),
        (body, "cached_tokens", top),
    )
    parts: Mapping[Any, Any] = {}
    where = path
    for holder, key, outer in ((details, "cache_creation_token_details", path), (details, "cache_creation", path), (body, "cache_creation", top)):
        if not parts:
            parts, where = report.object(holder, key, outer), f"{outer}.{key}"
    total = (
        (details, "cache_write_tokens", path),
        (details, "cache_creation_tokens", path),
        (details, "cache_creation_input_tokens", path),
        (body, "cache_creation_input_tokens", top),
    )
    _writes(report, total, parts, where)
    joint, where = report.object(details, "cached_tokens_details", path), f"{path}.cached_tokens_details"
    for modality in ("audio", "image", "video"):
        report.take(modality, (details, f"{modality}_tokens", path))
        report.take(f"cached_{modality}", (joint, f"{modality}_tokens", where))
    report.take("images", (details, "images", path), (details, "image_count", path))


def _completion_details(report: Reported, details: Mapping[Any, Any], path: str) -> None:
    report.take("reasoning", (details, "reasoning_tokens", path), (details, "thinking_tokens", path))
    for modality in ("audio", "image", "video"):
        report.take(f"{modality}_out", (details, f"{modality}_tokens", path))
    report.take("images_out", (details, "images", path), (details, "image_count", path))


def _openai_chat(report: Reported) -> None:
    body, path = report.body, report.path
    report.take("prompt", (body, "prompt_tokens", path))
    report.take("completion", (body, "completion_tokens", path))
    _prompt_details(report, report.object(body, "prompt_tokens_details", path), f"{path}.prompt_tokens_details")
    _completion_details(report, report.object(body, "completion_tokens_details", path), f"{path}.completion_tokens_details")
    _calls(report)


def _platform(report: Reported) -> None:
    _openai_chat(report)
    # the chat total wins wherever it says anything at all; the other pair may be the fresh tokens alone, so a difference is nothing odd
    for name, key in (("prompt", "input_tokens"), ("completion", "output_tokens")):
        if not report.get(name):
            report.take(name, (report.body, key, report.path))


def _xai_chat(report: Reported) -> None:
    _openai_chat(report)
    if report.get("reasoning"):
        report.add("completion", report.get("reasoning"), report.paths["reasoning"])


def _openai_responses(report: Reported) -> None:
    body, path = report.body, report.path
    report.take("prompt", (body, "input_tokens", path))
    report.take("completion", (body, "output_tokens", path))
    for side, reader in (("input", _prompt_details), ("output", _completion_details)):
        # the realtime dialect writes the singular
        key = f"{side}_tokens_details" if _given(body.get(f"{side}_tokens_details")) else f"{side}_token_details"
        reader(report, report.object(body, key, path), f"{path}.{key}")
    _calls(report)


def _anthropic(report: Reported) -> None:
    body, path = report.body, report.path
    report.take("prompt", (body, "input_tokens", path))
    report.take("completion", (body, "output_tokens", path))
    report.take("cached", (body, "cache_read_input_tokens", path))
    _writes(report, ((body, "cache_creation_input_tokens", path),), report.object(body, "cache_creation", path), f"{path}.cache_creation")
    _completion_details(report, report.object(body, "output_tokens_details", path), f"{path}.output_tokens_details")
    _calls(report)
    _include_cache(report)


def _include_cache(report: Reported) -> None:
    """Make the prompt of an exclusive dialect the total that it is elsewhere: fresh, read and written."""
    written = report.counts.get("written")
    if written is None:
        written = report.get("written_5m") + report.get("written_1h")
    report.add("prompt", report.get("cached") + written, report.path)


def _bedrock_converse(report: Reported) -> None:
    body, path = report.body, report.path
    report.take("prompt", (body, "inputTokens", path))
    report.take("completion", (body, "outputTokens", path))
    report.take("cached", (body, "cacheReadInputTokens", path), (body, "cacheReadInputTokenCount", path))
    report.take("written", (body, "cacheWriteInputTokens", path), (body, "cacheWriteInputTokenCount", path))
    for index, entry in enumerate(_entries(report, "cacheDetails")):
        where = f"{path}.cacheDetails[{index}]"
        tokens = report.count(entry, "inputTokens", where)
        if tokens is not None:
            report.add("written_1h" if entry.get("ttl") == "1h" else "written_5m", tokens, f"{where}.inputTokens")
    tools = report.object(body, "serverToolUsage", path)
    report.take("searches", (tools, "webSearchRequests", f"{path}.serverToolUsage"))
    _include_cache(report)


def _entries(report: Reported, key: str) -> list[Mapping[Any, Any]]:
    """Return the objects of a list such as Gemini's modality details; an absent one is empty."""
    value = report.body.get(key)
    if not _given(value):
        return []
    if isinstance(value, (list, tuple)) and all(isinstance(entry, dict) for entry in value):
        return list(value)
    report.faults.append(Fault(f"{report.path}.{key}", value, "a list of objects"))
    return []


def _gemini(report: Reported) -> None:
    body, path = report.body, report.path

    def total(name: str, *stems: str) -> None:
        places = ((body, spelling, path) for stem in stems for spelling in (f"{stem}TokenCount", f"{_snake(stem)}_token_count"))
        report.take(name, *places)

    total("prompt", "prompt")
    total("tool_prompt", "toolUsePrompt")
    total("cached", "cachedContent")
    total("completion", "candidates", "response")
    total("reasoning", "thoughts")
    _modalities(report, "prompt", "")
    _modalities(report, "toolUsePrompt", "")
    _modalities(report, "cache", "cached_")
    if not _modalities(report, "candidates", "out"):
        _modalities(report, "response", "out")
    report.add("prompt", report.counts.pop("tool_prompt", 0), path)
    report.add("completion", report.get("reasoning"), path)


def _modalities(report: Reported, stem: str, side: str) -> bool:
    """Add the counts of a list of ``{modality, tokenCount}``; ``side`` is ``""`` (prompt), ``cached_`` or ``out``. Tell whether there was one."""
    found = False
    for key in (f"{stem}TokensDetails", f"{_snake(stem)}_tokens_details"):
        for index, entry in enumerate(_entries(report, key)):
            found = True
            where = f"{report.path}.{key}[{index}]"
            kind = entry.get("modality")
            modality = _MODALITIES.get(kind.upper()) if isinstance(kind, str) else None
            name = "tokenCount" if "tokenCount" in entry else "token_count"
            tokens = report.count(entry, name, where)
            # text, and what this library has never heard of, is the unexplained rest
            if modality is not None and tokens is not None:
                report.add(f"{modality}_out" if side == "out" else f"{side}{modality}", tokens, f"{where}.{name}")
        if found:
            break
    return found


def _snake(stem: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in stem)


FORMATS: Final[dict[str, tuple[Callable[[Reported], None], frozenset[str]]]] = {
    "openai_chat": (_openai_chat, _CHAT_KEYS),
    "openai_responses": (_openai_responses, _INPUT_KEYS | _RESPONSES_KEYS),
    "anthropic": (_anthropic, _INPUT_KEYS | _ANTHROPIC_KEYS),
    "gemini": (_gemini, _GEMINI_KEYS | {"prompt_tokens_details"}),
    "bedrock_converse": (_bedrock_converse, _BEDROCK_KEYS),
    "xai_chat": (_xai_chat, _CHAT_KEYS),
    PLATFORM: (_platform, _CHAT_KEYS | _INPUT_KEYS),
    "infron": (_platform, _CHAT_KEYS | _INPUT_KEYS),
}
"""Each format's reader, and the keys of which a body of that format has at least one."""


def read_report(report: Reported, name: str) -> None:
    """Fill ``report`` from its body, read as format ``name``; a body that is not empty and has none of the format's keys is a fault."""
    reader, keys = FORMATS[name]
    body = report.body
    # reading another dialect's body would find only zeros, and bill nothing
    if body and keys.isdisjoint(body):
        report.faults.append(Fault(report.path, dict(body), f"a usage of format {name}: it has none of {', '.join(sorted(keys))}"))
        return
    reader(report)
    check_limits(report.counts, report.path, report.faults)
