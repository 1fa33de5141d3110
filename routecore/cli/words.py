"""What the wire's names mean, in words for someone who meets them for the first time."""

from __future__ import annotations

from typing import Final

__all__ = ["RULE_MEANINGS", "SKIPPED", "STRATEGIES"]

RULE_MEANINGS: Final = {
    "disabled": "the catalog has switched the endpoint off",
    "account.only": "the account uses only certain providers",
    "account.ignore": "the account does not use certain providers",
    "account.data_collection": "the account refuses providers that train on prompts or store them",
    "account.training": "the account refuses providers that train on prompts",
    "account.zdr": "the account asks for zero data retention",
    "only": "the request names the only providers that may serve it",
    "ignore": "the request names providers that may not serve it",
    "data_collection": "the request refuses providers that train on prompts or store them",
    "zdr": "the request asks for zero data retention",
    "enforce_distillable_text": "the request asks for models whose author allows distillation",
    "quantizations": "the request accepts only certain precisions of the weights",
    "context_length": "the prompt and max_tokens must fit",
    "max_tokens": "the longest answer must reach max_tokens",
    "tools": "the request uses tools",
    "modality": "the request holds images, audio, video or files",
    "require_parameters": "every parameter of the request must be supported",
    "max_price": "the request sets a highest price",
    "byok_only": "the account uses this provider with its own key only",
    "fallbacks_disabled": "only endpoints named in order may be tried",
}
"""Every hard filter: what it is about."""

STRATEGIES: Final = {
    "balance": "a weighted draw: the cheaper, faster and more reliable an endpoint is, the likelier it comes first",
    "sort:price": "sorted by the expected price of this request, lowest first",
    "sort:throughput": "sorted by output tokens per second (p50), highest first",
    "sort:latency": "sorted by the time to the first token (p50), lowest first",
}

SKIPPED: Final = {
    "explicit_preferences": "the request chooses providers itself",
    "ineligible": "the pinned endpoint may not serve this request",
    "no_cache": "the pinned endpoint does not cache prompts",
    "cooling": "the pinned endpoint is cooling down after failures",
    "uneconomic": "another endpoint is cheaper even with a cold cache",
}
"""Why a session's pin was not followed."""
