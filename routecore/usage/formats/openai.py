"""OpenAI and those who speak its two dialects: chat (and SGLang, vLLM, LiteLLM, DeepSeek, Groq), responses, and the realtime spelling of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routecore.usage.formats.shared import calls, completion_details, given, prompt_details

if TYPE_CHECKING:
    from routecore.usage.report import Reported

__all__ = ["chat", "responses"]


def chat(report: Reported) -> None:
    """Read ``prompt_tokens`` and ``completion_tokens``, which include their details."""
    body, path = report.body, report.path
    report.take("prompt", (body, "prompt_tokens", path))
    report.take("completion", (body, "completion_tokens", path))
    # some servers write the singular
    key = next((key for key in ("prompt_tokens_details", "prompt_token_details") if given(body.get(key))), "prompt_tokens_details")
    prompt_details(report, report.object(body, key, path), f"{path}.{key}")
    key = next((key for key in ("completion_tokens_details", "completion_token_details") if given(body.get(key))), "completion_tokens_details")
    completion_details(report, report.object(body, key, path), f"{path}.{key}")
    report.take("reasoning", (body, "reasoning_tokens", path))
    calls(report)


def responses(report: Reported) -> None:
    """Read ``input_tokens`` and ``output_tokens``, which include their details."""
    body, path = report.body, report.path
    report.take("prompt", (body, "input_tokens", path))
    report.take("completion", (body, "output_tokens", path))
    for side, reader in (("input", prompt_details), ("output", completion_details)):
        # the realtime dialect writes the singular
        key = f"{side}_tokens_details" if given(body.get(f"{side}_tokens_details")) else f"{side}_token_details"
        reader(report, report.object(body, key, path), f"{path}.{key}")
    report.take("reasoning", (body, "reasoning_output_tokens", path), (body, "reasoning_tokens", path))
    # xAI's size of the last context, inside the totals
    context = body.get("context_details")
    if isinstance(context, dict):
        report.know(context, *(key for key in context if isinstance(key, str)))
    calls(report)
