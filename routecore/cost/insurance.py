"""How a response ended, in one spelling, and whether zero completion insurance covers it."""

from __future__ import annotations

from typing import Final

from routecore.errors import Fault, InvalidRequest

__all__ = ["CHARGED_REASONS", "is_insured", "normal_finish_reason"]

_SPELLINGS: Final = {
    # this platform's and OpenAI's own
    "stop": "stop", "length": "length", "content_filter": "content_filter", "tool_calls": "tool_calls", "error": "error", "": None,
    # OpenAI: older chat models, and the responses dialect's status
    "function_call": "tool_calls", "completed": "stop", "incomplete": "length", "failed": "error",
    # Anthropic and Bedrock
    "end_turn": "stop", "stop_sequence": "stop", "pause_turn": "stop", "max_tokens": "length", "model_context_window_exceeded": "length",
    "tool_use": "tool_calls", "refusal": "content_filter", "guardrail_intervened": "content_filter", "content_filtered": "content_filter",
    "malformed_model_output": "error", "malformed_tool_use": "error",
    # Gemini; its enum's zero is the blank
    "finish_reason_unspecified": None, "safety": "content_filter", "recitation": "content_filter", "blocklist": "content_filter",
    "prohibited_content": "content_filter", "spii": "content_filter", "image_safety": "content_filter", "malformed_function_call": "error",
    "unexpected_tool_call": "error", "too_many_tool_calls": "error", "malformed_response": "error", "missing_thought_signature": "error",
    # Cohere, Mistral
    "complete": "stop", "error_toxic": "content_filter", "error_limit": "error", "model_length": "length",
    # DeepSeek
    "insufficient_system_resource": "error",
}  # fmt: skip
"""Providers' spellings, lower case, as this platform's five finish reasons; ``None`` is a blank one."""

CHARGED_REASONS: Final = frozenset({"stop", "length", "content_filter", "tool_calls"})
"""Finish reasons with which a response is never insured, even if it is empty."""


def normal_finish_reason(reason: object) -> str | None:
    """Return a provider's finish reason as ``stop``, ``length``, ``content_filter``, ``tool_calls`` or ``error``; ``None`` is blank.

    One that no provider is known to send stays as it is (trimmed, lower case). Raises ``InvalidRequest`` if it is no text.

    >>> normal_finish_reason(" END_TURN "), normal_finish_reason("ERROR"), normal_finish_reason("  "), normal_finish_reason("eos")
    ('stop', 'error', None, 'eos')
    """
    if reason is None:
        return None
    if not isinstance(reason, str):
        raise InvalidRequest([Fault("finish_reason", reason, "text, or null")])
    text = reason.strip().lower()
    return _SPELLINGS.get(text, text)


def is_insured(reason: object, kind: str, *, has_output: bool) -> bool:
    """Tell whether zero completion insurance covers a response: no output of any kind and a blank finish reason, or the finish reason ``error``.

    It covers generation; calls that have no completion by nature (``kind`` other than ``generation``) are charged.
    Source: the platform's documentation, § Zero Completion Insurance, its list (``docs/decisions/103-insurance-follows-the-list.md``).

    >>> is_insured(None, "generation", has_output=False), is_insured("stop", "generation", has_output=False), is_insured("error", "generation", has_output=True)
    (True, False, True)
    """
    normal = normal_finish_reason(reason)
    if kind != "generation":
        return False
    return normal == "error" or (normal is None and not has_output)
