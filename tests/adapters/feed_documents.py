"""One small document of each feed."""

from __future__ import annotations

from typing import Any

from tests.adapters.openrouter.openrouter_feeds import answer

PRICE_MAP: dict[str, Any] = {
    "sample_spec": {"litellm_provider": "one of the providers", "mode": "one of: chat, embedding"},
    "gpt-5": {
        "litellm_provider": "openai",
        "mode": "chat",
        "max_input_tokens": 272_000,
        "max_output_tokens": 128_000,
        "input_cost_per_token": 1.25e-06,
        "output_cost_per_token": 1e-05,
        "cache_read_input_token_cost": 1.25e-07,
        "input_cost_per_token_flex": 6.25e-07,
        "output_cost_per_token_flex": 5e-06,
        "input_cost_per_token_batches": 6.25e-07,
        "supports_function_calling": True,
        "supports_vision": True,
        "rpm": 500,
        "tpm": 30_000,
    },
    "azure/eu/gpt-5": {"litellm_provider": "azure", "mode": "chat", "input_cost_per_token": 1.375e-06, "output_cost_per_token": 1.1e-05},
    "azure/gpt-latest": {"alias_of": "azure/eu/gpt-5"},
    "text-embedding-3-small": {"litellm_provider": "openai", "mode": "embedding", "input_cost_per_token": 2e-08, "output_cost_per_token": 0.0},
    "whisper-1": {"litellm_provider": "openai", "mode": "audio_transcription", "input_cost_per_second": 0.0001},
}

GENAI_PRICES: list[dict[str, Any]] = [
    {
        "id": "deepseek",
        "name": "DeepSeek",
        "api_pattern": "https://api\\.deepseek\\.com",
        "models": [
            {
                "id": "deepseek-chat",
                "match": {"or": [{"equals": "deepseek-chat"}, {"starts_with": "deepseek-v3"}, {"equals": "deepseek-v3"}]},
                "context_window": 64_000,
                "prices": [
                    {"prices": {"input_mtok": 0.27, "cache_read_mtok": 0.07, "output_mtok": 1.1}},
                    {
                        "constraint": {"start_time": "16:30:00Z", "end_time": "00:30:00Z"},
                        "prices": {"input_mtok": 0.135, "cache_read_mtok": 0.035, "output_mtok": 0.55},
                    },
                ],
                "price_variants": [{"when": {"service_tier": "priority"}, "prices": {"input_mtok": 0.54, "output_mtok": 2.2}}],
            }
        ],
    }
]

MODELS_DEV: dict[str, Any] = {
    "openai": {
        "id": "openai",
        "npm": "@ai-sdk/openai",
        "env": ["OPENAI_API_KEY"],
        "models": {
            "gpt-5.4": {
                "id": "gpt-5.4",
                "name": "GPT-5.4",
                "tool_call": True,
                "reasoning": True,
                "temperature": False,
                "structured_output": True,
                "modalities": {"input": ["text", "image", "pdf"], "output": ["text"]},
                "limit": {"context": 1_050_000, "input": 922_000, "output": 128_000},
                "cost": {
                    "input": 2.5,
                    "output": 15,
                    "cache_read": 0.25,
                    "tiers": [{"input": 5, "output": 22.5, "cache_read": 0.5, "tier": {"type": "context", "size": 272_000}}],
                    "context_over_200k": {"input": 5, "output": 22.5, "cache_read": 0.5},
                },
                "experimental": {
                    "modes": {"fast": {"cost": {"input": 5, "output": 30, "cache_read": 0.5}, "provider": {"body": {"service_tier": "priority"}}}}
                },
            }
        },
    },
    "google-vertex-anthropic": {
        "id": "google-vertex-anthropic",
        "models": {"claude-opus-4@20250514": {"id": "claude-opus-4@20250514", "modalities": {"input": ["text"]}, "cost": {"input": 15, "output": 75}}},
    },
}

DOCUMENTS: dict[str, Any] = {"openrouter": answer(), "litellm": PRICE_MAP, "genai-prices": GENAI_PRICES, "models.dev": MODELS_DEV}
