"""The table of dialects: what each is called, which reader reads it, and by which keys it is recognised.

| format | prompt total | completion total |
|---|---|---|
| ``openai_chat`` (``mistral`` and this platform's own shape too) | ``prompt_tokens``, includes cache reads and writes | ``completion_tokens``, includes reasoning |
| ``openai_responses`` (``codex``, ``dashscope`` too) | ``input_tokens``, includes cache reads and writes | ``output_tokens``, includes reasoning |
| ``anthropic`` | ``input_tokens`` + cache reads + cache writes | ``output_tokens``, includes thinking |
| ``gemini`` | ``promptTokenCount`` (includes cached content) + ``toolUsePromptTokenCount`` | ``candidatesTokenCount`` + ``thoughtsTokenCount`` |
| ``bedrock_converse`` | ``inputTokens`` + cache reads + cache writes | ``outputTokens`` |
| ``xai_chat`` | as ``openai_chat`` | ``completion_tokens`` + ``reasoning_tokens``; never guessed, only told |
| ``perplexity`` | ``prompt_tokens`` + ``citation_tokens`` | ``completion_tokens`` + top-level ``reasoning_tokens`` |
| ``cohere`` | ``billed_units.input_tokens``, else ``tokens.input_tokens`` | ``output_tokens`` there |
| ``langchain``, ``pydantic_ai`` | ``input_tokens``, includes cache reads and writes | ``output_tokens``, includes reasoning |
| ``vercel_ai`` | ``inputTokens``, includes cache reads and writes | ``outputTokens``, includes reasoning |
| ``openrouter_activity`` | ``native_tokens_prompt``, else ``tokens_prompt`` | ``native_tokens_completion``, else ``tokens_completion`` |
| ``camel_chat`` | ``promptTokens``, as ``openai_chat`` | ``completionTokens``, as ``openai_chat`` |
| ``units`` | none: seconds, characters, pages | none |
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from routecore.errors import Fault
from routecore.usage.formats import codex, cohere, dashscope, gemini, langchain, mistral, openrouter, perplexity, pydantic_ai, vercel_ai
from routecore.usage.formats.anthropic import anthropic
from routecore.usage.formats.bedrock import converse
from routecore.usage.formats.camel_chat import KEYS as CAMEL_CHAT_KEYS
from routecore.usage.formats.camel_chat import camel_chat
from routecore.usage.formats.openai import chat, responses
from routecore.usage.formats.platform import platform
from routecore.usage.formats.shared import UNIT_KEYS, given, total, units
from routecore.usage.formats.xai import xai_chat
from routecore.usage.report import check_limits
from routecore.usage.unread import unread_counts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from routecore.usage.report import Reported

__all__ = ["FORMATS", "PLATFORM", "Format", "read_report", "recognise"]

PLATFORM: Final = "platform"
"""The platform's own shape."""

_CHAT_TOTALS: Final = frozenset({"prompt_tokens", "completion_tokens"})
_CHAT_DETAILS: Final = frozenset({"completion_tokens_details", "prompt_token_details", "completion_token_details"})
_CHAT_KEYS: Final = _CHAT_TOTALS | _CHAT_DETAILS | {"prompt_tokens_details"}
_INPUT_KEYS: Final = frozenset({"input_tokens", "output_tokens"})
_ANTHROPIC_KEYS: Final = frozenset({"cache_read_input_tokens", "cache_creation_input_tokens", "cache_creation"})
_INPUT_DETAILS: Final = frozenset({"input_tokens_details", "input_token_details"})
_OUTPUT_DETAILS: Final = frozenset({"output_tokens_details", "output_token_details"})
_RESPONSES_KEYS: Final = _INPUT_DETAILS | _OUTPUT_DETAILS
_CAMEL_KEYS: Final = frozenset({"inputTokens", "outputTokens"})
_BEDROCK_CACHE: Final = frozenset({"cacheReadInputTokens", "cacheReadInputTokenCount", "cacheWriteInputTokens", "cacheWriteInputTokenCount"})


class Format(NamedTuple):
    """A dialect: its reader, and the keys of which a body of it that is not empty has at least one. A reader that reads nothing else would bill nothing."""

    read: Callable[[Reported], None]
    keys: frozenset[str]


def _nothing(report: Reported) -> None:
    """Read no tokens: units are read in every dialect."""


FORMATS: Final[dict[str, Format]] = {
    "openai_chat": Format(chat, _CHAT_KEYS),
    "openai_responses": Format(responses, _INPUT_KEYS | _RESPONSES_KEYS),
    "anthropic": Format(anthropic, _INPUT_KEYS | _ANTHROPIC_KEYS | {"iterations"}),
    "gemini": Format(gemini.gemini, gemini.KEYS | {"prompt_tokens_details"}),
    "bedrock_converse": Format(converse, _CAMEL_KEYS | _BEDROCK_CACHE),
    "xai_chat": Format(xai_chat, _CHAT_KEYS),
    PLATFORM: Format(platform, _CHAT_KEYS | _INPUT_KEYS),
    "infron": Format(platform, _CHAT_KEYS | _INPUT_KEYS),
    "cohere": Format(cohere.cohere, cohere.KEYS),
    "mistral": Format(mistral.mistral, _CHAT_KEYS),
    "perplexity": Format(perplexity.perplexity, _CHAT_KEYS),
    "codex": Format(codex.codex, _INPUT_KEYS | codex.MARKS),
    "langchain": Format(langchain.langchain, _INPUT_KEYS | {"input_token_details", "output_token_details"}),
    "pydantic_ai": Format(pydantic_ai.pydantic_ai, _INPUT_KEYS | pydantic_ai.MARKS),
    "vercel_ai": Format(vercel_ai.vercel_ai, _CAMEL_KEYS | vercel_ai.MARKS),
    "dashscope": Format(dashscope.dashscope, _INPUT_KEYS | dashscope.MARKS),
    "openrouter_activity": Format(openrouter.openrouter_activity, openrouter.KEYS),
    "camel_chat": Format(camel_chat, CAMEL_CHAT_KEYS),
    "units": Format(_nothing, UNIT_KEYS),
}  # fmt: skip
"""Every dialect by its name."""

