"""What random scenarios are made of: few names, so that they meet; round figures, so that they tie; limits met exactly; extremes.

Not data of anybody: names and prices are made up, spellings are those that callers use.
"""

from __future__ import annotations

__all__ = [
    "ADJUSTED_PRICE",
    "APIS",
    "BODY_PARAMETERS",
    "CAPS",
    "COUNTS",
    "EXPONENTS",
    "EXTREME_EXPONENTS",
    "EXTREME_FIGURES",
    "EXTREME_TOKENS",
    "FEES",
    "INSTANTS",
    "LEVELS",
    "LIMITS",
    "MODELS",
    "MORE_LEVELS",
    "NOISY_PRICES",
    "OFF_PARAMETERS",
    "PARAMETERS",
    "PARTS",
    "PERCENTILES",
    "POLICIES",
    "PROVIDERS",
    "RATES",
    "SECONDS",
    "SERVICE_TIERS",
    "SHARES",
    "SPEEDS",
    "SPELLINGS",
    "TIMES_OF_DAY",
    "TOKENS",
    "TOKEN_PRICES",
    "VARIANTS",
]

MODELS = ("alpha/one", "beta/two", "alpha/one:free", "gamma/three", "beta/two:nitro")
PROVIDERS = ("azure", "deepinfra", "novita", "google-vertex", "bedrock")
VARIANTS = ("", "", "/fp8", "/fp4", "/us-east5", "/turbo")
SPELLINGS = ("deepinfra", "DeepInfra/FP8", "Azure", "GOOGLE-VERTEX", "novita/fp8", "nowhere", "azure/us-east5", "deepinfra/fp4")
LEVELS = ("int4", "int8", "fp4", "fp6", "fp8", "fp16", "bf16", "fp32", "unknown", "none")
PARAMETERS = (
    "temperature", "top_p", "top_k", "top_a", "min_p", "seed", "stop", "frequency_penalty", "presence_penalty", "repetition_penalty", "logit_bias",
    "logprobs", "top_logprobs", "response_format", "structured_outputs", "reasoning", "verbosity", "web_search_options",
)  # fmt: skip
TOKEN_PRICES = (
    "0",
    "0.000001",
    "0.0000005",
    "0.000002",
    "1e-6",
    2.7e-07,
    0,
    "0.000000123456789",
    "0.00001",
    "0.000000000000001",
    ".000003",
)
FEES = ("0.01", "0", 0.002, "0.25")
LIMITS = (4000, 8192, 32_768, 200_000, 200_000, 1_000_000)
TOKENS = (0, 1, 999, 1000, 1000, 1001, 3000, 3001, 4000, 200_001)
SECONDS = (0.0, 0.3, 0.8, 0.8, 1.5, 2, 4.25)
SPEEDS = (0, 12.5, 30, 30.0, 48, 60, 61.5)
COUNTS = (0, 1, 5, 9, 10, 11, 100, 1240)
RATES = (0, 0.5, 0.9, 0.98, 0.999, 1.0, 1)
EXPONENTS = (0, 0.0, 0.5, 1, 2.0, 3.25, 7)
EXTREME_EXPONENTS = (0, 1e-9, 12.5, 99.999, 100)
EXTREME_FIGURES = (5e-324, 1e-300, 1e-9, 1e300, 123_456.789)
EXTREME_TOKENS = (2**62, 2**63 - 1)
PERCENTILES = ("p50", "p75", "p90", "p99")
PARTS = (
    {"type": "text", "text": "hello"},
    {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
    {"type": "input_image", "image_url": "https://example.org/a.png"},
    {"type": "image", "source": {"type": "base64"}},
    {"type": "input_audio", "input_audio": {}},
    {"type": "audio_url"},
    {"type": "video_url"},
    {"type": "input_video"},
    {"type": "file", "file": {}},
    {"type": "input_file"},
    {"type": "tool_result", "content": [{"type": "text", "text": "found"}, {"type": "image"}]},
    {"type": "tool_result", "content": "plain"},
)
BODY_PARAMETERS: tuple[tuple[str, object], ...] = (
    ("temperature", 0.5), ("top_k", 40), ("top_a", 0), ("min_p", 0.1), ("frequency_penalty", 0.0), ("presence_penalty", 1), ("repetition_penalty", 1.1),
    ("logit_bias", {}), ("top_logprobs", 2), ("verbosity", "low"), ("web_search_options", {}), ("supported_parameters", ["no parameter"]), ("top_p", None), ("seed", 7), ("stop", ["x"]), ("stop_sequences", ["x"]), ("thinking", {"type": "enabled"}),
    ("reasoning", {"effort": "low"}), ("reasoning_effort", "low"), ("include_reasoning", False), ("logprobs", True),
    ("response_format", {"type": "json_schema", "json_schema": {}}), ("response_format", {"type": "json_object"}),
    ("text", {"format": {"type": "json_schema"}}), ("text", {"format": {"type": "text"}}), ("text", {"verbosity": "low"}),
    ("structured_outputs", True), ("n", 2), ("user", "somebody"), ("stream", True), ("parallel_tool_calls", False),
    ("system", [{"type": "text", "text": "be brief"}]), ("instructions", "be brief"),
)  # fmt: skip


POLICIES: tuple[dict[str, bool] | None, ...] = (
    {"trains": False, "retains": False}, {"trains": False, "retains": False}, {"retains": False}, {"trains": False},
    {"trains": True, "retains": False}, {"retains": True}, {}, None,
)  # fmt: skip

# What policies add ------------------------------------------------------------------------------------------------------

MORE_LEVELS = ("mxfp4", "mxfp8", "nvfp4")
APIS = ("chat", "messages", "responses", "completions", "embeddings", "images", "rerank")
SERVICE_TIERS = ("priority", "priority", "fast", "flex", "flex", "auto", "default", "standard", "scale", None)
NOISY_PRICES = (0.132 / 1e6, "0.00000008333333333333334", 2.5000000000000002e-07, "0.0000001000000005", "0.0000010000000000000005")
OFF_PARAMETERS: tuple[tuple[str, object], ...] = (
    ("stop", []), ("logprobs", False), ("logit_bias", {}), ("reasoning", {}), ("reasoning", {"enabled": False}), ("reasoning", {"effort": "none"}),
    ("reasoning", {"max_tokens": 0}), ("reasoning", {"enabled": True}), ("reasoning_effort", "none"), ("thinking", {"type": "disabled"}),
    ("response_format", {"type": "text"}), ("text", {"format": {"type": "text"}}), ("tools", []), ("tool_choice", "none"), ("include_reasoning", False),
)  # fmt: skip
SHARES = (0, 0.01, 0.041, 0.049, 0.05, 0.29, 0.3, 0.5, 1)
CAPS = (0, 0.05, 0.25, 0.5, 1.0)
INSTANTS = (0, 1_764_072_000, 1_764_073_799.5, 1_764_073_800, 1_795_608_000, 1_795_564_800)
"""Epoch seconds: the epoch itself, noon and minutes of a November day in 2025, noon and midnight of one in 2026."""
TIMES_OF_DAY = (0, 30, "0030", 1200, "1230", 2359, "2330")
ADJUSTED_PRICE: dict[str, tuple[float, ...]] = {
    "time_value": (0, 0.36, 3.6, 100), "first_token_value": (0, 0.36, 1), "error_penalty": (0, 8, 20), "tool_error_penalty": (0, 1, 5),
    "rate_limit_penalty": (0, 3), "edge": (0, 0.3, 1), "width": (0.01, 0.07, 1), "fade": (0, 1, 5), "floor": (0, 0.018, 0.5, 1),
}  # fmt: skip