_REASONING_INSIDE: Final = frozenset({"openai_chat", "openai_responses", PLATFORM, "infron", "mistral", "codex", "dashscope"})
"""Dialects whose completion is said to include reasoning; compatible servers write it beside, and their total gives it away."""


def recognise(body: Mapping[Any, Any]) -> str | None:
    """Return the format whose keys ``body`` has, ``None`` if it has no format's, or two readings that would differ.

    >>> recognise({"prompt_tokens": 12, "input_tokens": 0}), recognise({"inputTokens": 3}), recognise({"total_tokens": 9})
    ('platform', 'bedrock_converse', None)
    """
    keys = {key for key in body if isinstance(key, str)}
    present = {key for key in keys if given(body[key])}
    if keys & openrouter.KEYS:
        return "openrouter_activity"
    # chat totals win over an input_tokens: 0 beside them; a gateway that fills only the other pair is read by that pair
    if keys & _CHAT_TOTALS:
        return _chat_like(keys, present)
    if keys & CAMEL_CHAT_KEYS:
        return "camel_chat"
    if keys & gemini.KEYS:
        return "gemini"
    if keys & (_CAMEL_KEYS | _BEDROCK_CACHE | vercel_ai.MARKS):
        return _camel(body, keys, present)
    if keys & (_INPUT_KEYS | codex.MARKS | (pydantic_ai.MARKS - {"cache_write_tokens"})):
        return _input_like(body, present)
    if present & cohere.KEYS:
        return "cohere"
    if keys & (_ANTHROPIC_KEYS | {"iterations"}):
        return "anthropic"
    if keys & _CHAT_DETAILS or isinstance(body.get("prompt_tokens_details"), dict):
        return "openai_chat"
    if keys & _RESPONSES_KEYS:
        return "openai_responses"
    return "units" if present & UNIT_KEYS else None


def _chat_like(keys: set[str], present: set[str]) -> str:
    if present & perplexity.MARKS or {"num_search_queries", "reasoning_tokens"} <= present:
        return "perplexity"
    if keys & _INPUT_KEYS:
        return PLATFORM
    return "mistral" if present & mistral.MARKS else "openai_chat"


def _camel(body: Mapping[Any, Any], keys: set[str], present: set[str]) -> str | None:
    """Tell the SDK from Bedrock: their totals have the same names, and the SDK's include the cache."""
    if not keys & vercel_ai.MARKS:
        return "bedrock_converse"
    if present & _BEDROCK_CACHE or (body.get("cachedInputTokens") and "inputTokenDetails" not in present):
        # before it wrote details, the SDK passed on what each provider meant by its input
        return None
    return "vercel_ai"


def _input_like(body: Mapping[Any, Any], present: set[str]) -> str | None:
    exclusive = {key for key in present & _ANTHROPIC_KEYS if body[key]}
    inclusive = present & (_INPUT_DETAILS | codex.MARKS | pydantic_ai.MARKS | {"prompt_tokens_details"})
    if exclusive and inclusive:
        # read one way the cached tokens are inside input_tokens, read the other way they are not
        return None
    if exclusive:
        return "anthropic"
    if present & codex.MARKS:
        return "codex"
    if present & pydantic_ai.MARKS:
        return "pydantic_ai"
    details = [body.get(key) for key in ("input_token_details", "output_token_details")]
    if any(isinstance(one, dict) and langchain.MARKS & one.keys() for one in details):
        return "langchain"
    if present & dashscope.MARKS:
        return "dashscope"
    # without any cache count the two dialects mean the same
    return "openai_responses" if present & _RESPONSES_KEYS else "anthropic"


def read_report(report: Reported, name: str) -> None:
    """Fill ``report`` from its body, read as format ``name``; a body that is not empty and has none of the format's keys is a fault."""
    reader, keys = FORMATS[name]
    body = report.body
    # reading another dialect's body would find only zeros, and bill nothing
    if body and keys.isdisjoint(body) and UNIT_KEYS.isdisjoint(body):
        report.faults.append(Fault(report.path, dict(body), f"a usage of format {name}: it has none of {', '.join(sorted(keys))}"))
        return
    total(report)
    # a cache that was made on purpose is told of at the top or beside the count of what was read
    report.explicit = any(holder.get("cache_type") == "ephemeral" for holder in (body, *body.values()) if isinstance(holder, dict))
    reader(report)
    units(report)
    _weigh(report, name)
    check_limits(report.counts, report.path, report.faults)
    report.anomalies.extend(unread_counts(report))


def _weigh(report: Reported, name: str) -> None:
    """Hold the grand total against its parts: it may give reasoning away that stands beside the completion, or tokens that no part tells."""
    excess = report.get("total") - report.get("prompt") - report.get("completion")
    reasoning = report.get("reasoning")
    # with a larger completion the same sum proves nothing: the platform's own sample is such a body, and its completion includes the reasoning
    if excess == reasoning > report.get("completion") and name in _REASONING_INSIDE:
        report.add("completion", reasoning, report.paths["reasoning"])
    elif excess > 1:
        report.note("total_exceeds_parts", report.paths["total"], report.get("total"), report.get("total") - excess)
